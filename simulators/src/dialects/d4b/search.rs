//! Whom a request of D4b means.

use chrono::Datelike;

use super::answers::position;
use super::{BAD_REQUEST, TOO_MANY};
use crate::population::served::Served;
use crate::population::{Person, Population};
use crate::soap::Element;

/// The service refuses to list more.
const MOST: usize = 20;

/// Everybody whom all conditions fit; `TipoRicerca` says how the surname is compared.
pub fn people<'a>(
    population: &'a Population,
    served: Served,
    asked: &Element,
) -> Result<Vec<&'a Person>, &'static str> {
    let comparison = Comparison::of(asked).ok_or(BAD_REQUEST)?;
    let says_whom = ["Cognome", "CodiceFiscale", "Nind"];
    if says_whom
        .into_iter()
        .all(|name| asked.filled(name).is_none())
    {
        return Err(BAD_REQUEST);
    }
    let mut found: Vec<_> = population
        .residents_of(served.town)
        .filter(|person| fits(asked, comparison, person))
        .collect();
    if found.len() > MOST {
        return Err(TOO_MANY);
    }
    found.sort_by_key(|person| person.resident_since);
    Ok(found)
}

#[derive(Clone, Copy)]
enum Comparison {
    Equal,
    Begins,
    NotBefore,
    NotAfter,
}

impl Comparison {
    fn of(asked: &Element) -> Option<Comparison> {
        match asked.get("TipoRicerca")? {
            "Uguale" => Some(Comparison::Equal),
            "Percento" => Some(Comparison::Begins),
            "Maggiore" => Some(Comparison::NotBefore),
            "Minore" => Some(Comparison::NotAfter),
            _ => None,
        }
    }

    fn holds(self, value: &str, wanted: &str) -> bool {
        match self {
            Comparison::Equal => value == wanted,
            Comparison::Begins => value.starts_with(wanted.trim_end_matches('%')),
            Comparison::NotBefore => value >= wanted,
            Comparison::NotAfter => value <= wanted,
        }
    }
}

fn fits(asked: &Element, comparison: Comparison, person: &Person) -> bool {
    let upper = |name: &str| asked.filled(name).map(str::to_uppercase);
    let same = |name: &str, value: Option<&str>| {
        upper(name).is_none_or(|wanted| value == Some(wanted.as_str()))
    };
    // Numbers of a day may have leading zeros.
    let number = |name: &str, value: i64| {
        asked
            .filled(name)
            .is_none_or(|wanted| wanted.parse() == Ok(value))
    };
    upper("Cognome").is_none_or(|wanted| comparison.holds(&person.surname, &wanted))
        && same("Nome", Some(&person.name))
        && same("Sesso", Some(person.sex.letter()))
        && same("CodiceFiscale", person.codice_fiscale.as_deref())
        && same("PosiAnag", Some(position(person).0))
        && number("Nind", i64::from(person.id))
        && number("Nfam", i64::from(person.family))
        && number("GiornoNascita", i64::from(person.birth.day()))
        && number("MeseNascita", i64::from(person.birth.month()))
        && number("AnnoNascita", i64::from(person.birth.year()))
}

/// The family of that number: the living, resident members, or with `Tutti` whoever was registered in it.
pub fn family<'a>(
    population: &'a Population,
    served: Served,
    asked: &Element,
) -> Result<Vec<&'a Person>, &'static str> {
    let number = asked
        .filled("NumeFami")
        .and_then(|number| number.parse().ok());
    let number = number.ok_or(BAD_REQUEST)?;
    match asked.filled("TipoFamiliari") {
        Some("Residenti") => Ok(population.family(served.town, number)),
        Some("Tutti") => {
            let everyone = population.residents_of(served.town);
            Ok(everyone.filter(|person| person.family == number).collect())
        }
        _ => Err(BAD_REQUEST),
    }
}
