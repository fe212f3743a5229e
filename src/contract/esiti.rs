//! What several enti answered to one question: an outcome each, and their sum.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Enti that one question can name.
pub const ENTI_MASSIMI: usize = 200;

/// Che cosa è venuto da un ente.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Esito {
    /// L'ente conosce il soggetto: c'è la risposta.
    Trovata,
    /// L'ente non conosce il soggetto.
    NonTrovata,
    /// L'ente conosce più soggetti con questo codice.
    Ambigua,
    /// L'ente non si è potuto interrogare: sconosciuto, cessato, o senza il servizio.
    NonInterrogato,
    /// L'ente è stato interrogato e non ha risposto, o non in modo comprensibile: nulla si sa del soggetto.
    NonRaggiungibile,
}

/// Quanti enti hanno dato ciascun esito.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Riepilogo {
    /// Enti a cui la domanda si riferiva.
    #[schema(minimum = 0, maximum = 200)]
    pub enti: i32,
    /// Enti che conoscono il soggetto.
    #[schema(minimum = 0, maximum = 200)]
    pub trovata: i32,
    /// Enti che non conoscono il soggetto.
    #[schema(minimum = 0, maximum = 200)]
    pub non_trovata: i32,
    /// Enti che conoscono più soggetti con questo codice.
    #[schema(minimum = 0, maximum = 200)]
    pub ambigua: i32,
    /// Enti che non si sono potuti interrogare.
    #[schema(minimum = 0, maximum = 200)]
    pub non_interrogato: i32,
    /// Enti che non hanno risposto: la risposta complessiva è parziale.
    #[schema(minimum = 0, maximum = 200)]
    pub non_raggiungibile: i32,
}

impl Riepilogo {
    /// Counts one more ente.
    pub fn count(&mut self, esito: Esito) {
        self.enti += 1;
        *match esito {
            Esito::Trovata => &mut self.trovata,
            Esito::NonTrovata => &mut self.non_trovata,
            Esito::Ambigua => &mut self.ambigua,
            Esito::NonInterrogato => &mut self.non_interrogato,
            Esito::NonRaggiungibile => &mut self.non_raggiungibile,
        } += 1;
    }
}
