//! What is looked at before a workbook's reader is let at it. The reader is not ours, and one that asks for more
//! memory than there is ends the whole program.

use std::io::{Cursor, Read};

use super::config::FileFormat;

/// Most bytes of a workbook once it is unpacked.
const LARGEST_BYTES: u64 = 512 * 1024 * 1024;
/// Most cells of the rectangle a sheet reaches over, empty ones included: what an xls sheet can have.
const MOST_CELLS: u64 = 65_536 * 256;

/// What is said of a workbook that nobody can read as it is.
pub(super) const DAMAGED: &str = "the workbook is damaged; open it in a spreadsheet and save it again";

/// Whether a workbook can be read without asking for memory out of all proportion. What is no workbook at all
/// passes: its reader says so.
pub(super) fn check(format: FileFormat, bytes: &[u8]) -> Result<(), String> {
    match format {
        FileFormat::Xls => compound(bytes),
        _ => archive(bytes),
    }
}

/// An xls file is a file system of its own (MS-CFB), whose chains of sectors may run in circles.
fn compound(bytes: &[u8]) -> Result<(), String> {
    if !bytes.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
        return Ok(());
    }
    let damaged = |_| DAMAGED.to_owned();
    let mut file = cfb::CompoundFile::open(Cursor::new(bytes)).map_err(damaged)?;
    let streams: Vec<_> =
        file.walk().filter(cfb::Entry::is_stream).map(|entry| entry.path().to_owned()).collect();
    for path in streams {
        // To open a stream is to follow its chain.
        let stream = file.open_stream(&path).map_err(damaged)?;
        let name = path.file_name().map(std::ffi::OsStr::to_ascii_lowercase).unwrap_or_default();
        if name == "workbook" || name == "book" {
            let mut records = Vec::new();
            stream.take(bytes.len() as u64).read_to_end(&mut records).map_err(damaged)?;
            reaches(&records)?;
        }
    }
    Ok(())
}

/// How far the sheets of an xls workbook reach, by its records (MS-XLS 2.3.2): each a type and a length of two bytes,
/// then its data, which for a cell begins with row and column.
fn reaches(mut records: &[u8]) -> Result<(), String> {
    const BEGIN: u16 = 0x0809;
    const CELLS: [u16; 8] = [0x0006, 0x00D6, 0x00FD, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E];
    /// Several cells of a row: the last column ends the record.
    const RUNS: [u16; 2] = [0x00BD, 0x00BE];
    let word = |bytes: &[u8], at: usize| Some(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    let mut reach = Reach::default();
    while let (Some(kind), Some(length)) = (word(records, 0), word(records, 2)) {
        let end = (4 + usize::from(length)).min(records.len());
        let data = records.get(4..end).unwrap_or_default();
        match (kind, word(data, 0), word(data, 2)) {
            (BEGIN, ..) => reach = Reach::default(),
            (kind, Some(row), Some(column)) if CELLS.contains(&kind) => {
                reach.add(row.into(), column.into())?;
            }
            (kind, Some(row), Some(column)) if RUNS.contains(&kind) => {
                let last = data.len().checked_sub(2).and_then(|at| word(data, at));
                reach.add(row.into(), column.into())?;
                reach.add(row.into(), last.unwrap_or(column).into())?;
            }
            _ => {}
        }
        records = records.get(end..).unwrap_or_default();
    }
    Ok(())
}

/// xlsx and ods files are packed.
fn archive(bytes: &[u8]) -> Result<(), String> {
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) else { return Ok(()) };
    let mut unpacked: u64 = 0;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|_| DAMAGED.to_owned())?;
        unpacked = unpacked.saturating_add(entry.size());
    }
    if unpacked > LARGEST_BYTES {
        return Err(format!(
            "the workbook has {} MB once it is unpacked, and at most {} are read; split it",
            unpacked >> 20,
            LARGEST_BYTES >> 20
        ));
    }
    Ok(())
}

/// The rectangle that the cells of a sheet lie in, by their rows and columns from 0.
#[derive(Debug, Default)]
pub(super) struct Reach(Option<[u32; 4]>);

impl Reach {
    /// Takes a cell in; an error where the rectangle becomes too large to be held.
    pub(super) fn add(&mut self, row: u32, column: u32) -> Result<(), String> {
        let [top, left, bottom, right] = self.0.unwrap_or([row, column, row, column]);
        let (top, left) = (top.min(row), left.min(column));
        let (bottom, right) = (bottom.max(row), right.max(column));
        self.0 = Some([top, left, bottom, right]);
        let side = |from: u32, to: u32| u64::from(to - from) + 1;
        if side(top, bottom) * side(left, right) <= MOST_CELLS {
            return Ok(());
        }
        Err(format!(
            "the sheet reaches to row {} and column {}; delete what lies outside the table",
            u64::from(bottom) + 1,
            u64::from(right) + 1
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_far_out_is_named() {
        let mut reach = Reach::default();
        reach.add(0, 0).unwrap();
        reach.add(999, 30).unwrap();
        let refused = reach.add(1_048_575, 16_383).unwrap_err();
        assert_eq!(
            refused,
            "the sheet reaches to row 1048576 and column 16384; delete what lies outside the table"
        );
    }

    const XLS: &[u8] = include_bytes!("testcases/xls/figures.xls");

    fn number(bytes: &[u8], at: usize) -> usize {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
    }

    /// Every chain in turn is made to run in a circle, as one wrong byte can.
    #[test]
    fn a_chain_of_sectors_that_runs_in_a_circle_is_damage() {
        assert_eq!(check(FileFormat::Xls, XLS), Ok(()));
        let (first_table, directory) = (number(XLS, 76), number(XLS, 48));
        let place = |sector: usize| 512 + 512 * first_table + 4 * sector;
        for sector in (0..128).filter(|sector| number(XLS, place(*sector)) < 0xFFFF_FFFA) {
            let mut circular = XLS.to_vec();
            circular[place(sector)..place(sector) + 4]
                .copy_from_slice(&u32::try_from(sector).unwrap().to_le_bytes());
            assert_eq!(check(FileFormat::Xls, &circular), Err(DAMAGED.to_owned()), "sector {sector}");
        }
        let mut circular = XLS.to_vec();
        circular[place(directory)..place(directory) + 4]
            .copy_from_slice(&u32::try_from(directory).unwrap().to_le_bytes());
        assert_eq!(check(FileFormat::Xls, &circular), Err(DAMAGED.to_owned()), "the directory");
    }

    #[test]
    fn what_is_no_workbook_is_left_to_its_reader() {
        for format in [FileFormat::Xls, FileFormat::Xlsx, FileFormat::Ods] {
            assert_eq!(check(format, b"service,completed\nvisas,1\n"), Ok(()));
        }
    }

    #[test]
    fn records_are_followed_to_the_cells() {
        let record = |kind: u16, data: &[u8]| {
            [&kind.to_le_bytes(), &u16::try_from(data.len()).unwrap().to_le_bytes(), data].concat()
        };
        let cell = |row: u16, column: u16| {
            record(0x0203, &[row.to_le_bytes(), column.to_le_bytes(), [0; 2], [0; 2]].concat())
        };
        let near = [cell(0, 0), record(0x0809, &[0; 8]), cell(65_535, 65_535), record(0x000A, &[])].concat();
        assert_eq!(reaches(&near), Ok(()), "each sheet has a reach of its own");
        let far = [cell(0, 0), cell(65_535, 65_535)].concat();
        assert!(reaches(&far).unwrap_err().contains("row 65536 and column 65536"));
        let run = record(0x00BD, &[0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 255, 255]);
        assert!(reaches(&[cell(65_535, 0), run].concat()).is_err());
    }
}
