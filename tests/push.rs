//! Figures that are pushed enter as collected ones do, or not at all.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

#[path = "support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;

use daemon::Daemon;
use rstest::rstest;
use serde_json::{Value, json};

const TOKEN: &str = "a-token-for-tests";
const APRIL: &str = "service,measure,channel,period_kind,period_start,value\n\
                     visas,completed,digital,month,2026-04-01,700\n\
                     visas,completed,phone,month,2026-04-01,300\n";

/// A daemon that collects nothing and takes what the call centre pushes of visas.
fn open_to_the_call_centre() -> (tempfile::TempDir, Daemon) {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    std::fs::create_dir(folder.path().join("services")).unwrap();
    put(
        "services/visas.toml",
        "[[service]]\nid = \"visas\"\nname = \"Visas\"\nchannels = [\"digital\", \"phone\"]\n",
    );
    put("token", &format!("{TOKEN}\n"));
    put(
        "config.toml",
        &format!(
            "services_dir = {:?}\n[web]\nlisten = \"127.0.0.1:0\"\n[push.call-centre]\ntoken = {{ file = {:?} }}\n\
             services = [\"visas\"]\n",
            place("services"),
            place("token")
        ),
    );
    let daemon = Daemon::start(&folder.path().join("data"), &folder.path().join("config.toml"));
    daemon.get_until("/readyz", |status, _| status == 200);
    (folder, daemon)
}

fn push(daemon: &Daemon, token: &str, form: &str, body: &str) -> (u16, Value) {
    let (status, text, _) =
        daemon.post("/api/v1/figures", &[("Authorization", token), ("Content-Type", form)], body);
    (status, serde_json::from_str(&text).unwrap())
}

fn bearer() -> String {
    format!("Bearer {TOKEN}")
}

#[test]
fn pushed_figures_show_everywhere_and_pushed_again_change_nothing() {
    let (_folder, daemon) = open_to_the_call_centre();
    let none: [Value; 0] = [];
    let answered = |new, unchanged, revised| {
        (200, json!({ "new": new, "unchanged": unchanged, "revised": revised, "left_out": none }))
    };
    assert_eq!(push(&daemon, &bearer(), "text/csv; charset=utf-8", APRIL), answered(2, 0, 0));
    assert_eq!(push(&daemon, &bearer(), "text/csv", APRIL), answered(0, 2, 0));
    daemon.get_until("/api/v1/services/visas", |_, body| body.contains("\"denominator\":\"1000\""));
    let line = json!({ "service": "visas", "measure": "completed", "channel": "phone", "period_kind": "month",
        "period_start": "2026-04-01", "value": "700", "collector": "somebody", "revision": 9 });
    assert_eq!(push(&daemon, &bearer(), "application/jsonl", &line.to_string()), answered(0, 0, 1));
    daemon.get_until("/api/v1/services/visas", |_, body| body.contains("\"denominator\":\"1400\""));
    let figures: Value = serde_json::from_str(&daemon.get("/api/v1/figures?service=visas").1).unwrap();
    let phone = figures["figures"].as_array().unwrap().iter().find(|it| it["channel"] == "phone").unwrap();
    assert_eq!((&phone["revision"], &phone["collector"]), (&json!(2), &json!("call-centre")));
    let metrics = daemon.get("/metrics").1;
    let counted = "pp_collector_figures_total{collector=\"call-centre\",outcome=\"new\"} 2";
    assert!(metrics.contains(counted), "{metrics}");
    assert!(!daemon.log().contains(TOKEN));
}

#[rstest]
#[case("", "text/csv", APRIL, 401, "Authorization: Bearer")]
#[case("Bearer another", "text/csv", APRIL, 401, "Authorization: Bearer")]
#[case("Basic a-token-for-tests", "text/csv", APRIL, 401, "Authorization: Bearer")]
#[case("Bearer a-token-for-tests", "application/json", APRIL, 415, "text/csv")]
#[case("Bearer a-token-for-tests", "text/csv", "service\nvisas\n", 400, "line 2")]
#[case(
    "Bearer a-token-for-tests",
    "application/jsonl",
    "{\"service\":\"visas\",\"amount\":1}",
    400,
    "unknown field `amount`"
)]
#[case(
    "Bearer a-token-for-tests",
    "text/csv",
    "service,measure,channel,period_kind,period_start,value\nvisas,completed,phone,month,2026-04-01,1\n\
     passports,completed,phone,month,2026-04-01,1\n",
    403,
    "may not push figures of passports"
)]
fn what_is_refused_says_why_and_leaves_nothing(
    #[case] token: &str,
    #[case] form: &str,
    #[case] body: &str,
    #[case] status: u16,
    #[case] why: &str,
) {
    let (_folder, daemon) = open_to_the_call_centre();
    let (answered, said) = push(&daemon, token, form, body);
    assert_eq!(answered, status, "{said}");
    assert!(said["error"].as_str().unwrap().contains(why), "{said}");
    let figures: Value = serde_json::from_str(&daemon.get("/api/v1/figures").1).unwrap();
    assert_eq!(figures["figures"], json!([]));
}

#[test]
fn a_period_that_has_not_ended_is_left_out_and_named() {
    let (_folder, daemon) = open_to_the_call_centre();
    let body = APRIL.replace("2026-04-01", "2099-04-01");
    let (status, said) = push(&daemon, &bearer(), "text/csv", &body);
    assert_eq!((status, &said["new"]), (200, &json!(0)));
    let why = said["left_out"][0]["text"].as_str().unwrap();
    assert!(why.contains("month 2099-04-01: not ended yet"), "{why}");
}
