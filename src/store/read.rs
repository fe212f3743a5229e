//! Reading the record: the exchanges that a filter lets through, newest first, page by page.

use std::fmt::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use super::database::Database;
use super::dialect::{Bind, Dialect, Values};
use super::error::StoreError;
use super::link::{Parameters, rows_of_postgres, rows_of_sqlite};
use super::month::{Month, least_scambio};
use super::sqlite::reader::MonthReader;
use super::subject::SubjectKeys;
use super::tables::{CONTEXT, EXCHANGE, Kind};
use super::tokens::{TokenRow, token, tokens_of};

/// Exchanges in a page at most.
pub const MOST_ROWS: u32 = 1_000;

/// Which exchanges are wanted; what is `None` lets everything through.
#[derive(Debug, Clone, Default)]
pub struct RecordFilter {
    /// This exchange alone.
    pub scambio: Option<Uuid>,
    /// Of this portal.
    pub portal: Option<String>,
    /// Asked of this ente (ISTAT code).
    pub ente: Option<String>,
    /// With this outcome: `risposto`, or the slug of a problem.
    pub outcome: Option<String>,
    /// Begun then or later (to the millisecond).
    pub from: Option<DateTime<Utc>>,
    /// Begun before then (to the millisecond).
    pub to: Option<DateTime<Utc>>,
    /// In which any of these persons was asked about or disclosed; empty: whoever.
    pub persons: Vec<Person>,
    /// The cursor: older than the last exchange of the page before.
    pub before: Option<Uuid>,
    /// So many at most, up to [`MOST_ROWS`]; 0 means as many.
    pub limit: u32,
}

/// A person as one ente's exchanges know them.
#[derive(Clone)]
pub struct Person {
    /// ISTAT code of the ente: each has digests of its own.
    pub ente: String,
    /// Fiscal code or VAT number.
    pub code: String,
}

impl fmt::Debug for Person {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Person({})", self.ente)
    }
}

/// A recorded exchange. As JSON: an object with the columns of the table `exchange` (numbers of exchanges as UUID, instants
/// in RFC 3339, digests in hexadecimal) and `subjects`, one object a person; and `tokens`,
/// one object a token, where it came with some.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordRow {
    /// Its number.
    pub scambio: Uuid,
    columns: Vec<(&'static str, Value)>,
    /// The persons asked about and disclosed.
    pub subjects: Vec<SubjectRow>,
    /// The tokens that it came with; most come with none.
    pub tokens: Vec<TokenRow>,
}

/// A person in a recorded exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubjectRow {
    /// `cercato`, `interessato`, `componente`, `contitolare`.
    pub role: String,
    /// The keyed digest, hexadecimal.
    pub digest: String,
    /// The version of the ente's secret.
    pub key_version: i64,
}

impl RecordRow {
    /// The value of a column; null also where there is no such column.
    pub fn value(&self, column: &str) -> &Value {
        self.columns
            .iter()
            .find(|(name, _)| *name == column)
            .map_or(&Value::Null, |(_, value)| value)
    }

    /// The text of a column, empty where there is none.
    pub fn text(&self, column: &str) -> &str {
        self.value(column).as_str().unwrap_or_default()
    }
}

impl Serialize for RecordRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &self.columns {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("subjects", &self.subjects)?;
        if !self.tokens.is_empty() {
            map.serialize_entry("tokens", &self.tokens)?;
        }
        map.end()
    }
}

/// A filter in the terms of the tables.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    pub from: [u8; 16],
    /// The first number that is not wanted.
    pub to: [u8; 16],
    pub equal: Vec<(&'static str, String)>,
    /// Any of these, if there are some.
    pub digests: Vec<[u8; 32]>,
    /// These alone, if there are some.
    pub among: Vec<Uuid>,
    pub oldest_first: bool,
    pub limit: u32,
}

impl Selection {
    pub(super) fn of(filter: &RecordFilter, keys: &SubjectKeys) -> Selection {
        let mut from = filter.from.map_or([0; 16], least_scambio);
        let mut to = filter.to.map_or([0xff; 16], least_scambio);
        if let Some(before) = filter.before {
            to = to.min(before.into_bytes());
        }
        if let Some(scambio) = filter.scambio {
            from = from.max(scambio.into_bytes());
            to = to.min(scambio.as_u128().saturating_add(1).to_be_bytes());
        }
        let equal = [
            ("portal", &filter.portal),
            ("ente", &filter.ente),
            ("outcome", &filter.outcome),
        ];
        Selection {
            from,
            to,
            equal: equal
                .into_iter()
                .filter_map(|(column, value)| Some((column, value.clone()?)))
                .collect(),
            digests: filter
                .persons
                .iter()
                .flat_map(|person| keys.digests(&person.ente, &person.code))
                .collect(),
            among: Vec::new(),
            oldest_first: false,
            limit: match filter.limit {
                0 => MOST_ROWS,
                limit => limit.min(MOST_ROWS),
            },
        }
    }

    /// Everything of that month and later.
    pub(super) fn since(month: Option<Month>) -> Selection {
        Selection {
            from: month.map_or([0; 16], |month| least_scambio(month.begins())),
            to: [0xff; 16],
            equal: Vec::new(),
            digests: Vec::new(),
            among: Vec::new(),
            oldest_first: true,
            limit: MOST_ROWS,
        }
    }

    /// These exchanges.
    pub(super) fn among(scambi: &[Uuid]) -> Selection {
        let numbers = || scambi.iter().map(Uuid::as_u128);
        Selection {
            from: numbers().min().unwrap_or(u128::MAX).to_be_bytes(),
            to: numbers()
                .max()
                .unwrap_or_default()
                .saturating_add(1)
                .to_be_bytes(),
            among: scambi.to_vec(),
            limit: u32::try_from(scambi.len()).unwrap_or(u32::MAX),
            ..Selection::since(None)
        }
    }

    /// Whether exchanges of that month can be wanted.
    pub(super) fn touches(&self, month: Month) -> bool {
        least_scambio(month.begins()) < self.to && self.from < least_scambio(month.ends())
    }

    fn statement(&self, dialect: Dialect, to: &mut impl Bind) -> AssertSqlSafe<String> {
        let names: Vec<&str> = columns().map(|(name, _)| name).collect();
        let mut sql = format!(
            "SELECT {} FROM exchange JOIN exchange_context ON id = context WHERE scambio >= ",
            names.join(", ")
        );
        let mut position = 0;
        let mut placeholder = |sql: &mut String| {
            position += 1;
            dialect.placeholder(position, sql);
        };
        placeholder(&mut sql);
        to.bytes(Some(&self.from));
        sql.push_str(" AND scambio < ");
        placeholder(&mut sql);
        to.bytes(Some(&self.to));
        for (column, value) in &self.equal {
            let _ = write!(sql, " AND {column} = ");
            placeholder(&mut sql);
            to.text(Some(value));
        }
        if !self.digests.is_empty() {
            // One value, however many: a province has more enti than a statement may have values.
            sql.push_str(" AND scambio IN (SELECT scambio FROM exchange_subject WHERE digest IN (");
            let (before, after) = dialect.selected_as_bytes();
            sql.push_str(before);
            placeholder(&mut sql);
            sql.push_str(after);
            sql.push_str("))");
            let digests: Vec<String> = self.digests.iter().map(hex::encode).collect();
            to.text(serde_json::to_string(&digests).ok().as_deref());
        }
        if !self.among.is_empty() {
            sql.push_str(" AND scambio IN (");
            let (before, after) = dialect.selected_as_bytes();
            sql.push_str(before);
            placeholder(&mut sql);
            sql.push_str(after);
            sql.push(')');
            let among: Vec<String> = self.among.iter().map(hex::encode).collect();
            to.text(serde_json::to_string(&among).ok().as_deref());
        }
        sql.push_str(" ORDER BY scambio ");
        sql.push_str(if self.oldest_first {
            "ASC LIMIT "
        } else {
            "DESC LIMIT "
        });
        placeholder(&mut sql);
        to.number(Some(i64::from(self.limit)));
        AssertSqlSafe(sql)
    }
}

/// A connection that reads.
pub(super) enum Reader {
    Sqlite(MonthReader),
    Postgres(Box<PgConnection>),
}

impl Reader {
    /// One page of exchanges with their persons.
    pub(super) async fn page(
        &mut self,
        selection: &Selection,
    ) -> Result<Vec<RecordRow>, StoreError> {
        loop {
            let rows = self.page_with_subjects(selection).await;
            if let Reader::Sqlite(month) = self
                && month.was_disturbed().await?
            {
                continue;
            }
            return rows;
        }
    }

    /// One page of exchanges with their tokens, without their persons.
    pub(super) async fn page_without_subjects(
        &mut self,
        selection: &Selection,
    ) -> Result<Vec<RecordRow>, StoreError> {
        loop {
            let mut rows = self.bare(selection).await;
            if let Ok(rows) = &mut rows
                && !rows.is_empty()
            {
                self.add_tokens(rows).await?;
            }
            if let Reader::Sqlite(month) = self
                && month.was_disturbed().await?
            {
                continue;
            }
            return rows;
        }
    }

    /// The rows that a statement finds, each read at once.
    pub(super) async fn fetch<T>(
        &mut self,
        sql: &'static str,
        parameters: Parameters<'_>,
        read: fn(&dyn Values) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        match self {
            Reader::Sqlite(month) => loop {
                let rows = rows_of_sqlite(month.connection(), sql, parameters).await;
                if !month.was_disturbed().await? {
                    return rows?.iter().map(|row| read(row)).collect();
                }
            },
            Reader::Postgres(connection) => {
                let rows = rows_of_postgres(connection, sql, parameters).await?;
                rows.iter().map(|row| read(row)).collect()
            }
        }
    }

    async fn page_with_subjects(
        &mut self,
        selection: &Selection,
    ) -> Result<Vec<RecordRow>, StoreError> {
        let mut rows = self.bare(selection).await?;
        if !rows.is_empty() {
            self.add_subjects(&mut rows).await?;
            self.add_tokens(&mut rows).await?;
        }
        Ok(rows)
    }

    async fn bare(&mut self, selection: &Selection) -> Result<Vec<RecordRow>, StoreError> {
        Ok(match self {
            Reader::Sqlite(month) => {
                let mut arguments = SqliteArguments::default();
                let sql = selection.statement(Dialect::Sqlite, &mut arguments);
                let rows = sqlx::query_with(sql, arguments)
                    .fetch_all(month.connection())
                    .await?;
                rows.iter().map(exchange).collect::<Result<_, _>>()?
            }
            Reader::Postgres(connection) => {
                let mut arguments = PgArguments::default();
                let sql = selection.statement(Dialect::Postgres, &mut arguments);
                let rows = sqlx::query_with(sql, arguments)
                    .fetch_all(&mut **connection)
                    .await?;
                rows.iter().map(exchange).collect::<Result<_, _>>()?
            }
        })
    }

    async fn add_subjects(&mut self, rows: &mut [RecordRow]) -> Result<(), StoreError> {
        let found: Vec<(Uuid, SubjectRow)> = match self {
            Reader::Sqlite(month) => {
                let mut arguments = SqliteArguments::default();
                let sql = subjects_of(rows, Dialect::Sqlite, &mut arguments);
                let found = sqlx::query_with(sql, arguments)
                    .fetch_all(month.connection())
                    .await?;
                found.iter().map(subject).collect::<Result<_, _>>()?
            }
            Reader::Postgres(connection) => {
                let mut arguments = PgArguments::default();
                let sql = subjects_of(rows, Dialect::Postgres, &mut arguments);
                let found = sqlx::query_with(sql, arguments)
                    .fetch_all(&mut **connection)
                    .await?;
                found.iter().map(subject).collect::<Result<_, _>>()?
            }
        };
        for (scambio, subject) in found {
            if let Some(row) = rows.iter_mut().find(|row| row.scambio == scambio) {
                row.subjects.push(subject);
            }
        }
        Ok(())
    }

    async fn add_tokens(&mut self, rows: &mut [RecordRow]) -> Result<(), StoreError> {
        let found: Vec<(Uuid, TokenRow)> = match self {
            Reader::Sqlite(month) => {
                let mut arguments = SqliteArguments::default();
                let sql = tokens_of(rows, Dialect::Sqlite, &mut arguments);
                let found = sqlx::query_with(sql, arguments)
                    .fetch_all(month.connection())
                    .await?;
                found.iter().map(token).collect::<Result<_, _>>()?
            }
            Reader::Postgres(connection) => {
                let mut arguments = PgArguments::default();
                let sql = tokens_of(rows, Dialect::Postgres, &mut arguments);
                let found = sqlx::query_with(sql, arguments)
                    .fetch_all(&mut **connection)
                    .await?;
                found.iter().map(token).collect::<Result<_, _>>()?
            }
        };
        for (scambio, token) in found {
            if let Some(row) = rows.iter_mut().find(|row| row.scambio == scambio) {
                row.tokens.push(token);
            }
        }
        Ok(())
    }

    pub(super) async fn close(self) -> Result<(), StoreError> {
        match self {
            Reader::Sqlite(month) => month.close().await,
            Reader::Postgres(connection) => Ok(connection.close().await?),
        }
    }
}

/// The exchanges that the filter lets through, the newest first.
pub(super) async fn list(
    database: &Database,
    filter: &RecordFilter,
    keys: &SubjectKeys,
) -> Result<Vec<RecordRow>, StoreError> {
    let mut selection = Selection::of(filter, keys);
    let wanted = selection.limit as usize;
    let mut found = Vec::new();
    for part in database.parts(&selection)?.into_iter().rev() {
        let mut reader = part.reader().await?;
        found.extend(reader.page(&selection).await?);
        reader.close().await?;
        if found.len() >= wanted {
            break;
        }
        selection.limit = u32::try_from(wanted - found.len()).unwrap_or(MOST_ROWS);
    }
    Ok(found)
}

/// The columns of an exchange and its context as they are read; the key between the two is left out.
fn columns() -> impl Iterator<Item = (&'static str, Kind)> {
    let exchange = EXCHANGE.columns.iter().copied();
    let context = CONTEXT.columns.iter().copied();
    exchange
        .filter(|(name, _)| *name != "context")
        .chain(context.filter(|(name, _)| *name != "id"))
        .chain([("withheld", Kind::Flag)])
}

fn exchange(row: &impl Values) -> Result<RecordRow, sqlx::Error> {
    let columns = columns()
        .enumerate()
        .map(|(position, (name, kind))| Ok((name, value(row, position, kind)?)))
        .collect::<Result<Vec<_>, sqlx::Error>>()?;
    Ok(RecordRow {
        scambio: scambio(row, 0)?,
        columns,
        subjects: Vec::new(),
        tokens: Vec::new(),
    })
}

fn value(row: &impl Values, position: usize, kind: Kind) -> Result<Value, sqlx::Error> {
    Ok(match kind {
        Kind::Number => row.number(position)?.into(),
        Kind::Flag => row.number(position)?.map(|flag| flag != 0).into(),
        Kind::Text => row.text(position)?.into(),
        Kind::Digest => row.bytes(position)?.map(hex::encode).into(),
        Kind::Scambio => row
            .bytes(position)?
            .and_then(|bytes| Uuid::from_slice(&bytes).ok())
            .map(|scambio| scambio.to_string())
            .into(),
        Kind::Instant => row
            .number(position)?
            .and_then(DateTime::from_timestamp_micros)
            .map(|instant| instant.to_rfc3339_opts(SecondsFormat::Micros, true))
            .into(),
    })
}

pub(super) fn scambio(row: &impl Values, position: usize) -> Result<Uuid, sqlx::Error> {
    let bytes = row.bytes(position)?.unwrap_or_default();
    Uuid::from_slice(&bytes).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

fn subjects_of(rows: &[RecordRow], dialect: Dialect, to: &mut impl Bind) -> AssertSqlSafe<String> {
    let mut sql =
        "SELECT scambio, role, digest, key_version FROM exchange_subject WHERE scambio IN ("
            .to_owned();
    for (index, row) in rows.iter().enumerate() {
        sql.push_str(if index == 0 { "" } else { ", " });
        dialect.placeholder(index + 1, &mut sql);
        to.bytes(Some(row.scambio.as_bytes()));
    }
    AssertSqlSafe(sql + ") ORDER BY scambio, role, digest")
}

fn subject(row: &impl Values) -> Result<(Uuid, SubjectRow), sqlx::Error> {
    let subject = SubjectRow {
        role: row.text(1)?.unwrap_or_default(),
        digest: row.bytes(2)?.map(hex::encode).unwrap_or_default(),
        key_version: row.number(3)?.unwrap_or_default(),
    };
    Ok((scambio(row, 0)?, subject))
}
