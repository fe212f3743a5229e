//! The tax views with Como's positions: the taxpayers here, what concerns each tax in its own file.

use super::tables::Kind::{Char, Date, Number, Text, Timestamp};
use super::tables::{Kind, Row, Table, Value};
use super::{imu_rows, tari_rows};
use crate::population::places::Ente;
use crate::population::taxes::Subject;
use crate::population::{Address, Birthplace, Population, Sex, day};

#[rustfmt::skip]
const SUBJECTS: [(&str, Kind); 13] = [
    ("ID_ORIG", Number(10)), ("COD_FISC", Text(20)), ("PART_IVA", Char(11)), ("COG_DENOM", Text(80)),
    ("NOME", Text(40)), ("SESSO", Char(1)), ("TIP_SOGG", Char(1)), ("DT_NSC", Date), ("COD_BLFR_CMN_NSC", Char(4)),
    ("DES_IND", Text(80)), ("NUM_CIV", Text(10)), ("ESP_CIV", Text(5)), ("TMS_AGG", Timestamp),
];

pub fn tables(population: &Population, ente: &'static Ente) -> Vec<Table> {
    let taxes = &population.taxes;
    let ours = |subject: u32| taxes.knows(ente, subject);
    let mut tables = vec![Table {
        name: "tri_soggetti",
        view: "vw_tributi_soggetti",
        columns: &SUBJECTS,
        rows: taxes.subjects_of(ente).map(subject).collect(),
    }];
    tables.extend(imu_rows::tables(taxes, ours));
    tables.extend(tari_rows::tables(taxes, ours));
    tables
}

/// When the nightly load last touched the tax tables.
pub fn loaded() -> Value {
    day(2026, 1, 31).into()
}

/// Street, number and what follows the number.
pub fn address(address: &Address) -> [Value; 3] {
    let number = address
        .number
        .map_or_else(|| "SNC".to_owned(), |number| number.to_string());
    [address.road().into(), number.into(), address.letter.into()]
}

fn subject(subject: &Subject) -> Row {
    let mut row = vec![
        subject.id.into(),
        subject.codice_fiscale.clone().into(),
        subject.partita_iva.clone().into(),
        subject.denomination.as_str().into(),
        subject.name.clone().into(),
        subject.sex.map(Sex::letter).into(),
        if subject.is_company() { "G" } else { "F" }.into(),
        subject.birth.into(),
        subject.birthplace.map(Birthplace::belfiore).into(),
    ];
    row.extend(address(&subject.address));
    row.push(loaded());
    row
}
