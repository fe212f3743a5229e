//! Two places by their codes: one municipality may have had several, and may have followed another.

use std::collections::BTreeSet;

use crate::connectors::places;
use crate::connectors::successors;
use crate::contract::dichiarazioni::LuogoDichiarato;
use crate::contract::luogo::{CodiceIstat, Luogo};

use super::words::Likeness;

/// Successions that are followed at most.
const GENERATIONS: usize = 5;

/// The codes of one place, as told and as the table of places has them.
struct Codes {
    istat: Option<String>,
    belfiore: Option<String>,
}

/// Compares a declared place with a known one.
pub(super) fn places(declared: &LuogoDichiarato, known: &Luogo) -> Likeness {
    let declared = match declared {
        LuogoDichiarato::Istat(code) => Codes::of(Some(code.as_str()), None),
        LuogoDichiarato::Belfiore(code) => Codes::of(None, Some(code)),
    };
    let known = Codes::of(
        known.codice_istat.as_deref(),
        known.codice_belfiore.as_deref(),
    );
    declared.compare(&known)
}

/// Compares two municipalities.
pub(super) fn comuni(declared: &CodiceIstat, known: &str) -> Likeness {
    Codes::of(Some(declared.as_str()), None).compare(&Codes::of(Some(known), None))
}

impl Codes {
    fn of(istat: Option<&str>, belfiore: Option<&str>) -> Codes {
        let place = places::whenever(istat, belfiore).unwrap_or_default();
        Codes {
            istat: istat.or(place.codice_istat).map(str::to_owned),
            belfiore: belfiore.or(place.codice_belfiore).map(str::to_owned),
        }
    }

    fn compare(&self, known: &Codes) -> Likeness {
        let compared = [
            (&self.istat, &known.istat),
            (&self.belfiore, &known.belfiore),
        ];
        let compared: Vec<bool> = compared
            .iter()
            .filter_map(|(one, other)| Some(one.as_ref()? == other.as_ref()?))
            .collect();
        if compared.contains(&true) {
            return Likeness::Same;
        }
        let related = match (&self.istat, &known.istat) {
            (Some(one), Some(other)) => follows(one, other) || follows(other, one),
            _ => false,
        };
        match compared.is_empty() || related {
            true => Likeness::Unsure,
            false => Likeness::Different,
        }
    }
}

/// Whether the one municipality came, by whatever steps, out of the other.
fn follows(later: &str, earlier: &str) -> bool {
    let mut reached: BTreeSet<&str> = BTreeSet::from([earlier]);
    for _ in 0..GENERATIONS {
        if reached.contains(later) {
            return true;
        }
        let formers = reached.iter().filter_map(|code| successors::former(code));
        reached = formers
            .flat_map(|former| {
                former
                    .successors
                    .iter()
                    .filter_map(|place| place.codice_istat)
            })
            .collect();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn istat(code: &str) -> LuogoDichiarato {
        LuogoDichiarato::Istat(CodiceIstat::parse(code).expect("six digits"))
    }

    fn known(istat: Option<&str>, belfiore: Option<&str>) -> Luogo {
        Luogo {
            codice_istat: istat.map(str::to_owned),
            codice_belfiore: belfiore.map(str::to_owned),
            denominazione: None,
        }
    }

    #[test]
    fn a_place_is_the_same_under_whichever_of_its_codes() {
        // Monza changed its province and kept its cadastral code.
        for (declared, known) in [
            (istat("013075"), known(Some("013075"), None)),
            (istat("013075"), known(None, Some("C933"))),
            (istat("108033"), known(Some("015149"), None)),
            (istat("015149"), known(Some("108033"), Some("F704"))),
            (
                LuogoDichiarato::Belfiore("Z110".to_owned()),
                known(None, Some("Z110")),
            ),
        ] {
            assert_eq!(places(&declared, &known), Likeness::Same);
        }
    }

    #[test]
    fn a_place_without_codes_and_one_that_followed_the_other_are_not_different() {
        let former = successors::predecessors("013250")
            .next()
            .expect("a former one");
        let former = former.place.codice_istat;
        for known in [known(None, None), known(former, None)] {
            assert_eq!(places(&istat("013250"), &known), Likeness::Unsure);
        }
    }

    #[test]
    fn another_place_is_another() {
        assert_eq!(
            places(&istat("013075"), &known(Some("015146"), Some("F205"))),
            Likeness::Different
        );
        assert_eq!(
            places(&istat("013075"), &known(None, Some("Z110"))),
            Likeness::Different
        );
    }
}
