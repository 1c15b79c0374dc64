//! What is looked for in KPIs, as it is written.

use serde::Deserialize;

use crate::config::scalar::{Length, Number};

/// `[alerts]` and `[service.alerts]`: what is looked for in KPIs. What is left out of a service's applies as in
/// `[alerts]`, and what is left out there by the defaults of `docs/alerting.md`.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct RawAlerts {
    /// The KPIs that are watched; empty for none.
    pub(in crate::config) kpis: Option<Vec<String>>,
    /// `day`, `week`, `month`, `quarter`; left out, the service's own.
    pub(in crate::config) period_kinds: Option<Vec<String>>,
    /// Whose bank holidays users and staff keep.
    pub(in crate::config) nations: Option<Vec<String>>,
    /// A smaller fall is no alert.
    pub(in crate::config) least_fall: Option<Number>,
    /// From this size on a fall may be critical.
    pub(in crate::config) critical_fall: Option<Number>,
    /// How near to its level a KPI is back.
    pub(in crate::config) recovery: Option<Number>,
    /// Whether slow falls are looked for.
    pub(in crate::config) erosion: Option<bool>,
    /// Whether figures that do not come are an alert.
    pub(in crate::config) overdue: Option<bool>,
    /// For days.
    pub(in crate::config) day: RawCadence,
    /// For weeks.
    pub(in crate::config) week: RawCadence,
    /// For months.
    pub(in crate::config) month: RawCadence,
    /// For quarters.
    pub(in crate::config) quarter: RawCadence,
}

/// What depends on the kind of period.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct RawCadence {
    /// About how many false alarms a year are put up with.
    pub(in crate::config) false_alarms_a_year: Option<Number>,
    /// Fewest transactions of a period that is judged.
    pub(in crate::config) least_transactions: Option<u32>,
    /// Periods after which a fall that stays is the new level.
    pub(in crate::config) new_level_after: Option<u32>,
    /// How long after its end a period's figures are overdue.
    pub(in crate::config) overdue_after: Option<Length>,
}
