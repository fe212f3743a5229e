//! `[instance.modi]` beside what else speaks for an instance: headers never compete, and every token can be made and read.

use std::collections::BTreeMap;

use http::header::AUTHORIZATION;

use super::Backend;
use crate::config::back_end_modi::BackEndModi;
use crate::config::instance::InstanceSettings;
use crate::config::mistake::Mistake;
use crate::config::reading::places::Entry;
use crate::config::written::Written;
use crate::connectors::adapter::{Adapter, Connector, Rest};
use crate::contract::operation::Operation;
use crate::modi::AnswerSigners;

/// Headers that ModI alone writes.
const OF_MODI: [&str; 3] = ["digest", "agid-jwt-signature", "agid-jwt-trackingevidence"];

/// Checks every instance whose back end demands tokens or signs its answers.
pub(super) fn check(written: &Written, backends: &BTreeMap<String, Backend>) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for entry in &written.instances.read {
        let backend = backends.get(&entry.value.name);
        let (Some(modi), Some(backend)) = (&entry.value.modi, backend) else {
            continue;
        };
        let texts = of_instance(modi, entry, &backend.adapter)
            .into_iter()
            .chain(
                (written.sections.signer.is_none() && entry.value.pdnd.is_none())
                    .then_some("i token chiedono la chiave di Pontile in [signer]"),
            );
        mistakes.extend(texts.map(|text| entry.places.mistake("modi", text)));
        if let Some(answers) = &modi.answers {
            mistakes.extend(AnswerSigners::load(answers).err().unwrap_or_default());
        }
    }
    mistakes
}

fn of_instance(
    modi: &BackEndModi,
    entry: &Entry<InstanceSettings>,
    adapter: &Adapter,
) -> Vec<&'static str> {
    let mut texts = Vec::new();
    match adapter.connector() {
        Connector::Rest(rest) => texts.extend(of_headers(modi, rest)),
        _ => texts.push("i pattern del ModI per REST chiedono un adapter REST"),
    }
    if modi.names_the_asker() && outlives_its_call(entry, adapter) {
        texts.push(
            "AUDIT_REST nomina chi sta chiedendo: non va con un gestionale che risponde in seguito né con deferred.after, \
             quando chi chiede non c'è più",
        );
    }
    texts
}

/// `Authorization` is ModI's or the account's.
fn of_headers(modi: &BackEndModi, rest: &Rest) -> Option<&'static str> {
    let mut headers = rest.headers.iter().map(|(name, _)| name);
    let taken = rest.basic.is_some() || headers.any(|name| *name == AUTHORIZATION);
    if modi.takes_authorization() && taken {
        return Some(
            "Authorization è già dell'utenza che l'adapter usa: non può portare anche il token di ID_AUTH_REST",
        );
    }
    let mut headers = rest.headers.iter().map(|(name, _)| name.as_str());
    headers
        .any(|name| OF_MODI.contains(&name))
        .then_some("l'adapter scrive da sé un'intestazione che è del ModI")
}

fn outlives_its_call(entry: &Entry<InstanceSettings>, adapter: &Adapter) -> bool {
    let mut operations = Operation::ALL
        .into_iter()
        .filter_map(|operation| adapter.operation(operation));
    entry.value.deferred.after.is_some()
        || operations.any(|operation| operation.deferral().is_some())
}
