//! What an answer is made of, place by place, read or not: for `explain` and drift, never on the way of a request's own reading.

mod json;
mod xml;

use std::collections::BTreeMap;
use std::fmt;

use super::Unreadable;
use super::shape::{Format, Shape};
use crate::connectors::sql::row::SqlRow;

/// Every place of an answer.
#[derive(Debug, Default, Clone)]
pub struct Survey {
    /// The places by their paths, as response files write them.
    pub spots: BTreeMap<Box<str>, Spot>,
    /// How many answers these are.
    answers: u32,
    /// Whether texts are kept.
    texts: bool,
}

/// A place.
#[derive(Debug, Default, Clone)]
pub struct Spot {
    /// How often it occurs.
    pub times: u32,
    /// How often there is something inside it.
    pub groups: u32,
    /// In how many of the places around it that it stands in it occurs at all.
    pub parents: u32,
    /// What stands there.
    pub kinds: Kinds,
    /// Whether the mapping reads it.
    pub read: bool,
    /// The first text, where texts are kept.
    pub first: Option<Box<str>>,
}

/// What stands at a place, over all its occurrences.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub struct Kinds(u16);

/// What can stand at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing but blanks.
    Empty,
    /// A text of XML or of a database, a string of JSON.
    Text,
    /// Elements, or an object.
    Group,
    /// `xsi:nil`, `null`, `NULL`.
    Nil,
    /// A number of JSON or of a database.
    Number,
    /// A truth value.
    Truth,
    /// An array.
    Array,
    /// A day or instant of a database.
    Time,
}

const NAMES: [(Kind, &str); 8] = [
    (Kind::Empty, "empty"),
    (Kind::Text, "text"),
    (Kind::Group, "group"),
    (Kind::Nil, "nil"),
    (Kind::Number, "number"),
    (Kind::Truth, "truth"),
    (Kind::Array, "array"),
    (Kind::Time, "time"),
];

impl Kinds {
    /// One kind.
    pub fn of(kind: Kind) -> Kinds {
        Kinds(1 << kind as u16)
    }

    /// Both.
    #[must_use]
    pub fn with(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// Those that are not in `known`.
    #[must_use]
    pub fn beyond(self, known: Kinds) -> Kinds {
        Kinds(self.0 & !known.0)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether that kind is among them.
    pub fn has(self, kind: Kind) -> bool {
        self.0 & Kinds::of(kind).0 != 0
    }
}

impl fmt::Display for Kinds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = NAMES.iter().filter(|(kind, _)| self.has(*kind));
        let names: Vec<&str> = names.map(|(_, name)| *name).collect();
        formatter.write_str(&names.join("|"))
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

impl Survey {
    /// Surveys a decoded answer; `texts`: whether the first text of each place is kept.
    pub fn of_text(text: &str, shape: &Shape, texts: bool) -> Result<Survey, Unreadable> {
        let mut survey = Survey {
            texts,
            answers: 1,
            ..Survey::default()
        };
        match shape.format() {
            Format::Xml => xml::survey(text, shape, &mut survey)?,
            Format::Json => json::survey(text, shape, &mut survey)?,
            Format::Columns => return Err(Unreadable::because("rows were expected")),
        }
        Ok(survey)
    }

    /// Surveys rows: what stands in a column is told by the form of its text.
    pub fn of_rows(rows: &[SqlRow], shape: &Shape, texts: bool) -> Survey {
        let mut survey = Survey {
            texts,
            answers: 1,
            ..Survey::default()
        };
        for row in rows {
            survey.note(".", Kinds::of(Kind::Group), true, true, "");
            for (name, text) in row.columns() {
                let kind = text.map_or(Kind::Nil, kind_of_column);
                let read = shape.column(name).is_some();
                survey.note(name, Kinds::of(kind), read, true, text.unwrap_or_default());
            }
        }
        survey
    }

    /// Notes one occurrence; `first`: the first inside what is around it.
    fn note(&mut self, path: &str, kinds: Kinds, read: bool, first: bool, text: &str) {
        if !self.spots.contains_key(path) {
            self.spots.insert(path.into(), Spot::default());
        }
        let Some(spot) = self.spots.get_mut(path) else {
            return;
        };
        spot.times += 1;
        spot.groups += u32::from(kinds.has(Kind::Group));
        spot.parents += u32::from(first);
        spot.kinds = spot.kinds.with(kinds);
        spot.read |= read;
        if self.texts && spot.first.is_none() && !text.trim().is_empty() {
            spot.first = Some(text.trim().into());
        }
    }

    /// Notes that something stands at a known place too.
    fn widen(&mut self, path: &str, kinds: Kinds) {
        if let Some(spot) = self.spots.get_mut(path) {
            spot.kinds = spot.kinds.with(kinds);
        }
    }

    /// The path of what is around a place; `None`: it stands in the answer itself.
    pub fn around(path: &str) -> Option<&str> {
        path.rsplit_once('/').map(|(around, _)| around)
    }

    /// How often what is around a place has something inside: an element, a row, the object of JSON, or the answer itself.
    pub fn around_of(&self, path: &str) -> u32 {
        let around = Survey::around(path).or_else(|| (path != ".").then_some("."));
        let spot = around.and_then(|around| self.spots.get(around));
        match (spot, Survey::around(path)) {
            (Some(spot), _) => spot.groups,
            (None, None) => self.answers,
            (None, Some(_)) => 0,
        }
    }

    /// Takes in another answer of the same step.
    pub fn absorb(&mut self, other: &Survey) {
        self.answers += other.answers;
        for (path, theirs) in &other.spots {
            let mine = self.spots.entry(path.clone()).or_default();
            mine.times += theirs.times;
            mine.groups += theirs.groups;
            mine.parents += theirs.parents;
            mine.kinds = mine.kinds.with(theirs.kinds);
            mine.read |= theirs.read;
        }
    }
}

fn kind_of_column(text: &str) -> Kind {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    if text.is_empty() {
        Kind::Empty
    } else if digits(whole) && digits(fraction) {
        Kind::Number
    } else if matches!(text, "true" | "false") {
        Kind::Truth
    } else if text
        .get(..10)
        .is_some_and(|day| day.parse::<chrono::NaiveDate>().is_ok())
    {
        Kind::Time
    } else {
        Kind::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::extract::shape::NodeId;
    use crate::connectors::extract::shape::Wrapping;

    fn told(survey: &Survey) -> Vec<String> {
        let spots = survey.spots.iter();
        let told = spots.map(|(path, spot)| {
            let read = if spot.read { "" } else { " unread" };
            format!(
                "{path} {} {}/{}{read}",
                spot.kinds, spot.times, spot.parents
            )
        });
        told.collect()
    }

    #[test]
    fn places_of_xml_are_told_with_what_stands_there_and_whether_it_is_read() {
        let mut shape = Shape::new(Format::Xml);
        shape.add(NodeId::DOCUMENT, "a/b/c", &[]).expect("a path");
        let nested = shape.add(NodeId::DOCUMENT, "a/d", &[]).expect("a path");
        shape.add(nested, "x/y", &[]).expect("a path");
        shape.nest(nested, Wrapping::Plain);
        let text = "<a xmlns:i='urn:i'><b><c>1</c><c/><z w='2'>3</z></b><b><c i:nil='true'/></b><d>&lt;x>&lt;y>4&lt;/y>&lt;q/>&lt;/x></d></a>";
        let survey = Survey::of_text(text, &shape, true).expect("readable");
        assert_eq!(
            told(&survey),
            [
                "a group 1/1 unread",
                "a/b group 2/1 unread",
                "a/b/c empty|text|nil 3/2",
                "a/b/z text 1/1 unread",
                "a/b/z/@w text 1/1 unread",
                "a/d group 1/1 unread",
                "a/d/x group 1/1 unread",
                "a/d/x/q empty 1/1 unread",
                "a/d/x/y text 1/1",
            ]
        );
        assert_eq!(survey.spots["a/b/z"].first.as_deref(), Some("3"));
    }

    #[test]
    fn places_of_json_pass_through_arrays() {
        let mut shape = Shape::new(Format::Json);
        shape.add(NodeId::DOCUMENT, "a/b", &[]).expect("a path");
        let text = r#"{"a": [{"b": "x", "n": 1.50}, {"b": null}], "t": true, "l": []}"#;
        let survey = Survey::of_text(text, &shape, true).expect("readable");
        assert_eq!(
            told(&survey),
            [
                ". group 1/1 unread",
                "a group|array 2/1 unread",
                "a/b text|nil 2/2",
                "a/n number 1/1 unread",
                "l array 1/1 unread",
                "t truth 1/1 unread",
            ]
        );
        assert_eq!(survey.spots["a/n"].first.as_deref(), Some("1.5"));
    }

    #[test]
    fn what_stands_in_a_column_shows_in_its_text() {
        for (text, kind) in [
            ("12", Kind::Number),
            ("-1.50", Kind::Number),
            ("1980-01-31", Kind::Time),
            ("1980-01-31T10:00:00", Kind::Time),
            ("true", Kind::Truth),
            ("1980/01/31", Kind::Text),
            ("", Kind::Empty),
        ] {
            assert_eq!(kind_of_column(text), kind, "{text}");
        }
    }
}
