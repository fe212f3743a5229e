//! Texts that name nobody: words of the form itself, codes and amounts, kinds of street, municipalities.

use std::collections::BTreeSet;

use super::SHORTEST;
use crate::connectors::places;

/// Names of elements, columns and keys, and their beginnings.
pub(super) fn words<'p>(paths: impl Iterator<Item = &'p str>) -> BTreeSet<String> {
    paths
        .flat_map(|path| path.split('/'))
        .map(|name| name.trim_start_matches('@').to_uppercase())
        .collect()
}

/// What can be nobody's: short codes, truth values, small numbers, amounts, years, words of the form itself.
pub(super) fn is_nobodys(text: &str, words: &BTreeSet<String>) -> bool {
    const COMMON: [&str; 8] = [
        "TRUE",
        "FALSE",
        "NULL",
        "NONE",
        "NEWDATASET",
        "UTF-8",
        "ISO-8859-1",
        "ITALIA",
    ];
    let upper = text.to_uppercase();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_year =
        digits(text) && text.len() == 4 && (text.starts_with("19") || text.starts_with("20"));
    let amount = text.rsplit_once(['.', ',']);
    let is_amount = amount.is_some_and(|(whole, cents)| {
        cents.len() <= 2 && digits(cents) && digits(&whole.trim_start_matches('-').replace('.', ""))
    });
    let letters =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_type = text
        .split_once(':')
        .is_some_and(|(prefix, name)| prefix.len() <= 8 && letters(prefix) && letters(name));
    !text.chars().any(char::is_alphanumeric)
        || text.chars().count() < SHORTEST && !text.chars().any(char::is_lowercase)
        || is_year
        || is_amount
        || is_type
        || COMMON.contains(&&*upper)
        || words.contains(upper.trim_end_matches(|character: char| character.is_ascii_digit()))
}

/// The word before the name of a street.
pub(super) fn is_kind_of_street(text: &str) -> bool {
    const KINDS: [&str; 14] = [
        "VIA",
        "VIALE",
        "PIAZZA",
        "PIAZZALE",
        "PIAZZETTA",
        "LARGO",
        "VICOLO",
        "CORSO",
        "SALITA",
        "STRADA",
        "CONTRADA",
        "LOCALITA'",
        "LOCALITÀ",
        "FRAZIONE",
    ];
    KINDS.contains(&&*text.to_uppercase())
}

/// Who is called like a municipality is not told by its name.
pub(super) fn is_municipality(name: &str) -> bool {
    let told = places::Told {
        istat: None,
        belfiore: None,
        stato: None,
        denominazione: Some(name),
        on: None,
    };
    places::resolve(&told).is_some_and(|place| place.codice_istat.is_some())
}
