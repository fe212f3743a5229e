//! What D5 knows for TARES and TARI: utilities, and the declarations about them.

use chrono::NaiveDate;

use super::Desk;
use super::credentials::INVALID;
use super::declarations::Declaration;
use super::taxpayer::{person, street};
use crate::population::taxes::{Subject, Utility};
use crate::soap::Element;
use crate::xml::Xml;

/// A declaration that contradicts itself or the office's data.
const NOT_VALID: u16 = 111;
const EXISTS: u16 = 112;

/// Whether `getUtenzeStatoPratiche` was asked, which also tells how far declarations have come.
#[derive(Clone, Copy, PartialEq)]
pub enum Detail {
    Utilities,
    WithDeclarations,
}

/// `datiContribuente` of the taxpayer with this code; of two tax ids the one with utilities.
pub fn dati_contribuente(
    desk: &Desk<'_>,
    code: &str,
    detail: Detail,
    copies: usize,
) -> Option<String> {
    let taxes = &desk.world.population.taxes;
    let subjects = taxes.subjects_with(desk.served.town, code);
    let active = |subject: u32| active(&taxes.utilities, subject, desk.now.date());
    let subject = subjects
        .iter()
        .find(|subject| !active(subject.id).is_empty())
        .or(subjects.first())?;
    let declarations = desk.declarations.of(desk.served.belfiore(), subject.id);
    let mut xml = Xml::default();
    xml.within("datiContribuente", |xml| {
        xml.number("idContribuente", subject.id)
            .within("datiAnagrafici", |xml| holder(xml, desk, subject));
        utilities(xml, &active(subject.id), &declarations, copies);
        if detail == Detail::WithDeclarations && !declarations.is_empty() {
            xml.within("elencoPratiche", |xml| {
                for declaration in &declarations {
                    practice(xml, declaration);
                }
            });
        }
    });
    Some(xml.into_string())
}

/// Utilities of a taxpayer that have not ended.
fn active(all: &[Utility], subject: u32, today: NaiveDate) -> Vec<&Utility> {
    let open = |utility: &&Utility| {
        utility.subject == subject && utility.to.is_none_or(|end| end >= today)
    };
    all.iter().filter(open).collect()
}

fn holder(xml: &mut Xml, desk: &Desk<'_>, subject: &Subject) {
    if subject.is_company() {
        let code = subject.codice_fiscale.as_deref().unwrap_or("");
        xml.within("personaGiuridica", |xml| {
            xml.text("codiceFiscale", code)
                .text("denominazione", &subject.denomination);
        });
    } else {
        person(xml, subject);
    }
    if let Some(number) = &subject.partita_iva {
        xml.text("partitaIVA", number);
    }
    xml.within("datiDomicilio", |xml| {
        xml.text("comune", desk.served.place.istat);
        street(xml, &subject.address);
        xml.text("cap", desk.served.town.cap);
        if let Some(hamlet) = subject.address.hamlet {
            xml.text("frazione", hamlet);
        }
    });
}

fn utilities(xml: &mut Xml, active: &[&Utility], declared: &[Declaration], copies: usize) {
    if active.is_empty() {
        return;
    }
    xml.within("datiUtenzeAttive", |xml| {
        for (household, name) in [
            (true, "datiUtenzeDomestiche"),
            (false, "datiUtenzeCommerciali"),
        ] {
            let mut of_kind = active
                .iter()
                .filter(|utility| utility.household == household)
                .peekable();
            if of_kind.peek().is_some() {
                xml.within(name, |xml| {
                    for utility in of_kind {
                        for _ in 0..copies {
                            xml.within("utenza", |xml| write(xml, utility, declared));
                        }
                    }
                });
            }
        }
    });
}

fn write(xml: &mut Xml, utility: &Utility, declared: &[Declaration]) {
    let day = |day: NaiveDate| day.format("%d/%m/%Y").to_string();
    let changed = declared
        .iter()
        .rfind(|one| one.utility == utility.id && one.state() == "ACCETTATA");
    let area = changed.map_or(utility.area, |change| change.area);
    let area = format!("{}.{}", area / 10, area % 10);
    let since = changed.map_or(utility.from, |change| change.from);
    xml.number("identificativoUtenza", utility.id)
        .text("dataVariazioneUtenza", &day(since))
        .text("dataInizioUtenza", &day(utility.from))
        .within("ubicazione", |xml| street(xml, &utility.address))
        .within("datiCatastali", |xml| {
            xml.number("foglio", utility.parcel.sheet)
                .number("particella", utility.parcel.number)
                .number("subalterno", utility.parcel.sub);
        });
    if utility.household {
        xml.text("superficie", &area);
    } else {
        xml.text("supTassabile", &area)
            .text("supTotale", &area)
            .text("codAttivita", utility.category);
    }
    if let Some((text, _)) = utility.reduction {
        xml.text("riduzioneTariffa", text);
    }
    if let (true, Some((_, people))) = (utility.household, utility.members.last()) {
        xml.number("numComponentiNucleoFamiliare", *people);
    }
}

fn practice(xml: &mut Xml, declaration: &Declaration) {
    let day = |day: NaiveDate| day.format("%d/%m/%Y").to_string();
    xml.within("pratica", |xml| {
        xml.text("idRichiesta", &declaration.request)
            .text("tipoPratica", "VARIAZIONE_SUPERFICIE")
            .number("identificativoUtenza", declaration.utility)
            .text("numProtocollo", &declaration.protocol_number)
            .text("dataProtocollo", &day(declaration.protocol_date))
            .text("dataDecorrenza", &day(declaration.from))
            .text("stato", declaration.state());
    });
}

/// Carries out `setVariazioneSuperficie`; its code.
pub fn submit(desk: &Desk<'_>, call: &Element, request: &str) -> u16 {
    match read(desk, call, request).map(|declaration| desk.declarations.submit(declaration)) {
        Ok(true) => 0,
        Ok(false) => EXISTS,
        Err(code) => code,
    }
}

fn read(desk: &Desk<'_>, call: &Element, request: &str) -> Result<Declaration, u16> {
    let data = call.child("datiVariazione").ok_or(INVALID)?;
    let change = ["Domestica", "Commerciale"]
        .into_iter()
        .find_map(|kind| {
            let name = format!("datiUtenzaVariazioneSuperficie{kind}");
            data.child(&name).map(|change| (kind, change))
        })
        .ok_or(INVALID)?;
    let (kind, change) = change;
    let date = |of: &Element, name: &str| {
        let text = of.filled(name).ok_or(NOT_VALID)?;
        NaiveDate::parse_from_str(text, "%d/%m/%Y").map_err(|_| NOT_VALID)
    };
    date(data, "dataDichiarazione")?;
    let protocol_number = data.filled("numProtocollo").ok_or(NOT_VALID)?.to_owned();
    let protocol_date = date(data, "dataProtocollo")?;
    let number = |of: Option<&Element>, name: &str| {
        let text = of.and_then(|of| of.filled(name)).ok_or(NOT_VALID)?;
        text.parse::<u32>().map_err(|_| NOT_VALID)
    };
    let subject = number(data.child("datiContribuente"), "idContribuente")?;
    let utility = number(Some(change), "idUtenza")?;
    let taxes = &desk.world.population.taxes;
    let known = taxes.knows(desk.served.town, subject)
        && active(&taxes.utilities, subject, desk.now.date())
            .iter()
            .any(|one| one.id == utility && one.household == (kind == "Domestica"));
    let area = match kind {
        "Domestica" => change.filled("nuovaSuperficie"),
        _ => change.filled("supCoperta"),
    };
    let area = area.and_then(tenths).filter(|_| known).ok_or(NOT_VALID)?;
    Ok(Declaration {
        ente: desk.served.belfiore(),
        request: request.to_owned(),
        subject,
        utility,
        protocol_number,
        protocol_date,
        from: date(change, "dataDecorrenza")?,
        area,
        completion: desk.turn.completion(),
    })
}

/// `85`, `85.0` or `85.5` in tenths.
fn tenths(text: &str) -> Option<u32> {
    let (whole, tenth) = text.split_once('.').unwrap_or((text, "0"));
    if tenth.len() != 1 {
        return None;
    }
    let (whole, tenth): (u32, u32) = (whole.parse().ok()?, tenth.parse().ok()?);
    whole.checked_mul(10)?.checked_add(tenth)
}
