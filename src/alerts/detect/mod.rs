//! From the history of one KPI to what is wrong with it.
//!
//! Pure: the same history, calendar and settings give the same judgement, in whatever order the figures
//! came. A history is gone through from its first period on, so what is learnt never looks ahead.

mod counts;
mod episode;
mod erosion;
mod fall;
mod frame;
mod judging;
mod learnt;
mod limits;
mod outlook;
mod scale;
mod scan;
mod statistics;
mod tuning;
mod validity;
mod volumes;

use kpi::Kpi;

pub use episode::{Cause, Ending, Episode, Judgement, Outlook};
pub use judging::Judging;

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
    Judging::new(kpi, cadence, holidays, settings).judge(history, 0)
}
