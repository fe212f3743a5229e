//! The bodies of the answers with personal data, as the documents describe them.
//!
//! The broker writes these bodies field by field from a [`super::document::Document`]; tests read every answer back
//! through these types, so that the two cannot drift apart.

use serde::Deserialize;
use utoipa::ToSchema;

use super::persona::Persona;
use super::posizione::Posizione;
use super::provenienza::Provenienza;

/// What every registry answer says of itself.
pub const AVVERTENZA_ANAGRAFE: &str = "I dati non hanno valore di certificato; in caso di difformità prevale l'ANPR (art. 62 del CAD).";

/// What every tax answer says of itself.
pub const AVVERTENZA_TRIBUTI: &str =
    "I dati sono quelli del gestionale dell'ente e non hanno valore di certificato.";

/// Scheda anagrafica di una persona.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RispostaPersona {
    /// La persona, con i soli campi concessi e disponibili.
    pub persona: Persona,
    /// Provenienza ed età dei dati.
    pub provenienza: Provenienza,
    /// Campi richiesti che il gestionale dell'ente non ha.
    #[schema(max_items = 32)]
    pub campi_non_disponibili: Vec<String>,
    /// Valore della risposta.
    #[schema(max_length = 300)]
    pub avvertenza: String,
}

/// Famiglia anagrafica di una persona.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RispostaFamiglia {
    /// La famiglia.
    pub famiglia: Famiglia,
    /// Provenienza ed età dei dati.
    pub provenienza: Provenienza,
    /// Campi richiesti che il gestionale dell'ente non ha.
    #[schema(max_items = 32)]
    pub campi_non_disponibili: Vec<String>,
    /// Valore della risposta.
    #[schema(max_length = 300)]
    pub avvertenza: String,
}

/// Famiglia anagrafica.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Famiglia {
    /// I componenti, con i soli campi concessi e disponibili.
    #[schema(max_items = 500)]
    pub componenti: Vec<Persona>,
}

/// Posizione tributaria di un contribuente.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RispostaPosizione {
    /// La posizione, con i soli campi concessi e disponibili.
    pub posizione: Posizione,
    /// Provenienza ed età dei dati.
    pub provenienza: Provenienza,
    /// Campi richiesti che il gestionale dell'ente non ha.
    #[schema(max_items = 32)]
    pub campi_non_disponibili: Vec<String>,
    /// Valore della risposta.
    #[schema(max_length = 300)]
    pub avvertenza: String,
}
