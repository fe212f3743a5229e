//! A TOML table, read key by key through the layers of one section.

use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::places::{Entries, Entry, Place};
use super::similar::most_similar;
use super::source::Source;
use super::value::Value;
use super::{FromTable, Read, Reader};

/// A TOML table that is read key by key; several layers of one section, the strongest first.
pub struct Table<'a> {
    layers: Vec<Layer<'a>>,
    asked: Vec<&'static str>,
}

struct Layer<'a> {
    source: &'a Arc<Source>,
    table: &'a DeTable<'a>,
    start: usize,
}

impl<'a> Table<'a> {
    /// A table without any layer.
    pub fn empty() -> Table<'a> {
        Table {
            layers: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// Adds a layer below the present ones; `start` is where mistakes about the whole table point.
    pub fn add_layer(&mut self, source: &'a Arc<Source>, table: &'a DeTable<'a>, start: usize) {
        self.layers.push(Layer {
            source,
            table,
            start,
        });
    }

    /// Every layer's value of that key, the strongest first.
    pub fn values(&mut self, key: &'static str) -> impl Iterator<Item = Value<'a>> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.layers.iter().filter_map(move |layer| {
            layer
                .table
                .get(key)
                .map(|value| Value::new(layer.source, value))
        })
    }

    /// The value of a key that must be there.
    pub fn required<T: Read>(&mut self, key: &'static str, reader: &mut Reader) -> Option<T> {
        let value = self.values(key).next();
        if value.is_none()
            && let Some(place) = self.place()
        {
            reader.mistake(&place, format!("manca «{key}»"));
        }
        reader.below(key, value?)
    }

    /// The value of a key that may be absent.
    pub fn optional<T: Read>(&mut self, key: &'static str, reader: &mut Reader) -> Option<T> {
        let value = self.values(key).next()?;
        reader.below(key, value)
    }

    /// The value of a key, or another value where it is absent.
    pub fn or<T: Read>(&mut self, key: &'static str, absent: T, reader: &mut Reader) -> Option<T> {
        let value = self.values(key).next();
        match value {
            Some(value) => reader.below(key, value),
            None => Some(absent),
        }
    }

    /// The value of a key, or the type's own default where it is absent.
    pub fn or_default<T: Read + Default>(
        &mut self,
        key: &'static str,
        reader: &mut Reader,
    ) -> Option<T> {
        self.or(key, T::default(), reader)
    }

    /// A name that goes to records, metrics and file names: small letters, digits, hyphens.
    pub fn name(&mut self, key: &'static str, reader: &mut Reader) -> Option<String> {
        let name: Name = self.required(key, reader)?;
        Some(name.0)
    }

    /// Of several keys that exclude each other, which were asked for last, the one that is written.
    pub fn one_of<T, const N: usize>(
        self,
        written: [Option<Option<T>>; N],
        reader: &mut Reader,
    ) -> Option<T> {
        let keys = self.asked[self.asked.len().saturating_sub(N)..].join("», «");
        let place = self.place();
        self.finish(reader);
        let mut written: Vec<Option<T>> = written.into_iter().flatten().collect();
        if written.len() == 1 {
            return written.remove(0);
        }
        if let Some(place) = place {
            reader.mistake(&place, format!("serve una sola chiave fra «{keys}»"));
        }
        None
    }

    /// The section of that name, its layers those of this table.
    pub fn section<T: FromTable>(&mut self, name: &'static str, reader: &mut Reader) -> Option<T> {
        let mut section = Table::empty();
        for value in self.values(name) {
            match value.get() {
                DeValue::Table(table) => {
                    section.add_layer(value.source(), table, value.start());
                }
                _ => return value.refuse(reader, "una tabella"),
            }
        }
        reader.section(name, section)
    }

    /// The entries of the list `[[key]]`, from every layer.
    pub fn entries<T: Read>(
        &mut self,
        key: &'static str,
        identified_by: &'static str,
        reader: &mut Reader,
    ) -> Entries<T> {
        let mut entries = Entries::default();
        for list in self.values(key) {
            let DeValue::Array(items) = list.get() else {
                let _: Option<()> = list.refuse(reader, "un elenco di tabelle");
                continue;
            };
            for item in items {
                let identity = item
                    .get_ref()
                    .get(identified_by)
                    .and_then(|name| name.get_ref().as_str());
                entries.names.extend(identity.map(str::to_owned));
                let (read, places) = reader.entry(Value::new(list.source(), item));
                entries
                    .read
                    .extend(read.map(|value| Entry { value, places }));
            }
        }
        entries
    }

    /// Notes every key that nobody asked for; to be called once all known keys were read.
    pub fn finish(self, reader: &mut Reader) {
        for layer in &self.layers {
            for (key, _) in layer.table {
                let name = key.get_ref().as_ref();
                if self.asked.contains(&name) {
                    continue;
                }
                let hint = match most_similar(name, self.asked.iter().copied()) {
                    Some(known) => format!("chiave sconosciuta «{name}»: forse «{known}»?"),
                    None => format!(
                        "chiave sconosciuta «{name}»: qui si conoscono {}",
                        self.asked.join(", ")
                    ),
                };
                reader.mistake(&Place::new(layer.source, key.span().start), hint);
            }
        }
    }

    /// Where the strongest layer begins.
    pub fn place(&self) -> Option<Place> {
        self.layers
            .first()
            .map(|layer| Place::new(layer.source, layer.start))
    }
}

struct Name(String);

impl Read for Name {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let expected = "un nome di lettere minuscole, cifre e trattini (al più 64)";
        value.parse(reader, expected, |text| {
            let in_shape = |character: u8| {
                character.is_ascii_lowercase() || character.is_ascii_digit() || character == b'-'
            };
            ((1..=64).contains(&text.len()) && text.bytes().all(in_shape))
                .then(|| Name(text.to_owned()))
        })
    }
}
