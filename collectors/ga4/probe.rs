//! The cheapest questions that prove address, credentials, access and every name in the settings.

use std::collections::BTreeSet;

use jiff::ToSpan;
use kpi::Period;

use super::answer::Names;
use super::ask::Asking;
use super::gather::Gathered;
use super::question;
use crate::http::Request;
use crate::{CollectError, PeriodSpan, Reason};

/// What there is to say about one property.
pub(super) async fn property(asking: &mut Asking<'_>) -> Result<Vec<String>, CollectError> {
    let (plan, property) = (asking.plan, asking.property);
    let address = plan.api.at(&format!("v1beta/properties/{}/metadata", property.id));
    let names: Names = asking.send(Request::get(address)).await?;
    let unknown = unknown_names(asking, &names);
    if !unknown.is_empty() {
        let problem = format!(
            "property {} does not know {}; correct the name, or register the custom dimension (Admin, Custom \
             definitions)",
            property.id,
            unknown.join(", ")
        );
        return Err(CollectError::new(Reason::Config, problem));
    }
    for report in &property.reports {
        asking.check(report, plan.period_kind).await?;
    }
    let now = asking.context.clock.now();
    let yesterday = now.to_zoned(plan.settling.zone.clone()).date().saturating_sub(1.day());
    let period = Period::containing(plan.period_kind, yesterday);
    if let (Ok(period), Some(report)) = (period, property.reports.first()) {
        let span = PeriodSpan { first: period, last: period };
        let page = asking.page(report, span, 0).await?;
        let mut gathered = Gathered::new(span);
        gathered.add(plan, property, report, &page)?;
        let tokens = page.property_quota.and_then(|quota| quota.tokens_per_day);
        let left =
            tokens.map_or_else(String::new, |tokens| format!(", {} tokens left today", tokens.remaining));
        let mut lines = vec![format!(
            "property {}: {} names known, {} questions accepted, days in {}{left}",
            property.id,
            names.dimensions.len() + names.metrics.len(),
            property.reports.len(),
            plan.settling.zone_name()
        )];
        lines.extend(gathered.notes.iter().map(|note| format!("property {}: {note}", property.id)));
        return Ok(lines);
    }
    Ok(Vec::new())
}

fn unknown_names(asking: &Asking<'_>, names: &Names) -> Vec<String> {
    let knows = |known: &[super::answer::Name], name: &str| {
        known.iter().any(|one| {
            one.api_name == name || one.deprecated_api_names.iter().any(|deprecated| deprecated == name)
        })
    };
    let mut unknown: BTreeSet<String> = BTreeSet::new();
    for report in &asking.property.reports {
        let time = question::time_dimension(asking.plan.period_kind);
        for name in report.dimensions().chain([time]).filter(|name| !knows(&names.dimensions, name)) {
            unknown.insert(format!("the dimension {name:?}"));
        }
        let metric = report.metric.api_name();
        if !knows(&names.metrics, metric) {
            unknown.insert(format!("the metric {metric:?}"));
        }
    }
    unknown.into_iter().collect()
}
