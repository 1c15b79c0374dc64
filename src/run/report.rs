//! What became of a run.

use std::time::Duration;

use collectors::{CollectError, Reason};
use jiff::Timestamp;
use kpi::{CollectorName, Note};

use crate::plan::Due;
use crate::store::{Accepted, ForeignSeries, Quarantined, StoreError};

use super::{Ask, HeldBack, StateError};

/// What set a run off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trigger {
    /// The program started and the collector had never run, or a run had been missed.
    Start,
    /// The schedule.
    Schedule,
    /// The run before left periods for this one, or failed in a way that may pass.
    CatchUp,
    /// A person who asked for what is due.
    Manual,
    /// A person who asked for days of the past: a backfill under way, or days by hand.
    Backfill,
}

impl Trigger {
    /// Every trigger.
    pub const ALL: [Self; 5] = [Self::Start, Self::Schedule, Self::CatchUp, Self::Manual, Self::Backfill];

    /// What a person sets off who asks for this.
    pub const fn by_hand(ask: &Ask) -> Self {
        match ask {
            Ask::Due => Self::Manual,
            Ask::Days(..) | Ask::Backfill => Self::Backfill,
        }
    }

    /// Whether its runs ask for what is due. Others say nothing of when the collector is to run next, or
    /// whether it is late.
    pub const fn is_forward(self) -> bool {
        !matches!(self, Self::Backfill)
    }

    /// The word for it in logs, metrics and the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Schedule => "schedule",
            Self::CatchUp => "catch_up",
            Self::Manual => "manual",
            Self::Backfill => "backfill",
        }
    }
}

/// How many figures the store was given, by what they were to it, and how many were kept from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Not known before.
    pub new: u64,
    /// The same already.
    pub unchanged: u64,
    /// Different from what was known.
    pub revised: u64,
    /// Lower than what was known, and held back by the purge guard.
    pub held_back: u64,
}

impl Counts {
    pub(super) fn of(accepted: &Accepted, held_back: &[HeldBack]) -> Self {
        let count = |many: usize| u64::try_from(many).unwrap_or(u64::MAX);
        Self {
            new: accepted.new,
            unchanged: accepted.unchanged,
            revised: count(accepted.revised.len()),
            held_back: count(held_back.len()),
        }
    }

    /// Each count under its word in metrics.
    pub const fn by_outcome(self) -> [(&'static str, u64); 4] {
        [
            ("new", self.new),
            ("unchanged", self.unchanged),
            ("revised", self.revised),
            ("held_back", self.held_back),
        ]
    }

    /// Both together.
    #[must_use]
    pub const fn add(self, other: Self) -> Self {
        Self {
            new: self.new + other.new,
            unchanged: self.unchanged + other.unchanged,
            revised: self.revised + other.revised,
            held_back: self.held_back + other.held_back,
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All that was due is stored.
    Stored(Counts),
    /// The source had nothing new, or nothing was due.
    Unchanged,
    /// An allowance of the source is used up: the run goes on once it is renewed. That is no failure of
    /// anything. Windows stored before stay stored.
    Postponed(Postponement),
    /// It failed. Windows stored before the failure stay stored; see [`RunReport::windows`].
    Failed(Failure),
}

impl Outcome {
    /// The words there are, in the order of the variants.
    pub const WORDS: [&str; 4] = ["stored", "unchanged", "postponed", "failed"];

    /// The word for it in logs, metrics and the ledger.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Stored(_) => "stored",
            Self::Unchanged => "unchanged",
            Self::Postponed(_) => "postponed",
            Self::Failed(_) => "failed",
        }
    }
}

/// What a run waits for that met a used-up allowance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postponement {
    /// When the source renews the allowance.
    pub until: Timestamp,
    /// Which allowance, in the words of the source's collector; no secret.
    pub message: String,
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The class of failure.
    pub reason: Reason,
    /// The thing, the value and the remedy; no secret.
    pub message: String,
    /// What was wrong in detail, one place a line.
    pub details: Vec<String>,
    /// How long the source asks to be left alone.
    pub retry_after: Option<Duration>,
    /// When a used-up allowance is renewed, where that is known.
    pub resets_at: Option<Timestamp>,
}

impl Failure {
    /// What becomes of a run that ends this way: one that met a used-up allowance goes on later, and
    /// counts as no failure; one that does not know until when has failed like any other.
    pub(super) fn into_outcome(self) -> Outcome {
        match self.resets_at {
            Some(until) if self.reason == Reason::Quota => {
                Outcome::Postponed(Postponement { until, message: self.message })
            }
            _ => Outcome::Failed(self),
        }
    }

    pub(super) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), details: Vec::new(), retry_after: None, resets_at: None }
    }
}

impl From<CollectError> for Failure {
    /// Takes the message and leaves the error's cause: only the message is known to hold no secret.
    fn from(error: CollectError) -> Self {
        Self {
            reason: error.reason(),
            message: error.to_string(),
            details: error.details().to_vec(),
            retry_after: error.retry_after(),
            resets_at: error.resets_at(),
        }
    }
}

impl From<StoreError> for Failure {
    /// For the run a store that takes nothing is a failure that passes: the figures are asked for again.
    fn from(error: StoreError) -> Self {
        Self::new(Reason::Transient, error.to_string())
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        Self::new(Reason::Transient, error.to_string())
    }
}

/// A window the store has acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredWindow {
    /// What was asked for, and why.
    pub due: Due,
    /// What the store took; all 0 where the source said that nothing had changed.
    pub counts: Counts,
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunReport {
    /// Whose run it was.
    pub collector: CollectorName,
    /// What set it off.
    pub trigger: Trigger,
    /// How it ended.
    pub outcome: Outcome,
    /// What a person should know, at most [`MOST_NOTES`] and one that counts the others.
    pub notes: Vec<Note>,
    /// The windows stored, in order, those of a failed or postponed run included.
    pub windows: Vec<StoredWindow>,
    /// More is due already: the cap on windows cut the run short.
    pub more_due: bool,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
}

/// The most notes kept of a run: enough to see what is wrong, little enough to keep and to read.
pub const MOST_NOTES: usize = 200;

impl RunReport {
    /// How long it took.
    pub fn duration(&self) -> Duration {
        self.finished.duration_since(self.started).unsigned_abs()
    }

    /// What the store took over all its windows, those before a failure included.
    pub fn counts(&self) -> Counts {
        self.windows.iter().fold(Counts::default(), |sum, window| sum.add(window.counts))
    }

    /// Why it failed, where it did.
    pub const fn failure(&self) -> Option<&Failure> {
        match &self.outcome {
            Outcome::Failed(failure) => Some(failure),
            Outcome::Stored(_) | Outcome::Unchanged | Outcome::Postponed(_) => None,
        }
    }

    /// What it waits for, where it met a used-up allowance.
    pub const fn postponement(&self) -> Option<&Postponement> {
        match &self.outcome {
            Outcome::Postponed(postponement) => Some(postponement),
            Outcome::Stored(_) | Outcome::Unchanged | Outcome::Failed(_) => None,
        }
    }

    /// Whether it did all it was asked to.
    pub const fn is_success(&self) -> bool {
        matches!(self.outcome, Outcome::Stored(_) | Outcome::Unchanged)
    }
}

/// What of a submission the store did not take, for its owner.
pub(super) fn not_taken(
    foreign: Vec<ForeignSeries>,
    quarantined: Vec<Quarantined>,
) -> impl Iterator<Item = Note> {
    let foreign = foreign.into_iter().map(|foreign| Note {
        place: format!("{}, {}, {}", foreign.key.service, foreign.key.measure, foreign.key.channel),
        text: format!(
            "left out because the collector {} feeds these figures; remove one of the two, or say in this one \
that it adopts the other",
            foreign.owner
        ),
    });
    let quarantined = quarantined.into_iter().map(|refused| Note {
        place: refused.what,
        text: format!(
            "the store's server refused it, and it is kept in the folder quarantine: {}",
            refused.words
        ),
    });
    foreign.chain(quarantined)
}
