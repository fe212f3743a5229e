//! Requests that an officer of the ente answers: what waits, one request with its question, its answer as filled in.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Utc;
use uuid::Uuid;

use crate::broker::authorization::{self, Permit};
use crate::broker::dispatch::{self, Target};
use crate::broker::error::{ConnectorError, ExchangeError, Kind};
use crate::broker::protection;
use crate::broker::reply::Describe;
use crate::connectors::call::Answer;
use crate::connectors::filled_in::{self, Input, Wrong};
use crate::contract::document::Document;
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::posizione::Tributo;
use crate::contract::provenienza::Adattatore;
use crate::contract::question::{Parameters, Soggetto};
use crate::contract::richiesta::Stato;
use crate::gateway::Gateway;
use crate::store::Richiesta;

use super::carrying::end;
use super::kept::{KeptOutcome, KeptQuestion};
use super::note::{Ended, Turn};

/// Requests that a list shows at most; those that wait longest come first.
const SHOWN: u32 = 200;

/// An officer who asks.
#[derive(Debug, Clone, Copy)]
pub struct Officer<'a> {
    /// SHA-256 of the certificate.
    pub certificate: [u8; 32],
    /// The enti whose officer it is.
    pub enti: &'a BTreeSet<CodiceIstat>,
}

/// A request before an officer: the question and what to fill in.
pub struct Sheet {
    /// The request's number.
    pub id: Uuid,
    /// Raised by every change: an answer is to the request as it was shown.
    pub version: i64,
    /// What is asked.
    pub operation: Operation,
    /// ISTAT code of the ente.
    pub ente: String,
    /// Who asks.
    pub portal: String,
    /// For which purpose.
    pub purpose: String,
    /// Fiscal code or VAT number of the person asked about.
    pub subject: String,
    /// The tax and the year asked about, if it is one.
    pub tax: Option<(Tributo, u16)>,
    /// When it is given up.
    pub gives_up: chrono::DateTime<Utc>,
    /// What to fill in.
    pub inputs: Vec<Input>,
}

/// What an officer says.
pub enum Said<'a> {
    /// The fields, as filled in.
    Filled(&'a BTreeMap<String, String>),
    /// Nobody answers to the question.
    NobodyFound,
    /// The ente does not answer it.
    Declined,
}

/// Why an officer's answer was not taken.
pub enum NotTaken {
    /// What is wrong with it.
    Wrong(Vec<Wrong>),
    /// The request is not there any more, or not for this officer, or was changed meanwhile.
    Failed(ExchangeError),
    /// It is just being looked after: a look-up, or another officer.
    Busy,
}

impl From<ExchangeError> for NotTaken {
    fn from(failure: ExchangeError) -> NotTaken {
        NotTaken::Failed(failure)
    }
}

/// What waits for the officer, the oldest first: requests to be answered, writes of unknown outcome. Nobody asked about is in it.
pub async fn waiting(
    gateway: &Gateway,
    officer: Officer<'_>,
) -> Result<Vec<Richiesta>, ExchangeError> {
    let mut waiting = Vec::new();
    for ente in officer.enti {
        let of_ente = gateway.store.richieste().waiting_at(ente, SHOWN).await;
        waiting.extend(of_ente.map_err(|failure| internal(&failure))?);
    }
    waiting.sort_by_key(|one| one.opened);
    waiting.truncate(SHOWN as usize);
    Ok(waiting)
}

/// The ente at which a request waits for an officer's answer, whosever it is; none where nothing waits under that number.
pub async fn ente_of(gateway: &Gateway, id: Uuid) -> Result<Option<String>, ExchangeError> {
    let found = gateway.store.richieste().waiting(id).await;
    let found = found.map_err(|failure| internal(&failure))?;
    Ok(found
        .filter(|found| Utc::now() < found.gives_up)
        .map(|found| found.ente))
}

/// One request with its question; on record before it is shown.
pub async fn look(
    gateway: &Gateway,
    officer: Officer<'_>,
    id: Uuid,
    describe: Describe,
) -> Result<Sheet, ExchangeError> {
    let desk = Desk::at(gateway, officer, id, describe).await?;
    desk.record(Ended::Well("vista")).await?;
    Ok(desk.sheet())
}

/// Takes the officer's answer; on record before its portal can pick it up.
pub async fn answer(
    gateway: &Gateway,
    officer: Officer<'_>,
    (id, version): (Uuid, i64),
    said: Said<'_>,
    describe: Describe,
) -> Result<(), NotTaken> {
    let mut desk = Desk::at(gateway, officer, id, describe).await?;
    if desk.richiesta.version != version {
        return Err(NotTaken::Failed(ExchangeError::RequestUnknown));
    }
    let failure = |kind| ConnectorError::permanent(kind, "as an officer of the ente says");
    let (state, outcome, ended) = match said {
        Said::Filled(texts) => {
            let document = desk.document(texts).map_err(NotTaken::Wrong)?;
            let answer = filled_in::answer(document, Utc::now());
            match protection::of_turn(gateway, &desk.permit, answer) {
                Ok(answer) => (Stato::Completata, desk.outcome(&answer), Ok("completata")),
                Err(failure) => refused(failure),
            }
        }
        Said::NobodyFound => refused(failure(Kind::NotFound)),
        Said::Declined => refused(failure(Kind::Unsupported)),
    };
    // Another officer may be as quick: whoever changes the request first has it.
    desk.save().await?;
    match ended {
        Ok(outcome) => desk.record(Ended::Well(outcome)).await?,
        Err(failure) => {
            let refusal = describe(&failure, &desk.scambio);
            desk.record(Ended::Badly(&refusal)).await?;
        }
    }
    end(&mut desk.richiesta, state, Some(&outcome), gateway);
    desk.save().await?;
    gateway.requests_due.notify_one();
    Ok(())
}

fn refused(failure: ConnectorError) -> (Stato, KeptOutcome, Result<&'static str, ExchangeError>) {
    let outcome = KeptOutcome::failure(&failure);
    let failure = ExchangeError::BackEnd(failure);
    (Stato::Rifiutata, outcome, Err(failure))
}

/// A request on an officer's desk.
struct Desk<'a> {
    gateway: &'a Gateway,
    officer: Officer<'a>,
    scambio: Uuid,
    begun: chrono::DateTime<Utc>,
    richiesta: Richiesta,
    kept: KeptQuestion,
    permit: Permit,
    target: Target,
}

impl<'a> Desk<'a> {
    /// Takes a request that waits for this officer, if its portal may still ask; else it is at its end.
    async fn at(
        gateway: &'a Gateway,
        officer: Officer<'a>,
        id: Uuid,
        describe: Describe,
    ) -> Result<Desk<'a>, ExchangeError> {
        let found = gateway.store.richieste().waiting(id).await;
        let mine = |found: &Richiesta| {
            let ente = CodiceIstat::parse(&found.ente);
            ente.is_some_and(|ente| officer.enti.contains(&ente))
        };
        let mut richiesta = found
            .map_err(|failure| internal(&failure))?
            .filter(mine)
            .filter(|found| Utc::now() < found.gives_up)
            .ok_or(ExchangeError::RequestUnknown)?;
        let (kept, question) = KeptQuestion::read(&richiesta)?;
        let asking = kept.asking(&question);
        let (scambio, begun) = (Uuid::now_v7(), Utc::now());
        let allowed = authorization::grant_again(gateway.snapshot(), &richiesta.portal, &asking)
            .and_then(|permit| Ok((dispatch::target(&permit)?, permit)));
        match allowed {
            Ok((target, permit)) => Ok(Desk {
                gateway,
                officer,
                scambio,
                begun,
                richiesta,
                kept,
                permit,
                target,
            }),
            Err(refused) => {
                let refusal = describe(&refused, &scambio);
                let turn = Turn {
                    scambio,
                    begun,
                    richiesta: &richiesta,
                    question: &kept,
                    allowed: None,
                    officer: Some(officer.certificate),
                    digests: (None, None),
                    reply: None,
                };
                let recorded = turn.record(gateway, Ended::Badly(&refusal)).await;
                recorded.map_err(|failure| ExchangeError::NotRecorded(failure.to_string()))?;
                let outcome = KeptOutcome::NotGranted;
                end(&mut richiesta, Stato::Rifiutata, Some(&outcome), gateway);
                let saved = gateway.store.richieste().save(&mut richiesta).await;
                saved.map_err(|failure| internal(&failure))?;
                Err(ExchangeError::RequestUnknown)
            }
        }
    }

    async fn record(&self, ended: Ended<'_>) -> Result<(), ExchangeError> {
        let turn = Turn {
            scambio: self.scambio,
            begun: self.begun,
            richiesta: &self.richiesta,
            question: &self.kept,
            allowed: Some((&self.permit, &self.target)),
            officer: Some(self.officer.certificate),
            digests: (None, None),
            reply: None,
        };
        let recorded = turn.record(self.gateway, ended).await;
        recorded.map_err(|failure| ExchangeError::NotRecorded(failure.to_string()))
    }

    async fn save(&mut self) -> Result<(), ExchangeError> {
        let saved = self
            .gateway
            .store
            .richieste()
            .save(&mut self.richiesta)
            .await;
        match saved.map_err(|failure| internal(&failure))? {
            true => Ok(()),
            false => Err(ExchangeError::RequestUnknown),
        }
    }

    /// What is to be filled in: what the portal may see, and the ente has.
    fn wanted(&self) -> FieldSet {
        self.target.fields
    }

    fn document(&self, texts: &BTreeMap<String, String>) -> Result<Document, Vec<Wrong>> {
        let operation = self.permit.operation();
        let code = self.permit.parameters().soggetto().unwrap_or_default();
        let path = match self.permit.parameters() {
            Parameters::Posizione {
                soggetto: Soggetto::PartitaIva(_),
                ..
            } => "contribuente.partita_iva",
            Parameters::Posizione { .. } => "contribuente.codice_fiscale",
            _ => "codice_fiscale",
        };
        filled_in::document(operation, self.wanted(), &[(path, code)], texts)
    }

    fn outcome(&self, answer: &Answer) -> KeptOutcome {
        let adapter = Adattatore {
            nome: self.target.adapter.name().to_owned(),
            versione: self.target.adapter.version().to_owned(),
        };
        KeptOutcome::answer(answer, self.wanted(), adapter)
    }

    fn sheet(&self) -> Sheet {
        let parameters = self.permit.parameters();
        Sheet {
            id: self.richiesta.id,
            version: self.richiesta.version,
            operation: self.richiesta.operation,
            ente: self.richiesta.ente.clone(),
            portal: self.richiesta.portal.clone(),
            purpose: self.kept.purpose.clone().unwrap_or_default(),
            subject: parameters.soggetto().unwrap_or_default().to_owned(),
            tax: match parameters {
                Parameters::Posizione { tributo, anno, .. } => Some((*tributo, *anno)),
                _ => None,
            },
            gives_up: self.richiesta.gives_up,
            inputs: filled_in::inputs(self.richiesta.operation, self.wanted()),
        }
    }
}

pub(super) fn internal(failure: &crate::store::StoreError) -> ExchangeError {
    ExchangeError::Internal(failure.to_string())
}
