//! The text of a schedule: read here, so that errors are words, and searched by the cron crate.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::str::FromStr as _;

use super::Wall;

const FORMS: &str = "give 5 fields (minute hour day-of-month month day-of-week), 6 with seconds first, 7 with the \
year last, or one of @hourly, @daily, @weekly, @monthly, @yearly";

/// The names cron knows, spelt out. `@weekly` is Sunday, as in cron(8).
const NAMED: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// One field: what it is called, what it may hold, and the names its numbers go by.
struct Field {
    name: &'static str,
    first: u32,
    /// Last number of `*` and of an open step such as `5/10`.
    last: u32,
    /// Highest number accepted: one more than `last` for weekdays, where 7 is Sunday again.
    highest: u32,
    names: &'static [&'static str],
}

const fn field(name: &'static str, first: u32, last: u32) -> Field {
    Field { name, first, last, highest: last, names: &[] }
}

const SECOND: Field = field("second", 0, 59);
const MINUTE: Field = field("minute", 0, 59);
const HOUR: Field = field("hour", 0, 23);
const DAY_OF_MONTH: Field = field("day-of-month", 1, 31);
const MONTH: Field = Field { names: &MONTHS, ..field("month", 1, 12) };
const DAY_OF_WEEK: Field = Field { highest: 7, names: &WEEKDAYS, ..field("day-of-week", 0, 6) };
/// The years the cron crate knows.
const YEAR: Field = field("year", 1970, 2100);

/// A parsed expression.
#[derive(Debug, Clone)]
pub(super) struct Expression {
    runs: cron::Schedule,
    /// The same days, each at midnight.
    days: cron::Schedule,
    /// Seconds after midnight it runs at, on any of its days; never empty.
    pub(super) times: TimesOfDay,
    /// Whether runs go by elapsed time; see [`super::Schedule`].
    pub(super) names_every_hour: bool,
}

/// What is worth knowing of the times within one day, in seconds after midnight.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimesOfDay {
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) widest_gap: u32,
}

impl Expression {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let spelt_out = spell_out(text.trim())?;
        let mut parts: Vec<&str> = spelt_out.split_whitespace().collect();
        match parts.len() {
            5 => parts.insert(0, "0"),
            6 | 7 => {}
            count => return Err(format!("it has {count} fields; {FORMS}")),
        }
        let part = |position: usize| parts.get(position).copied().unwrap_or("*");
        let seconds = SECOND.read(part(0))?;
        let minutes = MINUTE.read(part(1))?;
        let hours = HOUR.read(part(2))?;
        let days_of_month = DAY_OF_MONTH.read(part(3))?;
        let months = MONTH.read(part(4))?;
        let years = YEAR.read(part(6))?;
        // The crate numbers Sunday 1 and Saturday 7.
        let weekdays = DAY_OF_WEEK.read(part(5))?.into_iter().map(|day| day % 7 + 1).collect();

        let dates = [list(&days_of_month), list(&months), list(&weekdays), list(&years)].join(" ");
        let times = [list(&seconds), list(&minutes), list(&hours)].join(" ");
        let runs = compile(&format!("{times} {dates}"))?;
        let days = compile(&format!("0 0 0 {dates}"))?;
        if days.after(&chrono::DateTime::UNIX_EPOCH).next().is_none() {
            return Err(
                "it names a date that never comes, such as 31 February; change its day or month".into()
            );
        }
        Ok(Self {
            runs,
            days,
            times: times_of_day(&hours, &minutes, &seconds),
            names_every_hour: hours.len() == 24,
        })
    }

    /// The first run after a time on the wall.
    pub(super) fn next_after(&self, wall: Wall) -> Option<Wall> {
        self.runs.after(&wall.as_utc()?).next().map(Wall::from_utc)
    }

    /// The last run before a time on the wall.
    pub(super) fn last_before(&self, wall: Wall) -> Option<Wall> {
        self.runs.after(&wall.as_utc()?).next_back().map(Wall::from_utc)
    }

    /// The midnights of the days it runs on, after a time on the wall.
    pub(super) fn days_after(&self, wall: Wall) -> impl Iterator<Item = Wall> + '_ {
        let after = wall.as_utc().unwrap_or(chrono::DateTime::UNIX_EPOCH);
        self.days.after_owned(after).map(Wall::from_utc)
    }
}

fn spell_out(text: &str) -> Result<&str, String> {
    if !text.starts_with('@') {
        return Ok(text);
    }
    NAMED
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, fields)| *fields)
        .ok_or_else(|| format!("there is no such name; {FORMS}"))
}

fn compile(normal_form: &str) -> Result<cron::Schedule, String> {
    // Fields were checked above, so this does not fail; its message is a caret and no words.
    cron::Schedule::from_str(normal_form).map_err(|_| FORMS.to_owned())
}

fn list(numbers: &BTreeSet<u32>) -> String {
    let mut text = String::new();
    for number in numbers {
        let separator = if text.is_empty() { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(text, "{separator}{number}");
    }
    text
}

fn times_of_day(hours: &BTreeSet<u32>, minutes: &BTreeSet<u32>, seconds: &BTreeSet<u32>) -> TimesOfDay {
    let mut times: Option<TimesOfDay> = None;
    for hour in hours {
        for minute in minutes {
            for second in seconds {
                let at = hour * 3600 + minute * 60 + second;
                times = Some(match times {
                    None => TimesOfDay { first: at, last: at, widest_gap: 0 },
                    Some(so_far) => {
                        TimesOfDay { last: at, widest_gap: so_far.widest_gap.max(at - so_far.last), ..so_far }
                    }
                });
            }
        }
    }
    times.unwrap_or(TimesOfDay { first: 0, last: 0, widest_gap: 0 })
}

impl Field {
    /// The numbers a field stands for: `*`, `n`, `n-m`, any of them `/step`, and lists of these.
    fn read(&self, text: &str) -> Result<BTreeSet<u32>, String> {
        let mut numbers = BTreeSet::new();
        for item in text.split(',') {
            self.read_item(item, &mut numbers)?;
        }
        Ok(numbers)
    }

    fn read_item(&self, item: &str, numbers: &mut BTreeSet<u32>) -> Result<(), String> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(self.step(item, step)?)),
            None => (item, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" || (range == "?" && self.name.starts_with("day")) => (self.first, self.last),
            Some((first, last)) => (self.number(item, first)?, self.number(item, last)?),
            None => {
                let first = self.number(item, range)?;
                (first, if step.is_some() { self.last.max(first) } else { first })
            }
        };
        if first > last {
            return Err(format!(
                "the {} field has the range {item:?}, which runs backwards; give its lower end first",
                self.name
            ));
        }
        numbers.extend((first..=last).step_by(step.unwrap_or(1)));
        Ok(())
    }

    fn step(&self, item: &str, step: &str) -> Result<usize, String> {
        step.parse().ok().filter(|step| *step > 0).ok_or_else(|| {
            format!("the {} field has the step {item:?}; give a whole number above 0 after the /", self.name)
        })
    }

    fn number(&self, item: &str, text: &str) -> Result<u32, String> {
        let named = self
            .names
            .iter()
            .position(|name| text.eq_ignore_ascii_case(name))
            .and_then(|position| u32::try_from(position).ok())
            .map(|position| position + self.first);
        let plain = || text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        named
            .or_else(plain)
            .filter(|number| (self.first..=self.highest).contains(number))
            .ok_or_else(|| self.out_of_range(item))
    }

    fn out_of_range(&self, item: &str) -> String {
        let Self { name, first, highest, names, .. } = self;
        let or_names = match (names.first(), names.last()) {
            (Some(first), Some(last)) => format!(" or a name from {first} to {last}"),
            _ => String::new(),
        };
        let remark = if *highest == 7 { ", where 0 and 7 are Sunday" } else { "" };
        format!(
            "the {name} field has {item:?}; give *, a number from {first} to {highest}{or_names}{remark}, a range n-m, a \
step */n or a list of these"
        )
    }
}
