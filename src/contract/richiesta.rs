//! A request that outlives its call: its states, and what a portal is told of it until its answer is there.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::instants;

/// Stato di una richiesta che dura più della chiamata che l'ha aperta.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stato {
    /// Presa in carico dal gateway, non ancora inoltrata al sistema dell'ente.
    Accolta,
    /// Inoltrata al sistema dell'ente o al suo operatore, che non ha ancora risposto.
    Inoltrata,
    /// Inoltrata, ma non si sa se il sistema dell'ente l'abbia eseguita: non è ripetuta, si attende di poterlo accertare.
    EsitoIgnoto,
    /// Conclusa: il risultato si può ritirare.
    Completata,
    /// Conclusa senza risultato: al ritiro risponde un problema che dice perché.
    Rifiutata,
    /// Abbandonata: l'ente non ha risposto entro il termine.
    Scaduta,
}

impl Stato {
    /// Every state.
    pub const ALL: [Stato; 6] = [
        Stato::Accolta,
        Stato::Inoltrata,
        Stato::EsitoIgnoto,
        Stato::Completata,
        Stato::Rifiutata,
        Stato::Scaduta,
    ];

    /// The state's name, as portals and the store know it.
    pub fn name(self) -> &'static str {
        match self {
            Stato::Accolta => "accolta",
            Stato::Inoltrata => "inoltrata",
            Stato::EsitoIgnoto => "esito_ignoto",
            Stato::Completata => "completata",
            Stato::Rifiutata => "rifiutata",
            Stato::Scaduta => "scaduta",
        }
    }

    /// The state of that name.
    pub fn named(name: &str) -> Option<Stato> {
        Stato::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether something is still to come.
    pub fn is_open(self) -> bool {
        matches!(self, Stato::Accolta | Stato::Inoltrata | Stato::EsitoIgnoto)
    }
}

/// A che punto è una richiesta che dura più della chiamata che l'ha aperta.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatoRichiesta {
    /// Identificativo della richiesta: un numero casuale, valido solo per il portale che l'ha aperta.
    #[schema(
        format = "uuid",
        max_length = 36,
        example = "5b8f2f0e-8d7c-4a55-9f0c-0f4b4f2a9a11"
    )]
    pub id: String,
    /// Operazione chiesta.
    #[schema(max_length = 60, example = "anagrafe.ricerche-persona")]
    pub operazione: String,
    /// Codice ISTAT dell'ente interrogato.
    #[schema(pattern = "^[0-9]{6}$", max_length = 6, example = "013075")]
    pub ente: String,
    /// Stato della richiesta.
    pub stato: Stato,
    /// Quando è stata aperta (RFC 3339, UTC).
    #[schema(example = "2026-11-23T08:30:00Z")]
    #[serde(serialize_with = "instants::serialize_instant")]
    pub aperta_il: DateTime<Utc>,
    /// Entro quando, se resta aperta, è abbandonata (RFC 3339, UTC).
    #[schema(example = "2026-11-24T08:30:00Z")]
    #[serde(serialize_with = "instants::serialize_instant")]
    pub termine: DateTime<Utc>,
    /// Fino a quando il risultato si può ritirare: poi la richiesta è cancellata (RFC 3339, UTC).
    #[schema(example = "2026-12-01T08:30:00Z")]
    #[serde(serialize_with = "instants::serialize_instant")]
    pub conservata_fino_al: DateTime<Utc>,
}
