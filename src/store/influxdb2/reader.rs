//! Reads figures.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kpi::{CollectorName, FigureKey, Period, PeriodKind, SeriesKey, ServiceId};

use super::answer::Rows;
use super::client::QueryClient;
use super::fault::{Fault, Outcome};
use super::influxql::Select;
use super::ledger::{Ledger, nanoseconds};
use super::point::{Counted, FIELDS, FIELDS_OF_HISTORY, Row, series_key};
use super::scan::Scan;
use super::schema::{ALL_TIME, FIGURE, SERIES, SERIES_TAGS, slots, start_secs};
use crate::store::{Query, Revision, Series, SeriesHistory, StoredPoint};

/// Newest points of a series that are looked at before all of them are: its newest figure may have been
/// revised, or be part of a submission that does not count.
const NEWEST_POINTS: usize = 4;
const SECONDS_PER_DAY: i64 = 86_400;

/// Asks the server for figures.
pub(super) struct Reader {
    pub(super) client: QueryClient,
}

/// Which collector feeds each series.
pub(super) type Owners = BTreeMap<SeriesKey, CollectorName>;

impl Reader {
    pub(super) async fn ledger(&self) -> Outcome<Ledger> {
        let mut ledger = Ledger::default();
        self.client.ask(&Ledger::statements(), &mut |statement, rows| ledger.take(statement, &rows)).await?;
        Ok(ledger)
    }

    /// The figures a query selects, each as its newest revision, in order of series and period.
    pub(super) async fn series(&self, query: &Query) -> Outcome<Vec<Series>> {
        let ledger = self.ledger().await?;
        let mut found: BTreeMap<SeriesKey, Vec<StoredPoint>> = BTreeMap::new();
        self.select(query, &FIELDS, &ledger, &mut |key, rows| {
            let points = found.entry(key).or_default();
            rows.for_each(|row| keep_newest(points, row.stored));
        })
        .await?;
        self.with_owners(found, &scan_of(query), &ledger).await
    }

    /// Every revision of the figures a query selects, in order of series, period and revision.
    pub(super) async fn history(&self, query: &Query) -> Outcome<Vec<SeriesHistory>> {
        let ledger = self.ledger().await?;
        let mut found: BTreeMap<SeriesKey, Vec<Revision>> = BTreeMap::new();
        self.select(query, &FIELDS_OF_HISTORY, &ledger, &mut |key, rows| {
            found.entry(key).or_default().extend(rows.filter_map(revision));
        })
        .await?;
        found.values_mut().for_each(in_order_of_revision);
        let found = self.with_owners_of(found, &scan_of(query), &ledger).await?;
        Ok(found.into_iter().map(|(key, owner, revisions)| SeriesHistory { key, owner, revisions }).collect())
    }

    /// Hands on the points that a query selects and that count.
    async fn select(
        &self,
        query: &Query,
        fields: &[&str],
        ledger: &Ledger,
        sink: &mut (dyn FnMut(SeriesKey, &mut dyn Iterator<Item = Counted>) + Send),
    ) -> Outcome<()> {
        let whole = scan_of(query);
        let mut wanted = None;
        let scans = match query.newest_days {
            None => vec![whole],
            Some(days) => {
                let newest = self.newest(&Scan { secs: ALL_TIME, ..whole.clone() }, ledger).await?;
                let secs = newest_secs(&newest, days);
                let scans = scans_of(&whole, &secs);
                wanted = Some(secs);
                scans
            }
        };
        self.fetch(&scans, fields, ledger, &mut |key, rows| {
            let first = match &wanted {
                None => i64::MIN,
                Some(wanted) => wanted.get(&key).map_or(i64::MAX, |(first, _)| *first),
            };
            let of_it = rows.into_iter().filter(|row| start_secs(row.period) >= first);
            sink(key, &mut of_it.filter_map(|row| row.counted));
        })
        .await
    }

    /// Every revision of one figure, oldest first.
    pub(super) async fn revisions(&self, key: &FigureKey) -> Outcome<Vec<StoredPoint>> {
        if key.period.kind() != key.series.period_kind {
            return Ok(Vec::new());
        }
        let ledger = self.ledger().await?;
        let from = start_secs(key.period);
        let secs = (from, from + slots(key.series.period_kind));
        let mut points = Vec::new();
        let scan = Scan { secs, ..only(&key.series) };
        self.fetch(&[scan], &FIELDS_OF_HISTORY, &ledger, &mut |_, rows| {
            points.extend(rows.into_iter().filter_map(|row| row.counted).filter_map(revision));
        })
        .await?;
        in_order_of_revision(&mut points);
        Ok(points.into_iter().map(|revision| revision.stored).collect())
    }

    /// The newest figure of every series.
    pub(super) async fn latest(&self) -> Outcome<Vec<Series>> {
        let ledger = self.ledger().await?;
        let newest = self.newest(&Scan::default(), &ledger).await?;
        let found = newest.into_iter().map(|(key, stored)| (key, vec![stored])).collect();
        self.with_owners(found, &Scan::default(), &ledger).await
    }

    /// Hands on all points of parts of the figures that have no series in common, each series' in order
    /// of time.
    pub(super) async fn fetch(
        &self,
        scans: &[Scan],
        fields: &[&str],
        ledger: &Ledger,
        sink: &mut (dyn FnMut(SeriesKey, Vec<Row>) + Send),
    ) -> Outcome<()> {
        let mut statements = Vec::new();
        for scan in scans {
            let Some(scan) = self.within_bounds(scan).await? else { continue };
            let parts = scan.by_services();
            let pages = parts.iter().flat_map(Scan::pages);
            statements.extend(pages.map(|page| page.statement(fields, FIGURE)));
        }
        self.client
            .ask(&statements, &mut |_, rows| {
                let (key, rows) = read(&rows, ledger)?;
                sink(key, rows);
                Ok(())
            })
            .await
    }

    /// The scan with the times that there are points for, where it leaves them open.
    async fn within_bounds(&self, scan: &Scan) -> Outcome<Option<Scan>> {
        if scan.is_empty() {
            return Ok(None);
        }
        let (mut first, mut last) = (i64::MAX, i64::MIN);
        if scan.secs.0 > ALL_TIME.0 && scan.secs.1 < ALL_TIME.1 {
            return Ok(Some(scan.clone()));
        }
        let statements: Vec<String> = scan
            .by_services()
            .iter()
            .flat_map(|part| {
                ["FIRST", "LAST"]
                    .map(|function| part.narrow(Select::one(function, "revision", FIGURE)).build())
            })
            .collect();
        self.client
            .ask(&statements, &mut |_, rows| {
                for time in rows.values.iter().filter_map(|row| row.first()?.integer()) {
                    (first, last) = (first.min(time), last.max(time));
                }
                Ok(())
            })
            .await?;
        Ok((first <= last).then(|| Scan { secs: (first, last + 1), ..scan.clone() }))
    }

    /// The newest figure that counts of each series.
    async fn newest(&self, scan: &Scan, ledger: &Ledger) -> Outcome<BTreeMap<SeriesKey, StoredPoint>> {
        let mut newest = BTreeMap::new();
        let mut unclear = Vec::new();
        if scan.is_empty() {
            return Ok(newest);
        }
        let statements: Vec<String> = scan
            .by_services()
            .iter()
            .map(|part| part.newest_statement(&FIELDS, FIGURE, NEWEST_POINTS))
            .collect();
        self.client
            .ask(&statements, &mut |_, rows| {
                let (key, rows) = read(&rows, ledger)?;
                match newest_of(&rows) {
                    Some(stored) => drop(newest.insert(key, stored)),
                    None if rows.len() < NEWEST_POINTS => {}
                    None => unclear.push(key),
                }
                Ok(())
            })
            .await?;
        for key in unclear {
            let mut points = Vec::new();
            let alone = Scan { collected_by: scan.collected_by, ..only(&key) };
            self.fetch(&[alone], &FIELDS, ledger, &mut |_, rows| {
                rows.iter()
                    .filter_map(|row| row.counted.as_ref())
                    .for_each(|row| keep_newest(&mut points, row.stored));
            })
            .await?;
            newest.extend(points.pop().map(|stored| (key, stored)));
        }
        Ok(newest)
    }

    /// Which collector feeds each series that counts.
    pub(super) async fn owners(&self, scan: &Scan, ledger: &Ledger) -> Outcome<Owners> {
        let mut owners = Owners::new();
        if scan.is_empty() {
            return Ok(owners);
        }
        let (from, to) = ALL_TIME;
        let select = Select::fields(&["owner", "submission"], SERIES);
        let statements: Vec<String> = scan
            .by_services()
            .iter()
            .map(|part| part.narrow_series(select.clone()).between(from, to).by(&SERIES_TAGS).build())
            .collect();
        self.client
            .ask(&statements, &mut |_, rows| {
                let key = series_key(&rows)?;
                // In order of time: the last that counts is the owner now.
                for row in &rows.values {
                    let [_, owner, submission] = row.as_slice() else { continue };
                    let (Some(owner), Some(submission)) = (owner.text(), submission.text()) else { continue };
                    if ledger.counts(submission) {
                        owners.insert(key.clone(), owner.parse().map_err(Fault::unreadable)?);
                    }
                }
                Ok(())
            })
            .await?;
        Ok(owners)
    }

    async fn with_owners(
        &self,
        found: BTreeMap<SeriesKey, Vec<StoredPoint>>,
        scan: &Scan,
        ledger: &Ledger,
    ) -> Outcome<Vec<Series>> {
        let found = self.with_owners_of(found, scan, ledger).await?;
        Ok(found.into_iter().map(|(key, collector, points)| Series { key, collector, points }).collect())
    }

    /// The series that something was found of, each with its owner.
    async fn with_owners_of<T>(
        &self,
        found: BTreeMap<SeriesKey, Vec<T>>,
        scan: &Scan,
        ledger: &Ledger,
    ) -> Outcome<Vec<(SeriesKey, CollectorName, Vec<T>)>> {
        let found: Vec<_> = found.into_iter().filter(|(_, points)| !points.is_empty()).collect();
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let mut owners = self.owners(scan, ledger).await?;
        found
            .into_iter()
            .map(|(key, points)| match owners.remove(&key) {
                Some(owner) => Ok((key, owner, points)),
                None => Err(Fault::Unreadable(format!(
                    "{} of {} by {} has figures and no point in {SERIES} that says whose they are",
                    key.measure, key.service, key.channel
                ))),
            })
            .collect()
    }
}

fn read(rows: &Rows<'_>, ledger: &Ledger) -> Outcome<(SeriesKey, Vec<Row>)> {
    let key = series_key(rows)?;
    let points = rows.values.iter().map(|cells| Row::read(&key, cells, ledger)).collect::<Outcome<_>>()?;
    Ok((key, points))
}

/// One series alone.
fn only(key: &SeriesKey) -> Scan {
    Scan {
        services: Some(BTreeSet::from([key.service.clone()])),
        measures: Some(vec![key.measure]),
        channel: Some(key.channel),
        coverage: Some(key.coverage),
        period_kinds: Some(vec![key.period_kind]),
        ..Scan::default()
    }
}

/// What a query asks for, its limit of newest days left out.
fn scan_of(query: &Query) -> Scan {
    Scan {
        services: query.services.as_ref().map(|services| services.iter().cloned().collect()),
        measures: query.measures.clone(),
        period_kinds: query.period_kinds.clone(),
        secs: (query.from.map_or(ALL_TIME.0, midnight), query.to.map_or(ALL_TIME.1, midnight)),
        collected_by: query.known_at.map(nanoseconds),
        ..Scan::default()
    }
}

/// Midnight UTC, within the times that periods may have.
fn midnight(date: Date) -> i64 {
    match Period::containing(PeriodKind::Day, date) {
        Ok(day) => start_secs(day),
        Err(_) if date.year() < kpi::period::FIRST_YEAR => ALL_TIME.0,
        Err(_) => ALL_TIME.1,
    }
}

/// From and up to which second the newest days of each series lie, for the kinds limited by them: of
/// months and longer there are never many.
fn newest_secs(newest: &BTreeMap<SeriesKey, StoredPoint>, days: u32) -> BTreeMap<SeriesKey, (i64, i64)> {
    let span = |kind: PeriodKind, stored: &StoredPoint| {
        let start = start_secs(stored.point.period);
        let first = match kind {
            PeriodKind::Hour | PeriodKind::Day | PeriodKind::Week => {
                (start.div_euclid(SECONDS_PER_DAY) - i64::from(days)) * SECONDS_PER_DAY
            }
            _ => ALL_TIME.0,
        };
        (first, start + slots(kind))
    };
    newest.iter().map(|(key, stored)| (key.clone(), span(key.period_kind, stored))).collect()
}

/// The scans that find the newest days of each series: one for all services whose series of a kind begin
/// on the same day.
fn scans_of(whole: &Scan, secs: &BTreeMap<SeriesKey, (i64, i64)>) -> Vec<Scan> {
    let mut services: BTreeMap<(PeriodKind, &ServiceId), (i64, i64)> = BTreeMap::new();
    for (key, (first, end)) in secs {
        let span = services.entry((key.period_kind, &key.service)).or_insert((*first, *end));
        *span = (span.0.min(*first), span.1.max(*end));
    }
    let mut together: BTreeMap<(PeriodKind, i64), (i64, BTreeSet<ServiceId>)> = BTreeMap::new();
    for ((kind, service), (first, end)) in services {
        let (latest, services) = together.entry((kind, first)).or_default();
        *latest = if services.is_empty() { end } else { (*latest).max(end) };
        services.insert(service.clone());
    }
    let scan = |((kind, first), (end, services))| Scan {
        services: Some(services),
        period_kinds: Some(vec![kind]),
        secs: (whole.secs.0.max(first), whole.secs.1.min(end)),
        ..whole.clone()
    };
    together.into_iter().map(scan).collect()
}

/// The newest figure among the newest points of a series, which come newest first; `None` where they do
/// not say.
fn newest_of(rows: &[Row]) -> Option<StoredPoint> {
    let period = rows.iter().find(|row| row.counted.is_some())?.period;
    // Points of one figure lie together, so an older one after it means that all of it has been seen.
    let whole = rows.len() < NEWEST_POINTS || rows.last().is_some_and(|row| row.period < period);
    let of_it = rows.iter().filter(|row| row.period == period).filter_map(|row| row.counted.as_ref());
    of_it.map(|row| row.stored).max_by_key(rank).filter(|_| whole)
}

/// A higher revision replaces a lower one.
fn rank(stored: &StoredPoint) -> (u32, jiff::Timestamp) {
    (stored.revision, stored.collected_at)
}

/// Adds a point to those of its series, which come in order of period.
fn keep_newest(points: &mut Vec<StoredPoint>, next: StoredPoint) {
    match points.last_mut() {
        Some(last) if last.point.period == next.point.period => {
            if rank(&next) >= rank(last) {
                *last = next;
            }
        }
        _ => points.push(next),
    }
}

fn revision(point: Counted) -> Option<Revision> {
    Some(Revision { stored: point.stored, collector: point.collector? })
}

/// Of two points with one number, which only two writers of one name can make, the later counts.
fn in_order_of_revision(revisions: &mut Vec<Revision>) {
    revisions.sort_by_key(|revision| (revision.stored.point.period, rank(&revision.stored)));
    revisions.reverse();
    revisions.dedup_by_key(|revision| (revision.stored.point.period, revision.stored.revision));
    revisions.reverse();
}
