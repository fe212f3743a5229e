//! In which role somebody may ask about another person.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// In che veste una persona chiede di un'altra.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[schema(as = RuoloRappresentante)]
#[serde(rename_all = "snake_case")]
pub enum RuoloRappresentante {
    /// Chi esercita la responsabilità genitoriale su un minore.
    Genitore,
    /// Chi ha una delega.
    Delegato,
    /// Il tutore.
    Tutore,
    /// L'amministratore di sostegno.
    AmministratoreDiSostegno,
    /// L'erede.
    Erede,
}

impl RuoloRappresentante {
    /// Every role, in the order in which people read them.
    pub const ALL: [RuoloRappresentante; 5] = [
        RuoloRappresentante::Genitore,
        RuoloRappresentante::Delegato,
        RuoloRappresentante::Tutore,
        RuoloRappresentante::AmministratoreDiSostegno,
        RuoloRappresentante::Erede,
    ];

    /// The role's name in grants, records and answers.
    pub fn name(self) -> &'static str {
        match self {
            RuoloRappresentante::Genitore => "genitore",
            RuoloRappresentante::Delegato => "delegato",
            RuoloRappresentante::Tutore => "tutore",
            RuoloRappresentante::AmministratoreDiSostegno => "amministratore_di_sostegno",
            RuoloRappresentante::Erede => "erede",
        }
    }

    /// The role of that name.
    pub fn named(name: &str) -> Option<RuoloRappresentante> {
        let mut all = RuoloRappresentante::ALL.into_iter();
        all.find(|role| role.name() == name)
    }
}
