//! Where nightly files come from: a drop folder, or a server that is asked over SFTP.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::sftp::Sftp;
use crate::config::instance::InstanceSettings;
use crate::connectors::error::{ConnectorError, Kind};

/// A file at its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its name, without folders.
    pub name: String,
    /// Its bytes.
    pub size: u64,
    /// When it was last changed, as the source writes it.
    pub changed: String,
}

/// Where files come from.
pub enum Source {
    /// A folder of this machine, which somebody else fills.
    Folder(PathBuf),
    /// A folder of an SFTP server.
    Sftp(Box<Sftp>),
}

impl Source {
    /// The source at an instance's address.
    pub fn of(settings: &InstanceSettings) -> Result<Source, ConnectorError> {
        if let Some(folder) = settings.address.strip_prefix("folder:") {
            return Ok(Source::Folder(PathBuf::from(folder)));
        }
        Ok(Source::Sftp(Box::new(Sftp::of(settings)?)))
    }

    /// Every plain file there.
    pub async fn list(&self) -> Result<Vec<Listed>, ConnectorError> {
        match self {
            Source::Folder(folder) => {
                let folder = folder.clone();
                let listed = tokio::task::spawn_blocking(move || list(&folder)).await;
                listed.map_err(|_| fault("the look into the drop folder broke off"))?
            }
            Source::Sftp(server) => server.list().await,
        }
    }

    /// Brings files here; the paths are in the names' order. Those of a drop folder stay where they are.
    pub async fn bring(&self, names: &[&str], into: &Path) -> Result<Vec<PathBuf>, ConnectorError> {
        match self {
            Source::Folder(folder) => Ok(names.iter().map(|name| folder.join(name)).collect()),
            Source::Sftp(server) => {
                // One file may fill several tables.
                let each: std::collections::BTreeSet<&str> = names.iter().copied().collect();
                server
                    .get(&each.into_iter().collect::<Vec<_>>(), into)
                    .await?;
                Ok(names.iter().map(|name| into.join(name)).collect())
            }
        }
    }
}

fn list(folder: &Path) -> Result<Vec<Listed>, ConnectorError> {
    let unreadable = |error: std::io::Error| {
        ConnectorError::passing(Kind::Unreachable, format!("the drop folder: {error}"))
    };
    let mut listed = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)?.flatten() {
        // A file may be gone between the two looks.
        let (Ok(name), Ok(about)) = (entry.file_name().into_string(), entry.metadata()) else {
            continue;
        };
        if !about.is_file() {
            continue;
        }
        let changed = about.modified().ok();
        let changed = changed.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        listed.push(Listed {
            name,
            size: about.len(),
            changed: changed.map_or_else(String::new, |at| format!("{at:?}")),
        });
    }
    Ok(listed)
}

fn fault(text: &str) -> ConnectorError {
    ConnectorError::permanent(Kind::Gateway, text)
}
