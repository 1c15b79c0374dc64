//! Which questions give the figures of some periods.
//!
//! The figure of a period is the value of the expression at its end, over its length. Periods of one
//! length that follow each other are the points of one range query; a day of 23 or 25 hours is a query of
//! its own (HTTP API, "Instant queries" and "Range queries").

use kpi::Period;

use super::answer::{self, Envelope, Series};
use super::config::{Plan, WINDOW};
use crate::http::Request;
use crate::{CollectError, Context};

/// Periods of one length, one after the other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// The ends of the periods in seconds, and the periods.
    pub(super) ends: Vec<(i64, Period)>,
    seconds: i64,
}

/// Cuts periods into runs.
pub(super) fn runs(plan: &Plan, periods: &[Period]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for period in periods {
        let span = period.span(&plan.settling.zone);
        let (start, end) = (span.start.as_second(), span.end.as_second());
        match runs.last_mut() {
            // Rolling years overlap: they begin a month apart, and none is the step of the next.
            Some(run)
                if run.seconds == end - start
                    && run.ends.last().is_some_and(|(before, _)| *before == start) =>
            {
                run.ends.push((end, *period));
            }
            _ => runs.push(Run { ends: vec![(end, *period)], seconds: end - start }),
        }
    }
    runs
}

/// A URL longer than this may be refused on its way; the same question then goes as a form.
const LONGEST_IN_URL: usize = 1500;

/// Asks for one expression over a run.
pub(super) async fn ask(
    plan: &Plan,
    query: &str,
    run: &Run,
    context: &Context,
) -> Result<(Vec<Series>, Vec<String>, Vec<String>), CollectError> {
    let query = query.replace(WINDOW, &format!("{}s", run.seconds));
    let (Some((first, _)), Some((last, _))) = (run.ends.first(), run.ends.last()) else {
        return Ok((Vec::new(), Vec::new(), Vec::new()));
    };
    let (path, times) = if first == last {
        ("api/v1/query", vec![("time", first.to_string())])
    } else {
        let times = [("start", first), ("end", last), ("step", &run.seconds)];
        ("api/v1/query_range", times.map(|(name, seconds)| (name, seconds.to_string())).to_vec())
    };
    let address = plan.address.at(path);
    let in_form = query.len() > LONGEST_IN_URL;
    let mut request = if in_form { Request::post(address) } else { Request::get(address) };
    for (name, value) in std::iter::once(("query", query)).chain(times) {
        request = if in_form { request.form(name, value) } else { request.query(name, value) };
    }
    for (name, value) in &plan.headers {
        request = request.header(name, value);
    }
    let request = request
        .credential(plan.credential.clone())
        .tls(plan.tls.clone())
        .host_limit(plan.host_limit)
        .timeout(plan.timeout)
        .expect_json()
        .classify(answer::failure);
    let reply = context.http.send(request).await?.without_credential();
    let mut envelope: Envelope = reply.json()?;
    let warnings = std::mem::take(&mut envelope.warnings);
    let infos = std::mem::take(&mut envelope.infos);
    Ok((envelope.series(&reply)?, warnings, infos))
}
