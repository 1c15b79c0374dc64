//! Figures go out as files and come back: the same, through the same acceptance as collected ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

#[path = "support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;

use daemon::say;
use tempfile::TempDir;

const HEADER: &str = "service,measure,channel,coverage,period_kind,period_start,period_end,state,value,\
                      provisional,thresholded,sampled_ppm,revision,collected_at,collector\r\n";

fn figure(month: &str, value: &str, collected_at: &str) -> String {
    format!(
        "invented,completed,phone,all,month,{month}-01,,known,{value},false,false,,1,{collected_at}T00:00:00Z,hand\r\n"
    )
}

fn import(data: &TempDir, rows: &[String]) -> daemon::Said {
    let file = data.path().join("figures.csv");
    std::fs::write(&file, format!("{HEADER}{}", rows.concat())).unwrap();
    say(data.path(), &["import", file.to_str().unwrap()])
}

#[test]
fn what_goes_out_comes_back_the_same_as_csv_and_as_json() {
    let from = tempfile::tempdir().unwrap();
    assert_eq!(say(from.path(), &["collect", "--all"]).code, Some(0));
    let exported = say(from.path(), &["export"]).out;
    for name in ["figures.csv", "figures.json"] {
        let to = tempfile::tempdir().unwrap();
        let file = to.path().join(name);
        let form = name.rsplit_once('.').unwrap().1;
        let written = say(from.path(), &["export", "--format", form, "--output", file.to_str().unwrap()]);
        assert_eq!(written.code, Some(0), "{}", written.err);
        let said = say(to.path(), &["import", file.to_str().unwrap()]);
        assert_eq!(said.code, Some(0), "{}", said.err);
        assert_eq!(say(to.path(), &["export"]).out, exported, "{name}");
        assert!(say(to.path(), &["import", file.to_str().unwrap()]).out.starts_with("imported: 0 new"));
    }
}

#[test]
fn an_older_figure_does_not_put_back_what_has_been_corrected() {
    let data = tempfile::tempdir().unwrap();
    assert_eq!(import(&data, &[figure("2026-05", "36661", "2026-06-10")]).code, Some(0));
    let said = import(&data, &[figure("2026-05", "121", "2026-06-01"), figure("2026-04", "7", "2026-06-01")]);
    assert!(said.out.contains("1 new, 0 unchanged, 0 revised"), "{}", said.out);
    assert!(said.out.contains("1 figures of the file were left out"), "{}", said.out);
    let figures = say(data.path(), &["export"]).out;
    assert!(figures.contains(",known,36661,") && !figures.contains(",121,"), "{figures}");
}

#[test]
fn a_period_that_has_not_ended_is_no_figure() {
    let data = tempfile::tempdir().unwrap();
    let said = import(&data, &[figure("2190-01", "5", "2026-06-01")]);
    assert!(said.err.contains("not ended yet"), "{}", said.err);
    assert!(!say(data.path(), &["export"]).out.contains("2190"));
}

#[test]
fn a_file_with_a_mistake_is_taken_in_no_part() {
    let data = tempfile::tempdir().unwrap();
    assert_eq!(import(&data, &[figure("2026-04", "7", "2026-06-01")]).code, Some(0));
    let rows = [figure("2026-05", "8", "2026-06-02"), figure("2026-13", "9", "2026-06-02")];
    let said = import(&data, &rows);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("line 3") && said.err.contains("2026-13-01"), "{}", said.err);
    assert!(!say(data.path(), &["export"]).out.contains(",known,8,"));
}
