//! KPIs of services, departments and government for a named period, as the terminal and the API show
//! them.

mod csv;
mod parse;
mod request;
mod rows;

pub use csv::csv;
pub use parse::{RequestText, known_at};
pub use request::{By, Request, UnknownBy, Wanted};
pub use rows::{Row, Subject, report};
