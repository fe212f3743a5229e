//! What recorded examples show in the place of what is configured, and of what a recording itself makes up.

use secrecy::ExposeSecret;
use serde_json::Value;

use super::super::disguise::Configured;
use super::super::play::REFERENCE;
use super::super::read_json;
use super::super::setting::{self, TOKEN};
use super::{Origin, Take};
use crate::config::mistake::Mistake;
use crate::connectors::tape::Of;
use crate::connectors::template::placeholder::DeclaredValues;

/// Tokens and the numbers of requests, which are secrets of one recording.
pub(super) fn of_the_tapes(takes: &[Take]) -> Vec<Configured> {
    let tapes = takes.iter().flat_map(|take| &take.tape);
    let tokens = tapes.filter_map(|taped| match &taped.of {
        Of::Login(Ok(captures)) => captures.get("token").cloned(),
        Of::Login(Err(_)) | Of::Step(_) => None,
    });
    let tokens = tokens.map(|token| (token, TOKEN));
    let references = takes.iter().filter_map(|take| take.reference.clone());
    let references = references.map(|reference| (reference, REFERENCE));
    tokens
        .chain(references)
        .map(|(real, shown)| Configured {
            real,
            shown: shown.to_owned(),
            is_secret: true,
        })
        .collect()
}

/// The setting of the adapter's examples, or one that is made up.
pub(super) fn shared_setting(origin: &Origin<'_>) -> Result<Value, Mistake> {
    let path = origin.folder.join(setting::FILE);
    if path.is_file() {
        read_json(&path)
    } else {
        Ok(setting::made_up(origin.adapter, origin.now))
    }
}

/// What examples show in the place of what is configured.
pub(super) fn configured(origin: &Origin<'_>, shared: &Value) -> Result<Vec<Configured>, Mistake> {
    let shown = |section: &Value, declared: &DeclaredValues, name: &str| {
        let written = section[name].as_str().map(str::to_owned);
        written.or_else(|| declared.get(name)?.default.clone())
    };
    let declared = origin.adapter.declared();
    let mut pairs = Vec::new();
    for (name, secret) in origin.secrets {
        let real = secret.expose_secret();
        let shown = shown(&shared["secret"], &declared.secrets, name);
        if shown.as_deref() == Some(real) {
            let text = format!("il segreto «{name}» degli esempi è quello vero");
            return Err(Mistake::of_file(origin.folder.join(setting::FILE), text));
        }
        pairs.push(Configured {
            real: real.to_owned(),
            shown: shown.unwrap_or_else(|| "segreto".to_owned()),
            is_secret: true,
        });
    }
    let sections = [
        (origin.values, &shared["instance"], &declared.instance),
        (
            &origin.tenant.values,
            &shared["ente"]["values"],
            &declared.ente,
        ),
    ];
    for (values, section, declared) in sections {
        for (name, real) in values {
            let Some(shown) = shown(section, declared, name) else {
                continue;
            };
            // Several texts in one are parted by a line; shorter values are codes like others.
            let first = shown.split('|').next().unwrap_or(&shown).to_owned();
            // Codes of the ente are public, and answers have them for what they are.
            let public = [
                origin.tenant.codice_istat.as_str(),
                &origin.tenant.codice_belfiore,
            ];
            let is_public = |part: &&str| public.iter().any(|code| code.eq_ignore_ascii_case(part));
            let parts = real
                .split('|')
                .filter(|part| part.chars().count() >= 4 && !is_public(part));
            pairs.extend(parts.map(|part| Configured {
                real: part.to_owned(),
                shown: first.clone(),
                is_secret: false,
            }));
        }
    }
    Ok(pairs)
}
