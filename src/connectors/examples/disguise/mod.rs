//! Persons replaced by made-up ones, consistently over all answers of a recording; secrets by those of the examples.
//!
//! What the mapping reads is known by its field; what nobody reads is replaced whenever it could be somebody's. A second look
//! refuses whatever of the originals is left.

pub mod classes;
pub mod columns;
pub mod people;
pub mod survivors;
pub mod values;

mod json;
mod made_up;
mod nobodys;
mod xml;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use rand::RngExt;

use crate::connectors::extract::shape::{Format, NodeId};
use crate::connectors::extract::survey::Survey;
use crate::connectors::extract::{Unreadable, json as json_reader, xml as xml_reader};
use crate::connectors::mapping::{Mapping, dates};
use crate::connectors::sql::row::SqlRow;
use classes::{Class, Classes};
use nobodys::{is_kind_of_street, is_nobodys, words};

/// The longest way by which days are moved, in days.
const FARTHEST: u64 = 900;
/// The nearest.
const NEAREST: u64 = 40;
/// Shorter originals are too common to be looked for.
const SHORTEST: usize = 4;

/// Replaces persons; the same one everywhere by the same one. `Debug` shows nobody.
pub struct Disguise {
    today: NaiveDate,
    /// Days by which every day is moved.
    by: u64,
    /// Originals in capitals with what stands for them.
    replaced: BTreeMap<String, String>,
    /// Names in capitals, word by word, with what stands for them: for texts that stay.
    said: BTreeMap<String, String>,
    /// The made-up name for the three letters of a name, surnames and given names apart.
    names: BTreeMap<(Class, String), (&'static str, &'static str)>,
    /// Originals that were met, of which none may be made up again.
    met: BTreeSet<String>,
    /// Texts that stay wherever they stand, in capitals: codes of the offices, and words of what is nobody's in answers.
    common: BTreeSet<String>,
    /// Days that were met.
    days: BTreeSet<NaiveDate>,
    /// Secrets and configured values with those of the examples.
    configured: Vec<Configured>,
    /// Whether originals are only gathered.
    gathers: bool,
}

/// What is configured, or secret of a recording, with what examples show instead; letter for letter.
pub struct Configured {
    /// What it is.
    pub real: String,
    /// What examples show.
    pub shown: String,
    /// Whether nobody may see it, wherever it stands.
    pub is_secret: bool,
}

/// What is known of the place where a text stands.
struct Spot<'s> {
    classes: &'s Classes,
    /// Words of the form itself, like the names of elements: they are nobody's.
    words: &'s BTreeSet<String>,
    /// Parts of dates that stand apart, in the order in which they come.
    dates: BTreeMap<NodeId, std::vec::IntoIter<String>>,
}

impl std::fmt::Debug for Disguise {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Disguise({} originals)", self.replaced.len())
    }
}

impl Disguise {
    /// A disguise; `configured`: secrets and values of the instance and the ente, tokens and numbers of requests.
    pub fn new(today: NaiveDate, configured: Vec<Configured>) -> Disguise {
        let different = configured
            .into_iter()
            .filter(|one| one.real != one.shown && !one.real.is_empty());
        Disguise {
            today,
            by: 0,
            replaced: BTreeMap::new(),
            said: BTreeMap::new(),
            names: BTreeMap::new(),
            met: BTreeSet::new(),
            common: BTreeSet::new(),
            days: BTreeSet::new(),
            configured: different.collect(),
            gathers: true,
        }
    }

    /// Looks at an answer before any is replaced: nobody is made up who is met, and no day is moved onto another.
    pub fn gather(&mut self, text: &str, mapping: &Mapping) -> Result<(), Unreadable> {
        self.gathers = true;
        self.text(text, mapping).map(drop)
    }

    /// The same for rows.
    pub fn gather_rows(&mut self, rows: &[SqlRow], mapping: &Mapping) {
        self.gathers = true;
        let _ = self.rows(rows, mapping);
    }

    /// The same for a code that a question names.
    pub fn gather_code(&mut self, code: &str) {
        self.met.insert(code.to_uppercase());
        self.days
            .extend(people::told(code, self.today).map(|told| told.born));
    }

    /// A decoded answer with made-up persons.
    pub fn text(&mut self, text: &str, mapping: &Mapping) -> Result<String, Unreadable> {
        let shape = &mapping.shape;
        let survey = Survey::of_text(text, shape, false)?;
        let extract = match shape.format() {
            Format::Xml => xml_reader::read(text, shape)?,
            Format::Json => json_reader::read(text, shape)?,
            Format::Columns => return Err(Unreadable::because("rows were expected")),
        };
        let classes = Classes::of(mapping);
        let paths = survey.spots.keys().map(AsRef::as_ref);
        let words = words(paths.chain(shape.names()));
        let texts = |node: NodeId| -> Vec<String> {
            extract
                .document()
                .all(node)
                .map(|cell| cell.text().unwrap_or_default().to_owned())
                .collect()
        };
        let dates = self.date_parts(&classes, texts);
        let mut spot = Spot {
            classes: &classes,
            words: &words,
            dates,
        };
        match shape.format() {
            Format::Json => json::rewrite(text, shape, &mut spot, self),
            Format::Xml | Format::Columns => xml::rewrite(text, shape, &mut spot, self),
        }
    }

    /// Rows with made-up persons, as examples write them.
    pub fn rows(&mut self, rows: &[SqlRow], mapping: &Mapping) -> String {
        let classes = Classes::of(mapping);
        let words = BTreeSet::new();
        let texts = |node: NodeId| -> Vec<String> {
            let of_row = |row: &SqlRow| {
                let mut columns = row.columns();
                let (_, text) =
                    columns.find(|(name, _)| mapping.shape.column(name) == Some(node))?;
                text.map(str::to_owned)
            };
            rows.iter()
                .map(|row| of_row(row).unwrap_or_default())
                .collect()
        };
        let dates = self.date_parts(&classes, texts);
        let mut spot = Spot {
            classes: &classes,
            words: &words,
            dates,
        };
        let mut written = String::new();
        for row in rows {
            let columns = row.columns().map(|(name, text)| {
                let text = text.map(|text| self.leaf(text, mapping.shape.column(name), &mut spot));
                (name.to_owned(), serde_json::json!(text))
            });
            let row: serde_json::Map<String, serde_json::Value> = columns.collect();
            written += &format!("{}\n", serde_json::Value::Object(row));
        }
        written
    }

    /// The code of the made-up person in the place of the one asked about.
    pub fn code(&mut self, code: &str) -> String {
        self.settle();
        self.coded(code).unwrap_or_else(|| code.to_owned())
    }

    /// Texts that stay but could name somebody: what is known of persons in them is replaced.
    fn kept(&mut self, text: &str) -> String {
        let mut kept = String::with_capacity(text.len());
        for word in text.split_inclusive(|character: char| !character.is_alphanumeric()) {
            let end = word
                .trim_end_matches(|character: char| !character.is_alphanumeric())
                .len();
            let (bare, rest) = word.split_at(end);
            let replaced = self
                .coded(bare)
                .or_else(|| self.said.get(&bare.to_uppercase()).cloned());
            kept.push_str(replaced.as_deref().unwrap_or(bare));
            kept.push_str(rest);
        }
        kept
    }

    /// The text that stands for the one at that place; blanks around it stay.
    fn leaf(&mut self, text: &str, node: Option<NodeId>, spot: &mut Spot<'_>) -> String {
        let bare = text.trim();
        if bare.is_empty() {
            return text.to_owned();
        }
        let part = node.and_then(|node| spot.dates.get_mut(&node)?.next());
        let class = spot.classes.at(node);
        let replacement = match part {
            Some(part) => part,
            None => self.value(bare, class, spot.words, &spot.classes.constants),
        };
        around(text, &replacement)
    }

    fn value(
        &mut self,
        text: &str,
        class: Class,
        words: &BTreeSet<String>,
        constants: &BTreeSet<String>,
    ) -> String {
        if let Some(known) = self.configured.iter().find(|known| known.real == text) {
            return known.shown.clone();
        }
        let unsecret = self.without_secrets(text);
        let text = unsecret.as_deref().unwrap_or(text);
        if self.gathers {
            self.meet(text, class);
            return text.to_owned();
        }
        if let Some(code) = self.coded(text) {
            return code;
        }
        if let Some((day, form)) = values::day(text) {
            return values::with_day(text, form, values::moved(day, self.by, self.today));
        }
        if constants.contains(&text.to_uppercase()) {
            return text.to_owned();
        }
        match class {
            Class::Surname | Class::GivenName => self.name(text, class),
            Class::Firm => self.made(text, |number| format!("DITTA ESEMPIO {}", number % 10_000)),
            Class::Street
                if !text.contains(|c: char| c.is_alphabetic())
                    || text.chars().count() < SHORTEST =>
            {
                self.alike(text)
            }
            Class::Street if is_kind_of_street(text) => text.to_owned(),
            Class::Street => self.made(text, |number| {
                let street =
                    people::STREETS[usize::try_from(number).unwrap_or(0) % people::STREETS.len()];
                street.to_owned()
            }),
            Class::Kept => self.kept(text),
            Class::Unread
                if is_nobodys(text, words) || self.common.contains(&text.to_uppercase()) =>
            {
                text.to_owned()
            }
            Class::Mark | Class::Unread => self.alike(text),
        }
    }

    /// A text in which secrets stand beside others, with what examples show in their place; `None`: there are none.
    fn without_secrets(&self, text: &str) -> Option<String> {
        let long = |known: &&Configured| known.is_secret && known.real.len() >= SHORTEST;
        let secrets = self.configured.iter().filter(long);
        secrets.fold(None, |text_without: Option<String>, secret| {
            let before = text_without.as_deref().unwrap_or(text);
            match before.contains(&secret.real) {
                true => Some(before.replace(&secret.real, &secret.shown)),
                false => text_without,
            }
        })
    }

    /// Dates whose parts stand apart, in the order in which they come, moved as every day is.
    fn date_parts(
        &mut self,
        classes: &Classes,
        texts: impl Fn(NodeId) -> Vec<String>,
    ) -> BTreeMap<NodeId, std::vec::IntoIter<String>> {
        let mut parts = BTreeMap::new();
        for nodes in &classes.dates {
            let originals = nodes.map(&texts);
            let [days, months, years] = &originals;
            let mut moved: [Vec<String>; 3] = Default::default();
            for ((day, month), year) in days.iter().zip(months).zip(years) {
                let original = [day.as_str(), month.as_str(), year.as_str()];
                let [day, month, year] = self.moved_parts(original);
                moved[0].push(day);
                moved[1].push(month);
                moved[2].push(year);
            }
            // Blank parts are passed over by the rewriting, so they take no turn.
            for (node, texts) in nodes.iter().zip(moved) {
                let turns: Vec<String> = texts
                    .into_iter()
                    .filter(|text| !text.trim().is_empty())
                    .collect();
                parts.insert(*node, turns.into_iter());
            }
        }
        parts
    }

    /// Day, month and year of a date, moved as every day is.
    fn moved_parts(&mut self, original: [&str; 3]) -> [String; 3] {
        let [day, month, year] = original.map(str::trim);
        match dates::of_parts(year, month, day).ok().flatten() {
            Some(date) if self.gathers => {
                self.days.insert(date);
                original.map(str::to_owned)
            }
            Some(date) => {
                let moved = values::moved(date, self.by, self.today);
                [
                    format!("{:0width$}", moved.day(), width = day.len()),
                    format!("{:0width$}", moved.month(), width = month.len()),
                    moved.year().to_string(),
                ]
            }
            None => original.map(str::to_owned),
        }
    }

    /// What is configured in the name of a file, as examples show it.
    pub(super) fn in_a_name(&self, name: &str) -> String {
        let known = self.configured.iter();
        known.fold(name.to_owned(), |name, known| {
            name.replace(&known.real, &known.shown)
        })
    }

    /// Notes an original before any is replaced.
    fn meet(&mut self, text: &str, class: Class) {
        if people::has_form(text) {
            self.gather_code(text);
        } else if let Some((day, _)) = values::day(text) {
            self.days.insert(day);
        } else if class == Class::Kept {
            self.common.insert(text.to_uppercase());
        } else {
            self.met.insert(text.to_uppercase());
            self.met
                .extend(text.to_uppercase().split_whitespace().map(str::to_owned));
        }
    }

    /// Chooses by how much days are moved, once all are known.
    fn settle(&mut self) {
        self.gathers = false;
        let mut tries = 0;
        while self.by == 0 {
            let by = rand::rng().random_range(NEAREST..FARTHEST);
            tries += 1;
            let clear = |day: &NaiveDate| !self.days.contains(&values::moved(*day, by, self.today));
            if self.days.iter().all(clear) || tries > 500 {
                self.by = by;
            }
        }
    }

    /// Notes words of an answer that are nobody's, like those of the offices' tables.
    pub fn gather_common(&mut self, text: &str) {
        let words = text.split(|character: char| !character.is_alphanumeric());
        self.common.extend(words.map(str::to_uppercase));
    }

    /// Ends the gathering: from here on persons are replaced.
    pub fn begin(&mut self) {
        self.settle();
    }
}

/// A text in the place of another, with the blanks around that one.
fn around(text: &str, replacement: &str) -> String {
    let bare = text.trim();
    let start = text.len() - text.trim_start().len();
    let padded = format!(
        "{replacement:<width$}",
        width = if text.len() > start + bare.len() {
            bare.chars().count()
        } else {
            0
        }
    );
    format!("{}{padded}{}", &text[..start], &text[start + bare.len()..])
}
