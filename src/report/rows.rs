use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};
use kpi::calculate::{Calculator, FigureTable, KpiFigure, Member, ServicesCounted, combine};
use kpi::service::SatisfactionFormula;
use kpi::{Kpi, OrganisationId, Period, PeriodKind, SampledShare, ServiceId};
use rust_decimal::Decimal;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::request::{By, Request, Wanted};
use crate::catalogue::{self, Catalogue, ServiceProfile};
use crate::config::settings::ServiceSettings;
use crate::snapshot::{DAYS_READ, tables};
use crate::store::{Query, Store, StoreError};

/// The formula groups are compared by, whatever each service declares.
const GROUP_SATISFACTION: SatisfactionFormula = SatisfactionFormula::SatisfiedShare;

/// Whose KPI a row is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Subject {
    /// Every service.
    Government(&'static str),
    /// The services of a department.
    Department(OrganisationId),
    /// A service.
    Service(ServiceId),
}

impl Subject {
    /// The subject of every service together.
    pub const GOVERNMENT: Self = Self::Government("government");

    /// Its id.
    pub fn id(&self) -> &str {
        match self {
            Self::Government(id) => id,
            Self::Department(id) => id.as_str(),
            Self::Service(id) => id.as_str(),
        }
    }

    /// The word for its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Government(_) => "government",
            Self::Department(_) => "department",
            Self::Service(_) => "service",
        }
    }
}

/// One KPI of one subject for one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Whose.
    pub subject: Subject,
    /// The subject's name as shown to people.
    pub name: String,
    /// The KPI.
    pub figure: KpiFigure,
    /// How many services it is made of; one of one for a service.
    pub services: ServicesCounted,
    /// For a group, the share of its known volume that the services counted make up.
    pub volume_share: Option<Decimal>,
    /// Services left out because their figures contradict each other.
    pub held_back: Vec<(ServiceId, String)>,
}

/// `{"subject":{…},"kpi":…,"period":{…},"state":…,"value":…,"numerator":…,"denominator":…,"services":{…},…}`,
/// numbers as text so that no reader rounds them.
impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let figure = &self.figure;
        let known = figure.state.known();
        let part = |number: Option<Decimal>| number.map(|number| number.normalize().to_string());
        let held_back: Vec<_> = self
            .held_back
            .iter()
            .map(|(service, reason)| serde_json::json!({ "service": service, "reason": reason }))
            .collect();
        let evidence = &figure.evidence;
        let mut row = serializer.serialize_struct("Row", 22)?;
        row.serialize_field("subject", &self.subject)?;
        row.serialize_field("name", &self.name)?;
        row.serialize_field("kpi", &figure.kpi)?;
        row.serialize_field("period", &figure.period)?;
        row.serialize_field("state", figure.state.as_str())?;
        row.serialize_field("value", &known.map(|known| figure.kpi.text(known.value)))?;
        row.serialize_field("numerator", &part(known.and_then(|known| known.numerator)))?;
        row.serialize_field("denominator", &part(known.and_then(|known| known.denominator)))?;
        row.serialize_field("services", &self.services)?;
        row.serialize_field("volume_share", &self.volume_share.map(|share| Kpi::DigitalTakeup.text(share)))?;
        row.serialize_field("reason", &figure.state.explanation())?;
        row.serialize_field("basis", &figure.basis)?;
        row.serialize_field("provisional", &evidence.provisional)?;
        row.serialize_field("coverage", &evidence.coverage)?;
        row.serialize_field("completeness", &evidence.completeness)?;
        row.serialize_field("collected_at", &evidence.collected_at.map(|at| at.to_string()))?;
        row.serialize_field("revisions", &evidence.revisions)?;
        row.serialize_field("sampled_ppm", &evidence.sampled.map(SampledShare::parts_per_million))?;
        row.serialize_field("thresholded", &evidence.thresholded)?;
        row.serialize_field("definition_changed_on", &evidence.definition_changed_on)?;
        row.serialize_field("warning", &evidence.warning)?;
        row.serialize_field("held_back", &held_back)?;
        row.end()
    }
}

/// The rows a request asks for, from the store.
pub async fn report(
    request: &Request,
    store: &dyn Store,
    configured: &[ServiceSettings],
    now: Timestamp,
) -> Result<Vec<Row>, StoreError> {
    let catalogue = catalogue::join(store.services(request.known_at).await?, configured);
    let tables = tables(store.series(&query(request)).await?);
    let mut services: BTreeMap<ServiceId, (ServiceProfile, FigureTable)> =
        tables.into_iter().map(|(id, table)| (id.clone(), (profile(&catalogue, id), table))).collect();
    if request.service.is_none() {
        for (id, profile) in &catalogue {
            services.entry(id.clone()).or_insert_with(|| (profile.clone(), FigureTable::new()));
        }
    }
    let services: Vec<Known<'_>> = services
        .iter()
        .map(|(id, (profile, table))| Known {
            id,
            profile,
            calculator: Calculator::new(table, &profile.rules),
        })
        .collect();
    let now = request.known_at.map_or(now, |known_at| known_at.min(now));
    Ok(match request.by {
        By::Service => service_rows(request, &services, now),
        By::Government => {
            let everyone: Vec<&Known<'_>> = services.iter().collect();
            group_rows(request, &Subject::GOVERNMENT, "All services", &everyone, now)
        }
        By::Department => department_rows(request, &services, now),
    })
}

/// Only the figures a period can be made of: those that start within it, with a margin for the zone. For
/// the newest periods exactly what a snapshot is made of, so that the two agree.
fn query(request: &Request) -> Query {
    let mut query = Query {
        services: request.service.clone().map(|service| vec![service]),
        known_at: request.known_at,
        ..Query::default()
    };
    match request.period {
        Wanted::Newest(_) => query.newest_days = Some(DAYS_READ),
        Wanted::One(period) => {
            query.from = Some(period.start_date().saturating_sub(1.day()));
            query.to = Some(period.end_date().saturating_add(1.day()));
        }
    }
    query
}

fn profile(catalogue: &Catalogue, id: ServiceId) -> ServiceProfile {
    catalogue.get(&id).cloned().unwrap_or_else(|| ServiceProfile::unnamed(id))
}

/// A service with the calculator over its figures.
struct Known<'a> {
    id: &'a ServiceId,
    profile: &'a ServiceProfile,
    calculator: Calculator<'a>,
}

fn service_rows(request: &Request, services: &[Known<'_>], now: Timestamp) -> Vec<Row> {
    let mut rows = Vec::new();
    for Known { id, profile, calculator } in services {
        for kpi in &request.kpis {
            let figure = match request.period {
                Wanted::Newest(kind) => calculator.latest(*kpi, kind, now),
                Wanted::One(period) => Some(calculator.compute(*kpi, period)),
            };
            let Some(figure) = figure else { continue };
            let counted = usize::from(figure.state.known().is_some());
            rows.push(Row {
                subject: Subject::Service((*id).clone()),
                name: profile.description.name.clone(),
                figure,
                services: ServicesCounted { counted, of: 1 },
                volume_share: None,
                held_back: Vec::new(),
            });
        }
    }
    rows
}

fn department_rows(request: &Request, services: &[Known<'_>], now: Timestamp) -> Vec<Row> {
    let mut departments: BTreeMap<&OrganisationId, (&str, Vec<&Known<'_>>)> = BTreeMap::new();
    for known in services {
        if let Some(department) = &known.profile.description.department {
            departments.entry(&department.id).or_insert((&department.name, Vec::new())).1.push(known);
        }
    }
    departments
        .into_iter()
        .flat_map(|(id, (name, members))| {
            group_rows(request, &Subject::Department(id.clone()), name, &members, now)
        })
        .collect()
}

fn group_rows(
    request: &Request,
    subject: &Subject,
    name: &str,
    members: &[&Known<'_>],
    now: Timestamp,
) -> Vec<Row> {
    let mut rows = Vec::new();
    for kpi in &request.kpis {
        let period = match request.period {
            Wanted::One(period) => Some(period),
            Wanted::Newest(kind) => newest_of_any(*kpi, kind, members, now),
        };
        let Some(period) = period else { continue };
        let figures: Vec<_> = members
            .iter()
            .map(|Known { id, calculator, .. }| {
                let figure = if *kpi == Kpi::UserSatisfaction {
                    calculator.satisfaction_by(GROUP_SATISFACTION, period)
                } else {
                    calculator.compute(*kpi, period)
                };
                let volume = |figure: &KpiFigure| figure.state.known().map(|known| known.value);
                let transactions = match kpi {
                    Kpi::Transactions => volume(&figure),
                    _ => volume(&calculator.compute(Kpi::Transactions, period)),
                };
                (*id, figure, transactions)
            })
            .collect();
        let group = combine(
            *kpi,
            period,
            figures.iter().map(|(service, figure, transactions)| Member {
                service,
                figure,
                transactions: *transactions,
            }),
        );
        rows.push(Row {
            subject: subject.clone(),
            name: name.to_owned(),
            figure: group.figure,
            services: group.services,
            volume_share: group.volume_share,
            held_back: group.held_back,
        });
    }
    rows
}

fn newest_of_any(kpi: Kpi, kind: PeriodKind, members: &[&Known<'_>], now: Timestamp) -> Option<Period> {
    let known = |calculator: &Calculator<'_>, period: &Period| {
        calculator.compute(kpi, *period).state.known().is_some()
    };
    members
        .iter()
        .filter_map(|Known { calculator, .. }| {
            calculator.recent_periods(kpi, kind, now).into_iter().find(|period| known(calculator, period))
        })
        .max()
}
