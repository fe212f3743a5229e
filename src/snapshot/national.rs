//! Instances of the national registry: each body asks it in its own name, for one e-service, with evidence of who asks.

use std::collections::BTreeMap;

use super::Backend;
use crate::config::back_end_modi::BackEndModi;
use crate::config::back_end_pdnd::{BackEndPdnd, PdndUse};
use crate::config::mistake::Mistake;
use crate::config::modi::Pattern;
use crate::config::written::Written;
use crate::connectors::adapter::{Adapter, AdapterOperation};
use crate::contract::operation::Operation;

/// Checks every instance whose adapter asks the national registry.
pub(super) fn check(written: &Written, backends: &BTreeMap<String, Backend>) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for entry in &written.instances.read {
        let Some(backend) = backends.get(&entry.value.name) else {
            continue;
        };
        if !operations(&backend.adapter).any(Operation::is_national) {
            continue;
        }
        let mut report = |path: &str, text: &str| mistakes.push(entry.places.mistake(path, text));
        if !operations(&backend.adapter).all(Operation::is_national) {
            report(
                "adapter",
                "chiede all'ANPR e a un gestionale comunale: sono due adapter, perché l'uno non risponda mai per l'altro",
            );
        }
        if !entry.value.modi.as_ref().is_some_and(proves_everything) {
            report(
                "modi",
                "l'ANPR chiede INTEGRITY_REST_02 e AUDIT_REST_02 in [instance.modi]: chi sta chiedendo è nominato a ogni chiamata",
            );
        }
        if entry.value.bounds.per_ente != Some(1) {
            report(
                "bounds.per_ente",
                "l'ANPR vuole da ogni ente numeri crescenti, quindi una chiamata alla volta: serve per_ente = 1",
            );
        }
        match &entry.value.pdnd {
            None => report(
                "pdnd",
                "l'ANPR si chiama con i voucher della PDND: manca [instance.pdnd]",
            ),
            Some(pdnd) => {
                for (position, one) in pdnd.uses.iter().enumerate() {
                    for text in of_use(pdnd, position, one) {
                        report(&format!("pdnd.uses[{position}]"), text);
                    }
                }
            }
        }
    }
    mistakes
}

fn operations(adapter: &Adapter) -> impl Iterator<Item = Operation> {
    adapter.operations().iter().map(AdapterOperation::operation)
}

fn proves_everything(modi: &BackEndModi) -> bool {
    let demanded = [Pattern::IntegrityRest02, Pattern::AuditRest02];
    demanded.iter().all(|one| modi.patterns.contains(one))
}

/// A use is one body's, for the one e-service that was made for it: no client and no purpose speaks for two bodies.
fn of_use(
    pdnd: &BackEndPdnd,
    position: usize,
    one: &PdndUse,
) -> impl Iterator<Item = &'static str> {
    let earlier = &pdnd.uses[..position];
    let of_another = |same: &dyn Fn(&PdndUse) -> bool| {
        let mut shared = earlier.iter().filter(|earlier| same(earlier));
        shared.any(|earlier| earlier.enti != one.enti)
    };
    [
        (
            one.enti.len() != 1,
            "un uso dell'ANPR è di un ente solo, che chiede per sé: «enti» ne nomina uno",
        ),
        (
            one.operations.len() != 1,
            "un uso dell'ANPR è di un e-service solo: «operations» nomina un'operazione",
        ),
        (
            of_another(&|earlier| earlier.client == one.client),
            "il client è già di un altro ente: ciascuno chiede con il proprio",
        ),
        (
            of_another(&|earlier| earlier.purpose_id == one.purpose_id),
            "la finalità della PDND è già di un altro ente: ciascuno chiede per la propria",
        ),
    ]
    .into_iter()
    .filter_map(|(wrong, text)| wrong.then_some(text))
}
