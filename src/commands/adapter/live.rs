//! A question to a live back end, as the configuration knows it: the way of an exchange without portals, cache and record.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use crate::commands::parse_ente;
use crate::config::loading;
use crate::config::units::Span;
use crate::connectors::adapter::Connector;
use crate::connectors::examples::question::question;
use crate::connectors::instance::{Instance, Instances};
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::question::Parameters;
use crate::modi::Evidence;
use crate::signing::OwnSigner;
use crate::snapshot::{self, Binding, Kept, Snapshot};

use super::Failure;
use super::night::NightAtHand;

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
    /// How long an answer is waited for that a back end gives later, like 10m; [instance.deferred] tells when it is asked
    #[arg(long, value_name = "TIME", value_parser = parse_span, default_value = "1m")]
    patience: Span,
    /// Ask as for this portal, where the instance has an account or a use of the PDND for each
    #[arg(long, value_name = "NAME")]
    portal: Option<String>,
    /// Ask under this purpose, where the instance has a use of the PDND for each
    #[arg(long, value_name = "NAME")]
    purpose: Option<String>,
    /// Who you are, for a back end that is told for whom it is asked (AUDIT_REST): userID
    #[arg(long, value_name = "TEXT", requires = "user_location")]
    user_id: Option<String>,
    /// From where you ask it: userLocation
    #[arg(long, value_name = "TEXT", requires = "user_id")]
    user_location: Option<String>,
    /// How surely you are known, where the back end wants that: LoA
    #[arg(long, value_name = "TEXT", requires = "user_id")]
    loa: Option<String>,
}

/// A question with its back end.
pub struct Live {
    /// Who answers.
    pub binding: Binding,
    /// What is asked.
    pub operation: Operation,
    /// The questions, in their order.
    pub questions: Vec<Question>,
    /// The back end, with one login for all questions.
    pub instance: Arc<Instance>,
    /// What signs the tokens that it demands, where there is one: the service's own.
    pub signer: Option<OwnSigner>,
    /// Who asks, for a back end that is told.
    pub evidence: Option<Evidence>,
    /// As for which portal it is asked.
    pub portal: Option<String>,
    /// Under which purpose.
    pub purpose: Option<String>,
    /// How long an answer that comes later is waited for.
    pub patience: Span,
    /// The files of the night, where the back end is one that delivers them.
    pub night: Option<NightAtHand>,
}

/// One question.
pub struct Question {
    /// As portals write it.
    pub request: Value,
    /// The same, checked.
    pub asked: (Parameters, FieldSet),
}

impl Live {
    /// Reads configuration and question; of nightly files makes a copy for this one command.
    pub async fn read(config: &Path, arguments: &LiveArguments) -> Result<Live, Failure> {
        let kept = Kept::new().map_err(|error| Failure::because("TLS", error))?;
        let built = snapshot::examine(config, &loading::environment(), &kept);
        let snapshot = built.map_err(Failure::Configuration)?.snapshot;
        let binding = binding(&snapshot, arguments)?;
        let evidence = evidence(&binding, arguments)?;
        let questions = questions(arguments)?;
        let night = match binding.adapter.connector() {
            Connector::Files(_) => Some(NightAtHand::fetch(&binding).await?),
            Connector::Manual => {
                let text = "all'istanza risponde un addetto: non c'è nulla da chiedere dal vivo";
                return Err(Failure::Usage(text.to_owned()));
            }
            Connector::Soap(_) | Connector::Rest(_) | Connector::Sql => None,
        };
        let instances = match &night {
            Some(night) => Instances::with_copies(Arc::clone(&night.shelf)),
            None => Instances::new(),
        };
        Ok(Live {
            instance: instances.get(&binding.instance),
            binding,
            operation: arguments.operation,
            questions,
            signer: snapshot.own_signer.clone(),
            evidence,
            portal: arguments.portal.clone(),
            purpose: arguments.purpose.clone(),
            patience: arguments.patience,
            night,
        })
    }
}

/// Who asks, where the back end is told.
fn evidence(binding: &Binding, arguments: &LiveArguments) -> Result<Option<Evidence>, Failure> {
    let (Some(user), Some(location)) = (&arguments.user_id, &arguments.user_location) else {
        if binding.instance.names_the_asker() {
            let text =
                "il gestionale vuole sapere per chi si chiede: servono --user-id e --user-location";
            return Err(Failure::Usage(text.to_owned()));
        }
        return Ok(None);
    };
    Evidence::of_operator(user, location, arguments.loa.as_deref())
        .map(Some)
        .map_err(|fault| Failure::Usage(format!("--user-id, --user-location, --loa: {fault}")))
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
            "nessun ente{} ha {} dall'istanza «{}» (si chiede {}: --operation ne sceglie un'altra)",
            arguments
                .ente
                .as_ref()
                .map_or(String::new(), |ente| format!(" {ente}")),
            domain.name(),
            arguments.instance,
            arguments.operation
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

fn parse_span(text: &str) -> Result<Span, String> {
    Span::parse(text).ok_or_else(|| "un tempo, come 30s o 10m".to_owned())
}
