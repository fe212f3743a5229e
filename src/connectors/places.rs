//! Municipalities and foreign states by code, name and date: a place is named as it was on the day of the event.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use serde::Serialize;

/// What a back end tells about a place; any part may be missing.
#[derive(Debug, Default)]
pub struct Told<'a> {
    /// ISTAT code: six digits of a municipality, or three of a foreign state.
    pub istat: Option<&'a str>,
    /// Cadastral (Belfiore) code of a municipality or state.
    pub belfiore: Option<&'a str>,
    /// ISTAT code of a foreign state, three digits.
    pub stato: Option<&'a str>,
    /// Name of the municipality, of a foreign locality or of the state.
    pub denominazione: Option<&'a str>,
    /// The day of the event; absent: today's names.
    pub on: Option<NaiveDate>,
}

/// A place as the contract tells it ([`crate::contract::luogo::Luogo`]), in words of the tables and of the back end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Place<'a> {
    /// ISTAT code of a municipality.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codice_istat: Option<&'a str>,
    /// Cadastral code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codice_belfiore: Option<&'a str>,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denominazione: Option<&'a str>,
}

struct Comune {
    istat: &'static str,
    belfiore: &'static str,
    denominazione: &'static str,
    from: NaiveDate,
    to: NaiveDate,
}

struct Stato {
    istat: &'static str,
    belfiore: &'static str,
    iso3: &'static str,
    denominazione: &'static str,
}

#[derive(Default)]
struct Table {
    comuni: Vec<Comune>,
    by_istat: HashMap<&'static str, Vec<usize>>,
    by_belfiore: HashMap<&'static str, Vec<usize>>,
    by_name: HashMap<&'static str, Vec<usize>>,
    stati: Vec<Stato>,
}

static TABLE: LazyLock<Table> = LazyLock::new(Table::read);

/// Names the place with codes valid on the day; what cannot be resolved stays as told, or is left out.
///
/// `None` if nothing usable was told.
pub fn resolve<'a>(told: &Told<'a>) -> Option<Place<'a>> {
    let istat = told
        .istat
        .filter(|code| is_digits(code, 6) && *code != "000000");
    let stato = told
        .stato
        .or(told.istat)
        .filter(|code| is_digits(code, 3) && !matches!(*code, "000" | "100"));
    let belfiore = told.belfiore.filter(|code| is_belfiore(code));
    let comune = TABLE.comune(istat, belfiore, told.denominazione, told.on);
    if let Some(comune) = comune {
        return Some(Place {
            codice_istat: Some(comune.istat),
            codice_belfiore: Some(comune.belfiore).filter(|code| !code.is_empty()),
            denominazione: Some(comune.denominazione),
        });
    }
    let known = TABLE.stato(stato, belfiore);
    let place = Place {
        codice_istat: istat,
        codice_belfiore: known.map(|stato| stato.belfiore).or(belfiore),
        denominazione: told
            .denominazione
            .or(known.map(|stato| stato.denominazione)),
    };
    (place != Place::default()).then_some(place)
}

/// The ISO 3166-1 alpha-3 code of the state with that ISTAT code; `100` is Italy.
pub fn iso3(istat: &str) -> Option<&'static str> {
    let stati = &TABLE.stati;
    stati
        .iter()
        .find(|stato| stato.istat == istat)
        .map(|stato| stato.iso3)
}

fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_belfiore(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.get(1..).is_some_and(|rest| is_digits(rest, 3))
}

impl Table {
    fn read() -> Table {
        let mut table = Table::default();
        let rows = |text: &'static str| text.lines().skip(1).map(|line| line.split(';'));
        for mut cells in rows(include_str!("../../adapters/_places/comuni.csv")) {
            let mut cell = || cells.next().unwrap_or_default();
            let comune = Comune {
                istat: cell(),
                belfiore: cell(),
                denominazione: cell(),
                from: cell().parse().unwrap_or(NaiveDate::MIN),
                to: cell().parse().unwrap_or(NaiveDate::MAX),
            };
            let index = table.comuni.len();
            table.by_istat.entry(comune.istat).or_default().push(index);
            table
                .by_belfiore
                .entry(comune.belfiore)
                .or_default()
                .push(index);
            table
                .by_name
                .entry(comune.denominazione)
                .or_default()
                .push(index);
            table.comuni.push(comune);
        }
        for mut cells in rows(include_str!("../../adapters/_places/stati.csv")) {
            let mut cell = || cells.next().unwrap_or_default();
            table.stati.push(Stato {
                istat: cell(),
                belfiore: cell(),
                iso3: cell(),
                denominazione: cell(),
            });
        }
        table
    }

    fn comune(
        &self,
        istat: Option<&str>,
        belfiore: Option<&str>,
        name: Option<&str>,
        on: Option<NaiveDate>,
    ) -> Option<&Comune> {
        fn rows<'t>(index: &'t HashMap<&'static str, Vec<usize>>, key: &str) -> &'t [usize] {
            index.get(key).map(Vec::as_slice).unwrap_or_default()
        }
        let candidates = match (istat, belfiore) {
            (Some(code), _) => rows(&self.by_istat, code),
            (None, Some(code)) => rows(&self.by_belfiore, code),
            (None, None) => rows(&self.by_name, &name?.to_uppercase()),
        };
        if let Some(valid) = self.valid(candidates, on) {
            return Some(valid);
        }
        // A code that did not hold on that day: the municipality of the same name that existed then, if there was one.
        let named = self.comuni.get(*candidates.last()?)?.denominazione;
        self.valid(rows(&self.by_name, named), on)
    }

    fn valid(&self, candidates: &[usize], on: Option<NaiveDate>) -> Option<&Comune> {
        let day = on.unwrap_or(NaiveDate::MAX);
        let comuni = candidates
            .iter()
            .filter_map(|index| self.comuni.get(*index));
        comuni
            .into_iter()
            .find(|comune| comune.from <= day && day <= comune.to)
    }

    fn stato(&self, istat: Option<&str>, belfiore: Option<&str>) -> Option<&Stato> {
        self.stati.iter().find(|stato| match (istat, belfiore) {
            (Some(code), _) => stato.istat == code,
            (None, Some(code)) => stato.belfiore == code,
            (None, None) => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(istat: &str, on: &str) -> (Option<String>, Option<String>) {
        let place = resolve(&Told {
            istat: Some(istat),
            on: Some(on.parse().expect("a date")),
            ..Told::default()
        });
        let place = place.expect("told");
        let owned = |code: Option<&str>| code.map(str::to_owned);
        (owned(place.codice_istat), owned(place.codice_belfiore))
    }

    fn some(istat: &str, belfiore: &str) -> (Option<String>, Option<String>) {
        (Some(istat.to_owned()), Some(belfiore.to_owned()))
    }

    #[test]
    fn bellagio_has_the_codes_of_the_day_of_the_event() {
        assert_eq!(codes("013019", "1950-03-10"), some("013019", "A744"));
        assert_eq!(codes("013250", "2020-01-01"), some("013250", "M335"));
        assert_eq!(codes("013250", "1950-03-10"), some("013019", "A744"));
    }

    #[test]
    fn a_municipality_outside_the_table_keeps_its_code_and_nothing_is_invented() {
        assert_eq!(
            codes("015146", "1980-01-01"),
            (Some("015146".to_owned()), None)
        );
    }

    #[test]
    fn a_foreign_state_is_told_by_its_cadastral_code_and_the_locality_keeps_its_name() {
        let place = resolve(&Told {
            stato: Some("241"),
            denominazione: Some("LUGANO"),
            ..Told::default()
        });
        let place = place.expect("told");
        assert_eq!(place.codice_belfiore, Some("Z133"));
        assert_eq!(place.denominazione, Some("LUGANO"));
        assert_eq!(place.codice_istat, None);
    }

    #[test]
    fn nothing_usable_is_no_place() {
        let told = Told {
            istat: Some("000000"),
            stato: Some("100"),
            ..Told::default()
        };
        assert_eq!(resolve(&told), None);
        assert_eq!(iso3("100"), Some("ITA"));
    }

    #[test]
    fn a_bare_name_is_resolved_with_the_day_of_the_event() {
        let place = resolve(&Told {
            denominazione: Some("Bellagio"),
            on: Some("1950-03-10".parse().expect("a date")),
            ..Told::default()
        });
        assert_eq!(place.and_then(|place| place.codice_belfiore), Some("A744"));
    }
}
