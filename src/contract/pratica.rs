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

/// Why a write of unknown outcome was not carried out, as an officer of the ente says. Words to choose from and no free text: it
/// goes to portals and their logs, and could name somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Motivo {
    /// It never came to the back end.
    MaiArrivata,
    /// It came, and the back end discarded it.
    Scartata,
    /// It came, and the office cancelled it.
    Annullata,
}

impl Motivo {
    /// Every reason.
    pub const ALL: [Motivo; 3] = [Motivo::MaiArrivata, Motivo::Scartata, Motivo::Annullata];

    /// Its name in forms.
    pub fn name(self) -> &'static str {
        match self {
            Motivo::MaiArrivata => "mai-arrivata",
            Motivo::Scartata => "scartata",
            Motivo::Annullata => "annullata",
        }
    }

    /// What officers choose and portals read.
    pub fn text(self) -> &'static str {
        match self {
            Motivo::MaiArrivata => "al gestionale dell'ente non è mai arrivata",
            Motivo::Scartata => "il gestionale dell'ente l'ha scartata",
            Motivo::Annullata => "l'ufficio dell'ente l'ha annullata",
        }
    }
}
