//! The registry view `vw_anagrafe` with Como's registrations.

use super::tables::Kind::{Char, Date, Number, Text, Timestamp};
use super::tables::{Kind, Row, Table, Value};
use crate::population::places::Ente;
use crate::population::{Birthplace, Person, Population, Status};

#[rustfmt::skip]
const COLUMNS: [(&str, Kind); 38] = [
    ("IDPERSONA", Number(10)), ("COGNOME", Char(40)), ("NOME", Char(40)), ("DATANASCITA", Date), ("SESSO", Char(1)),
    ("CODICEFISCALE", Text(20)), ("IDCOMUNENASCITA", Number(6)), ("IDSTATONASCITA", Number(3)),
    ("LOCALITANASCITA", Text(60)), ("IDSTATOCITT", Number(3)), ("IDSTATOCIVILE", Number(2)), ("DATAMATRIMONIO", Date),
    ("RESIDENTE", Char(1)), ("IDFAMIGLIA", Number(10)), ("IDPARENTELA", Number(3)), ("IDPADRE", Number(10)),
    ("IDMADRE", Number(10)), ("RESIDVIA", Number(8)), ("VIAPREFISSO", Char(10)), ("VIADESCRIZIONE", Text(60)),
    ("RESFRAZIONE", Text(40)), ("RESCIVICO", Number(5)), ("RESBARRATO", Char(5)), ("RESCAP", Char(5)),
    ("RESIDCOMUNEITALIANO", Number(6)), ("AIRE", Char(1)), ("IDSTATOESTERO", Number(3)), ("LOCALITAESTERA", Text(60)),
    ("INDIRIZZOESTERO", Text(80)), ("DATAIMMIGRAZIONE", Date), ("DATAEMIGRAZIONE", Date),
    ("IDCOMUNEEMIGRAZIONE", Number(6)), ("IDSTATOEMIGRAZIONE", Number(3)), ("IRREPERIBILE", Char(1)),
    ("DATAMORTE", Date), ("CERTIFICABILITA", Number(1)), ("PRATICAAPERTA", Char(1)),
    ("TSULTIMOAGGIORNAMENTO", Timestamp),
];

/// The table without rows, for whoever only changes the view.
pub fn empty_table() -> Table {
    Table {
        name: "ana_persone",
        view: "vw_anagrafe",
        columns: &COLUMNS,
        rows: Vec::new(),
    }
}

pub fn table(population: &Population, ente: &'static Ente) -> Table {
    Table {
        rows: population.residents_of(ente).map(row).collect(),
        ..empty_table()
    }
}

/// A code as a number: leading zeros are lost.
fn code(digits: &str) -> Value {
    digits.parse::<i64>().map_or(Value::Null, Value::Int)
}

/// Municipality, state and town; the state of an Italian place is 100.
fn place(at: Birthplace) -> [Value; 3] {
    match at {
        Birthplace::Italy(comune) => [code(comune.istat), Value::Int(100), Value::Null],
        Birthplace::Abroad(state, town) => [Value::Null, code(state.istat), town.into()],
    }
}

fn row(person: &Person) -> Row {
    let [birth_comune, birth_state, birth_town] = place(person.birthplace);
    let mut row = vec![
        person.id.into(),
        person.surname.as_str().into(),
        person.name.as_str().into(),
        person.birth.into(),
        stored_sex(person),
        person.stored_codice_fiscale().into(),
        birth_comune,
        birth_state,
        birth_town,
        code(person.citizenship.istat),
        u32::from(person.civil_state).into(),
        person.marriage.as_ref().map(|marriage| marriage.on).into(),
        Value::yes_no(person.is_resident()),
        person.family.into(),
        u32::from(person.relation).into(),
        person.father.into(),
        person.mother.into(),
    ];
    row.extend(address(person));
    row.extend(movements(person));
    row.extend([
        Value::yes_no(matches!(person.status, Status::Untraceable(_))),
        if let Status::Dead(on) = person.status {
            on.into()
        } else {
            Value::Null
        },
        u32::from(person.certifiability).into(),
        Value::yes_no(person.open_procedure),
        person.updated.into(),
    ]);
    row
}

/// Old rows lack the sex, or have a letter that means nothing; people of the cases keep theirs.
fn stored_sex(person: &Person) -> Value {
    match person.id % 41 {
        7 if person.cases.is_empty() => Value::Null,
        13 if person.cases.is_empty() => "X".into(),
        _ => person.sex.letter().into(),
    }
}

/// From `RESIDVIA` to `RESIDCOMUNEITALIANO`: where the person lives, or lived last, in this municipality.
fn address(person: &Person) -> [Value; 8] {
    let address = &person.address;
    let comune = match (person.status, &person.emigration) {
        (Status::Emigrated, Some(emigration)) => place(emigration.to)[0].clone(),
        (Status::Aire(_), _) => Value::Null,
        _ => code(person.ente.place.istat),
    };
    [
        address.street_code.into(),
        address.prefix.into(),
        address.street.into(),
        address.hamlet.into(),
        address.number.into(),
        address.letter.into(),
        person.ente.cap.into(),
        comune,
    ]
}

/// From `AIRE` to `IDSTATOEMIGRAZIONE`.
fn movements(person: &Person) -> [Value; 8] {
    let (since, to) = match &person.emigration {
        Some(emigration) => (Some(emigration.on), place(emigration.to)),
        None => (None, [Value::Null, Value::Null, Value::Null]),
    };
    let [to_comune, to_state, to_town] = to;
    let (aire, street) = match person.status {
        Status::Aire(street) => (true, Some(street)),
        _ => (false, None),
    };
    let abroad = |value: &Value| if aire { value.clone() } else { Value::Null };
    [
        Value::yes_no(aire),
        abroad(&to_state),
        abroad(&to_town),
        street.into(),
        person.resident_since.into(),
        since.into(),
        to_comune,
        to_state,
    ]
}
