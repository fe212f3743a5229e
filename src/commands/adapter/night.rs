//! The files of a night for one command: fetched like the service does, in a folder and under a key that end with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;

use crate::config::instance::InstanceSettings;
use crate::config::night::{Night, NightFiles};
use crate::config::units::Span;
use crate::connectors::adapter::Connector;
use crate::connectors::examples::recording::nights::Delivered;
use crate::connectors::files::look::{Post, Sightings, look};
use crate::connectors::files::shelf::Shelf;
use crate::connectors::files::source::Source;
use crate::snapshot::Binding;
use crate::store::night::Vault;

use super::Failure;

/// The files of one night, and the copy that they became.
pub struct NightAtHand {
    /// The copy, by which questions are answered.
    pub shelf: Arc<Shelf>,
    files: Vec<Delivered>,
    /// All of it, gone with this.
    _folder: Folder,
}

impl NightAtHand {
    /// Fetches the newest whole files of the ente.
    pub async fn fetch(binding: &Binding) -> Result<NightAtHand, Failure> {
        let folder = Folder::make().map_err(|error| Failure::because("cartella", error))?;
        let copies = Night {
            folder: folder.0.join("copie"),
            master_key: None,
        };
        let key = folder.0.join("subject.key");
        let unmade = |error| Failure::because("copia", error);
        Vault::create(&copies, &key).map_err(unmade)?;
        let shelf = Arc::new(Shelf::new(Vault::open(&copies, &key)));
        let schedule = binding.instance.night.clone().unwrap_or_default();
        let post = Post {
            settings: Arc::new(InstanceSettings {
                // Whoever asks by hand knows that the files are whole.
                night: Some(NightFiles {
                    settle: Span(Duration::ZERO),
                    ..schedule
                }),
                ..(*binding.instance).clone()
            }),
            adapter: Arc::clone(&binding.adapter),
            tenant: Arc::new((*binding.tenant).clone()),
        };
        let looked = look(&post, &shelf, &mut Sightings::default(), Utc::now()).await;
        let looked = looked.map_err(|error| Failure::Failed(format!("file notturni: {error}")))?;
        let report = looked
            .reports
            .iter()
            .find(|report| report.esito.is_in_force());
        let Some(report) = report else {
            let why = looked
                .reports
                .last()
                .map_or("non ce ne sono di interi", |report| report.esito.name());
            return Err(Failure::Failed(format!("file notturni: {why}")));
        };
        let Connector::Files(layouts) = binding.adapter.connector() else {
            return Err(Failure::Failed(
                "file notturni: un altro connettore".to_owned(),
            ));
        };
        let mut names: Vec<&str> = report.file.iter().map(|file| file.nome.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let source = Source::of(&binding.instance);
        let source = source.map_err(|error| Failure::Failed(format!("file notturni: {error}")))?;
        let paths = source.bring(&names, &folder.0).await;
        let paths = paths.map_err(|error| Failure::Failed(format!("file notturni: {error}")))?;
        let files = names.iter().zip(paths).map(|(name, path)| {
            let of_it = layouts.files.iter().enumerate().filter(|(_, layout)| {
                report
                    .file
                    .iter()
                    .any(|file| file.nome == *name && file.tabella == layout.name)
            });
            Delivered {
                name: (*name).to_owned(),
                path,
                layouts: of_it.map(|(place, _)| place).collect(),
            }
        });
        Ok(NightAtHand {
            files: files.collect(),
            shelf,
            _folder: folder,
        })
    }
}

impl NightAtHand {
    /// The files, with the layouts that each has.
    pub fn files(&self) -> Vec<Delivered> {
        self.files.clone()
    }
}

/// A folder that only our user may look into, gone with this.
struct Folder(PathBuf);

impl Folder {
    fn make() -> std::io::Result<Folder> {
        use std::os::unix::fs::DirBuilderExt;
        let name = format!("pontile-{:016x}", rand::random::<u64>());
        let folder = std::env::temp_dir().join(name);
        fs::DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Folder(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

fn remove(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder) {
        tracing::error!(folder = %folder.display(), %error, "la copia per questo comando non si può cancellare");
    }
}
