//! What a run would do, without doing it.

use std::collections::HashMap;

use collectors::Answer;
use kpi::{CollectorName, Note, Point, SeriesKey, Value};
use tokio_util::sync::CancellationToken;

use super::{Ask, Runner};
use crate::config::settings::CollectorSettings;
use crate::run::{Failure, HeldBack};
use crate::store::{Provenance, Query, Series, Submission, revised};

/// What a run would store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Every figure the source gave, window by window, in order of series and period.
    pub figures: Vec<Previewed>,
    /// What a person should know.
    pub notes: Vec<Note>,
}

/// A figure and what would become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previewed {
    /// Its series.
    pub series: SeriesKey,
    /// The figure as the source gives it.
    pub point: Point,
    /// What it is to the store.
    pub standing: Standing,
}

/// What a figure is to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Not known before.
    New,
    /// The same already.
    Unchanged,
    /// It would be a revision of this value; where the value is the same, its quality is not.
    Revises(Value),
    /// The purge guard keeps it from replacing this value.
    HeldBack(Value),
    /// Another collector feeds the series.
    Foreign(CollectorName),
}

impl Runner {
    /// Asks as a run would, and stores nothing.
    pub async fn preview(
        &self,
        settings: &CollectorSettings,
        ask: &Ask,
        stop: &CancellationToken,
    ) -> Result<Preview, Failure> {
        let memory = self.remember(settings).await?;
        let mut preview = Preview { figures: Vec::new(), notes: Vec::new() };
        let ends_at = self.after(settings.deadline);
        let limit = self.limit(settings, ends_at, stop);
        tokio::pin!(limit);
        for due in self.plan(settings, ask, &memory)?.due {
            // Without the bookmark, because a person who asks wants to see what is there.
            if let Answer::Figures { batch, .. } =
                self.ask_within(settings, &due.window, None, ends_at, limit.as_mut()).await?
            {
                let mut acceptance = self.accept(settings, batch, ask);
                let all = acceptance.submission.series.iter().map(|one| (&one.key, one.points.as_slice()));
                let stored = match Query::of_points(all) {
                    Some(query) => self.store.series(&query).await?,
                    None => Vec::new(),
                };
                let held_back = self.guard(settings).hold_back(&mut acceptance, &stored);
                preview.figures.extend(standings(acceptance.submission, held_back, &stored));
                preview.notes.extend(acceptance.notes);
            }
        }
        Ok(preview)
    }
}

fn standings(submission: Submission, held_back: Vec<HeldBack>, stored: &[Series]) -> Vec<Previewed> {
    let Submission { provenance, series, .. } = submission;
    let stored: HashMap<&SeriesKey, &Series> = stored.iter().map(|series| (&series.key, series)).collect();
    let mut figures: Vec<Previewed> = Vec::new();
    for one in series {
        let known = stored.get(&one.key).copied();
        figures.extend(one.points.into_iter().map(|point| Previewed {
            series: one.key.clone(),
            point,
            standing: standing(&point, known, &provenance),
        }));
    }
    figures.extend(held_back.into_iter().map(|HeldBack { series, stored, given }| Previewed {
        series,
        point: given,
        standing: Standing::HeldBack(stored.value),
    }));
    figures.sort_by(|a, b| (&a.series, a.point.period).cmp(&(&b.series, b.point.period)));
    figures
}

fn standing(point: &Point, series: Option<&Series>, provenance: &Provenance) -> Standing {
    let Some(series) = series else { return Standing::New };
    if !provenance.feeds(&series.collector) {
        return Standing::Foreign(series.collector.clone());
    }
    let position = series.points.binary_search_by_key(&point.period, |known| known.point.period);
    let Some(known) = position.ok().and_then(|position| series.points.get(position)) else {
        return Standing::New;
    };
    match revised(&known.point, point) {
        None => Standing::Unchanged,
        Some(_) => Standing::Revises(known.point.value),
    }
}
