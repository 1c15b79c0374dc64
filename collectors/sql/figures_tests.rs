use kpi::{Batch, Channel, Measure, PeriodKind};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::sql::plan::plan;

const LONG: &str = r#"
    dialect = "sqlite"
    file = "x"
    layout = "long"
    query = "select :from, :to"
    period = "day"
"#;

fn mapping(settings: &str) -> Mapping {
    match plan(&settings.parse().unwrap()) {
        Ok(plan) => plan.mapping,
        Err(problems) => panic!("{problems:#?}"),
    }
}

fn day(text: &str) -> Period {
    Period::from_start_text(PeriodKind::Day, text).unwrap()
}

fn april(days: std::ops::RangeInclusive<u8>) -> PeriodSpan {
    PeriodSpan {
        first: day(&format!("2026-04-{:02}", days.start())),
        last: day(&format!("2026-04-{:02}", days.end())),
    }
}

fn text(cell: &str) -> Cell {
    Cell::Text(cell.to_owned())
}

fn number(number: i64) -> Cell {
    Cell::Number(number.into())
}

fn table(columns: &[&str], rows: Vec<Vec<Cell>>) -> Table {
    Table { columns: columns.iter().map(|&name| name.to_owned()).collect(), rows, replica: None }
}

const LATER: &str = "2026-06-01T00:00Z";

fn read(settings: &str, table: &Table) -> Result<Batch, CollectError> {
    figures(&mapping(settings), april(1..=2), table, LATER.parse().unwrap())
}

fn shown(batch: &Batch) -> Vec<String> {
    let figures = batch.figures().map(|(key, point)| {
        let provisional = if point.quality.provisional { " provisional" } else { "" };
        format!(
            "{} {} {} {} {}{provisional}",
            key.service, key.measure, key.channel, point.period, point.value
        )
    });
    let notes = batch.notes.iter().map(|note| format!("note {}: {}", note.place, note.text));
    figures.chain(notes).collect()
}

const COLUMNS: [&str; 5] = ["PERIOD_START", "service", "measure", "channel", "value"];

fn row(start: &str, service: &str, measure: &str, value: Cell) -> Vec<Cell> {
    vec![text(start), text(service), text(measure), text("phone"), value]
}

#[test]
fn a_bad_row_is_noted_and_the_others_count() {
    let table = table(
        &COLUMNS,
        vec![
            row("2026-04-01", "a", "completed", number(5)),
            row("2026-04-01", "b", "finished", number(5)),
            row("2026-04-02", "b", "completed", text("many")),
            row("2026-04-02", "No Slug!", "completed", number(1)),
            row("2026-04-02", "a", "completed", Cell::Null),
            row("2026-04-03", "a", "completed", number(9)),
        ],
    );
    insta::assert_snapshot!(shown(&read(LONG, &table).unwrap()).join("\n"), @r#"
    a completed phone 2026-04-01 5
    a completed phone 2026-04-02 not_provided
    note query: 1 figure is left out: row 4: "service" says "No Slug!": expected a service id of lower-case letters, digits and hyphens; or add this name to `services`
    note b: 2 figures are left out: row 2: "measure" says "finished": expected a measure; add this word to `measures`; row 3: "value": "many" is not a number; cast it in the query
    note query: 1 figures lie outside the periods asked for and are left out; select from :from until before :to
    "#);
}

#[test]
fn nothing_but_bad_rows_is_another_answer_than_wanted() {
    let table = table(&COLUMNS, vec![row("01/04/2026", "a", "completed", number(5))]);
    let error = read(LONG, &table).unwrap_err();
    assert_eq!(error.reason(), Reason::Malformed);
    assert_eq!(
        error.details(),
        [
            r#"row 1: "period_start": "01/04/2026" is not a date such as 2026-04-01; cast it to one in the query"#
        ]
    );
}

#[test]
fn a_missing_column_is_named_beside_what_is_there() {
    let error = read(LONG, &table(&["period_start", "service", "total"], vec![])).unwrap_err();
    assert_eq!(error.reason(), Reason::Malformed);
    assert_eq!(
        error.to_string(),
        r#"the answer has no column "measure", "channel", "value"; wanted "period_start", "service", "measure", "channel", "value", found "period_start", "service", "total"; correct the query or the settings"#
    );
}

#[test]
fn a_figure_given_twice_is_left_out() {
    let table = table(
        &COLUMNS,
        vec![
            row("2026-04-01", "a", "completed", number(5)),
            row("2026-04-01", "a", "completed", number(6)),
            row("2026-04-02", "a", "completed", number(1)),
        ],
    );
    insta::assert_snapshot!(shown(&read(LONG, &table).unwrap()).join("\n"), @"
    a completed phone 2026-04-02 1
    note a: completed by phone of 2026-04-01 is given twice, as 5 and as 6, and left out; group the rows in the query
    ");
}

const ZEROS: &str = r#"
    dialect = "sqlite"
    file = "x"
    layout = "long"
    query = "select :from, :to"
    period = "day"
    settles_after_hours = 72
    absent = "zero"
    [expected]
    services = ["a", "b"]
    figures = [{ measure = "completed", channel = "phone" }]
"#;

#[test]
fn absent_is_not_zero_unless_it_is_declared() {
    let some = table(&COLUMNS, vec![row("2026-04-01", "a", "completed", number(5))]);
    assert_eq!(shown(&read(LONG, &some).unwrap()).len(), 1);
    insta::assert_snapshot!(shown(&read(ZEROS, &some).unwrap()).join("\n"), @"
    a completed phone 2026-04-01 5
    a completed phone 2026-04-02 0
    b completed phone 2026-04-01 0
    b completed phone 2026-04-02 0
    ");
}

#[test]
fn nothing_is_zero_that_is_null_unsettled_or_in_doubt() {
    let null = table(&COLUMNS, vec![row("2026-04-01", "a", "completed", Cell::Null)]);
    let now = "2026-04-04T12:00Z".parse().unwrap();
    let batch = figures(&mapping(ZEROS), april(1..=2), &null, now).unwrap();
    insta::assert_snapshot!(shown(&batch).join("\n"), @"
    a completed phone 2026-04-01 not_provided provisional
    ");

    let bad = table(
        &COLUMNS,
        vec![row("2026-04-01", "a", "completed", number(1)), row("2026-04-01", "a", "x", number(1))],
    );
    insta::assert_snapshot!(shown(&read(ZEROS, &bad).unwrap()).join("\n"), @r#"
    a completed phone 2026-04-01 1
    b completed phone 2026-04-01 0
    b completed phone 2026-04-02 0
    note query: absent rows of a are not taken for zero, because rows that cannot be read may be theirs
    note a: 1 figure is left out: row 2: "measure" says "x": expected a measure; add this word to `measures`
    "#);
}

#[test]
fn an_instant_begins_a_day_by_the_clocks_of_the_service() {
    let at = |instant: &str| Cell::Instant(instant.parse().unwrap());
    let zone = kpi::period::london();
    let period = |instant: &str, kind| at(instant).period(kind, &zone);
    // British Summer Time begins on 29 March 2026.
    assert_eq!(period("2026-03-29T00:00Z", PeriodKind::Day), Ok(day("2026-03-29")));
    assert_eq!(period("2026-03-29T23:00Z", PeriodKind::Day), Ok(day("2026-03-30")));
    assert!(period("2026-03-30T00:00Z", PeriodKind::Day).unwrap_err().contains("is not midnight"));
    assert!(period("2026-03-29T00:30Z", PeriodKind::Hour).unwrap_err().contains("no hour starts"));
    let twice = Cell::DateTime(jiff::civil::datetime(2026, 10, 25, 1, 0, 0, 0));
    assert!(twice.period(PeriodKind::Hour, &zone).unwrap_err().contains("twice"));
    let hour = text("2026-04-01 09:00:00").period(PeriodKind::Hour, &zone).unwrap();
    assert_eq!(hour.start_text(), "2026-04-01T08:00:00Z");
}

#[test]
fn a_binary_fraction_is_the_number_people_wrote() {
    assert_eq!(Cell::float(0.1), Cell::Number("0.1".parse().unwrap()));
    assert_eq!(Cell::float(-1234.5), Cell::Number("-1234.5".parse().unwrap()));
    for odd in [f64::NAN, f64::INFINITY, 1e300, 1e-300] {
        assert!(matches!(Cell::float(odd), Cell::Unreadable(_)), "{odd}");
    }
}

fn any_cell() -> impl Strategy<Value = Cell> {
    prop_oneof![
        Just(Cell::Null),
        any::<String>().prop_map(Cell::Text),
        prop::sample::select(vec!["completed", "phone", "a", "2026-04-01", "2026-04-01T00:00Z", "12"])
            .prop_map(text),
        any::<i64>().prop_map(number),
        any::<f64>().prop_map(Cell::float),
        (any::<i64>(), 0..=28_u32).prop_map(|(n, scale)| Cell::Number(Decimal::new(n, scale))),
        (-4000..4000_i16, 1..=12_i8).prop_map(|(year, month)| Cell::Date(jiff::civil::date(year, month, 1))),
        (-377_705_023_201..253_402_207_200_i64)
            .prop_map(|second| Cell::Instant(Timestamp::from_second(second).unwrap())),
        any::<String>().prop_map(Cell::Unreadable),
    ]
}

proptest! {
    #[test]
    fn no_row_is_too_strange(rows in prop::collection::vec(prop::collection::vec(any_cell(), 0..7), 0..8)) {
        let table = table(&COLUMNS, rows);
        let count = table.rows.len();
        if let Ok(batch) = read(LONG, &table) {
            prop_assert!(batch.figure_count() <= count);
        }
    }

    #[test]
    fn a_number_stays_what_it_is(mantissa in any::<i64>(), scale in 0..=28_u32) {
        let exact = Decimal::new(mantissa, scale);
        for cell in [Cell::Number(exact), text(&exact.to_string())] {
            prop_assert_eq!(cell.value(), Ok(Value::Known(exact)));
        }
    }

    #[test]
    fn a_service_name_is_data_and_nothing_else(name in any::<String>()) {
        let table = table(&COLUMNS, vec![
            row("2026-04-01", &name, "completed", number(1)),
            row("2026-04-01", "a", "completed", number(1)),
        ]);
        let batch = read(LONG, &table).unwrap();
        for (key, _) in batch.figures() {
            prop_assert_eq!((key.measure, key.channel), (Measure::Completed, Channel::Phone));
        }
    }
}
