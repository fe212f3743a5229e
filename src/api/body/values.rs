//! The values of a body's fields: each read strictly, as the contract writes it.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Europe::Rome;
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use super::forms::{Protocollo, VariazioneSuperficie};
use super::wrong;
use crate::broker::error::Malformed;
use crate::contract::accessi::LIMITE_MASSIMO;
use crate::contract::codice_fiscale::{CodiceFiscale, PartitaIva};
use crate::contract::esiti::ENTI_MASSIMI;
use crate::contract::instants;
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::posizione::Tributo;
use crate::contract::question::{Parameters, Soggetto, Variazione};

/// First tax year that can be asked.
const PRIMO_ANNO: u64 = 1990;

pub(super) fn persona(codice_fiscale: Option<Value>) -> Result<Parameters, Malformed> {
    let value = codice_fiscale.ok_or_else(|| wrong("codice_fiscale", "è obbligatorio"))?;
    Ok(Parameters::Persona {
        codice_fiscale: fiscal_code(&value)?,
    })
}

pub(super) fn per_pratica(
    codice_fiscale: Option<Value>,
    numero_pratica: Option<Value>,
) -> Result<Parameters, Malformed> {
    let code = codice_fiscale.ok_or_else(|| wrong("codice_fiscale", "è obbligatorio"))?;
    Ok(Parameters::PersonaPerPratica {
        codice_fiscale: fiscal_code(&code)?,
        numero_pratica: number("numero_pratica", numero_pratica)?,
    })
}

pub(super) fn soggetto(
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

pub(super) fn variazione(declared: VariazioneSuperficie) -> Result<Parameters, Malformed> {
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

pub(super) fn day(field: &str, value: Option<Value>) -> Result<NaiveDate, Malformed> {
    let value = value.ok_or_else(|| wrong(field, "è obbligatorio"))?;
    let text = text(field, &value)?;
    let parsed = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    parsed
        .filter(|day| (1900..=2200).contains(&day.year()) && instants::day(*day) == text)
        .ok_or_else(|| wrong(field, "è un giorno scritto AAAA-MM-GG"))
}

fn fiscal_code(value: &Value) -> Result<CodiceFiscale, Malformed> {
    fiscal_code_in("codice_fiscale", Some(value))
}

/// The fiscal code that has to stand in that field.
pub(super) fn fiscal_code_in(
    field: &str,
    value: Option<&Value>,
) -> Result<CodiceFiscale, Malformed> {
    let value = value.ok_or_else(|| wrong(field, "è obbligatorio"))?;
    let text = text(field, value)?;
    let parsed = CodiceFiscale::parse(text).map_err(|error| wrong(field, &error.to_string()))?;
    canonical(field, text, parsed.as_str())?;
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

pub(super) fn tributo(value: Option<Value>) -> Result<Tributo, Malformed> {
    let value = value.ok_or_else(|| wrong("tributo", "è obbligatorio"))?;
    match text("tributo", &value)? {
        "IMU" => Ok(Tributo::Imu),
        "TARI" => Ok(Tributo::Tari),
        _ => Err(wrong("tributo", "è IMU o TARI")),
    }
}

pub(super) fn enti(value: &Value) -> Result<Vec<CodiceIstat>, Malformed> {
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

pub(super) fn anno(value: Option<Value>) -> Result<u16, Malformed> {
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

pub(super) fn fields(operation: Operation, value: &Value) -> Result<FieldSet, Malformed> {
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

pub(super) fn text<'v>(field: &str, value: &'v Value) -> Result<&'v str, Malformed> {
    value.as_str().ok_or_else(|| wrong(field, "è un testo"))
}

/// An instant in RFC 3339.
pub(super) fn istante(name: &str, value: &Value) -> Result<DateTime<Utc>, Malformed> {
    let text = value.as_str().unwrap_or_default();
    let parsed = DateTime::parse_from_rfc3339(text);
    parsed
        .map(|instant| instant.to_utc())
        .map_err(|_| wrong(name, "è un istante, come 2026-01-31T08:00:00Z"))
}

/// The cursor of a page.
pub(super) fn numero(value: &Value) -> Result<Uuid, Malformed> {
    let text = value.as_str().unwrap_or_default();
    Uuid::try_parse(text).map_err(|_| wrong("cursor", "è quello della pagina precedente (UUID)"))
}

/// The rows of a page.
pub(super) fn limite(value: &Value) -> Result<u16, Malformed> {
    let number = value.as_u64().and_then(|number| u16::try_from(number).ok());
    number
        .filter(|number| (1..=LIMITE_MASSIMO).contains(number))
        .ok_or_else(|| wrong("limite", "è un numero da 1 a 200"))
}
