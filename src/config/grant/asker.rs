//! `chi`: who may ask about whom under a grant, and how it has to be shown.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::config::reading::similar::most_similar;
use crate::config::reading::value::Value;
use crate::config::reading::{Read, Reader};
use crate::contract::rappresentanza::RuoloRappresentante;

/// Who asks about whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Chi {
    /// A system in its own task, without a person behind the single question.
    Sistema,
    /// An office: the evidence names the officer (`userID`) and the file that it works on (`fascicolo`).
    Ufficio,
    /// The person concerned asks about themselves, known at no lower level than this: by the token of a log-in with a card, or, unless
    /// only that will do, as the portal attests in evidence whose `userID` is the code asked about.
    Interessato {
        /// How surely the person is known.
        least: Level,
        /// Whether only the token of a log-in will do (`verificata`).
        verified: bool,
        /// The roles in which others may ask about the person, where an ente attests that they have them (`rappresentanti`).
        represented_by: BTreeSet<RuoloRappresentante>,
    },
}

impl Chi {
    /// Whether somebody else may ask about the person concerned.
    pub fn knows_representatives(&self) -> bool {
        matches!(self, Chi::Interessato { represented_by, .. } if !represented_by.is_empty())
    }
}

/// How surely a portal knows a person (eIDAS, article 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// `low`, ISO 29115's LoA2.
    Low,
    /// `substantial`, LoA3.
    Substantial,
    /// `high`, LoA4.
    High,
}

impl Level {
    /// The level by the name that evidence gives it: eIDAS's or ISO 29115's.
    pub fn named(name: &str) -> Option<Level> {
        match name {
            "low" | "LoA2" => Some(Level::Low),
            "substantial" | "LoA3" => Some(Level::Substantial),
            "high" | "LoA4" => Some(Level::High),
            _ => None,
        }
    }
}

const NAMES: [&str; 3] = ["sistema", "ufficio", "interessato"];

impl Read for Chi {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        if value.get().is_table() {
            let mut table = value.table(reader)?;
            let least = table.required("interessato", reader);
            let verified = table.or("verificata", false, reader);
            let represented_by = table.or_default("rappresentanti", reader);
            table.finish(reader);
            return Some(Chi::Interessato {
                least: least?,
                verified: verified?,
                represented_by: represented_by?,
            });
        }
        let Some(text) = value.text() else {
            return value.refuse(
                reader,
                "chi chiede: \"sistema\", \"ufficio\" o { interessato = \"substantial\" }",
            );
        };
        let refused = match text {
            "sistema" => return Some(Chi::Sistema),
            "ufficio" => return Some(Chi::Ufficio),
            "interessato" => {
                "serve il livello a cui il portale ne attesta l'identità: { interessato = \"substantial\" }"
                    .to_owned()
            }
            other => match most_similar(other, NAMES.into_iter()) {
                Some(known) => format!("«{other}» non può chiedere: forse «{known}»?"),
                None => format!("«{other}» non può chiedere: ci sono {}", NAMES.join(", ")),
            },
        };
        reader.mistake(&value.place(), refused);
        None
    }
}

impl Read for RuoloRappresentante {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let expected = RuoloRappresentante::ALL.map(RuoloRappresentante::name);
        value.parse(reader, &expected.join(", "), RuoloRappresentante::named)
    }
}

impl Read for Level {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        value.parse(reader, "low, substantial o high", Level::named)
    }
}
