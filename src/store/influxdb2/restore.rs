//! Takes history in as another store kept it, as one submission.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kpi::{FigureKey, Period, SeriesKey, ServiceId};

use super::Inner;
use super::append::{Meaning, owner, there_is_room};
use super::describe;
use super::fault::{Fault, Outcome};
use super::ledger::{Ledger, SubmissionId};
use super::point::{self, Counted, FIELDS_OF_HISTORY, Origin};
use super::scan::{Scan, Span, scans_together};
use super::schema::{slots, start_secs};
use super::writer::Entry;
use crate::store::history::{ends, named, of_each_figure};
use crate::store::{DatedDescription, Revision, SeriesHistory, lacking};

/// What is kept of a figure.
#[derive(Debug, Default)]
struct Kept {
    revisions: Vec<Revision>,
    /// The highest place that a point of it takes, also one that does not count.
    highest_slot: Option<i64>,
}

type KeptSeries = BTreeMap<Period, Kept>;

impl Inner {
    /// Gives how many revisions were lacking.
    pub(super) async fn restore(
        &self,
        history: &[SeriesHistory],
        descriptions: &[DatedDescription],
    ) -> Outcome<u64> {
        let _one_at_a_time = self.appending.lock().await;
        let mut spans = Vec::new();
        for series in history {
            let (first, last) = ends(series).map_err(Fault::Refused)?;
            let secs = (start_secs(first), start_secs(last) + slots(series.key.period_kind));
            spans.push(Span { kind: series.key.period_kind, service: &series.key.service, secs });
        }
        let ledger = self.reader.ledger().await?;
        let kept = self.kept(history, &scans_together(&spans), &ledger).await?;
        let services = history.iter().map(|series| series.key.service.clone()).collect();
        let owners =
            self.reader.owners(&Scan { services: Some(services), ..Scan::default() }, &ledger).await?;
        let lacking_descriptions = self.lacking_descriptions(descriptions, &ledger).await?;

        let mut newest = ledger.newest_collected_at().unwrap_or(Timestamp::MIN);
        let instants = history.iter().flat_map(|series| &series.revisions);
        newest = instants.map(|revision| revision.stored.collected_at).fold(newest, Timestamp::max);
        newest = lacking_descriptions.iter().map(|dated| dated.described_at).fold(newest, Timestamp::max);
        // Each description has a second of its own.
        let seconds = i64::try_from(lacking_descriptions.len()).unwrap_or(i64::MAX);
        let first_id = ledger.next(&self.writer_name, newest);
        let id = first_id.with_seconds(seconds);

        let mut entries = Vec::new();
        for series in history.iter().filter(|series| owners.get(&series.key) != Some(&series.owner)) {
            entries.push(owner(&series.key, &series.owner, &id)?);
        }
        let mut restored = 0;
        let lane = ledger.lane(&self.writer_name);
        for series in history {
            restored += revisions(series, kept.get(&series.key), &id, lane, &mut entries)?;
        }
        for (secs, dated) in (first_id.number()..).zip(lacking_descriptions) {
            entries.push(Entry {
                line: describe::line(dated, &id.text(), secs)?,
                meaning: Meaning::Service(dated.description.id.clone()),
            });
        }
        if entries.is_empty() {
            return Ok(0);
        }
        let collector = history.first().map(|series| &series.owner);
        let collector = collector.or(descriptions.first().map(|dated| &dated.collector));
        if let Some(collector) = collector {
            let refused = self.commit(&ledger, &id, collector, newest, &entries).await?;
            // A copy that lacks something is no copy.
            if let Some(refused) = refused.first() {
                return Err(Fault::Refused(format!(
                    "it does not take {:?}: {}",
                    refused.meaning, refused.words
                )));
            }
        }
        Ok(restored)
    }

    async fn kept(
        &self,
        history: &[SeriesHistory],
        scans: &[Scan],
        ledger: &Ledger,
    ) -> Outcome<BTreeMap<SeriesKey, KeptSeries>> {
        let mut kept: BTreeMap<SeriesKey, KeptSeries> =
            history.iter().map(|series| (series.key.clone(), KeptSeries::new())).collect();
        self.reader
            .fetch(scans, &FIELDS_OF_HISTORY, ledger, &mut |key, rows| {
                let Some(kept) = kept.get_mut(&key) else { return };
                for row in rows {
                    let figure = kept.entry(row.period).or_default();
                    figure.highest_slot = figure.highest_slot.max(Some(row.slot));
                    if let Some(Counted { stored, collector: Some(collector) }) = row.counted {
                        figure.revisions.push(Revision { stored, collector });
                    }
                }
            })
            .await?;
        for figure in kept.values_mut().flat_map(BTreeMap::values_mut) {
            figure.revisions.sort_by_key(|revision| revision.stored.revision);
        }
        Ok(kept)
    }

    /// The descriptions that the store lacks. One given twice is lacking twice.
    async fn lacking_descriptions<'a>(
        &self,
        given: &'a [DatedDescription],
        ledger: &Ledger,
    ) -> Outcome<Vec<&'a DatedDescription>> {
        if given.is_empty() {
            return Ok(Vec::new());
        }
        let ids: BTreeSet<ServiceId> = given.iter().map(|dated| dated.description.id.clone()).collect();
        let mut kept = self.reader.descriptions(Some(&ids), ledger).await?;
        let mut is_lacking = |dated: &&DatedDescription| {
            let same = kept.iter().position(|kept| kept == *dated);
            same.map(|index| kept.swap_remove(index)).is_none()
        };
        Ok(given.iter().filter(|dated| is_lacking(dated)).collect())
    }
}

/// Adds the lines of what a series lacks, and gives how many they are.
fn revisions(
    series: &SeriesHistory,
    kept: Option<&KeptSeries>,
    id: &SubmissionId,
    lane: i64,
    entries: &mut Vec<Entry<Meaning>>,
) -> Outcome<u64> {
    let submission = id.text();
    let mut restored = 0;
    for given in of_each_figure(&series.revisions) {
        let Some(period) = given.first().map(|revision| revision.stored.point.period) else { continue };
        let figure = FigureKey { series: series.key.clone(), period };
        let kept = kept.and_then(|kept| kept.get(&period));
        let of_it = kept.map_or(&[][..], |kept| &kept.revisions);
        let lacking = lacking(of_it, given)
            .map_err(|contradiction| Fault::Refused(format!("{}: {contradiction}", named(&figure))))?;
        let highest = kept.and_then(|kept| kept.highest_slot);
        let free_slot = highest.map_or(0, |slot| slot + 1) + lane;
        for (slot, Revision { stored, collector }) in (free_slot..).zip(lacking) {
            there_is_room(slot, &figure)?;
            let origin = Origin { collector, submission: &submission };
            entries.push(Entry {
                line: point::line(&series.key, stored, slot, &origin)?,
                meaning: Meaning::New(figure.clone()),
            });
            restored += 1;
        }
    }
    Ok(restored)
}
