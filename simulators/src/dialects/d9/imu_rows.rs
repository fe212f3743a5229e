//! The IMU views: properties by year, instalments due, payments.

use chrono::NaiveDate;

use super::tables::Kind::{Char, Date, Decimal, Number, Text, Timestamp};
use super::tables::{Kind, Row, Table, Value};
use super::tax_rows::{address, loaded};
use crate::population::day;
use crate::population::taxes::{Due, Ledger, Property, YEARS, months};

#[rustfmt::skip]
const PROPERTIES: [(&str, Kind); 27] = [
    ("ID_ORIG", Number(10)), ("ID_ORIG_SOGG_CNT", Number(10)), ("YEA_RIF", Char(4)), ("SEZ", Char(3)),
    ("FOGLIO", Char(5)), ("NUMERO", Char(5)), ("SUB", Char(4)), ("CAT", Char(4)), ("CLS", Char(2)),
    ("CAR_IMM", Char(1)), ("RENDITA", Decimal(12, 2)), ("VAL_IMM", Decimal(14, 2)), ("PRC_POSS", Decimal(4, 1)),
    ("TIT_SOGG", Text(20)), ("MESI_POS", Number(2)), ("MESI_ESE", Number(2)), ("MESI_RID", Number(2)),
    ("FLG_POS3112", Char(1)), ("FLG_ESE3112", Char(1)), ("FLG_RID3112", Char(1)), ("FLG_ABI_PRI3112", Char(1)),
    ("DES_IND", Text(80)), ("NUM_CIV", Text(10)), ("ESP_CIV", Text(5)), ("DAT_INI", Date), ("DAT_FIN", Date),
    ("TMS_AGG", Timestamp),
];

#[rustfmt::skip]
const DUES: [(&str, Kind); 8] = [
    ("ID_ORIG_SOGG_CNT", Number(10)), ("YEA_RIF", Char(4)), ("COD_TRIBUTO", Char(4)), ("FLG_ACC_SAL", Char(1)),
    ("NUM_FAB", Number(4)), ("IMP_DOVUTO_EU", Decimal(12, 2)), ("IMP_DTR_EU", Decimal(12, 2)), ("DAT_SCADENZA", Date),
];

#[rustfmt::skip]
const PAYMENTS: [(&str, Kind); 14] = [
    ("ID_ORIG", Number(10)), ("ID_ORIG_SOGG_ICI", Number(10)), ("YEA_RIF", Char(4)), ("DAT_PAG", Date),
    ("IMP_PAG_EU", Decimal(12, 2)), ("IMP_TER_AGR_EU", Decimal(12, 2)), ("IMP_ARE_FAB_EU", Decimal(12, 2)),
    ("IMP_ABI_PRI_EU", Decimal(12, 2)), ("IMP_ALT_FAB_EU", Decimal(12, 2)), ("IMP_DTR_EU", Decimal(12, 2)),
    ("NUM_FAB", Number(4)), ("FLG_ACC_SAL", Char(1)), ("TIP_PAG", Char(3)), ("TMS_AGG", Timestamp),
];

/// The tables of the taxpayers for whom `ours` is true.
pub fn tables(taxes: &Ledger, ours: impl Fn(u32) -> bool) -> Vec<Table> {
    let properties = taxes
        .properties
        .iter()
        .filter(|property| ours(property.subject));
    let dues: Vec<_> = taxes.dues.iter().filter(|due| ours(due.subject)).collect();
    let paid = dues.iter().filter_map(|due| Some((*due, due.paid?)));
    vec![
        Table {
            name: "tri_imu_immobili",
            view: "vw_imu_immobili",
            columns: &PROPERTIES,
            rows: properties.flat_map(property_years).collect(),
        },
        Table {
            name: "tri_imu_dovuto",
            view: "vw_imu_dovuto",
            columns: &DUES,
            rows: dues.iter().map(|row| due(row)).collect(),
        },
        Table {
            name: "tri_imu_versamenti",
            view: "vw_imu_versamenti",
            columns: &PAYMENTS,
            rows: paid.zip(1..).map(payment).collect(),
        },
    ]
}

/// `A/3` as the land registry's files write it: `A03`.
fn category(category: &str) -> Value {
    match category.split_once('/') {
        Some((group, number)) => format!("{group}{number:0>2}").into(),
        None => Value::Null,
    }
}

fn property_years(property: &Property) -> impl Iterator<Item = Row> + '_ {
    YEARS.filter_map(|year| property_year(property, year))
}

fn property_year(property: &Property, year: i32) -> Option<Row> {
    let building = &property.building;
    let months = months(building.from, building.to, year);
    if months == 0 {
        return None;
    }
    let owned_at_the_end = building.to.is_none_or(|end| end > day(year, 12, 31));
    let reduced = building.historic || building.unusable;
    let mut row = vec![
        property.id.into(),
        property.subject.into(),
        year.to_string().into(),
        Value::Null,
        property.parcel.sheet.to_string().into(),
        property.parcel.number.to_string().into(),
        property.parcel.sub.to_string().into(),
        category(building.category),
        Some(building.class)
            .filter(|class| !class.is_empty())
            .into(),
        building.kind.to_string().into(),
        if building.kind == 2 {
            Value::Null
        } else {
            building.rendita.into()
        },
        building.value().into(),
        building.share.into(),
        building.title.into(),
        months.into(),
        if building.is_exempt() { months } else { 0 }.into(),
        if reduced { months } else { 0 }.into(),
        Value::yes_no(owned_at_the_end),
        Value::yes_no(owned_at_the_end && building.is_exempt()),
        Value::yes_no(owned_at_the_end && reduced),
        Value::yes_no(owned_at_the_end && building.sub_kind == 1),
    ];
    row.extend(address(&property.address));
    row.extend([building.from.into(), building.to.into(), loaded()]);
    Some(row)
}

fn due(due: &Due) -> Row {
    vec![
        due.subject.into(),
        due.year.to_string().into(),
        due.code.into(),
        due.instalment.letter().into(),
        due.properties.into(),
        due.amount.into(),
        due.deduction.into(),
        due.deadline.into(),
    ]
}

fn payment(((due, on), ordinal): ((&Due, NaiveDate), i64)) -> Row {
    let part = |codes: &[&str]| {
        if codes.contains(&due.code) {
            due.amount
        } else {
            0
        }
    };
    vec![
        (400_000 + ordinal).into(),
        due.subject.into(),
        due.year.to_string().into(),
        on.into(),
        due.amount.into(),
        part(&["3914"]).into(),
        part(&["3916"]).into(),
        part(&["3912"]).into(),
        part(&["3918", "3925", "3930"]).into(),
        due.deduction.into(),
        due.properties.into(),
        due.instalment.letter().into(),
        "F24".into(),
        on.into(),
    ]
}
