//! The exchanges that answer one call, in their order: which step comes next, what it captured, what all of them gave.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Europe::Rome;
use secrecy::SecretString;

use super::adapter::{Adapter, AdapterOperation, MOST_CALLS, Step};
use super::call::{Answer, Call, Intent, Turn};
use super::error::{ConnectorError, Kind};
use super::exchange::{self, Request};
use super::extract::Extract;
use super::http::{HttpRequest, HttpResponse};
use super::mapping::canonical::is_list;
use super::mapping::outcome::Facts;
use super::mapping::{Given, Told};
use super::template::scope::Scope;
use crate::config::instance::InstanceSettings;
use crate::contract::document::{Document, Entry};
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::posizione::Tributo;
use crate::contract::question::Parameters;

/// The exchanges of one call.
pub struct Conversation<'a> {
    adapter: &'a Adapter,
    operation: &'a AdapterOperation,
    call: &'a Call<'a>,
    settings: &'a InstanceSettings,
    plan: Vec<bool>,
    next: usize,
    captures: BTreeMap<Box<str>, String>,
    lists: BTreeMap<Box<str>, Vec<String>>,
    /// How many exchanges were made, and how many of them for the step that comes next.
    made: usize,
    turn: usize,
    /// What the exchanges of that step told so far.
    told: Option<Extract>,
    entries: Vec<Entry>,
    today: NaiveDate,
    now: DateTime<Utc>,
    number: i64,
    /// What the data rest on, where it is not the present.
    as_of: Option<AsOf>,
}

/// What an answer rests on that is not of the present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// The day that the data describe.
    pub date: NaiveDate,
    /// When they came in.
    pub received: DateTime<Utc>,
    /// Whether they are older than their bound of freshness.
    pub is_overdue: bool,
}

/// What opens a back end's door.
#[derive(Clone, Copy)]
pub struct Credentials<'c> {
    /// The instance's secrets.
    pub secrets: &'c BTreeMap<String, SecretString>,
    /// The token of the adapter's login.
    pub token: Option<&'c SecretString>,
}

impl<'a> Conversation<'a> {
    /// Plans the steps that the call takes.
    pub fn begin(
        adapter: &'a Adapter,
        settings: &'a InstanceSettings,
        call: &'a Call<'a>,
        now: DateTime<Utc>,
    ) -> Result<Conversation<'a>, ConnectorError> {
        let unsupported = || {
            ConnectorError::permanent(
                Kind::Unsupported,
                format!("{} does not offer this", adapter.name()),
            )
        };
        let operation = adapter.operation(call.operation).ok_or_else(unsupported)?;
        // What answers later does not answer a call that waits: nothing asked would look like nothing known.
        if operation.deferral().is_some() && matches!(call.turn, Turn::Whole) {
            return Err(unsupported());
        }
        let tributo = tributo(call);
        if let (None, Parameters::Variazione(_)) = (call.turn.reference(), call.parameters) {
            return Err(ConnectorError::permanent(
                Kind::Gateway,
                "a write without an intent",
            ));
        }
        if tributo.is_some_and(|tributo| !operation.tributi().contains(&tributo)) {
            return Err(unsupported());
        }
        let today = now.with_timezone(&Rome).date_naive();
        if operation.only_this_year() && year(call).is_some_and(|year| year != today.year()) {
            return Err(ConnectorError::permanent(
                Kind::Unsupported,
                format!("{} tells of the current year alone", adapter.name()),
            ));
        }
        Ok(Conversation {
            adapter,
            operation,
            call,
            settings,
            plan: operation.turn_plan(tributo, call.fields, call.turn),
            next: 0,
            captures: BTreeMap::new(),
            lists: BTreeMap::new(),
            made: 0,
            turn: 0,
            told: None,
            entries: Vec::new(),
            today,
            now,
            number: now.timestamp_micros(),
            as_of: None,
        })
    }

    /// The instant of what comes next: one for a whole request and the answer to it.
    pub fn at(&mut self, now: DateTime<Utc>) {
        self.now = now;
    }

    /// The number of the request that comes next.
    pub fn number(&mut self, number: i64) {
        self.number = number;
    }

    /// The answer will rest on data of another day.
    pub fn rests_on(&mut self, as_of: AsOf) {
        self.as_of = Some(as_of);
    }

    /// Today in Italy.
    pub fn today(&self) -> NaiveDate {
        self.today
    }

    /// That instant.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The step that comes next; `None`: all were made.
    pub fn step(&mut self) -> Option<&'a Step> {
        while !*self.plan.get(self.next)? {
            self.next += 1;
        }
        self.operation.steps().get(self.next)
    }

    /// The place of the step that comes next in its operation.
    pub(super) fn position(&self) -> usize {
        self.next
    }

    /// The steps that may be asked beside the one that comes next, by their places: nothing that they send is still to come.
    pub(super) fn askable_beside_next(&self) -> Vec<(usize, &'a Step)> {
        if !self.operation.together() {
            return Vec::new();
        }
        let steps = self.operation.steps().iter().enumerate();
        steps
            .skip(self.next + 1)
            .filter(|(place, _)| self.plan[*place])
            .filter(|(_, step)| step.after <= self.next && step.for_each.is_none())
            .take(MOST_CALLS.saturating_sub(self.made + 1))
            .collect()
    }

    /// What is sent for a step before its turn has come.
    pub(super) fn request_ahead(
        &self,
        step: &'a Step,
        credentials: Credentials<'_>,
    ) -> Result<Request<'a>, ConnectorError> {
        let repeatable = self.operation.may_send_twice(step);
        exchange::request(self.adapter, step, repeatable, &self.scope(credentials))
    }

    /// The intent, if the step that comes next is the one that changes something.
    pub(super) fn intent(&self) -> Option<&'a dyn Intent> {
        match self.call.turn {
            Turn::Write(intent) if self.operation.is_writing_step(self.next) => Some(intent),
            _ => None,
        }
    }

    /// The fields that the call fetches.
    pub(super) fn wanted(&self) -> FieldSet {
        self.call.fields
    }

    /// The name of the exchange that comes next: the step's, with a number from the second one on.
    pub fn exchange_name(&self, step: &'a Step) -> Cow<'a, str> {
        match self.turn {
            0 => Cow::Borrowed(&step.name),
            turn => Cow::Owned(format!("{}-{}", step.name, turn + 1)),
        }
    }

    /// How often the step is made.
    fn turns(&self, step: &Step) -> usize {
        let values = step.for_each.as_ref().and_then(|name| self.lists.get(name));
        values.map_or(1, Vec::len)
    }

    /// What is sent for the step.
    pub fn request(
        &mut self,
        step: &'a Step,
        credentials: Credentials<'_>,
    ) -> Result<Request<'a>, ConnectorError> {
        if self.made + self.turns(step) - self.turn > MOST_CALLS {
            return Err(ConnectorError::permanent(
                Kind::Unsupported,
                format!(
                    "step {}: more than {MOST_CALLS} calls for one question",
                    step.name
                ),
            ));
        }
        let value = step.for_each.as_ref().and_then(|name| {
            let value = self.lists.get(name)?.get(self.turn)?;
            Some((name.clone(), value.clone()))
        });
        self.captures.extend(value);
        let repeatable = self.operation.may_send_twice(step);
        exchange::request(self.adapter, step, repeatable, &self.scope(credentials))
    }

    /// Takes in the answer to the step that came next.
    pub fn answered(
        &mut self,
        step: &Step,
        answer: &HttpResponse,
        credentials: Credentials<'_>,
    ) -> Result<(), Refusal> {
        let scope = self.scope(credentials);
        let told = exchange::understand(self.adapter, step, answer, &scope);
        let told = told.map_err(|refusal| refusal.in_step(step))?;
        self.told(step, told, credentials)
    }

    /// Takes in the rows of the statement that came next.
    pub fn rows(
        &mut self,
        step: &Step,
        rows: Extract,
        credentials: Credentials<'_>,
    ) -> Result<(), Refusal> {
        let scope = self.scope(credentials);
        let facts = Facts {
            status: 200,
            retry_after: None,
            fault: None,
            skew: None,
            document: Some(rows.document()),
        };
        let told = step.mapping.judge(&facts, &scope);
        let told = told.map_err(|error| Refusal::of_record(error).in_step(step))?;
        let rows = Some(rows).filter(|_| told == Told::Something);
        self.told(step, rows, credentials)
    }

    /// Takes in what an exchange told; with the last one of the step, what all of them give together.
    fn told(
        &mut self,
        step: &Step,
        told: Option<Extract>,
        credentials: Credentials<'_>,
    ) -> Result<(), Refusal> {
        self.made += 1;
        self.turn += 1;
        match (&mut self.told, told) {
            (Some(known), Some(more)) => known.absorb(&more),
            (known @ None, more) => *known = more,
            (Some(_), None) => {}
        }
        if self.turn < self.turns(step) {
            return Ok(());
        }
        let told = self.told.take();
        let scope = self.scope(credentials);
        let given = step.mapping.take(told.as_ref(), self.call.fields, &scope);
        let given = given.map_err(|error| Refusal::of_record(error).in_step(step))?;
        self.take(step, given);
        Ok(())
    }

    fn take(&mut self, step: &Step, given: Given) {
        self.next += 1;
        self.turn = 0;
        self.captures.extend(given.captures);
        self.lists.extend(given.lists);
        if step.mapping.fields.is_empty() {
            return;
        }
        if is_list(self.call.operation) {
            self.entries.extend(given.entries);
            return;
        }
        for entry in given.entries {
            match self.entries.first_mut() {
                Some(known) => known.absorb(entry),
                None => self.entries.push(entry),
            }
        }
    }

    /// What placeholders stand for at this point.
    pub(super) fn scope<'s>(&'s self, credentials: Credentials<'s>) -> Scope<'s> {
        let declared = self.adapter.declared();
        Scope {
            call: self.call,
            settings: self.settings,
            secrets: credentials.secrets,
            declared: (&declared.instance, &declared.ente),
            token: credentials.token,
            captures: &self.captures,
            today: self.today,
            stamps: self.adapter.stamps(),
            now: self.now,
            number: self.number,
        }
    }

    /// The answer, once all steps were made; `received` is when the last one came in.
    pub fn finish(self, received: DateTime<Utc>) -> Answer {
        let tributo = tributo(self.call);
        let given = self.operation.fields_for(tributo);
        let unavailable = self.call.fields.minus(given).minus(foreign_to(tributo));
        Answer {
            document: Document::of(self.call.operation, self.entries),
            fonte: self.operation.fonte(),
            data_riferimento: self.as_of.map_or(self.today, |as_of| as_of.date),
            rilevato_il: self.as_of.map_or(received, |as_of| as_of.received),
            is_overdue: self.as_of.is_some_and(|as_of| as_of.is_overdue),
            unavailable,
        }
    }
}

fn tributo(call: &Call<'_>) -> Option<Tributo> {
    match call.parameters {
        Parameters::Posizione { tributo, .. } => Some(*tributo),
        _ => None,
    }
}

fn year(call: &Call<'_>) -> Option<i32> {
    match call.parameters {
        Parameters::Posizione { anno, .. } => Some(i32::from(*anno)),
        _ => None,
    }
}

/// Fields that the other tax has and this one cannot.
fn foreign_to(tributo: Option<Tributo>) -> FieldSet {
    let name = match tributo {
        Some(Tributo::Imu) => "utenze",
        Some(Tributo::Tari) => "immobili",
        None => return FieldSet::NONE,
    };
    FieldSet::of(Operation::RicercaPosizione, [name]).unwrap_or_default()
}

/// A failed exchange.
#[derive(Debug)]
pub struct Refusal {
    /// The failure.
    pub error: ConnectorError,
    /// Whether it lies in the record of one person, so that it says nothing about the back end's health.
    of_record: bool,
}

impl From<ConnectorError> for Refusal {
    fn from(error: ConnectorError) -> Refusal {
        Refusal {
            error,
            of_record: false,
        }
    }
}

impl Refusal {
    /// A failure met while a well-formed answer was read.
    pub fn of_record(error: ConnectorError) -> Refusal {
        Refusal {
            of_record: error.kind == Kind::Unintelligible,
            error,
        }
    }

    /// Whether it speaks against the health of the back end.
    pub fn is_outage(&self) -> bool {
        self.error.is_outage() && !self.of_record
    }

    fn in_step(mut self, step: &Step) -> Refusal {
        self.error.detail = format!("step {}: {}", step.name, self.error.detail);
        self
    }
}

/// The login that gives a token.
pub struct Login<'a> {
    adapter: &'a Adapter,
    step: &'a Step,
    scope: Scope<'a>,
}

static NO_CAPTURES: BTreeMap<Box<str>, String> = BTreeMap::new();

impl<'a> Login<'a> {
    /// A login for the call's ente, at that instant.
    pub fn new(
        adapter: &'a Adapter,
        step: &'a Step,
        settings: &'a InstanceSettings,
        call: &'a Call<'a>,
        secrets: &'a BTreeMap<String, SecretString>,
        now: DateTime<Utc>,
    ) -> Login<'a> {
        let declared = adapter.declared();
        Login {
            adapter,
            step,
            scope: Scope {
                call,
                settings,
                secrets,
                declared: (&declared.instance, &declared.ente),
                token: None,
                captures: &NO_CAPTURES,
                today: now.with_timezone(&Rome).date_naive(),
                stamps: adapter.stamps(),
                now,
                number: now.timestamp_micros(),
            },
        }
    }

    /// What is sent.
    pub fn request(&self) -> Result<HttpRequest, ConnectorError> {
        match exchange::request(self.adapter, self.step, true, &self.scope)? {
            Request::Http(request) => Ok(request),
            Request::Sql(_) | Request::Files(_) => Err(ConnectorError::permanent(
                Kind::Gateway,
                "a database or a copy has no login of its own",
            )),
        }
    }

    /// What the answer gave.
    pub fn answered(
        &self,
        answer: &HttpResponse,
    ) -> Result<BTreeMap<Box<str>, String>, ConnectorError> {
        let told = exchange::understand(self.adapter, self.step, answer, &self.scope);
        let given = told.and_then(|told| {
            let mapping = &self.step.mapping;
            let given = mapping.take(told.as_ref(), FieldSet::NONE, &self.scope);
            given.map_err(Refusal::of_record)
        });
        match given {
            Ok(given) => Ok(given.captures),
            Err(refusal) => {
                let mut error = refusal.in_step(self.step).error;
                // A login asks about nobody: whatever its rules say, nobody was looked for.
                if matches!(error.kind, Kind::NotFound | Kind::Ambiguous) {
                    error.kind = Kind::Failed;
                }
                Err(error)
            }
        }
    }
}
