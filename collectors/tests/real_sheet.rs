//! The real sheet of transactional services, where it is at hand. It is not part of this repository.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::path::{Path, PathBuf};

use collectors::Window;
use kpi::{Channel, Measure, PeriodKind};
use rust_decimal::Decimal;
use support::{batch, collector, context};

const FILE: &str = "transactional-services-2017-10-31.csv";

fn sheet() -> Option<PathBuf> {
    let given = std::env::var_os("TRANSACTIONAL_SERVICES_SHEET").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(FILE);
    given.or_else(|| beside.exists().then_some(beside))
}

#[tokio::test]
async fn the_real_sheet_is_read_to_the_last_transaction() {
    let Some(path) = sheet() else {
        eprintln!("ABSENT: set TRANSACTIONAL_SERVICES_SHEET to check against the real sheet");
        return;
    };
    let mut settings = toml::Table::new();
    settings.insert("file".to_owned(), path.display().to_string().into());
    settings.insert("preset".to_owned(), "transactional_services".into());
    let collector = collector("spreadsheet", &settings.to_string());
    let answer = collector.collect(&Window::Everything, &context(None)).await.expect("figures");
    let (batch, bookmark) = batch(answer);
    for note in &batch.notes {
        eprintln!("{}: {}", note.place, note.text);
    }
    eprintln!("{} figures", batch.figure_count());

    assert_eq!(batch.services.len(), 751);
    let departments: std::collections::BTreeSet<_> = batch
        .services
        .iter()
        .filter_map(|service| service.department.as_ref())
        .map(|d| d.id.as_str())
        .collect();
    assert_eq!(departments.len(), 18);
    assert!(departments.contains("hm-revenue-customs"));
    let sum = |channel: Channel, start: &str| -> Decimal {
        batch
            .figures()
            .filter(|(key, point)| {
                key.measure == Measure::Completed
                    && key.channel == channel
                    && key.period_kind == PeriodKind::YearTo
                    && point.period.start_text() == start
            })
            .filter_map(|(_, point)| point.value.known())
            .sum()
    };
    assert_eq!(sum(Channel::AllChannels, "2016-01-01"), Decimal::from(3_250_767_111_u64));
    assert_eq!(sum(Channel::Digital, "2016-01-01"), Decimal::from(2_931_727_284_u64));
    // 2012-Q4, the trial collection, is a financial year and nothing else starts in April 2011.
    assert!(sum(Channel::AllChannels, "2011-04-01") > Decimal::ZERO);
    assert_eq!(sum(Channel::AllChannels, "2011-10-01"), Decimal::ZERO);

    let again = collector.collect(&Window::Everything, &context(bookmark)).await.expect("an answer");
    assert_eq!(again, collectors::Answer::Unchanged);
}
