//! What the API answers to a question it cannot answer: what is wrong, all of it, and never a number.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

#[path = "support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;

use daemon::{Daemon, checkout, say};

#[test]
fn a_wrong_question_is_refused_with_everything_that_is_wrong() {
    let data = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(data.path(), &checkout("config/default.toml"));
    daemon.get_until("/metrics", |_, body| body.contains("pp_digital_takeup_ratio{"));
    let known = "dfe-childminder-registrations";
    for (path, status, said) in [
        // One service must never pass for all of government.
        (format!("/api/v1/kpis?by=government&service={known}"), 400, "a service is reported by service"),
        (format!("/api/v1/kpis.csv?by=department&service={known}"), 400, "a service is reported by service"),
        ("/api/v1/kpis?by=country&kpi=speed&period=decade".to_owned(), 400, "is not a KPI; use one of"),
        ("/api/v1/kpis?ending=2017-01-02".to_owned(), 400, "2017-01-01 and 2017-02-01"),
        ("/api/v1/kpis?endnig=2017-01-01".to_owned(), 400, "endnig"),
        ("/api/v1/kpis?service=nobody".to_owned(), 404, "there is no service"),
        ("/api/v1/figures?service=nobody".to_owned(), 404, "there is no service"),
        ("/api/v1/figures?from=2017-01-01&to=2016-01-01".to_owned(), 400, "is not after from"),
        ("/api/v1/services/nobody".to_owned(), 404, "there is no service"),
        ("/nothing".to_owned(), 404, "nothing at this address"),
    ] {
        let (answered, body, _) = daemon.get(&path);
        assert_eq!(answered, status, "{path}: {body}");
        assert!(body.contains(said), "{path}: {body}");
    }
    let terminal = say(data.path(), &["kpi", known, "--by", "government"]);
    assert_eq!((terminal.code, terminal.out.as_str()), (Some(2), ""));
    assert!(terminal.err.contains("a service is reported by service"), "{}", terminal.err);
    let nothing = say(data.path(), &["kpi", "--as-known-on", "2016-01-01"]);
    assert_eq!(nothing.code, Some(1));
    assert!(nothing.err.contains("as known at the end of 2016-01-01"), "{}", nothing.err);
}
