//! Asks a live back end one question, to the end: also where the answer is handed over first and comes later.

use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::connectors::adapter::deferral::{Deferral, Form};
use crate::connectors::call::{Answer, Call, Proofs, Transcript, Turn};
use crate::connectors::error::{ConnectorError, Kind};
use crate::connectors::tape::{Of, Taped};
use crate::contract::operation::FieldSet;

use super::live::{Live, Question};

/// Nobody waits longer for one answer on a terminal.
const LONGEST_CALL: Duration = Duration::from_mins(1);

/// What came of a question.
pub struct Outcome {
    /// The answer, or how it failed.
    pub answer: Result<Answer, ConnectorError>,
    /// The exchanges.
    pub tape: Vec<Taped>,
    /// The number under which the back end knows a request that it carries out later.
    pub reference: Option<String>,
}

impl Live {
    /// Asks one of the questions.
    pub async fn ask(&self, question: &Question) -> Outcome {
        let offered = self.binding.adapter.operation(self.operation);
        let deferral = offered.and_then(|offered| offered.deferral());
        if let Some(deferral) = deferral {
            let deferral = deferral.at(&self.binding.instance.deferred);
            return self.ask_until_answered(question, &deferral).await;
        }
        let mut tape = Tape::default();
        let answer = self.call(question, Turn::Whole, &mut tape).await;
        Outcome {
            answer,
            tape: tape.0,
            reference: None,
        }
    }

    /// Hands the request over and asks for its answer, as often as the adapter says, until it is there or patience ends.
    async fn ask_until_answered(&self, question: &Question, deferral: &Deferral) -> Outcome {
        let reference = Uuid::now_v7().to_string();
        let end = Instant::now() + self.patience.0;
        let mut tape = Tape::default();
        let accepted = self.call(question, Turn::Accept(&reference), &mut tape);
        let mut answer = accepted.await;
        let mut asked = 0;
        while answer.is_ok() || matches!(&answer, Err(error) if error.kind == Kind::NotYet) {
            let pause = deferral.pause(asked);
            if matches!(deferral.form, Form::Manual) || Instant::now() + pause > end {
                let text = "no answer within --patience";
                answer = Err(ConnectorError::permanent(Kind::NotYet, text));
                break;
            }
            tokio::time::sleep(pause).await;
            answer = self.call(question, Turn::Poll(&reference), &mut tape).await;
            asked += 1;
            if answer.is_ok() {
                break;
            }
        }
        Outcome {
            answer,
            tape: tape.0,
            reference: Some(reference),
        }
    }

    async fn call(
        &self,
        question: &Question,
        turn: Turn<'_>,
        tape: &mut Tape,
    ) -> Result<Answer, ConnectorError> {
        let (parameters, fields) = &question.asked;
        let offered = self.binding.adapter.operation(self.operation);
        let call = Call {
            operation: self.operation,
            tenant: &self.binding.tenant,
            parameters,
            fields: offered.map_or(FieldSet::NONE, |offered| {
                fields.intersection(offered.fields())
            }),
            deadline: Instant::now() + LONGEST_CALL,
            traceparent: None,
            portal: self.portal.as_deref(),
            turn,
            proofs: Proofs {
                own: self.signer.as_ref(),
                evidence: self.evidence.as_ref(),
                purpose: self.purpose.as_deref(),
            },
        };
        let mut transcript = Transcript::taped();
        let answer = self
            .instance
            .call(&self.binding.adapter, &call, &mut transcript)
            .await;
        tape.add(transcript.tape());
        answer
    }
}

/// The exchanges of all calls of a question: the second of a step is `<step>-2`, also where each call begins anew.
#[derive(Default)]
struct Tape(Vec<Taped>);

impl Tape {
    fn add(&mut self, call: &[Taped]) {
        // Of one that was made twice, with a token that was refused first, the last counts.
        let last = call.iter().enumerate().filter(|(place, taped)| {
            let mut later = call[place + 1..].iter();
            !later.any(|other| other.exchange == taped.exchange)
        });
        for (_, taped) in last {
            let mut taped = taped.clone();
            if let Of::Step(step) = &taped.of {
                let before = self.made(step);
                taped.exchange = match before {
                    0 => step.clone(),
                    before => format!("{step}-{}", before + 1),
                };
            }
            self.0.push(taped);
        }
    }

    fn made(&self, step: &str) -> usize {
        let of_it = |taped: &&Taped| matches!(&taped.of, Of::Step(name) if name == step);
        self.0.iter().filter(of_it).count()
    }
}
