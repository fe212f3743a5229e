//! Reads TOML value by value: a mistake never hides the next one, every value knows its place, no key goes unread.
//!
//! serde stops at the first mistake and cannot say where a value stood once it is read; hence this small reader.

pub mod source;
pub mod places;
pub mod value;
pub mod table;
pub mod leaves;
pub mod address;
pub mod similar;

use super::mistake::Mistake;
use places::{Place, Places};
use table::Table;
use value::Value;

/// What can be read from a TOML value.
pub trait Read: Sized {
    /// Reads the value; what is wrong goes to the reader, then the result is `None`.
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self>;
}

/// What is written as a table and read key by key.
pub trait FromTable: Sized {
    /// Reads every key, finishes the table, and only then gives up on what is missing or wrong.
    fn from_table(table: Table<'_>, reader: &mut Reader) -> Option<Self>;
}

impl<T: FromTable> Read for T {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let table = value.table(reader)?;
        T::from_table(table, reader)
    }
}

/// Collects the mistakes and the places of what is read.
#[derive(Debug, Default)]
pub struct Reader {
    /// The mistakes so far.
    pub mistakes: Vec<Mistake>,
    places: Vec<(String, Place)>,
    path: String,
}

impl Reader {
    /// Notes a mistake.
    pub fn mistake(&mut self, place: &Place, text: impl Into<String>) {
        self.mistakes.push(place.mistake(text));
    }

    /// Reads one entry of a list with the places of its values.
    pub fn entry<T: Read>(&mut self, value: Value<'_>) -> (Option<T>, Places) {
        let outer = std::mem::replace(&mut self.places, vec![(String::new(), value.place())]);
        let read = T::read(value, self);
        (read, Places(std::mem::replace(&mut self.places, outer)))
    }

    /// Reads a file that is one entry as a whole, with the places of its values.
    pub fn document<T: FromTable>(&mut self, table: Table<'_>) -> (Option<T>, Places) {
        let begins = table.place().map(|place| (String::new(), place));
        let outer = std::mem::replace(&mut self.places, begins.into_iter().collect());
        let read = T::from_table(table, self);
        (read, Places(std::mem::replace(&mut self.places, outer)))
    }

    /// The places of everything read outside entries.
    pub fn into_mistakes_and_places(self) -> (Vec<Mistake>, Places) {
        (self.mistakes, Places(self.places))
    }

    /// Reads a section, whose layers are in the table.
    pub fn section<T: FromTable>(&mut self, name: &'static str, table: Table<'_>) -> Option<T> {
        self.path.push_str(name);
        if let Some(place) = table.place() {
            self.places.push((name.to_owned(), place));
        }
        let read = T::from_table(table, self);
        self.path.clear();
        read
    }

    /// Reads a value below the present path.
    pub fn below<T: Read>(&mut self, segment: &str, value: Value<'_>) -> Option<T> {
        let length = self.path.len();
        if length > 0 && !segment.starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(segment);
        self.places.push((self.path.clone(), value.place()));
        let read = T::read(value, self);
        self.path.truncate(length);
        read
    }
}
