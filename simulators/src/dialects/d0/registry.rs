//! The national registry itself: whom it knows out of the registers of the towns, and how it writes them.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{Anomaly, DEAD, NOTHING, Service, anomaly};
use crate::population::places::{Comune, ENTI};
use crate::population::{Birthplace, Person, Population, Status};

const INCOMPLETE: Anomaly = anomaly(400, "EN902", "Richiesta incompleta");
const OTHER_USE: Anomaly = anomaly(400, "EN903", "Caso d'uso non coerente con il servizio");

/// A request that says what it must.
pub fn read(body: &[u8], service: Service) -> Result<Value, Anomaly> {
    let asked: Value = serde_json::from_slice(body).map_err(|_| INCOMPLETE)?;
    let text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let data = &asked["datiRichiesta"];
    let day = data["dataRiferimentoRichiesta"].as_str();
    let day = day.and_then(|day| day.parse::<NaiveDate>().ok());
    let complete = text(&asked["idOperazioneClient"])
        && text(&data["motivoRichiesta"])
        && text(&asked["criteriRicerca"]["codiceFiscale"])
        && day.is_some();
    if !complete {
        return Err(INCOMPLETE);
    }
    match data["casoUso"] == service.use_case() {
        true => Ok(asked),
        false => Err(OTHER_USE),
    }
}

/// Whoever is found, as the e-service writes them; `copies`: how often the one asked about is told.
pub fn search(
    population: &Population,
    service: Service,
    asked: &Value,
    copies: usize,
) -> Result<Vec<Value>, Anomaly> {
    let code = asked["criteriRicerca"]["codiceFiscale"].as_str();
    let person = registered(population, code.unwrap_or_default()).ok_or(NOTHING)?;
    match (person.status, service) {
        (Status::Dead(_), _) => Err(DEAD),
        (_, Service::C001) => Ok(vec![recipient(person); copies]),
        (Status::Resident, Service::C021) => {
            let members = population.family(person.ente, person.family);
            let members = members.iter().flat_map(|one| {
                let again = if one.id == person.id { copies } else { 1 };
                vec![*one; again]
            });
            Ok(members
                .enumerate()
                .map(|(place, one)| member(one, place))
                .collect())
        }
        (_, Service::C021) => Ok(vec![member(person, 0); copies]),
    }
}

/// The registration that holds in the whole country: where somebody lives goes before where they lived.
fn registered<'a>(population: &'a Population, code: &str) -> Option<&'a Person> {
    let everywhere = ENTI.iter();
    let everywhere = everywhere.flat_map(|ente| population.by_codice_fiscale(ente, code));
    let rank = |person: &Person| match (person.status, &person.emigration) {
        (Status::Resident, _) => Some(4),
        (Status::Aire(_), Some(_)) => Some(3),
        (Status::Dead(_), _) => Some(2),
        (Status::Emigrated, Some(emigration)) => {
            matches!(emigration.to, Birthplace::Italy(_)).then_some(1)
        }
        _ => None,
    };
    let known = everywhere.filter(|person| rank(person).is_some());
    known.max_by_key(|person| rank(person))
}

fn recipient(person: &Person) -> Value {
    let mut subject = subject(person);
    subject["residenza"] = json!([residence(person)]);
    subject
}

fn member(person: &Person, place: usize) -> Value {
    let mut subject = subject(person);
    subject["legameSoggetto"] = json!({
        "tipoLegame": "1",
        "codiceLegame": person.relation.to_string(),
        "progressivoComponente": (place + 1).to_string(),
        "dataDecorrenza": person.resident_since,
    });
    subject
}

fn subject(person: &Person) -> Value {
    let born = match person.birthplace {
        Birthplace::Italy(place) => json!({ "comune": comune(place) }),
        Birthplace::Abroad(state, town) => json!({ "localita": {
            "descrizioneLocalita": town, "descrizioneStato": state.name, "codiceStato": state.istat,
        }}),
    };
    let mut general = json!({
        "codiceFiscale": {
            "codFiscale": person.codice_fiscale, "validitaCF": "1", "dataAttribuzioneValidita": person.birth,
        },
        "cognome": person.surname,
        "nome": person.name,
        "sesso": person.sex.letter(),
        "dataNascita": person.birth,
        "luogoNascita": born,
        "idSchedaSoggettoANPR": person.id.to_string(),
    });
    if matches!(person.status, Status::Aire(_)) {
        general["soggettoAIRE"] = json!("S");
    }
    json!({
        "generalita": general,
        "identificativi": { "idANPR": format!("XX{:07}", person.id) },
    })
}

fn residence(person: &Person) -> Value {
    match (person.status, &person.emigration) {
        (Status::Aire(street), Some(emigration)) => {
            let (road, number) = street.rsplit_once(' ').unwrap_or((street, ""));
            let town = match emigration.to {
                Birthplace::Abroad(state, town) => json!({
                    "descrizioneLocalita": town, "descrizioneStato": state.name, "codiceStato": state.istat,
                }),
                Birthplace::Italy(place) => json!({ "descrizioneLocalita": place.name }),
            };
            json!({
                "tipoIndirizzo": "4",
                "localitaEstera": { "indirizzoEstero": {
                    "localita": town,
                    "toponimo": { "denominazione": road, "numeroCivico": number },
                }},
                "dataDecorrenzaResidenza": emigration.on,
            })
        }
        // Of the new municipality only the national registry knows the street.
        (Status::Emigrated, Some(emigration)) => json!({
            "tipoIndirizzo": "1",
            "indirizzo": {
                "comune": match emigration.to {
                    Birthplace::Italy(place) => comune(place),
                    Birthplace::Abroad(..) => Value::Null,
                },
                "toponimo": { "specie": "VIA", "denominazioneToponimo": "DEI TRASFERITI" },
                "numeroCivico": { "numero": "1" },
            },
            "dataDecorrenzaResidenza": emigration.on,
        }),
        _ => at_home(person),
    }
}

fn at_home(person: &Person) -> Value {
    let address = &person.address;
    let mut number = json!({});
    match address.number {
        Some(written) => number["numero"] = json!(written.to_string()),
        None => number["progSNC"] = json!("1"),
    }
    if let Some(letter) = address.letter {
        number["lettera"] = json!(letter);
    }
    let mut place = json!({
        "cap": person.ente.cap,
        "comune": comune(person.ente.place),
        "toponimo": {
            "specie": address.prefix, "codToponimo": address.street_code.to_string(),
            "denominazioneToponimo": address.street,
        },
        "numeroCivico": number,
    });
    if let Some(hamlet) = address.hamlet {
        place["frazione"] = json!(hamlet);
    }
    json!({
        "tipoIndirizzo": "1",
        "indirizzo": place,
        "dataDecorrenzaResidenza": person.resident_since,
    })
}

fn comune(place: &Comune) -> Value {
    json!({ "nomeComune": place.name, "codiceIstat": place.istat, "siglaProvinciaIstat": place.province })
}
