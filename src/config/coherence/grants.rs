//! Grants: of portals and enti that there are, able to grant something, and resting on deeds wherever persons are told of.

use std::collections::BTreeSet;

use crate::config::grant::agreement::BaseGiuridica;
use crate::config::grant::{Enti, Grant};
use crate::config::mistake::Mistake;
use crate::config::reading::places::{Entry, Place, Places};
use crate::config::reading::similar::most_similar;
use crate::config::written::Written;
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::Operation;

use super::unknown;

/// Checks every grant.
pub fn check(written: &Written) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut earlier: Vec<&Entry<Grant>> = Vec::new();
    for entry in &written.grants.read {
        let grant = &entry.value;
        let same = |other: &&&Entry<Grant>| {
            other.value.id == grant.id && other.value.portal == grant.portal
        };
        if let Some(other) = earlier.iter().find(same) {
            let place = other.places.of("id").map(Place::name).unwrap_or_default();
            let text = format!(
                "il portale ha già una concessione «{}» in {place}",
                grant.id
            );
            mistakes.push(entry.places.mistake("id", text));
        }
        earlier.push(entry);
        if !written.portals.knows(&grant.portal) {
            let known = written.portals.names.iter().map(String::as_str);
            let text = unknown("il portale", &grant.portal, known);
            mistakes.push(entry.places.mistake("portal", text));
        }
        check_grant(grant, &entry.places, written, &mut mistakes);
        if grant.is_personal() {
            check_deeds(grant, &entry.places, written, &mut mistakes);
            check_verifications(grant, &entry.places, &mut mistakes);
        }
    }
    mistakes
}

/// What only the catalogue can do without.
fn check_deeds(grant: &Grant, places: &Places, written: &Written, mistakes: &mut Vec<Mistake>) {
    let deeds = [
        (
            "chi",
            grant.chi.is_some(),
            "chi chiede di chi: \"sistema\", \"ufficio\" o { interessato = \"substantial\" }",
        ),
        ("from", grant.days.is_some(), "e «to», i giorni in cui vale"),
        (
            "agreed",
            grant.agreed.is_some(),
            "{ by, on }: chi l'ha concordata e quando",
        ),
        (
            "base_giuridica",
            grant.base_giuridica.is_some(),
            "la base giuridica delle risposte",
        ),
        (
            "nomina",
            grant.nomina.is_some(),
            "{ protocollo, on }: la nomina a responsabile (GDPR, art. 28)",
        ),
        (
            "dpo",
            grant.dpo.is_some(),
            "il recapito del responsabile della protezione dei dati",
        ),
    ];
    for (key, is_there, what) in deeds {
        // What is written and wrong is a mistake already.
        if !is_there && !places.has(key) {
            let text = format!("su dati personali serve «{key}», {what}");
            mistakes.push(places.mistake("", text));
        }
    }
    let lacking = without_convenzione(grant, written);
    if let Some(first) = lacking.first() {
        let others = match lacking.len() {
            1 => String::new(),
            number => format!(" e altri {}", number - 1),
        };
        let text = format!("manca la convenzione con l'ente {first}{others}");
        mistakes.push(places.mistake("convenzione", text));
    }
}

/// A check of self-declarations and its legal basis belong together: the one is for nothing else, and nothing else is for it. Without a
/// volume a portal could guess until it is told yes.
fn check_verifications(grant: &Grant, places: &Places, mistakes: &mut Vec<Mistake>) {
    let is_for_checks = grant.base_giuridica == Some(BaseGiuridica::Dpr445Art71);
    let mut personal = grant
        .operations
        .iter()
        .filter(|operation| operation.is_personal());
    let verifies = grant
        .operations
        .iter()
        .any(|operation| operation.is_verification());
    if verifies && grant.base_giuridica.is_some() && !is_for_checks {
        let text =
            "la verifica di dichiarazioni sostitutive ha una sola base giuridica: \"dpr445_art71\"";
        mistakes.push(places.mistake("base_giuridica", text));
    }
    if is_for_checks && let Some(other) = personal.find(|operation| !operation.is_verification()) {
        let text = format!(
            "l'art. 71 permette di controllare dichiarazioni, non di ricevere dati: {other} vuole un'altra base giuridica, in una concessione sua"
        );
        mistakes.push(places.mistake("base_giuridica", text));
    }
    if verifies && !places.has("daily_quota") {
        let text = "la verifica di dichiarazioni sostitutive vuole «daily_quota»: senza un volume il portale potrebbe indovinare per tentativi";
        mistakes.push(places.mistake("", text));
    }
}

/// The configured enti that the grant covers and that signed nothing.
fn without_convenzione<'a>(grant: &'a Grant, written: &'a Written) -> Vec<&'a CodiceIstat> {
    let signed = |ente: &CodiceIstat| {
        let mut convenzioni = grant.convenzioni.iter();
        convenzioni.any(|convenzione| convenzione.enti.covers(ente))
    };
    let enti: Vec<&CodiceIstat> = match &grant.enti {
        Enti::Only(enti) => enti.iter().collect(),
        Enti::All => {
            let configured = written.enti.read.iter();
            configured.map(|ente| &ente.value.codice_istat).collect()
        }
    };
    enti.into_iter().filter(|ente| !signed(ente)).collect()
}

fn check_grant(grant: &Grant, places: &Places, written: &Written, mistakes: &mut Vec<Mistake>) {
    let mut report = |key: String, text: String| {
        mistakes.push(places.mistake(&key, text));
    };
    if grant.operations.is_empty() {
        report(
            "operations".to_owned(),
            "serve almeno un'operazione".to_owned(),
        );
    }
    if let Enti::Only(enti) = &grant.enti {
        if enti.is_empty() {
            report("enti".to_owned(), "serve almeno un ente".to_owned());
        }
        for ente in enti
            .iter()
            .filter(|ente| !written.enti.knows(ente.as_str()))
        {
            let known = written.enti.names.iter().map(String::as_str);
            report(
                format!("enti.only[{ente}]"),
                unknown("l'ente", ente.as_str(), known),
            );
        }
    }
    for purpose in grant
        .purposes
        .iter()
        .filter(|purpose| !written.purposes.knows(purpose))
    {
        let known = written.purposes.names.iter().map(String::as_str);
        report(
            format!("purposes[{purpose}]"),
            unknown("la finalità", purpose, known),
        );
    }
    for purpose in grant.protected_purposes.difference(&grant.purposes) {
        report(
            format!("protected_purposes[{purpose}]"),
            format!("«{purpose}» non è fra le finalità della concessione, in «purposes»"),
        );
    }
    check_fields(grant, &mut report);
}

fn check_fields(grant: &Grant, report: &mut impl FnMut(String, String)) {
    let personal: Vec<Operation> = grant
        .operations
        .iter()
        .copied()
        .filter(|operation| operation.is_personal())
        .collect();
    let offered: BTreeSet<&str> = personal
        .iter()
        .flat_map(|operation| operation.fields())
        .copied()
        .collect();
    for field in grant
        .fields
        .iter()
        .filter(|field| !offered.contains(field.as_str()))
    {
        let text = match most_similar(field, offered.iter().copied()) {
            Some(similar) => {
                format!("nessuna delle operazioni ha il campo «{field}»: forse «{similar}»?")
            }
            None => format!("nessuna delle operazioni ha il campo «{field}»"),
        };
        report(format!("fields[{field}]"), text);
    }
    if !personal.is_empty() && grant.purposes.is_empty() {
        let text = "le operazioni su dati personali chiedono almeno una finalità";
        report("purposes".to_owned(), text.to_owned());
    }
    for operation in personal {
        if !operation
            .fields()
            .iter()
            .any(|field| grant.fields.contains(*field))
        {
            let text = format!("nessun campo di {operation}: la concessione non darebbe nulla");
            report("fields".to_owned(), text);
        }
    }
}
