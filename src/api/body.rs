//! Reads the JSON bodies of requests, strictly: every mistake is told by field and expected form, never by the value received.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, Utc};
use chrono_tz::Europe::Rome;
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::error::Category;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AllOfBuilder, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type,
};

use crate::broker::error::Malformed;
use crate::contract::codice_fiscale::{CodiceFiscale, PartitaIva};
use crate::contract::esiti::ENTI_MASSIMI;
use crate::contract::instants;
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::posizione::Tributo;
use crate::contract::question::{Parameters, Question, Soggetto, Variazione};

/// First tax year that can be asked.
const PRIMO_ANNO: u64 = 1990;

/// Ricerca della scheda anagrafica di una persona.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RicercaPersona {
    /// Codice fiscale della persona: 16 caratteri maiuscoli, con il carattere di controllo corretto.
    #[schema(value_type = String, required = true, pattern = "^([A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]|[0-9]{11})$", min_length = 11, max_length = 16, example = "RSSMRA80A01C933H")]
    #[serde(default, deserialize_with = "present")]
    codice_fiscale: Option<Value>,
    #[schema(schema_with = campi_persona, required = false)]
    #[serde(default, deserialize_with = "present")]
    campi: Option<Value>,
}

/// Ricerca della famiglia anagrafica di una persona.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RicercaFamiglia {
    /// Codice fiscale di un componente: 16 caratteri maiuscoli, con il carattere di controllo corretto.
    #[schema(value_type = String, required = true, pattern = "^([A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]|[0-9]{11})$", min_length = 11, max_length = 16, example = "RSSMRA80A01C933H")]
    #[serde(default, deserialize_with = "present")]
    codice_fiscale: Option<Value>,
    #[schema(schema_with = campi_famiglia, required = false)]
    #[serde(default, deserialize_with = "present")]
    campi: Option<Value>,
}

/// Ricerca della posizione tributaria di un contribuente: con `codice_fiscale` oppure con `partita_iva`, mai con entrambi.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RicercaPosizione {
    /// Codice fiscale del contribuente: 16 caratteri maiuscoli o 11 cifre, con il controllo corretto.
    #[schema(value_type = String, required = false, pattern = "^([A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]|[0-9]{11})$", min_length = 11, max_length = 16, example = "RSSMRA80A01C933H")]
    #[serde(default, deserialize_with = "present")]
    codice_fiscale: Option<Value>,
    /// Partita IVA del contribuente: 11 cifre, con la cifra di controllo corretta.
    #[schema(value_type = String, required = false, pattern = "^[0-9]{11}$", min_length = 11, max_length = 11)]
    #[serde(default, deserialize_with = "present")]
    partita_iva: Option<Value>,
    /// Tributo.
    #[schema(value_type = Tributo, required = true)]
    #[serde(default, deserialize_with = "present")]
    tributo: Option<Value>,
    /// Anno d'imposta, dal 1990 all'anno prossimo.
    #[schema(value_type = i32, required = true, minimum = 1990, maximum = 2100, example = 2025)]
    #[serde(default, deserialize_with = "present")]
    anno: Option<Value>,
    #[schema(schema_with = campi_posizione, required = false)]
    #[serde(default, deserialize_with = "present")]
    campi: Option<Value>,
}

/// Ricerca della posizione tributaria di un contribuente in più enti: con `codice_fiscale` oppure con `partita_iva`, mai con
/// entrambi.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RicercaPosizioneInEnti {
    /// Codice fiscale del contribuente: 16 caratteri maiuscoli o 11 cifre, con il controllo corretto.
    #[schema(value_type = String, required = false, pattern = "^([A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]|[0-9]{11})$", min_length = 11, max_length = 16, example = "RSSMRA80A01C933H")]
    #[serde(default, deserialize_with = "present")]
    codice_fiscale: Option<Value>,
    /// Partita IVA del contribuente: 11 cifre, con la cifra di controllo corretta.
    #[schema(value_type = String, required = false, pattern = "^[0-9]{11}$", min_length = 11, max_length = 11)]
    #[serde(default, deserialize_with = "present")]
    partita_iva: Option<Value>,
    /// Tributo.
    #[schema(value_type = Tributo, required = true)]
    #[serde(default, deserialize_with = "present")]
    tributo: Option<Value>,
    /// Anno d'imposta, dal 1990 all'anno prossimo.
    #[schema(value_type = i32, required = true, minimum = 1990, maximum = 2100, example = 2025)]
    #[serde(default, deserialize_with = "present")]
    anno: Option<Value>,
    #[schema(schema_with = enti_schema, required = false)]
    #[serde(default, deserialize_with = "present")]
    enti: Option<Value>,
    #[schema(schema_with = campi_posizione, required = false)]
    #[serde(default, deserialize_with = "present")]
    campi: Option<Value>,
}

/// Variazione della superficie di un'utenza TARI: con `codice_fiscale` oppure con `partita_iva`, mai con entrambi.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VariazioneSuperficie {
    /// Codice fiscale dell'intestatario: 16 caratteri maiuscoli o 11 cifre, con il controllo corretto.
    #[schema(value_type = String, required = false, pattern = "^([A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]|[0-9]{11})$", min_length = 11, max_length = 16, example = "RSSMRA80A01C933H")]
    #[serde(default, deserialize_with = "present")]
    codice_fiscale: Option<Value>,
    /// Partita IVA dell'intestatario: 11 cifre, con la cifra di controllo corretta.
    #[schema(value_type = String, required = false, pattern = "^[0-9]{11}$", min_length = 11, max_length = 11)]
    #[serde(default, deserialize_with = "present")]
    partita_iva: Option<Value>,
    /// Utenza: il suo `identificativo` nella posizione TARI dell'intestatario.
    #[schema(value_type = String, required = true, pattern = "^[A-Za-z0-9./_-]{1,40}$", min_length = 1, max_length = 40, example = "900123")]
    #[serde(default, deserialize_with = "present")]
    utenza: Option<Value>,
    /// Nuova superficie in metri quadrati, come numero decimale in una stringa, con al più due decimali.
    #[schema(value_type = String, required = true, pattern = "^(0|[1-9][0-9]{0,6})(\\.[0-9]{1,2})?$", min_length = 1, max_length = 10, example = "97.5")]
    #[serde(default, deserialize_with = "present")]
    superficie_mq: Option<Value>,
    /// Giorno da cui la superficie è quella dichiarata.
    #[schema(value_type = String, required = true, format = Date, example = "2026-11-01")]
    #[serde(default, deserialize_with = "present")]
    data_decorrenza: Option<Value>,
    /// Giorno della dichiarazione, non futuro.
    #[schema(value_type = String, required = true, format = Date, example = "2026-11-20")]
    #[serde(default, deserialize_with = "present")]
    data_dichiarazione: Option<Value>,
    /// Registrazione della dichiarazione nel protocollo dell'ente, che precede l'invio.
    #[schema(value_type = Protocollo, required = true)]
    #[serde(default, deserialize_with = "present")]
    protocollo: Option<Value>,
}

/// Registrazione nel protocollo dell'ente.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Protocollo {
    /// Numero di protocollo.
    #[schema(value_type = String, required = true, pattern = "^[A-Za-z0-9./_-]{1,40}$", min_length = 1, max_length = 40, example = "2026/0012345")]
    #[serde(default, deserialize_with = "present")]
    numero: Option<Value>,
    /// Giorno della registrazione, non futuro.
    #[schema(value_type = String, required = true, format = Date, example = "2026-11-20")]
    #[serde(default, deserialize_with = "present")]
    data: Option<Value>,
}

/// Keeps an explicit `null` apart from an absent field: the contract has no nulls.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// The question that a body puts to several enti.
pub fn question_to_several(body: &[u8]) -> Result<Question, Malformed> {
    let operation = Operation::RicercaPosizioneInEnti;
    let asked: RicercaPosizioneInEnti = read(body)?;
    Ok(Question {
        operation,
        ente: None,
        parameters: Parameters::PosizioneInEnti {
            soggetto: soggetto(asked.codice_fiscale, asked.partita_iva)?,
            tributo: tributo(asked.tributo)?,
            anno: anno(asked.anno)?,
            enti: asked.enti.as_ref().map(enti).transpose()?,
        },
        campi: match &asked.campi {
            Some(names) => Some(fields(operation, names)?),
            None => None,
        },
    })
}

/// The question that a body puts to an ente.
pub fn question(
    operation: Operation,
    ente: CodiceIstat,
    body: &[u8],
) -> Result<Question, Malformed> {
    let (parameters, campi) = match operation {
        Operation::RicercaPersona => {
            let asked: RicercaPersona = read(body)?;
            (persona(asked.codice_fiscale)?, asked.campi)
        }
        Operation::RicercaFamiglia => {
            let asked: RicercaFamiglia = read(body)?;
            (persona(asked.codice_fiscale)?, asked.campi)
        }
        Operation::RicercaPosizione => {
            let asked: RicercaPosizione = read(body)?;
            let parameters = Parameters::Posizione {
                soggetto: soggetto(asked.codice_fiscale, asked.partita_iva)?,
                tributo: tributo(asked.tributo)?,
                anno: anno(asked.anno)?,
            };
            (parameters, asked.campi)
        }
        Operation::VariazioneSuperficie => (variazione(read(body)?)?, None),
        Operation::Enti
        | Operation::Ente
        | Operation::Servizi
        | Operation::RicercaPosizioneInEnti => (Parameters::Nessuno, None),
    };
    let campi = campi.map(|value| fields(operation, &value)).transpose()?;
    Ok(Question {
        operation,
        ente: Some(ente),
        parameters,
        campi,
    })
}

/// JSON in UTF-8 with one object of known fields, none twice.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Malformed> {
    // A derived struct would also be read from an array of its fields.
    let is_object = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    match serde_json::from_slice(body) {
        Ok(asked) if is_object => Ok(asked),
        Err(error) if error.classify() != Category::Data => Err(not_json(&error)),
        Err(error) if error.to_string().starts_with("duplicate field") => Err(not_json(&error)),
        Err(error) if is_object => Err(wrong("corpo", &unfit(&error.to_string()))),
        _ => Err(wrong("corpo", "deve essere un oggetto JSON")),
    }
}

/// What is wrong with a field: the admitted names where one is unknown, never the name or value received.
fn unfit(told: &str) -> String {
    // The admitted names stand last and in quotes; the name received, which may hold anything, stands before them.
    let admitted = told
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.rsplit_once(", expected "));
    match admitted {
        Some((_, names)) => {
            let names: Vec<&str> = names.split('`').skip(1).step_by(2).collect();
            format!(
                "contiene un campo non previsto; sono ammessi: {}",
                names.join(", ")
            )
        }
        None => "contiene un campo di tipo sbagliato".to_owned(),
    }
}

fn not_json(error: &serde_json::Error) -> Malformed {
    Malformed::NotJson {
        line: error.line().max(1),
        column: error.column().max(1),
    }
}

fn wrong(field: &str, reason: &str) -> Malformed {
    Malformed::Field {
        field: field.to_owned(),
        reason: reason.to_owned(),
    }
}

fn persona(codice_fiscale: Option<Value>) -> Result<Parameters, Malformed> {
    let value = codice_fiscale.ok_or_else(|| wrong("codice_fiscale", "è obbligatorio"))?;
    Ok(Parameters::Persona {
        codice_fiscale: fiscal_code(&value)?,
    })
}

fn soggetto(
    codice_fiscale: Option<Value>,
    partita_iva: Option<Value>,
) -> Result<Soggetto, Malformed> {
    match (codice_fiscale, partita_iva) {
        (Some(code), None) => fiscal_code(&code).map(Soggetto::CodiceFiscale),
        (None, Some(number)) => {
            let text = text("partita_iva", &number)?;
            let parsed = PartitaIva::parse(text)
                .map_err(|error| wrong("partita_iva", &error.to_string()))?;
            canonical("partita_iva", text, parsed.as_str())?;
            Ok(Soggetto::PartitaIva(parsed))
        }
        (None, None) => Err(wrong(
            "codice_fiscale",
            "è obbligatorio se manca partita_iva",
        )),
        (Some(_), Some(_)) => Err(wrong(
            "partita_iva",
            "non si indica insieme a codice_fiscale",
        )),
    }
}

fn variazione(declared: VariazioneSuperficie) -> Result<Parameters, Malformed> {
    let today = Utc::now().with_timezone(&Rome).date_naive();
    let past = |field: &str, day: NaiveDate| match day <= today {
        true => Ok(day),
        false => Err(wrong(field, "non è un giorno futuro")),
    };
    let protocollo = declared
        .protocollo
        .ok_or_else(|| wrong("protocollo", "è obbligatorio"))?;
    let protocollo = Some(protocollo).filter(Value::is_object);
    let protocollo = protocollo.map(serde_json::from_value::<Protocollo>);
    let Some(Ok(protocollo)) = protocollo else {
        return Err(wrong("protocollo", "è un oggetto con numero e data"));
    };
    Ok(Parameters::Variazione(Box::new(Variazione {
        soggetto: soggetto(declared.codice_fiscale, declared.partita_iva)?,
        utenza: number("utenza", declared.utenza)?,
        superficie_mq: area(declared.superficie_mq)?,
        data_decorrenza: day("data_decorrenza", declared.data_decorrenza)?,
        data_dichiarazione: past(
            "data_dichiarazione",
            day("data_dichiarazione", declared.data_dichiarazione)?,
        )?,
        protocollo_numero: number("protocollo.numero", protocollo.numero)?,
        protocollo_data: past("protocollo.data", day("protocollo.data", protocollo.data)?)?,
    })))
}

/// A number of an office: letters, digits and a few signs.
fn number(field: &str, value: Option<Value>) -> Result<String, Malformed> {
    let value = value.ok_or_else(|| wrong(field, "è obbligatorio"))?;
    let text = text(field, &value)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"./_-".contains(&byte);
    if (1..=40).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err(wrong(field, "ha da 1 a 40 lettere, cifre o segni . / _ -"))
    }
}

/// An exact area: a JSON number could already have lost digits.
fn area(value: Option<Value>) -> Result<Decimal, Malformed> {
    let reason = "è una stringa con un numero decimale, come \"97.5\": al più sette cifre intere e due decimali";
    let value = value.ok_or_else(|| wrong("superficie_mq", "è obbligatoria"))?;
    let text = value
        .as_str()
        .ok_or_else(|| wrong("superficie_mq", reason))?;
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    Decimal::from_str_exact(text)
        .ok()
        .filter(|_| digits(whole, 7) && digits(decimals, 2) && !leading_zero)
        .ok_or_else(|| wrong("superficie_mq", reason))
}

fn day(field: &str, value: Option<Value>) -> Result<NaiveDate, Malformed> {
    let value = value.ok_or_else(|| wrong(field, "è obbligatorio"))?;
    let text = text(field, &value)?;
    let parsed = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    parsed
        .filter(|day| (1900..=2200).contains(&day.year()) && instants::day(*day) == text)
        .ok_or_else(|| wrong(field, "è un giorno scritto AAAA-MM-GG"))
}

fn fiscal_code(value: &Value) -> Result<CodiceFiscale, Malformed> {
    let text = text("codice_fiscale", value)?;
    let parsed =
        CodiceFiscale::parse(text).map_err(|error| wrong("codice_fiscale", &error.to_string()))?;
    canonical("codice_fiscale", text, parsed.as_str())?;
    Ok(parsed)
}

/// Portals write codes as the contract does; only back ends are read with indulgence.
fn canonical(field: &str, received: &str, parsed: &str) -> Result<(), Malformed> {
    if received == parsed {
        Ok(())
    } else {
        Err(wrong(field, "si scrive in maiuscolo e senza spazi"))
    }
}

fn tributo(value: Option<Value>) -> Result<Tributo, Malformed> {
    let value = value.ok_or_else(|| wrong("tributo", "è obbligatorio"))?;
    match text("tributo", &value)? {
        "IMU" => Ok(Tributo::Imu),
        "TARI" => Ok(Tributo::Tari),
        _ => Err(wrong("tributo", "è IMU o TARI")),
    }
}

fn enti(value: &Value) -> Result<Vec<CodiceIstat>, Malformed> {
    let reason = || {
        let text = format!(
            "è una lista di codici ISTAT di sei cifre, da 1 a {ENTI_MASSIMI}, senza ripetizioni"
        );
        wrong("enti", &text)
    };
    let codes = value.as_array().ok_or_else(reason)?.iter();
    let codes: Option<Vec<CodiceIstat>> = codes
        .map(|code| CodiceIstat::parse(code.as_str()?))
        .collect();
    let codes = codes.ok_or_else(reason)?;
    let different: BTreeSet<&CodiceIstat> = codes.iter().collect();
    if different.len() == codes.len() && (1..=ENTI_MASSIMI).contains(&codes.len()) {
        Ok(codes)
    } else {
        Err(reason())
    }
}

fn anno(value: Option<Value>) -> Result<u16, Malformed> {
    let value = value.ok_or_else(|| wrong("anno", "è obbligatorio"))?;
    let last = u64::try_from(Utc::now().year() + 1).unwrap_or(PRIMO_ANNO);
    whole(&value)
        .filter(|year| (PRIMO_ANNO..=last).contains(year))
        .and_then(|year| u16::try_from(year).ok())
        .ok_or_else(|| {
            wrong(
                "anno",
                &format!("è un numero intero da {PRIMO_ANNO} a {last}"),
            )
        })
}

/// A whole number, however JSON writes it: `2026.0` is one too.
fn whole(value: &Value) -> Option<u64> {
    let text = value.as_number()?.to_string();
    text.strip_suffix(".0").unwrap_or(&text).parse().ok()
}

fn fields(operation: Operation, value: &Value) -> Result<FieldSet, Malformed> {
    let reason = || {
        wrong(
            "campi",
            &format!(
                "è una lista non vuota, senza ripetizioni, tra: {}",
                operation.fields().join(", ")
            ),
        )
    };
    let names: Option<Vec<&str>> = value
        .as_array()
        .and_then(|names| names.iter().map(Value::as_str).collect());
    let names = names.filter(|names| !names.is_empty()).ok_or_else(reason)?;
    let count = names.len();
    let set = FieldSet::of(operation, names).map_err(|_| reason())?;
    if set.names(operation).count() == count {
        Ok(set)
    } else {
        Err(reason())
    }
}

fn text<'v>(field: &str, value: &'v Value) -> Result<&'v str, Malformed> {
    value.as_str().ok_or_else(|| wrong(field, "è un testo"))
}

/// One taxpayer, named by one code: the schema of [`RicercaPosizione`] with that rule, which its fields alone cannot say.
pub(super) fn with_one_code(schema: RefOr<Schema>) -> Schema {
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

fn campi_posizione() -> Schema {
    campi(Operation::RicercaPosizione, &["contribuente", "dovuto"])
}
