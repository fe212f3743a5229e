//! The position of a taxpayer for one tax and one year.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::importo::Importo;

/// Tributo locale.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Tributo {
    /// Imposta municipale propria.
    Imu,
    /// Tassa sui rifiuti.
    Tari,
}

impl Tributo {
    /// The tax's name in requests, answers and adapters.
    pub fn name(self) -> &'static str {
        match self {
            Tributo::Imu => "IMU",
            Tributo::Tari => "TARI",
        }
    }
}

/// Posizione tributaria di un contribuente per un tributo e un anno.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Posizione {
    /// Il contribuente.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contribuente: Option<Contribuente>,
    /// Immobili posseduti (IMU).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub immobili: Option<Vec<Immobile>>,
    /// Utenze (TARI).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utenze: Option<Vec<Utenza>>,
    /// Importo dovuto per l'anno, secondo il gestionale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dovuto: Option<Importo>,
    /// Versamenti registrati per l'anno.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versamenti: Option<Vec<Versamento>>,
}

/// Contribuente: persona fisica o altro soggetto.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contribuente {
    /// Codice fiscale.
    #[schema(pattern = "^[A-Z0-9]{11,16}$")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codice_fiscale: Option<String>,
    /// Partita IVA.
    #[schema(pattern = "^[0-9]{11}$")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partita_iva: Option<String>,
    /// Cognome, se persona fisica.
    #[schema(max_length = 200)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cognome: Option<String>,
    /// Nome, se persona fisica.
    #[schema(max_length = 200)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nome: Option<String>,
    /// Denominazione, se non è una persona fisica.
    #[schema(max_length = 300)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denominazione: Option<String>,
}

/// Riferimenti catastali.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Catasto {
    /// Sezione.
    #[schema(max_length = 10)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sezione: Option<String>,
    /// Foglio.
    #[schema(max_length = 10)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foglio: Option<String>,
    /// Particella o mappale.
    #[schema(max_length = 10)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub particella: Option<String>,
    /// Subalterno.
    #[schema(max_length = 10)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subalterno: Option<String>,
    /// Categoria catastale.
    #[schema(max_length = 10, example = "A/3")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categoria: Option<String>,
}

/// Immobile soggetto a IMU.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Immobile {
    /// Riferimenti catastali.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catasto: Option<Catasto>,
    /// Indirizzo dell'immobile.
    #[schema(max_length = 300)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indirizzo: Option<String>,
    /// Rendita catastale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendita: Option<Importo>,
    /// Percentuale di possesso, da 0 a 100, come numero decimale in una stringa.
    #[schema(value_type = Option<String>, pattern = "^[0-9]{1,3}(\\.[0-9]{1,4})?$", example = "33.3")]
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "rust_decimal::serde::str_option"
    )]
    pub percentuale_possesso: Option<Decimal>,
    /// Mesi di possesso nell'anno.
    #[schema(minimum = 0, maximum = 12)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mesi_possesso: Option<i32>,
    /// Se l'immobile è abitazione principale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abitazione_principale: Option<bool>,
    /// Codici fiscali degli altri titolari.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contitolari: Option<Vec<String>>,
}

/// Utenza TARI.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Utenza {
    /// Numero dell'utenza nel gestionale dell'ente: lo chiede chi ne dichiara una variazione.
    #[schema(max_length = 40)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identificativo: Option<String>,
    /// Se l'utenza è domestica.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domestica: Option<bool>,
    /// Categoria tariffaria.
    #[schema(max_length = 100)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categoria: Option<String>,
    /// Superficie in metri quadrati, come numero decimale in una stringa.
    #[schema(value_type = Option<String>, pattern = "^[0-9]{1,7}(\\.[0-9]{1,2})?$", example = "97.5")]
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "rust_decimal::serde::str_option"
    )]
    pub superficie_mq: Option<Decimal>,
    /// Numero degli occupanti.
    #[schema(minimum = 0, maximum = 999)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupanti: Option<i32>,
    /// Indirizzo dell'utenza.
    #[schema(max_length = 300)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indirizzo: Option<String>,
    /// Inizio dell'occupazione.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_inizio: Option<NaiveDate>,
    /// Fine dell'occupazione.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_fine: Option<NaiveDate>,
    /// Riferimenti catastali.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catasto: Option<Catasto>,
}

/// Versamento registrato.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Versamento {
    /// Data del versamento.
    pub data: NaiveDate,
    /// Importo versato.
    pub importo: Importo,
    /// Codice tributo F24, quando il gestionale lo conserva.
    #[schema(max_length = 4, example = "3918")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codice_tributo: Option<String>,
}
