//! A question to a live back end, as the configuration knows it: the way of an exchange without portals, cache and record.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use crate::commands::parse_ente;
use crate::config::loading;
use crate::connectors::call::{Answer, Call, Proofs, Transcript, Turn};
use crate::connectors::error::ConnectorError;
use crate::connectors::examples::question::question;
use crate::connectors::instance::Instances;
use crate::connectors::tape::Taped;
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::question::Parameters;
use crate::snapshot::{self, Binding, Kept, Snapshot};

use super::Failure;

/// Nobody waits longer for an answer on a terminal.
const PATIENCE: Duration = Duration::from_mins(1);

/// Whom to ask what.
#[derive(Debug, Args)]
pub struct LiveArguments {
    /// The instance, as the configuration names it
    #[arg(long)]
    instance: String,
    /// The ente (ISTAT code); needed where the instance serves several
    #[arg(long, value_parser = parse_ente)]
    ente: Option<CodiceIstat>,
    /// The operation
    #[arg(long, value_parser = parse_operation, default_value = "anagrafe.ricerche-persona")]
    operation: Operation,
    /// File with the question: a fiscal code, or JSON as portals send it; several, one a line, where that makes sense; absent:
    /// standard input. Never an argument: others would see it
    #[arg(long, value_name = "FILE")]
    question: Option<PathBuf>,
}

/// A question with its back end.
pub struct Live {
    /// Who answers.
    pub binding: Binding,
    /// What is asked.
    pub operation: Operation,
    /// The questions, in their order.
    pub questions: Vec<Question>,
}

/// One question.
pub struct Question {
    /// As portals write it.
    pub request: Value,
    /// The same, checked.
    pub asked: (Parameters, FieldSet),
}

/// What came of a question.
pub struct Outcome {
    /// The answer, or how it failed.
    pub answer: Result<Answer, ConnectorError>,
    /// The exchanges.
    pub tape: Vec<Taped>,
}

impl Live {
    /// Reads configuration and question.
    pub fn read(config: &Path, arguments: &LiveArguments) -> Result<Live, Failure> {
        let kept = Kept::new().map_err(|error| Failure::because("TLS", error))?;
        let built = snapshot::examine(config, &loading::environment(), &kept);
        let snapshot = built.map_err(Failure::Configuration)?.snapshot;
        let binding = binding(&snapshot, arguments)?;
        let questions = questions(arguments)?;
        Ok(Live {
            binding,
            operation: arguments.operation,
            questions,
        })
    }

    /// Asks one of them.
    pub async fn ask(&self, question: &Question) -> Outcome {
        let (parameters, fields) = &question.asked;
        let offered = self.binding.adapter.operation(self.operation);
        let call = Call {
            operation: self.operation,
            tenant: &self.binding.tenant,
            parameters,
            fields: offered.map_or(FieldSet::NONE, |offered| {
                fields.intersection(offered.fields())
            }),
            deadline: Instant::now() + PATIENCE,
            traceparent: None,
            portal: None,
            turn: Turn::Whole,
            proofs: Proofs::default(),
        };
        let instance = Instances::new().get(&self.binding.instance);
        let mut transcript = Transcript::taped();
        let answer = instance
            .call(&self.binding.adapter, &call, &mut transcript)
            .await;
        Outcome {
            answer,
            tape: transcript.tape().to_vec(),
        }
    }
}

/// The ente that is asked through the instance.
fn binding(snapshot: &Snapshot, arguments: &LiveArguments) -> Result<Binding, Failure> {
    let wrong = |text: String| Err(Failure::Usage(text));
    let domain = arguments.operation.domain();
    let served = snapshot.enti().iter().filter_map(|ente| {
        let binding = ente.binding(domain)?;
        (binding.instance.name == arguments.instance).then_some((&ente.codice_istat, binding))
    });
    let mut served: Vec<(&CodiceIstat, &Binding)> = served.collect();
    if let Some(wanted) = &arguments.ente {
        served.retain(|(ente, _)| *ente == wanted);
    }
    match &*served {
        [(_, binding)] => Ok((*binding).clone()),
        [] => wrong(format!(
            "nessun ente{} ha {} dall'istanza «{}»",
            arguments
                .ente
                .as_ref()
                .map_or(String::new(), |ente| format!(" {ente}")),
            domain.name(),
            arguments.instance
        )),
        several => {
            let codes: Vec<String> = several.iter().map(|(ente, _)| ente.to_string()).collect();
            wrong(format!(
                "l'istanza serve più enti, serve --ente: {}",
                codes.join(", ")
            ))
        }
    }
}

/// The questions of the file or of standard input, one a line; what is wrong with one is told without repeating it.
fn questions(arguments: &LiveArguments) -> Result<Vec<Question>, Failure> {
    let mut text = String::new();
    match &arguments.question {
        Some(path) => {
            text = std::fs::read_to_string(path)
                .map_err(|error| Failure::because(&path.display().to_string(), error))?;
        }
        None => {
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| Failure::because("stdin", error))?;
        }
    }
    let wrong = |text: String| Failure::Usage(format!("la domanda non va bene: {text}"));
    let requests: Vec<Value> = if let Ok(Value::Object(request)) = serde_json::from_str(text.trim())
    {
        vec![Value::Object(request)]
    } else {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let read = lines.map(|line| match line.starts_with('{') {
            true => serde_json::from_str(line).map_err(|_| wrong("non è JSON".to_owned())),
            false => Ok(json!({"codice_fiscale": line})),
        });
        read.collect::<Result<_, Failure>>()?
    };
    if requests.is_empty() {
        return Err(wrong("non ce n'è nessuna".to_owned()));
    }
    let checked = requests.into_iter().map(|request| {
        let asked = question(arguments.operation, &request).map_err(wrong)?;
        Ok(Question { request, asked })
    });
    checked.collect()
}

fn parse_operation(text: &str) -> Result<Operation, String> {
    let asked = || {
        Operation::ALL
            .into_iter()
            .filter(|operation| operation.is_answered_by_adapters() && !operation.is_write())
    };
    asked()
        .find(|operation| operation.name() == text)
        .ok_or_else(|| asked().map(Operation::name).collect::<Vec<_>>().join(", "))
}
