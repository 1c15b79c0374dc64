//! Answers to figures.

use jiff::Timestamp;
use kpi::{Batch, BatchBuilder, Point, SeriesKey, Value};

use super::plan::{Figure, Plan, ServicePlan};
use super::query::{self, Page};
use super::read::{self, Cell};
use crate::absence::Absent;
use crate::{CollectError, Context, PeriodSpan, Reason};

/// The figures of a window. A service that fails is left out and named; when all fail, so does the run.
pub(super) async fn gather(plan: &Plan, span: PeriodSpan, context: &Context) -> Result<Batch, CollectError> {
    let mut builder = BatchBuilder::new();
    let mut failures: Vec<(&ServicePlan, CollectError)> = Vec::new();
    for service in &plan.services {
        match figures(plan, service, span, context).await {
            Ok(figures) => {
                for (figure, page, cells) in figures {
                    add(&mut builder, plan, service, figure, span, &cells, context.clock.now());
                    warnings(&mut builder, service, figure, &page);
                }
            }
            Err(error) if concerns_all(&error) => return Err(error),
            Err(error) => failures.push((service, error)),
        }
    }
    if failures.len() == plan.services.len() {
        let mut failures = failures.into_iter();
        if let Some((_, first)) = failures.next() {
            let others = failures.map(|(service, error)| format!("{}: {error}", service.id)).collect();
            return Err(first.with_details(others));
        }
        return Ok(Batch::default());
    }
    for (service, error) in failures {
        builder.note(service.id.as_str(), format!("left out ({}): {error}", error.reason()));
    }
    // Each series is asked for once and a bucket given twice was refused, so nothing conflicts.
    let (batch, _) = builder.finish();
    Ok(batch)
}

/// Whether the next service would fare no better. A key that is refused may be one without this site.
fn concerns_all(error: &CollectError) -> bool {
    matches!(error.reason(), Reason::Quota | Reason::Throttled | Reason::Transient)
}

async fn figures<'a>(
    plan: &Plan,
    service: &'a ServicePlan,
    span: PeriodSpan,
    context: &Context,
) -> Result<Vec<(&'a Figure, Page, Vec<Cell>)>, CollectError> {
    let mut figures = Vec::with_capacity(service.figures.len());
    for figure in &service.figures {
        let page = query::ask(plan, &service.site, figure, span, context).await?;
        let cells = read::cells(plan, &service.site, figure, &page, &span.periods().collect::<Vec<_>>())
            .map_err(|(reason, message)| CollectError::new(reason, message))?;
        figures.push((figure, page, cells));
    }
    Ok(figures)
}

fn add(
    builder: &mut BatchBuilder,
    plan: &Plan,
    service: &ServicePlan,
    figure: &Figure,
    span: PeriodSpan,
    cells: &[Cell],
    now: Timestamp,
) {
    let series = builder.series(SeriesKey {
        service: service.id.clone(),
        measure: figure.measure,
        channel: figure.channel,
        coverage: plan.coverage,
        period_kind: plan.period_kind,
    });
    for (period, cell) in span.periods().zip(cells) {
        let value = match cell {
            Cell::Count(count) => Some(Value::Known(*count)),
            Cell::Nothing => plan.absent.value(plan.settling.settled(period, now)),
            Cell::Unanswered => Some(Value::NotProvided),
        };
        if let Some(value) = value {
            let quality = plan.settling.quality(period, now);
            builder.push_to(series, Point { period, value, quality });
        }
    }
    let place = format!("{} {} {}", service.id, figure.measure, figure.channel);
    if plan.absent != Absent::Zero && cells.iter().all(|cell| *cell == Cell::Nothing) {
        let text = format!(
            "Plausible has nothing on {} in any of {} periods: not taken for zero; check how it is written, or \
             set absent = \"zero\" if there may be none",
            figure.subject,
            cells.len()
        );
        builder.note(place, text);
    } else if cells.contains(&Cell::Unanswered) {
        builder.note(place, "Plausible did not answer for every period asked for: not taken for zero");
    }
}

/// What Plausible itself says of an answer.
fn warnings(builder: &mut BatchBuilder, service: &ServicePlan, figure: &Figure, page: &Page) {
    let place = format!("{} {} {}", service.id, figure.measure, figure.channel);
    let of_metrics = page.meta.metric_warnings.iter().flatten().map(|(metric, warning)| {
        let text = warning.get("warning").and_then(serde_json::Value::as_str);
        format!("{metric}: {}", text.map_or_else(|| warning.to_string(), str::to_owned))
    });
    for text in page.meta.imports_warning.iter().cloned().chain(of_metrics) {
        builder
            .note(place.as_str(), format!("Plausible warns: {}", text.chars().take(200).collect::<String>()));
    }
}
