//! Services as collectors describe them.

use jiff::Timestamp;
use kpi::service::{Organisation, ServiceDescription};
use kpi::{CollectorName, ServiceId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::append::newest_collection_at;
use super::fault::{Fault, Outcome};

const COLUMNS: &str = "service, name, department, department_name, agency, agency_name";

/// Whether a description differs from the last one this collector gave.
pub(super) fn changed(
    connection: &Connection,
    collector: &CollectorName,
    description: &ServiceDescription,
) -> Outcome<bool> {
    let last = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM service_description WHERE service = ? AND collector = ?
             ORDER BY collection_id DESC LIMIT 1"
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
    let newest = known_at.map_or(Ok(i64::MAX), |instant| newest_collection_at(connection, instant))?;
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM service_description WHERE collection_id <= ? ORDER BY service, collection_id"
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
