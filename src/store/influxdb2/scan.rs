//! What part of the server's figures a request is about, and how it is cut into statements.

use std::collections::{BTreeMap, BTreeSet};

use kpi::{Channel, Coverage, Measure, PeriodKind, ServiceId};

use super::influxql::Select;
use super::schema::{ALL_TIME, SERIES_TAGS};

/// Days that one statement reads at most.
const PAGE_DAYS: i64 = 400;
const SECONDS_PER_DAY: i64 = 86_400;
/// Services that one statement names at most.
const SERVICES_PER_STATEMENT: usize = 100;

/// A part of the figures. `None` is no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scan {
    pub(super) services: Option<BTreeSet<ServiceId>>,
    pub(super) measures: Option<Vec<Measure>>,
    pub(super) channel: Option<Channel>,
    pub(super) coverage: Option<Coverage>,
    pub(super) period_kinds: Option<Vec<PeriodKind>>,
    /// Points from one second up to another, which is not included.
    pub(super) secs: (i64, i64),
    /// Points collected at this instant or before, in nanoseconds since 1970.
    pub(super) collected_by: Option<i64>,
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            services: None,
            measures: None,
            channel: None,
            coverage: None,
            period_kinds: None,
            secs: ALL_TIME,
            collected_by: None,
        }
    }
}

impl Scan {
    /// Whether there is nothing it could find.
    pub(super) fn is_empty(&self) -> bool {
        let no_service = self.services.as_ref().is_some_and(BTreeSet::is_empty);
        let no_measure = self.measures.as_ref().is_some_and(Vec::is_empty);
        let no_kind = self.period_kinds.as_ref().is_some_and(Vec::is_empty);
        no_service || no_measure || no_kind || self.secs.0 >= self.secs.1
    }

    /// The conditions on tags and times.
    pub(super) fn narrow(&self, mut select: Select) -> Select {
        select = self.narrow_series(select).between(self.secs.0, self.secs.1);
        match self.collected_by {
            Some(instant) => select.where_at_most("collected_at", instant),
            None => select,
        }
    }

    /// The conditions on tags alone.
    pub(super) fn narrow_series(&self, mut select: Select) -> Select {
        if let Some(services) = &self.services {
            select = select.where_any("service", services.iter().map(ServiceId::as_str));
        }
        if let Some(measures) = &self.measures {
            select = select.where_any("measure", measures.iter().map(|measure| measure.as_str()));
        }
        if let Some(channel) = self.channel {
            select = select.where_any("channel", [channel.as_str()]);
        }
        if let Some(coverage) = self.coverage {
            select = select.where_any("coverage", [coverage.as_str()]);
        }
        if let Some(kinds) = &self.period_kinds {
            select = select.where_any("period_kind", kinds.iter().map(|kind| kind.as_str()));
        }
        select
    }

    /// A statement for some fields of the points, one answer for each series.
    pub(super) fn statement(&self, fields: &[&str], measurement: &str) -> String {
        self.narrow(Select::fields(fields, measurement)).by(&SERIES_TAGS).build()
    }

    /// The same for the newest points of each series, newest first.
    pub(super) fn newest_statement(&self, fields: &[&str], measurement: &str, count: usize) -> String {
        self.narrow(Select::fields(fields, measurement)).by(&SERIES_TAGS).newest(count).build()
    }

    /// The same in parts that name few enough services.
    pub(super) fn by_services(&self) -> Vec<Self> {
        let Some(services) = &self.services else { return vec![self.clone()] };
        let services: Vec<&ServiceId> = services.iter().collect();
        services
            .chunks(SERVICES_PER_STATEMENT)
            .map(|part| Self {
                services: Some(part.iter().map(|service| (*service).clone()).collect()),
                ..self.clone()
            })
            .collect()
    }

    /// The same in parts of few enough days, oldest first. They end at midnight, so that the points of
    /// one figure are never apart.
    pub(super) fn pages(&self) -> Vec<Self> {
        let (mut from, to) = self.secs;
        let mut pages = Vec::new();
        while from < to {
            let end = ((from.div_euclid(SECONDS_PER_DAY) + PAGE_DAYS) * SECONDS_PER_DAY).min(to);
            pages.push(Self { secs: (from, end), ..self.clone() });
            from = end;
        }
        pages
    }
}

/// The time that the figures of one series take.
pub(super) struct Span<'a> {
    pub(super) kind: PeriodKind,
    pub(super) service: &'a ServiceId,
    /// From one second up to another, which is not included.
    pub(super) secs: (i64, i64),
}

/// The scans that find figures: one for all services that have the same span of a kind. No series is in
/// two of them.
pub(super) fn scans_together(spans: &[Span<'_>]) -> Vec<Scan> {
    let mut of_services: BTreeMap<(PeriodKind, &ServiceId), (i64, i64)> = BTreeMap::new();
    for Span { kind, service, secs } in spans {
        let span = of_services.entry((*kind, service)).or_insert(*secs);
        *span = (span.0.min(secs.0), span.1.max(secs.1));
    }
    let mut together: BTreeMap<(PeriodKind, (i64, i64)), BTreeSet<ServiceId>> = BTreeMap::new();
    for ((kind, service), secs) in of_services {
        together.entry((kind, secs)).or_default().insert(service.clone());
    }
    let scan = |((kind, secs), services)| Scan {
        services: Some(services),
        period_kinds: Some(vec![kind]),
        secs,
        ..Scan::default()
    };
    together.into_iter().map(scan).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pages_tile_the_whole(from in -2_000_000_000..4_000_000_000_i64, length in 0..2_000_000_000_i64) {
            let scan = Scan { secs: (from, from + length), ..Scan::default() };
            let mut next = from;
            for page in scan.pages() {
                prop_assert_eq!(page.secs.0, next);
                prop_assert!(page.secs.1 - page.secs.0 <= PAGE_DAYS * SECONDS_PER_DAY);
                prop_assert!(page.secs.1 == from + length || page.secs.1 % SECONDS_PER_DAY == 0);
                next = page.secs.1;
            }
            prop_assert_eq!(next, from + length);
        }
    }

    #[test]
    fn a_long_list_of_services_is_cut() {
        let services: BTreeSet<ServiceId> = (0..250).map(|n| format!("s{n}").parse().unwrap()).collect();
        let parts = Scan { services: Some(services), ..Scan::default() }.by_services();
        assert_eq!(
            parts.iter().map(|part| part.services.as_ref().unwrap().len()).collect::<Vec<_>>(),
            [100, 100, 50]
        );
    }
}
