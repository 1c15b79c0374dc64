//! The particulars of an alert.

use crate::alerts::{News, Notice, Severity, Subject};
use crate::wording;

use super::{Fact, amount};

/// Services of one source that are named; more are counted.
const MOST_NAMED: usize = 10;

pub(super) fn facts(notice: &Notice) -> Vec<Fact> {
    let alert = &notice.alert;
    let evidence = &alert.evidence;
    let mut facts = Vec::new();
    let mut add = |label: &'static str, text: Option<String>| {
        facts.extend(text.map(|text| Fact { label, text }));
    };
    add("Service", service(notice));
    add("Source", source(notice));
    add("Services", together(notice));
    add(
        "Before",
        evidence.change.map(|change| {
            let learnt = evidence.learnt_from.map_or_else(String::new, |(first, last)| {
                format!(", expected from {}", wording::periods(first, last))
            });
            format!("{}{learnt}", amount(change, change.from))
        }),
    );
    add(
        "Now",
        evidence
            .change
            .map(|change| format!("{} {}", amount(change, change.to), wording::in_period(alert.latest))),
    );
    add("Since", (alert.began != alert.latest).then(|| wording::period(alert.began)));
    add("Based on", evidence.transactions.map(wording::transactions));
    add(
        "Grew most",
        evidence.grew.map(|grew| {
            format!(
                "transactions {}, from {} to {}",
                wording::channel(grew.channel),
                wording::number(grew.from, 0),
                wording::number(grew.to, 0)
            )
        }),
    );
    add(
        "How soon",
        (notice.news != News::Resolved).then(|| match alert.severity {
            Severity::Warning => "look at this in the next few days".to_owned(),
            Severity::Critical => "look at this today".to_owned(),
        }),
    );
    facts
}

fn service(notice: &Notice) -> Option<String> {
    let service = notice.service()?;
    let runs = service.agency.as_ref().or(service.department.as_ref());
    Some(runs.map_or_else(|| service.name.clone(), |runs| format!("{} ({})", service.name, runs.name)))
}

fn source(notice: &Notice) -> Option<String> {
    match &notice.alert.subject {
        Subject::Source(collector) => Some(format!("what the collector {collector} asks")),
        Subject::Service(_) => None,
    }
}

/// The services that fell together, by name.
fn together(notice: &Notice) -> Option<String> {
    let services = &notice.alert.evidence.services;
    let name = |id| notice.described(id).map_or_else(|| id.to_string(), |service| service.name.clone());
    let named: Vec<String> = services.iter().take(MOST_NAMED).map(name).collect();
    let more = services.len().saturating_sub(MOST_NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!named.is_empty()).then(|| format!("{}{rest}", named.join(", ")))
}
