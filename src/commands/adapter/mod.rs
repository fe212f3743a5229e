//! `pontile adapter`: what one needs to write an adapter and to keep it true.

mod test;
mod check;
mod schema;
mod explain;
mod live;
mod asking;
mod night;
mod probe;
mod record;
mod drift;
mod new;
mod skeletons;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::config::mistake::Mistake;
use crate::connectors::adapter::Adapter;
use crate::connectors::examples;

use super::{Failure, say};

/// Where adapters are, seen from where a command runs.
const HERE: &str = "adapters";
/// Where the package puts the adapters.
const INSTALLED: &str = "/usr/share/pontile/adapters";

/// What can be done with adapters.
#[derive(Debug, Subcommand)]
pub enum AdapterCommand {
    /// Read adapters' folders, without any configuration, and print every mistake
    Check(Folders),
    /// Replay the examples of adapters: what is sent, and what becomes of the answers
    Test(test::TestArguments),
    /// Tell where each field of an example's answer comes from, through which steps, and what was ignored
    Explain(explain::ExplainArguments),
    /// Ask a live back end a question, which only reads, and say what answers; nothing personal is shown unless --show
    Probe(probe::ProbeArguments),
    /// Capture live exchanges into numbered examples, with persons replaced by made-up ones; refuses where an original is left
    Record(record::RecordArguments),
    /// Tell what the running gateway saw change in the answers of back ends: fields that appeared, vanished, changed type
    Drift(drift::DriftArguments),
    /// Begin a new adapter: a folder that passes check and test at once, with comments that tell what to change
    New(new::NewArguments),
    /// Write the JSON Schema of adapter.toml, with which editors complete and validate it
    Schema {
        /// The file; absent: standard output
        file: Option<PathBuf>,
    },
}

/// Which adapters are meant.
#[derive(Debug, Args)]
pub struct Folders {
    /// Names of adapters, or paths of their folders; absent: all of them
    adapters: Vec<PathBuf>,
    /// Where adapters are looked for by name; absent: ./adapters if there is one, else where the package puts them
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
}

/// Runs the command.
pub async fn run(config: &Path, command: AdapterCommand) -> Result<(), Failure> {
    match command {
        AdapterCommand::Check(folders) => check::run(&folders),
        AdapterCommand::Test(arguments) => test::run(&arguments),
        AdapterCommand::Explain(arguments) => explain::run(&arguments),
        AdapterCommand::Probe(arguments) => probe::run(config, &arguments).await,
        AdapterCommand::Record(arguments) => record::run(config, &arguments).await,
        AdapterCommand::Drift(arguments) => drift::run(config, arguments).await,
        AdapterCommand::New(arguments) => new::run(&arguments),
        AdapterCommand::Schema { file } => schema::run(file.as_deref()),
    }
}

impl Folders {
    /// The folders, those that were named in the order in which they were.
    fn found(&self) -> Result<Vec<PathBuf>, Failure> {
        let root = self.root.clone().unwrap_or_else(adapters_root);
        if self.adapters.is_empty() {
            let found = examples::adapter_folders(&root).map_err(wrong)?;
            if found.is_empty() {
                return Err(Failure::Usage(format!(
                    "{}: nessun adapter",
                    root.display()
                )));
            }
            return Ok(found);
        }
        self.adapters
            .iter()
            .map(|named| folder_of(&root, named))
            .collect()
    }
}

/// `./adapters`, or where the package puts them.
fn adapters_root() -> PathBuf {
    let here = PathBuf::from(HERE);
    if here.is_dir() {
        here
    } else {
        PathBuf::from(INSTALLED)
    }
}

fn folder_of(root: &Path, named: &Path) -> Result<PathBuf, Failure> {
    let by_name = root.join(named);
    let places = [named.to_owned(), by_name];
    let found = places
        .into_iter()
        .find(|folder| folder.join("adapter.toml").is_file());
    found.ok_or_else(|| {
        Failure::Usage(format!(
            "{}: non è la cartella di un adapter, né il nome di uno in {}",
            named.display(),
            root.display()
        ))
    })
}

fn name_of(folder: &Path) -> String {
    let resolved = folder.canonicalize();
    let folder = resolved.as_deref().unwrap_or(folder);
    folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn load(folder: &Path) -> Result<Adapter, Failure> {
    Adapter::load(folder).map_err(Failure::Adapter)
}

fn wrong(mistake: Mistake) -> Failure {
    Failure::Adapter(vec![mistake])
}
