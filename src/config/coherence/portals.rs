//! Portals, purposes and operators: names once, certificates of one holder.

use crate::config::certificate::CertificateMatch;
use crate::config::mistake::Mistake;
use crate::config::modi::Pattern;
use crate::config::operator::{Operator, OperatorRole};
use crate::config::reading::places::Entry;
use crate::config::written::Written;

use super::duplicates;

/// Checks portals, purposes and operators.
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
    for portal in &written.portals.read {
        let signed = portal
            .value
            .modi
            .as_ref()
            .is_some_and(|modi| modi.answers_signed);
        if signed && written.sections.signer.is_none() {
            let text = "le risposte firmate chiedono la chiave di Pontile in [signer]";
            mistakes.push(portal.places.mistake("modi.answers_signed", text));
        }
        if portal.value.pdnd.is_some() {
            if written.sections.pdnd.is_none() {
                let text = "i voucher chiedono chi li emette, in [pdnd]";
                mistakes.push(portal.places.mistake("pdnd", text));
            }
            let modi = portal.value.modi.iter();
            let mut demanded =
                modi.flat_map(|modi| modi.operations.values().chain([&modi.patterns]));
            let in_authorization = [Pattern::IdAuthRest01, Pattern::IdAuthRest02];
            if demanded.any(|patterns| in_authorization.iter().any(|one| patterns.contains(one))) {
                let text =
                    "in Authorization sta il voucher: ID_AUTH_REST e voucher sono alternativi";
                mistakes.push(portal.places.mistake("pdnd", text));
            }
        }
        let host = written.sections.login.as_ref();
        if portal.value.login.is_some() && host.is_none_or(|host| host.oidc.is_none()) {
            let text = "l'accesso con la carta chiede l'host delle carte, [login.oidc]";
            mistakes.push(portal.places.mistake("login", text));
        }
    }
    mistakes.extend(operators(written));
    mistakes
}

/// Operators have a role, and enti of the configuration.
fn operators(written: &Written) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for operator in &written.operators.read {
        let Operator { roles, enti, .. } = &operator.value;
        if roles.is_empty() {
            mistakes.push(operator.places.mistake("roles", "serve almeno un ruolo"));
        }
        if roles.contains(&OperatorRole::Addetto) && enti.is_empty() {
            let text = "un addetto lavora in enti determinati: servono in `enti`";
            mistakes.push(operator.places.mistake("roles", text));
        }
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
