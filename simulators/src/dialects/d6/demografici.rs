//! The registry operations of D6.

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::Answer;
use crate::population::places::Ente;
use crate::population::served::Served;
use crate::population::{Birthplace, Person, Population, Status};

/// A request body whose names are read in any case.
struct Request(Map<String, Value>);

impl Request {
    fn read(body: &[u8]) -> Option<Request> {
        let fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
        Some(Request(
            fields
                .into_iter()
                .map(|(name, value)| (name.to_lowercase(), value))
                .collect(),
        ))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .and_then(Value::as_str)
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }

    fn wants(&self, switch: &str) -> bool {
        self.0.get(switch).and_then(Value::as_bool) == Some(true)
    }

    fn date(&self, name: &str) -> Option<NaiveDate> {
        self.text(name)?.get(..10)?.parse().ok()
    }
}

pub fn ricerca_individui(population: &Population, served: Served, body: &[u8]) -> Answer {
    let ente = served.town;
    let Some(request) = Request::read(body) else {
        return Answer::Malformed;
    };
    let found = match (request.text("codicefiscale"), request.text("cognomenome")) {
        (Some(code), _) => population.by_codice_fiscale(ente, code),
        (None, Some(pattern)) => by_name(population, ente, &request, pattern),
        (None, None) => return Answer::Malformed,
    };
    array(
        found
            .into_iter()
            .map(|person| individual(population, served, person, &request))
            .collect(),
    )
}

pub fn ricerca_componenti_famiglia(population: &Population, served: Served, body: &[u8]) -> Answer {
    let family = Request::read(body).and_then(|request| {
        request
            .0
            .get("codiceaggregazione")?
            .as_u64()?
            .try_into()
            .ok()
    });
    let Some(family) = family else {
        return Answer::Malformed;
    };
    array(
        population
            .family(served.town, family)
            .into_iter()
            .map(member)
            .collect(),
    )
}

fn array(elements: Vec<Value>) -> Answer {
    if elements.is_empty() {
        Answer::Nothing
    } else {
        Answer::Found(Value::Array(elements))
    }
}

fn by_name<'a>(
    population: &'a Population,
    ente: &Ente,
    request: &Request,
    pattern: &str,
) -> Vec<&'a Person> {
    let (since, until) = (
        request.date("datanascitadal"),
        request.date("datanascitaal"),
    );
    population
        .residents_of(ente)
        .filter(|person| like(pattern, &format!("{} {}", person.surname, person.name)))
        .filter(|person| {
            since.is_none_or(|day| person.birth >= day)
                && until.is_none_or(|day| person.birth <= day)
        })
        .filter(|person| {
            request
                .text("sesso")
                .is_none_or(|sex| person.sex.letter() == sex)
        })
        .collect()
}

/// SQL's LIKE with `%` only, whatever the case of the letters.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_uppercase(), text.to_uppercase());
    let mut pieces = pattern.split('%');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut pieces: Vec<_> = pieces.collect();
    let Some(last) = pieces.pop() else {
        return rest.is_empty();
    };
    for piece in pieces {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

/// A local date as this supplier writes it: midnight, but of UTC.
pub fn utc_midnight(day: NaiveDate) -> String {
    day.format("%Y-%m-%dT00:00:00.000Z").to_string()
}

fn individual(
    population: &Population,
    served: Served,
    person: &Person,
    request: &Request,
) -> Value {
    let (birth_comune, birth_state, birth_town) = place(person.birthplace);
    let mut record = member(person);
    record["codiceFamiglia"] = json!(person.family);
    record["posizioneAnagrafica"] = json!(position(person.status));
    record["codiceIstatComuneNascitaItaliano"] = json!(birth_comune);
    record["codiceIstatNazioneNascitaEstero"] = json!(birth_state);
    record["descrizioneComuneNascitaEstero"] = json!(birth_state.and(Some(birth_town)));
    record["descrizioneCittadinanza"] = json!(person.citizenship.citizenship);
    record["codiceIstatCittadinanza"] = json!(person.citizenship.istat);
    record["codiceIstatComuneResidenzaItaliano"] = json!(comune_of_residence(served, person));
    record["dataInizioResidenza"] = json!(utc_midnight(person.resident_since));
    record["codiceCertificabilita"] = json!(person.certifiability);
    record["procedimentoInCorso"] = json!(person.open_procedure);
    if let Some(emigration) = &person.emigration {
        let (comune, state, town) = place(emigration.to);
        let on = utc_midnight(emigration.on);
        record["datiEmigrazione"] = json!({ "data": on, "codiceIstatComune": comune, "codiceIstatNazione": state, "descrizione": town });
    }
    if let Some(fields) = record.as_object_mut() {
        fields.remove("codiceRelazioneParentelaANPR");
        optional_fields(population, served, person, request, fields);
    }
    record
}

/// Fields behind a switch of the request: absent unless asked for.
fn optional_fields(
    population: &Population,
    served: Served,
    person: &Person,
    request: &Request,
    fields: &mut Map<String, Value>,
) {
    let mut field = |switch: &str, name: &str, value: &dyn Fn() -> Value| {
        if request.wants(switch) {
            fields.insert(name.to_owned(), value());
        }
    };
    field("mostraindirizzo", "indirizzo", &|| json!(address(person)));
    field("mostradatistatocivile", "datiStatoCivile", &|| {
        civil_state(person, request.wants("mostraconiuge"))
    });
    field(
        "mostradatidecesso",
        "datiDecesso",
        &|| match person.status {
            Status::Dead(on) => {
                json!({ "comune": served.place.name, "data": utc_midnight(on) })
            }
            _ => Value::Null,
        },
    );
    for (switch, name, parent) in [
        ("mostradatipaternita", "datiPaternita", person.father),
        ("mostradatimaternita", "datiMaternita", person.mother),
    ] {
        field(
            switch,
            name,
            &|| match parent.and_then(|id| population.person(id)) {
                Some(parent) => {
                    json!({ "codiceCittadino": parent.id, "cognome": parent.surname, "nome": parent.name })
                }
                None => Value::Null,
            },
        );
    }
}

fn member(person: &Person) -> Value {
    json!({
        "codiceCittadino": person.id,
        "cognome": person.surname,
        "nome": person.name,
        "codiceFiscale": person.stored_codice_fiscale(),
        "sesso": person.sex.letter(),
        "dataNascita": utc_midnight(person.birth),
        "codiceRelazioneParentelaANPR": person.relation,
    })
}

/// ISTAT code of the municipality, or of the state, and the place's name.
fn place(at: Birthplace) -> (Option<&'static str>, Option<&'static str>, &'static str) {
    match at {
        Birthplace::Italy(comune) => (Some(comune.istat), None, comune.name),
        Birthplace::Abroad(state, town) => (None, Some(state.istat), town),
    }
}

fn position(status: Status) -> &'static str {
    match status {
        Status::Resident => "Residente",
        Status::Dead(_) => "Deceduto",
        Status::Emigrated => "Emigrato",
        Status::Aire(_) => "Aire",
        Status::Untraceable(_) => "Irreperibile",
    }
}

fn comune_of_residence(served: Served, person: &Person) -> Option<&'static str> {
    match (person.status, &person.emigration) {
        (Status::Resident, _) => Some(served.place.istat),
        (Status::Emigrated, Some(emigration)) => place(emigration.to).0,
        _ => None,
    }
}

fn address(person: &Person) -> Option<String> {
    match (person.status, &person.emigration) {
        (Status::Resident | Status::Dead(_), _) => Some(person.address.line()),
        (Status::Aire(street), Some(emigration)) => match emigration.to {
            Birthplace::Abroad(state, town) => Some(format!("{street}, {town} ({})", state.name)),
            Birthplace::Italy(_) => None,
        },
        _ => None,
    }
}

fn civil_state(person: &Person, show_spouse: bool) -> Value {
    let man = person.sex == crate::population::Sex::M;
    let label = match person.civil_state {
        1 if man => "CELIBE",
        1 => "NUBILE",
        2 if man => "CONIUGATO",
        2 => "CONIUGATA",
        3 if man => "VEDOVO",
        3 => "VEDOVA",
        4 if man => "DIVORZIATO",
        4 => "DIVORZIATA",
        _ => "NON CLASSIFICABILE",
    };
    let mut state = json!({ "codiceStatoCivile": person.civil_state, "statoCivile": label });
    if let (true, Some(marriage)) = (show_spouse, &person.marriage) {
        state["matrimonio"] = json!({
            "coniuge": { "cognome": marriage.spouse_surname, "nome": marriage.spouse_name },
            "comune": marriage.place,
            "data": utc_midnight(marriage.on),
        });
    }
    state
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn percent_signs_stand_for_anything() {
        assert!(like("%esempio%", "ESEMPIO EVA"));
        assert!(like("esempio eva", "ESEMPIO EVA"));
        assert!(like("E%EVA", "ESEMPIO EVA"));
        assert!(!like("ESEMPIO", "ESEMPIO EVA"));
        assert!(!like("%EVA%X", "ESEMPIO EVA"));
    }
}
