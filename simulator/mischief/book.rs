//! The rules in force on a stand-in, and the calls it had.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;

use super::Mischief;

/// Calls remembered one by one; of earlier ones only the number per path, since a demo runs for days.
const REMEMBERED: usize = 4096;

/// A thing that goes wrong, and for which calls.
#[derive(Debug, Clone)]
pub struct Rule {
    mischief: Mischief,
    path: String,
    calls: Option<RangeInclusive<u64>>,
    dates: Option<RangeInclusive<Date>>,
    seen: u64,
}

impl Rule {
    /// A rule for every call.
    pub fn new(mischief: Mischief) -> Self {
        Self { mischief, path: String::new(), calls: None, dates: None, seen: 0 }
    }

    /// Only for calls whose path and query contain `part`.
    #[must_use]
    pub fn on(mut self, part: &str) -> Self {
        part.clone_into(&mut self.path);
        self
    }

    /// Only for some of those calls, counted from 1 since the rule was added.
    #[must_use]
    pub fn calls(mut self, calls: RangeInclusive<u64>) -> Self {
        self.calls = Some(calls);
        self
    }

    /// Only while the world's clock is on one of these London days.
    #[must_use]
    pub fn dates(mut self, dates: RangeInclusive<Date>) -> Self {
        self.dates = Some(dates);
        self
    }

    fn meets(&mut self, path: &str, today: Date) -> bool {
        if !path.contains(&self.path) || self.dates.as_ref().is_some_and(|dates| !dates.contains(&today)) {
            return false;
        }
        self.seen += 1;
        self.calls.as_ref().is_none_or(|calls| calls.contains(&self.seen))
    }
}

/// A call a stand-in had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// HTTP method.
    pub method: String,
    /// Path and query as they came.
    pub path: String,
    /// Whether an `Authorization` header came along. Its value is not kept.
    pub authorized: bool,
    /// Status answered.
    pub status: u16,
}

#[derive(Debug, Default)]
struct Pages {
    rules: Vec<Rule>,
    counts: BTreeMap<String, u64>,
    log: VecDeque<Call>,
}

/// The rules of one stand-in and its calls. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Book(Arc<Mutex<Pages>>);

impl Book {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a rule. Rules apply in the order they were added; waits add up, and of answers the first counts.
    pub fn script(&self, rule: Rule) {
        self.pages().rules.push(rule);
    }

    /// Takes back every rule.
    pub fn forgive(&self) {
        self.pages().rules.clear();
    }

    /// How many calls had a path that contains `part`, refused ones included.
    pub fn calls(&self, part: &str) -> u64 {
        self.pages().counts.iter().filter(|(path, _)| path.contains(part)).map(|(_, count)| count).sum()
    }

    /// Calls by path.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.pages().counts.clone()
    }

    /// The last calls, oldest first.
    pub fn log(&self) -> Vec<Call> {
        self.pages().log.iter().cloned().collect()
    }

    pub(super) fn due(&self, path: &str, today: Date) -> Vec<Mischief> {
        let mut pages = self.pages();
        // Every rule counts the call, those that leave it alone too.
        pages
            .rules
            .iter_mut()
            .filter_map(|rule| rule.meets(path, today).then(|| rule.mischief.clone()))
            .collect()
    }

    pub(super) fn record(&self, call: Call) {
        let mut pages = self.pages();
        let route = call.path.split('?').next().unwrap_or_default().to_owned();
        *pages.counts.entry(route).or_default() += 1;
        if pages.log.len() == REMEMBERED {
            pages.log.pop_front();
        }
        pages.log.push_back(call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_rule_meets_the_calls_it_names() {
        let today = date(2026, 11, 20);
        let book = Book::default();
        book.script(Rule::new(Mischief::Html).on("/report").calls(2..=3));
        book.script(Rule::new(Mischief::EndlessPages).dates(date(2026, 11, 21)..=date(2026, 11, 22)));
        let met: Vec<usize> = ["/report", "/other", "/report", "/report", "/report"]
            .map(|path| book.due(path, today).len())
            .to_vec();
        assert_eq!(met, [0, 0, 1, 1, 0]);
        assert_eq!(book.due("/other", date(2026, 11, 21)), [Mischief::EndlessPages]);
        book.forgive();
        assert!(book.due("/other", date(2026, 11, 21)).is_empty());
    }
}
