//! An alert as feeds, commands and webhooks write it: the same words in each.

use kpi::service::Organisation;
use kpi::{CollectorName, Kpi, Period, PeriodKind, ServiceId};
use rust_decimal::Decimal;
use serde::Serialize;

use super::state::Kept;
use super::{Notice, Resolution, Rule, Severity, Subject, Unit};

/// An alert, flat, with names beside ids. Absent fields are `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertRecord {
    /// Its name for life.
    pub id: String,
    /// `open` or `resolved`.
    pub state: &'static str,
    /// What was looked for.
    pub rule: Rule,
    /// How soon somebody should look.
    pub severity: Severity,
    /// The service it is about.
    pub service: Option<ServiceId>,
    /// What that service is called.
    pub service_name: Option<String>,
    /// The department responsible.
    pub department: Option<Organisation>,
    /// The collector whose source it is about.
    pub source: Option<CollectorName>,
    /// Which KPI.
    pub kpi: Kpi,
    /// The kind of period it was seen in.
    pub period_kind: PeriodKind,
    /// The first period with the cause.
    pub began: Period,
    /// The newest period it was seen in.
    pub latest: Period,
    /// When it was first raised.
    pub raised_at: String,
    /// When it ended.
    pub resolved_at: Option<String>,
    /// Why it ended.
    pub resolution: Option<Resolution>,
    /// What `from` and `to` count.
    pub unit: Option<Unit>,
    /// The level before.
    pub from: Option<Decimal>,
    /// The value in the newest period.
    pub to: Option<Decimal>,
    /// Transactions the newest value rests on.
    pub transactions: Option<Decimal>,
    /// The channel that grew most.
    pub grew: Option<kpi::Channel>,
    /// Services that fell together.
    pub services: Vec<ServiceId>,
    /// What to know about the data and what to check.
    pub remarks: Vec<String>,
}

impl AlertRecord {
    /// An alert as it is kept.
    pub fn of(kept: &Kept) -> Self {
        Self::written(&kept.alert, &kept.services)
    }

    /// An alert as a receiver is told it.
    pub fn told(notice: &Notice) -> Self {
        Self::written(&notice.alert, &notice.services)
    }

    fn written(alert: &super::Alert, described: &[kpi::service::ServiceDescription]) -> Self {
        let (service, source) = match &alert.subject {
            Subject::Service(id) => (Some(id.clone()), None),
            Subject::Source(name) => (None, Some(name.clone())),
        };
        let named = service.as_ref().and_then(|id| described.iter().find(|service| service.id == *id));
        let evidence = &alert.evidence;
        let short = |number: Decimal| number.round_dp(6).normalize();
        Self {
            id: alert.id.to_string(),
            state: if alert.resolution.is_some() { "resolved" } else { "open" },
            rule: alert.rule,
            severity: alert.severity,
            service_name: named.map(|service| service.name.clone()),
            department: named.and_then(|service| service.department.clone()),
            service,
            source,
            kpi: alert.kpi,
            period_kind: alert.period_kind,
            began: alert.began,
            latest: alert.latest,
            raised_at: alert.raised_at.to_string(),
            resolved_at: alert.resolution.map(|end| end.at.to_string()),
            resolution: alert.resolution.map(|end| end.why),
            unit: evidence.change.map(|change| change.unit),
            from: evidence.change.map(|change| short(change.from)),
            to: evidence.change.map(|change| short(change.to)),
            transactions: evidence.transactions.map(|count| count.normalize()),
            grew: evidence.grew.map(|grew| grew.channel),
            services: evidence.services.clone(),
            remarks: evidence.remarks.clone(),
        }
    }
}

/// Column names, in order.
const COLUMNS: [&str; 22] = [
    "id",
    "state",
    "rule",
    "severity",
    "service_id",
    "service_name",
    "department_id",
    "department_name",
    "source",
    "kpi",
    "period_kind",
    "began",
    "latest",
    "raised_at",
    "resolved_at",
    "resolution",
    "unit",
    "from",
    "to",
    "transactions",
    "grew",
    "remarks",
];

/// Alerts as CSV (RFC 4180) with a header: the same texts as the JSON, periods by their first day.
pub fn csv(records: &[AlertRecord]) -> Result<String, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for record in records {
        writer.write_record(row(record))?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn row(record: &AlertRecord) -> [String; 22] {
    let number = |number: Option<Decimal>| number.map(|number| number.to_string()).unwrap_or_default();
    let department =
        |part: fn(&Organisation) -> String| record.department.as_ref().map(part).unwrap_or_default();
    [
        record.id.clone(),
        record.state.to_owned(),
        record.rule.as_str().to_owned(),
        record.severity.as_str().to_owned(),
        record.service.as_ref().map(ToString::to_string).unwrap_or_default(),
        record.service_name.clone().unwrap_or_default(),
        department(|department| department.id.to_string()),
        department(|department| department.name.clone()),
        record.source.as_ref().map(ToString::to_string).unwrap_or_default(),
        record.kpi.to_string(),
        record.period_kind.to_string(),
        record.began.start_text(),
        record.latest.start_text(),
        record.raised_at.clone(),
        record.resolved_at.clone().unwrap_or_default(),
        record.resolution.map(Resolution::as_str).unwrap_or_default().to_owned(),
        record.unit.map(Unit::as_str).unwrap_or_default().to_owned(),
        number(record.from),
        number(record.to),
        number(record.transactions),
        record.grew.map(|channel| channel.to_string()).unwrap_or_default(),
        record.remarks.join(" "),
    ]
}
