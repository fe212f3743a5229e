//! Plays an example: what the adapter sends for the question, and what becomes of the answers.

use std::time::{Duration, Instant};

use secrecy::SecretString;
use serde_json::{Value, json};

use super::question::question;
use super::setting::{Setting, TOKEN};
use super::{Example, RESPONSE, Subject, read_json, written};
use crate::config::mistake::Mistake;
use crate::connectors::adapter::{Adapter, Step};
use crate::connectors::call::{Call, Proofs, Turn};
use crate::connectors::conversation::{Conversation, Credentials, Login, Refusal};
use crate::connectors::error::{ConnectorError, Kind};
use crate::connectors::exchange::{self, Request};
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::question::Parameters;

/// A question is answered from files: nothing waits so long.
const PATIENCE: Duration = Duration::from_mins(1);

/// The number under which the back end knows a request, in examples of those that outlive the call.
const REFERENCE: &str = "7c1e0000-0000-4000-8000-000000000001";

/// What came of a play.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// The exchanges in their order.
    pub exchanges: Vec<Sent>,
    /// What the portal gets: the fields, or `errore` and `codice` of the failure.
    pub answer: Value,
}

/// One exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its name: the step's, with a number from the second one of the step on.
    pub exchange: String,
    /// What is sent, as the examples write it.
    pub text: String,
    /// What the file of that text ends in.
    pub ending: &'static str,
}

/// Looks at the exchanges of a play while they are made.
pub trait Watcher {
    /// The back end's answer to an exchange has come and was not yet taken in.
    fn answered(
        &mut self,
        conversation: &Conversation<'_>,
        step: &Step,
        answer: &Written<'_>,
        credentials: Credentials<'_>,
    ) -> Result<(), Mistake>;
}

/// The answer to an exchange as its file writes it.
pub struct Written<'t> {
    /// The exchange's name.
    pub exchange: &'t str,
    /// The file's text.
    pub text: &'t str,
}

/// Looks at nothing.
struct Nobody;

impl Watcher for Nobody {
    fn answered(
        &mut self,
        _: &Conversation<'_>,
        _: &Step,
        _: &Written<'_>,
        _: Credentials<'_>,
    ) -> Result<(), Mistake> {
        Ok(())
    }
}

/// Plays an example from its files.
pub fn play(adapter: &Adapter, setting: &Setting, example: &Example) -> Result<Played, Mistake> {
    play_watched(adapter, setting, example, &mut Nobody)
}

/// The same under a watcher's eyes.
pub fn play_watched(
    adapter: &Adapter,
    setting: &Setting,
    example: &Example,
    watcher: &mut dyn Watcher,
) -> Result<Played, Mistake> {
    let operation = match example.of {
        Subject::Login => return play_login(adapter, setting, example),
        Subject::Operation(operation) => operation,
    };
    let request = example.request_file();
    let asked = question(operation, &read_json(&request)?);
    let asked = asked.map_err(|text| Mistake::of_file(request, text))?;
    let answers = |exchange: &str| example.exchange_text(RESPONSE, exchange);
    converse(adapter, setting, operation, &asked, &answers, watcher)
        .map_err(|mistake| at(example, mistake))
}

/// Plays a question with answers from anywhere.
pub fn play_with(
    adapter: &Adapter,
    setting: &Setting,
    operation: Operation,
    asked: &(Parameters, FieldSet),
    answers: &dyn Fn(&str) -> Result<String, Mistake>,
) -> Result<Played, Mistake> {
    converse(adapter, setting, operation, asked, answers, &mut Nobody)
}

/// A failure as examples write it.
fn failure(error: &ConnectorError) -> Value {
    json!({"errore": error.kind.to_string(), "codice": error.code})
}

/// Mistakes of no file of their own are the example's.
fn at(example: &Example, mistake: Mistake) -> Mistake {
    if mistake.file.as_os_str().is_empty() {
        return Mistake::of_file(&example.folder, mistake.text);
    }
    mistake
}

#[expect(
    clippy::too_many_lines,
    reason = "one conversation from its first message to its last"
)]
fn converse(
    adapter: &Adapter,
    setting: &Setting,
    operation: Operation,
    (parameters, fields): &(Parameters, FieldSet),
    answers: &dyn Fn(&str) -> Result<String, Mistake>,
    watcher: &mut dyn Watcher,
) -> Result<Played, Mistake> {
    let Some(offered) = adapter.operation(operation) else {
        let text = format!("adapter.toml non ha l'operazione {operation}");
        return Err(Mistake::of_file("", text));
    };
    let call = Call {
        operation,
        tenant: &setting.tenant,
        parameters,
        fields: fields.intersection(offered.fields()),
        deadline: Instant::now() + PATIENCE,
        portal: None,
        turn: Turn::Played(REFERENCE),
        traceparent: None,
        proofs: Proofs::default(),
    };
    let token = SecretString::from(TOKEN);
    let credentials = Credentials {
        secrets: &setting.secrets,
        token: adapter.token().map(|_| &token),
    };
    let mut exchanges = Vec::new();
    let mut conversation = match Conversation::begin(adapter, &setting.settings, &call, setting.now)
    {
        Ok(conversation) => conversation,
        Err(error) => {
            return Ok(Played {
                exchanges,
                answer: failure(&error),
            });
        }
    };
    while let Some(step) = conversation.step() {
        let exchange = conversation.exchange_name(step).into_owned();
        let sent = match conversation.request(step, credentials) {
            Ok(sent) => sent,
            // A lack of the setting, not an answer that a portal could get.
            Err(error) if error.kind == Kind::Gateway => {
                return Err(Mistake::of_file("", error.detail));
            }
            Err(error) => {
                return Ok(Played {
                    exchanges,
                    answer: failure(&error),
                });
            }
        };
        exchanges.push(Sent {
            text: written::request(&sent),
            ending: written::request_ending(&sent),
            exchange: exchange.clone(),
        });
        let text = answers(&exchange)?;
        let answer = Written {
            exchange: &exchange,
            text: &text,
        };
        watcher.answered(&conversation, step, &answer, credentials)?;
        let outcome = take_in(&mut conversation, step, &sent, &text, credentials);
        let outcome = outcome
            .map_err(|text| Mistake::of_file("", format!("{RESPONSE}.{exchange}: {text}")))?;
        if let Err(refusal) = outcome {
            return Ok(Played {
                exchanges,
                answer: failure(&refusal.error),
            });
        }
    }
    let document = conversation.finish(setting.now).document;
    let mut out = Vec::new();
    document.write_cut(FieldSet::all(operation), &mut out);
    let answer = serde_json::from_slice(&out)
        .map_err(|_| Mistake::of_file("", "la risposta al portale non è JSON"))?;
    Ok(Played { exchanges, answer })
}

fn take_in(
    conversation: &mut Conversation<'_>,
    step: &Step,
    sent: &Request<'_>,
    text: &str,
    credentials: Credentials<'_>,
) -> Result<Result<(), Refusal>, String> {
    Ok(match sent {
        Request::Http(_) => {
            conversation.answered(step, &written::http_response(text)?, credentials)
        }
        Request::Sql(_) | Request::Files(_) => {
            match exchange::of_rows(step, &written::rows(text, &step.mapping)?) {
                Ok(rows) => conversation.rows(step, rows, credentials),
                Err(error) => Err(error.into()),
            }
        }
    })
}

fn play_login(adapter: &Adapter, setting: &Setting, example: &Example) -> Result<Played, Mistake> {
    let of_example = |text: String| Mistake::of_file(&example.folder, text);
    let Some(step) = adapter.token() else {
        return Err(of_example("adapter.toml non ha [token]".to_owned()));
    };
    let call = Call {
        operation: Operation::RicercaPersona,
        tenant: &setting.tenant,
        parameters: &Parameters::Nessuno,
        fields: FieldSet::NONE,
        deadline: Instant::now() + PATIENCE,
        portal: None,
        turn: Turn::Whole,
        traceparent: None,
        proofs: Proofs::default(),
    };
    let login = Login::new(adapter, step, &setting.settings, &call, &setting.secrets);
    let sent = login.request().map_err(|error| of_example(error.detail))?;
    let text = example.exchange_text(RESPONSE, &step.name)?;
    let answer = written::http_response(&text).map_err(of_example)?;
    let answer = match login.answered(&answer) {
        Ok(captures) => json!(captures),
        Err(error) => failure(&error),
    };
    let sent = Sent {
        exchange: step.name.clone(),
        text: written::http_request(&sent),
        ending: "http",
    };
    Ok(Played {
        exchanges: vec![sent],
        answer,
    })
}
