//! Binds enti to instances and instances to adapters.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::ente::Ente;
use crate::config::mistake::Mistake;
use crate::config::written::Written;
use crate::connectors::adapter::{Adapter, Connector};
use crate::connectors::instance::Tenant;
use crate::contract::operation::{Domain, Operation};

use super::{Backend, Binding, EnteEntry};

/// Every adapter that an instance names, once.
pub(super) fn load_adapters(
    written: &Written,
) -> Result<BTreeMap<String, Arc<Adapter>>, Vec<Mistake>> {
    let Some(files) = &written.sections.files else {
        return Ok(BTreeMap::new());
    };
    let mut adapters: BTreeMap<String, Option<Arc<Adapter>>> = BTreeMap::new();
    let mut mistakes = Vec::new();
    for entry in &written.instances.read {
        let name = &entry.value.adapter;
        let folder = files.adapters.join(name);
        if name.contains(['/', '\\']) || name.starts_with('.') || !folder.is_dir() {
            let text = format!(
                "non c'è un adapter «{name}» in {}",
                files.adapters.display()
            );
            mistakes.push(entry.places.mistake("adapter", text));
            continue;
        }
        if adapters.contains_key(name) {
            continue;
        }
        let loaded = Adapter::load(&folder).map_err(|found| mistakes.extend(found));
        adapters.insert(name.clone(), loaded.ok().map(Arc::new));
    }
    if mistakes.is_empty() {
        Ok(adapters
            .into_iter()
            .filter_map(|(name, adapter)| Some((name, adapter?)))
            .collect())
    } else {
        Err(mistakes)
    }
}

/// Every instance with its adapter.
pub(super) fn backends_of(
    written: &Written,
    adapters: &BTreeMap<String, Arc<Adapter>>,
) -> BTreeMap<String, Backend> {
    let instances = written.instances.read.iter().map(|entry| &entry.value);
    instances
        .filter_map(|instance| {
            let backend = Backend {
                adapter: Arc::clone(adapters.get(&instance.adapter)?),
                instance: Arc::new(instance.clone()),
            };
            Some((instance.name.clone(), backend))
        })
        .collect()
}

/// Enti whose instance speaks a language that knows nothing of the domain.
pub(super) fn unanswered_domains(
    written: &Written,
    backends: &BTreeMap<String, Backend>,
) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for entry in &written.enti.read {
        for (domain, servizio) in &entry.value.servizi {
            let Some(backend) = backends.get(&servizio.instance) else {
                continue;
            };
            if !answers(&backend.adapter, *domain) {
                let path = format!("servizi.{}.instance", domain.name());
                let text = format!(
                    "l'istanza «{}» usa l'adapter «{}», che non ha operazioni di {}",
                    servizio.instance,
                    backend.adapter.name(),
                    domain.name()
                );
                mistakes.push(entry.places.mistake(&path, text));
            }
            let night = servizio.while_closed.as_ref();
            let night = night.and_then(|name| backends.get(name));
            if night.is_some_and(|night| {
                !matches!(night.adapter.connector(), Connector::Files(_))
                    || !answers(&night.adapter, *domain)
            }) {
                let path = format!("servizi.{}.while_closed", domain.name());
                let text = format!(
                    "serve un'istanza di file notturni con operazioni di {}",
                    domain.name()
                );
                mistakes.push(entry.places.mistake(&path, text));
            }
        }
    }
    mistakes
}

fn answers(adapter: &Adapter, domain: Domain) -> bool {
    Operation::ALL
        .into_iter()
        .any(|operation| operation.domain() == domain && adapter.operation(operation).is_some())
}

/// The ente with who answers for it.
pub(super) fn bound(ente: Ente, backends: &BTreeMap<String, Backend>) -> EnteEntry {
    let bindings = ente
        .servizi
        .into_iter()
        .filter_map(|(domain, servizio)| {
            let backend = backends.get(&servizio.instance)?;
            let tenant = Tenant {
                codice_istat: ente.codice_istat.clone(),
                codice_belfiore: ente.codice_belfiore.clone(),
                values: servizio.values.clone(),
            };
            let binding = Binding {
                instance: Arc::clone(&backend.instance),
                adapter: Arc::clone(&backend.adapter),
                tenant: Arc::new(tenant),
                while_closed: servizio
                    .while_closed
                    .as_ref()
                    .and_then(|name| backends.get(name).cloned()),
                servizio,
            };
            Some((domain, binding))
        })
        .collect();
    EnteEntry {
        codice_istat: ente.codice_istat,
        codice_belfiore: ente.codice_belfiore,
        codice_ipa: ente.codice_ipa,
        denominazione: ente.denominazione,
        joins: ente.joins,
        bindings,
    }
}
