//! What would have been alerted, had everything been as it was known at the time.

mod course;
mod knowledge;
mod labels;
mod naive;
mod replay;
mod score;

pub use knowledge::{Arrival, arrivals};
pub use labels::{Label, LabelError, Verdict, read_labels};
pub use naive::{NaiveRule, naive};
pub use replay::{Replayed, Service, Told, replay};
pub use score::{Found, Line, Score, score};
