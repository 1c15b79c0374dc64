//! From the history of one KPI to what is wrong with it.
//!
//! Pure: the same history, calendar and settings give the same judgement, in whatever order the figures
//! came. A history is gone through from its first period on, so what is learnt never looks ahead.

mod counts;
mod episode;
mod erosion;
mod fall;
mod learnt;
mod limits;
mod outlook;
mod scale;
mod scan;
mod statistics;
mod tuning;
mod validity;

use kpi::Kpi;

pub use episode::{Cause, Ending, Episode, Judgement, Outlook};

use super::cadence::Cadence;
use super::calendar::Holidays;
use super::observation::Observation;
use super::settings::AlertSettings;

/// Judges the history of one KPI at one cadence. `history` holds every period from the first to the
/// newest, without a gap: a period nothing is known of is there as [`Reading::Absent`].
///
/// [`Reading::Absent`]: super::observation::Reading::Absent
pub fn judge(
    kpi: Kpi,
    cadence: Cadence,
    history: &[Observation],
    holidays: &Holidays,
    settings: &AlertSettings,
) -> Judgement {
    debug_assert!(history.iter().zip(history.iter().skip(1)).all(|(a, b)| a.period.next() == b.period));
    let mut scan = scan::Scan::new(kpi, cadence, history, holidays, settings);
    for index in 0..history.len() {
        scan.step(index);
    }
    scan.finish()
}
