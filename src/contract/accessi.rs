//! Who asked about a citizen: the citizen's own register, without what was answered.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::instants;
use super::rappresentanza::RuoloRappresentante;

/// Righe di una pagina, se la richiesta non lo dice.
pub const LIMITE_PREDEFINITO: u16 = 50;

/// Righe di una pagina al più.
pub const LIMITE_MASSIMO: u16 = 200;

/// Una pagina delle richieste in cui il cittadino è stato cercato o i suoi dati sono stati comunicati, dalla più recente.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Accessi {
    /// Le richieste della pagina.
    #[schema(max_items = 200)]
    pub items: Vec<Accesso>,
    /// Valore da passare in `cursor` per la pagina seguente; assente nell'ultima.
    #[schema(value_type = Option<String>, format = "uuid", max_length = 36, example = "019a3c5e-7b1c-7c3e-9f4a-2f1f3a5b6c7d")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Uuid>,
}

/// Una richiesta che riguardava il cittadino.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Accesso {
    /// Numero dello scambio nel registro del gateway.
    #[schema(value_type = String, format = "uuid", max_length = 36, example = "019a3c5e-7b1c-7c3e-9f4a-2f1f3a5b6c7d")]
    pub scambio: Uuid,
    /// Quando.
    #[serde(serialize_with = "instants::serialize_instant")]
    pub istante: DateTime<Utc>,
    /// Chi ha chiesto: il portale.
    #[schema(max_length = 100, example = "sportello-como")]
    pub richiedente: String,
    /// Se è stato il cittadino stesso, entrato con la sua carta.
    pub da_interessato: bool,
    /// In che veste l'ha chiesto chi rappresenta il cittadino; assente se nessuno lo rappresentava.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub da_rappresentante: Option<RuoloRappresentante>,
    /// Codice ISTAT dell'ente a cui è stato chiesto.
    #[schema(pattern = "^[0-9]{6}$", max_length = 6, example = "013075")]
    pub codice_istat: String,
    /// Denominazione dell'ente.
    #[schema(max_length = 200, example = "Como")]
    pub denominazione: String,
    /// Che cosa è stato chiesto: dominio e risorsa.
    #[schema(max_length = 60, example = "anagrafe.ricerche-persona")]
    pub operazione: String,
    /// Per quale finalità; assente se la richiesta è stata rifiutata prima di conoscerla.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finalita: Option<FinalitaAccesso>,
    /// In che veste il cittadino vi compare.
    pub ruoli: Vec<RuoloAccesso>,
    /// Se è uscita una risposta.
    pub con_risposta: bool,
}

/// La finalità di una richiesta.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinalitaAccesso {
    /// Identificativo.
    #[schema(max_length = 64, example = "iscrizione-asilo")]
    pub id: String,
    /// Descrizione.
    #[schema(
        max_length = 500,
        example = "Verifica della residenza per l'iscrizione all'asilo nido"
    )]
    pub descrizione: String,
    /// Norma o atto su cui si fonda.
    #[schema(max_length = 500, example = "D.P.R. 445/2000, art. 43")]
    pub base_giuridica: String,
}

/// In che veste una persona compare in una richiesta.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuoloAccesso {
    /// Si è chiesto di lei.
    Cercato,
    /// I dati comunicati sono suoi.
    Interessato,
    /// Compare fra i componenti di una famiglia.
    Componente,
    /// Compare fra i contitolari di un immobile.
    Contitolare,
}

impl RuoloAccesso {
    /// The role by its name in the record.
    pub fn named(name: &str) -> Option<RuoloAccesso> {
        match name {
            "cercato" => Some(RuoloAccesso::Cercato),
            "interessato" => Some(RuoloAccesso::Interessato),
            "componente" => Some(RuoloAccesso::Componente),
            "contitolare" => Some(RuoloAccesso::Contitolare),
            _ => None,
        }
    }
}
