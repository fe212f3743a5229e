//! Whether instances and enti give their adapter the values and secrets that it declares, and no others.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration};

use crate::config::calendar::Calendar;
use crate::config::instance::InstanceSettings;
use crate::config::mistake::Mistake;
use crate::config::reading::places::{Entry, Places};
use crate::config::reading::similar::most_similar;
use crate::config::written::Written;
use crate::connectors::adapter::{Adapter, Connector};
use crate::connectors::closures::closed_until;
use crate::connectors::template::placeholder::DeclaredValues;

use super::Backend;

/// Secrets that an SQL connection takes whatever the adapter declares.
const SECRETS_OF_SQL: [&str; 1] = ["password"];

/// Secrets that an SFTP server takes.
const SECRETS_OF_FILES: [&str; 1] = ["key"];

/// Every value that is missing, of the wrong form, or given to nobody.
pub(super) fn check(written: &Written, backends: &BTreeMap<String, Backend>) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for entry in &written.instances.read {
        if let Some(backend) = backends.get(&entry.value.name) {
            check_instance(entry, &backend.adapter, &mut mistakes);
            check_portals(entry, &backend.adapter, written, &mut mistakes);
        }
    }
    for entry in &written.enti.read {
        for (domain, servizio) in &entry.value.servizi {
            if let Some(backend) = backends.get(&servizio.instance) {
                let given = Given {
                    adapter: &backend.adapter,
                    path: format!("servizi.{}.values", domain.name()),
                    places: &entry.places,
                };
                given.check(
                    &backend.adapter.declared().ente,
                    &servizio.values,
                    &mut mistakes,
                );
            }
        }
    }
    mistakes
}

fn check_instance(entry: &Entry<InstanceSettings>, adapter: &Adapter, mistakes: &mut Vec<Mistake>) {
    let settings = &entry.value;
    let declared = adapter.declared();
    let given = |path: &str| Given {
        adapter,
        path: path.to_owned(),
        places: &entry.places,
    };
    given("values").check(&declared.instance, &settings.values, mistakes);
    let own_secrets: &[&str] = match adapter.connector() {
        Connector::Sql => &SECRETS_OF_SQL,
        Connector::Files(_) => &SECRETS_OF_FILES,
        Connector::Soap(_) | Connector::Rest(_) | Connector::Manual => &[],
    };
    let secrets: BTreeMap<String, String> = settings
        .secrets
        .keys()
        .filter(|name| !own_secrets.contains(&name.as_str()))
        .map(|name| (name.clone(), String::new()))
        .collect();
    given("secrets").check(&declared.secrets, &secrets, mistakes);
    if let Some(most) = adapter.concurrency()
        && settings.bounds.concurrency > most
    {
        let text = format!(
            "il prodotto dell'adapter «{}» regge al massimo {most} chiamate per volta",
            adapter.name()
        );
        mistakes.push(entry.places.mistake("bounds.concurrency", text));
    }
    let scheme = settings.address.split(':').next().unwrap_or_default();
    if never_opens(&settings.calendar) {
        let text = "il calendario non lascia aperto nessun momento della settimana";
        mistakes.push(entry.places.mistake("calendar", text));
    }
    let speaks: &[&str] = match adapter.connector() {
        Connector::Sql => &["sqlite", "postgres", "postgresql", "mysql"],
        Connector::Files(_) => &["folder", "sftp"],
        Connector::Manual => &["operatori"],
        Connector::Soap(_) | Connector::Rest(_) => &["http", "https"],
    };
    check_files(entry, adapter, scheme, mistakes);
    if !speaks.contains(&scheme) {
        let text = format!(
            "l'adapter «{}» non parla con un indirizzo {scheme}",
            adapter.name()
        );
        mistakes.push(entry.places.mistake("address", text));
    }
}

/// Values for one portal: of a portal that there is, and declared by the adapter.
fn check_portals(
    entry: &Entry<InstanceSettings>,
    adapter: &Adapter,
    written: &Written,
    mistakes: &mut Vec<Mistake>,
) {
    for (portal, values) in &entry.value.per_portal {
        let path = format!("per_portal.{portal}");
        let names = || written.portals.read.iter().map(|entry| &*entry.value.name);
        if !names().any(|name| name == portal) {
            let text = match most_similar(portal, names()) {
                Some(known) => format!("non c'è un portale «{portal}»: forse «{known}»?"),
                None => format!("non c'è un portale «{portal}»"),
            };
            mistakes.push(entry.places.mistake(&path, text));
        }
        let given = Given {
            adapter,
            path,
            places: &entry.places,
        };
        given.check_given(&adapter.declared().instance, values, mistakes);
    }
}

/// What an SFTP server needs, and nobody else has.
fn check_files(
    entry: &Entry<InstanceSettings>,
    adapter: &Adapter,
    scheme: &str,
    mistakes: &mut Vec<Mistake>,
) {
    let settings = &entry.value;
    let is_of_files = matches!(adapter.connector(), Connector::Files(_));
    if !is_of_files && settings.night.is_some() {
        let text = format!("l'adapter «{}» non legge file notturni", adapter.name());
        mistakes.push(entry.places.mistake("night", text));
    }
    if !is_of_files || scheme != "sftp" {
        return;
    }
    let host_key = settings
        .night
        .as_ref()
        .and_then(|night| night.host_key.as_ref());
    let in_form = host_key.is_some_and(|key| {
        let mut words = key.split_whitespace();
        let (kind, key) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        (kind.starts_with("ssh-") || kind.starts_with("ecdsa-")) && key.len() > 40
    });
    if !in_form {
        let text = "verso un server SFTP serve la sua chiave pubblica, come \"ssh-ed25519 AAAA…\"";
        mistakes.push(entry.places.mistake("night.host_key", text));
    }
    if !settings.secrets.contains_key("key") {
        let text = "verso un server SFTP serve il segreto «key», la chiave privata";
        mistakes.push(entry.places.mistake("secrets", text));
    }
    if !settings.address.contains('@') {
        let text = "l'indirizzo SFTP nomina l'utente: sftp://utente@host/percorso";
        mistakes.push(entry.places.mistake("address", text));
    }
}

/// Whether hours and weekly maintenance alone, in a week without holidays and clock changes, leave nothing open.
fn never_opens(calendar: &Calendar) -> bool {
    let weekly = Calendar {
        open: calendar.open.clone(),
        weekly: calendar.weekly.clone(),
        ..Calendar::default()
    };
    let monday = DateTime::from_timestamp(1_768_176_000, 0);
    let opens =
        |monday| closed_until(&weekly, monday).unwrap_or(monday) < monday + Duration::days(8);
    !monday.is_some_and(opens)
}

/// What the configuration gives at one place.
struct Given<'a> {
    adapter: &'a Adapter,
    path: String,
    places: &'a Places,
}

impl Given<'_> {
    fn check(
        &self,
        declared: &DeclaredValues,
        given: &BTreeMap<String, String>,
        mistakes: &mut Vec<Mistake>,
    ) {
        let adapter = self.adapter.name();
        for (name, value) in declared {
            if value.default.is_none() && !given.contains_key(name) {
                let text = format!(
                    "manca «{name}», che l'adapter «{adapter}» chiede: {}",
                    value.about
                );
                mistakes.push(self.places.mistake(&self.path, text));
            }
        }
        self.check_given(declared, given, mistakes);
    }

    /// What is given must be declared, and of the declared form.
    fn check_given(
        &self,
        declared: &DeclaredValues,
        given: &BTreeMap<String, String>,
        mistakes: &mut Vec<Mistake>,
    ) {
        let adapter = self.adapter.name();
        for (name, text) in given {
            let path = format!("{}.{name}", self.path);
            match declared.get(name) {
                None => {
                    let text = match most_similar(name, declared.keys().map(String::as_str)) {
                        Some(known) => {
                            format!("l'adapter «{adapter}» non chiede «{name}»: forse «{known}»?")
                        }
                        None => format!("l'adapter «{adapter}» non chiede «{name}»"),
                    };
                    mistakes.push(self.places.mistake(&path, text));
                }
                Some(value) if value.integer && text.parse::<i64>().is_err() => {
                    let text = format!("serve un numero intero: {}", value.about);
                    mistakes.push(self.places.mistake(&path, text));
                }
                Some(_) => {}
            }
        }
    }
}
