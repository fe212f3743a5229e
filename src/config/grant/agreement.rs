//! The deeds that a grant rests on: who agreed, the legal basis, the convenzioni with the enti, the appointment as processor.

use chrono::NaiveDate;
use serde::Serialize;
use toml::de::DeValue;

use super::Enti;
use super::days::{Day, Days};
use crate::config::reading::similar::most_similar;
use crate::config::reading::table::Table;
use crate::config::reading::value::Value;
use crate::config::reading::{FromTable, Read, Reader};

/// Who agreed on a grant, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Agreed {
    /// The office or the deed.
    pub by: String,
    /// The day.
    pub on: NaiveDate,
}

/// What province and ente have signed (convenzione, accordo di programma).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Convenzione {
    /// The enti that signed it.
    pub enti: Enti,
    /// Its protocol number.
    pub protocollo: String,
    /// The days on which it holds.
    pub days: Days,
}

/// The appointment of the province as processor for the enti, GDPR article 28.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Nomina {
    /// Its protocol number.
    pub protocollo: String,
    /// Its day.
    pub on: NaiveDate,
}

/// What allows a public body to answer: a closed list, from which consent is absent (GDPR recital 43).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BaseGiuridica {
    /// The person concerned asks for their own data.
    RichiestaInteressato,
    /// DPR 445/2000, article 43: a body ascertains itself what it would else have to demand.
    Dpr445Art43,
    /// DPR 445/2000, article 71: checks of self-declarations.
    Dpr445Art71,
    /// CAD (D.Lgs. 82/2005), article 50: data that other bodies need for their tasks.
    CadArt50,
    /// A task in the public interest (GDPR article 6, 1 e), with the norm that gives it.
    CompitoInteressePubblico(String),
}

const NAMES: [&str; 5] = [
    "richiesta_interessato",
    "dpr445_art43",
    "dpr445_art71",
    "cad_art50",
    TASK,
];

const TASK: &str = "compito_interesse_pubblico";

/// Why consent is none.
const CONSENT: &str = "il consenso non è una base giuridica per un ente pubblico: fra autorità e persona manca l'equilibrio \
     che lo rende libero (GDPR, considerando 43; D.Lgs. 196/2003, art. 2-ter); serve quella per cui la domanda si può fare";

impl Read for BaseGiuridica {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        if let DeValue::Table(_) = value.get() {
            let mut table = value.table(reader)?;
            let norm = table.required(TASK, reader);
            table.finish(reader);
            return norm.map(BaseGiuridica::CompitoInteressePubblico);
        }
        let Some(text) = value.text() else {
            return value.refuse(reader, "il nome di una base giuridica");
        };
        let refused = match text {
            "richiesta_interessato" => return Some(BaseGiuridica::RichiestaInteressato),
            "dpr445_art43" => return Some(BaseGiuridica::Dpr445Art43),
            "dpr445_art71" => return Some(BaseGiuridica::Dpr445Art71),
            "cad_art50" => return Some(BaseGiuridica::CadArt50),
            TASK => format!(
                "serve la norma che affida il compito: {{ {TASK} = \"L. 160/2019, art. 1, comma 784\" }}"
            ),
            consent if consent.starts_with("consens") => CONSENT.to_owned(),
            other => match most_similar(other, NAMES.into_iter()) {
                Some(known) => format!("base giuridica sconosciuta «{other}»: forse «{known}»?"),
                None => format!(
                    "base giuridica sconosciuta «{other}»: ci sono {}",
                    NAMES.join(", ")
                ),
            },
        };
        reader.mistake(&value.place(), refused);
        None
    }
}

impl FromTable for Agreed {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let by = table.required("by", reader);
        let on: Option<Day> = table.required("on", reader);
        table.finish(reader);
        Some(Agreed { by: by?, on: on?.0 })
    }
}

impl FromTable for Convenzione {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let enti = table.required("enti", reader);
        let protocollo = table.required("protocollo", reader);
        let days = Days::read(&mut table, reader);
        table.finish(reader);
        Some(Convenzione {
            enti: enti?,
            protocollo: protocollo?,
            days: days?,
        })
    }
}

impl FromTable for Nomina {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let protocollo = table.required("protocollo", reader);
        let on: Option<Day> = table.required("on", reader);
        table.finish(reader);
        Some(Nomina {
            protocollo: protocollo?,
            on: on?.0,
        })
    }
}
