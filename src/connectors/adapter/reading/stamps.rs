//! Reads `[now]` and `[sha256]` of `adapter.toml`.

use toml::de::DeValue;

use super::template;
use crate::config::reading::Reader;
use crate::config::reading::table::Table;
use crate::config::reading::value::Value;
use crate::config::units::Span;
use crate::connectors::template::Language;
use crate::connectors::template::placeholder::Known;
use crate::connectors::template::stamps::{Clock, DATES, Stamps, TIMES};

/// What requests are stamped with.
pub(super) fn stamps(
    table: &mut Table<'_>,
    known: &Known<'_>,
    reader: &mut Reader,
) -> Option<Stamps> {
    let clock = match table.values("now").next() {
        Some(value) => Some(clock(value.table(reader)?, reader)?),
        None => None,
    };
    let without_hashes = Stamps {
        clock,
        ..Stamps::default()
    };
    let Some(value) = table.values("sha256").next() else {
        return Some(without_hashes);
    };
    let DeValue::Table(entries) = value.get() else {
        return value.refuse(reader, "una tabella di nomi e testi");
    };
    let known = &Known {
        stamps: &without_hashes,
        ..*known
    };
    let hashes = entries.iter().map(|(name, item)| {
        let item = Value::new(value.source(), item);
        let text = template(item, Language::Plain, known, reader);
        text.map(|text| (name.get_ref().as_ref().into(), text))
    });
    // Every entry is read before one is missed, so that all mistakes are told.
    let hashes: Vec<_> = hashes.collect();
    Some(Stamps {
        clock,
        hashes: hashes.into_iter().collect::<Option<_>>()?,
    })
}

fn clock(mut table: Table<'_>, reader: &mut Reader) -> Option<Clock> {
    let mut form = |key: &'static str, forms: &[(&str, &'static str)], reader: &mut Reader| {
        let Some(value) = table.values(key).next() else {
            super::note_missing(&table, key, reader);
            return None;
        };
        let names: Vec<&str> = forms.iter().map(|(name, _)| *name).collect();
        let expected = names.join(", ");
        value.parse(reader, &expected, |text| {
            let found = forms.iter().find(|(name, _)| *name == text);
            found.map(|(_, form)| *form)
        })
    };
    let date = form("date", &DATES, reader);
    let time = form("time", &TIMES, reader);
    let tolerance: Option<Span> = table.required("tolerance", reader);
    table.finish(reader);
    Some(Clock {
        date: date?,
        time: time?,
        tolerance: tolerance?.0,
    })
}
