//! `pontile adapter record`: live exchanges made into numbered examples, with made-up persons.

use std::path::{Path, PathBuf};

use chrono::Utc;
use clap::Args;
use serde_json::Value;

use crate::connectors::examples::recording::nights::Night;
use crate::connectors::examples::recording::{self, Origin, Take};
use crate::connectors::secrets::Shelf;
use crate::contract::operation::FieldSet;

use super::asking::Outcome;
use super::live::{Live, LiveArguments};
use super::{Failure, adapters_root, folder_of, say, wrong};

/// Whom to ask, and where the examples go.
#[derive(Debug, Args)]
pub struct RecordArguments {
    #[command(flatten)]
    live: LiveArguments,
    /// Name of the case, like found; of several questions the second is found-2, and so on
    #[arg(long, value_parser = parse_case)]
    case: String,
    /// Lines of each nightly file that are taken at most: those of whom you ask about, then the first ones
    #[arg(long, value_name = "N", default_value_t = 20)]
    lines: usize,
    /// Where the adapter's folder is; absent: ./adapters if there is one, else where the package puts them
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
}

/// Asks every question, then writes all cases or none.
pub async fn run(config: &Path, arguments: &RecordArguments) -> Result<(), Failure> {
    let live = Live::read(config, &arguments.live).await?;
    let adapter = &live.binding.adapter;
    let root = arguments.root.clone().unwrap_or_else(adapters_root);
    let folder = folder_of(&root, Path::new(adapter.name()))?;
    let now = Utc::now();
    let mut takes = Vec::new();
    for (index, question) in live.questions.iter().enumerate() {
        let Outcome {
            answer,
            tape,
            reference,
        } = live.ask(question).await;
        takes.push(Take {
            case: if index == 0 {
                arguments.case.clone()
            } else {
                format!("{}-{}", arguments.case, index + 1)
            },
            request: question.request.clone(),
            tape,
            reference,
            outcome: answer.map(|answer| {
                let mut out = Vec::new();
                answer
                    .document
                    .write_cut(FieldSet::all(live.operation), &mut out);
                serde_json::from_slice::<Value>(&out).unwrap_or_default()
            }),
        });
    }
    let secrets = Shelf::default().read(&live.binding.instance.secrets);
    let (secrets, _) = secrets.map_err(|error| Failure::Failed(error.to_string()))?;
    let origin = Origin {
        adapter,
        folder: &folder,
        operation: live.operation,
        tenant: &live.binding.tenant,
        values: &live.binding.instance.values,
        secrets: &secrets,
        now,
    };
    let night = live.night.as_ref().map(|night| Night {
        case: arguments.case.clone(),
        files: night.files(),
        most: arguments.lines,
    });
    for folder in recording::record(&origin, &takes, night.as_ref()).map_err(wrong)? {
        say(folder.display())?;
    }
    say(
        "Le persone sono inventate. Da rileggere prima di conservare: ciò che resta è scritto come il sistema lo ha mandato.",
    )
}

fn parse_case(text: &str) -> Result<String, String> {
    let in_shape = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fits = !text.is_empty() && text.bytes().all(in_shape);
    fits.then(|| text.to_owned())
        .ok_or_else(|| "lettere minuscole, cifre e trattini".to_owned())
}
