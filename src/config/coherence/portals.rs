//! Portals, grants, purposes and operators: names once, certificates of one holder, grants that can grant something.

use std::collections::BTreeSet;

use crate::config::certificate::CertificateMatch;
use crate::config::mistake::Mistake;
use crate::config::portal::{Enti, Grant};
use crate::config::reading::places::{Entry, Places};
use crate::config::reading::similar::most_similar;
use crate::config::written::Written;
use crate::contract::operation::Operation;

use super::{duplicates, unknown};

/// Checks portals with their grants, purposes and operators.
pub fn check(written: &Written) -> Vec<Mistake> {
    let mut mistakes = duplicates(&written.portals, "name", |portal| portal.value.name.clone());
    mistakes.extend(duplicates(&written.purposes, "id", |purpose| {
        purpose.value.id.clone()
    }));
    mistakes.extend(duplicates(&written.operators, "name", |operator| {
        operator.value.name.clone()
    }));
    mistakes.extend(shared_certificates(
        &written.portals.read,
        |portal| &portal.name,
        |portal| &portal.certificates,
    ));
    mistakes.extend(shared_certificates(
        &written.operators.read,
        |operator| &operator.name,
        |operator| &operator.certificates,
    ));
    for operator in &written.operators.read {
        for (index, ente) in operator.value.enti.iter().enumerate() {
            if !written
                .enti
                .read
                .iter()
                .any(|known| known.value.codice_istat == *ente)
            {
                let path = format!("enti[{index}]");
                let text = format!("l'ente {ente} non è configurato");
                mistakes.push(operator.places.mistake(&path, text));
            }
        }
    }
    for portal in &written.portals.read {
        let mut ids = BTreeSet::new();
        for (index, grant) in portal.value.grant.iter().enumerate() {
            let path = format!("grant[{index}]");
            if !ids.insert(&grant.id) {
                let text = format!("il portale ha già un'autorizzazione «{}»", grant.id);
                mistakes.push(portal.places.mistake(&format!("{path}.id"), text));
            }
            check_grant(grant, &path, &portal.places, written, &mut mistakes);
        }
    }
    mistakes
}

/// Whoever can be recognized must be one: a certificate belongs to one portal, or to one operator.
fn shared_certificates<T>(
    entries: &[Entry<T>],
    name: impl Fn(&T) -> &String,
    certificates: impl Fn(&T) -> &Vec<CertificateMatch>,
) -> Vec<Mistake> {
    let mut holders: Vec<(&CertificateMatch, &String)> = Vec::new();
    let mut mistakes = Vec::new();
    for entry in entries {
        let certificates = certificates(&entry.value);
        if certificates.is_empty() {
            let text = "serve almeno un certificato";
            mistakes.push(entry.places.mistake("certificates", text));
        }
        for (index, certificate) in certificates.iter().enumerate() {
            match holders.iter().find(|(held, _)| *held == certificate) {
                Some((_, holder)) => {
                    let path = format!("certificates[{index}]");
                    let text = format!("il certificato è già di «{holder}»");
                    mistakes.push(entry.places.mistake(&path, text));
                }
                None => holders.push((certificate, name(&entry.value))),
            }
        }
    }
    mistakes
}

fn check_grant(
    grant: &Grant,
    path: &str,
    places: &Places,
    written: &Written,
    mistakes: &mut Vec<Mistake>,
) {
    let mut report = |key: String, text: String| {
        mistakes.push(places.mistake(&format!("{path}.{key}"), text));
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
            let text = format!("nessun campo di {operation}: l'autorizzazione non darebbe nulla");
            report("fields".to_owned(), text);
        }
    }
}
