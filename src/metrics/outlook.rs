//! What is expected of figures to come, as gauges, written whenever the watch has judged anew.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use flate2::Compression;
use kpi::Kpi;

use super::exposition::Part;
use super::families::Families;
use super::table::Family;
use crate::alerts::watch::KpiOutlook;
use crate::alerts::watcher::OutlookBoard;

/// The outlooks' part of `/metrics`.
#[derive(Default)]
pub struct OutlookPage(ArcSwapOption<Part>);

impl OutlookPage {
    /// The newest; `None` until something has been judged.
    pub(super) fn part(&self) -> Option<Arc<Part>> {
        self.0.load_full()
    }
}

impl OutlookBoard for OutlookPage {
    fn show(&self, outlooks: &[KpiOutlook]) {
        let mut families = Families::default();
        for one in outlooks {
            add(&mut families, one);
        }
        match Part::of(&families.finish(), Compression::default()) {
            Ok(part) => self.0.store(Some(Arc::new(part))),
            Err(error) => tracing::error!(%error, "what is expected of figures cannot be shown at /metrics"),
        }
    }
}

fn add(families: &mut Families, KpiOutlook { service, kpi, cadence, outlook, due }: &KpiOutlook) {
    let (service, period) = (service.as_str(), cadence.kind().as_str());
    if let (Kpi::DigitalTakeup, Some(outlook)) = (kpi, outlook) {
        families.add_decimal(Family::TakeupExpectedLower, &[service, period], outlook.expected_lower);
        if let Some(forecast) = outlook.forecast {
            families.add_decimal(Family::TakeupForecast, &[service, period], forecast);
        }
    }
    if let Some(due) = due {
        families.add(Family::NextDue, &[service, kpi.as_str(), period], due.at.as_second() as f64);
    }
}

#[cfg(test)]
mod tests {
    use kpi::{Period, PeriodKind, ServiceId};
    use rust_decimal::Decimal;

    use super::*;
    use crate::alerts::Cadence;
    use crate::alerts::detect::Outlook;
    use crate::alerts::watch::Due;
    use crate::metrics::exposition::{Encoding, join};

    fn shown(page: &OutlookPage) -> Vec<String> {
        let part = page.part().unwrap();
        let text = String::from_utf8(join(&[&part], Encoding::Identity).concat()).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).map(ToOwned::to_owned).collect()
    }

    fn outlook(kpi: Kpi, forecast: Option<Decimal>) -> KpiOutlook {
        let next = Period::from_start_text(PeriodKind::Week, "2026-11-23").unwrap();
        KpiOutlook {
            service: "a-service".parse::<ServiceId>().unwrap(),
            kpi,
            cadence: Cadence::Week,
            outlook: Some(Outlook { next, expected_lower: Decimal::new(84, 2), forecast }),
            due: Some(Due { period: next, at: "2026-11-26T12:00:00Z".parse().unwrap() }),
        }
    }

    #[test]
    fn a_watched_service_has_a_lower_edge_a_forecast_and_a_due_time() {
        let page = OutlookPage::default();
        page.show(&[outlook(Kpi::DigitalTakeup, Some(Decimal::new(88, 2)))]);
        assert_eq!(
            shown(&page),
            [
                r#"pp_digital_takeup_expected_lower_ratio{service="a-service",period="week"} 0.84"#,
                r#"pp_digital_takeup_forecast_ratio{service="a-service",period="week"} 0.88"#,
                r#"pp_kpi_next_due_timestamp_seconds{service="a-service",kpi="digital_takeup",period="week"} 1795694400"#,
            ]
        );
    }

    #[test]
    fn while_a_fall_lasts_there_is_no_forecast_and_other_kpis_have_a_due_time_only() {
        let page = OutlookPage::default();
        page.show(&[outlook(Kpi::DigitalTakeup, None)]);
        assert!(!shown(&page).iter().any(|line| line.contains("forecast")));
        page.show(&[outlook(Kpi::CompletionRate, Some(Decimal::ONE))]);
        assert_eq!(shown(&page).len(), 1, "{:?}", shown(&page));
    }

    #[test]
    fn what_is_no_longer_watched_is_gone() {
        let page = OutlookPage::default();
        page.show(&[outlook(Kpi::DigitalTakeup, None)]);
        page.show(&[]);
        assert!(shown(&page).is_empty());
    }
}
