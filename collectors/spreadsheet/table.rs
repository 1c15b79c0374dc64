//! A file as rows of text cells, whatever it was written as.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::config::FileFormat;
use super::decode::decode;
use super::plan::Plan;
use super::{quotes, workbook};

/// One row: its number as a spreadsheet shows it, and its cells.
pub(crate) struct Row<'a> {
    pub(crate) number: u32,
    text: &'a [u8],
    spans: &'a [(usize, usize)],
}

impl<'a> Row<'a> {
    pub(super) fn new(number: u32, text: &'a [u8], spans: &'a [(usize, usize)]) -> Self {
        Self { number, text, spans }
    }

    /// The bytes of a cell, valid UTF-8; empty where the row is shorter.
    pub(super) fn cell(&self, column: usize) -> &'a [u8] {
        let text = self.text;
        self.spans.get(column).and_then(|&(start, end)| text.get(start..end)).unwrap_or_default()
    }

    /// The text of a cell without the white space around it.
    pub(crate) fn text(&self, column: usize) -> &'a str {
        std::str::from_utf8(self.cell(column)).unwrap_or_default().trim()
    }

    pub(crate) fn width(&self) -> usize {
        self.spans.len()
    }
}

/// What is told to go on or to stop for each row.
pub(crate) type Visit<'v> = dyn FnMut(&Row<'_>) -> ControlFlow<()> + 'v;

/// A table that can be read from the top any number of times.
pub(crate) enum Table<'b> {
    Text { text: Cow<'b, str>, delimiter: u8, cut: Cut },
    Sheet(workbook::Sheet),
}

/// How a text is cut into rows and cells.
#[derive(Clone, Copy)]
pub(crate) enum Cut {
    /// At line feeds and delimiters: no quotes, and no line ended by a lone carriage return.
    Plain,
    /// As the csv reader does it.
    Quoted,
}

impl<'b> Table<'b> {
    /// Opens a file. The error says what is wrong with it as a whole.
    pub(crate) fn open(plan: &Plan, file: &str, bytes: &'b [u8]) -> Result<Self, String> {
        let format = match plan.format {
            FileFormat::Auto => by_content(file, bytes)?,
            asked_for => asked_for,
        };
        let usual = match format {
            FileFormat::Csv | FileFormat::Auto => b',',
            FileFormat::Tsv => b'\t',
            FileFormat::Xlsx | FileFormat::Xls | FileFormat::Ods => {
                return workbook::open(format, bytes, plan.sheet.as_ref()).map(Self::Sheet);
            }
        };
        let text = decode(bytes, plan.encoding)?;
        let head = text.trim_start().get(..16).unwrap_or_default().to_lowercase();
        if head.starts_with("<!doctype html") || head.starts_with("<html") {
            return Err("a web page and not a table; check the address or the export".to_owned());
        }
        let delimiter = plan.delimiter.unwrap_or(usual);
        let cut = if is_plain(text.as_bytes()) {
            Cut::Plain
        } else {
            quotes::check(text.as_bytes(), delimiter)?;
            Cut::Quoted
        };
        Ok(Self::Text { text, delimiter, cut })
    }

    /// The sheet read, for workbooks.
    pub(crate) fn sheet(&self) -> Option<Arc<str>> {
        match self {
            Self::Text { .. } => None,
            Self::Sheet(sheet) => Some(Arc::clone(&sheet.name)),
        }
    }

    /// What is between cells, in a text.
    pub(super) fn delimiter(&self) -> Option<u8> {
        match self {
            Self::Text { delimiter, .. } => Some(*delimiter),
            Self::Sheet(_) => None,
        }
    }

    /// Whether a text has line ends, but none after its last cell: nobody can tell whether that cell
    /// is whole. A closing quote tells.
    pub(super) fn ends_within_a_line(&self) -> bool {
        let Self::Text { text, .. } = self else { return false };
        memchr::memchr2(b'\n', b'\r', text.as_bytes()).is_some() && !text.ends_with(['\n', '\r', '"'])
    }

    /// Shows every row to `visit`, empty ones left out but counted. The error says where the rows
    /// cannot be read on.
    pub(crate) fn rows(&self, visit: &mut Visit<'_>) -> Result<(), String> {
        match self {
            Self::Sheet(sheet) => sheet.rows(visit),
            Self::Text { text, delimiter, cut: Cut::Plain } => {
                plain_rows(text.as_bytes(), *delimiter, visit);
            }
            Self::Text { text, delimiter, cut: Cut::Quoted } => {
                return quoted_rows(text.as_bytes(), *delimiter, visit);
            }
        }
        Ok(())
    }
}

fn by_content(file: &str, bytes: &[u8]) -> Result<FileFormat, String> {
    let contains = |needle: &[u8]| memchr::memmem::find(bytes, needle).is_some();
    if bytes.starts_with(b"PK\x03\x04") {
        let head = bytes.get(..bytes.len().min(200)).unwrap_or_default();
        let open_document = memchr::memmem::find(head, b"application/vnd.oasis.opendocument").is_some();
        return Ok(if open_document { FileFormat::Ods } else { FileFormat::Xlsx });
    }
    if bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        // A locked xlsx is an old-style container around the encrypted file.
        let encrypted: Vec<u8> = "EncryptedPackage".bytes().flat_map(|byte| [byte, 0]).collect();
        return if contains(&encrypted) { Err(workbook::LOCKED.to_owned()) } else { Ok(FileFormat::Xls) };
    }
    let ending = file.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    Ok(if ending.as_deref() == Some("tsv") { FileFormat::Tsv } else { FileFormat::Csv })
}

/// Whether rows can be cut at line feeds and cells at delimiters: no quotes, and no line ended by a
/// lone carriage return.
fn is_plain(text: &[u8]) -> bool {
    memchr::memchr(b'"', text).is_none()
        && memchr::memchr_iter(b'\r', text).all(|at| text.get(at + 1) == Some(&b'\n'))
}

fn plain_rows(text: &[u8], delimiter: u8, visit: &mut Visit<'_>) {
    let mut spans = Vec::with_capacity(32);
    let mut rest = text;
    let mut number = 0_u32;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        number = number.saturating_add(1);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        spans.clear();
        let mut start = 0;
        for at in memchr::memchr_iter(delimiter, line) {
            spans.push((start, at));
            start = at + 1;
        }
        spans.push((start, line.len()));
        if visit(&Row::new(number, line, &spans)).is_break() {
            return;
        }
    }
}

fn quoted_rows(text: &[u8], delimiter: u8, visit: &mut Visit<'_>) -> Result<(), String> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text);
    let mut record = csv::ByteRecord::new();
    let mut spans = Vec::with_capacity(32);
    let mut number = 0_u32;
    let failed = |number: u32, error: csv::Error| {
        format!("the rows after row {number} cannot be read: {error}; export the file again")
    };
    while reader.read_byte_record(&mut record).map_err(|error| failed(number, error))? {
        let start = record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(0));
        number = number.saturating_add(1).saturating_add(empty_lines(text, start));
        spans.clear();
        spans.extend(
            (0..record.len()).filter_map(|cell| record.range(cell)).map(|span| (span.start, span.end)),
        );
        if visit(&Row::new(number, record.as_slice(), &spans)).is_break() {
            break;
        }
    }
    Ok(())
}

/// Lines without anything on them at `start`, which the csv reader passes over without counting. The
/// line feed of a record that ended in CR LF is still before it.
fn empty_lines(text: &[u8], start: usize) -> u32 {
    let mut rest = text.get(start..).unwrap_or_default();
    let after_return = start.checked_sub(1).and_then(|before| text.get(before)) == Some(&b'\r');
    if after_return && rest.first() == Some(&b'\n') {
        rest = rest.get(1..).unwrap_or_default();
    }
    let mut lines = 0;
    loop {
        rest = match rest {
            [b'\r', b'\n', after @ ..] | [b'\r' | b'\n', after @ ..] => after,
            _ => return lines,
        };
        lines += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &str, quoted: bool) -> Vec<(u32, Vec<String>)> {
        let mut found = Vec::new();
        let mut visit = |row: &Row<'_>| {
            let cells = (0..row.width()).map(|cell| String::from_utf8(row.cell(cell).to_vec()).unwrap());
            found.push((row.number, cells.collect()));
            ControlFlow::Continue(())
        };
        if quoted {
            quoted_rows(text.as_bytes(), b',', &mut visit).unwrap();
        } else {
            plain_rows(text.as_bytes(), b',', &mut visit);
        }
        found
    }

    #[test]
    fn a_row_has_the_number_a_spreadsheet_gives_it() {
        let text = "\r\ntitle\r\n\r\n\r\n\"two\nlines\",b\r\n\"c\"\r\n";
        let numbers: Vec<u32> = rows(text, true).into_iter().map(|(number, _)| number).collect();
        assert_eq!(numbers, [2, 5, 6]);
    }

    proptest! {
        #[test]
        fn the_quick_way_cuts_as_the_csv_reader_does(text in "([a-z0-9£ ]{0,3}[,\n]|\r\n){0,20}[a-z,]{0,4}") {
            prop_assert_eq!(rows(&text, false), rows(&text, true));
        }
    }
}
