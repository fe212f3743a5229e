//! The rows of D2: what each operation selects and how it writes it.

use chrono::NaiveDate;

use super::dataset::{Column, Row};
use crate::population::taxes::Subject;
use crate::population::{Birthplace, Person, Population, Status};
use crate::soap::Element;

/// The twelve strings of `Elenco`, all of which must be there.
pub const ELENCO_PARAMETERS: [&str; 12] = [
    "NumInd",
    "Cognome",
    "Nome",
    "Sesso",
    "DataNascita",
    "CodiceFiscale",
    "CartaIdentitaNumero",
    "RecapitoIndirizzo",
    "DescrizioneIndirizzo",
    "NumeroCivicoIndirizzo",
    "LetteraIndirizzo",
    "IndicatoreTipoIndividuo",
];

/// The six strings of `ElencoAnagTrib`.
pub const ELENCO_TRIB_PARAMETERS: [&str; 6] = ["Tipo", "NumInd", "Cognome", "Nome", "CF", "Data"];

pub const ELENCO: [Column; 9] = [
    ("NumInd", "int"),
    ("CodiceFiscale", "string"),
    ("Cognome", "string"),
    ("Nome", "string"),
    ("Sesso", "string"),
    ("NascitaData", "string"),
    ("IndirizzoDescrizione", "string"),
    ("IndirizzoNumeroCivico", "string"),
    ("IndirizzoLettera", "string"),
];

pub const INDIVIDUO: [Column; 22] = [
    ("NumInd", "int"),
    ("CodiceFiscale", "string"),
    ("Cognome", "string"),
    ("Nome", "string"),
    ("Sesso", "string"),
    ("NascitaData", "string"),
    ("NascitaComune", "string"),
    ("NascitaStato", "string"),
    ("MorteData", "string"),
    ("EmigrazioneData", "string"),
    ("EmigrazioneLuogo", "string"),
    ("CancellazioneMotivo", "string"),
    ("ImmigrazioneData", "string"),
    ("IndirizzoDescrizione", "string"),
    ("IndirizzoNumeroCivico", "string"),
    ("IndirizzoLettera", "string"),
    ("IndirizzoInterno", "string"),
    ("IndirizzoBis", "string"),
    ("NumFam", "int"),
    ("Cittadinanza", "string"),
    ("StatoCivile", "int"),
    ("StatoCivileData", "string"),
];

pub const FAMIGLIA: [Column; 8] = [
    ("NumInd", "int"),
    ("NumFam", "int"),
    ("CodiceFiscale", "string"),
    ("Cognome", "string"),
    ("Nome", "string"),
    ("Sesso", "string"),
    ("NascitaData", "string"),
    ("Parentela", "int"),
];

pub const CONTRIBUENTI: [Column; 11] = [
    ("NumContr", "int"),
    ("Tipo", "string"),
    ("Cognome", "string"),
    ("Nome", "string"),
    ("CodiceFiscale", "string"),
    ("PartitaIva", "string"),
    ("Sesso", "string"),
    ("NascitaData", "string"),
    ("IndirizzoDescrizione", "string"),
    ("IndirizzoNumeroCivico", "string"),
    ("IndirizzoLettera", "string"),
];

/// A text in a column of fixed width.
fn padded(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}

fn date(day: NaiveDate) -> String {
    day.format("%d/%m/%Y").to_string()
}

/// The date as text; none is an empty text, not NULL.
fn date_or_blank(day: Option<NaiveDate>) -> String {
    day.map(date).unwrap_or_default()
}

/// Street, number and letter; texts, empty if there are none.
fn address(person: &Person) -> [Option<String>; 3] {
    let lived_here = matches!(person.status, Status::Resident | Status::Dead(_));
    if !lived_here {
        return [const { Some(String::new()) }; 3];
    }
    street(&person.address)
}

fn street(address: &crate::population::Address) -> [Option<String>; 3] {
    let road = match address.hamlet {
        Some(hamlet) => format!("FRAZIONE {hamlet}, {}", address.road()),
        None => address.road(),
    };
    let number = address
        .number
        .map_or_else(|| "SNC".to_owned(), |number| number.to_string());
    let letter = address.letter.unwrap_or_default().to_owned();
    [Some(road), Some(number), Some(letter)]
}

/// Whether somebody fits what a search says; blank conditions say nothing.
fn fits(search: &Element, person: &Person) -> bool {
    let same = |name: &str, value: Option<&str>| {
        search.filled(name).is_none_or(|wanted| {
            value.is_some_and(|value| value.trim().to_uppercase() == wanted.to_uppercase())
        })
    };
    let [road, number, letter] = address(person);
    let kind = search.filled("IndicatoreTipoIndividuo");
    same("NumInd", Some(&person.id.to_string()))
        && same("Cognome", Some(&person.surname))
        && same("Nome", Some(&person.name))
        && same("Sesso", Some(person.sex.letter()))
        && same("DataNascita", Some(&date(person.birth)))
        && same("CodiceFiscale", person.codice_fiscale.as_deref())
        && same("CartaIdentitaNumero", None)
        && same("RecapitoIndirizzo", None)
        && same("DescrizioneIndirizzo", road.as_deref())
        && same("NumeroCivicoIndirizzo", number.as_deref())
        && same("LetteraIndirizzo", letter.as_deref())
        && (kind != Some("R") || person.is_resident())
}

pub fn elenco<'a>(people: impl Iterator<Item = &'a Person>, search: &Element) -> Vec<Row> {
    let mut found: Vec<_> = people.filter(|person| fits(search, person)).collect();
    found.sort_by_key(|person| person.resident_since);
    found.into_iter().map(elenco_row).collect()
}

fn elenco_row(person: &Person) -> Row {
    let [road, number, letter] = address(person);
    vec![
        Some(person.id.to_string()),
        person.stored_codice_fiscale(),
        Some(padded(&person.surname, 20)),
        Some(padded(&person.name, 15)),
        Some(person.sex.letter().to_owned()),
        Some(date(person.birth)),
        road,
        number,
        letter,
    ]
}

pub fn individuo(person: &Person) -> Row {
    let (birthplace, birth_state) = place(person.birthplace);
    let (died, left, whereto, why) = departure(person);
    let immigrated = Some(person.resident_since).filter(|since| *since > person.birth);
    let [road, number, letter] = address(person);
    vec![
        Some(person.id.to_string()),
        person.stored_codice_fiscale(),
        Some(padded(&person.surname, 20)),
        Some(padded(&person.name, 15)),
        Some(person.sex.letter().to_owned()),
        Some(date(person.birth)),
        Some(padded(birthplace, 20)),
        birth_state.map(str::to_owned),
        Some(date_or_blank(died)),
        Some(date_or_blank(left)),
        whereto.map(str::to_owned),
        why.map(str::to_owned),
        Some(date_or_blank(immigrated)),
        road,
        number,
        letter,
        Some(String::new()),
        Some(String::new()),
        Some(person.family.to_string()),
        Some(padded(person.citizenship.citizenship, 20)),
        Some(person.civil_state.to_string()),
        person.marriage.as_ref().map(|marriage| date(marriage.on)),
    ]
}

/// Name of the place and, abroad, of the state: this interface has no codes.
fn place(at: Birthplace) -> (&'static str, Option<&'static str>) {
    match at {
        Birthplace::Italy(comune) => (comune.name, None),
        Birthplace::Abroad(state, town) => (town, Some(state.name)),
    }
}

type Departure = (
    Option<NaiveDate>,
    Option<NaiveDate>,
    Option<&'static str>,
    Option<&'static str>,
);

/// Day of death, day of departure, where to and why. Who came back the same day has an emigration, too.
fn departure(person: &Person) -> Departure {
    let left = person.emigration.map(|emigration| emigration.on);
    let whereto = person.emigration.map(|emigration| place(emigration.to).0);
    match person.status {
        Status::Dead(on) => (Some(on), None, None, Some("DECESSO")),
        Status::Untraceable(on) => (None, Some(on), None, Some("IRREPERIBILITA'")),
        Status::Aire(_) => (None, left, whereto, Some("AIRE")),
        Status::Emigrated => (None, left, whereto, Some("EMIGRAZIONE")),
        Status::Resident => (None, left, whereto, None),
    }
}

/// The living, resident family of that person.
pub fn famiglia(population: &Population, person: &Person) -> Vec<Row> {
    if !person.is_resident() {
        return Vec::new();
    }
    let members = population.family(person.ente, person.family);
    members.into_iter().map(member).collect()
}

/// Children of that person, wherever they are.
pub fn figli(population: &Population, parent: &Person) -> Vec<Row> {
    let children = population
        .people
        .iter()
        .filter(|person| person.father == Some(parent.id) || person.mother == Some(parent.id));
    children.map(member).collect()
}

fn member(person: &Person) -> Row {
    vec![
        Some(person.id.to_string()),
        Some(person.family.to_string()),
        person.stored_codice_fiscale(),
        Some(padded(&person.surname, 20)),
        Some(padded(&person.name, 15)),
        Some(person.sex.letter().to_owned()),
        Some(date(person.birth)),
        Some(person.relation.to_string()),
    ]
}

/// Taxpayers that fit `Tipo`, `NumInd`, `Cognome`, `Nome` and `CF`; `Data` is a day of reference that changes nothing here.
pub fn contribuenti<'a>(subjects: impl Iterator<Item = &'a Subject>, search: &Element) -> Vec<Row> {
    let same = |name: &str, value: Option<&str>| {
        search.filled(name).is_none_or(|wanted| {
            value.is_some_and(|value| value.to_uppercase() == wanted.to_uppercase())
        })
    };
    let fitting = subjects.filter(|subject| {
        let code = same("CF", subject.codice_fiscale.as_deref())
            || same("CF", subject.partita_iva.as_deref());
        code && same("NumInd", Some(&subject.id.to_string()))
            && same("Tipo", Some(kind(subject)))
            && same("Cognome", Some(&subject.denomination))
            && same("Nome", subject.name.as_deref())
    });
    fitting.map(contribuente).collect()
}

fn kind(subject: &Subject) -> &'static str {
    if subject.is_company() { "G" } else { "F" }
}

fn contribuente(subject: &Subject) -> Row {
    let [road, number, letter] = street(&subject.address);
    vec![
        Some(subject.id.to_string()),
        Some(kind(subject).to_owned()),
        Some(padded(&subject.denomination, 20)),
        subject.name.as_deref().map(|name| padded(name, 15)),
        subject.codice_fiscale.clone(),
        subject.partita_iva.clone(),
        subject.sex.map(|sex| sex.letter().to_owned()),
        Some(date_or_blank(subject.birth)),
        road,
        number,
        letter,
    ]
}
