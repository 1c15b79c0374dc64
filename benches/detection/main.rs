//! How well falls are told from noise. `cargo bench --bench detection` replays labelled services and prints the
//! table of `docs/alerting.md`; `-- 4 5 week` takes other seeds, and one kind of period.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

mod set;
mod table;

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::{Duration, Instant};

use kpi::PeriodKind;
use pp_collector::alerts::backtest::{Line, replay, score};
use set::LabelledSet;
use table::Scores;

const KINDS: [PeriodKind; 4] = [PeriodKind::Week, PeriodKind::Month, PeriodKind::Day, PeriodKind::Quarter];
/// Nothing was tuned on these; 1 to 10 are for that.
const REPORTED_ON: [u64; 3] = [101, 102, 103];

fn main() {
    let seeds = asked_for(&REPORTED_ON);
    let kinds = asked_for(&KINDS);
    let mut scores = Scores::new();
    let mut took = BTreeMap::new();
    for kind in kinds.iter().copied() {
        for seed in &seeds {
            let set = LabelledSet::of(*seed, kind);
            let started = Instant::now();
            let replayed = replay(&set.services, (None, None));
            *took.entry(kind).or_insert(Duration::ZERO) += started.elapsed();
            let lines = Line::falls(&replayed, None);
            for (of, found) in score(&lines, &set.labels, &replayed.services, &set.holidays) {
                scores.entry(of).or_default().push(found);
            }
        }
    }
    print!("{}", table::table(&kinds, &scores));
    for (kind, took) in took {
        println!("{kind}: replayed in {took:.1?}, {} seeds", seeds.len());
    }
}

/// Those of the arguments that say it, or else what is usual.
fn asked_for<T: FromStr + Clone>(usual: &[T]) -> Vec<T> {
    let asked_for: Vec<T> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    if asked_for.is_empty() { usual.to_vec() } else { asked_for }
}
