//! Whose fault it is that an exchange got no answer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Lato da cui dipende un problema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Lato)]
pub enum Side {
    /// Il portale che ha chiamato: la richiesta va cambiata.
    Portale,
    /// Il gateway: ci pensa il suo gestore.
    Gateway,
    /// L'ente interrogato o il suo gestionale.
    Ente,
}

impl Side {
    /// The side's name in problems and records.
    pub fn name(self) -> &'static str {
        match self {
            Side::Portale => "portale",
            Side::Gateway => "gateway",
            Side::Ente => "ente",
        }
    }
}
