use proptest::prelude::*;

use super::plan::plan;
use super::read::read;

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
