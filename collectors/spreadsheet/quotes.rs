//! Whether the quotes of a text file can be trusted.
//!
//! One stray quote makes a cell of all that follows, up to the next quote or the end of the file, and
//! the csv reader takes that for what was meant. What is behind it would be lost without a word.

use memchr::{memchr, memchr2_iter};

/// Goes through the quoted cells of a text. The error names the row of the first one that cannot have
/// been meant: it never closes, or holds line ends and goes on after its closing quote, as where a
/// stray quote meets the next quoted cell.
pub(super) fn check(text: &[u8], delimiter: u8) -> Result<(), String> {
    let mut row = 1_usize;
    let mut from = 0;
    while let Some(open) = find_quote(text, from) {
        row += line_ends(text, from, open);
        from = open + 1;
        // Within a cell a quote is a character like any other.
        let opens = open.checked_sub(1).and_then(|before| text.get(before));
        if !opens.is_none_or(|before| ends_cell(*before, delimiter)) {
            continue;
        }
        let Some(close) = closing(text, from) else {
            return Err(format!(
                "row {row} opens a quoted cell that never closes; remove the stray quote, or get the \
                 file again, as it may be cut short"
            ));
        };
        let goes_on = text.get(close + 1).is_some_and(|after| !ends_cell(*after, delimiter));
        if goes_on && line_ends(text, open, close) > 0 {
            return Err(format!(
                "row {row} has a quoted cell of several lines that goes on after its closing quote; \
                 remove the stray quote"
            ));
        }
        from = close + 1;
    }
    Ok(())
}

fn find_quote(text: &[u8], from: usize) -> Option<usize> {
    memchr(b'"', text.get(from..)?).map(|at| from + at)
}

/// The quote that ends a cell whose text begins at `from`; two in a row are one of the text.
fn closing(text: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let at = find_quote(text, from)?;
        if text.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        from = at + 2;
    }
}

fn ends_cell(byte: u8, delimiter: u8) -> bool {
    byte == delimiter || byte == b'\n' || byte == b'\r'
}

/// Line ends in a part of the text, a carriage return with its line feed being one.
fn line_ends(text: &[u8], from: usize, to: usize) -> usize {
    memchr2_iter(b'\n', b'\r', text.get(from..to).unwrap_or_default())
        .map(|at| from + at)
        .filter(|at| text.get(*at) == Some(&b'\n') || text.get(at + 1) != Some(&b'\n'))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::none("a,b\n1,2\n")]
    #[case::closed("a,\"b\nc\"\n\"\",\"1,2\"")]
    #[case::doubled("\"a \"\"b\"\"\",\"\"\"\"\n")]
    #[case::within_a_cell("5\" disk,12\"\n")]
    #[case::text_after_it_on_one_line("\"a\" b,c\n")]
    fn quotes_as_they_are_meant(#[case] text: &str) {
        assert_eq!(check(text.as_bytes(), b','), Ok(()));
    }

    #[rstest]
    #[case::at_the_start("\"a,b\n1,2\n", 1)]
    #[case::after_lines_of_each_kind("a\r\n\r\nb\rc\n\"d", 5)]
    #[case::after_a_cell_of_two_lines("\"a\nb\",c\n1,\"2", 2)]
    #[case::doubled_at_the_end("a\n\"b\"\"", 2)]
    fn a_cell_that_never_closes_is_named_by_its_row(#[case] text: &str, #[case] row: usize) {
        let message = check(text.as_bytes(), b',').unwrap_err();
        assert!(message.starts_with(&format!("row {row} opens")), "{message}");
    }

    #[test]
    fn a_quote_that_meets_the_next_quoted_cell_is_named_by_its_row() {
        let message = check(b"a,b\n\"1,2\n3,\"4,5\"\n", b',').unwrap_err();
        assert!(message.starts_with("row 2 has a quoted cell of several lines"), "{message}");
    }

    proptest! {
        #[test]
        fn a_cell_is_open_where_the_csv_reader_has_it_open(text in "[a,\"\n\r]{0,12}") {
            // Where no cell is open, a line added is a row of its own.
            let more = format!("{text}\nz");
            let mut reader =
                csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(more.as_bytes());
            let last = reader.byte_records().map(Result::unwrap).last().unwrap();
            let open = last.len() != 1 || last.get(0) != Some(b"z");
            let said = check(text.as_bytes(), b',');
            match said {
                Ok(()) => prop_assert!(!open),
                Err(message) if message.contains("never closes") => prop_assert!(open),
                // The check ends there, whatever follows.
                Err(_) => {}
            }
        }
    }
}
