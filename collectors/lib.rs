//! Where figures come from: the [`Collector`] trait and one folder per kind of source.
//!
//! A collector asks one source for the raw measures of a window and maps the answer to figures. It
//! keeps nothing between calls and decides nothing about time: the runner owns schedules, deadlines,
//! retries, revisions and cursors. It cannot see the store, the web server or another collector.

mod absence;
pub mod chance;
pub mod clock;
pub mod collector;
pub mod error;
#[cfg(feature = "feedback_explorer")]
pub mod feedback_explorer;
#[cfg(feature = "ga4")]
pub mod ga4;
#[cfg(feature = "govuk_forms")]
pub mod govuk_forms;
#[cfg(feature = "govuk_pay")]
pub mod govuk_pay;
mod hex;
pub mod http;
#[cfg(feature = "http_json")]
pub mod http_json;
pub mod kinds;
#[cfg(feature = "matomo")]
pub mod matomo;
#[cfg(feature = "plausible")]
pub mod plausible;
#[cfg(feature = "prometheus")]
pub mod prometheus;
pub mod quota;
pub mod secret;
pub mod settings;
#[cfg(feature = "spreadsheet")]
pub mod spreadsheet;
#[cfg(feature = "sql")]
pub mod sql;
mod windows;
mod words;

pub use chance::{MachineRandomness, Randomness};
pub use clock::{Clock, SystemClock};
pub use collector::{
    Answer, Bookmark, Capabilities, Collector, Context, PeriodSpan, ProbeReport, Reading, Window,
};
pub use error::{CollectError, Reason};
pub use http::Http;
pub use kinds::{Kind, kind, kinds};
pub use quota::{NoQuotaMeter, Quota, QuotaMeter};
pub use secret::{Secret, SecretRef};
pub use settings::{SettingProblem, SettingProblems, parse};
