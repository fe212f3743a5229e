//! One TOML value and the source that it stands in.

use std::sync::Arc;

use serde_spanned::Spanned;
use toml::de::DeValue;

use super::Reader;
use super::places::Place;
use super::source::{Origin, Source};
use super::table::Table;

/// A TOML value and the source that it stands in.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    source: &'a Arc<Source>,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Value<'a> {
    /// A value of the source.
    pub fn new(source: &'a Arc<Source>, value: &'a Spanned<DeValue<'a>>) -> Value<'a> {
        Value { source, value }
    }

    /// The value itself.
    pub fn get(self) -> &'a DeValue<'a> {
        self.value.get_ref()
    }

    /// The source that it stands in.
    pub fn source(self) -> &'a Arc<Source> {
        self.source
    }

    /// The byte of the source where it begins.
    pub fn start(self) -> usize {
        self.value.span().start
    }

    /// Where it begins.
    pub fn place(self) -> Place {
        Place::new(self.source, self.start())
    }

    /// The text of a string; an environment variable's value counts as one whatever it looks like.
    pub fn text(self) -> Option<&'a str> {
        match self.get() {
            DeValue::String(text) => Some(text),
            DeValue::Table(_) | DeValue::Array(_) => None,
            _ if self.source.origin == Origin::Environment => Some(self.source.text.as_str()),
            _ => None,
        }
    }

    /// Reads a value that is written as a string; `None` from `parse` or another type is a mistake.
    pub fn parse<T>(
        self,
        reader: &mut Reader,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let Some(text) = self.text() else {
            return self.refuse(reader, expected);
        };
        let parsed = parse(text);
        if parsed.is_none() {
            reader.mistake(
                &self.place(),
                format!("«{text}» non va bene: serve {expected}"),
            );
        }
        parsed
    }

    /// Notes that something else was expected here.
    pub fn refuse<T>(self, reader: &mut Reader, expected: &str) -> Option<T> {
        let found = match self.get() {
            DeValue::String(_) => "una stringa",
            DeValue::Integer(_) => "un numero intero",
            DeValue::Float(_) => "un numero con la virgola",
            DeValue::Boolean(_) => "vero o falso",
            DeValue::Datetime(_) => "una data",
            DeValue::Array(_) => "un elenco",
            DeValue::Table(_) => "una tabella",
        };
        reader.mistake(&self.place(), format!("serve {expected}, qui c'è {found}"));
        None
    }

    /// The table that this value is.
    pub fn table(self, reader: &mut Reader) -> Option<Table<'a>> {
        match self.get() {
            DeValue::Table(table) => {
                let mut read = Table::empty();
                read.add_layer(self.source, table, self.start());
                Some(read)
            }
            _ => self.refuse(reader, "una tabella"),
        }
    }
}
