//! The documents that D8 carries, proposed throughout: ISO dates, amounts with a decimal point.

use chrono::NaiveDate;

use crate::population::served::Served;
use crate::population::taxes::{Due, Notice, Property, Subject, Utility, nav};
use crate::population::{Birthplace, Person, Population, Status};
use crate::xml::Xml;

/// Every registration of a code, oldest first, with the family of who is resident.
pub fn registry(
    population: &Population,
    served: Served,
    code: &str,
    copies: usize,
) -> Option<String> {
    let people = population.by_codice_fiscale(served.town, code);
    document("RispostaAnagrafe", &people, copies, |xml, person| {
        xml.within("Persona", |xml| {
            write_person(xml, population, served, person);
        });
    })
}

/// Every taxpayer of a code; a year limits what is due and noticed.
pub fn taxes(
    population: &Population,
    served: Served,
    code: &str,
    year: Option<i32>,
    copies: usize,
) -> Option<String> {
    let subjects = population.taxes.subjects_with(served.town, code);
    document("RispostaTributi", &subjects, copies, |xml, subject| {
        xml.within("Contribuente", |xml| {
            write_taxpayer(xml, population, subject, year);
        });
    })
}

/// What became of a change of area; none if that taxpayer has no such utility.
pub fn declaration(
    population: &Population,
    served: Served,
    code: &str,
    utility: Option<u32>,
    number: u32,
) -> Option<String> {
    let taxes = &population.taxes;
    let subjects = taxes.subjects_with(served.town, code);
    let mut utilities = taxes.utilities.iter();
    utilities.find(|one| {
        Some(one.id) == utility && subjects.iter().any(|subject| subject.id == one.subject)
    })?;
    let mut xml = Xml::default();
    xml.within("RispostaDichiarazione", |xml| {
        xml.number("NumeroPratica", number)
            .text("Esito", "ACCETTATA");
    });
    Some(xml.into_string())
}

fn document<T>(
    name: &str,
    rows: &[T],
    copies: usize,
    write: impl Fn(&mut Xml, &T),
) -> Option<String> {
    if rows.is_empty() {
        return None;
    }
    let mut xml = Xml::default();
    xml.within(name, |xml| {
        for row in rows {
            for _ in 0..copies {
                write(xml, row);
            }
        }
    });
    Some(xml.into_string())
}

fn date(day: Option<NaiveDate>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

fn amount(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn tenths(value: u32) -> String {
    format!("{}.{}", value / 10, value % 10)
}

fn identity(xml: &mut Xml, person: &Person) {
    let code = person.stored_codice_fiscale();
    xml.number("Id", person.id)
        .text("Cognome", &person.surname)
        .text("Nome", &person.name)
        .text("CodiceFiscale", code.as_deref().unwrap_or_default())
        .text("Sesso", person.sex.letter())
        .text("DataNascita", &date(Some(person.birth)));
}

/// `Comune…`, `Stato…` and `Luogo…`; what does not apply is empty.
fn place(xml: &mut Xml, of: &str, at: Option<Birthplace>) {
    let (comune, state, name) = match at {
        Some(Birthplace::Italy(comune)) => (comune.istat, "", comune.name),
        Some(Birthplace::Abroad(state, town)) => ("", state.istat, town),
        None => ("", "", ""),
    };
    xml.text(&format!("Comune{of}"), comune)
        .text(&format!("Stato{of}"), state)
        .text(&format!("Luogo{of}"), name);
}

fn write_person(xml: &mut Xml, population: &Population, served: Served, person: &Person) {
    let left = person.emigration.map(|emigration| emigration.on);
    let moved_to = person.emigration.map(|emigration| emigration.to);
    let (state, since, at) = match person.status {
        Status::Resident => ("RESIDENTE", Some(person.resident_since), None),
        Status::Dead(on) => ("DECEDUTO", Some(on), None),
        Status::Emigrated => ("EMIGRATO", left, moved_to),
        Status::Aire(_) => ("AIRE", left, moved_to),
        Status::Untraceable(on) => ("IRREPERIBILE", Some(on), None),
    };
    let here = matches!(person.status, Status::Resident | Status::Dead(_));
    identity(xml, person);
    place(xml, "Nascita", Some(person.birthplace));
    let married = person.marriage.as_ref().map(|marriage| marriage.on);
    xml.text("Cittadinanza", person.citizenship.istat)
        .number("StatoCivile", person.civil_state)
        .text("DataMatrimonio", &date(married))
        .text("Posizione", state)
        .text("DataPosizione", &date(since));
    let at = if here {
        Some(Birthplace::Italy(served.place))
    } else {
        at
    };
    place(xml, "Residenza", at);
    let street = match person.status {
        Status::Aire(street) => street.to_owned(),
        _ if here => person.address.line(),
        _ => String::new(),
    };
    xml.text("Indirizzo", &street)
        .text("Cap", if here { served.town.cap } else { "" })
        .number("Certificabilita", person.certifiability)
        .text(
            "PraticaAperta",
            if person.open_procedure {
                "true"
            } else {
                "false"
            },
        );
    if person.is_resident() {
        for member in population.family(served.town, person.family) {
            xml.within("Componente", |xml| {
                identity(xml, member);
                xml.number("Parentela", member.relation);
            });
        }
    }
}

fn write_taxpayer(xml: &mut Xml, population: &Population, subject: &Subject, year: Option<i32>) {
    let taxes = &population.taxes;
    let of_year = |in_year: i32| year.is_none_or(|year| year == in_year);
    xml.number("Id", subject.id)
        .text("Denominazione", &subject.denomination)
        .text("Nome", subject.name.as_deref().unwrap_or_default())
        .text(
            "CodiceFiscale",
            subject.codice_fiscale.as_deref().unwrap_or_default(),
        )
        .text(
            "PartitaIva",
            subject.partita_iva.as_deref().unwrap_or_default(),
        );
    let own = |of: u32| of == subject.id;
    for one in taxes.properties.iter().filter(|one| own(one.subject)) {
        xml.within("Immobile", |xml| estate(xml, one));
    }
    for one in taxes
        .dues
        .iter()
        .filter(|one| own(one.subject) && of_year(one.year))
    {
        xml.within("ImuDovuto", |xml| due(xml, one));
    }
    for one in taxes.utilities.iter().filter(|one| own(one.subject)) {
        xml.within("Utenza", |xml| utility(xml, one));
    }
    for one in taxes
        .notices
        .iter()
        .filter(|one| own(one.subject) && of_year(one.year))
    {
        xml.within("Avviso", |xml| notice(xml, one));
    }
}

fn estate(xml: &mut Xml, property: &Property) {
    let building = &property.building;
    xml.number("Id", property.id)
        .number("Tipo", building.kind)
        .text("Categoria", building.category)
        .text("Classe", building.class)
        .number("Foglio", property.parcel.sheet)
        .number("Particella", property.parcel.number)
        .number("Subalterno", property.parcel.sub)
        .text("Indirizzo", &property.address.line())
        .text("Rendita", &amount(building.rendita))
        .text("Possesso", &tenths(building.share))
        .text("Titolo", building.title)
        .text(
            "AbitazionePrincipale",
            if building.sub_kind == 1 {
                "true"
            } else {
                "false"
            },
        )
        .text(
            "Esente",
            if building.is_exempt() {
                "true"
            } else {
                "false"
            },
        )
        .text("DataInizio", &date(Some(building.from)))
        .text("DataFine", &date(building.to));
}

fn due(xml: &mut Xml, due: &Due) {
    xml.number("Anno", due.year)
        .text("CodiceTributo", due.code)
        .text("Rata", due.instalment.letter())
        .number("NumeroImmobili", due.properties)
        .text("Importo", &amount(due.amount))
        .text("Detrazione", &amount(due.deduction))
        .text("Scadenza", &date(Some(due.deadline)))
        .text("DataVersamento", &date(due.paid));
}

fn utility(xml: &mut Xml, utility: &Utility) {
    xml.number("Id", utility.id)
        .text(
            "Domestica",
            if utility.household { "true" } else { "false" },
        )
        .text("Categoria", utility.category)
        .text("Superficie", &tenths(utility.area))
        .text("Indirizzo", &utility.address.line());
    if let (true, Some((_, people))) = (utility.household, utility.members.last()) {
        xml.number("Componenti", *people);
    }
    xml.text("DataInizio", &date(Some(utility.from)))
        .text("DataFine", &date(utility.to));
}

fn notice(xml: &mut Xml, notice: &Notice) {
    xml.number("Id", notice.id)
        .text("Numero", &notice.number)
        .number("Anno", notice.year)
        .text("Data", &date(Some(notice.on)))
        .text("Totale", &amount(notice.total()))
        .text("Versato", &amount(notice.paid()))
        .text("NumeroAvviso", &nav(notice.id));
}
