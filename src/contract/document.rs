//! A canonical answer, kept field by field as JSON so that cutting it to a Permit costs no parsing.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::json::push_text;
use super::operation::{FieldSet, Operation};

/// A back end's answer in the contract's terms.
#[derive(Debug, Clone)]
pub struct Document {
    operation: Operation,
    entries: Vec<Entry>,
}

/// One person or position: its fields, written as JSON one after the other, and whom they name.
#[derive(Clone, Default)]
pub struct Entry {
    json: String,
    /// `"name":value` by the field's place in [`Operation::fields`], in that order.
    fields: Vec<(usize, Range<usize>)>,
    /// Each with the place of the field that names them.
    people: Vec<(usize, Disclosed)>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Entry({} fields)", self.fields.len())
    }
}

/// A document as it is kept on the disk, sealed.
#[derive(Serialize, Deserialize)]
pub struct KeptDocument(Vec<KeptEntry>);

#[derive(Serialize, Deserialize)]
struct KeptEntry {
    /// Each field's name, and `"name":value` as JSON.
    fields: Vec<(String, String)>,
    /// Whom the field of that name discloses.
    people: Vec<(String, String, Role)>,
}

/// Someone whose data an answer discloses; goes to the record under a keyed digest only.
#[derive(Clone, PartialEq, Eq)]
pub struct Disclosed {
    /// Fiscal code or VAT number, upper case.
    pub code: String,
    /// Why they are in the answer.
    pub role: Role,
}

impl fmt::Debug for Disclosed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Disclosed({})", self.role.name())
    }
}

/// The part that a person has in an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The one asked about.
    Cercato,
    /// The one whose record or position is disclosed.
    Interessato,
    /// A member of the disclosed family.
    Componente,
    /// A joint owner named in a position.
    Contitolare,
}

impl Role {
    /// The role's name in the record.
    pub fn name(self) -> &'static str {
        match self {
            Role::Cercato => "cercato",
            Role::Interessato => "interessato",
            Role::Componente => "componente",
            Role::Contitolare => "contitolare",
        }
    }
}

impl Entry {
    /// An empty entry with room for so many bytes of JSON and so many fields.
    pub fn with_capacity(bytes: usize, fields: usize) -> Entry {
        Entry {
            json: String::with_capacity(bytes),
            fields: Vec::with_capacity(fields),
            people: Vec::new(),
        }
    }

    /// Writes the field at `position`, after those of lower positions: `write` appends `"name":value` and says whether there
    /// is a value; what it wrote of one that is not there is taken back.
    pub fn write<E>(
        &mut self,
        position: usize,
        write: impl FnOnce(&mut Entry) -> Result<bool, E>,
    ) -> Result<(), E> {
        let (start, named) = (self.json.len(), self.people.len());
        if write(self)? {
            self.fields.push((position, start..self.json.len()));
            for (field, _) in &mut self.people[named..] {
                *field = position;
            }
        } else {
            self.back_to(start);
        }
        Ok(())
    }

    /// The field at `position` as it was written: `"name":value`.
    pub fn field(&self, position: usize) -> Option<&str> {
        let mut fields = self.fields.iter();
        let (_, json) = fields.find(|(known, _)| *known == position)?;
        Some(&self.json[json.clone()])
    }

    /// Appends what already is JSON.
    pub fn raw(&mut self, json: &str) {
        self.json.push_str(json);
    }

    /// Appends a text as JSON.
    pub fn text(&mut self, text: &str) {
        push_text(text, &mut self.json);
    }

    /// Appends a value as JSON.
    pub fn value<T: Serialize + ?Sized>(&mut self, value: &T) {
        let json = serde_json::to_string(value).expect("plain values always serialize");
        self.raw(&json);
    }

    /// How much is written, to come back to.
    pub fn mark(&self) -> usize {
        self.json.len()
    }

    /// Takes back what was written since the mark.
    pub fn back_to(&mut self, mark: usize) {
        self.json.truncate(mark);
    }

    /// Notes whom the field under way names, by upper-case code.
    pub fn names(&mut self, code: &str, role: Role) {
        let code = code.to_owned();
        self.people.push((0, Disclosed { code, role }));
    }

    /// Whether someone was noted in that role.
    pub fn has(&self, role: Role) -> bool {
        self.people.iter().any(|(_, person)| person.role == role)
    }

    /// Takes over the fields of another entry; they replace those that are already there.
    pub fn absorb(&mut self, other: Entry) {
        let offset = self.json.len();
        self.json.push_str(&other.json);
        for (position, json) in other.fields {
            let json = json.start + offset..json.end + offset;
            self.people.retain(|(field, _)| *field != position);
            match self
                .fields
                .binary_search_by_key(&position, |(known, _)| *known)
            {
                Ok(known) => self.fields[known].1 = json,
                Err(place) => self.fields.insert(place, (position, json)),
            }
        }
        self.people.extend(other.people);
        self.people.sort_by_key(|(field, _)| *field);
    }

    fn write_cut(&self, allowed: FieldSet, out: &mut Vec<u8>) {
        out.push(b'{');
        let fields = self.fields.iter();
        let mut fields = fields.filter(|(position, _)| allowed.contains(*position));
        if let Some((_, first)) = fields.next() {
            out.extend_from_slice(self.json[first.clone()].as_bytes());
        }
        for (_, json) in fields {
            out.push(b',');
            out.extend_from_slice(self.json[json.clone()].as_bytes());
        }
        out.push(b'}');
    }

    fn weight(&self) -> usize {
        let people: usize = self
            .people
            .iter()
            .map(|(_, person)| person.code.len())
            .sum();
        size_of::<Entry>()
            + self.json.capacity()
            + self.fields.capacity() * size_of::<(usize, Range<usize>)>()
            + self.people.capacity() * size_of::<(usize, Disclosed)>()
            + people
    }
}

impl Document {
    /// The answer to the operation: a family has one entry per member, anything else one in all.
    pub fn of(operation: Operation, mut entries: Vec<Entry>) -> Document {
        if operation.tells_a_family() {
            let people = entries.iter_mut().flat_map(|entry| &mut entry.people);
            for (_, person) in people {
                person.role = Role::Componente;
            }
        } else {
            entries.resize(1, Entry::default());
        }
        Document { operation, entries }
    }

    /// The operation that the document answers.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// Everyone whose data the document discloses when cut to the allowed fields.
    pub fn disclosed(&self, allowed: FieldSet) -> impl Iterator<Item = &Disclosed> {
        let joint_owners =
            FieldSet::of(self.operation, ["immobili"]).is_ok_and(|set| allowed.covers(set));
        self.people()
            .filter(move |person| person.role != Role::Contitolare || joint_owners)
    }

    /// Whether the document holds that person's data.
    pub fn names(&self, code: &str) -> bool {
        self.people().any(|person| person.code == code)
    }

    /// Everyone whom the document names, by upper-case code.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.people().map(|person| person.code.as_str())
    }

    /// The document without whomever that is said of: such a member of a family is not in it, and elsewhere no field names them.
    /// `None`: nobody of them is named. The fields left out are told.
    pub fn without(&self, is_meant: impl Fn(&str) -> bool) -> Option<(Document, FieldSet)> {
        if !self.codes().any(&is_meant) {
            return None;
        }
        let names = |entry: &Entry, position: Option<usize>| {
            let mut people = entry.people.iter();
            people.any(|(field, person)| {
                position.is_none_or(|position| position == *field) && is_meant(&person.code)
            })
        };
        if self.operation.tells_a_family() {
            let entries = self.entries.iter().filter(|entry| !names(entry, None));
            let entries = entries.cloned().collect();
            let operation = self.operation;
            return Some((Document { operation, entries }, FieldSet::NONE));
        }
        let (mut document, mut left_out) = (self.clone(), FieldSet::NONE);
        for entry in &mut document.entries {
            let named: Vec<usize> = entry.fields.iter().map(|(position, _)| *position).collect();
            for position in named {
                if names(entry, Some(position)) {
                    entry.fields.retain(|(field, _)| *field != position);
                    entry.people.retain(|(field, _)| *field != position);
                    left_out = left_out.with(position);
                }
            }
        }
        Some((document, left_out))
    }

    /// The document as it is kept until its portal picks it up.
    pub fn to_keep(&self) -> KeptDocument {
        let names = self.operation.fields();
        let kept = |entry: &Entry| KeptEntry {
            fields: entry
                .fields
                .iter()
                .map(|(position, json)| {
                    let json = &entry.json[json.clone()];
                    (names[*position].to_owned(), json.to_owned())
                })
                .collect(),
            people: entry
                .people
                .iter()
                .map(|(position, person)| {
                    let field = names[*position].to_owned();
                    (field, person.code.clone(), person.role)
                })
                .collect(),
        };
        KeptDocument(self.entries.iter().map(kept).collect())
    }

    /// A kept document; fields that the operation does not have any more are left out.
    pub fn kept(operation: Operation, kept: KeptDocument) -> Document {
        let position = |name: &str| operation.fields().iter().position(|field| *field == name);
        let entry = |kept: KeptEntry| {
            let mut entry = Entry::default();
            for (name, json) in &kept.fields {
                if let Some(position) = position(name) {
                    let start = entry.json.len();
                    entry.raw(json);
                    entry.fields.push((position, start..entry.json.len()));
                }
            }
            for (name, code, role) in kept.people {
                if let Some(position) = position(&name) {
                    entry.people.push((position, Disclosed { code, role }));
                }
            }
            entry.fields.sort_by_key(|(position, _)| *position);
            entry
        };
        let entries = kept.0.into_iter().map(entry).collect();
        Document { operation, entries }
    }

    fn people(&self) -> impl Iterator<Item = &Disclosed> {
        let people = self.entries.iter().flat_map(|entry| &entry.people);
        people.map(|(_, person)| person)
    }

    /// Bytes held, for the cache's bound.
    pub fn weight(&self) -> usize {
        let entries: usize = self.entries.iter().map(Entry::weight).sum();
        entries + size_of::<Document>()
    }

    /// Bytes that the document takes as JSON, at most.
    pub fn written_length(&self) -> usize {
        let entries = self.entries.iter();
        // Braces, and a comma between fields.
        let lengths = entries.map(|entry| entry.json.len() + entry.fields.len() + 3);
        lengths.sum::<usize>() + 2
    }

    /// Writes the document as JSON with only the allowed fields: an object, or for a family an array of objects.
    pub fn write_cut(&self, allowed: FieldSet, out: &mut Vec<u8>) {
        let many = self.operation.tells_a_family();
        if many {
            out.push(b'[');
        }
        for (index, entry) in self.entries.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            entry.write_cut(allowed, out);
        }
        if many {
            out.push(b']');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_document_is_the_same_when_it_comes_back() {
        let operation = Operation::RicercaPersona;
        let mut entry = Entry::default();
        entry
            .write(0, |entry| {
                entry.raw("\"codice_fiscale\":");
                entry.text("RSSMRA80A01C933H");
                entry.names("RSSMRA80A01C933H", Role::Interessato);
                Ok::<bool, ()>(true)
            })
            .expect("written");
        entry
            .write(1, |entry| {
                entry.raw("\"cognome\":");
                entry.text("D'ANGELO \"DETTO\"");
                Ok::<bool, ()>(true)
            })
            .expect("written");
        let document = Document::of(operation, vec![entry]);
        let bytes = serde_json::to_vec(&document.to_keep()).expect("serializable");
        let kept = serde_json::from_slice(&bytes).expect("what was just written");
        let again = Document::kept(operation, kept);
        let written = |document: &Document| {
            let mut out = Vec::new();
            document.write_cut(FieldSet::all(operation), &mut out);
            out
        };
        assert_eq!(written(&again), written(&document));
        assert!(again.names("RSSMRA80A01C933H"));
        let mut cut = Vec::new();
        again.write_cut(FieldSet::NONE.with(1), &mut cut);
        assert_eq!(cut, br#"{"cognome":"D'ANGELO \"DETTO\""}"#);
    }
}
