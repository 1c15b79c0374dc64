//! Services as collectors describe them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kpi::ServiceId;
use kpi::service::{Organisation, ServiceDescription};

use super::answer::{Cell, Rows};
use super::fault::{Fault, Outcome};
use super::influxql::Select;
use super::ledger::{Ledger, nanoseconds, timestamp};
use super::line::{Line, LineError};
use super::reader::Reader;
use super::schema::{ALL_TIME, SERVICE};
use crate::store::DatedDescription;

const FIELDS: [&str; 8] = [
    "name",
    "department",
    "department_name",
    "agency",
    "agency_name",
    "collector",
    "collected_at",
    "submission",
];
const SERVICES_PER_STATEMENT: usize = 100;

/// The line of a description, at a second that no other description of the service has.
pub(super) fn line(described: &DatedDescription, submission: &str, secs: i64) -> Result<String, LineError> {
    let DatedDescription { collector, described_at, description } = described;
    let mut line = Line::new(SERVICE)?
        .tag("service", description.id.as_str())?
        .text("name", &description.name)?
        .text("collector", collector.as_str())?
        .integer("collected_at", nanoseconds(*described_at))?
        .text("submission", submission)?;
    for (key, organisation) in [("department", &description.department), ("agency", &description.agency)] {
        if let Some(Organisation { id, name }) = organisation {
            line = line.text(key, id.as_str())?.text(&format!("{key}_name"), name)?;
        }
    }
    line.at(secs)
}

impl Reader {
    /// Every description that counts, of some services or of all, in order of service and time.
    pub(super) async fn descriptions(
        &self,
        services: Option<&BTreeSet<ServiceId>>,
        ledger: &Ledger,
    ) -> Outcome<Vec<DatedDescription>> {
        let mut found: BTreeMap<ServiceId, Vec<DatedDescription>> = BTreeMap::new();
        let (from, to) = ALL_TIME;
        let select = Select::fields(&FIELDS, SERVICE).between(from, to).by(&["service"]);
        let statements: Vec<String> = match services {
            None => vec![select.build()],
            Some(services) => services
                .iter()
                .collect::<Vec<_>>()
                .chunks(SERVICES_PER_STATEMENT)
                .map(|part| select.clone().where_any("service", part.iter().map(|id| id.as_str())).build())
                .collect(),
        };
        self.client
            .ask(&statements, &mut |_, rows| {
                let id: ServiceId = rows.tag("service").parse().map_err(Fault::unreadable)?;
                let of_it = found.entry(id.clone()).or_default();
                for cells in &rows.values {
                    of_it.extend(read(&id, &rows, cells, ledger)?);
                }
                Ok(())
            })
            .await?;
        // Those of one instant stay in the order they were given.
        for of_it in found.values_mut() {
            of_it.sort_by_key(|dated| dated.described_at);
        }
        Ok(found.into_values().flatten().collect())
    }

    /// Each service as last described, by whichever collector, at an instant.
    pub(super) async fn services(&self, known_at: Option<Timestamp>) -> Outcome<Vec<ServiceDescription>> {
        let ledger = self.ledger().await?;
        let mut services: Vec<ServiceDescription> = Vec::new();
        for described in self.descriptions(None, &ledger).await? {
            if known_at.is_some_and(|instant| described.described_at > instant) {
                continue;
            }
            match services.last_mut() {
                Some(last) if last.id == described.description.id => *last = described.description,
                _ => services.push(described.description),
            }
        }
        Ok(services)
    }
}

/// A description, where its submission counts.
fn read(
    id: &ServiceId,
    rows: &Rows<'_>,
    cells: &[Cell<'_>],
    ledger: &Ledger,
) -> Outcome<Option<DatedDescription>> {
    let unreadable = || Fault::Unreadable(format!("a description of {:?} is {cells:?}", rows.tags));
    let [_, name, department, department_name, agency, agency_name, collector, collected_at, submission] =
        cells
    else {
        return Err(unreadable());
    };
    if !submission.text().is_some_and(|submission| ledger.counts(submission)) {
        return Ok(None);
    }
    let organisation = |id: &Cell<'_>, name: &Cell<'_>| match (id, name) {
        (Cell::Absent, Cell::Absent) => Ok(None),
        (Cell::Text(id), Cell::Text(name)) => {
            Ok(Some(Organisation { id: id.parse().map_err(Fault::unreadable)?, name: name.to_string() }))
        }
        _ => Err(unreadable()),
    };
    Ok(Some(DatedDescription {
        collector: collector.text().ok_or_else(unreadable)?.parse().map_err(Fault::unreadable)?,
        described_at: timestamp(collected_at.integer().ok_or_else(unreadable)?),
        description: ServiceDescription {
            id: id.clone(),
            name: name.text().ok_or_else(unreadable)?.to_owned(),
            department: organisation(department, department_name)?,
            agency: organisation(agency, agency_name)?,
        },
    }))
}
