//! Bank holidays of the nations of the United Kingdom.

mod nation;
mod read;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kpi::Period;

pub use nation::{Nation, UnknownNation};
pub use read::CalendarError;

/// The files compiled in, so that a program alone knows its calendar.
const COMPILED_IN: [(Nation, &str); 3] = [
    (Nation::EnglandAndWales, include_str!("../../../config/calendars/england-and-wales.csv")),
    (Nation::Scotland, include_str!("../../../config/calendars/scotland.csv")),
    (Nation::NorthernIreland, include_str!("../../../config/calendars/northern-ireland.csv")),
];

/// Bank holidays by nation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    days: BTreeMap<Nation, BTreeMap<Date, String>>,
}

impl Calendar {
    /// A calendar without a holiday.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The calendars that come with the program.
    pub fn compiled_in() -> Self {
        let mut calendar = Self::empty();
        for (nation, text) in COMPILED_IN {
            // A test reads each file, so none is left out here.
            if let Ok(days) = read::holidays(text) {
                calendar.days.insert(nation, days);
            }
        }
        calendar
    }

    /// Takes the holidays of a nation from the text of a calendar file, in place of those known.
    pub fn replace(&mut self, nation: Nation, text: &str) -> Result<(), CalendarError> {
        self.days.insert(nation, read::holidays(text)?);
        Ok(())
    }

    /// The holidays of a nation with their names.
    pub fn of(&self, nation: Nation) -> impl Iterator<Item = (Date, &str)> {
        self.days.get(&nation).into_iter().flatten().map(|(date, name)| (*date, name.as_str()))
    }

    /// The days that are a holiday in one of some nations.
    pub fn holidays(&self, nations: &[Nation]) -> Holidays {
        Holidays(nations.iter().flat_map(|nation| self.of(*nation)).map(|(date, _)| date).collect())
    }
}

/// Days that are a holiday for a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holidays(BTreeSet<Date>);

impl Holidays {
    /// Whether one falls into a period.
    pub fn touch(&self, period: Period) -> bool {
        self.0.range(period.start_date()..period.end_date()).next().is_some()
    }

    /// Whether a day is one.
    pub fn contains(&self, date: Date) -> bool {
        self.0.contains(&date)
    }
}

impl FromIterator<Date> for Holidays {
    fn from_iter<T: IntoIterator<Item = Date>>(days: T) -> Self {
        Self(days.into_iter().collect())
    }
}
