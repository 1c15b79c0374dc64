//! How far a collector is behind: periods that have ended and are not stored.

use collectors::{Reading, Window};
use jiff::Timestamp;
use kpi::Period;

use super::{Runner, StateError};
use crate::config::settings::CollectorSettings;
use crate::plan::{Situation, Why, plan};

impl Runner {
    /// Counts the periods missing and tells; a source read whole has no periods to miss.
    pub(super) async fn tell_missing(&self, settings: &CollectorSettings) {
        match self.missing(settings).await {
            Ok(count) => self.events.periods_missing(&settings.name, count),
            Err(error) => self.events.state_failed(&settings.name, &error),
        }
    }

    async fn missing(&self, settings: &CollectorSettings) -> Result<Option<usize>, StateError> {
        let reading = settings.collector.capabilities().reading;
        if reading == Reading::Whole {
            return Ok(None);
        }
        let cursor = self.state.cursor(&settings.name).await?;
        Ok(Some(count(settings, &reading, cursor, self.now())))
    }
}

/// By the same plan as runs are made by, so that what is called missing is what the next runs ask for.
fn count(settings: &CollectorSettings, reading: &Reading, cursor: Option<Period>, now: Timestamp) -> usize {
    let due = plan(&Situation {
        reading,
        cursor,
        start: settings.start,
        // What is asked for again is not missing. Where nothing is stored yet, all of it is.
        look_back: cursor.map_or(settings.look_back, |_| Some(0)),
        now,
        zone: settings.schedule.zone(),
        backfill: None,
        most_windows: usize::MAX,
    })
    .due;
    let periods = |window: &Window| match window {
        Window::Everything => 0,
        Window::Span(span) => std::iter::successors(Some(span.first), |period| Some(period.next()))
            .take_while(|period| *period <= span.last)
            .count(),
    };
    due.iter().filter(|due| due.why != Why::LookBack).map(|due| periods(&due.window)).sum()
}
