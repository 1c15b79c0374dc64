//! Services as collectors describe them.

use jiff::Timestamp;
use kpi::service::{Organisation, ServiceDescription};
use kpi::{CollectorName, ServiceId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::fault::{Fault, Outcome};
use super::row::{nanoseconds, timestamp};
use crate::store::DatedDescription;

const COLUMNS: &str = "service, name, department, department_name, agency, agency_name";

/// With when each was given, and by whom: ids of collections say nothing of time, because history
/// that is restored comes later than it was collected.
const DATED: &str = "service_description AS d CROSS JOIN collection AS c ON c.id = d.collection_id";

/// Whether a description differs from the last one this collector gave.
pub(super) fn changed(
    connection: &Connection,
    collector: &CollectorName,
    description: &ServiceDescription,
) -> Outcome<bool> {
    let last = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM {DATED} WHERE service = ? AND d.collector = ?
             ORDER BY collected_at DESC, collection_id DESC LIMIT 1"
        ))?
        .query_row(params![description.id.as_str(), collector.as_str()], |row| Ok(read(row)))
        .optional()?
        .transpose()?;
    Ok(last.as_ref() != Some(description))
}

pub(super) fn insert(
    connection: &Connection,
    collector: &CollectorName,
    collection_id: i64,
    description: &ServiceDescription,
) -> Outcome<()> {
    let id = |organisation: &Option<Organisation>| organisation.as_ref().map(|o| o.id.as_str().to_owned());
    let name = |organisation: &Option<Organisation>| organisation.as_ref().map(|o| o.name.clone());
    connection
        .prepare_cached(
            "INSERT INTO service_description
               (service, collector, collection_id, name, department, department_name, agency, agency_name)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            description.id.as_str(),
            collector.as_str(),
            collection_id,
            description.name,
            id(&description.department),
            name(&description.department),
            id(&description.agency),
            name(&description.agency),
        ])?;
    Ok(())
}

/// Each service as last described, by whichever collector, at an instant.
pub(super) fn services(
    connection: &Connection,
    known_at: Option<Timestamp>,
) -> Outcome<Vec<ServiceDescription>> {
    let newest = known_at.map_or(i64::MAX, nanoseconds);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {DATED} WHERE collected_at <= ?
         ORDER BY service, collected_at, collection_id"
    ))?;
    let mut rows = statement.query([newest])?;
    let mut services: Vec<ServiceDescription> = Vec::new();
    while let Some(row) = rows.next()? {
        let description = read(row)?;
        match services.last_mut() {
            Some(last) if last.id == description.id => *last = description,
            _ => services.push(description),
        }
    }
    Ok(services)
}

/// Every description, or those of one service.
pub(super) fn descriptions(
    connection: &Connection,
    service: Option<&ServiceId>,
) -> Outcome<Vec<DatedDescription>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, d.collector, collected_at FROM {DATED} WHERE service = ?1 OR ?1 IS NULL
         ORDER BY service, collected_at, collection_id"
    ))?;
    let mut rows = statement.query([service.map(ServiceId::as_str)])?;
    let mut descriptions = Vec::new();
    while let Some(row) = rows.next()? {
        descriptions.push(DatedDescription {
            description: read(row)?,
            collector: row.get::<_, String>(6)?.parse().map_err(Fault::unreadable)?,
            described_at: timestamp(row.get(7)?),
        });
    }
    Ok(descriptions)
}

pub(super) fn read(row: &Row<'_>) -> Outcome<ServiceDescription> {
    let id: ServiceId = row.get::<_, String>(0)?.parse().map_err(Fault::unreadable)?;
    Ok(ServiceDescription {
        id,
        name: row.get(1)?,
        department: organisation(row.get(2)?, row.get(3)?)?,
        agency: organisation(row.get(4)?, row.get(5)?)?,
    })
}

fn organisation(id: Option<String>, name: Option<String>) -> Outcome<Option<Organisation>> {
    match (id, name) {
        (None, None) => Ok(None),
        (Some(id), Some(name)) => Ok(Some(Organisation { id: id.parse().map_err(Fault::unreadable)?, name })),
        (id, name) => {
            Err(Fault::Unreadable(format!("an organisation has the id {id:?} and the name {name:?}")))
        }
    }
}
