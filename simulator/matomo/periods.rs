//! `period` and `date`: which days a request is about, and the key of each period.

use jiff::ToSpan;
use jiff::civil::Date;
use kpi::{Period, PeriodKind};

use super::errors::Refusal;

/// A period of the answer: its key, first and last day.
pub(super) type Span = (String, Date, Date);

/// The periods asked for, and whether the answer is keyed by them.
pub(super) fn resolve(period: &str, text: &str, today: Date) -> Result<(bool, Vec<Span>), Refusal> {
    let kind = match period {
        "day" => PeriodKind::Day,
        "week" => PeriodKind::Week,
        "month" => PeriodKind::Month,
        "year" => PeriodKind::Year,
        "range" => return Ok((false, vec![range(text, today)?])),
        _ => {
            return Err(Refusal::bad(format!(
                "The period '{period}' is not supported. Try any of the following instead: day, week, month, year, range"
            )));
        }
    };
    if let Ok(date) = one(text, today) {
        return Ok((false, vec![span(kind, date)?]));
    }
    let (_, first, last) = range(text, today)?;
    let mut spans: Vec<Span> = Vec::new();
    let mut date = first;
    while date <= last {
        let span = span(kind, date)?;
        date = span.2.saturating_add(1.day());
        spans.push(span);
    }
    Ok((true, spans))
}

fn malformed(text: &str) -> Refusal {
    Refusal::bad(format!(
        "Date format must be: YYYY-MM-DD, or 'today' or 'yesterday' or any keyword supported by the strtotime \
         function (see http://php.net/strtotime for more information): {text}"
    ))
}

fn one(text: &str, today: Date) -> Result<Date, Refusal> {
    match text {
        "today" => Ok(today),
        "yesterday" => Ok(today.saturating_sub(1.day())),
        _ => text.parse().map_err(|_| malformed(text)),
    }
}

fn range(text: &str, today: Date) -> Result<Span, Refusal> {
    let counted = |prefix: &str| text.strip_prefix(prefix).and_then(|number| number.parse::<i32>().ok());
    let (first, last) = if let Some((first, last)) = text.split_once(',') {
        (one(first, today)?, one(last, today)?)
    } else if let Some(number) = counted("last") {
        (today.saturating_sub((number - 1).max(0).days()), today)
    } else if let Some(number) = counted("previous") {
        (today.saturating_sub(number.days()), today.saturating_sub(1.day()))
    } else {
        return Err(malformed(text));
    };
    Ok((format!("{first},{last}"), first, last))
}

fn span(kind: PeriodKind, date: Date) -> Result<Span, Refusal> {
    let first = Period::containing(kind, date).map_err(|error| Refusal::bad(error.to_string()))?.start_date();
    let last = match kind {
        PeriodKind::Week => first.saturating_add(6.days()),
        PeriodKind::Month => first.last_of_month(),
        PeriodKind::Year => first.last_of_year(),
        _ => first,
    };
    let key = match kind {
        PeriodKind::Week => format!("{first},{last}"),
        PeriodKind::Month => first.strftime("%Y-%m").to_string(),
        PeriodKind::Year => first.strftime("%Y").to_string(),
        _ => first.to_string(),
    };
    Ok((key, first, last))
}
