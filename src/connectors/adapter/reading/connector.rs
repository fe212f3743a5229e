//! Reads the `[connector.…]` of `adapter.toml`.

use toml::de::DeValue;

use super::files::Files;
use super::{layouts, note_missing, template};
use crate::config::reading::Reader;
use crate::config::reading::places::Place;
use crate::config::reading::table::Table;
use crate::config::reading::value::Value;
use crate::connectors::adapter::{Basic, Connector, Rest, Soap};
use crate::connectors::charset::Charset;
use crate::connectors::extract::shape::Format;
use crate::connectors::template::placeholder::Known;
use crate::connectors::template::{Language, Template};

/// The connector and the format of its answers.
pub(super) fn connector(
    value: Value<'_>,
    known: &Known<'_>,
    files: &mut Files,
    reader: &mut Reader,
) -> Option<(Connector, Format)> {
    let mut table = value.table(reader)?;
    let soap = table.values("soap").next();
    let rest = table.values("rest").next();
    let sql = table.values("sql").next();
    let manual = table.values("manual").next();
    let soap = soap.map(|value| {
        let soap = self::soap(value.table(reader)?, known, reader)?;
        Some((Connector::Soap(soap), Format::Xml))
    });
    let rest = rest.map(|value| {
        let (rest, format) = self::rest(value.table(reader)?, known, reader)?;
        Some((Connector::Rest(rest), format))
    });
    let sql = sql.map(|value| {
        value.table(reader)?.finish(reader);
        Some((Connector::Sql, Format::Columns))
    });
    let manual = manual.map(|value| {
        value.table(reader)?.finish(reader);
        Some((Connector::Manual, Format::Columns))
    });
    let layouts = table.values("files").next().map(|value| {
        let layouts = layouts::layouts(value.table(reader)?, known, files, reader)?;
        Some((Connector::Files(layouts), Format::Columns))
    });
    table.one_of([soap, rest, sql, manual, layouts], reader)
}

fn soap(mut table: Table<'_>, known: &Known<'_>, reader: &mut Reader) -> Option<Soap> {
    let path = table.values("path").next();
    let path = if let Some(value) = path {
        template(value, Language::Address, known, reader)
    } else {
        note_missing(&table, "path", reader);
        None
    };
    let version = table.values("version").next().map(|value| {
        value.parse(reader, "\"1.1\" o \"1.2\"", |text| match text {
            "1.1" => Some(false),
            "1.2" => Some(true),
            _ => None,
        })
    });
    let quoted_action = table.or("quoted_action", true, reader);
    let fallback_charset = charset(&mut table, reader);
    let basic = basic(&mut table, known, reader);
    let concurrency = concurrency(&mut table, reader);
    table.finish(reader);
    Some(Soap {
        path: path?,
        is_1_2: version.unwrap_or(Some(false))?,
        quoted_action: quoted_action?,
        fallback_charset: fallback_charset?,
        basic: basic?,
        concurrency: concurrency?,
    })
}

fn rest(mut table: Table<'_>, known: &Known<'_>, reader: &mut Reader) -> Option<(Rest, Format)> {
    let format = match table.values("format").next() {
        None => Some(Format::Json),
        Some(value) => value.parse(reader, "\"json\" o \"xml\"", |text| match text {
            "json" => Some(Format::Json),
            "xml" => Some(Format::Xml),
            _ => None,
        }),
    };
    let written = table.values("headers").next();
    let headers = written.map_or(Some(Vec::new()), |value| headers(value, known, reader));
    let fallback_charset = charset(&mut table, reader);
    let basic = basic(&mut table, known, reader);
    let concurrency = concurrency(&mut table, reader);
    table.finish(reader);
    let rest = Rest {
        headers: headers?,
        fallback_charset: fallback_charset?,
        basic: basic?,
        concurrency: concurrency?,
    };
    Some((rest, format?))
}

fn headers(
    value: Value<'_>,
    known: &Known<'_>,
    reader: &mut Reader,
) -> Option<Vec<(http::HeaderName, Template)>> {
    let DeValue::Table(entries) = value.get() else {
        return value.refuse(reader, "una tabella di intestazioni");
    };
    let mut headers = Vec::new();
    for (name, item) in entries {
        let template = template(
            Value::new(value.source(), item),
            Language::Header,
            known,
            reader,
        );
        if let Ok(name) = http::HeaderName::from_bytes(name.get_ref().as_bytes()) {
            headers.push(template.map(|template| (name, template)));
        } else {
            let place = Place::new(value.source(), name.span().start);
            reader.mistake(&place, "non è il nome di un'intestazione HTTP");
        }
    }
    headers.into_iter().collect()
}

/// `basic = { user = "…", password = "…" }`.
#[expect(clippy::option_option, reason = "absent and wrong are two things")]
fn basic(table: &mut Table<'_>, known: &Known<'_>, reader: &mut Reader) -> Option<Option<Basic>> {
    let Some(value) = table.values("basic").next() else {
        return Some(None);
    };
    let mut table = value.table(reader)?;
    let mut text = |key| {
        if let Some(value) = table.values(key).next() {
            template(value, Language::Plain, known, reader)
        } else {
            note_missing(&table, key, reader);
            None
        }
    };
    let (user, password) = (text("user"), text("password"));
    table.finish(reader);
    Some(Some(Basic {
        user: user?,
        password: password?,
    }))
}

/// The most calls at a time: a whole number from 1 up.
#[expect(clippy::option_option, reason = "absent and wrong are two things")]
fn concurrency(table: &mut Table<'_>, reader: &mut Reader) -> Option<Option<usize>> {
    let place = table.values("concurrency").next().map(Value::place);
    let most: Option<usize> = table.optional("concurrency", reader);
    match (most, place) {
        (Some(0), Some(place)) => {
            reader.mistake(&place, "almeno una chiamata per volta");
            None
        }
        (None, Some(_)) => None,
        (most, _) => Some(most),
    }
}

/// What is written, or `None` where it is wrong; the inner one is absent where nothing is written.
#[expect(clippy::option_option, reason = "absent and wrong are two things")]
fn charset(table: &mut Table<'_>, reader: &mut Reader) -> Option<Option<Charset>> {
    let value = table.values("fallback_charset").next();
    value.map_or(Some(None), |value| {
        let expected = "iso-8859-1 o windows-1252";
        value.parse(reader, expected, Charset::named).map(Some)
    })
}
