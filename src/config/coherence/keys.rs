//! What holds between the keys on tokens and those who sign with them.

use std::path::Path;

use crate::config::key::{SigningKey, TokenKey};
use crate::config::mistake::Mistake;
use crate::config::reading::places::Places;
use crate::config::written::Written;

use super::unknown;

const DEVELOPMENT: &str = "una chiave in un file firma solo in sviluppo ([node] development = true): in esercizio sta su un token, \
     in [[key]] (docs/cards.md)";

/// Checks the keys, and every place that names one.
pub(super) fn check(written: &Written) -> Vec<Mistake> {
    let keys = written.keys.read.iter();
    let mut mistakes: Vec<Mistake> = keys
        .flat_map(|entry| limits(&entry.value, &entry.places))
        .collect();
    mistakes.extend(super::duplicates(&written.keys, "name", |entry| {
        entry.value.name.clone()
    }));
    mistakes.extend(super::duplicates(&written.keys, "key", |entry| {
        entry.value.place()
    }));
    let sections = &written.sections;
    if let Some(signer) = &sections.signer {
        let certificate = signer.certificate.as_deref();
        mistakes.extend(certified(written, &signer.key, certificate, "signer"));
    }
    if let Some(seal) = &sections.seal {
        let certificate = seal.certificate.as_deref();
        mistakes.extend(certified(written, &seal.key, certificate, "seal"));
    }
    for entry in &written.instances.read {
        let clients = entry.value.pdnd.iter().flat_map(|pdnd| &pdnd.clients);
        for (name, client) in clients {
            let path = format!("pdnd.clients.{name}.key");
            mistakes.extend(reference(
                written,
                &client.key.reference,
                &entry.places,
                &path,
            ));
            if client.key.reference.names().len() > 1 {
                let text = "la PDND conosce una sola chiave del client";
                mistakes.push(entry.places.mistake(&path, text));
            }
        }
    }
    mistakes
}

/// A section whose key others know by a certificate.
fn certified(
    written: &Written,
    key: &SigningKey,
    certificate: Option<&Path>,
    section: &str,
) -> Vec<Mistake> {
    let places = &written.places;
    let mut mistakes = reference(written, key, places, &format!("{section}.key"));
    let text = match (key, certificate) {
        (SigningKey::Pem(_), None) => Some("manca «certificate»: è quello della chiave"),
        (SigningKey::Token { .. }, Some(_)) => {
            Some("il certificato di una chiave su token sta sul token, o in [[key]]")
        }
        _ => None,
    };
    mistakes.extend(text.map(|text| places.mistake(section, text)));
    mistakes
}

fn limits(key: &TokenKey, places: &Places) -> Vec<Mistake> {
    let limits = [
        (key.sessions > 0, "sessions", "serve almeno una sessione"),
        (
            key.queue >= key.sessions,
            "queue",
            "in coda stanno almeno tante firme quante sono le sessioni",
        ),
        (
            !key.deadline.is_zero(),
            "deadline",
            "con 0 non firma nessuno",
        ),
    ];
    let broken = limits.into_iter().filter(|(holds, ..)| !holds);
    broken
        .map(|(_, path, text)| places.mistake(path, text))
        .collect()
}

fn reference(written: &Written, key: &SigningKey, places: &Places, path: &str) -> Vec<Mistake> {
    let known = || {
        let keys = written.keys.read.iter();
        keys.map(|entry| entry.value.name.as_str())
    };
    let missing = key.names().iter().filter(|name| !written.keys.knows(name));
    let mut mistakes: Vec<Mistake> = missing
        .map(|name| places.mistake(path, unknown("la chiave", name, known())))
        .collect();
    let node = written.sections.node.as_ref();
    if key.pem().is_some() && node.is_some_and(|node| !node.development) {
        mistakes.push(places.mistake(path, DEVELOPMENT));
    }
    mistakes
}
