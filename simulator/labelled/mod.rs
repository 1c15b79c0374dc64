//! Services whose falls are known, to measure detection by.
//!
//! Each service has a history of its own (volume, level, growth, season, noise, bank holidays) and at most
//! one thing that happens to it, which its [`Label`] names. Everything follows from a seed; sums of
//! uniform numbers stand for normal ones, so no function of the machine's mathematics library is asked
//! and two machines make the same set.

mod chance;
mod figures;
mod files;
mod happening;
mod holidays;
mod service;

pub use figures::Told;
pub use files::write;
pub use happening::{Happening, Verdict};
pub use holidays::{bank_holidays, easter};
pub use service::{LabelledService, Plan};

use kpi::{PeriodKind, ServiceId};
use serde::{Deserialize, Serialize};

/// What happens to a service, as a line of a labels file says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Which service.
    pub service: ServiceId,
    /// The KPI it shows in; always digital take-up here.
    pub kpi: kpi::Kpi,
    /// The kind of period of its figures.
    pub period_kind: PeriodKind,
    /// What happens: a word for the table.
    pub event: String,
    /// How far digital take-up goes down, in points; 0 where it does not.
    pub points: u32,
    /// First day of the first period it shows in; none where nothing happens.
    pub from: Option<jiff::civil::Date>,
    /// First day after it; none where it stays.
    pub to: Option<jiff::civil::Date>,
    /// What detection should make of it.
    pub verdict: Verdict,
    /// The service's own noise, beyond sampling, in hundredths of a point.
    pub noise: u32,
}

/// The services of a seed at one kind of period: day, week, month or quarter.
pub fn services(seed: u64, kind: PeriodKind) -> Vec<LabelledService> {
    let plans = happening::plans(kind).into_iter().enumerate();
    plans.filter_map(|(number, plan)| LabelledService::new(seed, kind, number, plan)).collect()
}
