//! Cells of the binary protocol, by the type the server names.

use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};
use sqlx::postgres::{PgRow, PgTypeKind, PgValueRef};
use sqlx::{Row, TypeInfo, ValueRef};

use super::encode::{EPOCH, EPOCH_MICROSECONDS};
use super::numeric;
use crate::sql::cell::Cell;

/// The cells of a row.
pub(super) fn row(row: &PgRow) -> Vec<Cell> {
    (0..row.columns().len())
        .map(|position| match row.try_get_raw(position) {
            Ok(value) => cell(&value),
            Err(error) => Cell::Unreadable(format!("not there: {error}")),
        })
        .collect()
}

fn cell(value: &PgValueRef<'_>) -> Cell {
    if value.is_null() {
        return Cell::Null;
    }
    let type_info = value.type_info();
    let Ok(bytes) = value.as_bytes() else { return Cell::Null };
    let text = || match std::str::from_utf8(bytes) {
        Ok(text) => Cell::text(text),
        Err(_) => Cell::Unreadable("a text that is not UTF-8".to_owned()),
    };
    if matches!(type_info.kind(), PgTypeKind::Enum(_)) {
        return text();
    }
    let name = type_info.name();
    let read = match name {
        "INT2" => whole::<2>(bytes, |bytes| i16::from_be_bytes(bytes).into()),
        "INT4" => whole::<4>(bytes, |bytes| i32::from_be_bytes(bytes).into()),
        "INT8" => whole::<8>(bytes, |bytes| i64::from_be_bytes(bytes).into()),
        "NUMERIC" => {
            return numeric::decimal(bytes).map_or_else(|why| Cell::Unreadable(why.to_owned()), Cell::Number);
        }
        "FLOAT4" => bytes.try_into().ok().map(|bytes| float4(f32::from_be_bytes(bytes))),
        "FLOAT8" => bytes.try_into().ok().map(|bytes| Cell::float(f64::from_be_bytes(bytes))),
        "DATE" => bytes.try_into().ok().map(|bytes| date(i32::from_be_bytes(bytes))),
        "TIMESTAMP" => bytes.try_into().ok().map(|bytes| clock_time(i64::from_be_bytes(bytes))),
        "TIMESTAMPTZ" => bytes.try_into().ok().map(|bytes| instant(i64::from_be_bytes(bytes))),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "citext" | "UNKNOWN" => return text(),
        _ => None,
    };
    read.unwrap_or_else(|| {
        Cell::Unreadable(format!(
            "of type {}, which no figure is made of; cast it in the query",
            name.to_lowercase()
        ))
    })
}

fn whole<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> rust_decimal::Decimal) -> Option<Cell> {
    bytes.try_into().ok().map(|bytes| Cell::Number(read(bytes)))
}

/// By its own shortest text: widened to 64 bits, 0.1 would become 0.10000000149011612.
fn float4(number: f32) -> Cell {
    number.to_string().parse().map_or_else(|_| Cell::float(number.into()), Cell::float)
}

const NO_DATE: &str = "infinite or outside the years 1 to 9999; leave such rows out in the query";

fn date(days: i32) -> Cell {
    let date = jiff::Span::new().try_days(days).ok().and_then(|days| EPOCH.checked_add(days).ok());
    date.map_or_else(|| Cell::Unreadable(NO_DATE.to_owned()), Cell::Date)
}

fn clock_time(microseconds: i64) -> Cell {
    let time = EPOCH.to_datetime(Time::midnight()).checked_add(SignedDuration::from_micros(microseconds));
    time.map_or_else(|_| Cell::Unreadable(NO_DATE.to_owned()), Cell::DateTime)
}

fn instant(microseconds: i64) -> Cell {
    let instant = EPOCH_MICROSECONDS
        .checked_add(microseconds)
        .and_then(|microseconds| Timestamp::from_microsecond(microseconds).ok());
    instant.map_or_else(|| Cell::Unreadable(NO_DATE.to_owned()), Cell::Instant)
}
