//! A kind of collector for tests, and sources of configuration that use it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use collectors::SecretRef;
use collectors::{
    Answer, Capabilities, CollectError, Collector, Context, Kind, ProbeReport, Reading, SettingProblem,
    SettingProblems, Window,
};
use pp_collector::config::Source;

struct Silent;

#[async_trait]
impl Collector for Silent {
    fn capabilities(&self) -> Capabilities {
        Capabilities { reading: Reading::Whole }
    }
    async fn probe(&self, _: &Context) -> Result<ProbeReport, CollectError> {
        Ok(ProbeReport { lines: Vec::new() })
    }
    async fn collect(&self, _: &Window, _: &Context) -> Result<Answer, CollectError> {
        Ok(Answer::Unchanged)
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only whether it can be read matters")]
struct TestSettings {
    path: Option<String>,
    token: Option<SecretRef>,
}

fn build_test(settings: &toml::Table) -> Result<Arc<dyn Collector>, SettingProblems> {
    let read: Result<TestSettings, _> =
        serde_path_to_error::deserialize(toml::Value::Table(settings.clone()));
    read.map(|_| Arc::new(Silent) as Arc<dyn Collector>).map_err(|error| {
        vec![SettingProblem { path: error.path().to_string(), message: error.inner().message().to_owned() }]
    })
}

/// The kind `test` has the settings `path` and `token`, a secret; `spreadsheet` takes any.
static KINDS: [Kind; 2] = [
    Kind { name: "test", summary: "nothing", reasons: &[], purge_guard_days: Some(90), build: build_test },
    Kind {
        name: "spreadsheet",
        summary: "nothing",
        reasons: &[],
        purge_guard_days: None,
        build: |_| Ok(Arc::new(Silent)),
    },
];

/// A file with these variables and the kinds for tests.
pub(crate) fn source(file: &Path, environment: BTreeMap<String, String>) -> Source {
    Source { file: Some(file.to_owned()), environment, kinds: &KINDS, ..Source::default() }
}
