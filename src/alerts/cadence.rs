//! How often a KPI is judged.

use kpi::PeriodKind;

/// A kind of period that KPIs are judged by. Hours are too noisy and years too late to alert on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cadence {
    /// By days.
    Day,
    /// By weeks.
    Week,
    /// By calendar months.
    Month,
    /// By calendar quarters.
    Quarter,
}

impl Cadence {
    /// Every cadence, shortest first.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Quarter];

    /// The cadence of a kind of period; `None` for kinds that are not judged.
    pub const fn of(kind: PeriodKind) -> Option<Self> {
        match kind {
            PeriodKind::Day => Some(Self::Day),
            PeriodKind::Week => Some(Self::Week),
            PeriodKind::Month => Some(Self::Month),
            PeriodKind::Quarter => Some(Self::Quarter),
            PeriodKind::Hour | PeriodKind::Year | PeriodKind::FinancialYear | PeriodKind::YearTo => None,
        }
    }

    /// Its kind of period.
    pub const fn kind(self) -> PeriodKind {
        match self {
            Self::Day => PeriodKind::Day,
            Self::Week => PeriodKind::Week,
            Self::Month => PeriodKind::Month,
            Self::Quarter => PeriodKind::Quarter,
        }
    }

    /// The word for it in configuration.
    pub const fn as_str(self) -> &'static str {
        self.kind().as_str()
    }

    /// How often a year a KPI is looked at.
    pub const fn looks_per_year(self) -> u16 {
        match self {
            Self::Day => 365,
            Self::Week => 52,
            Self::Month => 12,
            Self::Quarter => 4,
        }
    }
}
