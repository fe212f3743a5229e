//! References to secrets: a file, an environment variable or a systemd credential. The value never stands in a configuration file.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

/// Where a secret is read from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretReference {
    /// `{ file = "secrets/cantu" }`: the file's text without its last line break.
    File(PathBuf),
    /// `{ environment = "CANTU_PASSWORD" }`.
    Environment(String),
    /// `{ credential = "cantu" }`: a file in `$CREDENTIALS_DIRECTORY` (systemd).
    Credential(String),
}

/// A secret that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the secret {reference:?} cannot be read: {reason}")]
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
                        "CREDENTIALS_DIRECTORY is not set: the service was not started by systemd"
                            .to_owned(),
                    )
                })?;
                std::fs::read_to_string(PathBuf::from(folder).join(name))
                    .map_err(|error| failed(error.to_string()))?
            }
        };
        let text = text.strip_suffix('\n').unwrap_or(&text);
        if text.is_empty() {
            return Err(failed("it is empty".to_owned()));
        }
        Ok(SecretString::from(text))
    }
}
