//! What is looked for in the KPIs of a service, and how hard. Each default and its reason is in
//! `docs/alerting.md`.

use kpi::Kpi;

use super::cadence::Cadence;
use super::calendar::Nation;

/// What is looked for in one service.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertSettings {
    /// The KPIs that are watched; none where the service wants no alert.
    pub kpis: Vec<Kpi>,
    /// The cadences to judge at; empty for the service's own.
    pub cadences: Vec<Cadence>,
    /// The nations whose bank holidays its users and staff keep.
    pub nations: Vec<Nation>,
    /// A fall smaller than this is no alert however unusual it is: a share, of one for a KPI that is
    /// itself a share, else of the expected value.
    pub least_fall: f64,
    /// From this size on a fall may be critical.
    pub critical_fall: f64,
    /// A fall is over when the KPI is this near to the level it fell from.
    pub recovery: f64,
    /// Whether slow falls are looked for.
    pub erosion: bool,
    /// Whether figures that do not come are an alert.
    pub overdue: bool,
    /// What depends on the cadence: days, weeks, months, quarters.
    pub day: CadenceSettings,
    /// For weeks.
    pub week: CadenceSettings,
    /// For months.
    pub month: CadenceSettings,
    /// For quarters.
    pub quarter: CadenceSettings,
}

/// What depends on the cadence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CadenceSettings {
    /// About how many false alarms a year the service puts up with: the limits follow from it.
    pub false_alarms_a_year: f64,
    /// Periods with fewer transactions are neither judged nor learnt from.
    pub least_transactions: f64,
    /// Periods after which a fall that stays is the service's new level.
    pub new_level_after: usize,
    /// Figures are overdue this many hours after their period ended, unless they usually take longer.
    pub overdue_after_hours: u32,
}

impl AlertSettings {
    /// What applies to a cadence.
    pub const fn at(&self, cadence: Cadence) -> &CadenceSettings {
        match cadence {
            Cadence::Day => &self.day,
            Cadence::Week => &self.week,
            Cadence::Month => &self.month,
            Cadence::Quarter => &self.quarter,
        }
    }
}

impl CadenceSettings {
    /// The defaults of a cadence.
    pub const fn of(cadence: Cadence) -> Self {
        match cadence {
            Cadence::Day => Self {
                false_alarms_a_year: 0.25,
                least_transactions: 50.0,
                new_level_after: 28,
                overdue_after_hours: 24,
            },
            Cadence::Week => Self {
                false_alarms_a_year: 0.07,
                least_transactions: 100.0,
                new_level_after: 10,
                overdue_after_hours: 7 * 24,
            },
            Cadence::Month => Self {
                false_alarms_a_year: 0.04,
                least_transactions: 500.0,
                new_level_after: 6,
                overdue_after_hours: 30 * 24,
            },
            Cadence::Quarter => Self {
                false_alarms_a_year: 0.04,
                least_transactions: 1000.0,
                new_level_after: 4,
                overdue_after_hours: 91 * 24,
            },
        }
    }
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            kpis: vec![Kpi::DigitalTakeup],
            cadences: Vec::new(),
            nations: vec![Nation::EnglandAndWales],
            least_fall: 0.02,
            critical_fall: 0.08,
            recovery: 0.02,
            erosion: true,
            overdue: true,
            day: CadenceSettings::of(Cadence::Day),
            week: CadenceSettings::of(Cadence::Week),
            month: CadenceSettings::of(Cadence::Month),
            quarter: CadenceSettings::of(Cadence::Quarter),
        }
    }
}
