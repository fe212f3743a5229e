//! One line of a file as columns, as its layout says; or why it is rejected.

use serde::{Deserialize, Serialize};

use super::layout::{Check, FileLayout, Form};
use super::lines::NoText;
use crate::connectors::mapping::dates;

/// Why a line is rejected; never with what stood in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reject {
    /// Longer than a line may be.
    RigaTroppoLunga,
    /// No text in the file's charset.
    CaratteriNonValidi,
    /// Another number of fields than any version has.
    NumeroDiCampi,
    /// Another record than the file is of.
    TipoRecord,
    /// A field that must be there is empty.
    CampoMancante,
    /// A date that is none.
    DataNonValida,
    /// A number that is none.
    NumeroNonValido,
}

impl From<NoText> for Reject {
    fn from(reason: NoText) -> Reject {
        match reason {
            NoText::TooLong => Reject::RigaTroppoLunga,
            NoText::Charset => Reject::CaratteriNonValidi,
        }
    }
}

/// A line's columns: blank ones are none.
pub type Row<'l> = Vec<Option<&'l str>>;

/// Reads a line. A line of blanks is no record.
pub fn read<'l>(line: &'l str, layout: &FileLayout) -> Result<Option<Row<'l>>, Reject> {
    if line.trim().is_empty() {
        return Ok(None);
    }
    let mut row = match &layout.form {
        Form::Fixed { length, fields } => fixed(line, *length, fields)?,
        Form::Delimited {
            separator,
            record,
            others,
            fields,
            lacking,
        } => {
            if let Some(record) = record
                && let Some(other) = other_record(line, *separator, record)
            {
                if others.rejects || others.taken.iter().any(|taken| taken == other) {
                    return Ok(None);
                }
                return Err(Reject::TipoRecord);
            }
            delimited(line, *separator, *fields, lacking)?
        }
    };
    for split in &layout.split {
        let mut parts = row[split.of]
            .unwrap_or_default()
            .splitn(split.count, split.by);
        row.extend((0..split.count).map(|_| parts.next().and_then(filled)));
    }
    for (column, check) in &layout.checks {
        checked(row[*column], *check)?;
    }
    Ok(Some(row))
}

fn filled(text: &str) -> Option<&str> {
    let text = text.trim_end();
    (!text.trim_start().is_empty()).then_some(text)
}

fn fixed<'l>(
    line: &'l str,
    length: usize,
    fields: &[std::ops::Range<usize>],
) -> Result<Row<'l>, Reject> {
    // Places are counted in characters; only beyond ASCII do they differ from bytes.
    let places: Option<Vec<usize>> =
        (!line.is_ascii()).then(|| line.char_indices().map(|(at, _)| at).collect());
    let characters = places.as_ref().map_or(line.len(), Vec::len);
    if characters > length && line.trim_end().chars().nth(length).is_some() {
        return Err(Reject::RigaTroppoLunga);
    }
    let byte = |place: usize| match &places {
        None => place.min(line.len()),
        Some(places) => places.get(place).copied().unwrap_or(line.len()),
    };
    let fields = fields.iter();
    Ok(fields
        .map(|field| filled(&line[byte(field.start)..byte(field.end)]))
        .collect())
}

/// What stands in the first field, where it is not this record.
fn other_record<'l>(line: &'l str, separator: char, record: &str) -> Option<&'l str> {
    let first = line.split(separator).next().unwrap_or_default().trim();
    (first != record).then_some(first)
}

fn delimited<'l>(
    line: &'l str,
    separator: char,
    fields: usize,
    lacking: &[Vec<usize>],
) -> Result<Row<'l>, Reject> {
    let mut row: Row<'l> = line.split(separator).map(filled).collect();
    if row.len() == fields {
        return Ok(row);
    }
    let version = lacking
        .iter()
        .find(|lacking| row.len() + lacking.len() == fields)
        .ok_or(Reject::NumeroDiCampi)?;
    for place in version {
        row.insert(*place, None);
    }
    Ok(row)
}

fn checked(value: Option<&str>, check: Check) -> Result<(), Reject> {
    match (check, value) {
        (Check::Present, None) => Err(Reject::CampoMancante),
        (Check::Present, Some(_)) | (Check::Date(_) | Check::Number(_), None) => Ok(()),
        (Check::Date(form), Some(text)) => match dates::read(text.trim(), &[form]) {
            Ok(_) => Ok(()),
            Err(_) => Err(Reject::DataNonValida),
        },
        (Check::Number(form), Some(text)) => match form.read(text.trim()) {
            Ok(_) => Ok(()),
            Err(_) => Err(Reject::NumeroNonValido),
        },
    }
}
