//! Answers to figures.

use jiff::Timestamp;
use kpi::{Batch, BatchBuilder, Period, Point, SeriesKey, Value};

use super::ask::Answers;
use super::plan::{Figure, Plan, ServicePlan};
use super::read::{self, Cell};
use super::refusal::Refusal;
use super::site;
use super::subject::Question;
use crate::absence::Absent;
use crate::{CollectError, PeriodSpan, Reason};

/// Everything to ask for a window.
pub(super) fn questions(plan: &Plan, span: PeriodSpan) -> Vec<Question> {
    let each = |service: &ServicePlan| {
        let mut questions = site::questions(service);
        questions.extend(service.figures.iter().map(|figure| Question::report(service.site, figure, span)));
        questions
    };
    plan.services.iter().flat_map(each).collect()
}

/// The figures of a window. A service that fails is left out and named; when all fail, so does the run.
pub(super) fn gather(
    plan: &Plan,
    span: PeriodSpan,
    answers: &Answers,
    now: Timestamp,
) -> Result<Batch, CollectError> {
    let periods: Vec<Period> = span.periods().collect();
    let mut builder = BatchBuilder::new();
    let mut failures: Vec<(&ServicePlan, Refusal)> = Vec::new();
    for service in &plan.services {
        match figures(plan, service, span, &periods, answers) {
            Ok(figures) => {
                for (figure, cells) in figures {
                    add(&mut builder, plan, service, figure, &periods, &cells, now);
                }
            }
            Err(refusal) => failures.push((service, refusal)),
        }
    }
    if failures.len() == plan.services.len()
        && let Some((service, first)) = failures.first()
    {
        let error = CollectError::new(first.reason, format!("{}: {}", service.id, first.message));
        let others = failures.iter().skip(1);
        return Err(error.with_details(
            others.map(|(service, refusal)| format!("{}: {}", service.id, refusal.message)).collect(),
        ));
    }
    for (service, refusal) in failures {
        builder.note(service.id.as_str(), format!("left out ({}): {}", refusal.reason, refusal.message));
    }
    // Each series is asked for once and each of its periods read once, so nothing conflicts.
    let (batch, _) = builder.finish();
    Ok(batch)
}

fn figures<'a>(
    plan: &Plan,
    service: &'a ServicePlan,
    span: PeriodSpan,
    periods: &[Period],
    answers: &Answers,
) -> Result<Vec<(&'a Figure, Vec<Cell>)>, Refusal> {
    site::check(plan, service, answers)?;
    let mut figures = Vec::with_capacity(service.figures.len());
    for figure in &service.figures {
        let answer = answers.to(&Question::report(service.site, figure, span))?;
        let cells = read::cells(figure, answer, periods).map_err(|problem| {
            let message = format!(
                "Matomo's answer for site {} cannot be read: {problem}; compare it with the report in Matomo, \
                 which may have been updated or changed, and correct what is counted here",
                service.site
            );
            Refusal::new(Reason::Malformed, message)
        })?;
        figures.push((figure, cells));
    }
    Ok(figures)
}

fn add(
    builder: &mut BatchBuilder,
    plan: &Plan,
    service: &ServicePlan,
    figure: &Figure,
    periods: &[Period],
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
    for (period, cell) in periods.iter().zip(cells) {
        let value = match cell {
            Cell::Count(count) => Some(Value::Known(*count)),
            // Archives are built late: until then an empty one says nothing.
            Cell::Nothing => plan.absent.value(plan.settling.settled(*period, now)),
            Cell::CutOff | Cell::Unanswered => Some(Value::NotProvided),
        };
        if let Some(value) = value {
            let quality = plan.settling.quality(*period, now);
            builder.push_to(series, Point { period: *period, value, quality });
        }
    }
    let place = format!("{} {} {}", service.id, figure.measure, figure.channel);
    note(builder, &place, plan, figure, periods, cells);
}

fn note(
    builder: &mut BatchBuilder,
    place: &str,
    plan: &Plan,
    figure: &Figure,
    periods: &[Period],
    cells: &[Cell],
) {
    let of = |wanted: Cell| periods.iter().zip(cells).filter(move |(_, cell)| **cell == wanted);
    if let Some((first, _)) = of(Cell::CutOff).next() {
        let text = format!(
            "{} is not listed for {first}, where Matomo put its rarest rows together as Others: not taken for \
             zero; have datatable_archiving_maximum_rows_events raised, or count a goal instead",
            figure.subject
        );
        builder.note(place, text);
    }
    if let Some((first, _)) = of(Cell::Unanswered).next() {
        let text =
            format!("Matomo gave no answer for {first}: not taken for zero; see when the site was created");
        builder.note(place, text);
    }
    if plan.absent != Absent::Zero && of(Cell::Nothing).count() == cells.len() {
        let text = format!(
            "Matomo has nothing on {} in any of {} periods: not taken for zero; check how it is written, or set \
             absent = \"zero\" if there may be none",
            figure.subject,
            cells.len()
        );
        builder.note(place, text);
    }
}
