use proptest::prelude::*;

use super::plan::plan;
use super::read::{Outcome, read};

const LONG: &str = r#"
file = "x.csv"
layout = "long"
[columns]
service = "service"
period = "period"
measure = "measure"
channel = "channel"
value = "value"
"#;
const PRESET: &str = "file = \"x.csv\"\npreset = \"transactional_services\"";

fn check(settings: &str, name: &str, bytes: &[u8]) {
    let plan = plan(&settings.parse().unwrap()).unwrap();
    let _ = read(&plan, name, bytes);
}

/// Reads a table cut at every byte. What is read of it is a part of what the whole says, but for the
/// last figure where a note says so.
fn check_cut(settings: &str, text: &str) {
    let plan = plan(&format!("on_error = \"skip_cell\"\n{settings}").parse().unwrap()).unwrap();
    let whole = match read(&plan, "x.csv", text.as_bytes()) {
        Outcome::Figures(batch) => batch,
        Outcome::Rejected { message, details } => panic!("{message} {details:?}"),
    };
    assert!(whole.notes.is_empty(), "{:?}", whole.notes);
    for length in 0..text.len() {
        let Outcome::Figures(cut) = read(&plan, "x.csv", &text.as_bytes()[..length]) else { continue };
        let known = |figure| whole.figures().any(|other| other == figure);
        let changed = cut.figures().filter(|figure| !known(*figure)).count();
        let noted = cut.notes.iter().filter(|note| note.text.contains("its last figure")).count();
        assert!(changed <= noted, "cut at {length}: {:?}", &text[..length]);
    }
}

#[test]
fn a_long_file_cut_anywhere_makes_no_figure_of_what_is_missing() {
    let text = "service,period,measure,channel,value,note\n\
        a-service,2026-04,completed,digital,1234,\"two\nlines, \"\"quoted\"\"\"\n\
        a-service,2026-04,completed,phone,\"1,234\",\n\
        a-service,2026-05,completed,phone,,\n\
        a-service,2026-06,completed,phone,56,x\n";
    check_cut(LONG, text);
    check_cut(LONG, &text.replace('"', "").replace("two\nlines,", "").replace("1,234,", "7,"));
}

#[test]
fn a_wide_file_cut_anywhere_makes_no_figure_of_what_is_missing() {
    check_cut(
        PRESET,
        "Department,Slug,2017-Q1 Vol.,2017-Q1 Digital vol.,\"Total transactions\nJul - Sep 2012\",Notes,\n\
         Fixture office,a-service,\"1,234\",12,345,fine,\n\
         Fixture office,b-service,5678,,345,\"two\nlines\",\n\
         Fixture office,c-service,5678,90,\"3,450\",,\n",
    );
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange_for_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check(LONG, "x.csv", &bytes);
        check(PRESET, "x.csv", &bytes);
    }

    #[test]
    fn no_table_is_too_strange_for_the_reader(body in "[a-z0-9,.\"\n\r£%*#/ -]{0,200}") {
        check(LONG, "x.csv", format!("service,period,measure,channel,value\n{body}").as_bytes());
        check(PRESET, "x.csv", format!("Slug,2017-Q1 Vol.,\"Total transactions\nJul - Sep 2012\"\n{body}").as_bytes());
    }

    #[test]
    fn no_damaged_workbook_is_too_strange_for_the_reader(
        kind in 0..2_usize, tail in prop::collection::vec(any::<u8>(), 0..300)
    ) {
        let head: &[u8] = [b"PK\x03\x04".as_slice(), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"][kind];
        check(LONG, "x.xlsx", &[head, &tail].concat());
    }
}
