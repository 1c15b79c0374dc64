//! Rows as CSV (RFC 4180): the same texts as the JSON, one column a variable.

use super::rows::Row;
use kpi::Kpi;
use rust_decimal::Decimal;

/// Column names, in order.
const COLUMNS: [&str; 27] = [
    "subject_kind",
    "subject_id",
    "subject_name",
    "kpi",
    "period_kind",
    "period_start",
    "period_end",
    "state",
    "value",
    "numerator",
    "denominator",
    "services_counted",
    "services_of",
    "volume_share",
    "reason",
    "basis",
    "provisional",
    "coverage",
    "parts_known",
    "parts_of",
    "collected_at",
    "revisions",
    "sampled_ppm",
    "thresholded",
    "definition_changed_on",
    "warning",
    "services_held_back",
];

/// The rows with a header.
pub fn csv(rows: &[Row]) -> Result<String, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for row in rows {
        writer.write_record(record(row))?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn record(row: &Row) -> [String; 27] {
    let figure = &row.figure;
    let known = figure.state.known();
    let part =
        |number: Option<Decimal>| number.map(|number| number.normalize().to_string()).unwrap_or_default();
    let basis = match figure.basis {
        kpi::calculate::Basis::Computed => "computed",
        kpi::calculate::Basis::Published => "published",
    };
    let evidence = &figure.evidence;
    let completeness = evidence.completeness;
    [
        row.subject.kind().to_owned(),
        row.subject.id().to_owned(),
        row.name.clone(),
        figure.kpi.to_string(),
        figure.period.kind().to_string(),
        figure.period.start_text(),
        figure.period.end_text(),
        figure.state.as_str().to_owned(),
        known.map(|known| figure.kpi.text(known.value)).unwrap_or_default(),
        part(known.and_then(|known| known.numerator)),
        part(known.and_then(|known| known.denominator)),
        row.services.counted.to_string(),
        row.services.of.to_string(),
        row.volume_share.map(|share| Kpi::DigitalTakeup.text(share)).unwrap_or_default(),
        figure.state.explanation().unwrap_or_default().to_owned(),
        basis.to_owned(),
        evidence.provisional.to_string(),
        evidence.coverage.to_string(),
        completeness.map(|parts| parts.known.to_string()).unwrap_or_default(),
        completeness.map(|parts| parts.of.to_string()).unwrap_or_default(),
        evidence.collected_at.map(|at| at.to_string()).unwrap_or_default(),
        evidence.revisions.to_string(),
        evidence.sampled.map(|share| share.parts_per_million().to_string()).unwrap_or_default(),
        evidence.thresholded.to_string(),
        evidence.definition_changed_on.map(|on| on.to_string()).unwrap_or_default(),
        evidence.warning.clone().unwrap_or_default(),
        row.held_back.iter().map(|(service, _)| service.as_str()).collect::<Vec<_>>().join(" "),
    ]
}
