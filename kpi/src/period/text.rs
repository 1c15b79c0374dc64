use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::Error as _;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Period, PeriodError, PeriodKind};

/// Why a text is not the start of a period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodTextError {
    /// Neither a date nor, for an hour, an instant.
    #[error(
        "{0:?} is not the start of a period; give a date such as 2026-04-01, or for an hour an instant such as 2026-04-01T09:00Z"
    )]
    Malformed(String),
    /// A date at which no such period starts.
    #[error(transparent)]
    Period(#[from] PeriodError),
}

impl Period {
    /// Reads what [`start_text`](Self::start_text) writes.
    pub fn from_start_text(kind: PeriodKind, text: &str) -> Result<Self, PeriodTextError> {
        let malformed = || PeriodTextError::Malformed(text.to_owned());
        if kind == PeriodKind::Hour {
            let instant: Timestamp = text.parse().map_err(|_| malformed())?;
            return Ok(Self::hour_containing(instant)?);
        }
        let date: Date = text.parse().map_err(|_| malformed())?;
        Ok(Self::starting(kind, date)?)
    }

    /// Its first day as `2026-04-01`; for an hour its first instant as `2026-04-01T09:00:00Z`.
    pub fn start_text(self) -> String {
        self.edge_text(self.index(), self.start_date())
    }

    /// The day after its last, or for an hour the instant it ends.
    pub fn end_text(self) -> String {
        self.edge_text(self.index() + 1, self.end_date())
    }

    fn edge_text(self, hour: i32, date: Date) -> String {
        if self.kind() == PeriodKind::Hour {
            format!("{date}T{:02}:00:00Z", hour.rem_euclid(24))
        } else {
            date.to_string()
        }
    }
}

/// As people name it: `week of 2026-03-30`, `April 2026`, `year to March 2026`.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.start_date();
        let last = self.end_date().yesterday().unwrap_or(start);
        let text = match self.kind() {
            PeriodKind::Hour => self.start_text(),
            PeriodKind::Day => start.to_string(),
            PeriodKind::Week => format!("week of {start}"),
            PeriodKind::Month => start.strftime("%B %Y").to_string(),
            PeriodKind::Quarter => format!("{} to {}", start.strftime("%B"), last.strftime("%B %Y")),
            PeriodKind::Year => start.strftime("%Y").to_string(),
            PeriodKind::FinancialYear => format!("{} to {}", start.year(), last.year()),
            PeriodKind::YearTo => format!("year to {}", last.strftime("%B %Y")),
        };
        f.pad(&text)
    }
}

/// `{"kind":"month","start":"2026-04-01","end":"2026-05-01"}`, the end exclusive.
impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Period", 3)?;
        fields.serialize_field("kind", &self.kind())?;
        fields.serialize_field("start", &self.start_text())?;
        fields.serialize_field("end", &self.end_text())?;
        fields.end()
    }
}

/// Reads what is serialized; the end follows from kind and start.
impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            kind: PeriodKind,
            start: String,
        }
        let Fields { kind, start } = Fields::deserialize(deserializer)?;
        Self::from_start_text(kind, &start).map_err(D::Error::custom)
    }
}
