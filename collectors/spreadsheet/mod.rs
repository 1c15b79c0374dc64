//! Figures in files: CSV, TSV and workbooks.

use crate::Kind;

/// The entry of the kinds table.
pub const KIND: Kind = Kind {
    name: "spreadsheet",
    summary: "CSV, TSV, xlsx, xls and ods files: one, a folder of them, or at an http(s) address",
    build: |_| Err(Vec::new()),
};
