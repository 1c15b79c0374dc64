//! Settings and secrets of these tests.

use collectors::{Answer, CollectError, Collector, PeriodSpan, Window};
use kpi::{Period, PeriodKind};
use wiremock::MockServer;

use crate::support::recorded::at;

/// Looked for in every message: it is the value of every credential here.
pub(crate) const CANARY: &str = "sesame+open/42=";
pub(crate) const NOW: &str = "2026-11-20T09:00:00Z";

fn day(text: &str) -> Period {
    Period::from_start_text(PeriodKind::Day, text).unwrap()
}

pub(crate) fn window() -> Window {
    Window::Span(PeriodSpan { first: day("2026-11-16"), last: day("2026-11-17") })
}

pub(crate) struct SecretFile(tempfile::TempDir);

impl SecretFile {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), CANARY).unwrap();
        Self(folder)
    }

    pub(crate) fn reference(&self) -> String {
        format!("{{ file = '{}' }}", self.0.path().join("secret").display())
    }
}

pub(crate) fn http_json(server: &MockServer, more: &str) -> String {
    format!(
        r#"
        url = "{}/volumes?key={CANARY}"
        period = "day"
        rows = "/data"
        {more}
        [fields]
        service = {{ value = "fixture-service" }}
        period = "/date"
        measure = {{ value = "completed" }}
        channel = {{ value = "digital" }}
        value = "/value"
        "#,
        server.uri()
    )
}

pub(crate) fn govuk_pay(server: &MockServer, secret: &SecretFile, more: &str) -> String {
    format!(
        "url = \"{}\"\nservice = \"fixture-service\"\napi_keys = [{}]\n{more}",
        server.uri(),
        secret.reference()
    )
}

pub(crate) fn prometheus(server: &MockServer, secret: &SecretFile) -> String {
    format!(
        r#"
        url = "{}"
        auth = {{ kind = "bearer", secret = {} }}
        [[figures]]
        query = "increase(done_total[{{window}}])"
        measure = "completed"
        service = "fixture-service"
        channel = {{ label = "channel" }}
        "#,
        server.uri(),
        secret.reference()
    )
}

/// Every text of an error that somebody might see.
pub(crate) fn shown(error: &CollectError) -> String {
    format!("{error} {error:?} {:?} {:?}", error.details(), std::error::Error::source(error))
}

pub(crate) async fn collect(collector: &dyn Collector) -> Result<Answer, CollectError> {
    collector.collect(&window(), &at(NOW)).await
}
