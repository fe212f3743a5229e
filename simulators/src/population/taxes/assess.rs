//! What the properties and utilities of a municipality cost in each year, and who has paid.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::{Books, Building, Due, Instalment, Ledger, Notice, Property, Rate, Utility, YEARS};
use crate::population::{count, day};

/// Rates in hundred-thousandths, as a municipality might set them.
const OTHER_BUILDINGS: i64 = 1060;
const STATELY_MAIN_HOME: i64 = 600;
const GROUP_D_STATE: i64 = 760;
const GROUP_D_COMUNE: i64 = 300;
/// Deduction for a stately main home, in cents.
const DEDUCTION: i64 = 20_000;
/// The year whose second instalments are not yet due.
const CURRENT_YEAR: i32 = 2026;

impl Books {
    /// Closes the books: computes dues, notices and payments.
    pub fn assess(self: Books) -> Ledger {
        let mut ledger = self.ledger;
        for subject in ledger.subjects.iter().map(|subject| subject.id) {
            for year in YEARS {
                let owned: Vec<_> = ledger
                    .properties
                    .iter()
                    .filter(|property| property.subject == subject)
                    .collect();
                ledger.dues.extend(imu(subject, year, &owned));
                let used: Vec<_> = ledger
                    .utilities
                    .iter()
                    .filter(|utility| utility.subject == subject)
                    .collect();
                let id = 90_000 + subject % 10_000 / 1000 * 1000 + count(ledger.notices.len()) + 1;
                ledger.notices.extend(tari(id, subject, year, &used));
            }
        }
        ledger
    }
}

/// Months of the year for which the property counts.
pub fn months(from: NaiveDate, to: Option<NaiveDate>, year: i32) -> i64 {
    let first = if from.year() < year {
        1
    } else {
        i64::from(from.month()) + i64::from(from.day() > 15)
    };
    let last = match to {
        Some(end) if end.year() < year => return 0,
        Some(end) if end.year() == year => i64::from(end.month()) - i64::from(end.day() < 15),
        _ => 12,
    };
    if from.year() > year {
        0
    } else {
        (last - first + 1).max(0)
    }
}

impl Building {
    /// Taxable value in cents.
    pub fn value(&self) -> i64 {
        let multiplier = match self.category {
            "A/10" | "D/5" => 80,
            "B/1" | "C/3" | "C/4" | "C/5" => 140,
            "C/1" => 55,
            category if category.starts_with("D/") => 65,
            _ => 160,
        };
        let full = match self.kind {
            1 => self.rendita * 125 / 100 * 135,
            3 => self.rendita * 105 * multiplier / 100,
            _ => self.rendita,
        };
        if self.historic || self.unusable {
            full / 2
        } else {
            full
        }
    }

    fn rates(&self) -> Vec<(&'static str, i64)> {
        match (self.kind, self.sub_kind, self.category) {
            (1, ..) => vec![("3914", OTHER_BUILDINGS)],
            (2, ..) => vec![("3916", OTHER_BUILDINGS)],
            (_, 1, _) if self.is_exempt() => vec![],
            (_, 1, _) => vec![("3912", STATELY_MAIN_HOME)],
            (_, _, category) if category.starts_with("D/") => {
                vec![("3925", GROUP_D_STATE), ("3930", GROUP_D_COMUNE)]
            }
            _ => vec![("3918", OTHER_BUILDINGS)],
        }
    }

    /// The name of the rate and its thousandths, as a notice would print them.
    pub fn rate_label(&self) -> (&'static str, i64) {
        let total = self.rates().iter().map(|(_, rate)| rate).sum();
        match self.sub_kind {
            1 => ("ABITAZIONE PRINCIPALE", total),
            _ if self.category.starts_with("D/") => ("GRUPPO D", total),
            _ => ("ALTRI IMMOBILI", total),
        }
    }
}

fn imu(subject: u32, year: i32, owned: &[&Property]) -> Vec<Due> {
    let mut dues = Vec::new();
    for code in ["3912", "3914", "3916", "3918", "3925", "3930"] {
        let mut total = 0;
        let mut properties = 0;
        for property in owned {
            let months = months(property.building.from, property.building.to, year);
            let Some((_, rate)) = property
                .building
                .rates()
                .into_iter()
                .find(|(of, _)| *of == code)
            else {
                continue;
            };
            if months > 0 {
                properties += 1;
                total +=
                    property.building.value() * rate * i64::from(property.building.share) * months
                        / (100_000 * 1000 * 12);
            }
        }
        let deduction = if code == "3912" {
            DEDUCTION.min(total)
        } else {
            0
        };
        let total = to_the_euro(total - deduction);
        if properties == 0 || total == 0 {
            continue;
        }
        let acconto = to_the_euro(total / 2);
        for (instalment, amount, deadline) in [
            (Instalment::Acconto, acconto, working_day(day(year, 6, 16))),
            (
                Instalment::Saldo,
                total - acconto,
                working_day(day(year, 12, 16)),
            ),
        ] {
            let paid = paid_on(subject, year, instalment, deadline);
            dues.push(Due {
                subject,
                year,
                code,
                instalment,
                properties,
                amount,
                deduction: deduction / 2,
                deadline,
                paid,
            });
        }
    }
    dues
}

/// Most people pay in time; a few are late with one instalment or leave one unpaid.
fn paid_on(
    subject: u32,
    year: i32,
    instalment: Instalment,
    deadline: NaiveDate,
) -> Option<NaiveDate> {
    match (subject % 9, year, instalment) {
        (_, CURRENT_YEAR, Instalment::Saldo) | (0, 2024, Instalment::Saldo) => None,
        (4, 2023, Instalment::Acconto) => Some(deadline + Days::new(40)),
        _ => Some(deadline - Days::new(u64::from(1 + subject % 4))),
    }
}

fn tari(id: u32, subject: u32, year: i32, used: &[&Utility]) -> Option<Notice> {
    let total = to_the_euro(used.iter().map(|utility| tari_of(utility, year)).sum());
    if total == 0 {
        return None;
    }
    let first = to_the_euro(total / 2);
    let rate = |ordinal, amount, deadline: NaiveDate| {
        let instalment = if ordinal == 1 {
            Instalment::Acconto
        } else {
            Instalment::Saldo
        };
        Rate {
            ordinal,
            amount,
            deadline,
            paid: paid_on(subject, year, instalment, deadline),
        }
    };
    let rates = vec![
        rate(1, first, working_day(day(year, 5, 31))),
        rate(2, total - first, working_day(day(year, 12, 2))),
    ];
    Some(Notice {
        id,
        subject,
        year,
        number: format!("{year}/{:05}", subject % 1000),
        on: day(year, 4, 10),
        rates,
    })
}

fn tari_of(utility: &Utility, year: i32) -> i64 {
    let people = utility
        .members
        .iter()
        .rev()
        .find(|(from, _)| from.year() <= year)
        .map_or(0, |(_, people)| *people);
    let per_tenth = if utility.household { 11 } else { 32 };
    let full = i64::from(utility.area) * per_tenth + i64::from(people) * 4_500;
    let reduced = full * i64::from(100 - utility.reduction.map_or(0, |(_, percent)| percent)) / 100;
    reduced * months(utility.from, utility.to, year) / 12
}

fn to_the_euro(cents: i64) -> i64 {
    (cents + 50) / 100 * 100
}

fn working_day(day: NaiveDate) -> NaiveDate {
    match day.weekday() {
        Weekday::Sat => day + Days::new(2),
        Weekday::Sun => day + Days::new(1),
        _ => day,
    }
}

/// Notice number for pagoPA (18 digits: auxiliary digit 3, code 01, base, check), computed from the notice's number.
pub fn nav(notice: u32) -> String {
    let base = format!("301{notice:013}");
    let check = base
        .bytes()
        .fold(0, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 93);
    format!("{base}{check:02}")
}
