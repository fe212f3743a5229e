//! Takes in the rows of one answer: canonical text, bounds, transcript.

use std::sync::Arc;

use chrono::{NaiveDateTime, TimeZone};
use chrono_tz::Europe::Rome;
use sqlx::{Column, Row};

use crate::connectors::call::Transcript;

use super::failure::Failure;
use super::row::SqlRow;

/// No question about one subject has more rows than this.
const MOST_ROWS: usize = 10_000;

/// Rows as they come in.
pub struct Intake<'a> {
    rows: Vec<SqlRow>,
    names: Option<Arc<[String]>>,
    bytes: u64,
    max_bytes: u64,
    transcript: Option<&'a mut Transcript>,
}

impl<'a> Intake<'a> {
    /// Nothing taken in yet.
    pub fn new(max_bytes: u64, transcript: Option<&'a mut Transcript>) -> Intake<'a> {
        Intake {
            rows: Vec::new(),
            names: None,
            bytes: 0,
            max_bytes,
            transcript,
        }
    }

    /// Takes a row in; `text` reads the column at an index.
    pub fn take<R: Row>(
        &mut self,
        row: &R,
        text: impl Fn(&R, usize) -> Result<Option<String>, Failure>,
    ) -> Result<(), Failure> {
        let names = match &self.names {
            Some(names) => Arc::clone(names),
            None => self.names.insert(names(row)?).clone(),
        };
        let values = (0..names.len()).map(|index| text(row, index));
        let row = SqlRow::new(Arc::clone(&names), values.collect::<Result<_, _>>()?);
        let mut line = serde_json::to_vec(&row).map_err(|_| Failure::Unwritable)?;
        line.push(b'\n');
        self.bytes += line.len() as u64;
        if self.bytes > self.max_bytes || self.rows.len() == MOST_ROWS {
            return Err(Failure::Oversized);
        }
        if let Some(transcript) = &mut self.transcript {
            transcript.received(&line);
        }
        self.rows.push(row);
        Ok(())
    }

    /// All rows.
    pub fn finish(self) -> Vec<SqlRow> {
        self.rows
    }
}

fn names<R: Row>(row: &R) -> Result<Arc<[String]>, Failure> {
    let names: Arc<[String]> = row
        .columns()
        .iter()
        .map(|column| column.name().to_lowercase())
        .collect();
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            return Err(Failure::SameName(name.clone()));
        }
    }
    Ok(names)
}

/// A column that is not read, by its name and type.
pub fn unread<R: Row>(row: &R, index: usize, type_name: &str) -> Failure {
    Failure::Value {
        column: row.columns()[index].name().to_lowercase(),
        type_name: type_name.to_owned(),
    }
}

/// A local date and time.
pub fn local_time(time: NaiveDateTime) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.f").to_string()
}

/// An instant, given in UTC: Italian time and its offset, so that its date is the one that the office meant.
pub fn instant(utc: NaiveDateTime) -> String {
    let rome = Rome.from_utc_datetime(&utc);
    rome.format("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
}

/// A binary floating-point number, as briefly as it can be told from its neighbours.
pub fn float(number: f64) -> Option<String> {
    number.is_finite().then(|| number.to_string())
}
