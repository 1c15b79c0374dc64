//! The one table of source kinds.

use std::sync::Arc;

use crate::{Collector, Reason, SettingProblems};

/// A kind of source: what configuration names as `kind = "…"`.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The name in configuration.
    pub name: &'static str,
    /// What it collects from, in one line.
    pub summary: &'static str,
    /// The reasons a collection fails for. Each has a recorded case; why the others do not occur stands in the
    /// README of the kind.
    pub reasons: &'static [Reason],
    /// Days after its end from which a period that looks lower has lost records at the source, rather
    /// than being corrected. `None` where sources of the kind delete none, or are documents.
    pub purge_guard_days: Option<u32>,
    /// Checks settings and builds a collector, offline: no file of figures is opened and no socket.
    pub build: fn(&toml::Table) -> Result<Arc<dyn Collector>, SettingProblems>,
}

/// Every kind built into this program.
pub fn kinds() -> &'static [Kind] {
    &[
        #[cfg(feature = "feedback_explorer")]
        crate::feedback_explorer::KIND,
        #[cfg(feature = "ga4")]
        crate::ga4::KIND,
        #[cfg(feature = "govuk_forms")]
        crate::govuk_forms::KIND,
        #[cfg(feature = "govuk_pay")]
        crate::govuk_pay::KIND,
        #[cfg(feature = "http_json")]
        crate::http_json::KIND,
        #[cfg(feature = "matomo")]
        crate::matomo::KIND,
        #[cfg(feature = "plausible")]
        crate::plausible::KIND,
        #[cfg(feature = "prometheus")]
        crate::prometheus::KIND,
        #[cfg(feature = "spreadsheet")]
        crate::spreadsheet::KIND,
        #[cfg(feature = "sql")]
        crate::sql::KIND,
    ]
}

/// The kind of that name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    kinds().iter().find(|kind| kind.name == name)
}
