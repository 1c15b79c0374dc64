//! How well falls are told from noise. `cargo bench --bench detection` replays labelled services and prints the
//! table of `docs/alerting.md`; `-- 4 5` takes other seeds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

mod set;
mod table;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kpi::PeriodKind;
use pp_collector::alerts::backtest::{Line, replay, score};
use set::LabelledSet;
use table::Scores;

const KINDS: [PeriodKind; 4] = [PeriodKind::Week, PeriodKind::Month, PeriodKind::Day, PeriodKind::Quarter];
/// Nothing was tuned on these; 1 to 10 are for that.
const REPORTED_ON: [u64; 3] = [101, 102, 103];

fn main() {
    let mut seeds: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    if seeds.is_empty() {
        seeds = REPORTED_ON.to_vec();
    }
    let mut scores = Scores::new();
    let mut took = BTreeMap::new();
    for kind in KINDS {
        for seed in &seeds {
            let set = LabelledSet::of(*seed, kind);
            let started = Instant::now();
            let replayed = replay(&set.services, (None, None));
            *took.entry(kind).or_insert(Duration::ZERO) += started.elapsed();
            let lines = Line::falls(&replayed);
            for (of, found) in score(&lines, &set.labels, &replayed.services, &set.holidays) {
                scores.entry(of).or_default().push(found);
            }
        }
    }
    print!("{}", table::table(&KINDS, &scores));
    for (kind, took) in took {
        println!("{kind}: replayed in {took:.1?}, {} seeds", seeds.len());
    }
}
