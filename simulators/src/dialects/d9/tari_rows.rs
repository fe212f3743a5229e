//! The TARI views: utilities, notices with their instalments, payments.

use chrono::NaiveDate;

use super::tables::Kind::{Char, Date, Decimal, Number, Text, Timestamp};
use super::tables::{Kind, Row, Table, Value};
use super::tax_rows::{address, loaded};
use crate::population::day;
use crate::population::taxes::{Ledger, Notice, Rate, Utility, nav};

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
const PAYMENTS: [(&str, Kind); 9] = [
    ("ID_ORIG", Number(10)), ("ID_ORIG_SOGG", Number(10)), ("ANNO", Char(4)), ("PROG", Number(2)),
    ("COD_TRIBUTO", Char(4)), ("DAT_PAG", Date), ("IMP_PAG_EU", Decimal(12, 2)), ("TIP_PAG", Char(3)),
    ("TMS_AGG", Timestamp),
];

/// The tables of the taxpayers for whom `ours` is true.
pub fn tables(taxes: &Ledger, ours: impl Fn(u32) -> bool) -> Vec<Table> {
    let utilities = taxes
        .utilities
        .iter()
        .filter(|utility| ours(utility.subject));
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
    let paid = rates().filter_map(|(notice, rate)| Some((notice, rate, rate.paid?)));
    vec![
        Table {
            name: "tri_tari_utenze",
            view: "vw_tari_utenze",
            columns: &UTILITIES,
            rows: utilities.map(utility).collect(),
        },
        Table {
            name: "tri_tari_avvisi",
            view: "vw_tari_avvisi",
            columns: &NOTICES,
            rows: notices.iter().map(|row| notice(row)).collect(),
        },
        Table {
            name: "tri_tari_rate",
            view: "vw_tari_rate",
            columns: &RATES,
            rows: rates().map(rate).collect(),
        },
        Table {
            name: "tri_tari_versamenti",
            view: "vw_tari_versamenti",
            columns: &PAYMENTS,
            rows: paid.zip(1..).map(payment).collect(),
        },
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

fn payment(((notice, rate, on), ordinal): ((&Notice, &Rate, NaiveDate), i64)) -> Row {
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
