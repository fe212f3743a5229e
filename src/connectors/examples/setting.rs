//! What the examples of an adapter are played with: a made-up instance, ente, secrets and moment.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{Example, read_json};
use crate::config::calendar::Calendar;
use crate::config::instance::{BackendTls, Bounds, InstanceSettings};
use crate::config::mistake::Mistake;
use crate::connectors::adapter::{Adapter, Connector};
use crate::connectors::instance::Tenant;
use crate::connectors::template::placeholder::DeclaredValues;
use crate::contract::luogo::CodiceIstat;

/// The file, below the adapter's folder.
pub const FILE: &str = "examples/setting.json";
/// The token that examples show.
pub const TOKEN: &str = "TOKEN";

/// What the examples of an adapter are played with; `Debug` shows no secret.
#[derive(Debug)]
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
    /// Reads the setting of an adapter's examples.
    pub fn read(folder: &Path, adapter: &Adapter) -> Result<Setting, Mistake> {
        let path = folder.join(FILE);
        let written = read_json(&path)?;
        Setting::of(&written, adapter).map_err(|text| Mistake::of_file(path, text))
    }

    /// The setting of one example: what its own `setting.json` says goes before what that of all examples says.
    pub fn of_example(
        folder: &Path,
        adapter: &Adapter,
        example: &Example,
    ) -> Result<Setting, Mistake> {
        let own = example.folder.join("setting.json");
        if !own.is_file() {
            return Setting::read(folder, adapter);
        }
        let mut written = read_json(&folder.join(FILE))?;
        lay_over(&mut written, read_json(&own)?);
        Setting::of(&written, adapter).map_err(|text| Mistake::of_file(own, text))
    }

    /// The setting that a file of examples holds; `Err` says what is missing.
    pub fn of(written: &Value, adapter: &Adapter) -> Result<Setting, String> {
        let ente = &written["ente"];
        let istat = ente["codice_istat"].as_str().and_then(CodiceIstat::parse);
        let now = written["now"].as_str().and_then(|now| now.parse().ok());
        let address = match adapter.connector() {
            Connector::Sql => "sqlite:/esempio.db",
            Connector::Manual => "operatori:",
            Connector::Files(_) => "folder:/esempio",
            Connector::Soap(_) | Connector::Rest(_) => "http://gestionale.example",
        };
        let secrets = texts(&written["secret"])?.into_iter();
        Ok(Setting {
            settings: InstanceSettings {
                name: "esempio".to_owned(),
                adapter: adapter.name().to_owned(),
                address: address.to_owned(),
                values: texts(&written["instance"])?,
                per_portal: BTreeMap::new(),
                secrets: BTreeMap::new(),
                tls: BackendTls::default(),
                modi: None,
                pdnd: None,
                calendar: Calendar::default(),
                deferred: crate::config::instance::Deferred::default(),
                night: None,
                bounds: Bounds::default(),
            },
            tenant: Tenant {
                codice_istat: istat.ok_or("serve «ente.codice_istat», di sei cifre")?,
                codice_belfiore: ente["codice_belfiore"]
                    .as_str()
                    .ok_or("serve «ente.codice_belfiore»")?
                    .to_owned(),
                values: texts(&ente["values"])?,
            },
            secrets: secrets
                .map(|(name, secret)| (name, SecretString::from(secret)))
                .collect(),
            now: now.ok_or("serve «now», come 2026-11-22T12:00:00Z")?,
        })
    }
}

/// A setting with something under every name that the adapter declares.
pub fn made_up(adapter: &Adapter, now: DateTime<Utc>) -> Value {
    let values = |declared: &DeclaredValues, what: &str| -> Value {
        let values = declared.iter().map(|(name, value)| {
            let text = match (&value.default, value.integer) {
                (Some(default), _) => default.clone(),
                (None, true) => "1".to_owned(),
                (None, false) => format!("{what}-{name}"),
            };
            (name.clone(), Value::from(text))
        });
        values.collect::<serde_json::Map<_, _>>().into()
    };
    let declared = adapter.declared();
    json!({
        "now": now.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "ente": {
            "codice_istat": "013075",
            "codice_belfiore": "C933",
            "values": values(&declared.ente, "ente"),
        },
        "instance": values(&declared.instance, "istanza"),
        "secret": values(&declared.secrets, "segreto"),
    })
}

/// Puts the values of an object over those of another.
pub fn lay_over(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                lay_over(below.entry(key).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above,
    }
}

fn texts(value: &Value) -> Result<BTreeMap<String, String>, String> {
    let entries = value.as_object().into_iter().flatten();
    let texts = entries.map(|(name, value)| {
        let text = value
            .as_str()
            .ok_or_else(|| format!("«{name}» deve essere un testo"))?;
        Ok((name.clone(), text.to_owned()))
    });
    texts.collect()
}
