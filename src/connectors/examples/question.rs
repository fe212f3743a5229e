//! What a portal asks in an example.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::contract::codice_fiscale::{CodiceFiscale, PartitaIva};
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::posizione::Tributo;
use crate::contract::question::{Parameters, Soggetto, Variazione};

/// The parameters and the fields wanted; without `campi` all that the operation has. `Err` says what is wrong and never
/// repeats a code.
pub fn question(operation: Operation, request: &Value) -> Result<(Parameters, FieldSet), String> {
    let parameters = match operation {
        Operation::RicercaPosizione => Parameters::Posizione {
            soggetto: soggetto(request)?,
            tributo: tributo(request)?,
            anno: request["anno"]
                .as_u64()
                .and_then(|anno| u16::try_from(anno).ok())
                .ok_or("serve «anno», un numero")?,
        },
        Operation::VariazioneSuperficie => {
            let text = |name: &str| request[name].as_str().ok_or(format!("serve «{name}»"));
            let day = |text: Option<&str>| {
                let day = text.and_then(|text| text.parse().ok());
                day.ok_or("serve un giorno, come 2026-11-01")
            };
            let protocollo = &request["protocollo"];
            Parameters::Variazione(Box::new(Variazione {
                soggetto: soggetto(request)?,
                utenza: text("utenza")?.to_owned(),
                superficie_mq: Decimal::from_str_exact(text("superficie_mq")?)
                    .map_err(|_| "«superficie_mq» è un numero in una stringa")?,
                data_decorrenza: day(request["data_decorrenza"].as_str())?,
                data_dichiarazione: day(request["data_dichiarazione"].as_str())?,
                protocollo_numero: protocollo["numero"]
                    .as_str()
                    .ok_or("serve «protocollo.numero»")?
                    .to_owned(),
                protocollo_data: day(protocollo["data"].as_str())?,
            }))
        }
        Operation::RecapitoAnpr | Operation::FamigliaAnpr => Parameters::PersonaPerPratica {
            codice_fiscale: codice_fiscale(request)?.ok_or("serve «codice_fiscale»")?,
            numero_pratica: request["numero_pratica"]
                .as_str()
                .ok_or("serve «numero_pratica»")?
                .to_owned(),
        },
        _ => Parameters::Persona {
            codice_fiscale: codice_fiscale(request)?.ok_or("serve «codice_fiscale»")?,
        },
    };
    let Some(names) = request["campi"].as_array() else {
        return Ok((parameters, FieldSet::all(operation)));
    };
    let names = names.iter().map(|name| name.as_str().unwrap_or_default());
    let fields = FieldSet::of(operation, names).map_err(std::string::ToString::to_string)?;
    Ok((parameters, fields))
}

fn soggetto(request: &Value) -> Result<Soggetto, String> {
    if let Some(code) = request["partita_iva"].as_str() {
        let code = PartitaIva::parse(code).map_err(|error| format!("«partita_iva»: {error}"))?;
        return Ok(Soggetto::PartitaIva(code));
    }
    let code = codice_fiscale(request)?.ok_or("serve «codice_fiscale» o «partita_iva»")?;
    Ok(Soggetto::CodiceFiscale(code))
}

fn codice_fiscale(request: &Value) -> Result<Option<CodiceFiscale>, String> {
    let code = request["codice_fiscale"].as_str().map(CodiceFiscale::parse);
    code.transpose()
        .map_err(|error| format!("«codice_fiscale»: {error}"))
}

fn tributo(request: &Value) -> Result<Tributo, String> {
    let written = request["tributo"].as_str();
    let mut known = [Tributo::Imu, Tributo::Tari].into_iter();
    known
        .find(|tributo| Some(tributo.name()) == written)
        .ok_or_else(|| "serve «tributo»: IMU o TARI".to_owned())
}
