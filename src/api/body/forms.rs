//! The bodies that portals send, as they are published; a field's value is judged only once all are known.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AllOfBuilder, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type,
};

use crate::contract::esiti::ENTI_MASSIMI;
use crate::contract::operation::Operation;
use crate::contract::posizione::Tributo;

/// Ricerca della scheda anagrafica di una persona.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RicercaPersona {
    /// Codice fiscale della persona: 16 caratteri maiuscoli, con il carattere di controllo corretto.
    #[schema(value_type = String, required = true, pattern = "^([A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]|[0-9]{11})$", min_length = 11, max_length = 16, example = "RSSMRA80A01C933H")]
    #[serde(default, deserialize_with = "present")]
    pub(super) codice_fiscale: Option<Value>,
    #[schema(schema_with = campi_persona, required = false)]
    #[serde(default, deserialize_with = "present")]
    pub(super) campi: Option<Value>,
}

/// Ricerca della famiglia anagrafica di una persona.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RicercaFamiglia {
    /// Codice fiscale di un componente: 16 caratteri maiuscoli, con il carattere di controllo corretto.
    #[schema(value_type = String, required = true, pattern = "^([A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]|[0-9]{11})$", min_length = 11, max_length = 16, example = "RSSMRA80A01C933H")]
    #[serde(default, deserialize_with = "present")]
    pub(super) codice_fiscale: Option<Value>,
    #[schema(schema_with = campi_famiglia, required = false)]
    #[serde(default, deserialize_with = "present")]
    pub(super) campi: Option<Value>,
}

/// Ricerca del recapito a cui notificare un atto a una persona.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RicercaRecapito {
    /// Codice fiscale del destinatario dell'atto: 16 caratteri maiuscoli, con il carattere di controllo corretto.
    #[schema(value_type = String, required = true, pattern = "^([A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]|[0-9]{11})$", min_length = 11, max_length = 16, example = "RSSMRA80A01C933H")]
    #[serde(default, deserialize_with = "present")]
    pub(super) codice_fiscale: Option<Value>,
    /// Numero del fascicolo, del protocollo o dell'atto per cui si chiede: l'ANPR lo conserva con la consultazione.
    #[schema(value_type = String, required = true, pattern = "^[A-Za-z0-9./_-]{1,40}$", min_length = 1, max_length = 40, example = "2026/12345")]
    #[serde(default, deserialize_with = "present")]
    pub(super) numero_pratica: Option<Value>,
    #[schema(schema_with = campi_recapito, required = false)]
    #[serde(default, deserialize_with = "present")]
    pub(super) campi: Option<Value>,
}

/// Ricerca della famiglia anagrafica di una persona nell'ANPR.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RicercaFamigliaAnpr {
    /// Codice fiscale di un componente: 16 caratteri maiuscoli, con il carattere di controllo corretto.
    #[schema(value_type = String, required = true, pattern = "^([A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]|[0-9]{11})$", min_length = 11, max_length = 16, example = "RSSMRA80A01C933H")]
    #[serde(default, deserialize_with = "present")]
    pub(super) codice_fiscale: Option<Value>,
    /// Numero del fascicolo, del protocollo o dell'atto per cui si chiede: l'ANPR lo conserva con la consultazione.
    #[schema(value_type = String, required = true, pattern = "^[A-Za-z0-9./_-]{1,40}$", min_length = 1, max_length = 40, example = "2026/12345")]
    #[serde(default, deserialize_with = "present")]
    pub(super) numero_pratica: Option<Value>,
    #[schema(schema_with = campi_famiglia_anpr, required = false)]
    #[serde(default, deserialize_with = "present")]
    pub(super) campi: Option<Value>,
}

/// Ricerca della posizione tributaria di un contribuente: con `codice_fiscale` oppure con `partita_iva`, mai con entrambi.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RicercaPosizione {
    /// Codice fiscale del contribuente: 16 caratteri maiuscoli o 11 cifre, con il controllo corretto.
    #[schema(value_type = String, required = false, pattern = "^([A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]|[0-9]{11})$", min_length = 11, max_length = 16, example = "RSSMRA80A01C933H")]
    #[serde(default, deserialize_with = "present")]
    pub(super) codice_fiscale: Option<Value>,
    /// Partita IVA del contribuente: 11 cifre, con la cifra di controllo corretta.
    #[schema(value_type = String, required = false, pattern = "^[0-9]{11}$", min_length = 11, max_length = 11)]
    #[serde(default, deserialize_with = "present")]
    pub(super) partita_iva: Option<Value>,
    /// Tributo.
    #[schema(value_type = Tributo, required = true)]
    #[serde(default, deserialize_with = "present")]
    pub(super) tributo: Option<Value>,
    /// Anno d'imposta, dal 1990 all'anno prossimo.
    #[schema(value_type = i32, required = true, minimum = 1990, maximum = 2100, example = 2025)]
    #[serde(default, deserialize_with = "present")]
    pub(super) anno: Option<Value>,
    #[schema(schema_with = campi_posizione, required = false)]
    #[serde(default, deserialize_with = "present")]
    pub(super) campi: Option<Value>,
}

/// Ricerca della posizione tributaria di un contribuente in più enti: con `codice_fiscale` oppure con `partita_iva`, mai con
/// entrambi.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RicercaPosizioneInEnti {
    /// Codice fiscale del contribuente: 16 caratteri maiuscoli o 11 cifre, con il controllo corretto.
    #[schema(value_type = String, required = false, pattern = "^([A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]|[0-9]{11})$", min_length = 11, max_length = 16, example = "RSSMRA80A01C933H")]
    #[serde(default, deserialize_with = "present")]
    pub(super) codice_fiscale: Option<Value>,
    /// Partita IVA del contribuente: 11 cifre, con la cifra di controllo corretta.
    #[schema(value_type = String, required = false, pattern = "^[0-9]{11}$", min_length = 11, max_length = 11)]
    #[serde(default, deserialize_with = "present")]
    pub(super) partita_iva: Option<Value>,
    /// Tributo.
    #[schema(value_type = Tributo, required = true)]
    #[serde(default, deserialize_with = "present")]
    pub(super) tributo: Option<Value>,
    /// Anno d'imposta, dal 1990 all'anno prossimo.
    #[schema(value_type = i32, required = true, minimum = 1990, maximum = 2100, example = 2025)]
    #[serde(default, deserialize_with = "present")]
    pub(super) anno: Option<Value>,
    #[schema(schema_with = enti_schema, required = false)]
    #[serde(default, deserialize_with = "present")]
    pub(super) enti: Option<Value>,
    #[schema(schema_with = campi_posizione, required = false)]
    #[serde(default, deserialize_with = "present")]
    pub(super) campi: Option<Value>,
}

/// Una pagina del registro degli accessi del cittadino.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RicercaAccessi {
    /// Dalle richieste di questo istante (RFC 3339).
    #[schema(value_type = String, required = false, format = DateTime, max_length = 40, example = "2026-01-01T00:00:00Z")]
    #[serde(default, deserialize_with = "present")]
    pub(super) dal: Option<Value>,
    /// Fino alle richieste prima di questo istante (RFC 3339).
    #[schema(value_type = String, required = false, format = DateTime, max_length = 40, example = "2026-12-31T23:00:00Z")]
    #[serde(default, deserialize_with = "present")]
    pub(super) al: Option<Value>,
    /// Il `cursor` della pagina precedente.
    #[schema(value_type = String, required = false, format = "uuid", max_length = 36, example = "019a3c5e-7b1c-7c3e-9f4a-2f1f3a5b6c7d")]
    #[serde(default, deserialize_with = "present")]
    pub(super) cursor: Option<Value>,
    /// Righe al più; 50 se manca.
    #[schema(value_type = i32, required = false, minimum = 1, maximum = 200, example = 50)]
    #[serde(default, deserialize_with = "present")]
    pub(super) limite: Option<Value>,
}

/// Variazione della superficie di un'utenza TARI: con `codice_fiscale` oppure con `partita_iva`, mai con entrambi.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VariazioneSuperficie {
    /// Codice fiscale dell'intestatario: 16 caratteri maiuscoli o 11 cifre, con il controllo corretto.
    #[schema(value_type = String, required = false, pattern = "^([A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]|[0-9]{11})$", min_length = 11, max_length = 16, example = "RSSMRA80A01C933H")]
    #[serde(default, deserialize_with = "present")]
    pub(super) codice_fiscale: Option<Value>,
    /// Partita IVA dell'intestatario: 11 cifre, con la cifra di controllo corretta.
    #[schema(value_type = String, required = false, pattern = "^[0-9]{11}$", min_length = 11, max_length = 11)]
    #[serde(default, deserialize_with = "present")]
    pub(super) partita_iva: Option<Value>,
    /// Utenza: il suo `identificativo` nella posizione TARI dell'intestatario.
    #[schema(value_type = String, required = true, pattern = "^[A-Za-z0-9./_-]{1,40}$", min_length = 1, max_length = 40, example = "900123")]
    #[serde(default, deserialize_with = "present")]
    pub(super) utenza: Option<Value>,
    /// Nuova superficie in metri quadrati, come numero decimale in una stringa, con al più due decimali.
    #[schema(value_type = String, required = true, pattern = "^(0|[1-9][0-9]{0,6})(\\.[0-9]{1,2})?$", min_length = 1, max_length = 10, example = "97.5")]
    #[serde(default, deserialize_with = "present")]
    pub(super) superficie_mq: Option<Value>,
    /// Giorno da cui la superficie è quella dichiarata.
    #[schema(value_type = String, required = true, format = Date, example = "2026-11-01")]
    #[serde(default, deserialize_with = "present")]
    pub(super) data_decorrenza: Option<Value>,
    /// Giorno della dichiarazione, non futuro.
    #[schema(value_type = String, required = true, format = Date, example = "2026-11-20")]
    #[serde(default, deserialize_with = "present")]
    pub(super) data_dichiarazione: Option<Value>,
    /// Registrazione della dichiarazione nel protocollo dell'ente, che precede l'invio.
    #[schema(value_type = Protocollo, required = true)]
    #[serde(default, deserialize_with = "present")]
    pub(super) protocollo: Option<Value>,
}

/// Registrazione nel protocollo dell'ente.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Protocollo {
    /// Numero di protocollo.
    #[schema(value_type = String, required = true, pattern = "^[A-Za-z0-9./_-]{1,40}$", min_length = 1, max_length = 40, example = "2026/0012345")]
    #[serde(default, deserialize_with = "present")]
    pub(super) numero: Option<Value>,
    /// Giorno della registrazione, non futuro.
    #[schema(value_type = String, required = true, format = Date, example = "2026-11-20")]
    #[serde(default, deserialize_with = "present")]
    pub(super) data: Option<Value>,
}

/// Keeps an explicit `null` apart from an absent field: the contract has no nulls.
pub(super) fn present<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// One taxpayer, named by one code: the schema of [`RicercaPosizione`] with that rule, which its fields alone cannot say.
pub fn with_one_code(schema: RefOr<Schema>) -> Schema {
    let only = |name: &str| {
        ObjectBuilder::new()
            .schema_type(SchemaType::AnyValue)
            .required(name)
    };
    let one_code = OneOfBuilder::new()
        .item(only("codice_fiscale"))
        .item(only("partita_iva"));
    AllOfBuilder::new().item(schema).item(one_code).into()
}

fn enti_schema() -> Schema {
    let code = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .pattern(Some("^[0-9]{6}$"))
        .max_length(Some(6));
    ArrayBuilder::new()
        .description(Some(
            "Codici ISTAT degli enti a cui rivolgersi; se mancano, quelli che hanno aderito alla ricerca in più enti.",
        ))
        .items(code)
        .min_items(Some(1))
        .max_items(Some(ENTI_MASSIMI))
        .unique_items(true)
        .examples([serde_json::json!(["013075", "013041"])])
        .into()
}

/// The schema of `campi`: known names, none twice.
fn campi(operation: Operation, example: &[&str]) -> Schema {
    let item = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .max_length(Some(40))
        .enum_values(Some(operation.fields().iter().copied()));
    ArrayBuilder::new()
        .description(Some(
            "Campi richiesti; se mancano, la risposta contiene quelli concessi.",
        ))
        .items(item)
        .min_items(Some(1))
        .max_items(Some(operation.fields().len()))
        .unique_items(true)
        .examples([serde_json::json!(example)])
        .into()
}

fn campi_persona() -> Schema {
    campi(
        Operation::RicercaPersona,
        &["cognome", "nome", "stato_anagrafico"],
    )
}

fn campi_famiglia() -> Schema {
    campi(
        Operation::RicercaFamiglia,
        &["cognome", "nome", "relazione_parentela"],
    )
}

fn campi_recapito() -> Schema {
    campi(Operation::RecapitoAnpr, &["cognome", "nome", "residenza"])
}

fn campi_famiglia_anpr() -> Schema {
    campi(
        Operation::FamigliaAnpr,
        &["cognome", "nome", "relazione_parentela"],
    )
}

fn campi_posizione() -> Schema {
    campi(Operation::RicercaPosizione, &["contribuente", "dovuto"])
}
