//! An officer of the ente decides what became of a write of unknown outcome: carried out, or not and why.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::broker::authorization::{self, Permit};
use crate::broker::dispatch::{self, Target};
use crate::broker::error::ExchangeError;
use crate::broker::reply::Describe;
use crate::connectors::filled_in::{self, Input};
use crate::contract::document::Document;
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::pratica::Motivo;
use crate::contract::provenienza::Adattatore;
use crate::contract::question::{Parameters, Question, Variazione};
use crate::contract::richiesta::Stato;
use crate::gateway::Gateway;
use crate::store::Richiesta;

use super::carrying::end;
use super::kept::{self, KeptOutcome, KeptQuestion};
use super::manual::{NotTaken, Officer};
use super::note::{Ended, Turn};
use super::writing::{self, Sending};

/// A decision waits so long for a look-up that is just under way.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(200);

/// A write of unknown outcome before an officer: what was sent, and what to fill in if it was carried out.
pub struct Unsettled {
    /// The request's number.
    pub id: Uuid,
    /// What was to be done.
    pub operation: Operation,
    /// ISTAT code of the ente.
    pub ente: String,
    /// Who asked for it.
    pub portal: String,
    /// For which purpose.
    pub purpose: String,
    /// What was declared.
    pub declared: Box<Variazione>,
    /// When it was sent to the back end.
    pub sent: DateTime<Utc>,
    /// Whether the back end is asked as well: what it says first counts.
    pub is_asked: bool,
    /// What to fill in.
    pub inputs: Vec<Input>,
}

/// What an officer says of a write.
pub enum Decision<'a> {
    /// It was carried out; its practice, as filled in.
    CarriedOut(&'a BTreeMap<String, String>),
    /// It was not, and never will be.
    NotCarriedOut(Motivo),
}

/// The ente of a write of unknown outcome, whosever it is; none where there is none of that number.
pub async fn ente_of(gateway: &Gateway, id: Uuid) -> Result<Option<String>, ExchangeError> {
    let found = gateway.store.richieste().unsettled(id).await;
    let found = found.map_err(|failure| super::manual::internal(&failure))?;
    Ok(found.map(|found| found.ente))
}

/// One write of unknown outcome; on record before it is shown.
pub async fn look(
    gateway: &Gateway,
    officer: Officer<'_>,
    id: Uuid,
) -> Result<Unsettled, ExchangeError> {
    let file = File::open(gateway, find(gateway, officer, id).await?)?;
    let Parameters::Variazione(declared) = &file.question.parameters else {
        return Err(ExchangeError::Internal(
            "a write that declares nothing".to_owned(),
        ));
    };
    let unsettled = Unsettled {
        id,
        operation: file.richiesta.operation,
        ente: file.richiesta.ente.clone(),
        portal: file.richiesta.portal.clone(),
        purpose: file.kept.purpose.clone().unwrap_or_default(),
        declared: declared.clone(),
        sent: file.sent(),
        is_asked: file.richiesta.due.is_some() && file.allowed.is_some(),
        inputs: filled_in::inputs(
            file.richiesta.operation,
            FieldSet::all(file.richiesta.operation),
        ),
    };
    file.record(gateway, officer, Ended::Well("vista")).await?;
    Ok(unsettled)
}

/// Takes an officer's decision: on record, then durable for the portal. The first word counts, whether an officer's or the back end's.
pub async fn decide(
    gateway: &Gateway,
    officer: Officer<'_>,
    id: Uuid,
    decision: Decision<'_>,
    describe: Describe,
) -> Result<(), NotTaken> {
    let mut file = File::open(gateway, take(gateway, officer, id).await?)?;
    let decided = file.settle(gateway, officer, &decision, describe).await;
    if decided.is_err() {
        // As it was, and nobody's: the next look-up or officer takes it up.
        let given_back = gateway.store.richieste().save(&mut file.richiesta).await;
        given_back.map_err(|failure| super::manual::internal(&failure))?;
    }
    decided
}

/// The write of that number, if its outcome is unknown and it is the officer's to tell.
async fn find(
    gateway: &Gateway,
    officer: Officer<'_>,
    id: Uuid,
) -> Result<Richiesta, ExchangeError> {
    let found = gateway.store.richieste().unsettled(id).await;
    let mine = |found: &Richiesta| {
        let ente = CodiceIstat::parse(&found.ente);
        ente.is_some_and(|ente| officer.enti.contains(&ente))
    };
    found
        .map_err(|failure| super::manual::internal(&failure))?
        .filter(mine)
        .ok_or(ExchangeError::RequestUnknown)
}

/// The same, for this decision alone: neither a look-up nor another officer changes it meanwhile.
async fn take(gateway: &Gateway, officer: Officer<'_>, id: Uuid) -> Result<Richiesta, NotTaken> {
    let until = Instant::now() + PATIENCE;
    loop {
        let mut found = find(gateway, officer, id).await?;
        let held = gateway.store.richieste().hold_if_free(&mut found).await;
        if held.map_err(|failure| super::manual::internal(&failure))? {
            return Ok(found);
        }
        if Instant::now() >= until {
            return Err(NotTaken::Busy);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// A write on an officer's desk. Its portal's grant may be gone: what was done at the ente was done.
struct File {
    scambio: Uuid,
    begun: DateTime<Utc>,
    richiesta: Richiesta,
    kept: KeptQuestion,
    question: Question,
    allowed: Option<(Permit, Target)>,
}

impl File {
    fn open(gateway: &Gateway, richiesta: Richiesta) -> Result<File, ExchangeError> {
        let (kept, question) = KeptQuestion::read(&richiesta)?;
        let asking = kept.asking(&question);
        let allowed = authorization::grant_again(gateway.snapshot(), &richiesta.portal, &asking)
            .and_then(|permit| Ok((dispatch::target(&permit)?, permit)));
        Ok(File {
            scambio: Uuid::now_v7(),
            begun: Utc::now(),
            allowed: allowed.ok().map(|(target, permit)| (permit, target)),
            richiesta,
            kept,
            question,
        })
    }

    async fn settle(
        &mut self,
        gateway: &Gateway,
        officer: Officer<'_>,
        decision: &Decision<'_>,
        describe: Describe,
    ) -> Result<(), NotTaken> {
        let (state, outcome) = match decision {
            Decision::CarriedOut(texts) => {
                let operation = self.richiesta.operation;
                let document = filled_in::document(operation, FieldSet::all(operation), &[], texts);
                let outcome = self.outcome(gateway, document.map_err(NotTaken::Wrong)?);
                self.record(gateway, officer, Ended::Well("completata"))
                    .await?;
                (Stato::Completata, outcome)
            }
            Decision::NotCarriedOut(motivo) => {
                let refusal = describe(&ExchangeError::NotCarriedOut(*motivo), &self.scambio);
                self.record(gateway, officer, Ended::Badly(&refusal))
                    .await?;
                (Stato::Rifiutata, KeptOutcome::NotCarriedOut(*motivo))
            }
        };
        let mut settled = self.richiesta.clone();
        end(&mut settled, state, Some(&outcome), gateway);
        let soggetto = self.question.parameters.soggetto();
        writing::forget_position(gateway, &settled.ente, soggetto).await;
        let saved = gateway.store.richieste().save(&mut settled).await;
        match saved.map_err(|failure| super::manual::internal(&failure))? {
            true => {
                let reason = match decision {
                    Decision::CarriedOut(_) => None,
                    Decision::NotCarriedOut(motivo) => Some(motivo.name()),
                };
                tracing::info!(scambio = %settled.scambio, operation = %settled.operation, ente = settled.ente, outcome = state.name(), reason, "un operatore dell'ente ha detto che ne è stato di una scrittura");
                gateway.requests_due.notify_one();
                Ok(())
            }
            false => Err(NotTaken::Failed(ExchangeError::RequestUnknown)),
        }
    }

    async fn record(
        &self,
        gateway: &Gateway,
        officer: Officer<'_>,
        ended: Ended<'_>,
    ) -> Result<(), ExchangeError> {
        let turn = Turn {
            scambio: self.scambio,
            begun: self.begun,
            richiesta: &self.richiesta,
            question: &self.kept,
            allowed: self
                .allowed
                .as_ref()
                .map(|(permit, target)| (permit, target)),
            officer: Some(officer.certificate),
            digests: (None, None),
            reply: None,
        };
        let recorded = turn.record(gateway, ended).await;
        recorded.map_err(|failure| ExchangeError::NotRecorded(failure.to_string()))
    }

    /// When its first byte left; it was opened a moment earlier.
    fn sent(&self) -> DateTime<Utc> {
        let sending = self.richiesta.progress.as_deref();
        let sending = sending.and_then(|sending| kept::read::<Sending>(sending).ok());
        sending.map_or(self.richiesta.opened, |sending| sending.written)
    }

    fn outcome(&self, gateway: &Gateway, document: Document) -> KeptOutcome {
        let answer = filled_in::answer(document, Utc::now());
        let snapshot = gateway.snapshot();
        let mut adapters = snapshot.backends().map(|backend| &backend.adapter);
        let sender = adapters.find(|adapter| adapter.name() == self.kept.adapter);
        let adapter = Adattatore {
            nome: self.kept.adapter.clone(),
            // Its product may have been replaced since.
            versione: sender
                .map_or("non più in uso", |adapter| adapter.version())
                .to_owned(),
        };
        KeptOutcome::answer(&answer, FieldSet::all(self.richiesta.operation), adapter)
    }
}
