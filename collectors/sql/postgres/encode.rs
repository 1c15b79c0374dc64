//! `:from` and `:to` as the server reads them. `PostgreSQL` counts from 1 January 2000
//! (`src/backend/utils/adt/date.c`, `timestamp.c`: `date_recv`, `timestamptz_recv`).

use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo};
use sqlx::{Arguments, Encode, Postgres, Type};

use crate::sql::bounds::Bounds;

/// `src/include/catalog/pg_type.dat`.
const DATE: PgTypeInfo = PgTypeInfo::with_oid(Oid(1082));
const TIMESTAMPTZ: PgTypeInfo = PgTypeInfo::with_oid(Oid(1184));

pub(super) const EPOCH: Date = jiff::civil::date(2000, 1, 1);
/// 2000-01-01T00:00:00Z.
pub(super) const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;

/// The types of the two parameters.
pub(super) fn types(bounds: Bounds) -> [PgTypeInfo; 2] {
    match bounds {
        Bounds::Dates(_) => [DATE, DATE],
        Bounds::Timestamps(_) => [TIMESTAMPTZ, TIMESTAMPTZ],
    }
}

/// The two parameters.
pub(super) fn arguments(bounds: Bounds) -> Result<PgArguments, String> {
    let mut arguments = PgArguments::default();
    let added = match bounds {
        Bounds::Dates(dates) => dates.into_iter().try_for_each(|date| arguments.add(Day(date))),
        Bounds::Timestamps(instants) => {
            instants.into_iter().try_for_each(|instant| arguments.add(Instant(instant)))
        }
    };
    added.map_err(|error| format!("the periods asked for cannot be told to the database: {error}"))?;
    Ok(arguments)
}

struct Day(Date);
struct Instant(Timestamp);

impl Type<Postgres> for Day {
    fn type_info() -> PgTypeInfo {
        DATE
    }
}

impl Encode<'_, Postgres> for Day {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let days = self.0.since((jiff::Unit::Day, EPOCH))?.get_days();
        <i32 as Encode<'_, Postgres>>::encode_by_ref(&days, buffer)
    }
}

impl Type<Postgres> for Instant {
    fn type_info() -> PgTypeInfo {
        TIMESTAMPTZ
    }
}

impl Encode<'_, Postgres> for Instant {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let microseconds = self.0.as_microsecond() - EPOCH_MICROSECONDS;
        <i64 as Encode<'_, Postgres>>::encode_by_ref(&microseconds, buffer)
    }
}
