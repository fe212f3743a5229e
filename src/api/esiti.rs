//! What several enti answered, as the documents describe it; the broker writes it, tests read it back through these types.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::contract::esiti::{Esito, Riepilogo};
use crate::contract::risposta::RispostaPosizione;

use super::problem::Problema;

/// Le risposte di più enti, in ordine di codice ISTAT.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RispostaInEnti {
    /// Un esito per ente.
    #[schema(max_items = 200)]
    pub esiti: Vec<EsitoEnte>,
    /// Quanti enti hanno dato ciascun esito.
    pub riepilogo: Riepilogo,
}

/// L'esito di un ente, registrato come scambio a sé.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EsitoEnte {
    /// Codice ISTAT dell'ente (sei cifre).
    #[schema(pattern = "^[0-9]{6}$", max_length = 6, example = "013075")]
    pub codice_istat: String,
    /// Numero dello scambio con l'ente (UUID).
    #[schema(format = "uuid", max_length = 36)]
    pub scambio: String,
    /// Che cosa è venuto dall'ente.
    pub esito: Esito,
    /// La risposta dell'ente; solo con esito `trovata`.
    #[serde(default)]
    pub risposta: Option<RispostaPosizione>,
    /// Il problema; con ogni altro esito.
    #[serde(default)]
    pub problema: Option<Problema>,
}
