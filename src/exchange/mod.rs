//! Figures going out of and coming into the store as files: one record a figure, one form both ways.

mod pushed;
mod record;

pub use pushed::{PushForm, read_pushed};
pub use record::{Record, RecordError, submissions, write_csv, write_json_lines};
pub use record::{read_csv, read_json_lines};
