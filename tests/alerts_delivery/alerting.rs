//! From figures that changed to a receiver that is told, with detection scripted.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kpi::ServiceId;
use pp_collector::alerts::alerting::{Alerting, Changed, Watch};
use pp_collector::alerts::deliver::DeliveryEvents;
use pp_collector::alerts::state::AlertBook;
use pp_collector::alerts::{Alert, Event, Resolution};
use pp_collector::config::{self, Settings, Source};
use pp_collector::snapshot::Snapshots;
use pp_collector::store::{EmbeddedStore, StoreError};

use crate::land::*;
use crate::stand_in::StandIn;

/// Finds what a test says, one list an evaluation.
#[derive(Default)]
struct Scripted(Mutex<VecDeque<Vec<Event>>>);

#[async_trait]
impl Watch for Scripted {
    fn configure(&self, _: &Settings) {}

    async fn look(&self, _: Option<&BTreeSet<ServiceId>>) -> Result<(), StoreError> {
        Ok(())
    }

    fn evaluate(&self, _: &[Alert], _: Timestamp) -> Vec<Event> {
        self.0.lock().unwrap().pop_front().unwrap_or_default()
    }
}

struct World {
    script: Arc<Scripted>,
    alerting: Alerting,
    book: AlertBook,
    settings: Settings,
    _folder: tempfile::TempDir,
}

impl World {
    fn new(stand_in: &StandIn) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.toml");
        let text = format!(
            "data_dir = {:?}\n[receivers.hook]\nkind = \"webhook\"\n[receivers.hook.settings]\nurl = {:?}\nsecret = {}\n",
            folder.path().join("data").display().to_string(),
            stand_in.address,
            secret(&folder, "key", "hunter2")
        );
        std::fs::write(&config, text).unwrap();
        let settings = config::load(&Source { file: Some(config), ..Source::default() }).unwrap();
        let store = Arc::new(EmbeddedStore::open(&settings.data_dir).unwrap());
        let (clock, book) = (clock(), book());
        let script = Arc::new(Scripted::default());
        let alerting = Alerting {
            watch: Arc::clone(&script) as Arc<dyn Watch>,
            book: book.clone(),
            snapshots: Arc::new(Snapshots::new(store, Vec::new(), Arc::new(clock.clone()))),
            context: context(&clock),
            events: DeliveryEvents::new(Arc::new(Uncounted)),
            receivers: Arc::default(),
        };
        Self { script, alerting, book, settings, _folder: folder }
    }

    async fn found(&self, events: Vec<Event>, changed: Option<&Changed>) {
        self.script.0.lock().unwrap().push_back(events);
        self.alerting.look_and_act(changed).await;
    }

    /// Lets couriers work until nothing waits.
    async fn told(&self) {
        let couriers = self.alerting.serve(&self.settings).await;
        while !self.book.waiting(&"hook".parse().unwrap()).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        couriers.stop(&*self.alerting.context.clock, Duration::from_secs(30)).await;
    }
}

fn changed(service: &str, backfilled: bool) -> Changed {
    Changed { services: BTreeSet::from([service.parse().unwrap()]), backfilled }
}

#[tokio::test]
async fn a_fall_is_told_and_its_end() {
    let stand_in = StandIn::answering(200, "").await;
    let world = World::new(&stand_in);
    world.told().await;
    world.found(Vec::new(), None).await;
    let alert = fall("renew-a-licence");
    world.found(vec![Event::Raised(alert.clone())], Some(&changed("renew-a-licence", false))).await;
    world.told().await;
    let end = ended(&alert, Resolution::Recovered);
    world.found(vec![Event::Resolved(end)], Some(&changed("renew-a-licence", false))).await;
    world.told().await;
    let events: Vec<String> =
        stand_in.told().iter().map(|told| told.json()["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!(events, ["alert.raised", "alert.resolved"]);
}

#[tokio::test]
async fn nothing_is_told_of_a_backfill_but_what_it_did_not_bring() {
    let stand_in = StandIn::answering(200, "").await;
    let world = World::new(&stand_in);
    world.told().await;
    world.found(Vec::new(), None).await;
    let found = vec![Event::Raised(fall("renew-a-licence")), Event::Raised(fall("tax-a-vehicle"))];
    world.found(found, Some(&changed("renew-a-licence", true))).await;
    world.told().await;
    assert_eq!(world.book.open().await.unwrap().len(), 2, "both are kept");
    let told = stand_in.told();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].json()["alert"]["service"], "tax-a-vehicle");
}

#[tokio::test]
async fn where_the_state_was_lost_people_are_not_told_again() {
    let stand_in = StandIn::answering(200, "").await;
    let world = World::new(&stand_in);
    world.told().await;
    world.found(vec![Event::Raised(fall("renew-a-licence"))], None).await;
    world.told().await;
    assert!(stand_in.told().is_empty());
    assert_eq!(world.book.open().await.unwrap().len(), 1);
    world.found(vec![Event::Raised(fall("tax-a-vehicle"))], Some(&changed("tax-a-vehicle", false))).await;
    world.told().await;
    assert_eq!(stand_in.told().len(), 1, "what is found later is told");
}
