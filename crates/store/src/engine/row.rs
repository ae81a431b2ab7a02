//! A row of either engine. What does not have the stored form is a fault that names statement and column.

use std::{fmt::Display, str::FromStr};

use grantor_crypto::SecretHash;
use grantor_protocol::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type, postgres::PgRow, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{Fault, ids::RowId};

/// One row of an answer.
#[derive(Debug)]
pub(crate) struct Row {
    statement: &'static str,
    columns: Columns,
}

#[derive(Debug)]
enum Columns {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A type that both drivers read.
pub(crate) trait Column:
    Type<Sqlite> + Type<Postgres> + for<'r> Decode<'r, Sqlite> + for<'r> Decode<'r, Postgres>
{
}

impl<T> Column for T where
    T: Type<Sqlite> + Type<Postgres> + for<'r> Decode<'r, Sqlite> + for<'r> Decode<'r, Postgres>
{
}

impl Row {
    pub(super) fn sqlite(statement: &'static str, row: SqliteRow) -> Row {
        Row { statement, columns: Columns::Sqlite(row) }
    }

    pub(super) fn postgres(statement: &'static str, row: PgRow) -> Row {
        Row { statement, columns: Columns::Postgres(row) }
    }

    pub(crate) fn get<T: Column>(&self, column: &'static str) -> Result<T, Fault> {
        let value = match &self.columns {
            Columns::Sqlite(row) => row.try_get(column),
            Columns::Postgres(row) => row.try_get(column),
        };
        value.map_err(|error| self.corrupt(column, error))
    }

    /// A row id in the type of what it names.
    pub(crate) fn id<T: RowId>(&self, column: &'static str) -> Result<T, Fault> {
        self.get::<Uuid>(column).map(T::from_uuid)
    }

    pub(crate) fn optional_id<T: RowId>(&self, column: &'static str) -> Result<Option<T>, Fault> {
        Ok(self.get::<Option<Uuid>>(column)?.map(T::from_uuid))
    }

    pub(crate) fn instant(&self, column: &'static str) -> Result<Timestamp, Fault> {
        self.get(column).map(Timestamp)
    }

    pub(crate) fn optional_instant(&self, column: &'static str) -> Result<Option<Timestamp>, Fault> {
        Ok(self.get::<Option<i64>>(column)?.map(Timestamp))
    }

    pub(crate) fn hash(&self, column: &'static str) -> Result<SecretHash, Fault> {
        let bytes: Vec<u8> = self.get(column)?;
        let bytes = bytes.try_into().map_err(|_| self.corrupt(column, "not 32 bytes"))?;
        Ok(SecretHash::from_bytes(bytes))
    }

    pub(crate) fn optional_hash(&self, column: &'static str) -> Result<Option<SecretHash>, Fault> {
        if self.get::<Option<Vec<u8>>>(column)?.is_none() {
            return Ok(None);
        }
        self.hash(column).map(Some)
    }

    /// JSON kept as text.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, Fault> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text).map_err(|error| self.corrupt(column, error))
    }

    pub(crate) fn optional_json<T: DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, Fault> {
        let text: Option<String> = self.get(column)?;
        let parsed = text.map(|text| serde_json::from_str(&text)).transpose();
        parsed.map_err(|error| self.corrupt(column, error))
    }

    /// Text that has a parser of its own.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<T, Fault> {
        let text: String = self.get(column)?;
        text.parse().map_err(|error: T::Err| self.corrupt(column, error))
    }

    pub(crate) fn optional_parsed<T: FromStr<Err: Display>>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, Fault> {
        let text: Option<String> = self.get(column)?;
        let parsed = text.map(|text| text.parse()).transpose();
        parsed.map_err(|error: T::Err| self.corrupt(column, error))
    }

    pub(crate) fn corrupt(&self, column: &'static str, reason: impl Display) -> Fault {
        Fault::Corrupt { statement: self.statement, column, reason: reason.to_string() }
    }
}
