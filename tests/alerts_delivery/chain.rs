//! The real Alertmanager: told by a courier of ours, it tells a webhook of the fall and of its end.

use std::sync::Arc;

use collectors::{Clock, Http, SystemClock};
use pp_collector::alerts::deliver::{Context, Courier};
use pp_collector::alerts::state::AlertBook;
use pp_collector::alerts::{Event, Resolution, Resolved};
use tokio_util::sync::CancellationToken;

use crate::land::*;
use crate::monitoring::{Webhook, alertmanager};

#[tokio::test(flavor = "multi_thread")]
async fn alertmanager_tells_of_the_fall_and_of_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let hook = Webhook::start();
    let config = folder.path().join("alertmanager.yml");
    let text = format!(
        "route: {{ receiver: hook, group_by: [alertname, service], group_wait: 0s, group_interval: 1s }}\n\
         receivers: [{{ name: hook, webhook_configs: [{{ url: '{}', send_resolved: true }}] }}]\n",
        hook.address
    );
    std::fs::write(&config, text).unwrap();
    let Some(server) = alertmanager(&config, folder.path()) else { return };

    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let now = clock.now();
    let mut alert = fall("renew-a-licence");
    alert.raised_at = now;
    let book: AlertBook = book();
    book.record(vec![decision(Event::Raised(alert.clone()), &["am"])], now).await.unwrap();
    let http = Http::new(collectors::http::client().unwrap(), Arc::clone(&clock), Arc::new(Longest));
    let courier = Courier {
        context: Context { http, clock: Arc::clone(&clock) },
        ..courier(
            receiver("am", "alertmanager", &format!("urls = [{:?}]", server.address)),
            &book,
            &self::clock(),
        )
    };
    let stop = CancellationToken::new();
    assert_eq!(courier.round(&stop).await.unwrap(), None, "{}", server.log());
    let status = |wanted: &'static str| move |body: &serde_json::Value| body["alerts"][0]["status"] == wanted;
    let firing = hook.next("the fall", status("firing"));
    let told = &firing["alerts"][0];
    assert_eq!(told["labels"]["alertname"], "PpKpiDropped");
    assert_eq!(told["labels"]["service"], "renew-a-licence");
    assert_eq!(told["labels"]["department"], "department-for-transport");
    assert!(told["annotations"]["summary"].as_str().unwrap().starts_with("Renew a driving licence: "));
    assert_eq!(told["generatorURL"], "https://performance.example.gov.uk/services/renew-a-licence");

    let mut end = alert.clone();
    end.resolution = Some(Resolved { at: clock.now(), why: Resolution::Recovered });
    book.record(vec![decision(Event::Resolved(end), &["am"])], clock.now()).await.unwrap();
    courier.round(&stop).await.unwrap();
    let resolved = hook.next("its end", status("resolved"));
    assert_eq!(resolved["alerts"][0]["fingerprint"], told["fingerprint"], "the same alert");
}
