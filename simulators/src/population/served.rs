//! Which of the three simulated towns lends its people to a municipality of the province.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::places::{Comune, ENTI, Ente};

/// A municipality whose systems are simulated: its own name and codes, the people of one of the three towns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Served {
    pub place: &'static Comune,
    pub town: &'static Ente,
}

impl Served {
    pub fn belfiore(&self) -> &'static str {
        self.place.belfiore
    }
}

/// Towns chosen by hand, by the Belfiore code of the municipality to which they lend their people.
pub type Aliases = BTreeMap<String, &'static Ente>;

/// `istat;belfiore;NAME`, as of 2024.
static PROVINCE: LazyLock<Vec<Comune>> = LazyLock::new(|| {
    let rows = include_str!("../../data/comuni-provincia-como.csv").lines();
    rows.filter_map(|row| {
        let [istat, belfiore, name] = *row.split(';').collect::<Vec<_>>() else {
            return None;
        };
        Some(Comune {
            name,
            istat,
            belfiore,
            province: "CO",
        })
    })
    .collect()
});

/// The municipality of this Belfiore code: one of the three towns, or any other of the province with the people that
/// `aliases` says or else those of Como, Cantù or Erba, if the number in its code divided by three leaves 0, 1 or 2.
pub fn served(belfiore: &str, aliases: &Aliases) -> Option<Served> {
    let own = Ente::find(belfiore);
    let place = match own {
        Some(town) => town.place,
        None => PROVINCE.iter().find(|comune| comune.belfiore == belfiore)?,
    };
    let town = match aliases.get(belfiore).copied().or(own) {
        Some(town) => town,
        None => &ENTI[belfiore.get(1..)?.parse::<usize>().ok()? % ENTI.len()],
    };
    Some(Served { place, town })
}

/// Every municipality of the province, by ISTAT code.
pub fn province() -> &'static [Comune] {
    &PROVINCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_municipality_of_the_province_is_served() {
        assert_eq!(province().len(), 147);
        for comune in province() {
            let served = served(comune.belfiore, &Aliases::new()).unwrap();
            assert_eq!(served.belfiore(), comune.belfiore);
        }
        assert_eq!(served("X999", &Aliases::new()), None);
    }

    #[test]
    fn a_municipality_borrows_people_by_its_number_unless_told_otherwise() {
        let town = |code: &str, aliases: &Aliases| served(code, aliases).unwrap().town.belfiore();
        let none = Aliases::new();
        let towns = ["C933", "B639", "D416", "A153", "A391", "A143"].map(|code| town(code, &none));
        assert_eq!(towns, ["C933", "B639", "D416", "C933", "B639", "D416"]);
        let told = Aliases::from([("A143".to_owned(), &ENTI[1])]);
        assert_eq!(town("A143", &told), "B639");
    }
}
