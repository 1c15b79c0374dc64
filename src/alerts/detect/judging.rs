//! Judging a history again and again while it grows, without going through all of it each time.

use kpi::Kpi;

use super::episode::Judgement;
use super::scan::Scan;
use super::{AlertSettings, Cadence, Holidays, Observation};

/// Periods that are gone through again, because sources correct their newest figures.
const AGAIN: usize = 16;

/// Judges one KPI at one cadence as its history grows.
#[derive(Debug, Clone)]
pub struct Judging<'a> {
    new: Scan<'a>,
    /// Gone through all periods but the newest.
    behind: Scan<'a>,
}

impl<'a> Judging<'a> {
    /// Judging that has seen no history yet.
    pub fn new(kpi: Kpi, cadence: Cadence, holidays: &'a Holidays, settings: &'a AlertSettings) -> Self {
        let new = Scan::new(kpi, cadence, holidays, settings);
        Self { behind: new.clone(), new }
    }

    /// As [`judge`](super::judge) would. The first `unchanged` periods are those of the history judged before.
    pub fn judge(&mut self, history: &[Observation], unchanged: usize) -> Judgement {
        debug_assert!(history.iter().zip(history.iter().skip(1)).all(|(a, b)| a.period.next() == b.period));
        if unchanged < self.behind.seen() {
            self.behind = self.new.clone();
        }
        while self.behind.seen() + AGAIN < history.len() {
            self.behind.step(history);
        }
        let mut scan = self.behind.clone();
        while scan.seen() < history.len() {
            scan.step(history);
        }
        scan.finish(history)
    }
}
