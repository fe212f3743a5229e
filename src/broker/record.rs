//! The record around all stages: a place is reserved before the first, the one durable write happens before the reply leaves.

mod contexts;
pub(super) mod seal;
mod tokens;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::config::grant::Grant;
use crate::config::portal::Portal;
use crate::connectors::adapter::Adapter;
use crate::contract::document::Role;
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::question::Question;
use crate::contract::side::Side;
use crate::digest::SaltedDigest;
use crate::gateway::Gateway;
use crate::modi::Proven;
use crate::oidc::{Citizen, Code};
use crate::pdnd::Voucher;
use crate::snapshot::Snapshot;
use crate::store::SubjectKeys;
use crate::store::quota::QuotaHold;
use crate::store::record::{Context, Record, StageTimes, Subject};
use crate::store::representation::Representation;
use crate::store::{Slot, StoreError};
use crate::telemetry::exchange::{ExchangeSeen, ExchangeTimes};

use super::answer_signature::Signs;
use super::arrival::Arrival;
use super::authorization::{self, Before, PurposeOrigin};
use super::cache::{CacheState, Found};
use super::deferral::Delivered;
use super::dispatch::Fetched;
use super::error::ExchangeError;
use super::protection;
use super::reply::{Answered, Describe, LimitStatus, Reply};
use super::representation;

use contexts::Common;
use tokens::LoggedIn;
pub(super) use tokens::{REPRESENTATION, VERIFIED};

/// What the stages leave behind for the record.
pub struct Trail {
    /// The exchange that asked several enti at once, this one among them.
    parent: Option<Uuid>,
    snapshot: Arc<Snapshot>,
    begun: DateTime<Utc>,
    lap_started: Instant,
    portal: Option<Arc<Portal>>,
    proven: Option<Arc<Proven>>,
    citizen: Option<Arc<Citizen>>,
    voucher: Option<Arc<Voucher>>,
    /// In which role somebody asks about another person.
    representation: Option<Arc<Representation>>,
    /// The card of a citizen who logged in, and the number of the token given for it.
    logged_in: Option<LoggedIn>,
    question: Option<Question>,
    /// Its position among the portal's.
    grant: Option<usize>,
    /// What was granted: the operation and the fields.
    scope: Option<(Operation, FieldSet)>,
    /// Its position among the configuration's: of those alone the record speaks, granted or not.
    purpose: Option<usize>,
    limit: Option<LimitStatus>,
    quota: Option<QuotaHold>,
    adapter: Option<Arc<Adapter>>,
    fetched: Option<(Arc<Fetched>, CacheState, Duration)>,
    /// The family that a verification looked at besides.
    family: Option<Arc<Fetched>>,
    /// The exchange that opened the request which this one looks at, and its answer where that is given.
    opened_by: Option<Uuid>,
    delivered: Option<Arc<Delivered>>,
    /// What a write sent to the back end and what came.
    wrote: (Option<SaltedDigest>, Option<SaltedDigest>),
    times: StageTimes,
}

/// The stages as the record times them.
#[derive(Debug, Clone, Copy)]
pub enum Stage {
    /// Identity and authorization.
    Admission,
    /// Limits.
    Limits,
    /// Cache.
    Cache,
    /// Back end.
    Dispatch,
}

/// Reserves a place in the record and takes the snapshot that the whole exchange runs under.
pub(super) fn open(gateway: &Gateway, arrival: &Arrival) -> Result<(Slot, Trail), ExchangeError> {
    if gateway.is_draining() {
        return Err(ExchangeError::NoCapacity("il gateway si sta arrestando"));
    }
    authorization::check_contact(gateway)?;
    let slot = reserve(gateway)?;
    Ok((slot, Trail::begin(arrival, gateway.snapshot())))
}

/// The same for one part of an exchange that asks several enti, under the snapshot and the portal of the whole.
pub(super) fn open_part(
    gateway: &Gateway,
    arrival: &Arrival,
    whole: &Trail,
    parent: Uuid,
) -> Result<(Slot, Trail), ExchangeError> {
    let slot = reserve(gateway)?;
    let trail = Trail {
        parent: Some(parent),
        portal: whole.portal.clone(),
        citizen: whole.citizen.clone(),
        representation: whole.representation.clone(),
        grant: whole.grant,
        purpose: whole.purpose,
        ..Trail::begin(arrival, whole.snapshot())
    };
    Ok((slot, trail))
}

fn reserve(gateway: &Gateway) -> Result<Slot, ExchangeError> {
    gateway.store.reserve().map_err(|refused| match refused {
        StoreError::Full => ExchangeError::NoCapacity("troppe richieste in corso"),
        other => ExchangeError::NotRecorded(other.to_string()),
    })
}

/// Writes reply and record; the reply is returned only once the record is durable.
pub(super) async fn close(
    gateway: &Gateway,
    slot: Slot,
    mut trail: Trail,
    arrival: &Arrival,
    outcome: Result<Answered, ExchangeError>,
    describe: Describe,
) -> Reply {
    let outcome = still_disclosable(gateway, &trail, arrival, outcome).await;
    let limit = trail.final_limit(gateway, arrival);
    let mut cause = outcome.as_ref().err().map(ToString::to_string);
    let mut reply = Reply::of(arrival.scambio, trail.operation(), outcome, limit, describe);
    if let Some(signs) = trail.signs() {
        match signs.sign(&reply, arrival.scambio, &arrival.body).await {
            Ok(signature) => reply.signature = signature,
            Err(failure) => {
                let failure = ExchangeError::NotSigned(failure);
                cause = Some(failure.to_string());
                reply = Reply::unrecorded(arrival.scambio, limit, &failure, describe);
            }
        }
    }
    let record = trail.record(gateway, arrival, &reply);
    let committing = Instant::now();
    match slot.commit(record).await {
        Ok(()) => {
            let times = trail.times(committing.elapsed(), arrival.started.elapsed());
            gateway.telemetry.exchange_ended(&trail.seen(
                gateway,
                arrival,
                &reply,
                cause.as_deref(),
                times,
            ));
            reply
        }
        Err(failure) => {
            let failure = ExchangeError::NotRecorded(failure.to_string());
            tracing::error!(scambio = %arrival.scambio, %failure, "uno scambio non si è potuto registrare e non ha avuto risposta");
            let refused = Reply::unrecorded(arrival.scambio, limit, &failure, describe);
            let times = trail.times(committing.elapsed(), arrival.started.elapsed());
            let cause = failure.to_string();
            gateway.telemetry.exchange_ended(&trail.seen(
                gateway,
                arrival,
                &refused,
                Some(&cause),
                times,
            ));
            refused
        }
    }
}

/// The outcome, if what it tells is granted at this moment, too: the grant may have been taken back while a back end was
/// answering, others fetched the answer or the question waited.
///
/// A write that was carried out is told all the same: nothing is disclosed but what its portal has done itself, and a refusal
/// would have it done twice.
async fn still_disclosable(
    gateway: &Gateway,
    trail: &Trail,
    arrival: &Arrival,
    outcome: Result<Answered, ExchangeError>,
) -> Result<Answered, ExchangeError> {
    let tells = match &outcome {
        Ok(answered) => answered.tells(),
        // That nobody was found is an answer, too.
        Err(failure) => matches!(failure, ExchangeError::BackEnd(_)),
    };
    let is_write = trail.operation().is_some_and(Operation::is_write);
    if !tells || is_write {
        return outcome;
    }
    authorization::still_granted(gateway, trail, &arrival.certificate, None)?;
    let held = trail.representation.as_ref().map(|held| held.number);
    representation::still_holds(gateway, held).await?;
    trail.still_shown(gateway)?;
    outcome
}

impl Trail {
    fn begin(arrival: &Arrival, snapshot: Arc<Snapshot>) -> Trail {
        Trail {
            parent: None,
            snapshot,
            begun: arrival.at,
            lap_started: arrival.started,
            portal: None,
            proven: None,
            citizen: None,
            voucher: None,
            representation: None,
            logged_in: None,
            question: None,
            grant: None,
            scope: None,
            purpose: None,
            limit: None,
            quota: None,
            adapter: None,
            fetched: None,
            family: None,
            opened_by: None,
            delivered: None,
            wrote: (None, None),
            times: StageTimes::default(),
        }
    }

    /// A trail for what may go on after this exchange has had its reply.
    pub(super) fn branch(&self, arrival: &Arrival) -> Trail {
        Trail {
            lap_started: self.lap_started,
            ..Trail::begin(arrival, self.snapshot())
        }
    }

    /// Takes over what a branch found in time.
    pub(super) fn join(&mut self, branch: Trail) {
        self.lap_started = branch.lap_started;
        self.adapter = branch.adapter;
        self.fetched = branch.fetched;
        self.times = StageTimes {
            admission: self.times.admission,
            ..branch.times
        };
    }

    /// The configuration that the exchange runs under.
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot)
    }

    /// When the exchange began.
    pub(super) fn begun(&self) -> DateTime<Utc> {
        self.begun
    }

    /// Ends a stage's time.
    pub(super) fn lap(&mut self, stage: Stage) {
        let now = Instant::now();
        let microseconds = i64::try_from((now - self.lap_started).as_micros()).unwrap_or(i64::MAX);
        self.lap_started = now;
        match stage {
            Stage::Admission => self.times.admission = microseconds,
            // A verification goes through these once for the person and once for the family.
            Stage::Limits => self.times.limits += microseconds,
            Stage::Cache => self.times.cache += microseconds,
            Stage::Dispatch => self.times.dispatch += microseconds,
        }
    }

    /// The caller is known.
    pub(super) fn known(&mut self, portal: &Arc<Portal>) {
        self.portal = Some(Arc::clone(portal));
    }

    /// Its tokens are accepted.
    pub(super) fn proved(&mut self, proven: &Arc<Proven>) {
        self.proven = Some(Arc::clone(proven));
    }

    /// The citizen has shown themselves by the token of a log-in.
    pub(super) fn shown(&mut self, citizen: &Arc<Citizen>) {
        self.citizen = Some(Arc::clone(citizen));
    }

    /// The citizen who showed themselves.
    pub(super) fn citizen(&self) -> Option<&Arc<Citizen>> {
        self.citizen.as_ref()
    }

    /// The portal has shown a voucher.
    pub(super) fn vouched(&mut self, voucher: &Arc<Voucher>) {
        self.voucher = Some(Arc::clone(voucher));
    }

    /// A citizen's log-in came to its end.
    pub(super) fn logged_in(&mut self, code: &Code, thumbprint: [u8; 32]) {
        self.logged_in = Some(LoggedIn::of(code, thumbprint));
    }

    /// The question is well-formed.
    pub(super) fn asked(&mut self, question: &Question) {
        self.question = Some(question.clone());
    }

    /// A purpose is named. One that the configuration has is a word of ours and fit for the record, granted or not: whether the
    /// exchange may be told to the person whom it is about depends on it.
    pub(super) fn named(&mut self, purpose: Option<&str>) {
        self.purpose = purpose.and_then(|named| {
            let mut purposes = self.snapshot.purposes().iter();
            purposes.position(|purpose| purpose.id == named)
        });
    }

    /// A grant covers the question.
    pub(super) fn granted(&mut self, grant: &Grant) {
        let granted = |portal: &Arc<Portal>| {
            let mut grants = portal.grants.iter();
            grants.position(|other| std::ptr::eq(&raw const **other, grant))
        };
        self.grant = self.portal.as_ref().and_then(granted);
    }

    /// Somebody asks about another person in a role of the law.
    pub(super) fn represented(&mut self, representation: &Arc<Representation>) {
        self.representation = Some(Arc::clone(representation));
    }

    /// So much was granted.
    pub(super) fn permitted(&mut self, operation: Operation, fields: FieldSet) {
        self.scope = Some((operation, fields));
    }

    /// What was granted to whom, to be judged again; none before authorization.
    pub(super) fn granted_before(&self) -> Option<Before<'_>> {
        let (operation, fields) = self.scope?;
        Some(Before {
            snapshot: &self.snapshot,
            portal: self.portal.as_deref()?,
            grant: self.grant()?,
            purpose: self.purpose(),
            question: self.question.as_ref()?,
            operation,
            fields,
        })
    }

    /// Refuses where somebody who is told of was marked as protected meanwhile. Of a question to several enti each part was judged by itself.
    fn still_shown(&self, gateway: &Gateway) -> Result<(), ExchangeError> {
        let before = self.granted_before();
        let Some(before) = before.filter(|_| self.fetched.is_some() || self.delivered.is_some())
        else {
            return Ok(());
        };
        let fetched = self.fetched.iter();
        let fetched = fetched.map(|(fetched, ..)| fetched).chain(&self.family);
        let documents = fetched.map(|fetched| &fetched.answer.document);
        let delivered = self.delivered.iter().map(|delivered| &delivered.document);
        protection::still_shown(gateway, &before, documents.chain(delivered))
    }

    /// The tightest limit met so far.
    pub(super) fn limit(&self) -> Option<LimitStatus> {
        self.limit
    }

    /// A limit was met; the tightest one is told to the portal.
    pub(super) fn limited(&mut self, status: LimitStatus) {
        if self
            .limit
            .is_none_or(|known| status.remaining < known.remaining)
        {
            self.limit = Some(status);
        }
    }

    /// The exchange counts against a quota.
    pub(super) fn counted(&mut self, hold: QuotaHold) {
        self.quota = Some(hold);
    }

    /// An adapter is to answer.
    pub(super) fn answered_by(&mut self, adapter: &Arc<Adapter>) {
        self.adapter = Some(Arc::clone(adapter));
    }

    /// An answer was found.
    pub(super) fn found(&mut self, fetched: &Arc<Fetched>, state: CacheState, age: Duration) {
        self.fetched = Some((Arc::clone(fetched), state, age));
    }

    /// A family was looked at besides the person: of two calls the record keeps the evidence of the one about the person asked about.
    pub(super) fn compared(&mut self, person: &Found, family: &Found) {
        self.found(&person.fetched, person.state, person.age);
        self.family = Some(Arc::clone(&family.fetched));
    }

    /// The exchange is about a request that another one opened.
    pub(super) fn looks_at(&mut self, opened_by: Uuid) {
        self.opened_by = Some(opened_by);
    }

    /// The answer of a request that outlived its call is given.
    pub(super) fn delivers(&mut self, delivered: &Arc<Delivered>) {
        self.delivered = Some(Arc::clone(delivered));
    }

    /// A write was tried at the back end.
    pub(super) fn wrote(&mut self, digests: (Option<SaltedDigest>, Option<SaltedDigest>)) {
        self.wrote = digests;
    }

    /// Whether the reply is signed, and by whom. The parts of an answer to several enti are not: the whole is.
    fn signs(&self) -> Option<Signs<'_>> {
        let portal = self.portal.as_ref()?;
        let wanted = portal.modi.as_ref().is_some_and(|modi| modi.answers_signed);
        (wanted && self.parent.is_none()).then_some(())?;
        Some(Signs {
            own: self.snapshot.own_signer.as_ref()?,
            portal,
            proven: self.proven.as_deref(),
        })
    }

    fn operation(&self) -> Option<Operation> {
        self.question.as_ref().map(|asked| asked.operation)
    }

    fn grant(&self) -> Option<&Grant> {
        let grants = &self.portal.as_ref()?.grants;
        grants.get(self.grant?).map(Arc::as_ref)
    }

    fn purpose(&self) -> Option<&str> {
        let purpose = self.snapshot.purposes().get(self.purpose?)?;
        Some(&purpose.id)
    }

    /// The ente's code, only where the configuration has it, or had it before another followed it.
    fn ente(&self) -> Option<&str> {
        let code = self.question.as_ref()?.ente.as_ref()?;
        self.address_of(code).map(|_| code.as_str())
    }

    /// What tells the ente apart from the others that the snapshot or the table of former ones knows.
    fn address_of(&self, code: &CodiceIstat) -> Option<usize> {
        let configured = self.snapshot.ente(code).map(address);
        configured.or_else(|| {
            self.snapshot
                .former(code)
                .map(|former| std::ptr::from_ref(former) as usize)
        })
    }

    fn times(&self, record: Duration, total: Duration) -> ExchangeTimes {
        let of = |microseconds: i64| Duration::from_micros(microseconds.unsigned_abs());
        ExchangeTimes {
            admission: of(self.times.admission),
            limits: of(self.times.limits),
            cache: of(self.times.cache),
            dispatch: of(self.times.dispatch),
            record,
            total,
        }
    }

    fn seen<'a>(
        &'a self,
        gateway: &'a Gateway,
        arrival: &Arrival,
        reply: &Reply,
        cause: Option<&'a str>,
        times: ExchangeTimes,
    ) -> ExchangeSeen<'a> {
        let found = self.fetched.as_ref();
        ExchangeSeen {
            scambio: arrival.scambio,
            begun: self.begun,
            node: &gateway.node.name,
            generation: self.snapshot.generation,
            portal: self.portal.as_ref().map(|portal| portal.name.as_str()),
            ente: self.ente(),
            operation: self.operation(),
            purpose: self.purpose(),
            adapter: self.adapter.as_ref().map(|adapter| adapter.name()),
            outcome: reply.outcome(),
            side: reply.side(),
            status: reply.status(),
            cause,
            cache: found.map(|(_, state, _)| state.name()),
            age_seconds: found.map(|(.., age)| age.as_secs()),
            request_bytes: arrival.body.len() as u64,
            reply_bytes: reply.body.len() as u64,
            times,
            trace: arrival.trace,
        }
    }

    /// What `X-RateLimit-*` say: refused exchanges of a known portal are charged to it too.
    fn final_limit(&self, gateway: &Gateway, arrival: &Arrival) -> LimitStatus {
        match (&self.limit, &self.portal) {
            (Some(status), _) => *status,
            (None, Some(portal)) => gateway.limits.charge(&portal.name, portal.rate),
            (None, None) => arrival.door_limit,
        }
    }

    fn record(&mut self, gateway: &Gateway, arrival: &Arrival, reply: &Reply) -> Record {
        let quota = self.quota.take();
        let ente = self.ente();
        let found = self.fetched.as_ref();
        let called = found
            .filter(|(fetched, ..)| fetched.scambio == arrival.scambio)
            .map(|(fetched, ..)| fetched);
        let origin = found
            .map(|(fetched, ..)| fetched.scambio)
            .filter(|origin| *origin != arrival.scambio)
            .or(self.opened_by);
        Record {
            scambio: arrival.scambio,
            parent: self.parent,
            context: self.context(arrival),
            begun: self.begun,
            ended: Utc::now(),
            subjects: ente
                .map(|ente| self.subjects(gateway, ente, reply))
                .unwrap_or_default(),
            outcome: reply.outcome(),
            side: reply.side().map(Side::name),
            status: reply.status(),
            times: self.times,
            cache: found.map(|(_, state, _)| state.name()),
            age_seconds: found.map(|(.., age)| i64::try_from(age.as_secs()).unwrap_or(i64::MAX)),
            origin,
            request: (!arrival.body.is_empty()).then(|| SaltedDigest::of(&arrival.body)),
            backend_request: called.map_or(self.wrote.0, |fetched| fetched.backend_request),
            backend_answer: called.map_or(self.wrote.1, |fetched| fetched.backend_answer),
            reply: (!reply.body.is_empty()).then(|| SaltedDigest::of(&reply.body)),
            tokens: self.tokens(gateway),
            quota,
        }
    }

    /// Who asked whom for what, and under which text.
    fn context(&self, arrival: &Arrival) -> Arc<Context> {
        let code = self.question.as_ref().and_then(|asked| asked.ente.as_ref());
        let ente = code.and_then(|code| self.address_of(code));
        let common = Common {
            portal: self.portal.as_ref().map(address),
            certificate: arrival.certificate.fingerprint,
            ente,
            operation: self.operation(),
            grant: self.grant,
            purpose: self.purpose,
            adapter: self.adapter.as_ref().map(address),
        };
        contexts::shared(&self.snapshot, common, || self.new_context(arrival))
    }

    fn new_context(&self, arrival: &Arrival) -> Context {
        let mut snapshot_digest = [0; 32];
        hex::decode_to_slice(&self.snapshot.digest, &mut snapshot_digest)
            .expect("a snapshot's digest is SHA-256 in hexadecimal");
        let portal = self.portal.as_ref();
        let adapter = self.adapter.as_ref();
        let grant = self.grant();
        let purpose = self.purpose();
        Context {
            generation: i64::try_from(self.snapshot.generation).unwrap_or(i64::MAX),
            snapshot_digest,
            portal: portal.map(|portal| portal.name.as_str().into()),
            certificate: arrival.certificate.fingerprint,
            ente: self.ente().map(Into::into),
            operation: self.operation(),
            purpose_origin: purpose.map(|_| match &self.voucher {
                Some(_) => PurposeOrigin::Voucher.name(),
                None => PurposeOrigin::Intestazione.name(),
            }),
            purpose: purpose.map(Into::into),
            grant_id: grant.map(|grant| grant.id.as_str().into()),
            grant_version: grant.map(|grant| grant.version),
            adapter: adapter.map(|adapter| adapter.name().into()),
            adapter_version: adapter.map(|adapter| adapter.version().into()),
        }
    }

    /// The persons asked about and, where data left, those disclosed: each digested once, most are both.
    fn subjects(&self, gateway: &Gateway, ente: &str, reply: &Reply) -> Vec<Subject> {
        let keys = gateway.store.subject_keys();
        let asked = self.question.as_ref();
        let asked = asked.and_then(|asked| asked.parameters.soggetto());
        let asked = asked.map(|code| (code, keys.subject(ente, code, Role::Cercato)));
        let fetched = self.fetched.iter();
        let documents = fetched.map(|(fetched, ..)| &fetched.answer.document);
        let delivered = self.delivered.iter().map(|delivered| &delivered.document);
        let is_verification = self.operation().is_some_and(Operation::is_verification);
        let disclosed = documents
            .chain(delivered)
            .filter(|_| reply.is_answer() && !is_verification)
            .flat_map(|document| document.disclosed(reply.disclosed));
        let mut subjects: Vec<Subject> = asked.iter().map(|(_, subject)| *subject).collect();
        if is_verification && reply.is_answer() {
            subjects.extend(self.told_of(keys, ente));
        }
        subjects.extend(disclosed.map(|person| match &asked {
            Some((code, subject)) if *code == person.code => Subject {
                role: person.role,
                ..*subject
            },
            _ => keys.subject(ente, &person.code, person.role),
        }));
        subjects
    }

    /// Of whom a verification told: of the person, and of each member that was declared, since a no tells something of them as well. The
    /// others in the family were looked at by nobody.
    fn told_of(&self, keys: &SubjectKeys, ente: &str) -> Vec<Subject> {
        let Some(asked) = &self.question else {
            return Vec::new();
        };
        let person = asked.parameters.soggetto().into_iter();
        let person = person.map(|code| keys.subject(ente, code, Role::Interessato));
        let declared = asked.parameters.componenti();
        let declared = declared.map(|code| keys.subject(ente, code, Role::Componente));
        person.chain(declared).collect()
    }
}

fn address<T>(part: &Arc<T>) -> usize {
    Arc::as_ptr(part) as usize
}
