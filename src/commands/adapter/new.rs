//! `pontile adapter new`: a folder to start from, which passes `check` and `test` at once.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::connectors::adapter::Adapter;
use crate::connectors::adapter::schema::{self, schema};
use crate::connectors::examples::setting::Setting;
use crate::connectors::examples::{compare, examples_of, play};

use super::skeletons::{SKELETONS, Skeleton};
use super::{Failure, HERE, say, wrong};

/// The first line of a skeleton's `adapter.toml`: it stands one folder deeper.
const DEEPER: &str = "#:schema ../../";

/// What to begin.
#[derive(Debug, Args)]
pub struct NewArguments {
    /// Name of the adapter and of its folder: small letters, digits, hyphens
    #[arg(value_parser = parse_name)]
    product: String,
    /// How the product speaks: soap, rest, sql and their variants, or a dialect of the province like d3; «list» prints them
    #[arg(long)]
    dialect: String,
    /// Where the folder is made; absent: ./adapters
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
}

/// Asks for what there is instead of a folder.
const LIST: &str = "list";

/// Writes the folder.
pub fn run(arguments: &NewArguments) -> Result<(), Failure> {
    if arguments.dialect == LIST {
        return say(list().trim_end());
    }
    let Some(skeleton) = named(&arguments.dialect) else {
        return Err(Failure::Usage(format!(
            "«{}» non è fra i modelli che ci sono:\n{}",
            arguments.dialect,
            list()
        )));
    };
    // Never in the package's own folder: the next package would find it changed.
    let root = arguments
        .root
        .clone()
        .unwrap_or_else(|| PathBuf::from(HERE));
    let folder = root.join(&arguments.product);
    if folder.exists() {
        return Err(Failure::Usage(format!("{} c'è già", folder.display())));
    }
    for (path, text) in skeleton.files() {
        let text = match *path {
            "adapter.toml" => text
                .replace("\"Prodotto\"", &format!("\"{}\"", arguments.product))
                .replacen(DEEPER, "#:schema ../", 1),
            _ => (*text).to_owned(),
        };
        put(&folder.join(path), &text)?;
    }
    let schema_file = root.join(schema::FILE);
    if !schema_file.exists() {
        put(&schema_file, &format!("{:#}\n", schema()))?;
    }
    play_examples(&folder)?;
    say(format_args!(
        "{}: un adapter come «{}», da cambiare riga per riga",
        folder.display(),
        skeleton.about
    ))?;
    say("Che cosa cambiare:")?;
    say("  adapter.toml        come si parla con il prodotto; ogni riga ha il suo commento")?;
    say("  *.request.*, *.sql  che cosa si manda; *.response.toml che cosa si legge")?;
    say(
        "  examples/           domande e risposte vere, di persone inventate (pontile adapter record)",
    )?;
    say("  notes.md            che cosa è accertato e che cosa supposto")?;
    say(format_args!(
        "Poi: pontile adapter check {0} && pontile adapter test {0}",
        folder.display()
    ))
}

/// The skeletons, one a line.
pub fn list() -> String {
    let lines = SKELETONS.iter().map(|skeleton| {
        let dialects = skeleton.dialects.join(", ");
        format!(
            "  {:<16} {:<9} {}\n",
            skeleton.name, dialects, skeleton.about
        )
    });
    lines.collect::<String>().trim_end().to_owned()
}

fn named(dialect: &str) -> Option<&'static Skeleton> {
    let wanted = dialect.to_ascii_lowercase();
    SKELETONS
        .iter()
        .find(|known| known.name == wanted || known.dialects.contains(&&*wanted))
}

/// Writes what is sent and what comes of it, so that the examples are whole.
fn play_examples(folder: &Path) -> Result<(), Failure> {
    let adapter = Adapter::load(folder).map_err(Failure::Adapter)?;
    let setting = Setting::read(folder, &adapter).map_err(wrong)?;
    for example in examples_of(folder).map_err(wrong)? {
        let played = play::play(&adapter, &setting, &example).map_err(wrong)?;
        compare::write(&example, &played).map_err(wrong)?;
    }
    Ok(())
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    let parent = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| Failure::because(&path.display().to_string(), error))
}

fn parse_name(text: &str) -> Result<String, String> {
    let in_shape = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fits =
        (1..=64).contains(&text.len()) && text.bytes().all(in_shape) && !text.starts_with('-');
    fits.then(|| text.to_owned())
        .ok_or_else(|| "lettere minuscole, cifre e trattini (al più 64)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::skeletons::CARRIED;
    use super::*;

    #[test]
    fn every_folder_of_the_template_is_offered_and_every_dialect_has_one() {
        let mut offered: Vec<&str> = SKELETONS.iter().map(|skeleton| skeleton.name).collect();
        offered.sort_unstable();
        let carried: Vec<&str> = CARRIED.iter().map(|(name, _)| *name).collect();
        assert_eq!(offered, carried);
        for dialect in (1..=10).map(|number| format!("d{number}")) {
            assert!(named(&dialect).is_some(), "{dialect}");
        }
    }

    #[test]
    fn the_name_of_an_adapter_is_that_of_a_folder() {
        for wrong in ["", "-x", "Uno", "../x", "a b", "a/b"] {
            assert!(parse_name(wrong).is_err(), "{wrong}");
        }
        assert!(parse_name("uno-2").is_ok());
    }
}
