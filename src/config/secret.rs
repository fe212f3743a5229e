//! References to secrets: a file, an environment variable or a systemd credential. The value never stands in a configuration file.

use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use chrono::NaiveDate;
use secrecy::SecretString;
use serde::Serialize;

use super::grant::days::Day;
use super::mistake::Mistake;
use super::reading::table::Table;
use super::reading::{self, FromTable};
use super::written::Written;

/// Where a secret is read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretReference {
    /// `{ file = "secrets/cantu" }`: the file's text without its last line break.
    File(PathBuf),
    /// `{ environment = "CANTU_PASSWORD" }`.
    Environment(String),
    /// `{ credential = "cantu" }`: a file in `$CREDENTIALS_DIRECTORY` (systemd).
    Credential(String),
}

/// A secret of a back end, with the last day on which it is good where that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DatedSecret {
    /// Where it is read from.
    #[serde(flatten)]
    pub reference: SecretReference,
    /// Its last day, in Italy: `until = "2027-03-31"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
}

impl From<SecretReference> for DatedSecret {
    fn from(reference: SecretReference) -> DatedSecret {
        DatedSecret {
            reference,
            until: None,
        }
    }
}

/// A secret that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("il segreto non si può leggere da {reference}: {reason}")]
pub struct SecretError {
    reference: SecretReference,
    reason: String,
}

impl SecretReference {
    /// Reads the secret now.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        let failed = |reason: String| SecretError {
            reference: self.clone(),
            reason,
        };
        let text = match self {
            SecretReference::File(path) => {
                std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?
            }
            SecretReference::Environment(name) => {
                std::env::var(name).map_err(|error| failed(error.to_string()))?
            }
            SecretReference::Credential(name) => {
                let folder = std::env::var("CREDENTIALS_DIRECTORY").map_err(|_| {
                    failed(
                        "manca CREDENTIALS_DIRECTORY: il servizio non è stato avviato da systemd"
                            .to_owned(),
                    )
                })?;
                std::fs::read_to_string(PathBuf::from(folder).join(name))
                    .map_err(|error| failed(error.to_string()))?
            }
        };
        let text = text.strip_suffix('\n').unwrap_or(&text);
        if text.is_empty() {
            return Err(failed("è vuoto".to_owned()));
        }
        Ok(SecretString::from(text))
    }
}

impl SecretReference {
    /// The file that it stands in, where it is one.
    pub fn file(&self) -> Option<PathBuf> {
        match self {
            SecretReference::File(path) => Some(path.clone()),
            SecretReference::Environment(_) => None,
            SecretReference::Credential(name) => {
                let folder = std::env::var_os("CREDENTIALS_DIRECTORY")?;
                Some(PathBuf::from(folder).join(name))
            }
        }
    }
}

impl SecretReference {
    /// Whether it is a credential of the service that this process was not given.
    pub fn is_out_of_reach(&self) -> bool {
        matches!(self, SecretReference::Credential(_))
            && std::env::var_os("CREDENTIALS_DIRECTORY").is_none()
    }
}

impl FromTable for SecretReference {
    fn from_table(mut table: Table<'_>, reader: &mut reading::Reader) -> Option<Self> {
        let file = table
            .values("file")
            .next()
            .map(|value| reader.below("file", value).map(SecretReference::File));
        let environment = table.values("environment").next().map(|value| {
            reader
                .below("environment", value)
                .map(SecretReference::Environment)
        });
        let credential = table.values("credential").next().map(|value| {
            reader
                .below("credential", value)
                .map(SecretReference::Credential)
        });
        table.one_of([file, environment, credential], reader)
    }
}

impl FromTable for DatedSecret {
    fn from_table(mut table: Table<'_>, reader: &mut reading::Reader) -> Option<Self> {
        let is_dated = table.values("until").next().is_some();
        let until: Option<Day> = table.optional("until", reader);
        let reference = SecretReference::from_table(table, reader)?;
        if is_dated && until.is_none() {
            return None;
        }
        Some(DatedSecret {
            reference,
            until: until.map(|Day(day)| day),
        })
    }
}

impl fmt::Display for SecretReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretReference::File(path) => write!(formatter, "file {}", path.display()),
            SecretReference::Environment(name) => write!(formatter, "variabile {name}"),
            SecretReference::Credential(name) => write!(formatter, "credenziale {name}"),
        }
    }
}

/// Who asks whether secrets can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The service, which must have all of them.
    Service,
    /// An operator's shell: systemd gives its credentials to the service alone, so where they are not at hand they are
    /// left out.
    Operator,
}

/// The secrets that cannot be read now.
pub fn unreadable(written: &Written, reader: Reader) -> Vec<Mistake> {
    let spared = reader == Reader::Operator && std::env::var_os("CREDENTIALS_DIRECTORY").is_none();
    let reason = |reference: &SecretReference| match reference {
        SecretReference::Credential(_) if spared => None,
        _ => reference.read().err().map(|error| error.to_string()),
    };
    let password = written.sections.record.iter().filter_map(|record| {
        let text = reason(record.password.as_ref()?)?;
        Some(written.places.mistake("record.password", text))
    });
    let of_instances = written.instances.read.iter().flat_map(|entry| {
        entry
            .value
            .secrets
            .iter()
            .filter_map(move |(name, secret)| {
                let text = reason(&secret.reference)?;
                Some(entry.places.mistake(&format!("secrets.{name}"), text))
            })
    });
    let of_clients = written.instances.read.iter().flat_map(|entry| {
        let clients = entry.value.pdnd.iter().flat_map(|pdnd| &pdnd.clients);
        clients.filter_map(move |(name, client)| {
            let text = reason(client.key.reference.pem()?)?;
            let path = format!("pdnd.clients.{name}.key");
            Some(entry.places.mistake(&path, text))
        })
    });
    let request_key = written.sections.record.iter().filter_map(|record| {
        let text = reason(record.request_key.as_ref()?)?;
        Some(written.places.mistake("record.request_key", text))
    });
    let pins = written.keys.read.iter().filter_map(|entry| {
        let pin = &entry.value.pin;
        let text = reason(pin).or_else(|| open_to_others(pin))?;
        Some(entry.places.mistake("pin", text))
    });
    password
        .chain(pins)
        .chain(request_key)
        .chain(of_instances)
        .chain(of_clients)
        .collect()
}

/// Why a PIN must not stand where it does: it is nobody else's to read, and three mistakes of whoever tries it lock the card.
pub fn open_to_others(pin: &SecretReference) -> Option<String> {
    let SecretReference::File(file) = pin else {
        return None;
    };
    let mode = std::fs::metadata(file).ok()?.permissions().mode();
    let open = mode & 0o077 != 0;
    open.then(|| {
        "il file del PIN si apre ad altri: lo legga solo chi lo usa (chmod 600)".to_owned()
    })
}
