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
