//! Where an answer comes from and how old it is: part of every answer with personal data.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::instants;
use super::json::push_text;

/// Provenienza ed età dei dati di una risposta.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Provenienza {
    /// Codice ISTAT dell'ente che ha risposto; se la fonte è l'ANPR, dell'ente per conto del quale è stata interrogata.
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

/// A provenance written once, for as long as its answer is kept: all but whether the answer waited in the cache.
#[derive(Debug, Clone)]
pub struct Origine {
    json: Box<str>,
    /// Where what differs from one reply to the next has its place.
    told_anew: usize,
}

impl Origine {
    /// Writes a provenance as its type would, whatever it says of the cache.
    pub fn of(provenienza: &Provenienza) -> Origine {
        let mut json = String::with_capacity(256);
        json.push_str("{\"ente\":");
        push_text(&provenienza.ente, &mut json);
        json.push_str(",\"adattatore\":{\"nome\":");
        push_text(&provenienza.adattatore.nome, &mut json);
        json.push_str(",\"versione\":");
        push_text(&provenienza.adattatore.versione, &mut json);
        json.push_str("},\"fonte\":\"");
        json.push_str(provenienza.fonte.name());
        json.push_str("\",");
        let told_anew = json.len();
        json.push_str(",\"data_riferimento\":\"");
        instants::push_day(provenienza.data_riferimento, &mut json);
        json.push_str("\",\"rilevato_il\":\"");
        instants::push_instant(provenienza.rilevato_il, &mut json);
        json.push_str("\"}");
        Origine {
            json: json.into_boxed_str(),
            told_anew,
        }
    }

    /// Writes the provenance of a reply.
    pub fn write(&self, da_cache: bool, scaduta: bool, body: &mut Vec<u8>) {
        let (before, after) = self.json.split_at(self.told_anew);
        body.extend_from_slice(before.as_bytes());
        body.extend_from_slice(match (da_cache, scaduta) {
            (false, false) => b"\"da_cache\":false,\"scaduta\":false",
            (true, false) => b"\"da_cache\":true,\"scaduta\":false",
            (true, true) => b"\"da_cache\":true,\"scaduta\":true",
            (false, true) => b"\"da_cache\":false,\"scaduta\":true",
        });
        body.extend_from_slice(after.as_bytes());
    }

    /// Bytes held, for the cache's bound.
    pub fn weight(&self) -> usize {
        self.json.len()
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

impl Fonte {
    /// The name under which answers tell it.
    pub fn name(self) -> &'static str {
        match self {
            Fonte::GestionaleComunale => "gestionale_comunale",
            Fonte::CopiaNotturna => "copia_notturna",
            Fonte::Operatore => "operatore",
            Fonte::Anpr => "anpr",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_parts_is_what_the_type_writes() {
        let fonti = [
            Fonte::GestionaleComunale,
            Fonte::CopiaNotturna,
            Fonte::Operatore,
            Fonte::Anpr,
        ];
        for (fonte, told) in
            fonti
                .into_iter()
                .zip([(false, false), (false, true), (true, false), (true, true)])
        {
            let (da_cache, scaduta) = told;
            let provenienza = Provenienza {
                ente: "013075".to_owned(),
                adattatore: Adattatore {
                    nome: "un \"nome\" à capo\n".to_owned(),
                    versione: "1.0.0".to_owned(),
                },
                fonte,
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
