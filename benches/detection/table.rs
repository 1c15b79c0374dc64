//! The table of `docs/alerting.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kpi::PeriodKind;
use pp_collector::alerts::backtest::{Found, Score};

/// The scores of the seeds, by kind of period.
pub(crate) type Scores = BTreeMap<PeriodKind, Vec<Score>>;

type Share = fn(&Found) -> u32;

/// What each row says of which event.
const ROWS: [(&str, &str, Option<u32>, Share); 27] = [
    ("20 points, in 1", "step", Some(20), |found| found.in_1),
    ("10 points, in 1", "step", Some(10), |found| found.in_1),
    ("10 points, in 2", "step", Some(10), |found| found.in_2),
    ("10 points, in 5", "step", Some(10), |found| found.in_5),
    ("5 points, in 2", "step", Some(5), |found| found.in_2),
    ("5 points, in 5", "step", Some(5), |found| found.in_5),
    ("10 points over 4 periods, in 5", "ramp", Some(10), |found| found.in_5),
    ("erosion of 6 points over 12 periods", "erosion", Some(6), |found| found.at_all),
    ("steps of 6 or more times own noise, in 1", "clear_step", None, |found| found.in_1),
    ("steps of 6 or more times own noise, in 2", "clear_step", None, |found| found.in_2),
    ("nothing reported", "missing", None, |found| found.at_all),
    ("zero for missing", "zero_for_missing", None, |found| found.at_all),
    ("outage", "outage", None, |found| found.at_all),
    ("late data", "late", None, |found| found.at_all),
    ("paper catches up", "mix_shift", None, |found| found.at_all),
    ("paper catches up, critical", "mix_shift", None, |found| found.critical),
    ("a channel newly counted", "new_channel", None, |found| found.at_all),
    ("a new definition", "redefined", None, |found| found.at_all),
    ("the end of an upward blip", "upward_blip", None, |found| found.at_all),
    ("partial outage", "partial_outage", None, |found| found.at_all),
    ("partial outage, critical", "partial_outage", None, |found| found.critical),
    ("a figure too low, corrected later", "revised", None, |found| found.at_all),
    ("a figure too low, corrected later, critical", "revised", None, |found| found.critical),
    ("duplicates a fall of 5 points", "step", Some(5), |found| found.duplicates),
    ("duplicates a fall of 10 points", "step", Some(10), |found| found.duplicates),
    ("duplicates a fall of 20 points", "step", Some(20), |found| found.duplicates),
    ("duplicates a fall of one or two periods", "blip", None, |found| found.duplicates),
];

/// One column a kind, one row a question.
pub(crate) fn table(kinds: &[PeriodKind], scores: &Scores) -> String {
    let mut text = String::from("| |");
    for kind in kinds {
        let _ = write!(text, " {kind} |");
    }
    let _ = writeln!(text, "\n| --- |{}", " --- |".repeat(kinds.len()));
    let none = Vec::new();
    let of = |kind| scores.get(kind).unwrap_or(&none);
    let mut row = |name: &str, cell: &dyn Fn(&[Score]) -> String| {
        let cells: Vec<String> = kinds.iter().map(|kind| cell(of(kind))).collect();
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
    };
    row("service-years", &|scores| format!("{:.0}", years(scores)));
    row("false alarms a service-year, all", &|scores| a_year(scores, |score| score.false_alarms));
    row("false alarms a service-year, critical", &|scores| a_year(scores, |score| score.false_critical));
    for (name, event, points, share) in ROWS {
        row(name, &|scores| cell(scores, event, points, share, name.starts_with("duplicates")));
    }
    text
}

fn years(scores: &[Score]) -> f64 {
    scores.iter().map(|score| score.service_years).sum()
}

fn a_year(scores: &[Score], count: fn(&Score) -> u32) -> String {
    format!("{:.3}", f64::from(scores.iter().map(count).sum::<u32>()) / years(scores))
}

fn cell(scores: &[Score], event: &str, points: Option<u32>, share: Share, each: bool) -> String {
    let is_it = |key: &(String, u32)| key.0 == event && points.is_none_or(|points| points == key.1);
    let found = scores.iter().flat_map(|score| &score.events).filter(|(key, _)| is_it(key));
    let (labels, met) =
        found.fold((0, 0), |(labels, met), (_, found)| (labels + found.labels, met + share(found)));
    match (labels, f64::from(met) / f64::from(labels)) {
        (0, _) => "-".to_owned(),
        (_, each_fall) if each => format!("{each_fall:.2}"),
        (_, part) => format!("{:.0} %", 100.0 * part),
    }
}
