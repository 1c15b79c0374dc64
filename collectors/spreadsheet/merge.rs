//! The figures of several files as one answer.

use std::collections::{BTreeMap, HashMap};

use kpi::service::ServiceDescription;
use kpi::{Batch, Note, Period, Point, SeriesKey, ServiceId};

use super::bookmark::{Memory, Seen};
use super::read::Outcome;
use crate::{Answer, CollectError, Reason};

/// Gathers files in order; of a figure in several, the last file's counts.
pub(super) struct Merge {
    memory: Memory,
    batches: Vec<Batch>,
    rejected: Vec<(String, String, Vec<String>)>,
}

impl Merge {
    pub(super) fn new(settings: &str) -> Self {
        let memory = Memory { settings: settings.to_owned(), files: BTreeMap::new() };
        Self { memory, batches: Vec::new(), rejected: Vec::new() }
    }

    pub(super) fn add(&mut self, name: &str, seen: Seen, outcome: Outcome) {
        match outcome {
            Outcome::Figures(batch) => {
                self.memory.files.insert(name.to_owned(), seen);
                self.batches.push(batch);
            }
            Outcome::Rejected { message, details } => {
                self.rejected.push((name.to_owned(), message, details));
            }
        }
    }

    /// The answer. Where every file was rejected it is an error; one bad file among good ones is
    /// noted and does not stop them.
    pub(super) fn finish(mut self) -> Result<Answer, CollectError> {
        if self.batches.is_empty() {
            let messages: Vec<&str> = self.rejected.iter().map(|(_, message, _)| message.as_str()).collect();
            let error = CollectError::new(Reason::Malformed, messages.join("; "));
            let details = self.rejected.into_iter().flat_map(|(_, _, details)| details).collect();
            return Err(error.with_details(details));
        }
        let mut batch = if self.batches.len() == 1 {
            self.batches.pop().unwrap_or_default()
        } else {
            superseding(self.batches)
        };
        for (name, message, details) in self.rejected {
            let text = |line: String| {
                let rest = line.strip_prefix(&name).map(|rest| rest.trim_start_matches([',', ':', ' ']));
                rest.map_or_else(|| line.clone(), str::to_owned)
            };
            batch.notes.push(Note { place: name.clone(), text: text(message) });
            batch
                .notes
                .extend(details.into_iter().map(|line| Note { place: name.clone(), text: text(line) }));
        }
        Ok(Answer::Figures { batch, bookmark: self.memory.bookmark() })
    }
}

fn superseding(batches: Vec<Batch>) -> Batch {
    let mut figures: BTreeMap<SeriesKey, BTreeMap<Period, Point>> = BTreeMap::new();
    let mut services: HashMap<ServiceId, usize> = HashMap::new();
    let mut described: Vec<ServiceDescription> = Vec::new();
    let mut merged = Batch::default();
    for batch in batches {
        for series in batch.series {
            let points = figures.entry(series.key).or_default();
            for mut point in series.points {
                if let Some(earlier) = points.get(&point.period) {
                    // A number that a later file leaves blank was withdrawn, as between two runs.
                    point.value = earlier.value.revised_by(point.value).unwrap_or(earlier.value);
                }
                points.insert(point.period, point);
            }
        }
        for service in batch.services {
            if let Some(earlier) = services.get(&service.id).and_then(|position| described.get_mut(*position))
            {
                *earlier = service;
            } else {
                services.insert(service.id.clone(), described.len());
                described.push(service);
            }
        }
        merged.notes.extend(batch.notes);
    }
    merged.services = described;
    merged.series = figures
        .into_iter()
        .map(|(key, points)| kpi::SeriesFigures { key, points: points.into_values().collect() })
        .collect();
    merged
}
