//! What D5 knows for IMU: a taxpayer and the properties.

use super::Desk;
use super::taxpayer::{person, street};
use crate::population::served::Served;
use crate::population::taxes::{Property, Subject};
use crate::xml::Xml;

/// `datiContribuente` of the first taxpayer with this code who owns something; others cannot be represented.
pub fn dati_contribuente(desk: &Desk<'_>, code: &str, copies: usize) -> Option<String> {
    let (population, served) = (&desk.world.population, desk.served);
    let subjects = population.taxes.subjects_with(served.town, code);
    let (subject, owned) = subjects.into_iter().find_map(|subject| {
        let owned: Vec<_> = population
            .taxes
            .properties
            .iter()
            .filter(|property| property.subject == subject.id)
            // Without an end in the answer, what was sold cannot be told from what is owned.
            .filter(|property| {
                property
                    .building
                    .to
                    .is_none_or(|end| end >= desk.now.date())
            })
            .collect();
        (!owned.is_empty()).then_some((subject, owned))
    })?;
    let mut xml = Xml::default();
    xml.within("datiContribuente", |xml| {
        xml.number("idContribuente", subject.id);
        holder(xml, subject);
        residence(xml, served, subject);
        xml.within("immobili", |xml| {
            for property in owned {
                for _ in 0..copies {
                    estate(xml, property);
                }
            }
        });
    });
    Some(xml.into_string())
}

fn holder(xml: &mut Xml, subject: &Subject) {
    if subject.is_company() {
        xml.within("societa", |xml| {
            xml.text("partitaIva", subject.partita_iva.as_deref().unwrap_or(""))
                .text("denominazione", &subject.denomination);
        });
    } else {
        person(xml, subject);
    }
}

fn residence(xml: &mut Xml, served: Served, subject: &Subject) {
    let address = &subject.address;
    xml.within("datiResidenza", |xml| {
        xml.text("descResidenza", served.place.name)
            .text("provincia", served.place.province)
            .text("cap", served.town.cap)
            .text("viaNonCodificata", &address.road());
        if let Some(number) = address.number {
            xml.number("numeroCivico", number);
        }
        if let Some(letter) = address.letter {
            xml.text("esponente", &format!("/{letter}"));
        }
    });
}

fn estate(xml: &mut Xml, property: &Property) {
    let building = &property.building;
    xml.within("datiImmobile", |xml| {
        xml.number("idImmobile", property.id)
            .within("ubicazione", |xml| street(xml, &property.address))
            .within("datiCatastali", |xml| {
                xml.number("foglio", property.parcel.sheet)
                    .number("particella", property.parcel.number)
                    .number("subalterno", property.parcel.sub);
            });
        if !building.category.is_empty() {
            xml.text("categoriaCatastale", building.category);
        }
        let share = format!("{}.{}", building.share / 10, building.share % 10);
        xml.text("percentualePossesso", &share).text(
            "dataInizioDecorrenza",
            &building.from.format("%d/%m/%Y").to_string(),
        );
    });
}
