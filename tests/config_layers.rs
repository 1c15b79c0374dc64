//! A later layer wins, key by key, and a variable never becomes anything but text in its place.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a panic is the verdict of a test"
)]

mod config_support;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use config_support::source;
use pp_collector::config::settings::{KeepPeriods, Settings};
use pp_collector::config::{ConfigProblems, load};
use pp_collector::plan::Schedule;

const COLLECTOR: &str = "[collectors.sample]\nkind = \"test\"\nschedule = \"0 6 * * *\"\n";

/// Loads `main.toml` from a folder of these files.
fn load_files(files: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<Settings, ConfigProblems> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let environment: BTreeMap<String, String> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut source = source(Path::new("main.toml"), environment);
    folder.path().clone_into(&mut source.working_dir);
    load(&source)
}

#[test]
fn an_empty_file_is_all_defaults() {
    let settings = load_files(&[("main.toml", "")], &[]).unwrap();
    assert_eq!(settings.data_dir, Path::new("data"));
    assert_eq!(settings.web.listen.to_string(), "127.0.0.1:9480");
    assert_eq!(settings.run.concurrency, 4);
    assert_eq!(settings.run.stop_grace, Duration::from_secs(30));
    assert!(settings.collectors.is_empty() && settings.services.is_empty());
}

#[test]
fn each_layer_wins_over_the_one_below_key_by_key() {
    let settings = load_files(
        &[
            ("main.toml", "data_dir = \"main\"\n[run]\nconcurrency = 1\nstop_grace = \"1s\"\n"),
            ("conf.d/10-first.toml", "[run]\nconcurrency = 10\nstop_grace = \"10s\"\n"),
            ("conf.d/20-second.toml", "[run]\nconcurrency = 20\n[metrics]\nkeep_periods = 2\n"),
            ("conf.d/30-note.txt", "not read"),
            ("conf.d/.20-second.toml", "not = [read"),
        ],
        &[("PP_METRICS__KEEP_PERIODS", "all"), ("PPX_DATA_DIR", "no"), ("HOME", "/nowhere")],
    )
    .unwrap();
    assert_eq!(settings.data_dir, Path::new("main"));
    assert_eq!(settings.run.concurrency, 20);
    assert_eq!(settings.run.stop_grace, Duration::from_secs(10));
    assert_eq!(settings.metrics.keep_periods, KeepPeriods::All);
}

#[test]
fn text_from_the_environment_becomes_what_the_key_wants_and_nothing_else() {
    let settings = load_files(
        &[("main.toml", COLLECTOR)],
        &[
            ("PP_DATA_DIR", "00123"),
            ("PP_RUN__CONCURRENCY", "7"),
            ("PP_RUN__STOP_GRACE", "2m"),
            ("PP_COLLECTORS__SAMPLE__ADOPTS", "old, older"),
            ("PP_COLLECTORS__SAMPLE__SETTINGS__PATH", "a,b ${not-a-reference}"),
        ],
    )
    .unwrap();
    assert_eq!(settings.data_dir, Path::new("00123"));
    assert_eq!(settings.run.concurrency, 7);
    assert_eq!(settings.run.stop_grace, Duration::from_mins(2));
    let adopts: Vec<&str> = settings.collectors[0].adopts.iter().map(kpi::CollectorName::as_str).collect();
    assert_eq!(adopts, ["old", "older"]);
}

#[test]
fn a_variable_cannot_add_a_key_or_close_a_text() {
    let trick = "x\"\n[web]\nlisten = \"0.0.0.0:1\"\nother = \"${HOME}";
    let settings = load_files(&[("main.toml", "data_dir = \"${TRICK}\"\n")], &[("TRICK", trick)]).unwrap();
    assert_eq!(settings.data_dir, Path::new(trick));
    assert_eq!(settings.web.listen.to_string(), "127.0.0.1:9480");
}

#[test]
fn a_variable_of_a_value_that_is_overridden_is_not_asked_for() {
    let settings =
        load_files(&[("main.toml", "data_dir = \"${UNSET}\"\n")], &[("PP_DATA_DIR", "elsewhere")]).unwrap();
    assert_eq!(settings.data_dir, Path::new("elsewhere"));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let problems = load_files(&[], &[]).unwrap_err();
    assert_eq!(problems.to_string(), "main.toml: this file cannot be read: there is none of that name");
}

#[test]
fn a_mistake_is_laid_to_the_layer_it_is_in() {
    let problems = load_files(
        &[
            ("main.toml", COLLECTOR),
            ("conf.d/10-web.toml", "\n[web]\nlisten = \"nowhere\"\n\n[collectors.sample]\nretrys = 1\n"),
        ],
        &[("PP_LOG__LEVEL", "lots")],
    )
    .unwrap_err();
    let places: Vec<String> = problems
        .problems()
        .iter()
        .map(|problem| format!("{} {:?} {}", problem.file, problem.line, problem.path))
        .collect();
    assert_eq!(
        places,
        [
            "conf.d/10-web.toml Some(3) web.listen",
            "conf.d/10-web.toml Some(6) collectors.sample.retrys",
            "environment PP_LOG__LEVEL None log.level",
        ]
    );
}

#[test]
fn a_collector_is_what_is_written_and_else_the_defaults() {
    let written =
        "time_zone = \"UTC\"\njitter = \"1m\"\nstart = 2026-01-01\nlook_back = 0\nadopts = [\"old\"]\n";
    let other = COLLECTOR.replace("sample", "other");
    let settings = load_files(&[("main.toml", &format!("{COLLECTOR}{written}{other}"))], &[]).unwrap();
    let [other, sample] = settings.collectors.as_slice() else { panic!("{settings:?}") };
    assert_eq!(sample.schedule.zone().iana_name(), Some("UTC"));
    assert_eq!(sample.jitter, Duration::from_mins(1));
    assert_eq!(sample.start, Some(jiff::civil::date(2026, 1, 1)));
    assert_eq!((sample.look_back, sample.retries), (Some(0), 3));
    assert_eq!(other.schedule.zone().iana_name(), Some("Europe/London"));
    assert_eq!((other.jitter, other.deadline), (Duration::ZERO, Duration::from_mins(10)));
    assert_eq!((other.start, other.look_back, other.adopts.len()), (None, None, 0));
}

#[test]
fn a_schedule_is_refused_in_the_words_of_the_planner() {
    let text = "every day at six";
    let Err(refusal) = Schedule::parse(text, jiff::tz::TimeZone::UTC) else { return };
    let collector = COLLECTOR.replace("0 6 * * *", text);
    let problems = load_files(&[("main.toml", &collector)], &[]).unwrap_err();
    assert_eq!(problems.to_string(), format!("main.toml:3: collectors.sample.schedule: {refusal}"));
}

#[test]
fn what_the_environment_holds_is_not_in_debug() {
    let environment = BTreeMap::from([("TOKEN".to_owned(), "correct-horse".to_owned())]);
    assert!(!format!("{:?}", source(Path::new("main.toml"), environment)).contains("correct-horse"));
}

#[test]
fn services_are_read_from_every_file_of_their_folder() {
    let settings = load_files(
        &[
            ("main.toml", "services_dir = \"services\"\n"),
            ("services/b.toml", "[[service]]\nid = \"b\"\nname = \"B\"\nchannels = [\"digital\", \"phone\"]\n"),
            (
                "services/a.toml",
                "[[service]]\nid = \"a\"\nname = \"${NAME}\"\ndigital = [\"digital\", \"api\"]\ntargets = { digital_takeup = 0.8 }\n\
                 [[service]]\nid = \"c\"\nname = \"C\"\ndigital = [{ channels = [\"digital\"] }, { from = 2016-04-01, channels = [\"api\"] }]\n",
            ),
        ],
        &[("NAME", "A: \"quoted\"")],
    )
    .unwrap();
    let names: Vec<&str> = settings.services.iter().map(|one| one.description.name.as_str()).collect();
    assert_eq!(names, ["A: \"quoted\"", "B", "C"]);
    assert_eq!(settings.services[0].targets.digital_takeup.unwrap().to_string(), "0.8");
    assert_eq!(settings.services[2].rules.digital.len(), 2);
}
