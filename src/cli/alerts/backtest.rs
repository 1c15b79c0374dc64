//! `alerts backtest`: what would have been alerted in the past, as it was known then.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;
use kpi::{Kpi, PeriodKind, ServiceId};
use rust_decimal::Decimal;
use serde::Serialize;

use super::super::error::CommandError;
use super::super::{Environment, open_store};
use crate::alerts::backtest::{self, Label, Line, NaiveRule, Replayed, Told, arrivals, read_labels};
use crate::alerts::calendar::Holidays;
use crate::alerts::{Rule, Severity, Subject};
use crate::catalogue::{self, ServiceProfile};
use crate::config::Settings;
use crate::store::{Access, Query, SeriesHistory};

/// Replay the past as it was known at the time, and show what would have been alerted.
#[derive(Debug, Args)]
pub(in crate::cli) struct Backtest {
    /// Alerts raised on this day or later.
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// What was known by the end of this day.
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// What truly happened, one JSON object a line: see docs/alerting.md.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Set simple rules beside ours.
    #[arg(long)]
    compare: bool,
    /// One JSON object a fall that would have been alerted.
    #[arg(long, conflicts_with = "compare")]
    json: bool,
}

/// A fall that would have been alerted, as `--json` prints it.
#[derive(Serialize)]
struct Row<'a> {
    service: &'a ServiceId,
    kpi: Kpi,
    period_kind: PeriodKind,
    /// First day of the period that told.
    period_start: String,
    severity: Severity,
    known_on: Date,
    from: Decimal,
    to: Decimal,
}

pub(in crate::cli) async fn run(command: &Backtest, environment: &Environment) -> Result<(), CommandError> {
    let labels = command.labels.as_ref().map(labels).transpose()?;
    let settings = environment.settings()?;
    let services = services(&settings).await?;
    let holidays = settings.calendar.holidays(&settings.alerts.nations);
    let span = (command.from, command.to);
    let replayed = tokio::task::spawn_blocking(move || backtest::replay(&services, span))
        .await
        .map_err(|error| CommandError::caused("cannot replay the past", error))?;
    let mut out = std::io::stdout().lock();
    let written = if command.json {
        json(&replayed, &mut out)
    } else {
        let text = table(&replayed, labels.as_deref(), command.compare, &holidays);
        out.write_all(text.as_bytes())
    };
    written.map_err(|error| CommandError::caused("cannot write to standard output", error))
}

fn labels(path: &PathBuf) -> Result<Vec<Label>, CommandError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        CommandError::caused(format!("cannot read the labels {}", path.display()), error)
    };
    let file = File::open(path).map_err(|error| failed(error.into()))?;
    read_labels(BufReader::new(file)).map_err(|error| failed(error.into()))
}

/// Every service with everything that became known of it.
async fn services(settings: &Settings) -> Result<Vec<backtest::Service>, CommandError> {
    let failed = |error| CommandError::caused("cannot read the figures", error);
    let store = open_store(settings, Access::Read)?;
    let described = store.services(None).await.map_err(failed)?;
    let catalogue = catalogue::join(described, &settings.services);
    let mut by_service: BTreeMap<ServiceId, Vec<SeriesHistory>> = BTreeMap::new();
    for series in store.history(&Query::default()).await.map_err(failed)? {
        by_service.entry(series.key.service.clone()).or_default().push(series);
    }
    let configured: BTreeMap<&ServiceId, _> =
        settings.services.iter().map(|one| (&one.description.id, &one.alerts)).collect();
    let service = |(id, series): (ServiceId, Vec<SeriesHistory>)| {
        let profile = catalogue.get(&id).cloned().unwrap_or_else(|| ServiceProfile::unnamed(id.clone()));
        let watched = configured.get(&id).copied().unwrap_or(&settings.alerts).clone();
        backtest::Service {
            source: series.first().map(|series| series.owner.clone()),
            arrivals: arrivals(&series, &profile.rules.time_zone),
            holidays: settings.calendar.holidays(&watched.nations),
            rules: profile.rules,
            settings: watched,
            id,
        }
    };
    Ok(by_service.into_iter().map(service).collect())
}

fn json(replayed: &Replayed, out: &mut impl Write) -> std::io::Result<()> {
    for Told { alert, known_on } in &replayed.told {
        let (Subject::Service(service), Some(change)) = (&alert.subject, alert.evidence.change) else {
            continue;
        };
        let row = Row {
            service,
            kpi: alert.kpi,
            period_kind: alert.period_kind,
            period_start: alert.latest.start_text(),
            severity: alert.severity,
            known_on: *known_on,
            from: change.from.normalize(),
            to: change.to.round_dp(6).normalize(),
        };
        serde_json::to_writer(&mut *out, &row)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn table(replayed: &Replayed, labels: Option<&[Label]>, compare: bool, holidays: &Holidays) -> String {
    use std::fmt::Write as _;
    let mut text = format!("{:<34}{:>8}{:>10}{:>10}\n", "Rule", "Alerts", "Critical", "Services");
    for rule in Rule::ALL {
        let of_rule: Vec<&Told> = replayed.told.iter().filter(|told| told.alert.rule == rule).collect();
        let critical = of_rule.iter().filter(|told| told.alert.severity == Severity::Critical).count();
        let services: BTreeSet<String> = of_rule.iter().map(|told| told.alert.subject.to_string()).collect();
        let _ =
            writeln!(text, "{:<34}{:>8}{critical:>10}{:>10}", rule.as_str(), of_rule.len(), services.len());
    }
    let naive: Vec<(NaiveRule, Vec<Line>)> = if compare { naive(replayed) } else { Vec::new() };
    for (rule, lines) in &naive {
        let services: BTreeSet<&ServiceId> = lines.iter().map(|line| &line.service).collect();
        let _ = writeln!(text, "{:<34}{:>8}{:>10}{:>10}", rule.to_string(), lines.len(), "", services.len());
    }
    let Some(labels) = labels else { return text };
    scores(&mut text, "all rules", &Line::falls(replayed, None), labels, replayed, holidays);
    for rule in Rule::ALL {
        let lines = Line::falls(replayed, Some(rule));
        if !lines.is_empty() {
            scores(&mut text, &rule.as_str().replace('_', " "), &lines, labels, replayed, holidays);
        }
    }
    for (rule, lines) in &naive {
        scores(&mut text, &rule.to_string(), lines, labels, replayed, holidays);
    }
    text
}

fn naive(replayed: &Replayed) -> Vec<(NaiveRule, Vec<Line>)> {
    let lines = |rule: NaiveRule| {
        let of_service = |service: &crate::alerts::watch::ServiceHistory| {
            let id = service.service.clone();
            let of_kpi = service.kpis.iter().flat_map(move |history| {
                backtest::naive(rule, history).into_iter().map(move |period| (history.kpi, period))
            });
            of_kpi
                .map(|(kpi, period)| Line { service: id.clone(), kpi, period, critical: false })
                .collect::<Vec<_>>()
        };
        replayed.services.iter().flat_map(of_service).collect()
    };
    NaiveRule::ALL.into_iter().map(|rule| (rule, lines(rule))).collect()
}

fn scores(
    text: &mut String,
    name: &str,
    lines: &[Line],
    labels: &[Label],
    replayed: &Replayed,
    holidays: &Holidays,
) {
    use std::fmt::Write as _;
    for (kind, score) in backtest::score(lines, labels, &replayed.services, holidays) {
        let a_year = |count: u32| f64::from(count) / score.service_years.max(f64::MIN_POSITIVE);
        let _ = writeln!(
            text,
            "\nBy {kind}, {name}: {:.3} false alarms a service-year ({:.3} critical), {:.0} service-years",
            a_year(score.false_alarms),
            a_year(score.false_critical),
            score.service_years
        );
        let _ = writeln!(
            text,
            "{:<20}{:>7}{:>7}{:>7}{:>7}{:>7}{:>9}{:>8}{:>10}{:>12}",
            "Event", "Points", "Labels", "In 1", "In 2", "In 5", "At all", "Delay", "Critical", "Duplicates"
        );
        for ((event, points), found) in &score.events {
            let percent = |count: u32| format!("{:.0} %", 100.0 * f64::from(count) / f64::from(found.labels));
            let delay = match found.at_all {
                0 => "-".to_owned(),
                many => format!("{:.1}", f64::from(found.delay) / f64::from(many)),
            };
            let _ = writeln!(
                text,
                "{event:<20}{points:>7}{:>7}{:>7}{:>7}{:>7}{:>9}{delay:>8}{:>10}{:>12.2}",
                found.labels,
                percent(found.in_1),
                percent(found.in_2),
                percent(found.in_5),
                percent(found.at_all),
                percent(found.critical),
                f64::from(found.duplicates) / f64::from(found.labels)
            );
        }
    }
}
