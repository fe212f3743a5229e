//! The tax service of D3, proposed: everything about a taxpayer in one answer.

use super::anagrafe::{date, optional_date, yes_or_no};
use super::errors::{BAD_REQUEST, NOT_FOUND, Refusal};
use crate::amounts::grouped;
use crate::population::Population;
use crate::population::served::Served;
use crate::population::taxes::{Due, Notice, Parcel, Property, Rate, Subject, Utility, nav};
use crate::soap::Element;
use crate::xml::Xml;

/// `TRIBUTI`: taxpayers with that `CodiceFiscale` (or VAT number).
pub fn taxpayers<'a>(
    population: &'a Population,
    served: Served,
    request: &Element,
) -> Result<Vec<&'a Subject>, Refusal> {
    let code = request.filled("CodiceFiscale").ok_or(BAD_REQUEST)?;
    let found = population.taxes.subjects_with(served.town, code);
    if found.is_empty() {
        Err(NOT_FOUND)
    } else {
        Ok(found)
    }
}

/// A taxpayer with properties, utilities and, of one year or of all, what is due and paid.
pub fn write_taxpayer(
    xml: &mut Xml,
    population: &Population,
    subject: &Subject,
    year: Option<i32>,
) {
    let books = &population.taxes;
    let asked = |of: i32| year.is_none_or(|year| year == of);
    xml.within("Contribuente", |xml| {
        identity(xml, subject);
        for property in books
            .properties
            .iter()
            .filter(|row| row.subject == subject.id)
        {
            write_property(xml, property);
        }
        let dues = books.dues.iter().filter(|row| row.subject == subject.id);
        for due in dues.filter(|due| asked(due.year)) {
            write_due(xml, due);
        }
        for utility in books
            .utilities
            .iter()
            .filter(|row| row.subject == subject.id)
        {
            write_utility(xml, utility);
        }
        let notices = books.notices.iter().filter(|row| row.subject == subject.id);
        for notice in notices.filter(|notice| asked(notice.year)) {
            write_notice(xml, notice);
        }
    });
}

fn identity(xml: &mut Xml, subject: &Subject) {
    xml.number("Codice", subject.id)
        .text("Tipo", if subject.is_company() { "G" } else { "F" })
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
}

fn position(xml: &mut Xml, parcel: &Parcel) {
    xml.number("Foglio", parcel.sheet)
        .number("Particella", parcel.number)
        .number("Subalterno", parcel.sub);
}

fn write_property(xml: &mut Xml, property: &Property) {
    let building = &property.building;
    xml.within("Immobile", |xml| {
        xml.number("Codice", property.id)
            .number("Tipo", building.kind)
            .text("Categoria", building.category)
            .text("Classe", building.class);
        position(xml, &property.parcel);
        xml.text("Indirizzo", &property.address.line())
            .text("Rendita", &grouped(building.rendita))
            .text("Possesso", &tenths(building.share))
            .text("Titolo", building.title)
            .text("AbitazionePrincipale", yes_or_no(building.sub_kind == 1))
            .text("Pertinenza", yes_or_no(building.sub_kind == 2))
            .text("Storico", yes_or_no(building.historic))
            .text("Inagibile", yes_or_no(building.unusable))
            .text("Esente", yes_or_no(building.is_exempt()))
            .text("DataInizio", &date(building.from))
            .text("DataFine", &optional_date(building.to));
    });
}

/// Thousandths as a percentage, or tenths of a square metre: `33,3`.
fn tenths(value: u32) -> String {
    format!("{},{}", value / 10, value % 10)
}

fn write_due(xml: &mut Xml, due: &Due) {
    xml.within("ImuDovuto", |xml| {
        xml.number("Anno", due.year)
            .text("CodiceTributo", due.code)
            .text("Rata", due.instalment.letter())
            .number("NumeroImmobili", due.properties)
            .text("Importo", &grouped(due.amount))
            .text("Detrazione", &grouped(due.deduction))
            .text("Scadenza", &date(due.deadline));
    });
    if let Some(paid) = due.paid {
        xml.within("ImuVersamento", |xml| {
            xml.number("Anno", due.year)
                .text("CodiceTributo", due.code)
                .text("Rata", due.instalment.letter())
                .text("Data", &date(paid))
                .text("Importo", &grouped(due.amount))
                .text("Detrazione", &grouped(due.deduction))
                .text("Ravvedimento", yes_or_no(paid > due.deadline));
        });
    }
}

fn write_utility(xml: &mut Xml, utility: &Utility) {
    let (reduction, percent) = utility.reduction.unwrap_or_default();
    xml.within("TariUtenza", |xml| {
        xml.number("Codice", utility.id)
            .text("Domestica", yes_or_no(utility.household))
            .text("Categoria", utility.category)
            .text("Descrizione", utility.description)
            .text("Superficie", &tenths(utility.area));
        if let Some((_, people)) = utility.members.last().filter(|_| utility.household) {
            xml.number("Componenti", *people);
        }
        if utility.reduction.is_some() {
            xml.text("Riduzione", reduction)
                .number("PercentualeRiduzione", percent);
        }
        position(xml, &utility.parcel);
        xml.text("Indirizzo", &utility.address.line())
            .text("DataInizio", &date(utility.from))
            .text("DataFine", &optional_date(utility.to));
    });
}

fn write_notice(xml: &mut Xml, notice: &Notice) {
    xml.within("TariAvviso", |xml| {
        xml.number("Codice", notice.id)
            .text("Numero", &notice.number)
            .number("Anno", notice.year)
            .text("Data", &date(notice.on))
            .text("Totale", &grouped(notice.total()))
            .text("Versato", &grouped(notice.paid()))
            .text("Residuo", &grouped(notice.total() - notice.paid()))
            .text("CodiceAvviso", &nav(notice.id));
        for rate in &notice.rates {
            write_rate(xml, rate);
        }
    });
}

fn write_rate(xml: &mut Xml, rate: &Rate) {
    xml.within("Rata", |xml| {
        xml.number("Numero", rate.ordinal)
            .text("CodiceTributo", "3944")
            .text("Importo", &grouped(rate.amount))
            .text("Scadenza", &date(rate.deadline))
            .text("DataVersamento", &optional_date(rate.paid));
    });
}
