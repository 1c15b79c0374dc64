//! Figures going out of and coming into the store as files: one record a figure, one form both ways.

mod record;

pub use record::{Record, RecordError, submissions, write_csv, write_json_lines};
pub use record::{read_csv, read_json_lines};
