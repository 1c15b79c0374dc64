//! The one table of receiver kinds.

use std::sync::Arc;

use collectors::SettingProblems;

use super::{Receiver, alertmanager, email, govuk_notify, slack, teams, webhook};

/// A kind of receiver: what configuration names as `kind = "…"`.
#[derive(Debug, Clone, Copy)]
pub struct ReceiverKind {
    /// The name in configuration.
    pub name: &'static str,
    /// What it tells, in one line.
    pub summary: &'static str,
    /// What a second telling of the same news comes to there, where nobody can know whether the first arrived.
    pub told_twice: &'static str,
    /// Checks settings and builds a receiver, offline.
    pub build: fn(&toml::Table) -> Result<Arc<dyn Receiver>, SettingProblems>,
}

/// Every kind there is.
pub const fn receiver_kinds() -> &'static [ReceiverKind] {
    &[alertmanager::KIND, email::KIND, govuk_notify::KIND, slack::KIND, teams::KIND, webhook::KIND]
}
