//! The words an alert is told in: composed once, in plain English, for every receiver.
//!
//! Each receiver lays the parts out in its own way; none writes words of its own.

mod facts;
mod finding;

use std::fmt::Write;

use super::{Alert, News, Notice, Severity, Subject};
use crate::wording;

/// What a person is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One line: who, and what was found.
    pub subject: String,
    /// What happened, in a sentence or two.
    pub lead: String,
    /// The particulars, in order, each under a word for it.
    pub facts: Vec<Fact>,
    /// What to know about the data and what to check, each a sentence.
    pub points: Vec<String>,
    /// Where to read on.
    pub link: Option<String>,
}

/// One particular.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub label: &'static str,
    /// The particular.
    pub text: String,
}

/// Heads the points of a message, in every receiver.
pub const POINTS_HEADING: &str = "What to know and check";

/// The words for a notice. `public_url` is where people reach the pages of this program.
pub fn compose(notice: &Notice, public_url: Option<&str>) -> Message {
    let alert = &notice.alert;
    let finding = finding::finding(notice);
    let urgent = alert.severity == Severity::Critical && notice.news != News::Resolved;
    let prefix = if urgent { "Critical: " } else { "" };
    Message {
        subject: format!("{prefix}{}: {finding}", about(notice)),
        lead: finding::lead(notice),
        facts: facts::facts(notice),
        points: finding::points(notice),
        link: public_url.map(|base| link(base, alert)),
    }
}

/// What was found, in about ten words: for lists, where the alert's end has a place of its own.
pub fn headline(alert: &Alert) -> String {
    let alert = Alert { resolution: None, ..alert.clone() };
    finding::finding(&Notice { news: News::Raised, alert, occasion: 1, services: Vec::new() })
}

/// What an alert is about, as people call it.
fn about(notice: &Notice) -> String {
    match &notice.alert.subject {
        Subject::Service(id) => {
            notice.described(id).map_or_else(|| id.to_string(), |service| service.name.clone())
        }
        Subject::Source(collector) => format!("Source {collector}"),
    }
}

fn link(base: &str, alert: &Alert) -> String {
    let base = base.trim_end_matches('/');
    match &alert.subject {
        Subject::Service(id) => format!("{base}/services/{id}"),
        Subject::Source(_) => format!("{base}/alerts"),
    }
}

impl Message {
    /// The same as a message that nobody need act on: a trial of the way it takes.
    #[must_use]
    pub fn marked_as_test(mut self) -> Self {
        self.subject = format!("Test: {}", self.subject);
        self.lead = format!("This is a test: nothing below has happened. {}", self.lead);
        self
    }

    /// Everything as plain text, without the subject.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.lead);
        for Fact { label, text: fact } in &self.facts {
            let _ = writeln!(text, "{label}: {fact}");
        }
        if !self.points.is_empty() {
            let _ = write!(text, "\n{POINTS_HEADING}:\n");
            for point in &self.points {
                let _ = writeln!(text, "- {point}");
            }
        }
        if let Some(link) = &self.link {
            let _ = write!(text, "\nSee {link}\n");
        }
        text
    }

    /// The lead and where to read on: for places with room for a line or two.
    pub fn short(&self) -> String {
        self.link.as_ref().map_or_else(|| self.lead.clone(), |link| format!("{} See {link}", self.lead))
    }
}

/// An amount of an alert's change in the unit it has.
fn amount(change: super::Change, value: rust_decimal::Decimal) -> String {
    match change.unit {
        super::Unit::Ratio => wording::percentage(value, wording::decimals_between(change.from, change.to)),
        super::Unit::Pounds => wording::pounds(value),
        super::Unit::Transactions => wording::number(value, 0),
    }
}

/// How far an alert's amount moved.
fn difference(change: super::Change) -> String {
    let moved = (change.to - change.from).abs();
    match change.unit {
        super::Unit::Ratio => wording::percentage_points(moved),
        super::Unit::Pounds => wording::pounds(moved),
        super::Unit::Transactions => wording::number(moved, 0),
    }
}
