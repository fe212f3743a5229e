//! The body with which self-declarations are to be verified, as it is published. An object is never read from an array of its values, and no
//! part of it twice.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use utoipa::ToSchema;

use super::forms::present;
use crate::contract::persona::Sesso;

/// Verifica di ciò che una persona ha dichiarato di sé.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerificaDichiarazioni {
    /// Codice fiscale di chi ha dichiarato: 16 caratteri maiuscoli, con il carattere di controllo corretto.
    #[schema(value_type = String, required = true, pattern = "^([A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]|[0-9]{11})$", min_length = 11, max_length = 16, example = "RSSMRA80A01C933H")]
    #[serde(default, deserialize_with = "present")]
    pub(super) codice_fiscale: Option<Value>,
    #[schema(required = true)]
    #[serde(default, deserialize_with = "object")]
    pub(super) dichiarazioni: Option<DichiarazioniSostitutive>,
}

/// Le dichiarazioni da verificare: almeno una, ciascuna una volta sola.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1, example = json!({ "cognome": "Rossi", "in_vita": true, "residenza": { "comune": { "codice_istat": "013075" } } }))]
pub struct DichiarazioniSostitutive {
    /// Cognome. Maiuscole, accenti, apostrofi e spazi non contano.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 200, pattern = r"^[^\x00-\x1F\x7F]*[^\x00-\x20\x7F][^\x00-\x1F\x7F]*$", example = "Rossi")]
    #[serde(default, deserialize_with = "present")]
    pub(super) cognome: Option<Value>,
    /// Nome. Un nome che è parte di quello registrato non è verificabile, non è smentito.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 200, pattern = r"^[^\x00-\x1F\x7F]*[^\x00-\x20\x7F][^\x00-\x1F\x7F]*$", example = "Mario")]
    #[serde(default, deserialize_with = "present")]
    pub(super) nome: Option<Value>,
    #[schema(value_type = Sesso, required = false)]
    #[serde(default, deserialize_with = "present")]
    pub(super) sesso: Option<Value>,
    /// Data di nascita.
    #[schema(value_type = String, required = false, format = Date, example = "1980-01-01")]
    #[serde(default, deserialize_with = "present")]
    pub(super) data_nascita: Option<Value>,
    #[schema(required = false)]
    #[serde(default, deserialize_with = "object")]
    pub(super) luogo_nascita: Option<LuogoDaVerificare>,
    #[schema(value_type = StatoDichiarato, required = false)]
    #[serde(default, deserialize_with = "present")]
    pub(super) stato_anagrafico: Option<Value>,
    /// Esistenza in vita. L'ente la conferma di chi è iscritto; di chi se n'è andato non può dirla.
    #[schema(value_type = bool, required = false, example = true)]
    #[serde(default, deserialize_with = "present")]
    pub(super) in_vita: Option<Value>,
    #[schema(required = false)]
    #[serde(default, deserialize_with = "object")]
    pub(super) residenza: Option<ResidenzaDaVerificare>,
    #[schema(required = false)]
    #[serde(default, deserialize_with = "object")]
    pub(super) cittadinanza: Option<CittadinanzaDaVerificare>,
    /// Stato civile (tabella ANPR).
    #[schema(required = false)]
    #[serde(default, deserialize_with = "object")]
    pub(super) stato_civile: Option<CodiceDaVerificare>,
    /// Componenti della famiglia anagrafica, diversi fra loro e da chi dichiara.
    #[schema(required = false, min_items = 1, max_items = 20)]
    #[serde(default, deserialize_with = "objects")]
    pub(super) componenti: Option<Vec<ComponenteDaVerificare>>,
}

/// Luogo di nascita: con un solo codice.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1, max_properties = 1)]
pub struct LuogoDaVerificare {
    /// Codice ISTAT del comune, di oggi o di allora.
    #[schema(value_type = String, required = false, pattern = "^[0-9]{6}$", max_length = 6, example = "013075")]
    #[serde(default, deserialize_with = "present")]
    pub(super) codice_istat: Option<Value>,
    /// Codice catastale (Belfiore) del comune, o codice dello Stato estero.
    #[schema(value_type = String, required = false, pattern = "^[A-Z][0-9]{3}$", max_length = 4, example = "Z110")]
    #[serde(default, deserialize_with = "present")]
    pub(super) codice_belfiore: Option<Value>,
}

/// Comune per codice ISTAT.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ComuneDaVerificare {
    /// Codice ISTAT del comune.
    #[schema(value_type = String, required = true, pattern = "^[0-9]{6}$", max_length = 6, example = "013075")]
    #[serde(default, deserialize_with = "present")]
    pub(super) codice_istat: Option<Value>,
}

/// Residenza: il comune e, se si vuole verificare anche quello, l'indirizzo.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResidenzaDaVerificare {
    #[schema(required = true)]
    #[serde(default, deserialize_with = "object")]
    pub(super) comune: Option<ComuneDaVerificare>,
    /// Specie e denominazione della strada, con o senza il civico. Ciò che può differire solo per come è scritto non è verificabile.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 300, pattern = r"^[^\x00-\x1F\x7F]*[^\x00-\x20\x7F][^\x00-\x1F\x7F]*$", example = "Via Vittorio Emanuele II")]
    #[serde(default, deserialize_with = "present")]
    pub(super) indirizzo: Option<Value>,
    /// Numero civico con esponente.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 20, pattern = r"^[^\x00-\x1F\x7F]*[^\x00-\x20\x7F][^\x00-\x1F\x7F]*$", example = "97/A")]
    #[serde(default, deserialize_with = "present")]
    pub(super) numero_civico: Option<Value>,
}

/// Cittadinanza. Di più cittadinanze l'anagrafe ne tiene una: un'altra non è smentita, tranne quella italiana.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CittadinanzaDaVerificare {
    /// Codice ISO 3166-1 alfa-3 dello Stato.
    #[schema(value_type = String, required = true, pattern = "^[A-Z]{3}$", max_length = 3, example = "ITA")]
    #[serde(default, deserialize_with = "present")]
    pub(super) codice_stato: Option<Value>,
}

/// Codice di una tabella ANPR.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodiceDaVerificare {
    /// Codice della tabella.
    #[schema(value_type = String, required = true, pattern = "^[1-9][0-9]?$", max_length = 2, example = "2")]
    #[serde(default, deserialize_with = "present")]
    pub(super) codice: Option<Value>,
}

/// Un componente della famiglia anagrafica.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponenteDaVerificare {
    /// Codice fiscale del componente.
    #[schema(value_type = String, required = true, pattern = "^[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]$", min_length = 16, max_length = 16, example = "BNCLSU83C43C933C")]
    #[serde(default, deserialize_with = "present")]
    pub(super) codice_fiscale: Option<Value>,
    /// Relazione con l'intestatario della scheda di famiglia (tabella ANPR), chiunque dei componenti sia.
    #[schema(required = false)]
    #[serde(default, deserialize_with = "object")]
    pub(super) relazione_parentela: Option<CodiceDaVerificare>,
}

/// Posizione nell'anagrafe che si può dichiarare.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatoDichiarato {
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
    /// Noto all'ente ma non residente.
    NonResidente,
}

/// Reads an object where there is one: neither `null` nor an array of its values.
fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer
        .deserialize_map(OnlyObjects(PhantomData))
        .map(Some)
}

fn objects<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let objects = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(Some(objects.into_iter().map(|Object(read)| read).collect()))
}

/// What is written as an object.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = deserializer.deserialize_map(OnlyObjects(PhantomData));
        read.map(Object)
    }
}

struct OnlyObjects<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyObjects<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}
