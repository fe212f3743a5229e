//! The registry record of a person, and of the members of a family.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::luogo::Luogo;

/// Persona iscritta, o già iscritta, nell'anagrafe di un ente.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Persona {
    /// Codice fiscale.
    #[schema(pattern = "^[A-Z0-9]{11,16}$", example = "RSSMRA80A01C933H")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codice_fiscale: Option<String>,
    /// Cognome.
    #[schema(max_length = 200, example = "ROSSI")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cognome: Option<String>,
    /// Nome.
    #[schema(max_length = 200, example = "MARIO")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nome: Option<String>,
    /// Sesso.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sesso: Option<Sesso>,
    /// Data di nascita.
    #[schema(example = "1980-01-01")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_nascita: Option<NaiveDate>,
    /// Luogo di nascita, con i codici validi alla data di nascita.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub luogo_nascita: Option<Luogo>,
    /// Posizione della persona nell'anagrafe dell'ente.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stato_anagrafico: Option<StatoAnagrafico>,
    /// Data del decesso.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_decesso: Option<NaiveDate>,
    /// Dove la persona vive ora, secondo l'ente. Per chi è residente, la residenza; per chi è iscritto all'AIRE o ha lasciato il comune,
    /// solo il luogo in cui vive ora, se il gestionale lo dice; assente per chi è deceduto o irreperibile e quando la posizione
    /// non è dichiarata: l'ultimo indirizzo che il gestionale conserva non è dato come residenza.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residenza: Option<Residenza>,
    /// Cittadinanza: codice ISO 3166-1 alfa-3, quando il gestionale lo permette, o descrizione.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cittadinanza: Option<Cittadinanza>,
    /// Stato civile (tabella ANPR).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stato_civile: Option<Codificato>,
    /// Relazione di parentela con l'intestatario della scheda (tabella ANPR); solo per i componenti di una famiglia.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relazione_parentela: Option<Codificato>,
}

/// Sesso anagrafico.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum Sesso {
    /// Femmina.
    F,
    /// Maschio.
    M,
}

/// Posizione di una persona nell'anagrafe dell'ente.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatoAnagrafico {
    /// Residente nel comune.
    Residente,
    /// Iscritto all'anagrafe degli italiani residenti all'estero.
    Aire,
    /// Cancellato per emigrazione.
    Emigrato,
    /// Deceduto.
    Deceduto,
    /// Cancellato per irreperibilità.
    Irreperibile,
    /// Noto al gestionale ma non residente.
    NonResidente,
    /// Noto al gestionale, che non dice la posizione.
    NonDichiarato,
}

impl StatoAnagrafico {
    /// Whether somebody in this state lives somewhere that the ente may know, so that `residenza` may be given. The last
    /// address of the dead and of the untraceable is no residence, whatever a back end keeps of it.
    pub fn ha_residenza(self) -> bool {
        match self {
            StatoAnagrafico::Residente
            | StatoAnagrafico::Aire
            | StatoAnagrafico::Emigrato
            | StatoAnagrafico::NonResidente => true,
            StatoAnagrafico::Deceduto
            | StatoAnagrafico::Irreperibile
            | StatoAnagrafico::NonDichiarato => false,
        }
    }
}

/// Luogo in cui una persona vive ora.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Residenza {
    /// Comune di residenza.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comune: Option<Luogo>,
    /// Specie e denominazione della strada, con il civico quando il gestionale non lo separa.
    #[schema(max_length = 300, example = "VIA VITTORIO EMANUELE II")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indirizzo: Option<String>,
    /// Numero civico con esponente, come `97/A`, oppure `SNC`.
    #[schema(max_length = 20, example = "97")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numero_civico: Option<String>,
    /// Codice di avviamento postale.
    #[schema(pattern = "^[0-9]{5}$", example = "22100")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<String>,
    /// Frazione.
    #[schema(max_length = 200)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frazione: Option<String>,
    /// Data di decorrenza della residenza.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_decorrenza_residenza: Option<NaiveDate>,
}

/// Cittadinanza.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cittadinanza {
    /// Codice ISO 3166-1 alfa-3 dello Stato.
    #[schema(pattern = "^[A-Z]{3}$", example = "ITA")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codice_stato: Option<String>,
    /// Descrizione del gestionale.
    #[schema(max_length = 200, example = "ITALIANA")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub descrizione: Option<String>,
}

/// Valore di una tabella nazionale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Codificato {
    /// Codice della tabella ANPR.
    #[schema(max_length = 4, example = "1")]
    pub codice: String,
    /// Descrizione.
    #[schema(max_length = 200, example = "Intestatario scheda")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub descrizione: Option<String>,
}
