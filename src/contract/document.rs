//! A canonical answer, kept field by field so that cutting it to a Permit costs no parsing.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::Serialize;
use serde_json::value::RawValue;

use super::operation::{FieldSet, Operation};
use super::persona::Persona;
use super::posizione::Posizione;

/// A back end's answer in the contract's terms, its fields already written as JSON.
#[derive(Debug, Clone)]
pub struct Document {
    operation: Operation,
    entries: Vec<Fields>,
    people: Vec<Disclosed>,
}

/// One person or position: its JSON, and in it the values by their fields' places in [`Operation::fields`].
#[derive(Debug, Clone, Default)]
struct Fields {
    json: Box<str>,
    values: Vec<(usize, Range<usize>)>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

impl Document {
    /// The record of one person.
    pub fn persona(persona: &Persona) -> Document {
        let people = disclosed(persona.codice_fiscale.as_deref(), Role::Interessato).collect();
        Document {
            operation: Operation::RicercaPersona,
            entries: vec![fields(Operation::RicercaPersona, persona)],
            people,
        }
    }

    /// A family: one entry per member.
    pub fn famiglia(componenti: &[Persona]) -> Document {
        let entries = componenti
            .iter()
            .map(|persona| fields(Operation::RicercaFamiglia, persona))
            .collect();
        let people = componenti
            .iter()
            .flat_map(|persona| disclosed(persona.codice_fiscale.as_deref(), Role::Componente))
            .collect();
        Document {
            operation: Operation::RicercaFamiglia,
            entries,
            people,
        }
    }

    /// The position of one taxpayer.
    pub fn posizione(posizione: &Posizione) -> Document {
        let contribuente = posizione.contribuente.as_ref();
        let code = contribuente.and_then(|soggetto| {
            soggetto
                .codice_fiscale
                .as_deref()
                .or(soggetto.partita_iva.as_deref())
        });
        let joint = posizione
            .immobili
            .iter()
            .flatten()
            .flat_map(|immobile| immobile.contitolari.iter().flatten());
        let people = disclosed(code, Role::Interessato)
            .chain(joint.flat_map(|code| disclosed(Some(code), Role::Contitolare)))
            .collect();
        Document {
            operation: Operation::RicercaPosizione,
            entries: vec![fields(Operation::RicercaPosizione, posizione)],
            people,
        }
    }

    /// The operation that the document answers.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// Everyone whose data the document discloses when cut to the allowed fields.
    pub fn disclosed(&self, allowed: FieldSet) -> impl Iterator<Item = &Disclosed> {
        let joint_owners =
            FieldSet::of(self.operation, ["immobili"]).is_ok_and(|set| allowed.covers(set));
        self.people
            .iter()
            .filter(move |person| person.role != Role::Contitolare || joint_owners)
    }

    /// Whether the document holds that person's data.
    pub fn names(&self, code: &str) -> bool {
        self.people.iter().any(|person| person.code == code)
    }

    /// Bytes held, for the cache's bound.
    pub fn weight(&self) -> usize {
        let entries: usize = self
            .entries
            .iter()
            .map(|entry| entry.json.len() + entry.values.len() * 24 + size_of::<Fields>())
            .sum();
        entries + self.people.len() * 48 + size_of::<Document>()
    }

    /// Writes the document as JSON with only the allowed fields: an object, or for a family an array of objects.
    pub fn write_cut(&self, allowed: FieldSet, out: &mut Vec<u8>) {
        let many = self.operation == Operation::RicercaFamiglia;
        if many {
            out.push(b'[');
        }
        for (index, entry) in self.entries.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_entry(self.operation, entry, allowed, out);
        }
        if many {
            out.push(b']');
        }
    }
}

fn write_entry(operation: Operation, entry: &Fields, allowed: FieldSet, out: &mut Vec<u8>) {
    out.push(b'{');
    let mut first = true;
    for (position, value) in entry
        .values
        .iter()
        .filter(|(position, _)| allowed.contains(*position))
    {
        if !first {
            out.push(b',');
        }
        first = false;
        out.push(b'"');
        out.extend_from_slice(operation.fields()[*position].as_bytes());
        out.extend_from_slice(b"\":");
        out.extend_from_slice(&entry.json.as_bytes()[value.clone()]);
    }
    out.push(b'}');
}

fn disclosed(code: Option<&str>, role: Role) -> impl Iterator<Item = Disclosed> {
    code.map(|code| Disclosed {
        code: code.to_owned(),
        role,
    })
    .into_iter()
}

/// Splits a canonical value into its fields; a field outside the operation's list is not disclosed.
fn fields<T: Serialize>(operation: Operation, value: &T) -> Fields {
    let Ok(json) = serde_json::to_string(value) else {
        return Fields::default();
    };
    let named: BTreeMap<&str, &RawValue> = serde_json::from_str(&json).unwrap_or_default();
    let mut values: Vec<(usize, Range<usize>)> = named
        .into_iter()
        .filter_map(|(name, value)| {
            let position = operation.fields().iter().position(|field| *field == name)?;
            let start = value.get().as_ptr().addr() - json.as_ptr().addr();
            Some((position, start..start + value.get().len()))
        })
        .collect();
    values.sort_unstable_by_key(|(position, _)| *position);
    Fields {
        json: json.into_boxed_str(),
        values,
    }
}
