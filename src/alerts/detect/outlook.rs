//! What is to be expected of the periods to come.

use super::episode::Outlook;
use super::frame::Frame;
use super::learnt::Learnt;

/// Periods a forecast looks ahead.
const AHEAD: usize = 4;

/// The outlook after the newest period, for a volume as usual. Nothing is learnt while a fall lasts, so the level
/// is then the one from before it.
pub(super) fn outlook(
    frame: &Frame<'_>,
    learnt: &Learnt,
    volume: Option<f64>,
    falling: bool,
) -> Option<Outlook> {
    let newest = frame.history.last()?.period;
    let next = frame.history.len();
    let expected = learnt.expect(next)?;
    let sampling = frame.scale.sampling_variance(expected.value, volume);
    let sigma = (expected.noise + expected.level_variance + sampling).sqrt();
    let fall = (frame.limits.at_once * sigma).max(frame.settings.least_fall);
    Some(Outlook {
        next: newest.next(),
        expected_lower: frame.decimal(expected.value - fall)?,
        forecast: if falling {
            None
        } else {
            frame.decimal(expected.level + learnt.season(next + AHEAD - 1))
        },
    })
}
