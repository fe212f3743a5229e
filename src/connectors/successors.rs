//! Municipalities that ended because another followed them: which one, and since when.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{Days, NaiveDate};

use super::places::{self, Place, Told};

/// A municipality that ended.
#[derive(Debug)]
pub struct Former {
    /// Its codes and its name, as they were on its last day.
    pub place: Place<'static>,
    /// The first day of those that followed it.
    pub since: NaiveDate,
    /// Those that followed it, under their first codes and names.
    pub successors: Vec<Place<'static>>,
}

/// By ISTAT code.
static FORMER: LazyLock<BTreeMap<&'static str, Former>> = LazyLock::new(read);

/// The municipality that had this ISTAT code until another followed it.
pub fn former(codice_istat: &str) -> Option<&'static Former> {
    FORMER.get(codice_istat)
}

/// Those that this municipality followed, by ISTAT code.
pub fn predecessors(codice_istat: &str) -> impl Iterator<Item = &'static Former> {
    let follows = move |place: &Place<'_>| place.codice_istat == Some(codice_istat);
    FORMER
        .values()
        .filter(move |former| former.successors.iter().any(follows))
}

/// Lines of `codice_istat;successore;dal`.
fn read() -> BTreeMap<&'static str, Former> {
    let mut all: BTreeMap<&'static str, Former> = BTreeMap::new();
    let lines = include_str!("../../adapters/_places/successioni.csv").lines();
    for line in lines.skip(1) {
        let mut cells = line.split(';');
        let mut cell = || cells.next().unwrap_or_default();
        let (codice_istat, successor) = (cell(), cell());
        let since: NaiveDate = cell()
            .parse()
            .expect("a test reads every line of the table in the program");
        let former = all.entry(codice_istat).or_insert_with(|| Former {
            place: valid(codice_istat, since.checked_sub_days(Days::new(1))),
            since,
            successors: Vec::new(),
        });
        former.successors.push(valid(successor, Some(since)));
    }
    all
}

/// What the table of places says of the code on that day.
fn valid(codice_istat: &'static str, on: Option<NaiveDate>) -> Place<'static> {
    let told = Told {
        istat: Some(codice_istat),
        on,
        ..Told::default()
    };
    places::resolve(&told).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_former_municipality_ended_the_day_before_its_successor_began_and_both_are_known() {
        assert_eq!(FORMER.len(), 25);
        for (code, former) in FORMER.iter() {
            assert_eq!(former.place.codice_istat, Some(*code));
            assert!(former.place.denominazione.is_some(), "{code}");
            let later = valid(code, Some(former.since));
            assert!(
                later.denominazione != former.place.denominazione
                    || later.codice_istat != Some(*code),
                "{code} goes on after its end: {later:?}"
            );
            assert!(!former.successors.is_empty(), "{code}");
            for successor in &former.successors {
                assert!(successor.denominazione.is_some(), "{code}: {successor:?}");
            }
        }
    }

    #[test]
    fn uggiate_con_ronago_follows_both_its_parts_and_who_was_born_there_before_keeps_the_former_code()
     {
        let names: Vec<_> = predecessors("013256")
            .filter_map(|former| former.place.denominazione)
            .collect();
        assert_eq!(names, ["RONAGO", "UGGIATE-TREVANO"]);
        let day = |text: &str| text.parse().ok();
        assert_eq!(
            valid("013199", day("1990-05-01")).codice_belfiore,
            Some("H521")
        );
        assert_eq!(
            valid("013199", day("2023-12-31")).codice_istat,
            Some("013199")
        );
        assert!(former("013256").is_none());
    }
}
