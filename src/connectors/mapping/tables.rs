//! Code tables: an adapter's own, and the national ones that several adapters share.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::connectors::places;

/// A table from codes to texts.
#[derive(Debug, Clone)]
pub enum Table {
    /// Written in the mapping.
    Own(BTreeMap<String, String>),
    /// One of the national tables.
    National(National),
}

/// A national table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum National {
    /// `anpr.stato_civile`: descriptions of civil states.
    StatoCivile,
    /// `anpr.relazione_parentela`: descriptions of relationships.
    RelazioneParentela,
    /// `stati.iso3`: ISO 3166-1 codes of states by their ISTAT code.
    Iso3,
}

/// The national tables by the name that mappings use.
pub const NATIONAL: [(&str, National); 3] = [
    ("anpr.stato_civile", National::StatoCivile),
    ("anpr.relazione_parentela", National::RelazioneParentela),
    ("stati.iso3", National::Iso3),
];

type Codes = BTreeMap<&'static str, &'static str>;

static STATO_CIVILE: LazyLock<Codes> =
    LazyLock::new(|| read(include_str!("../../../adapters/_tables/stato-civile.csv")));
static RELAZIONE_PARENTELA: LazyLock<Codes> = LazyLock::new(|| {
    read(include_str!(
        "../../../adapters/_tables/relazione-parentela.csv"
    ))
});

fn read(text: &'static str) -> Codes {
    let rows = text.lines().skip(1);
    rows.filter_map(|row| row.split_once(';')).collect()
}

impl National {
    /// The table of that name.
    pub fn named(name: &str) -> Option<National> {
        let found = NATIONAL.iter().find(|(known, _)| *known == name);
        found.map(|(_, table)| *table)
    }
}

impl Table {
    /// The text of a code.
    pub fn get(&self, code: &str) -> Option<&str> {
        match self {
            Table::Own(entries) => entries.get(code).map(String::as_str),
            Table::National(National::StatoCivile) => STATO_CIVILE.get(code).copied(),
            Table::National(National::RelazioneParentela) => RELAZIONE_PARENTELA.get(code).copied(),
            Table::National(National::Iso3) => places::iso3(code),
        }
    }

    /// The texts of a table that the mapping wrote itself.
    pub fn own_values(&self) -> impl Iterator<Item = &str> {
        let entries = match self {
            Table::Own(entries) => Some(entries),
            Table::National(_) => None,
        };
        entries
            .into_iter()
            .flat_map(|entries| entries.values().map(String::as_str))
    }
}
