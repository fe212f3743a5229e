//! Municipalities and foreign states by code, name and date: a place is named as it was on the day of the event.

use std::sync::LazyLock;

use chrono::NaiveDate;

use crate::contract::document::Entry;
use crate::contract::instants;

/// What a back end tells about a place; any part may be missing.
#[derive(Debug, Default)]
pub struct Told<'a> {
    /// ISTAT code: six digits of a municipality, or three of a foreign state.
    pub istat: Option<&'a str>,
    /// Cadastral (Belfiore) code of a municipality or state.
    pub belfiore: Option<&'a str>,
    /// ISTAT code of a foreign state, three digits, or its name.
    pub stato: Option<&'a str>,
    /// Name of the municipality, of a foreign locality or of the state.
    pub denominazione: Option<&'a str>,
    /// The day of the event; absent: today's names.
    pub on: Option<NaiveDate>,
}

/// A place as the contract tells it ([`crate::contract::luogo::Luogo`]), in words of the tables and of the back end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place<'a> {
    /// ISTAT code of a municipality.
    pub codice_istat: Option<&'a str>,
    /// Cadastral code.
    pub codice_belfiore: Option<&'a str>,
    /// Name.
    pub denominazione: Option<&'a str>,
}

impl Place<'_> {
    /// Writes the place as JSON.
    pub fn write(&self, entry: &mut Entry) {
        let parts = [
            ("\"codice_istat\":", self.codice_istat),
            ("\"codice_belfiore\":", self.codice_belfiore),
            ("\"denominazione\":", self.denominazione),
        ];
        entry.raw("{");
        let mut separator = "";
        for (name, part) in parts {
            if let Some(part) = part {
                entry.raw(separator);
                entry.raw(name);
                entry.text(part);
                separator = ",";
            }
        }
        entry.raw("}");
    }
}

struct Comune {
    istat: &'static str,
    belfiore: &'static str,
    denominazione: &'static str,
    /// The first and the last day as ISO dates, which sort as texts; an empty last one is still to come.
    from: &'static str,
    to: &'static str,
}

struct Stato {
    istat: &'static str,
    belfiore: &'static str,
    iso3: &'static str,
    denominazione: &'static str,
}

/// The municipalities stay the text that they are in the program: only where its lines begin is kept in memory, in their
/// order and by their codes.
struct Table {
    by_belfiore: Codes,
    by_istat: Codes,
    by_name: Vec<u32>,
    stati: Vec<Stato>,
}

/// `codice_belfiore;codice_istat;denominazione;dal;al`, sorted.
const COMUNI: &str = include_str!("../../adapters/_places/comuni.csv");

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
    let named = told
        .stato
        .filter(|name| !name.is_empty() && stato.is_none());
    let named = named.and_then(|name| TABLE.stato_named(name));
    // A locality abroad may bear the name of a municipality.
    let name = told
        .denominazione
        .filter(|_| stato.is_none() && told.stato.is_none_or(is_italy));
    if let Some(comune) = TABLE.comune(istat, belfiore, name, told.on) {
        let known = Some(comune.istat).filter(|code| !code.is_empty());
        // A code that no table has is the best there is for a period whose code is not known.
        let told = istat.filter(|code| known.is_none() && TABLE.of_istat(code).is_empty());
        return Some(Place {
            codice_istat: known.or(told),
            codice_belfiore: Some(comune.belfiore).filter(|code| !code.is_empty()),
            denominazione: Some(comune.denominazione),
        });
    }
    let known = named.or_else(|| TABLE.stato(stato, belfiore));
    let place = Place {
        codice_istat: istat,
        codice_belfiore: known.map(|stato| stato.belfiore).or(belfiore),
        denominazione: told
            .denominazione
            .or(known.map(|stato| stato.denominazione)),
    };
    (place != Place::default()).then_some(place)
}

/// The municipality that has or ever had this ISTAT code, or else this cadastral one; `None` if several did.
pub fn whenever(istat: Option<&str>, belfiore: Option<&str>) -> Option<Place<'static>> {
    let lines = match (istat, belfiore) {
        (Some(code), _) => TABLE.of_istat(code),
        (None, Some(code)) => TABLE.of_belfiore(code),
        (None, None) => &[],
    };
    let last = Comune::at(*lines.last()?);
    let mut all = lines.iter().map(|line| Comune::at(*line));
    let some = |code: &'static str| Some(code).filter(|code| !code.is_empty());
    all.all(|comune| comune.belfiore == last.belfiore)
        .then_some(Place {
            codice_istat: some(last.istat),
            codice_belfiore: some(last.belfiore),
            denominazione: some(last.denominazione),
        })
}

/// The ISO 3166-1 alpha-3 code of the state with that ISTAT code; `100` is Italy.
pub fn iso3(istat: &str) -> Option<&'static str> {
    let stati = &TABLE.stati;
    stati
        .iter()
        .find(|stato| stato.istat == istat)
        .map(|stato| stato.iso3)
}

fn is_italy(stato: &str) -> bool {
    matches!(stato, "" | "000" | "100") || folded(stato) == "ITALIA"
}

/// A name without accents and apostrophes, in capitals: `Cantù`, `CANTU'` and `CANTÙ` are one.
fn folded(name: &str) -> String {
    let letters = name.chars().flat_map(char::to_uppercase);
    let kept = letters.filter(|letter| !matches!(letter, '\'' | '’' | '‘' | '`' | '´'));
    kept.map(|letter| match letter {
        'À' | 'Á' | 'Â' | 'Ä' => 'A',
        'È' | 'É' | 'Ê' | 'Ë' => 'E',
        'Ì' | 'Í' | 'Î' | 'Ï' => 'I',
        'Ò' | 'Ó' | 'Ô' | 'Ö' => 'O',
        'Ù' | 'Ú' | 'Û' | 'Ü' => 'U',
        'Ç' => 'C',
        other => other,
    })
    .collect()
}

fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_belfiore(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.get(1..).is_some_and(|rest| is_digits(rest, 3))
}

impl Comune {
    /// The municipality whose line begins there.
    fn at(begin: u32) -> Comune {
        let mut rest = COMUNI.get(begin as usize..).unwrap_or_default();
        let mut cell = |end| {
            let (cell, after) = rest.split_at(length_before(rest, end));
            rest = after.get(1..).unwrap_or_default();
            cell
        };
        Comune {
            belfiore: cell(b';'),
            istat: cell(b';'),
            denominazione: cell(b';'),
            from: cell(b';'),
            to: cell(b'\n'),
        }
    }
}

/// One of the first three columns of the line that begins there.
fn cell(begin: u32, column: usize) -> &'static str {
    let mut rest = COMUNI.get(begin as usize..).unwrap_or_default();
    for _ in 0..column {
        rest = rest
            .get(length_before(rest, b';') + 1..)
            .unwrap_or_default();
    }
    &rest[..length_before(rest, b';')]
}

/// Cells are a few bytes long: looking at one after the other is quicker than a search made for long texts.
fn length_before(text: &str, end: u8) -> usize {
    let mut bytes = text.bytes();
    bytes.position(|byte| byte == end).unwrap_or(text.len())
}

impl Table {
    fn read() -> Table {
        let begins = COMUNI.match_indices('\n').map(|(end, _)| end + 1);
        let begins: Vec<u32> = begins
            .filter(|begin| *begin < COMUNI.len())
            .filter_map(|begin| u32::try_from(begin).ok())
            .collect();
        let mut by_name = begins.clone();
        by_name.sort_by_cached_key(|begin| folded(cell(*begin, 2)));
        let stati = include_str!("../../adapters/_places/stati.csv")
            .lines()
            .skip(1)
            .map(|line| {
                let mut cells = line.split(';');
                let mut cell = || cells.next().unwrap_or_default();
                Stato {
                    istat: cell(),
                    belfiore: cell(),
                    iso3: cell(),
                    denominazione: cell(),
                }
            });
        Table {
            by_belfiore: Codes::of(&begins, 0),
            by_istat: Codes::of(&begins, 1),
            by_name,
            stati: stati.collect(),
        }
    }

    fn of_belfiore(&self, code: &str) -> &[u32] {
        self.by_belfiore.lines(code)
    }

    fn of_istat(&self, code: &str) -> &[u32] {
        self.by_istat.lines(code)
    }

    fn named(&self, name: &str) -> &[u32] {
        let wanted = folded(name);
        let begin = self
            .by_name
            .partition_point(|line| folded(cell(*line, 2)) < wanted);
        let rest = &self.by_name[begin..];
        let count = rest.partition_point(|line| folded(cell(*line, 2)) == wanted);
        &rest[..count]
    }

    fn stato_named(&self, name: &str) -> Option<&Stato> {
        let wanted = folded(name);
        let mut same = self
            .stati
            .iter()
            .filter(|stato| folded(stato.denominazione) == wanted);
        let found = same.next()?;
        same.next().is_none().then_some(found)
    }

    fn comune(
        &self,
        istat: Option<&str>,
        belfiore: Option<&str>,
        name: Option<&str>,
        on: Option<NaiveDate>,
    ) -> Option<Comune> {
        let mut candidates = istat.map_or(&[][..], |code| self.of_istat(code));
        if let (true, Some(code)) = (candidates.is_empty(), belfiore) {
            candidates = self.of_belfiore(code);
        }
        if istat.is_none() && belfiore.is_none() {
            return only(self.named(name?), on);
        }
        if let Some(valid) = only(candidates, on) {
            return Some(valid);
        }
        // Codes that did not hold on that day: the same municipality under its codes of then, or the one of that name
        // that existed then.
        let told = Comune::at(*candidates.last()?);
        let same = Some(told.belfiore).filter(|code| !code.is_empty());
        same.and_then(|code| only(self.of_belfiore(code), on))
            .or_else(|| only(self.named(told.denominazione), on))
    }

    fn stato(&self, istat: Option<&str>, belfiore: Option<&str>) -> Option<&Stato> {
        self.stati.iter().find(|stato| match (istat, belfiore) {
            (Some(code), _) => stato.istat == code,
            (None, Some(code)) => stato.belfiore == code,
            (None, None) => false,
        })
    }
}

/// The lines that have a code, by the code.
struct Codes {
    /// Sorted, and beside each other, so that a search touches little memory.
    codes: Vec<u32>,
    begins: Vec<u32>,
}

impl Codes {
    fn of(begins: &[u32], column: usize) -> Codes {
        let coded = |begin: &u32| (number_of(cell(*begin, column)), *begin);
        let mut sorted: Vec<(u32, u32)> = begins.iter().map(coded).collect();
        sorted.sort_by_key(|(code, _)| *code);
        let (codes, begins) = sorted.into_iter().unzip();
        Codes { codes, begins }
    }

    fn lines(&self, code: &str) -> &[u32] {
        let wanted = number_of(code);
        let begin = self.codes.partition_point(|code| *code < wanted);
        let same = self.codes[begin..].iter();
        let count = same.take_while(|code| **code == wanted).count();
        &self.begins[begin..begin + count]
    }
}

/// A code of up to six digits and capitals as a number; codes of one length are in the order of their texts.
fn number_of(code: &str) -> u32 {
    u32::from_str_radix(code, 36).unwrap_or_default()
}

/// The one municipality among the lines that existed on the day; `None` also if there were several.
fn only(lines: &[u32], on: Option<NaiveDate>) -> Option<Comune> {
    let day = on.map(instants::day);
    let existed = |comune: &Comune| match &day {
        Some(day) => {
            comune.from <= day.as_str() && (comune.to.is_empty() || day.as_str() <= comune.to)
        }
        None => comune.to.is_empty(),
    };
    let mut valid = lines.iter().map(|line| Comune::at(*line)).filter(existed);
    let found = valid.next()?;
    valid
        .all(|other| other.belfiore == found.belfiore)
        .then_some(found)
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

    fn named<'n>(belfiore: Option<&'n str>, name: &'n str, on: &str) -> Option<Place<'n>> {
        resolve(&Told {
            belfiore,
            denominazione: Some(name).filter(|name| !name.is_empty()),
            on: Some(on.parse().expect("a date")),
            ..Told::default()
        })
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
            codes("999146", "1980-01-01"),
            (Some("999146".to_owned()), None)
        );
    }

    #[test]
    fn all_of_italy_has_the_codes_and_names_of_the_day_of_the_event() {
        assert_eq!(codes("015146", "1980-01-01"), some("015146", "F205"));
        // Merged: Abetone and Cutigliano became one on 1 January 2017.
        assert_eq!(codes("047023", "2018-05-01"), some("047023", "M376"));
        let merged = named(Some("A012"), "ABETONE", "2016-12-31").expect("told");
        assert_eq!(merged.denominazione, Some("ABETONE"));
        let gone = named(None, "ABETONE", "2018-05-01").expect("told");
        assert_eq!(gone.codice_belfiore, None);
        // Renamed: Acqui became Acqui Terme in 1956 and kept its codes.
        for (day, name) in [("1950-01-01", "ACQUI"), ("1990-01-01", "ACQUI TERME")] {
            let place = named(Some("A052"), "", day).expect("told");
            assert_eq!(place.denominazione, Some(name));
            assert_eq!(place.codice_istat, Some("006001"));
        }
        // Another province for a while: Aggius was of Olbia-Tempio from 2006 to 2016.
        assert_eq!(codes("090001", "1990-01-01"), some("090001", "A069"));
        assert_eq!(codes("090001", "2010-01-01"), some("104001", "A069"));
        // Of a province that did not exist yet: the code of then is not known and none is invented.
        assert_eq!(
            codes("098031", "1950-01-01"),
            (None, Some("E648".to_owned()))
        );
    }

    #[test]
    fn a_name_that_several_municipalities_bear_is_none_of_them() {
        let place = named(None, "Samone", "1990-01-01").expect("told");
        assert_eq!(place.codice_belfiore, None);
        assert_eq!(place.denominazione, Some("Samone"));
    }

    #[test]
    fn the_table_is_sorted_and_every_line_has_its_codes_and_days() {
        let lines = &TABLE.by_belfiore.begins;
        assert!(lines.len() > 14_000, "{}", lines.len());
        assert!(lines.is_sorted_by_key(|line| cell(*line, 0)));
        for line in lines {
            let comune = Comune::at(*line);
            let (belfiore, istat) = (comune.belfiore, comune.istat);
            assert!(belfiore.is_empty() || is_belfiore(belfiore), "{belfiore}");
            assert!(istat.is_empty() || is_digits(istat, 6), "{istat}");
            assert!(!belfiore.is_empty() || !istat.is_empty());
            let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
            assert!(comune.to.is_empty() || day(comune.from) <= day(comune.to));
            assert!(day(comune.from) > NaiveDate::MIN);
        }
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
    fn a_name_is_found_however_its_accents_are_written() {
        for name in ["Cantù", "CANTU'", "CANTÙ", "cantu’"] {
            let place = named(None, name, "1990-01-01").expect("told");
            assert_eq!(place.codice_belfiore, Some("B639"), "{name}");
        }
    }

    #[test]
    fn a_state_is_told_by_its_name_and_its_locality_is_no_municipality() {
        let place = resolve(&Told {
            stato: Some("Svizzera"),
            denominazione: Some("COMO"),
            on: Some("1950-03-10".parse().expect("a date")),
            ..Told::default()
        });
        let place = place.expect("told");
        assert_eq!(place.codice_belfiore, Some("Z133"));
        assert_eq!(place.denominazione, Some("COMO"));
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
