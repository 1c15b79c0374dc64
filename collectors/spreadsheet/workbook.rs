//! Sheets of xlsx, xls and ods workbooks as rows of text.

use std::fmt::Write as _;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use calamine::{Cell, Data, DataRef, ExcelDateTime, Ods, Range, Reader, SheetType, SheetVisible, Xls, Xlsx};
use jiff::ToSpan;
use jiff::civil::DateTime;

use super::config::{FileFormat, SheetName};
use super::report::shown;
use super::soundness::{self, DAMAGED, Reach};
use super::table::{Row, Visit};

/// What is said of a workbook nobody can read without its password.
pub(super) const LOCKED: &str = "the workbook is protected by a password; save it without one";

/// One sheet of a workbook.
pub(crate) struct Sheet {
    pub(super) name: Arc<str>,
    range: Range<Data>,
}

/// Opens the sheet asked for, or the first that is not hidden.
pub(super) fn open(format: FileFormat, bytes: &[u8], wanted: Option<&SheetName>) -> Result<Sheet, String> {
    // Formula cells carry the values they had when the file was saved; those are read.
    let read = || {
        soundness::check(format, bytes)?;
        match format {
            FileFormat::Xls => {
                from::<Xls<_>>(bytes, wanted, |book, name| book.worksheet_range(name).map_err(explain))
            }
            FileFormat::Ods => {
                from::<Ods<_>>(bytes, wanted, |book, name| book.worksheet_range(name).map_err(explain))
            }
            _ => from::<Xlsx<_>>(bytes, wanted, cells_of_xlsx),
        }
    };
    // The reader of workbooks is not ours, and files dropped by people are not all well formed.
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(DAMAGED.to_owned()))
}

fn from<'b, R: Reader<Cursor<&'b [u8]>>>(
    bytes: &'b [u8],
    wanted: Option<&SheetName>,
    range: impl FnOnce(&mut R, &str) -> Result<Range<Data>, String>,
) -> Result<Sheet, String>
where
    R::Error: std::fmt::Display,
{
    let mut book = R::new(Cursor::new(bytes)).map_err(explain)?;
    let name = choose(&book, wanted)?;
    let range = range(&mut book, &name)?;
    Ok(Sheet { name: Arc::from(name), range })
}

/// The cells of a sheet, looked at one by one: the reader's own way allocates the whole rectangle first.
fn cells_of_xlsx(book: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Result<Range<Data>, String> {
    let mut cells = Vec::new();
    let mut reach = Reach::default();
    let mut reader = book.worksheet_cells_reader(name).map_err(explain)?;
    while let Some(cell) = reader.next_cell().map_err(explain)? {
        if matches!(cell.get_value(), DataRef::Empty) {
            continue;
        }
        let (row, column) = cell.get_position();
        reach.add(row, column)?;
        cells.push(Cell::new((row, column), Data::from(cell.get_value().clone())));
    }
    Ok(Range::from_sparse(cells))
}

fn explain(error: impl std::fmt::Display) -> String {
    let text = error.to_string();
    if text.to_lowercase().contains("password") {
        LOCKED.to_owned()
    } else {
        format!("not a workbook that can be read: {}", shown(&text))
    }
}

fn choose<'b, R: Reader<Cursor<&'b [u8]>>>(book: &R, wanted: Option<&SheetName>) -> Result<String, String> {
    let sheets: Vec<_> =
        book.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet).collect();
    let visible = || sheets.iter().filter(|sheet| sheet.visible == SheetVisible::Visible);
    let found = match wanted {
        None => visible().next(),
        Some(SheetName::Number(number)) => visible().nth(number.saturating_sub(1)),
        Some(SheetName::Name(name)) => sheets
            .iter()
            .find(|sheet| sheet.name == *name)
            .or_else(|| sheets.iter().find(|sheet| sheet.name.trim().eq_ignore_ascii_case(name.trim()))),
    };
    found.map(|sheet| sheet.name.clone()).ok_or_else(|| {
        let names: Vec<String> = visible().map(|sheet| format!("{:?}", sheet.name)).collect();
        let wanted = match wanted {
            None => "no sheet that is not hidden".to_owned(),
            Some(SheetName::Number(number)) => format!("no sheet {number}"),
            Some(SheetName::Name(name)) => format!("no sheet {name:?}"),
        };
        format!("{wanted} in the workbook; it has {}", names.join(", "))
    })
}

impl Sheet {
    /// Shows every row to `visit`, empty ones left out but counted.
    pub(super) fn rows(&self, visit: &mut Visit<'_>) {
        let Some((first_row, first_column)) = self.range.start() else { return };
        let mut text = String::new();
        let mut spans = Vec::new();
        for (number, cells) in (first_row.saturating_add(1)..).zip(self.range.rows()) {
            text.clear();
            spans.clear();
            spans.extend((0..first_column).map(|_| (0, 0)));
            for cell in cells {
                let start = text.len();
                write_cell(&mut text, cell);
                spans.push((start, text.len()));
            }
            if !text.is_empty() && visit(&Row::new(number, text.as_bytes(), &spans)).is_break() {
                return;
            }
        }
    }
}

fn write_cell(text: &mut String, cell: &Data) {
    // Writing to a String cannot fail.
    let _ = match cell {
        Data::Empty => Ok(()),
        Data::Int(number) => write!(text, "{number}"),
        // The shortest decimal that is this very double: what the spreadsheet shows, and `5` for 5.0.
        Data::Float(number) => write!(text, "{number}"),
        Data::String(string) | Data::DateTimeIso(string) | Data::DurationIso(string) => {
            text.push_str(string);
            Ok(())
        }
        Data::Bool(yes) => text.write_str(if *yes { "TRUE" } else { "FALSE" }),
        Data::DateTime(moment) => text.write_str(&date_text(moment)),
        Data::Error(error) => write!(text, "{error}"),
    };
}

/// A date as `2016-01-01`, with its time where it is not midnight. A day number is a fraction of a
/// day in binary, so that a time is right to the second only once rounded.
fn date_text(moment: &ExcelDateTime) -> String {
    if moment.is_duration() {
        return format!("{} days", moment.as_f64());
    }
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    let part = |number: u8| i8::try_from(number).unwrap_or(i8::MAX);
    let whole = i16::try_from(year).ok().and_then(|year| {
        DateTime::new(year, part(month), part(day), part(hour), part(minute), part(second), 0).ok()
    });
    let Some(whole) = whole else { return moment.as_f64().to_string() };
    let rounded = whole.saturating_add(i64::from(milli >= 500).seconds());
    if rounded.time() == jiff::civil::Time::midnight() {
        rounded.date().to_string()
    } else {
        rounded.to_string()
    }
}
