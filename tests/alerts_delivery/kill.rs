//! Kill -9 between "decided" and "sent", a hundred times: never lost, and never doubled beyond what the
//! receiver's own idempotency absorbs.
//!
//! The process that decides and tells is this test binary again; the stand-in it tells kills it at the worst
//! moments. Each kind is told again by a second process, and then everything the stand-in took is counted.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use pp_collector::alerts::Event;
use pp_collector::alerts::state::AlertBook;
use pp_collector::state::StateDb;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::land::*;
use crate::stand_in::{Answer, StandIn, Told};

const ORDERS: &str = "PP_TEST_TELLER_ORDERS";
const DECIDED: &str = "decided";
const KILLS_A_KIND: u32 = 36;

/// Not a test of its own: the process that the test starts and kills.
#[test]
#[ignore = "run by the test that kills it"]
fn teller_process() {
    let Ok(orders) = std::env::var(ORDERS) else { return };
    let orders: Value = serde_json::from_str(&orders).unwrap();
    let text = |key: &str| orders[key].as_str().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let state = StateDb::open(Path::new(text("data_dir")), at(NOW)).unwrap().state;
        let book = AlertBook::new(state);
        let raised = decision(Event::Raised(fall(text("service"))), &["office"]);
        book.record(vec![raised], at(NOW)).await.unwrap();
        println!("\n{DECIDED}");
        if orders["waits_to_be_killed"] == true {
            std::future::pending::<()>().await;
        }
        let settings = receiver("office", text("kind"), text("settings"));
        courier(settings, &book, &clock()).round(&CancellationToken::new()).await.unwrap();
    });
}

/// When the process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Decided,
    /// The request has come and is not taken.
    BeforeTaken,
    /// It is taken, and no answer is on its way.
    Taken,
    /// It is taken and answered; whether the answer is read is chance.
    Answered,
}

const MOMENTS: [Moment; 4] = [Moment::Decided, Moment::BeforeTaken, Moment::Taken, Moment::Answered];

/// What the stand-in knows.
#[derive(Default)]
struct Ground {
    /// The process to kill, and when; none to let it finish.
    victim: Mutex<Option<(u32, Moment)>>,
    /// How often each piece of news was taken, by what the receiver knows it by.
    taken: Mutex<BTreeMap<String, u32>>,
    kills: AtomicU32,
}

impl Ground {
    fn kill(&self, pid: u32) {
        self.kills.fetch_add(1, Ordering::SeqCst);
        assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
    }

    /// Answers, and kills on the way where it is time to.
    fn answer(self: &Arc<Self>, known_by: Option<String>, answer: impl Fn() -> Answer) -> Answer {
        // A question takes nothing, and nobody is killed for it.
        let Some(known_by) = known_by else { return answer() };
        let victim = self.victim.lock().unwrap().take();
        if let Some((pid, Moment::BeforeTaken)) = victim {
            self.kill(pid);
            return (503, Vec::new(), String::new());
        }
        *self.taken.lock().unwrap().entry(known_by).or_default() += 1;
        match victim {
            Some((pid, Moment::Taken)) => self.kill(pid),
            Some((pid, Moment::Answered)) => {
                let ground = Arc::clone(self);
                std::thread::spawn(move || ground.kill(pid));
            }
            _ => {}
        }
        answer()
    }
}

fn start(orders: &Value) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::teller_process", "--ignored", "--nocapture", "--test-threads=1"])
        .env(ORDERS, orders.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn wait_until_decided(child: &mut Child) {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == DECIDED));
}

/// Kills the teller of one alert after another at each of the moments, lets a second process finish, and
/// gives how often the receiver took each piece of news.
fn killed_again_and_again(
    kind: &str,
    settings: impl Fn(&str) -> String,
    known_by: impl Fn(&Told) -> Option<String> + Send + Sync + 'static,
    answering: impl Fn(&Told) -> Answer + Send + Sync + 'static,
) -> BTreeMap<String, u32> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ground = Arc::new(Ground::default());
    let answers = Arc::clone(&ground);
    let stand_in =
        runtime.block_on(StandIn::start(move |told| answers.answer(known_by(told), || answering(told))));
    let data = tempfile::tempdir().unwrap();
    let settings = settings(&stand_in.address);
    for number in 0..KILLS_A_KIND {
        let moment = MOMENTS[number as usize % MOMENTS.len()];
        let mut orders = json!({
            "data_dir": data.path(), "kind": kind, "settings": settings, "service": format!("service-{number}"),
            "waits_to_be_killed": moment == Moment::Decided,
        });
        let mut child = start(&orders);
        if moment == Moment::Decided {
            wait_until_decided(&mut child);
            ground.kill(child.id());
        } else {
            *ground.victim.lock().unwrap() = Some((child.id(), moment));
        }
        assert!(moment == Moment::Answered || !child.wait().unwrap().success(), "it was to be killed");
        let _ = child.wait();
        *ground.victim.lock().unwrap() = None;
        orders["waits_to_be_killed"] = false.into();
        let mut second = start(&orders);
        assert!(second.wait().unwrap().success(), "the second finishes");
        // A third finds nothing left to tell.
        if number == 0 {
            assert!(start(&orders).wait().unwrap().success());
        }
    }
    assert!(ground.kills.load(Ordering::SeqCst) >= KILLS_A_KIND - KILLS_A_KIND / 4);
    let taken = ground.taken.lock().unwrap().clone();
    assert_eq!(taken.len(), KILLS_A_KIND as usize, "one piece of news an alert, none lost: {taken:?}");
    taken
}

#[test]
fn a_webhook_gets_every_alert_and_knows_a_second_copy_by_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let key = secret(&folder, "key", "hunter2");
    let taken = killed_again_and_again(
        "webhook",
        |address| format!("url = {address:?}\nsecret = {key}"),
        |told| Some(told.header("webhook-id").to_owned()),
        |_| (200, Vec::new(), String::new()),
    );
    assert!(taken.values().all(|copies| *copies <= 2), "{taken:?}");
}

#[test]
fn govuk_notify_sends_every_alert_exactly_once() {
    let folder = tempfile::tempdir().unwrap();
    let key = secret(
        &folder,
        "key",
        "alerts-26785a09-ab16-4eb0-8407-a37497a57506-3d844edf-8d35-48ac-975b-e847b4f122b0",
    );
    let sent: Arc<Mutex<Vec<String>>> = Arc::default();
    let (known, found) = (Arc::clone(&sent), sent);
    let taken = killed_again_and_again(
        "govuk_notify",
        |address| {
            format!("url = {address:?}\napi_key = {key}\ntemplate_id = \"t\"\nto = [\"a@example.gov.uk\"]")
        },
        move |told| (told.method == "POST").then(|| told.json()["reference"].as_str().unwrap().to_owned()),
        move |told| {
            if told.method == "POST" {
                known.lock().unwrap().push(told.json()["reference"].as_str().unwrap().to_owned());
                return (201, Vec::new(), json!({ "id": "1" }).to_string());
            }
            let asked = told.path.split("reference=").nth(1).unwrap().split('&').next().unwrap().to_owned();
            let asked = asked.replace("%40", "@");
            let there = found.lock().unwrap().contains(&asked);
            let page = if there { json!([{ "id": "1" }]) } else { json!([]) };
            (200, Vec::new(), json!({ "notifications": page }).to_string())
        },
    );
    assert!(taken.values().all(|copies| *copies == 1), "{taken:?}");
}

/// Slack has no way to know a second copy: one comes where nobody can know whether the first arrived.
#[test]
fn slack_gets_every_alert_and_a_second_copy_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let taken = killed_again_and_again(
        "slack",
        |address| format!("url = {}", secret(&folder, "url", address)),
        |told| Some(told.json()["text"].as_str().unwrap().to_owned()),
        |_| (200, Vec::new(), "ok".to_owned()),
    );
    assert!(taken.values().all(|copies| *copies <= 2), "{taken:?}");
    let doubled = taken.values().filter(|copies| **copies == 2).count();
    assert!(doubled >= KILLS_A_KIND as usize / 4, "the test kills at the worst moment: {taken:?}");
}
