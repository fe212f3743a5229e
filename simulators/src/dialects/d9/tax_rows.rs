//! The tax views with Como's positions.

use chrono::NaiveDate;

use super::tables::Kind::{Char, Date, Decimal, Number, Text, Timestamp};
use super::tables::{Kind, Row, Table, Value};
use crate::population::places::Ente;
use crate::population::taxes::{Due, Notice, Property, Rate, Subject, Utility, YEARS, months, nav};
use crate::population::{Address, Birthplace, Population, day};

#[rustfmt::skip]
const SUBJECTS: [(&str, Kind); 13] = [
    ("ID_ORIG", Number(10)), ("COD_FISC", Text(20)), ("PART_IVA", Char(11)), ("COG_DENOM", Text(80)),
    ("NOME", Text(40)), ("SESSO", Char(1)), ("TIP_SOGG", Char(1)), ("DT_NSC", Date), ("COD_BLFR_CMN_NSC", Char(4)),
    ("DES_IND", Text(80)), ("NUM_CIV", Text(10)), ("ESP_CIV", Text(5)), ("TMS_AGG", Timestamp),
];

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
const IMU_PAYMENTS: [(&str, Kind); 14] = [
    ("ID_ORIG", Number(10)), ("ID_ORIG_SOGG_ICI", Number(10)), ("YEA_RIF", Char(4)), ("DAT_PAG", Date),
    ("IMP_PAG_EU", Decimal(12, 2)), ("IMP_TER_AGR_EU", Decimal(12, 2)), ("IMP_ARE_FAB_EU", Decimal(12, 2)),
    ("IMP_ABI_PRI_EU", Decimal(12, 2)), ("IMP_ALT_FAB_EU", Decimal(12, 2)), ("IMP_DTR_EU", Decimal(12, 2)),
    ("NUM_FAB", Number(4)), ("FLG_ACC_SAL", Char(1)), ("TIP_PAG", Char(3)), ("TMS_AGG", Timestamp),
];

#[rustfmt::skip]
const UTILITIES: [(&str, Kind); 18] = [
    ("ID_ORIG", Number(10)), ("ID_ORIG_SOGG", Number(10)), ("TIP_OGG", Char(1)), ("DES_CLS_RSU", Text(40)),
    ("SUP_TOT", Decimal(8, 2)), ("N_COMP_FAM", Number(2)), ("SEZ", Char(3)), ("FOGLIO", Char(5)), ("NUMERO", Char(5)),
    ("SUB", Char(4)), ("DES_IND", Text(80)), ("NUM_CIV", Text(10)), ("ESP_CIV", Text(5)), ("DES_RID", Text(40)),
    ("PRC_RID", Decimal(4, 1)), ("DAT_INI", Date), ("DAT_FIN", Date), ("TMS_AGG", Timestamp),
];

#[rustfmt::skip]
const NOTICES: [(&str, Kind); 9] = [
    ("ID_ORIG", Number(10)), ("ID_ORIG_SOGG", Number(10)), ("ANNO", Char(4)), ("NUM_AVVISO", Text(20)),
    ("DATA_AVVISO", Date), ("TOTALE", Decimal(12, 2)), ("IMP_PAG_EU", Decimal(12, 2)),
    ("IMP_RESIDUO_EU", Decimal(12, 2)), ("COD_AVVISO_PAGOPA", Char(18)),
];

#[rustfmt::skip]
const RATES: [(&str, Kind); 5] = [
    ("ID_EXT_AVVISO", Number(10)), ("PROG", Number(2)), ("COD_TRIBUTO", Char(4)), ("DATA_SCADENZA", Date),
    ("IMP_BOLLETTINO", Decimal(12, 2)),
];

#[rustfmt::skip]
const TARI_PAYMENTS: [(&str, Kind); 9] = [
    ("ID_ORIG", Number(10)), ("ID_ORIG_SOGG", Number(10)), ("ANNO", Char(4)), ("PROG", Number(2)),
    ("COD_TRIBUTO", Char(4)), ("DAT_PAG", Date), ("IMP_PAG_EU", Decimal(12, 2)), ("TIP_PAG", Char(3)),
    ("TMS_AGG", Timestamp),
];

pub fn tables(population: &Population, ente: &'static Ente) -> Vec<Table> {
    let taxes = &population.taxes;
    let ours = |subject: u32| taxes.knows(ente, subject);
    let properties = taxes
        .properties
        .iter()
        .filter(|property| ours(property.subject));
    let paid = taxes
        .dues
        .iter()
        .filter(|due| ours(due.subject))
        .filter_map(|due| Some((due, due.paid?)));
    let notices: Vec<_> = taxes
        .notices
        .iter()
        .filter(|notice| ours(notice.subject))
        .collect();
    let rates = || {
        notices
            .iter()
            .flat_map(|notice| notice.rates.iter().map(move |rate| (*notice, rate)))
    };
    let rates_paid = rates().filter_map(|(notice, rate)| Some((notice, rate, rate.paid?)));
    let table = |name, view, columns, rows| Table {
        name,
        view,
        columns,
        rows,
    };
    vec![
        table(
            "tri_soggetti",
            "vw_tributi_soggetti",
            &SUBJECTS,
            taxes.subjects_of(ente).map(subject).collect(),
        ),
        table(
            "tri_imu_immobili",
            "vw_imu_immobili",
            &PROPERTIES,
            properties.flat_map(property_years).collect(),
        ),
        table(
            "tri_imu_dovuto",
            "vw_imu_dovuto",
            &DUES,
            taxes
                .dues
                .iter()
                .filter(|due| ours(due.subject))
                .map(due)
                .collect(),
        ),
        table(
            "tri_imu_versamenti",
            "vw_imu_versamenti",
            &IMU_PAYMENTS,
            paid.zip(1..).map(imu_payment).collect(),
        ),
        table(
            "tri_tari_utenze",
            "vw_tari_utenze",
            &UTILITIES,
            taxes
                .utilities
                .iter()
                .filter(|utility| ours(utility.subject))
                .map(utility)
                .collect(),
        ),
        table(
            "tri_tari_avvisi",
            "vw_tari_avvisi",
            &NOTICES,
            notices.iter().map(|row| notice(row)).collect(),
        ),
        table(
            "tri_tari_rate",
            "vw_tari_rate",
            &RATES,
            rates().map(rate).collect(),
        ),
        table(
            "tri_tari_versamenti",
            "vw_tari_versamenti",
            &TARI_PAYMENTS,
            rates_paid.zip(1..).map(tari_payment).collect(),
        ),
    ]
}

fn yes_no(yes: bool) -> Value {
    if yes { "S" } else { "N" }.into()
}

/// When the nightly load last touched the tax tables.
fn loaded() -> Value {
    day(2026, 1, 31).into()
}

/// Street, number and what follows the number.
fn address(address: &Address) -> [Value; 3] {
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
        subject.sex.map(|sex| sex.letter()).into(),
        if subject.is_company() { "G" } else { "F" }.into(),
        subject.birth.into(),
        subject.birthplace.map(Birthplace::belfiore).into(),
    ];
    row.extend(address(&subject.address));
    row.push(loaded());
    row
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
        yes_no(owned_at_the_end),
        yes_no(owned_at_the_end && building.is_exempt()),
        yes_no(owned_at_the_end && reduced),
        yes_no(owned_at_the_end && building.sub_kind == 1),
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

fn imu_payment(((due, on), ordinal): ((&Due, NaiveDate), i64)) -> Row {
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

fn utility(utility: &Utility) -> Row {
    let members = utility
        .members
        .last()
        .map(|(_, people)| *people)
        .filter(|_| utility.household);
    let mut row = vec![
        utility.id.into(),
        utility.subject.into(),
        if utility.household { "D" } else { "N" }.into(),
        utility.description.into(),
        i64::from(utility.area * 10).into(),
        members.into(),
        Value::Null,
        utility.parcel.sheet.to_string().into(),
        utility.parcel.number.to_string().into(),
        utility.parcel.sub.to_string().into(),
    ];
    row.extend(address(&utility.address));
    // Open ends are written in two ways.
    let end = if utility.id.is_multiple_of(2) {
        utility.to
    } else {
        utility.to.or(Some(day(9999, 12, 31)))
    };
    row.extend([
        utility.reduction.map(|(text, _)| text).into(),
        utility.reduction.map(|(_, percent)| percent * 10).into(),
        utility.from.into(),
        end.into(),
        loaded(),
    ]);
    row
}

fn notice(notice: &Notice) -> Row {
    vec![
        notice.id.into(),
        notice.subject.into(),
        notice.year.to_string().into(),
        notice.number.as_str().into(),
        notice.on.into(),
        notice.total().into(),
        notice.paid().into(),
        (notice.total() - notice.paid()).into(),
        nav(notice.id).into(),
    ]
}

fn rate((notice, rate): (&Notice, &Rate)) -> Row {
    vec![
        notice.id.into(),
        rate.ordinal.into(),
        "3944".into(),
        rate.deadline.into(),
        rate.amount.into(),
    ]
}

fn tari_payment(((notice, rate, on), ordinal): ((&Notice, &Rate, NaiveDate), i64)) -> Row {
    vec![
        (500_000 + ordinal).into(),
        notice.subject.into(),
        notice.year.to_string().into(),
        rate.ordinal.into(),
        "3944".into(),
        on.into(),
        rate.amount.into(),
        "F24".into(),
        on.into(),
    ]
}
