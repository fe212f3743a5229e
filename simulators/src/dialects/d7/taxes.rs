//! Taxes in D7, proposed throughout.

use super::parameters::Parameters;
use super::write::{Dates, field, number, yes_or_no};
use crate::amounts::comma;
use crate::population::Population;
use crate::population::served::Served;
use crate::population::taxes::{Due, Notice, Parcel, Property, Subject, Utility, nav};
use crate::xml::Xml;

const POSITION: &str = "TRCORE01_99990003";

/// Taxpayers with the code or VAT number of the call; none if it names neither.
pub fn subjects<'a>(
    population: &'a Population,
    served: Served,
    call: &Parameters,
) -> Option<Vec<&'a Subject>> {
    let code = call
        .field(POSITION, "CodiceFiscale")
        .or(call.field(POSITION, "PartitaIVA"))?;
    Some(population.taxes.subjects_with(served.town, code))
}

/// `SEQ_Contribuente`; a year in the call limits what is due and noticed.
pub fn write(
    xml: &mut Xml,
    population: &Population,
    served: Served,
    call: &Parameters,
    subjects: &[&Subject],
) {
    let year = call
        .field(POSITION, "Anno")
        .and_then(|year| year.parse::<i32>().ok());
    let dates = Dates::of(served);
    let taxes = &population.taxes;
    xml.within("SEQ_Contribuente", |xml| {
        for subject in subjects {
            xml.within("Contribuente", |xml| {
                holder(xml, subject);
                let of_year = |of: u32, in_year: i32| {
                    of == subject.id && year.is_none_or(|year| year == in_year)
                };
                let own = |of: u32| of == subject.id;
                let properties = taxes.properties.iter().filter(|one| own(one.subject));
                sequence(xml, "Immobile", properties, |xml, one| {
                    estate(xml, dates, one);
                });
                let dues = taxes
                    .dues
                    .iter()
                    .filter(|one| of_year(one.subject, one.year));
                sequence(xml, "ImuDovuto", dues, |xml, one| due(xml, dates, one));
                let utilities = taxes.utilities.iter().filter(|one| own(one.subject));
                sequence(xml, "Utenza", utilities, |xml, one| {
                    utility(xml, dates, one);
                });
                let notices = taxes
                    .notices
                    .iter()
                    .filter(|one| of_year(one.subject, one.year));
                sequence(xml, "Avviso", notices, |xml, one| notice(xml, dates, one));
            });
        }
    });
}

/// `SEQ_name` with a `name` for every row; nothing without rows.
fn sequence<T>(
    xml: &mut Xml,
    name: &str,
    rows: impl Iterator<Item = T>,
    write: impl Fn(&mut Xml, T),
) {
    let mut rows = rows.peekable();
    if rows.peek().is_some() {
        xml.within(&format!("SEQ_{name}"), |xml| {
            for row in rows {
                xml.within(name, |xml| write(xml, row));
            }
        });
    }
}

fn holder(xml: &mut Xml, subject: &Subject) {
    number(xml, "CodiceContribuente", subject.id);
    field(
        xml,
        "TipoPersona",
        if subject.is_company() { "G" } else { "F" },
    );
    field(xml, "Denominazione", &subject.denomination);
    field(xml, "Nome", subject.name.as_deref().unwrap_or_default());
    field(
        xml,
        "CodiceFiscale",
        subject.codice_fiscale.as_deref().unwrap_or_default(),
    );
    field(
        xml,
        "PartitaIVA",
        subject.partita_iva.as_deref().unwrap_or_default(),
    );
}

fn position(xml: &mut Xml, parcel: &Parcel, address: &str) {
    field(xml, "Indirizzo", address);
    number(xml, "Foglio", parcel.sheet);
    number(xml, "Particella", parcel.number);
    number(xml, "Subalterno", parcel.sub);
}

fn estate(xml: &mut Xml, dates: Dates, property: &Property) {
    let building = &property.building;
    number(xml, "CodiceImmobile", property.id);
    number(xml, "Tipo", building.kind.into());
    position(xml, &property.parcel, &property.address.line());
    field(xml, "Categoria", building.category);
    field(xml, "Classe", building.class);
    field(xml, "Rendita", &comma(building.rendita));
    field(
        xml,
        "Possesso",
        &format!("{},{}", building.share / 10, building.share % 10),
    );
    field(xml, "Titolo", building.title);
    yes_or_no(xml, "AbitazionePrincipale", building.sub_kind == 1);
    yes_or_no(xml, "Pertinenza", building.sub_kind == 2);
    yes_or_no(xml, "Storico", building.historic);
    yes_or_no(xml, "Inagibile", building.unusable);
    yes_or_no(xml, "Esente", building.is_exempt());
    dates.field(xml, "DataInizio", Some(building.from));
    dates.field(xml, "DataFine", building.to);
}

fn due(xml: &mut Xml, dates: Dates, due: &Due) {
    field(xml, "Anno", &due.year.to_string());
    field(xml, "CodiceTributo", due.code);
    field(xml, "Rata", due.instalment.letter());
    number(xml, "NumeroImmobili", due.properties);
    field(xml, "Importo", &comma(due.amount));
    field(xml, "Detrazione", &comma(due.deduction));
    dates.field(xml, "Scadenza", Some(due.deadline));
    dates.field(xml, "DataVersamento", due.paid);
}

fn utility(xml: &mut Xml, dates: Dates, utility: &Utility) {
    number(xml, "CodiceUtenza", utility.id);
    yes_or_no(xml, "Domestica", utility.household);
    field(xml, "Categoria", utility.category);
    field(xml, "Descrizione", utility.description);
    field(
        xml,
        "Superficie",
        &format!("{},{}", utility.area / 10, utility.area % 10),
    );
    if let (true, Some((_, people))) = (utility.household, utility.members.last()) {
        number(xml, "Componenti", *people);
    }
    if let Some((text, percent)) = utility.reduction {
        field(xml, "Riduzione", text);
        number(xml, "PercentualeRiduzione", percent);
    }
    position(xml, &utility.parcel, &utility.address.line());
    dates.field(xml, "DataInizio", Some(utility.from));
    dates.field(xml, "DataFine", utility.to);
}

fn notice(xml: &mut Xml, dates: Dates, notice: &Notice) {
    number(xml, "CodiceAvviso", notice.id);
    field(xml, "Numero", &notice.number);
    field(xml, "Anno", &notice.year.to_string());
    dates.field(xml, "Data", Some(notice.on));
    field(xml, "Totale", &comma(notice.total()));
    field(xml, "Versato", &comma(notice.paid()));
    field(xml, "Residuo", &comma(notice.total() - notice.paid()));
    field(xml, "NumeroAvvisoPagoPA", &nav(notice.id));
    sequence(xml, "Rata", notice.rates.iter(), |xml, rate| {
        number(xml, "Numero", rate.ordinal);
        field(xml, "CodiceTributo", "3944");
        field(xml, "Importo", &comma(rate.amount));
        dates.field(xml, "Scadenza", Some(rate.deadline));
        dates.field(xml, "DataVersamento", rate.paid);
    });
}
