//! Takes a submission in: compares it with what is there, writes what differs, and declares it complete.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kpi::{CollectorName, FigureKey, Period, Point, SeriesFigures, SeriesKey, ServiceId};

use super::Inner;
use super::describe;
use super::fault::{Fault, Outcome};
use super::ledger::{Ledger, SubmissionId};
use super::line::LineError;
use super::point::{self, Counted, FIELDS, Origin, tagged};
use super::reader::Owners;
use super::scan::{Scan, Span, scans_together};
use super::schema::{SERIES, slots, start_secs};
use super::writer::{Entry, RefusedLine};
use crate::store::history::named;
use crate::store::order::in_order;
use crate::store::{
    Accepted, DatedDescription, ForeignSeries, Provenance, Quarantined, Revised, StoredPoint, Submission,
    revised,
};

/// What a line is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Whose a series is.
    Owner(SeriesKey),
    /// A figure not known before.
    New(FigureKey),
    /// A further revision.
    Revised(FigureKey),
    /// A description.
    Service(ServiceId),
}

/// What is known of a figure.
#[derive(Debug, Clone, Copy)]
struct Known {
    /// Its newest revision that counts.
    current: Option<StoredPoint>,
    /// The highest place that a point of it takes, also one that does not count.
    highest_slot: i64,
}

type KnownSeries = BTreeMap<Period, Known>;

impl Inner {
    pub(super) async fn append(&self, submission: &Submission) -> Outcome<Accepted> {
        let _one_at_a_time = self.appending.lock().await;
        let provenance = &submission.provenance;
        let mut sent: Vec<(&SeriesKey, Vec<Point>)> = Vec::new();
        for SeriesFigures { key, points } in &submission.series {
            let points = in_order(key, points).map_err(Fault::Refused)?.into_owned();
            if !points.is_empty() {
                sent.push((key, points));
            }
        }
        let ledger = self.reader.ledger().await?;
        let services = sent.iter().map(|(key, _)| key.service.clone()).collect();
        let mut owners =
            self.reader.owners(&Scan { services: Some(services), ..Scan::default() }, &ledger).await?;
        let mut accepted = Accepted::default();
        let mut taken_over = BTreeSet::new();
        sent.retain(|(key, _)| own(key, provenance, &mut owners, &mut taken_over, &mut accepted));
        let known = self.known(&sent, &ledger).await?;
        let descriptions = self.changed_descriptions(submission, &ledger).await?;

        let newest = ledger.newest_collected_at();
        let collected_at = newest.map_or(provenance.collected_at, |at| at.max(provenance.collected_at));
        let id = ledger.next(&self.writer_name, collected_at);
        let differences =
            Differences { provenance, collected_at, id: &id, lane: ledger.lane(&self.writer_name) };
        let mut entries = differences.owners(&taken_over)?;
        let before = entries.len();
        for (key, points) in &sent {
            differences.figures(key, points, known.get(key), &mut accepted, &mut entries)?;
        }
        for description in descriptions {
            accepted.changed_services.insert(description.id.clone());
            entries.push(differences.service(description)?);
        }
        if entries.is_empty() {
            return Ok(accepted);
        }
        // A series taken over is no figure: the newest instant at which something was collected stays.
        let instant = if entries.len() > before { collected_at } else { newest.unwrap_or(collected_at) };
        let refused = self.commit(&ledger, &id, &provenance.collector, instant, &entries).await?;
        Ok(without(accepted, refused))
    }

    /// Announces a submission, writes its lines, and declares it complete.
    pub(super) async fn commit(
        &self,
        ledger: &Ledger,
        id: &SubmissionId,
        collector: &CollectorName,
        instant: Timestamp,
        entries: &[Entry<Meaning>],
    ) -> Outcome<Vec<RefusedLine<Meaning>>> {
        let mut beginning = String::new();
        if let Some(unfinished) = ledger.unfinished(&self.writer_name) {
            tracing::warn!(
                submission = unfinished.text(),
                "a submission was interrupted and is given up, what there is of it never counts"
            );
            beginning = unfinished.aborted()? + "\n";
        }
        beginning += &id.opened(collector, instant)?;
        self.writer.must(&beginning).await?;
        let refused = self.writer.write(entries).await?;
        if let Some((key, words)) = refused.iter().find_map(|refused| match &refused.meaning {
            Meaning::Owner(key) => Some((key, &refused.words)),
            _ => None,
        }) {
            return Err(Fault::Refused(format!(
                "it does not take whose {} of {} is: {words}",
                key.measure, key.service
            )));
        }
        self.writer.must(&id.committed(instant)?).await?;
        Ok(refused)
    }

    /// What is known of the figures that were sent.
    async fn known(
        &self,
        sent: &[(&SeriesKey, Vec<Point>)],
        ledger: &Ledger,
    ) -> Outcome<BTreeMap<SeriesKey, KnownSeries>> {
        let mut known: BTreeMap<SeriesKey, KnownSeries> =
            sent.iter().map(|(key, _)| ((*key).clone(), KnownSeries::new())).collect();
        self.reader
            .fetch(&scans(sent), &FIELDS, ledger, &mut |key, rows| {
                let Some(known) = known.get_mut(&key) else { return };
                for row in rows {
                    let figure =
                        known.entry(row.period).or_insert(Known { current: None, highest_slot: row.slot });
                    figure.highest_slot = figure.highest_slot.max(row.slot);
                    let Some(Counted { stored, .. }) = row.counted else { continue };
                    if figure.current.is_none_or(|current| stored.revision >= current.revision) {
                        figure.current = Some(stored);
                    }
                }
            })
            .await?;
        Ok(known)
    }

    /// The descriptions that differ from the last one this collector gave. Of a service described twice
    /// in one submission the last counts.
    async fn changed_descriptions<'a>(
        &self,
        submission: &'a Submission,
        ledger: &Ledger,
    ) -> Outcome<Vec<&'a kpi::service::ServiceDescription>> {
        if submission.services.is_empty() {
            return Ok(Vec::new());
        }
        let mut given: BTreeMap<&ServiceId, _> = BTreeMap::new();
        for description in &submission.services {
            given.insert(&description.id, description);
        }
        let ids = given.keys().map(|id| (*id).clone()).collect();
        let mut last: BTreeMap<ServiceId, DatedDescription> = BTreeMap::new();
        for described in self.reader.descriptions(Some(&ids), ledger).await? {
            if described.collector == submission.provenance.collector {
                last.insert(described.description.id.clone(), described);
            }
        }
        let differs = |description: &&kpi::service::ServiceDescription| {
            last.get(&description.id).is_none_or(|last| last.description != **description)
        };
        Ok(given.into_values().filter(differs).collect())
    }
}

/// Whether a series is this collector's own, made so where that is due.
fn own(
    key: &SeriesKey,
    provenance: &Provenance,
    owners: &mut Owners,
    taken_over: &mut BTreeSet<SeriesKey>,
    accepted: &mut Accepted,
) -> bool {
    match owners.get(key) {
        Some(owner) if *owner == provenance.collector => return true,
        Some(owner) if !provenance.adopts.contains(owner) => {
            accepted.foreign.push(ForeignSeries { key: key.clone(), owner: owner.clone() });
            return false;
        }
        Some(_) | None => {}
    }
    owners.insert(key.clone(), provenance.collector.clone());
    taken_over.insert(key.clone());
    true
}

/// The scans that find what is known of figures.
fn scans(sent: &[(&SeriesKey, Vec<Point>)]) -> Vec<Scan> {
    let mut spans = Vec::new();
    for (key, points) in sent {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { continue };
        let secs = (start_secs(first.period), start_secs(last.period) + slots(key.period_kind));
        spans.push(Span { kind: key.period_kind, service: &key.service, secs });
    }
    scans_together(&spans)
}

/// Turns what differs into lines.
struct Differences<'a> {
    provenance: &'a Provenance,
    collected_at: Timestamp,
    id: &'a SubmissionId,
    lane: i64,
}

impl Differences<'_> {
    fn owners(&self, series: &BTreeSet<SeriesKey>) -> Result<Vec<Entry<Meaning>>, LineError> {
        series.iter().map(|key| owner(key, &self.provenance.collector, self.id)).collect()
    }

    fn figures(
        &self,
        key: &SeriesKey,
        points: &[Point],
        known: Option<&KnownSeries>,
        accepted: &mut Accepted,
        entries: &mut Vec<Entry<Meaning>>,
    ) -> Outcome<()> {
        let submission = self.id.text();
        let origin = Origin { collector: &self.provenance.collector, submission: &submission };
        for point in points {
            let figure = FigureKey { series: key.clone(), period: point.period };
            let known = known.and_then(|known| known.get(&point.period));
            let current = known.and_then(|known| known.current);
            let (next, revision) = match current {
                None => (*point, 1),
                Some(current) => match revised(&current.point, point) {
                    None => {
                        accepted.unchanged += 1;
                        continue;
                    }
                    Some(next) => (next, current.revision + 1),
                },
            };
            let slot = known.map_or(0, |known| known.highest_slot + 1) + self.lane;
            there_is_room(slot, &figure)?;
            let stored = StoredPoint { point: next, revision, collected_at: self.collected_at };
            let line = point::line(key, &stored, slot, &origin)?;
            let meaning = match current {
                None => {
                    accepted.new += 1;
                    Meaning::New(figure)
                }
                Some(current) => {
                    accepted.revised.push(Revised {
                        key: figure.clone(),
                        from: current.point.value,
                        to: next.value,
                    });
                    Meaning::Revised(figure)
                }
            };
            if !accepted.changed_services.contains(&key.service) {
                accepted.changed_services.insert(key.service.clone());
            }
            entries.push(Entry { line, meaning });
        }
        Ok(())
    }

    fn service(&self, description: &kpi::service::ServiceDescription) -> Result<Entry<Meaning>, LineError> {
        let described = DatedDescription {
            collector: self.provenance.collector.clone(),
            described_at: self.collected_at,
            description: description.clone(),
        };
        let line = describe::line(&described, &self.id.text(), self.id.number())?;
        Ok(Entry { line, meaning: Meaning::Service(description.id.clone()) })
    }
}

/// The line that says whose a series is.
pub(super) fn owner(
    key: &SeriesKey,
    collector: &CollectorName,
    id: &SubmissionId,
) -> Result<Entry<Meaning>, LineError> {
    let line = tagged(SERIES, key)?
        .text("owner", collector.as_str())?
        .text("submission", &id.text())?
        .at(id.number())?;
    Ok(Entry { line, meaning: Meaning::Owner(key.clone()) })
}

/// What was accepted, less what the server refused.
fn without(mut accepted: Accepted, refused: Vec<RefusedLine<Meaning>>) -> Accepted {
    for RefusedLine { meaning, words } in refused {
        let what = match meaning {
            Meaning::New(figure) => {
                accepted.new -= 1;
                named(&figure)
            }
            Meaning::Revised(figure) => {
                accepted.revised.retain(|revised| revised.key != figure);
                named(&figure)
            }
            Meaning::Service(id) => format!("the description of {id}"),
            Meaning::Owner(key) => format!("whose {} of {} is", key.measure, key.service),
        };
        accepted.quarantined.push(Quarantined { what, words });
    }
    accepted
}

/// A figure has room for so many points before the next begins.
pub(super) fn there_is_room(slot: i64, figure: &FigureKey) -> Outcome<()> {
    if slot < slots(figure.series.period_kind) {
        return Ok(());
    }
    Err(Fault::Refused(format!(
        "{} has been revised {slot} times, and there is no room for more; find out why its source never says \
         the same twice",
        named(figure)
    )))
}

impl From<LineError> for Fault {
    fn from(error: LineError) -> Self {
        Self::Refused(error.to_string())
    }
}
