//! What was found, as a heading and as a sentence.

use crate::alerts::{Change, News, Notice, Resolution, Rule};
use crate::wording;

use super::{amount, difference};

/// What was found, in about ten words, without the period.
pub(super) fn finding(notice: &Notice) -> String {
    let alert = &notice.alert;
    let kpi = wording::kpi(alert.kpi);
    let change = alert.evidence.change;
    let now =
        |word: &str| change.map_or_else(String::new, |change| format!("{word}{}", amount(change, change.to)));
    let ended = match notice.news {
        News::Resolved => Some(alert.resolution.map_or(Resolution::Recovered, |end| end.why)),
        News::Raised | News::Worsened => None,
    };
    match (alert.rule, ended) {
        (_, Some(Resolution::Withdrawn)) => format!("{kpi} is no longer watched"),
        (_, Some(Resolution::Superseded)) => format!("another alert tells of {kpi} now"),
        (Rule::Drop | Rule::Erosion, Some(Resolution::Recovered)) => {
            format!("{kpi} is back to its usual level{}", now(", at "))
        }
        (Rule::Drop | Rule::Erosion, Some(Resolution::NewLevel)) => {
            format!("{kpi} has settled at a new level{}", now(", "))
        }
        (Rule::Drop | Rule::Erosion, Some(Resolution::Revised)) => {
            format!("{kpi} had not changed, the figures were corrected")
        }
        (Rule::Overdue, Some(_)) => format!("figures for {kpi} have come"),
        (Rule::CheckData | Rule::CheckSource, Some(Resolution::Revised)) => {
            format!("the figures for {kpi} were corrected")
        }
        (Rule::CheckData | Rule::CheckSource, Some(_)) => format!("the figures for {kpi} are in order again"),
        (Rule::Drop, None) => match (change, notice.news) {
            (Some(change), News::Worsened) => format!("{kpi} {} further{}", verb(change), now(", to ")),
            (Some(change), _) => format!("{kpi} {}{}", verb(change), now(" to ")),
            (None, _) => format!("{kpi} left its usual level"),
        },
        (Rule::Erosion, None) => {
            let way = if change.is_some_and(|change| change.to > change.from) { "up" } else { "down" };
            format!("{kpi} has been going {way} slowly{}", now(", to "))
        }
        (Rule::Overdue, None) => format!("figures for {kpi} are overdue"),
        (Rule::CheckData, None) => format!("check the figures for {kpi}"),
        (Rule::CheckSource, None) => {
            let count = alert.evidence.services.len();
            format!("check the source, {kpi} of {count} services fell together")
        }
    }
}

/// What happened, when, and on how many transactions.
pub(super) fn lead(notice: &Notice) -> String {
    let alert = &notice.alert;
    let evidence = &alert.evidence;
    let when = wording::in_period(alert.latest);
    if notice.news == News::Resolved {
        return format!(
            "{}.",
            wording::capitalised(&format!(
                "{}{}",
                finding(notice),
                match alert.rule {
                    Rule::Overdue => String::new(),
                    _ => format!(", {when}"),
                }
            ))
        );
    }
    let found = match (alert.rule, evidence.change) {
        (Rule::Drop, Some(change)) => format!(
            "{} {} {}{} to {} {when}",
            wording::kpi(alert.kpi),
            verb(change),
            if notice.news == News::Worsened { "further, by " } else { "by " },
            difference(change),
            amount(change, change.to),
        ),
        (Rule::Overdue, _) => match evidence.due_at {
            Some(due) => format!(
                "the figures for {} {when} were due at {} and have not come",
                wording::kpi(alert.kpi),
                wording::instant(due, &kpi::period::london())
            ),
            None => format!("the figures for {} {when} have not come", wording::kpi(alert.kpi)),
        },
        _ => format!("{} {when}", finding(notice)),
    };
    let basis = match evidence.transactions {
        Some(count) if alert.rule != Rule::Overdue => format!(", on {}", wording::transactions(count)),
        _ => String::new(),
    };
    let grew = evidence.grew.map_or_else(String::new, |grew| {
        format!(" Transactions {} rose most.", wording::channel(grew.channel))
    });
    format!("{}{basis}.{grew}", wording::capitalised(&found))
}

/// What the detection remarked, then what to look at first. Of an alert that is over nothing is left to
/// check.
pub(super) fn points(notice: &Notice) -> Vec<String> {
    let alert = &notice.alert;
    let mut points = alert.evidence.remarks.clone();
    if notice.news != News::Resolved {
        points.push(advice(alert.rule).to_owned());
    }
    points
}

const fn advice(rule: Rule) -> &'static str {
    match rule {
        Rule::Drop => {
            "Check whether the online service was out of order or changed in this time, and whether people were sent to another channel."
        }
        Rule::Erosion => {
            "Compare the channels over the last year: which one has been growing, and since when?"
        }
        Rule::Overdue => {
            "Ask whoever provides the figures when they will come. Until then a fall could not be seen."
        }
        Rule::CheckData => {
            "Check the figures with whoever provides them before anybody acts on them: this looks like lost or mistaken data rather than news."
        }
        Rule::CheckSource => {
            "Check the source first, such as a tracking code or an export that broke. Falls of the single services are not told meanwhile."
        }
    }
}

fn verb(change: Change) -> &'static str {
    if change.to > change.from { "rose" } else { "fell" }
}
