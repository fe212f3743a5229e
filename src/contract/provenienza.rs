//! Where an answer comes from and how old it is: part of every answer with personal data.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::instants;

/// Provenienza ed età dei dati di una risposta.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Provenienza {
    /// Codice ISTAT dell'ente che ha risposto.
    #[schema(pattern = "^[0-9]{6}$", example = "013075")]
    pub ente: String,
    /// Adattatore che ha tradotto la risposta del gestionale.
    pub adattatore: Adattatore,
    /// Fonte dei dati.
    pub fonte: Fonte,
    /// Se la risposta viene dalla cache del gateway.
    pub da_cache: bool,
    /// Se la risposta ha superato la sua durata ed è data perché il gestionale non risponde.
    pub scaduta: bool,
    /// Data a cui i dati si riferiscono.
    #[serde(serialize_with = "instants::serialize_day")]
    pub data_riferimento: NaiveDate,
    /// Istante in cui il gateway ha ricevuto i dati dal gestionale (RFC 3339, UTC).
    #[serde(serialize_with = "instants::serialize_instant")]
    pub rilevato_il: DateTime<Utc>,
}

/// How [`Provenienza`] writes what differs from one reply to the next.
const TOLD_ANEW: &str = "\"da_cache\":false,\"scaduta\":false";

/// A provenance written once, for as long as its answer is kept: all but whether the answer waited in the cache.
#[derive(Debug, Clone)]
pub struct Origine {
    before: Box<str>,
    after: Box<str>,
}

impl Origine {
    /// Writes a provenance, whatever it says of the cache.
    pub fn of(provenienza: &Provenienza) -> Origine {
        let fetched = Provenienza {
            da_cache: false,
            scaduta: false,
            ..provenienza.clone()
        };
        let written =
            serde_json::to_string(&fetched).expect("plain values always serialize into memory");
        // Quotes in a text are escaped, so no text can look like this.
        let (before, after) = written
            .split_once(TOLD_ANEW)
            .expect("both fields were just written as false, one after the other");
        Origine {
            before: before.into(),
            after: after.into(),
        }
    }

    /// Writes the provenance of a reply.
    pub fn write(&self, da_cache: bool, scaduta: bool, body: &mut Vec<u8>) {
        body.extend_from_slice(self.before.as_bytes());
        body.extend_from_slice(match (da_cache, scaduta) {
            (false, false) => TOLD_ANEW.as_bytes(),
            (true, false) => b"\"da_cache\":true,\"scaduta\":false",
            (true, true) => b"\"da_cache\":true,\"scaduta\":true",
            (false, true) => b"\"da_cache\":false,\"scaduta\":true",
        });
        body.extend_from_slice(self.after.as_bytes());
    }

    /// Bytes held, for the cache's bound.
    pub fn weight(&self) -> usize {
        self.before.len() + self.after.len()
    }
}

/// Nome e versione di un adattatore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Adattatore {
    /// Nome dell'adattatore.
    #[schema(max_length = 100, example = "civilia-soap")]
    pub nome: String,
    /// Versione dell'adattatore.
    #[schema(max_length = 20, example = "1.0.0")]
    pub versione: String,
}

/// Fonte dei dati.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fonte {
    /// Il gestionale dell'ente, interrogato in linea.
    GestionaleComunale,
    /// La copia notturna depositata dall'ente.
    CopiaNotturna,
    /// Un operatore dell'ente.
    Operatore,
    /// L'Anagrafe nazionale della popolazione residente.
    Anpr,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_parts_is_what_the_type_writes() {
        for (da_cache, scaduta) in [(false, false), (false, true), (true, false), (true, true)] {
            let provenienza = Provenienza {
                ente: "013075".to_owned(),
                adattatore: Adattatore {
                    nome: TOLD_ANEW.to_owned(),
                    versione: "1.0.0".to_owned(),
                },
                fonte: Fonte::Anpr,
                da_cache,
                scaduta,
                data_riferimento: NaiveDate::MIN,
                rilevato_il: DateTime::UNIX_EPOCH,
            };
            let mut written = Vec::new();
            Origine::of(&provenienza).write(da_cache, scaduta, &mut written);
            let whole = serde_json::to_vec(&provenienza).expect("serializable");
            assert_eq!(written, whole);
        }
    }
}
