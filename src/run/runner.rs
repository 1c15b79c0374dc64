//! One run: plan, ask, accept, store, and only then move the cursor.

mod asking;
mod preview;

pub use preview::{Preview, Previewed, Standing};

use std::collections::BTreeSet;
use std::sync::Arc;

use collectors::http::Backoff;
use collectors::{Answer, Bookmark, Context, Randomness, Reading, Reason, Window};
use jiff::Timestamp;
use jiff::civil::Date;
use kpi::{Batch, Note, Period, ServiceId};
use tokio_util::sync::CancellationToken;

use super::report::MOST_NOTES;
use super::report::not_taken;
use super::{
    Acceptance, Counts, Events, Failure, Guard, HeldBack, Outcome, Rules, RunReport, RunState, ServiceBook,
    StoredWindow, Trigger, accept,
};
use crate::config::settings::CollectorSettings;
use crate::plan::{Backfill, Due, Plan, Situation, Why, cursor_after, plan, plan_span};
use crate::store::{Provenance, Store, StoreError};

/// New windows one run asks for at most: years of daily figures, and still few enough that a run
/// comes to an end and others have their turn.
pub const MOST_WINDOWS: usize = 100;

/// Windows of a backfill one run asks for at most: between two such runs a scheduled one has its turn.
pub const MOST_BACKFILL_WINDOWS: usize = 5;

/// Called with the services whose figures or descriptions an append changed, and with what was asked for.
pub type OnStored = Arc<dyn Fn(BTreeSet<ServiceId>, Ask) + Send + Sync>;

/// Carries out runs of any collector.
#[derive(Clone)]
pub struct Runner {
    /// Where figures go.
    pub store: Arc<dyn Store>,
    /// What is remembered between runs.
    pub state: Arc<dyn RunState>,
    /// What collectors may use; each run adds its bookmark and whose quota it reads.
    pub context: Context,
    /// Aliases and zones of services.
    pub book: Arc<ServiceBook>,
    /// Logs and counts.
    pub events: Events,
    /// For back-off and jitter.
    pub randomness: Arc<dyn Randomness>,
    /// Waits between attempts.
    pub backoff: Backoff,
    /// Called after each append that changed something.
    pub on_stored: OnStored,
}

/// What a run asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// What is due.
    Due,
    /// The days from the first to the second, both included, whatever was stored before. Neither the
    /// cursor nor the bookmark moves.
    Days(Date, Date),
    /// The next windows of the backfill under way.
    Backfill,
}

/// What was remembered of a collector, kept up as windows are stored.
struct Memory {
    cursor: Option<Period>,
    bookmark: Option<Bookmark>,
    backfill: Option<Backfill>,
}

/// What a run has done so far; kept when it fails half way.
#[derive(Default)]
struct Progress {
    windows: Vec<StoredWindow>,
    notes: Vec<Note>,
    gave_figures: bool,
    more_due: bool,
}

impl Runner {
    /// Carries out one run. Cancelling `stop` makes it fail at its next wait; a store that is taking
    /// figures is waited for.
    pub async fn run(
        &self,
        settings: &CollectorSettings,
        trigger: Trigger,
        ask: &Ask,
        stop: &CancellationToken,
    ) -> RunReport {
        let started = self.now();
        let entry = self.state.start(&settings.name, trigger, started).await;
        self.events.run_started(&settings.name, trigger);
        let mut progress = Progress::default();
        let result = match &entry {
            Ok(_) => self.carry_out(settings, ask, stop, &mut progress).await,
            // Cursors are kept where the ledger is: without them nothing can be planned.
            Err(error) => Err(Failure::from(error.clone())),
        };
        let mut report = RunReport {
            collector: settings.name.clone(),
            trigger,
            outcome: Outcome::Unchanged,
            notes: progress.notes,
            windows: progress.windows,
            more_due: progress.more_due && result.is_ok(),
            started,
            finished: self.now(),
        };
        report.outcome = match result {
            Ok(()) if progress.gave_figures => Outcome::Stored(report.counts()),
            Ok(()) => Outcome::Unchanged,
            Err(failure) => failure.into_outcome(),
        };
        shorten(&mut report.notes);
        let entered = match entry {
            Ok(run) => self.state.finish(run, &report).await,
            Err(error) => Err(error),
        };
        if let Err(error) = entered {
            self.events.state_failed(&settings.name, &error);
        }
        self.events.run_finished(&report);
        self.tell_missing(settings).await;
        report
    }

    pub(super) fn now(&self) -> Timestamp {
        self.context.clock.now()
    }

    async fn remember(&self, settings: &CollectorSettings) -> Result<Memory, Failure> {
        let name = &settings.name;
        Ok(Memory {
            cursor: self.state.cursor(name).await?,
            bookmark: self.state.bookmark(name).await?,
            backfill: self.state.backfill(name).await?,
        })
    }

    fn plan(&self, settings: &CollectorSettings, ask: &Ask, memory: &Memory) -> Result<Plan, Failure> {
        let reading = settings.collector.capabilities().reading;
        let (now, zone) = (self.now(), settings.schedule.zone());
        if let (Ask::Days(from, to), Reading::Windows { largest, .. }) = (ask, &reading) {
            let days = Backfill::of_days(&reading, *from, *to, zone)
                .map_err(|error| Failure::new(Reason::Config, error.to_string()))?;
            return Ok(plan_span(days.span, *largest, now, zone));
        }
        if let (Reading::Windows { period_kind, .. }, Some(cursor)) = (&reading, memory.cursor)
            && *period_kind != cursor.kind()
        {
            self.events.cursor_ignored(&settings.name, cursor.kind(), *period_kind);
        }
        let backfilling = *ask == Ask::Backfill;
        let mut plan = plan(&Situation {
            reading: &reading,
            cursor: memory.cursor,
            start: settings.start,
            look_back: settings.look_back,
            now,
            zone,
            backfill: if backfilling { memory.backfill.as_ref() } else { None },
            most_windows: if backfilling { MOST_BACKFILL_WINDOWS } else { MOST_WINDOWS },
        });
        plan.due.retain(|due| (due.why == Why::Backfill) == backfilling);
        plan.more_due &= !backfilling;
        Ok(plan)
    }

    async fn carry_out(
        &self,
        settings: &CollectorSettings,
        ask: &Ask,
        stop: &CancellationToken,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let mut memory = self.remember(settings).await?;
        let plan = self.plan(settings, ask, &memory)?;
        let ends_at = self.after(settings.deadline);
        let limit = self.limit(settings, ends_at, stop);
        tokio::pin!(limit);
        // Oldest first, and nothing after a failure: a cursor that passed a window never stored would
        // leave a hole.
        for due in plan.due {
            // What is asked for again must not be answered by "nothing has changed".
            let bookmark = if *ask == Ask::Due { memory.bookmark.clone() } else { None };
            let answer = self.ask_within(settings, &due.window, bookmark, ends_at, limit.as_mut()).await?;
            self.keep(settings, ask, due, answer, &mut memory, progress).await?;
        }
        progress.more_due = plan.more_due;
        if *ask == Ask::Backfill {
            progress.more_due = self.end_backfill_if_done(settings, &memory).await?;
        }
        Ok(())
    }

    /// Stores an answer and, once the store has acknowledged, moves what is remembered.
    async fn keep(
        &self,
        settings: &CollectorSettings,
        ask: &Ask,
        due: Due,
        answer: Answer,
        memory: &mut Memory,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let mut counts = Counts::default();
        if let Answer::Figures { batch, bookmark } = answer {
            let mut acceptance = self.accept(settings, batch, ask);
            let held_back = self.hold_back(settings, &mut acceptance).await?;
            let Acceptance { submission, notes, mut whole } = acceptance;
            progress.notes.extend(notes);
            let accepted = self.store.append(Arc::new(submission)).await?;
            progress.gave_figures = true;
            counts = Counts::of(&accepted, &held_back);
            whole &= accepted.foreign.is_empty() && accepted.quarantined.is_empty();
            progress.notes.extend(not_taken(accepted.foreign, accepted.quarantined));
            if !accepted.changed_services.is_empty() {
                (self.on_stored)(accepted.changed_services, *ask);
            }
            // A bookmark stands for all of an answer. Where a part was left out, the next run reads
            // the source again, or that part would never come.
            let bookmark = bookmark.filter(|_| whole);
            if *ask == Ask::Due && bookmark != memory.bookmark {
                self.state.set_bookmark(&settings.name, bookmark.as_ref()).await?;
                memory.bookmark = bookmark;
            }
        }
        let cursor = cursor_after(memory.cursor, &due);
        if let Some(cursor) = cursor.filter(|cursor| Some(*cursor) != memory.cursor) {
            self.state.set_cursor(&settings.name, cursor).await?;
        }
        memory.cursor = cursor;
        if let Some(backfill) = memory.backfill.filter(|_| *ask == Ask::Backfill) {
            let backfill = backfill.after(&due);
            self.state.set_backfill(&settings.name, Some(&backfill)).await?;
            self.events.backfill_progress(&settings.name, Some(backfill.progress()));
            memory.backfill = Some(backfill);
        }
        progress.windows.push(StoredWindow { due, counts });
        Ok(())
    }

    /// Ends a backfill of which nothing is left to ask; says whether it goes on.
    async fn end_backfill_if_done(
        &self,
        settings: &CollectorSettings,
        memory: &Memory,
    ) -> Result<bool, Failure> {
        let goes_on = !self.plan(settings, &Ask::Backfill, memory)?.due.is_empty();
        if !goes_on && memory.backfill.is_some() {
            self.state.set_backfill(&settings.name, None).await?;
            self.events.backfill_progress(&settings.name, None);
        }
        Ok(goes_on)
    }

    fn accept(&self, settings: &CollectorSettings, batch: Batch, ask: &Ask) -> Acceptance {
        let now = self.now();
        let provenance = Provenance {
            collector: settings.name.clone(),
            adopts: settings.adopts.clone(),
            collected_at: now,
        };
        // A source asked by windows was asked for these days already.
        let days = match (ask, settings.collector.capabilities().reading) {
            (Ask::Days(from, to), Reading::Whole) => Some((*from, *to)),
            _ => None,
        };
        accept(batch, provenance, &Rules { book: &self.book, days, now })
    }

    /// Takes out what the purge guard keeps from the store. Nothing else writes these series between
    /// this look at them and the append: they are fed by one collector, and that has one run at a time.
    async fn hold_back(
        &self,
        settings: &CollectorSettings,
        acceptance: &mut Acceptance,
    ) -> Result<Vec<HeldBack>, StoreError> {
        let guard = self.guard(settings);
        match guard.query(&acceptance.submission) {
            Some(query) => Ok(guard.hold_back(acceptance, &self.store.series(&query).await?)),
            None => Ok(Vec::new()),
        }
    }

    fn guard(&self, settings: &CollectorSettings) -> Guard<'_> {
        Guard { setting: settings.purge_guard, book: &self.book, now: self.now() }
    }
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").finish_non_exhaustive()
    }
}

fn shorten(notes: &mut Vec<Note>) {
    if let Some(more) = notes.len().checked_sub(MOST_NOTES).filter(|more| *more > 0) {
        notes.truncate(MOST_NOTES);
        notes.push(Note { place: "notes".to_owned(), text: format!("{more} more were left out") });
    }
}

/// Names a window in messages.
fn shown(window: &Window) -> String {
    match window {
        Window::Everything => "everything".to_owned(),
        Window::Span(span) => format!("{} to {}", span.first.start_date(), span.last.start_date()),
    }
}
