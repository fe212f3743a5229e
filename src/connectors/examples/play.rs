//! Plays an example: what the adapter sends for the question, and what becomes of the answers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use serde_json::{Value, json};

use super::question::question;
use super::setting::{Setting, TOKEN};
use super::{Example, RESPONSE, Subject, night, read_json, written};
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
pub const REFERENCE: &str = "7c1e0000-0000-4000-8000-000000000001";

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
        Subject::Night => return night::play(adapter, setting, example),
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
    let token = SecretString::from(TOKEN);
    let mut play = Play {
        credentials: Credentials {
            secrets: &setting.secrets,
            token: adapter.token().map(|_| &token),
        },
        answers,
        watcher,
        exchanges: Vec::new(),
        made: BTreeMap::new(),
    };
    let mut turn = Turn::Played(REFERENCE);
    loop {
        let call = Call {
            operation,
            tenant: &setting.tenant,
            parameters,
            fields: fields.intersection(offered.fields()),
            deadline: Instant::now() + PATIENCE,
            portal: None,
            turn,
            traceparent: None,
            proofs: Proofs::default(),
        };
        let began = Conversation::begin(adapter, &setting.settings, &call, setting.now);
        let ended = match began {
            Ok(mut conversation) => match play.through(&mut conversation)? {
                Ok(()) => Ok(conversation.finish(setting.now)),
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        // Where no answer is there yet the back end is asked again, as long as the example has more.
        if matches!(&ended, Err(error) if error.kind == Kind::NotYet) {
            turn = Turn::Poll(REFERENCE);
            let call = Call { turn, ..call };
            let again = Conversation::begin(adapter, &setting.settings, &call, setting.now);
            let next = again
                .ok()
                .and_then(|mut again| Some(play.name_of(again.step()?)));
            if next.is_some_and(|next| answers(&next).is_ok()) {
                continue;
            }
        }
        let answer = match ended {
            Ok(answer) => {
                let mut out = Vec::new();
                answer
                    .document
                    .write_cut(FieldSet::all(operation), &mut out);
                serde_json::from_slice(&out)
                    .map_err(|_| Mistake::of_file("", "la risposta al portale non è JSON"))?
            }
            Err(error) => failure(&error),
        };
        return Ok(Played {
            exchanges: play.exchanges,
            answer,
        });
    }
}

/// A play under way.
struct Play<'p> {
    credentials: Credentials<'p>,
    answers: &'p dyn Fn(&str) -> Result<String, Mistake>,
    watcher: &'p mut dyn Watcher,
    exchanges: Vec<Sent>,
    /// How often each step was made.
    made: BTreeMap<String, usize>,
}

impl Play<'_> {
    /// The name of the step's next exchange: with a number from the second one on, also where the back end is asked again.
    fn name_of(&self, step: &Step) -> String {
        match self.made.get(&step.name) {
            None => step.name.clone(),
            Some(made) => format!("{}-{}", step.name, made + 1),
        }
    }

    /// Makes the exchanges of one conversation; the inner `Err` is how it failed.
    fn through(
        &mut self,
        conversation: &mut Conversation<'_>,
    ) -> Result<Result<(), ConnectorError>, Mistake> {
        while let Some(step) = conversation.step() {
            let exchange = self.name_of(step);
            *self.made.entry(step.name.clone()).or_default() += 1;
            let sent = match conversation.request(step, self.credentials) {
                Ok(sent) => sent,
                // A lack of the setting, not an answer that a portal could get.
                Err(error) if error.kind == Kind::Gateway => {
                    return Err(Mistake::of_file("", error.detail));
                }
                Err(error) => return Ok(Err(error)),
            };
            self.exchanges.push(Sent {
                text: written::request(&sent),
                ending: written::request_ending(&sent),
                exchange: exchange.clone(),
            });
            let text = (self.answers)(&exchange)?;
            let answer = Written {
                exchange: &exchange,
                text: &text,
            };
            self.watcher
                .answered(conversation, step, &answer, self.credentials)?;
            let outcome = take_in(conversation, step, &sent, &text, self.credentials);
            let outcome = outcome
                .map_err(|text| Mistake::of_file("", format!("{RESPONSE}.{exchange}: {text}")))?;
            if let Err(refusal) = outcome {
                return Ok(Err(refusal.error));
            }
        }
        Ok(Ok(()))
    }
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
    let text = example.exchange_text(RESPONSE, &step.name)?;
    play_login_with(adapter, setting, step, &text).map_err(of_example)
}

/// Plays the login with an answer from anywhere; `Err` says why it cannot be.
pub fn play_login_with(
    adapter: &Adapter,
    setting: &Setting,
    step: &Step,
    text: &str,
) -> Result<Played, String> {
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
    let login = Login::new(
        adapter,
        step,
        &setting.settings,
        &call,
        &setting.secrets,
        setting.now,
    );
    let sent = login.request().map_err(|error| error.detail)?;
    let answer = match login.answered(&written::http_response(text)?) {
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
