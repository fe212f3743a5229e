//! `pontile adapter test`: the numbered examples of adapters, replayed.

use std::path::Path;

use clap::Args;

use crate::config::mistake::Mistake;
use crate::connectors::adapter::Adapter;
use crate::connectors::examples::setting::Setting;
use crate::connectors::examples::{Example, Subject, compare, examples_of, play};

use super::{Failure, Folders, load, name_of, say, wrong};

/// Which examples, and what is done about differences.
#[derive(Debug, Args)]
pub struct TestArguments {
    #[command(flatten)]
    folders: Folders,
    /// Only examples whose name contains this, like anagrafe.ricerche-persona/found
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Write what is sent and what comes of it into the examples' files (2-… and 4-…), for you to read before you keep it
    #[arg(long)]
    write: bool,
}

/// What was played.
#[derive(Default)]
struct Tally {
    played: usize,
    different: usize,
}

/// Plays every example and prints each difference.
pub fn run(arguments: &TestArguments) -> Result<(), Failure> {
    let mut tally = Tally::default();
    for folder in arguments.folders.found()? {
        test(&folder, arguments, &mut tally)?;
    }
    if tally.different > 0 {
        let Tally { played, different } = tally;
        return Err(Failure::Failed(format!(
            "{different} esempi su {played} non sono come scritti."
        )));
    }
    Ok(())
}

fn test(folder: &Path, arguments: &TestArguments, tally: &mut Tally) -> Result<(), Failure> {
    let adapter = load(folder)?;
    let name = name_of(folder);
    let mut examples = examples_of(folder).map_err(wrong)?;
    let wanted = |example: &Example| {
        arguments
            .only
            .as_ref()
            .is_none_or(|text| example.name().contains(text))
    };
    examples.retain(wanted);
    if examples.is_empty() {
        return say(format_args!("{name}: nessun esempio"));
    }
    let mut written = 0;
    for example in &examples {
        tally.played += 1;
        let told = match outcome(&adapter, folder, example, arguments.write) {
            Ok(told) => told,
            Err(mistake) => vec![mistake.to_string()],
        };
        if arguments.write {
            written += told.len();
        }
        if !told.is_empty() {
            tally.different += usize::from(!arguments.write);
            say(format_args!("{name}/{}:", example.name()))?;
            for line in told {
                say(format_args!("  {line}"))?;
            }
        }
    }
    if arguments.write && written > 0 {
        say(format_args!(
            "{name}: {} esempi, riscritti dove erano diversi: da rileggere",
            examples.len()
        ))?;
    } else {
        say(format_args!("{name}: {} esempi", examples.len()))?;
    }
    if arguments.only.is_none() {
        for missing in missing(&adapter, &examples) {
            say(format_args!("  manca un esempio di {missing}"))?;
        }
    }
    Ok(())
}

fn outcome(
    adapter: &Adapter,
    folder: &Path,
    example: &Example,
    write: bool,
) -> Result<Vec<String>, Mistake> {
    let setting = Setting::of_example(folder, adapter, example)?;
    let played = play::play(adapter, &setting, example)?;
    let differences = match compare::differences(example, &played) {
        Ok(differences) => differences.iter().map(ToString::to_string).collect(),
        // A file that is not there yet is one to write.
        Err(mistake) if write => vec![mistake.text],
        Err(mistake) => return Err(mistake),
    };
    if write && !differences.is_empty() {
        compare::write(example, &played)?;
    }
    Ok(differences)
}

/// What every operation should have an example of, and has not.
fn missing(adapter: &Adapter, examples: &[Example]) -> Vec<String> {
    let mut missing = Vec::new();
    for offered in adapter.operations() {
        let operation = offered.operation();
        let of_it = || {
            examples
                .iter()
                .filter(|example| example.of == Subject::Operation(operation))
        };
        for (found, what) in [(true, "chi si trova"), (false, "chi non si trova")] {
            if !of_it().any(|example| compare::finds(example) == Some(found)) {
                missing.push(format!("{operation} per {what}"));
            }
        }
    }
    missing
}
