//! Reads the JSON bodies of requests, strictly: every mistake is told by field and expected form, never by the value received.

mod declared;
mod forms;
mod statements;
mod values;

use serde::de::DeserializeOwned;
use serde_json::error::Category;

pub(super) use forms::with_one_code;
pub use forms::{
    RicercaAccessi, RicercaFamiglia, RicercaFamigliaAnpr, RicercaPersona, RicercaPosizione,
    RicercaPosizioneInEnti, RicercaRecapito, VariazioneSuperficie,
};
pub use statements::VerificaDichiarazioni;

use values::{
    anno, enti, fields, istante, limite, numero, per_pratica, persona, soggetto, tributo,
    variazione,
};

use crate::broker::error::Malformed;
use crate::contract::accessi::LIMITE_PREDEFINITO;
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::Operation;
use crate::contract::question::{Parameters, Question};

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
        Operation::VerificaDichiarazione => {
            let parameters = declared::declared(read(body)?)?;
            let kinds = match &parameters {
                Parameters::Dichiarazioni { dichiarazioni, .. } => Some(dichiarazioni.kinds()),
                _ => None,
            };
            return Ok(Question {
                operation,
                ente: Some(ente),
                parameters,
                campi: kinds,
            });
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
        Operation::RecapitoAnpr => {
            let asked: RicercaRecapito = read(body)?;
            let parameters = per_pratica(asked.codice_fiscale, asked.numero_pratica)?;
            (parameters, asked.campi)
        }
        Operation::FamigliaAnpr => {
            let asked: RicercaFamigliaAnpr = read(body)?;
            let parameters = per_pratica(asked.codice_fiscale, asked.numero_pratica)?;
            (parameters, asked.campi)
        }
        Operation::VariazioneSuperficie => (variazione(read(body)?)?, None),
        Operation::RicercaAccessi
        | Operation::Enti
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

/// The page of the citizen's own register that a body asks for.
pub fn accessi(body: &[u8]) -> Result<Parameters, Malformed> {
    let asked: RicercaAccessi = read(body)?;
    let limite = match asked.limite {
        Some(value) => limite(&value)?,
        None => LIMITE_PREDEFINITO,
    };
    Ok(Parameters::Accessi {
        dal: asked.dal.map(|value| istante("dal", &value)).transpose()?,
        al: asked.al.map(|value| istante("al", &value)).transpose()?,
        dopo: asked.cursor.map(|value| numero(&value)).transpose()?,
        limite,
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
