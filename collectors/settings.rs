//! A collector's own settings: read from configuration with every problem found in one go.

/// One thing wrong with a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingProblem {
    /// Where, as a dotted path within the collector's own table: `columns.period`.
    pub path: String,
    /// What is wrong, the value given and what is allowed; lower case, no full stop.
    pub message: String,
}

/// Every problem of one collector's settings.
pub type SettingProblems = Vec<SettingProblem>;
