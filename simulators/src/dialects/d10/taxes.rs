//! The files of the taxes: taxpayers, utilities, ICI and IMU declarations, payments, parted by bars.

use chrono::NaiveDate;

use super::Lines;
use crate::amounts::comma;
use crate::population::served::Served;
use crate::population::taxes::{Due, Property, Subject, Utility, YEARS, months};
use crate::population::{Address, Birthplace, Population, Sex, day};

/// When the nightly load last touched the tables.
const LOADED: &str = "20260131021500";

/// Three files.
pub fn files(population: &Population, served: &Served, stamp: &str) -> Vec<Lines> {
    let (taxes, town) = (&population.taxes, served.town);
    let ours = |subject: u32| taxes.knows(town, subject);
    let subjects = |record: &str| -> Vec<String> {
        taxes
            .subjects_of(town)
            .map(|one| subject(record, one))
            .collect()
    };
    let mut tarsu = subjects("TRTRIBTARSUSOGG");
    let utilities = taxes.utilities.iter().filter(|one| ours(one.subject));
    tarsu.extend(utilities.map(utility));
    let mut ici = subjects("TRTRIBICISOGG");
    let properties = taxes.properties.iter().filter(|one| ours(one.subject));
    ici.extend(properties.flat_map(declarations));
    let paid = taxes.dues.iter().filter(|due| ours(due.subject));
    let paid = paid.filter_map(|due| Some((due, due.paid?)));
    let payments = paid.zip(1..).map(|((due, on), number)| {
        let payer = taxes
            .subjects
            .iter()
            .find(|subject| subject.id == due.subject);
        payment(due, on, number, payer)
    });
    let file = |prefix: &str, lines| Lines {
        name: format!("{prefix}_{}_{stamp}.txt", served.belfiore()),
        lines,
    };
    vec![
        file("TARSU", tarsu),
        file("ICI", ici),
        file("VICI", payments.collect()),
    ]
}

/// `A/3` as the land registry's files write it: `A03`.
fn category(category: &str) -> String {
    category
        .split_once('/')
        .map_or_else(String::new, |(group, number)| {
            format!("{group}{number:0>2}")
        })
}

fn written(day: Option<NaiveDate>) -> String {
    day.map_or_else(String::new, |day| day.format("%d/%m/%Y").to_string())
}

/// Street, number and what follows the number.
fn address(address: &Address) -> [String; 3] {
    let number = address
        .number
        .map_or_else(|| "SNC".to_owned(), |number| number.to_string());
    [
        address.road(),
        number,
        address.letter.unwrap_or_default().to_owned(),
    ]
}

fn yes_no(yes: bool) -> String {
    if yes { "S" } else { "N" }.to_owned()
}

/// Tenths of a unit as `33,3`.
fn tenths(value: u32) -> String {
    format!("{},{}", value / 10, value % 10)
}

fn person(subject: &Subject) -> [String; 7] {
    [
        subject.codice_fiscale.clone().unwrap_or_default(),
        subject.partita_iva.clone().unwrap_or_default(),
        subject.denomination.clone(),
        subject.name.clone().unwrap_or_default(),
        subject.sex.map(Sex::letter).unwrap_or_default().to_owned(),
        if subject.is_company() { "G" } else { "F" }.to_owned(),
        written(subject.birth),
    ]
}

fn subject(record: &str, subject: &Subject) -> String {
    let mut fields = vec![record.to_owned(), subject.id.to_string(), String::new()];
    fields.extend(person(subject));
    let birthplace = subject.birthplace.map(Birthplace::belfiore);
    fields.push(birthplace.unwrap_or_default().to_owned());
    fields.extend(address(&subject.address));
    fields.extend([LOADED.to_owned(), String::new(), String::new()]);
    fields.join("|")
}

fn utility(utility: &Utility) -> String {
    // Open ends are written in two ways.
    let open = (!utility.id.is_multiple_of(2)).then(|| day(9999, 12, 31));
    let members = utility.members.last().filter(|_| utility.household);
    let mut fields = vec![
        "TRTRIBTARSUDICH".to_owned(),
        utility.id.to_string(),
        utility.subject.to_string(),
        utility.subject.to_string(),
        utility.description.to_owned(),
        String::new(),
        utility.parcel.sheet.to_string(),
        utility.parcel.number.to_string(),
        utility.parcel.sub.to_string(),
        tenths(utility.area),
        written(Some(utility.from)),
        written(utility.to.or(open)),
        if utility.household { "D" } else { "N" }.to_owned(),
    ];
    fields.extend(address(&utility.address));
    fields.extend([LOADED.to_owned(), String::new(), String::new()]);
    fields.push(members.map_or_else(String::new, |(_, people)| people.to_string()));
    fields.join("|")
}

fn declarations(property: &Property) -> impl Iterator<Item = String> + '_ {
    YEARS.filter_map(|year| declaration(property, year))
}

fn declaration(property: &Property, year: i32) -> Option<String> {
    let building = &property.building;
    let months = months(building.from, building.to, year);
    if months == 0 {
        return None;
    }
    let at_the_end = building.to.is_none_or(|end| end > day(year, 12, 31));
    let reduced = building.historic || building.unusable;
    let (kind, value) = match building.kind {
        2 => ("V", building.value()),
        _ => ("R", building.rendita),
    };
    let mut fields = vec![
        "TRTRIBICIDICH".to_owned(),
        property.id.to_string(),
        property.subject.to_string(),
        year.to_string(),
        "1".to_owned(),
        year.to_string(),
        "O".to_owned(),
        String::new(),
        property.parcel.sheet.to_string(),
        property.parcel.number.to_string(),
        property.parcel.sub.to_string(),
        category(building.category),
        building.class.to_owned(),
        kind.to_owned(),
        comma(value),
        tenths(building.share),
        months.to_string(),
        if building.is_exempt() { months } else { 0 }.to_string(),
        if reduced { months } else { 0 }.to_string(),
        yes_no(at_the_end),
        yes_no(at_the_end && building.is_exempt()),
        yes_no(at_the_end && reduced),
        yes_no(at_the_end && building.sub_kind == 1),
    ];
    fields.extend(address(&property.address));
    fields.extend([LOADED.to_owned(), String::new(), String::new()]);
    Some(fields.join("|"))
}

fn payment(due: &Due, on: NaiveDate, number: u32, payer: Option<&Subject>) -> String {
    let part = |codes: &[&str]| {
        comma(if codes.contains(&due.code) {
            due.amount
        } else {
            0
        })
    };
    let mut fields = vec![
        "TRTRIBVICI".to_owned(),
        (400_000 + number).to_string(),
        due.subject.to_string(),
        String::new(),
    ];
    fields.extend(payer.map(person).unwrap_or_default());
    fields.extend([
        due.year.to_string(),
        written(Some(on)),
        comma(due.amount),
        part(&["3914"]),
        part(&["3916"]),
        part(&["3912"]),
        part(&["3918", "3925", "3930"]),
        comma(due.deduction),
        due.properties.to_string(),
        due.instalment.letter().to_owned(),
        String::new(),
        "4".to_owned(),
        on.format("%Y%m%d030211").to_string(),
        String::new(),
        String::new(),
    ]);
    fields.join("|")
}
