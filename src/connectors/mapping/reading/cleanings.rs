//! Reads what is done with a value: `text`, `null`, `pad`, `form`, `table`, `date`, `number`.

use super::{Workshop, list, word};
use crate::config::reading::table::Table;
use crate::config::reading::value::Value;
use crate::config::reading::{Read, Reader};
use crate::connectors::mapping::cleaning::{Cleaning, Form, Lookup, Unknown};
use crate::connectors::mapping::dates::{self, DateForm};
use crate::connectors::mapping::numbers;
use crate::connectors::mapping::tables::{NATIONAL, National, Table as CodeTable};

/// What a key holds: absent where it is not written, `Some(None)` where it is written wrongly.
type Written<T> = Option<Option<T>>;

const FORMS: [(&str, Form); 2] = [
    ("categoria_catastale", Form::CategoriaCatastale),
    ("leading_digits", Form::LeadingDigits),
];

#[derive(Clone, Copy, PartialEq)]
enum TextWord {
    Verbatim,
    Upper,
}

const TEXTS: [(&str, TextWord); 2] = [("verbatim", TextWord::Verbatim), ("upper", TextWord::Upper)];

impl Workshop<'_> {
    /// The cleaning whose keys stand in a table, beside those of the value.
    pub fn cleaning(&mut self, table: &mut Table<'_>, reader: &mut Reader) -> Option<Cleaning> {
        let text = table.values("text").next();
        let text = text.map(|value| word(value, reader, &TEXTS));
        let nulls: Option<Vec<String>> = table.or_default("null", reader);
        let pad = table.optional("pad", reader);
        let form = table.values("form").next();
        let form = form.map(|value| word(value, reader, &FORMS));
        let lookup = self.lookup(table, reader);
        let date = table.values("date").next();
        let date = date.map(|value| date_forms(value, reader));
        let number = table.values("number").next();
        let number = number.map(|value| word(value, reader, &numbers::FORMS));
        let text = match text {
            Some(word) => Some(word?),
            None => None,
        };
        Some(Cleaning {
            verbatim: text == Some(TextWord::Verbatim),
            upper: text == Some(TextWord::Upper),
            nulls: nulls?.into_iter().map(Into::into).collect(),
            pad,
            form: match form {
                Some(form) => Some(form?),
                None => None,
            },
            table: match lookup {
                Some(lookup) => Some(lookup?),
                None => None,
            },
            date: match date {
                Some(date) => date?,
                None => Vec::new(),
            },
            number: match number {
                Some(number) => Some(number?),
                None => None,
            },
        })
    }

    fn lookup(&mut self, table: &mut Table<'_>, reader: &mut Reader) -> Written<Lookup> {
        let written = table.values("table").next();
        let unknown = table.values("unknown").next();
        let otherwise = table.values("otherwise").next();
        let Some(written) = written else {
            for value in [unknown, otherwise].into_iter().flatten() {
                reader.mistake(&value.place(), "senza «table» non ha senso");
            }
            return None;
        };
        let codes = self.code_table(written, reader);
        let words = [
            ("omit", Unknown::Omit),
            ("refuse", Unknown::Refuse),
            ("keep", Unknown::Keep),
        ];
        let unknown = match (unknown, otherwise) {
            (Some(value), None) => value.parse(reader, "omit, refuse o keep", |text| {
                let found = words.iter().find(|(name, _)| *name == text);
                found.map(|(_, unknown)| unknown.clone())
            }),
            (None, Some(value)) => value
                .parse(reader, "un testo", |text| Some(text.to_owned()))
                .map(|text| Unknown::Be(text.into())),
            _ => {
                let text = "una tabella vuole «unknown» oppure «otherwise» per i codici che non ha";
                reader.mistake(&written.place(), text);
                None
            }
        };
        Some(
            codes
                .zip(unknown)
                .map(|(table, unknown)| Lookup { table, unknown }),
        )
    }

    fn code_table(&self, value: Value<'_>, reader: &mut Reader) -> Option<CodeTable> {
        let Some(name) = value.text() else {
            let entries = Read::read(value, reader)?;
            return Some(CodeTable::Own(entries));
        };
        if let Some(own) = self.tables.get(name) {
            return Some(own.clone());
        }
        if let Some(national) = National::named(name) {
            return Some(CodeTable::National(national));
        }
        let national = NATIONAL.map(|(name, _)| name).join(", ");
        let text = format!("la tabella «{name}» non c'è in [tables] e non è fra {national}");
        reader.mistake(&value.place(), text);
        None
    }
}

fn date_forms(value: Value<'_>, reader: &mut Reader) -> Option<Vec<DateForm>> {
    if value.text().is_some() {
        return Some(vec![word(value, reader, &dates::FORMS)?]);
    }
    let forms = list(Some(value), reader, |value, reader| {
        word(value, reader, &dates::FORMS)
    });
    (!forms.is_empty()).then_some(forms)
}
