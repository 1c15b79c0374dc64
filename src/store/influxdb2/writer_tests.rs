use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use collectors::clock::ManualClock;
use collectors::http::Backoff;
use collectors::{MachineRandomness, Randomness};
use proptest::prelude::*;

use super::*;

/// A server that takes lines by a rule.
struct Fake<F> {
    rule: F,
    landed: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl<F: Fn(&str) -> Result<(), Verdict> + Send + Sync> Door for Fake<F> {
    async fn write(&self, lines: &str) -> Result<(), Verdict> {
        (self.rule)(lines)?;
        self.landed.lock().unwrap().extend(lines.lines().map(str::to_owned));
        Ok(())
    }
}

struct Run {
    outcome: Outcome<Vec<RefusedLine<usize>>>,
    landed: Vec<String>,
    quarantined: String,
    waits_secs: Vec<u64>,
}

struct Longest;

impl Randomness for Longest {
    fn up_to(&self, longest: std::time::Duration) -> std::time::Duration {
        longest
    }
}

fn run(lines: &[&str], rule: impl Fn(&str) -> Result<(), Verdict> + Send + Sync + 'static) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/quarantine.lp");
    let clock = ManualClock::new(jiff::Timestamp::UNIX_EPOCH).skipping_sleeps();
    let landed = Arc::default();
    let writer = Writer {
        door: Box::new(Fake { rule, landed: Arc::clone(&landed) }),
        retry: Retry {
            clock: Arc::new(clock.clone()),
            randomness: if lines.len() > 100 { Arc::new(MachineRandomness) } else { Arc::new(Longest) },
            backoff: Backoff::default(),
            retries: 8,
        },
        quarantine: Quarantine::in_file(&file),
    };
    let entries: Vec<_> =
        lines.iter().enumerate().map(|(meaning, line)| Entry { line: (*line).to_owned(), meaning }).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let outcome = runtime.block_on(writer.write(&entries));
    let landed = landed.lock().unwrap().clone();
    let waits_secs = clock.sleeps().iter().map(std::time::Duration::as_secs).collect();
    Run { outcome, landed, quarantined: std::fs::read_to_string(&file).unwrap_or_default(), waits_secs }
}

fn no_bad_line(lines: &str) -> Result<(), Verdict> {
    let bad = lines.lines().find(|line| line.starts_with("bad"));
    bad.map_or(Ok(()), |line| Err(Verdict::BadLine(format!("unable to parse '{line}'"))))
}

proptest! {
    #[test]
    fn all_lines_land_but_the_bad_ones(bad in prop::collection::vec(prop::bool::weighted(0.1), 0..60)) {
        let lines: Vec<String> = bad.iter().enumerate().map(|(n, bad)| {
            if *bad { format!("bad {n}") } else { format!("good {n}") }
        }).collect();
        let texts: Vec<&str> = lines.iter().map(String::as_str).collect();
        let count = bad.iter().filter(|bad| **bad).count();
        prop_assume!(count < MOST_REFUSED);
        let run = run(&texts, no_bad_line);
        let refused: Vec<usize> = run.outcome.unwrap().iter().map(|refused| refused.meaning).collect();
        let expected: Vec<usize> = bad.iter().enumerate().filter(|(_, bad)| **bad).map(|(n, _)| n).collect();
        prop_assert_eq!(&refused, &expected);
        let good: Vec<String> = lines.iter().filter(|line| line.starts_with("good")).cloned().collect();
        prop_assert_eq!(run.landed, good, "every good line lands once, in order");
        for n in expected {
            let kept = format!("# unable to parse 'bad {n}'\nbad {n}\n");
            prop_assert!(run.quarantined.contains(&kept));
        }
    }
}

#[test]
fn a_batch_ends_at_its_lines_and_at_its_bytes() {
    let of = |length: usize, count: usize| vec![Entry { line: "x".repeat(length), meaning: () }; count];
    let sizes = |entries: &[Entry<()>]| batches(entries).iter().map(|batch| batch.len()).collect::<Vec<_>>();
    assert_eq!(sizes(&of(10, 12_000)), [5000, 5000, 2000]);
    assert_eq!(sizes(&of(1023, 2000)), [1024, 976]);
    assert_eq!(sizes(&of(2 << 20, 2)), [1, 1]);
    assert_eq!(sizes(&[]), [0_usize; 0]);
}

#[test]
fn too_large_a_batch_is_halved() {
    let lines = ["a", "b", "c", "d", "e"];
    let run = run(&lines, |text| if text.lines().count() > 2 { Err(Verdict::TooLarge) } else { Ok(()) });
    assert_eq!((run.outcome.unwrap().len(), run.landed), (0, lines.map(str::to_owned).to_vec()));
}

#[test]
fn a_single_line_that_is_too_large_ends_it() {
    let run = run(&["a"], |_| Err(Verdict::TooLarge));
    assert!(matches!(run.outcome, Err(Fault::Refused(_))), "{:?}", run.outcome);
}

#[test]
fn what_may_pass_is_waited_for_longer_each_time_up_to_a_minute() {
    let run = run(&["a"], |_| Err(Verdict::Wait("it answered 503".to_owned())));
    let Err(Fault::Unavailable(problem)) = run.outcome else { panic!("{:?}", run.outcome) };
    assert_eq!(problem, "it answered 503; given up after 9 attempts");
    assert_eq!(run.waits_secs, [1, 2, 4, 8, 16, 32, 60, 60]);
}

#[test]
fn what_needs_repair_is_not_asked_again() {
    let run = run(&["a", "b"], |_| Err(Verdict::Fix("set the token".to_owned())));
    assert!(matches!(run.outcome, Err(Fault::Unavailable(problem)) if problem == "set the token"));
    assert_eq!((run.waits_secs.len(), run.landed.len()), (0, 0));
}

#[test]
fn where_nearly_everything_is_refused_nothing_counts() {
    let lines = vec!["bad"; 1000];
    let run = run(&lines, no_bad_line);
    let Err(Fault::Refused(problem)) = run.outcome else { panic!("{:?}", run.outcome) };
    assert!(problem.contains("refused 20 lines"), "{problem}");
    assert_eq!(run.quarantined.lines().count(), 2, "the same line is kept once");
}
