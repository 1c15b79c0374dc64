//! Allowances as a resource: what a source says is left, told to whoever plans and watches.

use jiff::Timestamp;

/// What is left of one allowance of a source, as the source itself said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// The allowance, in the source's words: `tokens_per_hour`. A fixed set: it becomes a metric label.
    pub name: String,
    /// What is left until it is renewed.
    pub remaining: u64,
    /// The whole allowance, where the source tells.
    pub limit: Option<u64>,
    /// When it is renewed, where that is known.
    pub resets_at: Option<Timestamp>,
}

/// Where collectors report what is left. One meter belongs to one collector: it knows whose quota it is.
pub trait QuotaMeter: Send + Sync {
    /// Notes the newest reading of an allowance; an earlier one of the same name is replaced.
    fn record(&self, quota: Quota);
}

/// Forgets every reading.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoQuotaMeter;

impl QuotaMeter for NoQuotaMeter {
    fn record(&self, _: Quota) {}
}
