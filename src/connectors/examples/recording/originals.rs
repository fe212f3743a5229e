//! The last look at what was made: whatever of the originals is left, nothing is written.

use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use encoding_rs::WINDOWS_1252;
use serde_json::Value;

use super::super::disguise::Disguise;
use super::super::disguise::survivors::stands_in;
use super::{Files, Take};
use crate::config::mistake::Mistake;

/// Shorter runs of letters are words.
const SHORTEST_RUN: usize = 24;

/// Fields of the contract whose values are somebody's.
pub(super) const PERSONAL: [&str; 8] = [
    "codice_fiscale",
    "partita_iva",
    "cognome",
    "nome",
    "indirizzo",
    "data_nascita",
    "data_decesso",
    "data_decorrenza_residenza",
];

/// Fields that may name somebody or something of theirs, but are too short or too common to be looked for.
pub(super) const SOMEBODYS: [&str; 7] = [
    "denominazione",
    "frazione",
    "numero_civico",
    "sezione",
    "foglio",
    "particella",
    "subalterno",
];

/// The last look: whatever of the originals is left, from the answers or from what the portal would have got.
pub(super) fn refuse_originals(
    folder: &Path,
    files: &Files,
    takes: &[Take],
    disguise: &Disguise,
) -> Result<(), Mistake> {
    let mut known = Vec::new();
    for take in takes {
        known.extend(codes(&take.request).map(|code| code.trim().to_uppercase()));
        if let Ok(answer) = &take.outcome {
            personal(answer, &mut known);
        }
    }
    for (name, bytes) in files {
        // A file of the night may be of Windows-1252.
        let text = match str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
        };
        let text = format!("{text}\n{}", behind_base64(&text));
        let upper = text.to_uppercase();
        let left = disguise.survivors(&text)
            + known
                .iter()
                .filter(|original| stands_in(original, &upper))
                .count();
        if left > 0 {
            let text = format!("non scritto: {left} valori veri sarebbero rimasti");
            return Err(Mistake::of_file(folder.join(name), text));
        }
    }
    Ok(())
}

fn personal(value: &Value, known: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                match value.as_str() {
                    Some(text) if PERSONAL.contains(&key.as_str()) && text.chars().count() > 5 => {
                        known.push(text.to_uppercase());
                    }
                    Some(_) => {}
                    None => personal(value, known),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| personal(item, known)),
        _ => {}
    }
}

pub(super) fn codes(request: &Value) -> impl Iterator<Item = &str> {
    ["codice_fiscale", "partita_iva"]
        .into_iter()
        .filter_map(|key| request[key].as_str())
}

/// What stands in base64 in a text, taken out of it: an original is left there as well as anywhere.
fn behind_base64(text: &str) -> String {
    // A document in lines stands in several runs; each is as long as whole groups of four.
    let in_base64 =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '=');
    let runs = text.split(|letter: char| !in_base64(letter));
    let runs = runs.filter(|run| run.len() >= SHORTEST_RUN && run.len() % 4 == 0);
    let decoded = runs.filter_map(|run| BASE64_STANDARD.decode(run).ok());
    let texts = decoded.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    texts.collect::<Vec<_>>().join("\n")
}
