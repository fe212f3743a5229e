//! What a write comes to at the ente: a practice, and how far it is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// EsitoScrittura di una scrittura.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EsitoScrittura {
    /// La pratica nata presso l'ente.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pratica: Option<Pratica>,
}

/// Una pratica presso l'ente.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pratica {
    /// Numero della pratica nel gestionale dell'ente, se ne dà uno.
    #[schema(max_length = 100)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identificativo: Option<String>,
    /// A che punto era quando il gestionale ha risposto.
    pub stato: StatoPratica,
}

/// A che punto è una pratica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StatoPratica {
    /// L'ente l'ha ricevuta.
    Acquisita,
    /// L'ente la sta esaminando.
    InElaborazione,
    /// L'ente l'ha accettata.
    Accettata,
    /// L'ente l'ha respinta.
    Rigettata,
}
