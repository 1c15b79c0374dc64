//! Which submissions count.
//!
//! A submission is many requests, and any of them may be the last. So it is announced before its first
//! line and declared complete after its last, each acknowledged by the server before the next step, and
//! readers leave out the points of every submission that is not complete. What an interrupted one left
//! behind stays out for good: the next submission of the same writer gives it up before it begins.
//!
//! Nothing here depends on the order in which the server takes writes: opening, completing and giving up
//! are different fields of one point, and a submission given up stays so whatever arrives late.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kpi::CollectorName;

use super::answer::{Cell, Rows};
use super::fault::{Fault, Outcome};
use super::influxql::Select;
use super::line::{Line, LineError};
use super::schema::{ALL_TIME, SUBMISSION};
use super::settings::WriterName;

/// A write given up may still arrive. Points of later submissions are placed so that it cannot land on
/// one of theirs until so many more have been given up.
const LANES: usize = 8;

/// A submission: its writer, and its number there. The number is the second it was made in, or the next
/// one free, and is the time of its point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SubmissionId {
    writer: WriterName,
    number: i64,
}

impl SubmissionId {
    pub(super) const fn number(&self) -> i64 {
        self.number
    }

    /// The submission whose number is so much higher, so that the seconds before it are its own.
    pub(super) fn with_seconds(&self, count: i64) -> Self {
        Self { writer: self.writer.clone(), number: self.number + count }
    }

    /// As points refer to it.
    pub(super) fn text(&self) -> String {
        format!("{}:{}", self.writer.as_str(), self.number)
    }

    /// The line that announces it.
    pub(super) fn opened(&self, collector: &CollectorName, instant: Timestamp) -> Result<String, LineError> {
        self.line("opened", nanoseconds(instant))?.text("collector", collector.as_str())?.at(self.number)
    }

    /// The line that declares it complete.
    pub(super) fn committed(&self, instant: Timestamp) -> Result<String, LineError> {
        self.line("committed", nanoseconds(instant))?.at(self.number)
    }

    /// The line that gives it up.
    pub(super) fn aborted(&self) -> Result<String, LineError> {
        self.line("aborted", 1)?.at(self.number)
    }

    fn line(&self, step: &str, value: i64) -> Result<Line, LineError> {
        Line::new(SUBMISSION)?.tag("writer", self.writer.as_str())?.integer(step, value)
    }
}

/// What the server knew about submissions at one instant. What a reader sees through one is whole
/// submissions only, however long it reads.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    writers: BTreeMap<String, Progress>,
}

#[derive(Debug, Clone, Default)]
struct Progress {
    opened: Option<i64>,
    /// The newest complete one, and when it was collected, in nanoseconds since 1970.
    committed: Option<(i64, i64)>,
    aborted: BTreeSet<i64>,
}

impl Ledger {
    /// What to ask; the answers go to [`Ledger::take`] in the same order.
    pub(super) fn statements() -> [String; 3] {
        let (from, to) = ALL_TIME;
        let by_writer = |select: Select| select.between(from, to).by(&["writer"]).build();
        [
            by_writer(Select::one("LAST", "opened", SUBMISSION)),
            by_writer(Select::one("LAST", "committed", SUBMISSION)),
            by_writer(Select::fields(&["aborted"], SUBMISSION)),
        ]
    }

    pub(super) fn take(&mut self, statement: usize, rows: &Rows<'_>) -> Outcome<()> {
        let progress = self.writers.entry(rows.tag("writer").to_owned()).or_default();
        for row in &rows.values {
            let [Cell::Integer(number), Cell::Integer(value)] = row.as_slice() else {
                return Err(Fault::Unreadable(format!("{SUBMISSION} holds the row {row:?}")));
            };
            match statement {
                0 => progress.opened = Some(*number),
                1 => progress.committed = Some((*number, *value)),
                _ => drop(progress.aborted.insert(*number)),
            }
        }
        Ok(())
    }

    /// Whether the points of a submission count.
    pub(super) fn counts(&self, submission: &str) -> bool {
        let Some((writer, number)) = submission.rsplit_once(':') else { return false };
        let Ok(number) = number.parse::<i64>() else { return false };
        self.writers.get(writer).is_some_and(|progress| {
            progress.committed.is_some_and(|(newest, _)| number <= newest)
                && !progress.aborted.contains(&number)
        })
    }

    /// When the newest submission that changed something was collected, by whichever writer.
    pub(super) fn newest_collected_at(&self) -> Option<Timestamp> {
        let newest = self.writers.values().filter_map(|progress| progress.committed).map(|(_, at)| at).max();
        newest.map(timestamp)
    }

    /// The submission that a writer began and did not complete, where there is one.
    pub(super) fn unfinished(&self, writer: &WriterName) -> Option<SubmissionId> {
        let progress = self.writers.get(writer.as_str())?;
        let opened = progress.opened?;
        let settled = progress.committed.is_some_and(|(newest, _)| opened <= newest)
            || progress.aborted.contains(&opened);
        (!settled).then(|| SubmissionId { writer: writer.clone(), number: opened })
    }

    /// The next submission of a writer.
    pub(super) fn next(&self, writer: &WriterName, instant: Timestamp) -> SubmissionId {
        let opened = self.writers.get(writer.as_str()).and_then(|progress| progress.opened);
        let number = opened.map_or(i64::MIN, |opened| opened + 1).max(instant.as_second());
        SubmissionId { writer: writer.clone(), number }
    }

    /// How many places a writer leaves free before each point it adds to a figure.
    pub(super) fn lane(&self, writer: &WriterName) -> i64 {
        let given_up = self
            .writers
            .get(writer.as_str())
            .map_or(0, |progress| progress.aborted.len() + usize::from(self.unfinished(writer).is_some()));
        i64::try_from(given_up % LANES).unwrap_or(0)
    }
}

/// As stored: 64 bits hold the years 1677 to 2262, and an instant outside them is not when anything was
/// collected.
pub(super) fn nanoseconds(instant: Timestamp) -> i64 {
    let nanoseconds = instant.as_nanosecond();
    i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
}

pub(super) fn timestamp(nanoseconds: i64) -> Timestamp {
    // Every i64 is within jiff's range; the fallback keeps this total.
    Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(opened: Option<i64>, committed: Option<i64>, aborted: &[i64]) -> Ledger {
        let progress = Progress {
            opened,
            committed: committed.map(|number| (number, number * 1_000_000_000)),
            aborted: aborted.iter().copied().collect(),
        };
        Ledger { writers: [("1-of-2".to_owned(), progress)].into() }
    }

    fn writer() -> WriterName {
        WriterName::of(1, 2).unwrap()
    }

    #[rstest::rstest]
    #[case::complete(5, true)]
    #[case::complete_before(4, true)]
    #[case::given_up(3, false)]
    #[case::under_way(6, false)]
    #[case::begun_since(7, false)]
    fn what_is_complete_counts(#[case] number: i64, #[case] counts: bool) {
        let ledger = ledger(Some(6), Some(5), &[3]);
        assert_eq!(ledger.counts(&format!("1-of-2:{number}")), counts);
        assert!(!ledger.counts(&format!("2-of-2:{number}")), "nothing is known of that writer");
        assert!(!ledger.counts("by hand") && !ledger.counts("1-of-2:x"));
    }

    #[test]
    fn a_late_completion_does_not_bring_back_what_was_given_up() {
        assert!(!ledger(Some(6), Some(6), &[6]).counts("1-of-2:6"));
    }

    #[test]
    fn numbers_only_go_up() {
        let at = |secs| Timestamp::from_second(secs).unwrap();
        assert_eq!(Ledger::default().next(&writer(), at(100)).number(), 100);
        assert_eq!(ledger(Some(100), Some(100), &[]).next(&writer(), at(100)).number(), 101);
        assert_eq!(ledger(Some(100), Some(100), &[]).next(&writer(), at(50)).number(), 101);
    }

    #[test]
    fn what_was_begun_and_neither_completed_nor_given_up_is_unfinished() {
        let unfinished = |ledger: Ledger| ledger.unfinished(&writer()).map(|id| id.number());
        assert_eq!(unfinished(ledger(Some(6), Some(5), &[])), Some(6));
        assert_eq!(unfinished(ledger(Some(6), None, &[])), Some(6));
        assert_eq!(unfinished(ledger(Some(6), Some(5), &[6])), None);
        assert_eq!(unfinished(ledger(Some(6), Some(6), &[])), None);
        assert_eq!(unfinished(Ledger::default()), None);
    }

    #[test]
    fn each_submission_given_up_moves_the_next_aside() {
        let lanes = [ledger(Some(6), Some(6), &[]), ledger(Some(6), None, &[]), ledger(Some(7), None, &[6])]
            .map(|ledger| ledger.lane(&writer()));
        assert_eq!(lanes, [0, 1, 2]);
    }
}
