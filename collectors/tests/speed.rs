//! How fast the long layout is read. Not run by default:
//! `cargo test -p collectors --release --test speed -- --ignored --nocapture`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::fmt::Write as _;
use std::time::Instant;

use collectors::Window;
use support::{batch, collector, context};

const SERVICES: usize = 500;
const DAYS: usize = 1000;
const CHANNELS: [&str; 4] = ["digital", "phone", "paper", "face_to_face"];

#[test]
#[ignore = "a measurement, and only in release"]
fn the_long_layout_is_read_at_millions_of_figures_a_second() {
    let folder = tempfile::tempdir().unwrap();
    for (name, by_service) in [("by-service", true), ("by-day", false)] {
        let path = folder.path().join(format!("{name}.csv"));
        std::fs::write(&path, table(by_service)).unwrap();
        let settings = format!(
            "file = '{}'\nlayout = \"long\"\nperiods.kind = \"day\"\n[columns]\nservice = \"service\"\n\
             period = \"date\"\nmeasure = \"measure\"\nchannel = \"channel\"\nvalue = \"value\"",
            path.display()
        );
        let collector = collector("spreadsheet", &settings);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for _ in 0..3 {
            let began = Instant::now();
            let answer = runtime.block_on(collector.collect(&Window::Everything, &context(None)));
            let took = began.elapsed();
            let count = batch(answer.unwrap()).0.figure_count();
            assert_eq!(count, SERVICES * DAYS * CHANNELS.len());
            println!(
                "{name}: {count} figures in {took:?}, {:.2} million/s",
                count as f64 / took.as_secs_f64() / 1e6
            );
        }
    }
}

fn table(by_service: bool) -> String {
    let first = jiff::civil::date(2020, 1, 1);
    let days: Vec<String> =
        first.series(jiff::Span::new().days(1)).take(DAYS).map(|day| day.to_string()).collect();
    let mut text = String::from("service,date,measure,channel,value\n");
    let mut row = |service: usize, day: &str| {
        for (number, channel) in CHANNELS.iter().enumerate() {
            let value = (service * 7919 + number * 31 + day.len()) % 100_000;
            writeln!(text, "invented-service-number-{service},{day},completed,{channel},{value}").unwrap();
        }
    };
    if by_service {
        for service in 0..SERVICES {
            for day in &days {
                row(service, day);
            }
        }
    } else {
        for day in &days {
            for service in 0..SERVICES {
                row(service, day);
            }
        }
    }
    text
}
