//! What the examples of an adapter are replayed with.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use pontile::config::instance::{BackendTls, Bounds, InstanceSettings};
use pontile::connectors::adapter::{Adapter, Connector};
use pontile::connectors::instance::Tenant;
use pontile::contract::luogo::CodiceIstat;
use secrecy::SecretString;
use serde_json::Value;

/// What an example is replayed with: `examples/setting.json`.
pub struct Setting {
    /// The instance.
    pub settings: InstanceSettings,
    /// The ente.
    pub tenant: Tenant,
    /// The instance's secrets.
    pub secrets: BTreeMap<String, SecretString>,
    /// When the question is asked.
    pub now: DateTime<Utc>,
}

impl Setting {
    /// Reads the setting of the adapter in that folder.
    pub fn read(folder: &Path, adapter: &Adapter) -> Setting {
        let written = read_json(&folder.join("examples/setting.json"));
        let ente = &written["ente"];
        let address = match adapter.connector() {
            Connector::Sql => "sqlite:/esempio.db",
            _ => "http://gestionale.example",
        };
        Setting {
            settings: InstanceSettings {
                name: "esempio".to_owned(),
                adapter: adapter.name().to_owned(),
                address: address.to_owned(),
                values: strings(&written["instance"]),
                secrets: BTreeMap::new(),
                tls: BackendTls::default(),
                calendar: pontile::config::calendar::Calendar::default(),
                bounds: Bounds::default(),
            },
            tenant: Tenant {
                codice_istat: CodiceIstat::parse(ente["codice_istat"].as_str().unwrap()).unwrap(),
                codice_belfiore: ente["codice_belfiore"].as_str().unwrap().to_owned(),
                values: strings(&ente["values"]),
            },
            secrets: strings(&written["secret"])
                .into_iter()
                .map(|(name, secret)| (name, SecretString::from(secret)))
                .collect(),
            now: written["now"].as_str().unwrap().parse().unwrap(),
        }
    }
}

fn strings(value: &Value) -> BTreeMap<String, String> {
    let entries = value.as_object().into_iter().flatten();
    entries
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

/// Reads a file of JSON.
pub fn read_json(path: &Path) -> Value {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
