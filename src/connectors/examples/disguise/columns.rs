//! Rows of nightly files field by field: what stands in a column is known by every mapping that reads it.

use std::collections::{BTreeMap, BTreeSet};

use super::classes::{Class, Classes};
use super::{Disguise, around};
use crate::connectors::mapping::Mapping;

/// What kind of thing stands in each column of a table.
#[derive(Debug, Default)]
pub struct Columns {
    classes: BTreeMap<String, Class>,
    constants: BTreeSet<String>,
    /// Columns with the day, the month and the year of one date.
    dates: Vec<[String; 3]>,
}

impl Columns {
    /// As these mappings read them.
    pub fn of<'m>(mappings: impl IntoIterator<Item = &'m Mapping>) -> Columns {
        let mut columns = Columns::default();
        for mapping in mappings {
            let classes = Classes::of(mapping);
            for name in mapping.shape.columns() {
                let class = classes.at(mapping.shape.column(name));
                let known = columns.classes.entry(name.to_lowercase()).or_insert(class);
                *known = (*known).max(class);
            }
            let dates = classes.dates.iter();
            let dates =
                dates.map(|parts| parts.map(|node| mapping.shape.path(node).to_lowercase()));
            columns.dates.extend(dates);
            columns.constants.extend(classes.constants);
        }
        columns
    }

    fn class(&self, column: Option<&str>) -> Class {
        column
            .and_then(|column| self.classes.get(&column.to_lowercase()))
            .copied()
            .unwrap_or(Class::Unread)
    }
}

impl Disguise {
    /// Looks at a row before any is replaced.
    pub fn gather_fields(&mut self, columns: &Columns, row: &[(Option<&str>, &str)]) {
        self.gathers = true;
        let _ = self.fields(columns, row);
    }

    /// The texts of a row with made-up persons, those of no column included; blanks around them stay, and so does whether there are
    /// letters beyond ASCII, by which the charset of a file is known.
    pub fn fields(&mut self, columns: &Columns, row: &[(Option<&str>, &str)]) -> Vec<String> {
        let mut written: Vec<Option<String>> = vec![None; row.len()];
        for names in &columns.dates {
            let place = |name: &String| {
                let is_it = |known: &str| known.eq_ignore_ascii_case(name);
                row.iter().position(|(column, _)| column.is_some_and(is_it))
            };
            let [Some(day), Some(month), Some(year)] = [0, 1, 2].map(|part| place(&names[part]))
            else {
                continue;
            };
            let places = [day, month, year];
            let moved = self.moved_parts(places.map(|place| row[place].1));
            for (place, part) in places.into_iter().zip(moved) {
                written[place] = Some(around(row[place].1, &part));
            }
        }
        let words = BTreeSet::new();
        let fields = row.iter().zip(written).map(|((column, text), part)| {
            let bare = text.trim();
            if bare.is_empty() {
                return (*text).to_owned();
            }
            part.unwrap_or_else(|| {
                let class = columns.class(*column);
                let value = self.value(bare, class, &words, &columns.constants);
                around(text, &accented(bare, value))
            })
        });
        fields.collect()
    }
}

const VOWELS: [(char, char); 10] = [
    ('A', 'À'),
    ('E', 'È'),
    ('I', 'Ì'),
    ('O', 'Ò'),
    ('U', 'Ù'),
    ('a', 'à'),
    ('e', 'è'),
    ('i', 'ì'),
    ('o', 'ò'),
    ('u', 'ù'),
];

/// What was made up for a text with letters beyond ASCII has one too.
fn accented(original: &str, made: String) -> String {
    if original.is_ascii() || !made.is_ascii() {
        return made;
    }
    let accent = |letter: char| VOWELS.iter().find(|(plain, _)| *plain == letter);
    let Some((place, letter)) = made
        .char_indices()
        .rfind(|(_, letter)| accent(*letter).is_some())
    else {
        return made;
    };
    let accent = accent(letter).map_or(letter, |(_, accented)| *accented);
    format!("{}{accent}{}", &made[..place], &made[place + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_up_for_an_accented_name_is_accented() {
        assert_eq!(accented("NICCOLÒ", "FABIO".to_owned()), "FABIÒ");
        assert_eq!(accented("NICOLA", "FABIO".to_owned()), "FABIO");
        assert_eq!(accented("NICCOLÒ", "XYZ".to_owned()), "XYZ");
    }
}
