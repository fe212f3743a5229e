//! Carries a call to its back end and back: places, breaker, deadlines, login, exchanges, in this order.

mod account;
mod clock;
mod database;
mod night;
mod numbering;
mod proof;
mod together;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use http::{HeaderName, HeaderValue};
use parking_lot::Mutex;
use tokio::time::timeout_at;

use super::adapter::{Adapter, AdapterOperation, Connector, Step};
use super::breaker::Breaker;
use super::bulkhead::{Bulkhead, Place};
use super::call::{Answer, Call, Intent, Transcript};
use super::clock::ClockWatch;
use super::conversation::{Conversation, Refusal};
use super::drift::{Drift, Glance};
use super::error::{ConnectorError, Kind, Retry};
use super::exchange::{self, Request};
use super::files::shelf::Shelf as NightShelf;
use super::files::source::Source;
use super::http::{HttpClient, HttpRequest, HttpResponse};
use super::instance::InstanceState;
use super::login::Tokens;
use super::secrets::Shelf;
use super::sql::database::Database;
use super::tape::{self, Taped};
use super::vouchers::Vouchers;
use crate::config::instance::InstanceSettings;
use crate::config::limits::Rate;
use account::Account;
use proof::AnswerProofs;
use together::AskedSteps;

/// One back end with all that must hold for the whole process.
#[derive(Debug)]
pub struct Instance {
    settings: Arc<InstanceSettings>,
    breaker: Arc<Breaker>,
    bulkhead: Arc<Bulkhead>,
    rate: Option<DefaultDirectRateLimiter>,
    client: Mutex<Option<Arc<HttpClient>>>,
    database: Mutex<Option<Arc<Database>>>,
    /// Statements whose columns were found as expected.
    probed: Mutex<HashSet<String>>,
    /// The night copies, for an instance of nightly files.
    shelf: Option<Arc<NightShelf>>,
    secrets: Shelf,
    tokens: Tokens,
    clock: ClockWatch,
    glance: Glance,
    drift: Arc<Drift>,
    /// By what signed answers are known.
    proofs: AnswerProofs,
    /// The vouchers that the back end demands.
    vouchers: Option<Arc<Vouchers>>,
}

impl Instance {
    pub(super) fn new(
        settings: Arc<InstanceSettings>,
        drift: Arc<Drift>,
        shelf: Option<Arc<NightShelf>>,
    ) -> Instance {
        let bounds = &settings.bounds;
        let rate = bounds.rate.map(|Rate { per_second, burst }| {
            RateLimiter::direct(Quota::per_second(per_second).allow_burst(burst))
        });
        Instance {
            breaker: Arc::new(Breaker::new(
                bounds.breaker_failures,
                bounds.breaker_pause.0,
            )),
            bulkhead: Arc::new(Bulkhead::new(
                bounds.concurrency,
                bounds.waiting,
                bounds.per_ente,
            )),
            rate,
            client: Mutex::new(None),
            database: Mutex::new(None),
            probed: Mutex::default(),
            shelf,
            secrets: Shelf::default(),
            tokens: Tokens::default(),
            clock: ClockWatch::default(),
            glance: Glance::default(),
            drift,
            proofs: AnswerProofs::default(),
            vouchers: Vouchers::of(&settings),
            settings,
        }
    }

    pub(super) fn settings(&self) -> &InstanceSettings {
        &self.settings
    }

    /// The next call reads secrets and certificates anew; what was logged in with the same secrets goes on.
    ///
    /// Where a certificate cannot be read the connections go on under the old one.
    pub(super) fn read_files_again(&self) {
        self.secrets.read_again();
        self.proofs.read_again();
        if let Some(vouchers) = &self.vouchers {
            vouchers.read_files_again();
        }
        if !self.settings.tls.names_files() {
            return;
        }
        let mut client = self.client.lock();
        if client.is_some() {
            match HttpClient::new(&self.settings) {
                Ok(fresh) => *client = Some(Arc::new(fresh)),
                Err(error) => {
                    let instance = &self.settings.name;
                    tracing::error!(instance, detail = %error.detail, "i certificati verso il gestionale non si possono rileggere");
                }
            }
        }
    }

    pub(super) fn state(&self) -> InstanceState {
        let (in_use, waiting) = self.bulkhead.load();
        InstanceState {
            name: self.settings.name.clone(),
            breaker: self.breaker.state(),
            in_use,
            waiting,
            clock_ahead: self.clock.seconds_ahead(),
        }
    }

    /// Carries out one operation; the transcript takes in every byte that goes and comes.
    pub async fn call(
        &self,
        adapter: &Adapter,
        call: &Call<'_>,
        transcript: &mut Transcript,
    ) -> Result<Answer, ConnectorError> {
        let mut conversation = Conversation::begin(adapter, &self.settings, call, Utc::now())?;
        let _place = self.place(call).await?;
        let leave = self.breaker.enter().map_err(|wait| {
            ConnectorError::later(
                Kind::BreakerOpen,
                wait,
                "left alone after repeated failures",
            )
        })?;
        let began = Instant::now();
        let outcome = self
            .converse(adapter, call, &mut conversation, transcript)
            .await;
        let impatient = began.elapsed() < self.settings.bounds.answer_deadline.0
            && Instant::now() >= call.deadline;
        match &outcome {
            // It was the portal's patience that ended, which says nothing about the back end.
            Err(refusal) if refusal.error.kind == Kind::TimedOut && impatient => drop(leave),
            // Without a voucher or a signature nobody called the back end.
            Err(refusal)
                if matches!(
                    refusal.error.kind,
                    Kind::VoucherRefused | Kind::VoucherUnavailable | Kind::NotSigned
                ) =>
            {
                drop(leave);
            }
            // A copy that is missing or old is one ente's affair: the others of the instance have their own.
            Err(_) if matches!(adapter.connector(), Connector::Files(_)) => drop(leave),
            Err(refusal) if refusal.is_outage() => {
                if leave.failed() {
                    tracing::warn!(instance = %self.settings.name, "interruttore aperto: il gestionale non viene chiamato");
                }
            }
            Ok(()) | Err(_) => {
                if leave.answered() {
                    tracing::info!(instance = %self.settings.name, "interruttore chiuso: il gestionale risponde di nuovo");
                }
            }
        }
        match outcome {
            Ok(()) => Ok(conversation.finish(Utc::now())),
            Err(refusal) => Err(truthful(adapter, call, refusal.error)),
        }
    }

    /// Tells, cheaply, whether the back end is there and accepts us.
    pub async fn probe(&self, adapter: &Adapter) -> Result<(), ConnectorError> {
        match adapter.connector() {
            Connector::Sql => self.probe_database(adapter).await,
            Connector::Manual => Ok(()),
            Connector::Files(_) => {
                let source = Source::of(&self.settings)?;
                source.list().await.map(drop)
            }
            Connector::Soap(_) | Connector::Rest(_) => {
                self.client()?.probe().await?;
                self.probe_clock(adapter).await?;
                if let Some(vouchers) = &self.vouchers {
                    vouchers.probe().await?;
                }
                self.probe_login(adapter).await
            }
        }
    }

    async fn place(&self, call: &Call<'_>) -> Result<Place, ConnectorError> {
        if let Some(wait) = self.breaker.closed_for() {
            let text = "left alone after repeated failures";
            return Err(ConnectorError::later(Kind::BreakerOpen, wait, text));
        }
        let busy = |text| ConnectorError::later(Kind::Busy, Duration::from_secs(1), text);
        let waiting = self.bulkhead.enter(&call.tenant.codice_istat);
        match timeout_at(call.deadline.into(), waiting).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) => Err(busy("every place is taken and the queue is full")),
            Err(_) => Err(busy("no place became free within the deadline")),
        }
    }

    /// Makes the exchanges of the call.
    async fn converse(
        &self,
        adapter: &Adapter,
        call: &Call<'_>,
        conversation: &mut Conversation<'_>,
        transcript: &mut Transcript,
    ) -> Result<(), Refusal> {
        let mut account = self.account(adapter, call, transcript).await?;
        let mut asked = AskedSteps::new();
        while let Some(step) = conversation.step() {
            let position = conversation.position();
            if !asked.contains_key(&position) {
                self.pace()?;
            }
            if asked.is_empty() {
                asked = self.ask_together(call, conversation, &account).await?;
            }
            let first = match asked.remove(&position) {
                Some(answered) => {
                    conversation.at(answered.sent);
                    let took = answered.took;
                    let answer = answered.take(transcript);
                    answer.map_err(Refusal::from).and_then(|answer| {
                        let round = (answer, took);
                        self.take_in(
                            adapter,
                            step,
                            call,
                            round,
                            conversation,
                            &account,
                            transcript,
                        )
                    })
                }
                None => {
                    self.make(adapter, step, call, conversation, &account, transcript)
                        .await
                }
            };
            let Err(refusal) = first else {
                continue;
            };
            if refusal.error.kind != Kind::CredentialsRefused {
                return Err(refusal);
            }
            self.secrets.read_again();
            let (Some(cell), Some(old)) = (account.cell.clone(), account.token.take()) else {
                return Err(refusal);
            };
            // The token may have ended before its time: one new login, one more try, then no more.
            cell.expired(&old);
            asked.clear();
            account = self.account(adapter, call, transcript).await?;
            let second = self
                .make(adapter, step, call, conversation, &account, transcript)
                .await;
            if let (Err(refusal), Some(fresh)) = (&second, &account.token)
                && refusal.error.kind == Kind::CredentialsRefused
            {
                cell.useless(fresh, &refusal.error, account.edition);
            }
            second?;
        }
        Ok(())
    }

    /// Makes one exchange.
    async fn make<'a>(
        &self,
        adapter: &Adapter,
        step: &'a Step,
        call: &Call<'_>,
        conversation: &mut Conversation<'a>,
        account: &Account,
        transcript: &mut Transcript,
    ) -> Result<(), Refusal> {
        let intent = conversation.intent();
        let sent = intent.map_or_else(Utc::now, Intent::written);
        conversation.at(sent);
        conversation.number(numbering::next(sent));
        let request = conversation.request(step, account.credentials())?;
        let Some(intent) = intent else {
            return self
                .exchange(
                    adapter,
                    step,
                    call,
                    request,
                    conversation,
                    account,
                    transcript,
                )
                .await;
        };
        intent.about_to_leave().await?;
        let made = self
            .exchange(
                adapter,
                step,
                call,
                request,
                conversation,
                account,
                transcript,
            )
            .await;
        // Whatever the back end did not say in its own words leaves open what it did.
        made.map_err(|mut refusal| {
            if !refusal.error.nothing_done {
                refusal.error.kind = Kind::OutcomeUnknown;
            }
            refusal
        })
    }

    /// Sends what a step asks and takes the answer in.
    #[expect(
        clippy::too_many_arguments,
        reason = "one exchange with all that surrounds it"
    )]
    async fn exchange<'a>(
        &self,
        adapter: &Adapter,
        step: &'a Step,
        call: &Call<'_>,
        request: Request<'a>,
        conversation: &mut Conversation<'a>,
        account: &Account,
        transcript: &mut Transcript,
    ) -> Result<(), Refusal> {
        let began = Instant::now();
        match request {
            Request::Http(request) => {
                let answer = self.send(request, call, Some(transcript)).await?;
                let round = (answer, began.elapsed());
                self.take_in(
                    adapter,
                    step,
                    call,
                    round,
                    conversation,
                    account,
                    transcript,
                )
            }
            Request::Sql(request) => {
                let rows = self.ask(adapter, step, &request, call, transcript).await?;
                transcript.keep(|| Taped {
                    exchange: conversation.exchange_name(step).into_owned(),
                    of: tape::Of::Step(step.name.clone()),
                    answer: tape::Answer::Rows(rows.clone()),
                    took: began.elapsed(),
                });
                if self.glance.is_due(began) {
                    self.drift
                        .look_at_rows(adapter, call.operation, step, &rows);
                }
                let rows = exchange::of_rows(step, &rows)?;
                conversation.rows(step, rows, account.credentials())
            }
            Request::Files(request) => {
                let rows = self
                    .look_up(&request, call, conversation, transcript)
                    .await?;
                transcript.keep(|| Taped {
                    exchange: conversation.exchange_name(step).into_owned(),
                    of: tape::Of::Step(step.name.clone()),
                    answer: tape::Answer::Rows(rows.clone()),
                    took: began.elapsed(),
                });
                let rows = exchange::of_rows(step, &rows)?;
                conversation.rows(step, rows, account.credentials())
            }
        }
    }

    /// Takes in what came of a request, and after how long.
    #[expect(
        clippy::too_many_arguments,
        reason = "one answer with all that surrounds it"
    )]
    fn take_in<'a>(
        &self,
        adapter: &Adapter,
        step: &'a Step,
        call: &Call<'_>,
        (answer, took): (HttpResponse, Duration),
        conversation: &mut Conversation<'a>,
        account: &Account,
        transcript: &mut Transcript,
    ) -> Result<(), Refusal> {
        transcript.keep(|| Taped {
            exchange: conversation.exchange_name(step).into_owned(),
            of: tape::Of::Step(step.name.clone()),
            answer: tape::Answer::Http(answer.clone()),
            took,
        });
        self.note_clock(adapter, &answer, conversation.now());
        conversation.answered(step, &answer, account.credentials())?;
        if self.glance.is_due(Instant::now()) {
            self.drift.look(adapter, call.operation, step, &answer);
        }
        Ok(())
    }

    async fn send(
        &self,
        mut request: HttpRequest,
        call: &Call<'_>,
        transcript: Option<&mut Transcript>,
    ) -> Result<HttpResponse, ConnectorError> {
        let trace = call
            .traceparent
            .and_then(|trace| HeaderValue::from_str(trace).ok());
        let name = HeaderName::from_static("traceparent");
        request.headers.extend(trace.map(|trace| (name, trace)));
        let deadline = call
            .deadline
            .min(Instant::now() + self.settings.bounds.answer_deadline.0);
        let client = self.client()?;
        let asked = request.body.clone();
        let answer = self
            .send_proven(&client, request, call, deadline, transcript)
            .await?;
        self.check_proof(&asked, &answer)?;
        Ok(answer)
    }

    fn client(&self) -> Result<Arc<HttpClient>, ConnectorError> {
        let mut client = self.client.lock();
        if let Some(client) = &*client {
            return Ok(Arc::clone(client));
        }
        let fresh = Arc::new(HttpClient::new(&self.settings)?);
        *client = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    /// Our own limit towards the back end.
    fn pace(&self) -> Result<(), ConnectorError> {
        let Some(rate) = &self.rate else {
            return Ok(());
        };
        rate.check().map_err(|early| {
            let wait = early.wait_time_from(DefaultClock::default().now());
            ConnectorError::later(
                Kind::Busy,
                wait,
                "our own limit towards the back end is reached",
            )
        })
    }
}

/// A call that may have been carried out is not tried again unless the adapter says that it may.
fn truthful(adapter: &Adapter, call: &Call<'_>, error: ConnectorError) -> ConnectorError {
    let repeatable = adapter
        .operation(call.operation)
        .is_some_and(AdapterOperation::repeatable);
    match error.kind {
        Kind::Busy | Kind::BreakerOpen => error,
        _ if repeatable => error,
        _ => ConnectorError {
            retry: Retry::Never,
            ..error
        },
    }
}
