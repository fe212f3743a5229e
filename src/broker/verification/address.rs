//! Two addresses in one municipality. Registers write kinds and names of streets in as many ways as there are hands: only what has nothing
//! in common is different.

use super::words::{Likeness, Words};

/// Kinds of street (DUG) with the ways in which they are shortened, each as words.
const KINDS: [(&str, &[&[&str]]); 14] = [
    ("VIA", &[&["VIA"], &["V"]]),
    ("VIALE", &[&["VIALE"], &["V", "LE"], &["VLE"]]),
    (
        "PIAZZA",
        &[
            &["PIAZZA"],
            &["P", "ZA"],
            &["PZA"],
            &["P", "ZZA"],
            &["PZZA"],
        ],
    ),
    (
        "PIAZZALE",
        &[&["PIAZZALE"], &["P", "LE"], &["PLE"], &["P", "ZALE"]],
    ),
    ("PIAZZETTA", &[&["PIAZZETTA"], &["P", "TTA"], &["PTTA"]]),
    ("CORSO", &[&["CORSO"], &["C", "SO"], &["CSO"]]),
    ("LARGO", &[&["LARGO"], &["L", "GO"], &["LGO"]]),
    ("VICOLO", &[&["VICOLO"], &["VIC"], &["V", "LO"], &["VLO"]]),
    ("STRADA", &[&["STRADA"], &["STR"]]),
    ("LOCALITA", &[&["LOCALITA"], &["LOC"]]),
    ("FRAZIONE", &[&["FRAZIONE"], &["FRAZ"], &["FR"]]),
    (
        "CONTRADA",
        &[&["CONTRADA"], &["CDA"], &["C", "DA"], &["CONTR"]],
    ),
    ("SALITA", &[&["SALITA"], &["SAL"]]),
    ("BORGO", &[&["BORGO"], &["BGO"], &["B", "GO"]]),
];

/// Words that many streets share.
const COMMON: [&str; 17] = [
    "DEI", "DEL", "DELLA", "DELLE", "DELLO", "DEGLI", "DELL", "DAL", "DALLA", "ALLA", "ALLE",
    "SAN", "SANTA", "SANTO", "SANTI", "SUL", "PER",
];

/// Letters that two words share at their beginning where one may be the other, shortened.
const SHARED: usize = 3;

/// A street and a number, as somebody wrote them.
pub(super) struct Address<'a> {
    pub street: Option<&'a str>,
    pub number: Option<&'a str>,
}

struct Taken {
    kind: Option<&'static str>,
    name: Vec<String>,
    number: Option<Vec<String>>,
    has_unknown: bool,
}

/// Compares a declared address with a known one; what was not declared is not looked at.
pub(super) fn addresses(declared: &Address<'_>, known: &Address<'_>) -> Likeness {
    let (one, other) = (Taken::of(declared), Taken::of(known));
    let street = match (declared.street, known.street) {
        (None, _) => Likeness::Same,
        (Some(_), None) => Likeness::Unsure,
        (Some(_), Some(_)) => streets(&one, &other),
    };
    let number = match (&one.number, &other.number) {
        (None, _) => Likeness::Same,
        (Some(_), None) => Likeness::Unsure,
        (Some(one), Some(other)) => numbers(one, other),
    };
    match (street, number) {
        (Likeness::Different, _) | (_, Likeness::Different) => Likeness::Different,
        (Likeness::Same, Likeness::Same) => Likeness::Same,
        _ => Likeness::Unsure,
    }
}

impl Taken {
    fn of(address: &Address<'_>) -> Taken {
        let words = Words::of(address.street.unwrap_or_default());
        let (kind, skipped) = kind_of(words.list());
        let mut name = words.list()[skipped..].to_vec();
        let number = match address.number {
            Some(number) => Some(number_words(&Words::of(number))),
            None => number_in(&mut name),
        };
        Taken {
            kind,
            name,
            number: number.filter(|words| !words.is_empty()),
            has_unknown: words.has_unknown,
        }
    }
}

/// The kind of street that the words begin with, and how many of them say it.
fn kind_of(words: &[String]) -> (Option<&'static str>, usize) {
    let said = |way: &&&[&str]| {
        words.len() > way.len() && way.iter().zip(words).all(|(one, other)| one == other)
    };
    let kinds = KINDS
        .iter()
        .flat_map(|(kind, ways)| ways.iter().map(move |way| (*kind, way)));
    let found = kinds
        .filter(|(_, way)| said(way))
        .max_by_key(|(_, way)| way.len());
    found.map_or((None, 0), |(kind, way)| (Some(kind), way.len()))
}

/// The number that stands at the end of a street's name, taken from it: `ROMA 12 A`. A name is left in any case.
fn number_in(name: &mut Vec<String>) -> Option<Vec<String>> {
    let is_digits = |word: &String| word.starts_with(|first: char| first.is_ascii_digit());
    let first = name.iter().rposition(is_digits)?;
    let is_tail = name.len() - first <= 2 && name[first + 1..].iter().all(|word| word.len() == 1);
    if first == 0 || !is_tail {
        return None;
    }
    let number = name.split_off(first);
    while name.len() > 1 && name.last().is_some_and(|word| is_said_before_numbers(word)) {
        name.pop();
    }
    Some(number)
}

fn is_said_before_numbers(word: &str) -> bool {
    matches!(word, "N" | "NR" | "NUM" | "NUMERO" | "CIVICO" | "CIV")
}

fn number_words(words: &Words) -> Vec<String> {
    let said = words.list().iter();
    said.filter(|word| !is_said_before_numbers(word))
        .cloned()
        .collect()
}

fn streets(one: &Taken, other: &Taken) -> Likeness {
    if one.has_unknown || other.has_unknown {
        return Likeness::Unsure;
    }
    if one.name.concat() == other.name.concat() {
        let same_kind = one.kind == other.kind;
        return if same_kind {
            Likeness::Same
        } else {
            Likeness::Unsure
        };
    }
    let (one, other) = (telling(&one.name), telling(&other.name));
    let begins_alike = |one: &str, other: &str| one.get(..SHARED) == other.get(..SHARED);
    let shared = one
        .iter()
        .any(|word| other.iter().any(|known| begins_alike(word, known)));
    match one.is_empty() || other.is_empty() || shared {
        true => Likeness::Unsure,
        false => Likeness::Different,
    }
}

/// The words that tell one street from another; initials and Roman numbers may be short for anything.
fn telling(name: &[String]) -> Vec<&str> {
    let words = name.iter().map(String::as_str);
    let is_roman = |word: &str| word.chars().all(|letter| "IVXLC".contains(letter));
    words
        .filter(|word| word.len() >= SHARED && !COMMON.contains(word) && !is_roman(word))
        .collect()
}

/// Numbers differ where their digits do; an exponent may have been left out.
fn numbers(one: &[String], other: &[String]) -> Likeness {
    let (one, other) = (one.concat(), other.concat());
    if one == other {
        return Likeness::Same;
    }
    let digits = |text: &str| {
        let end = text.find(|character: char| !character.is_ascii_digit());
        let digits = &text[..end.unwrap_or(text.len())];
        (!digits.is_empty()).then(|| digits.trim_start_matches('0').to_owned())
    };
    match (digits(&one), digits(&other)) {
        (Some(one), Some(other)) if one != other => Likeness::Different,
        _ => Likeness::Unsure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(declared: (&str, Option<&str>), known: (&str, Option<&str>)) -> Likeness {
        let address = |(street, number)| Address {
            street: Some(street),
            number,
        };
        addresses(&address(declared), &address(known))
    }

    #[test]
    fn one_address_is_the_same_however_kind_and_number_are_written() {
        for (declared, known) in [
            (("Via Roma", None), ("VIA ROMA", Some("12"))),
            (("Via Roma", Some("12")), ("VIA ROMA 12", None)),
            (("V. Roma 12/A", None), ("VIA ROMA", Some("12 A"))),
            (("Via Roma, n. 12", None), ("VIA ROMA", Some("12"))),
            (("P.za Duomo", Some("3")), ("PIAZZA DUOMO", Some("3"))),
            (
                ("C.so Unità d'Italia", Some("1")),
                ("CORSO UNITA' D'ITALIA", Some("1")),
            ),
            (("via 4 Novembre", Some("7")), ("VIA 4 NOVEMBRE", Some("7"))),
        ] {
            assert_eq!(
                compared(declared, known),
                Likeness::Same,
                "{declared:?} {known:?}"
            );
        }
    }

    #[test]
    fn what_may_be_written_otherwise_is_not_different() {
        for (declared, known) in [
            (("Via G. Garibaldi", None), ("VIA GIUSEPPE GARIBALDI", None)),
            (("Via Garib.", None), ("VIA GARIBALDI", None)),
            (("Via V. E. II", None), ("VIA VITTORIO EMANUELE II", None)),
            (
                ("Via Vittorio Emanuele", None),
                ("VIA VITTORIO EMANUELE II", None),
            ),
            (("Via IV Novembre", None), ("VIA 4 NOVEMBRE", None)),
            (("Via Roma", None), ("PIAZZA ROMA", None)),
            (("Via Roma", None), ("ROMA", None)),
            (("Via Roma", Some("12")), ("VIA ROMA", None)),
            (("Via Roma", Some("12")), ("VIA ROMA", Some("12/A"))),
            (("Via Roma", Some("12")), ("VIA ROMA", Some("SNC"))),
            (("Via Cantù", None), ("VIA CANT?", None)),
        ] {
            assert_eq!(
                compared(declared, known),
                Likeness::Unsure,
                "{declared:?} {known:?}"
            );
        }
    }

    #[test]
    fn streets_with_nothing_in_common_and_other_numbers_are_different() {
        for (declared, known) in [
            (("Via Roma", None), ("VIA MILANO", None)),
            (("Via San Giovanni", None), ("VIA SAN CARLO", None)),
            (("Via Roma", Some("12")), ("VIA ROMA", Some("14"))),
            (
                ("Via G. Verdi", Some("5")),
                ("VIA GIUSEPPE VERDI", Some("12")),
            ),
        ] {
            assert_eq!(
                compared(declared, known),
                Likeness::Different,
                "{declared:?} {known:?}"
            );
        }
    }
}
