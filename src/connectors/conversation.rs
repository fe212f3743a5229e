//! The exchanges that answer one call, in their order: which step comes next, what it captured, what all of them gave.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Europe::Rome;
use secrecy::SecretString;

use super::adapter::{Adapter, AdapterOperation, Step};
use super::call::{Answer, Call};
use super::error::{ConnectorError, Kind};
use super::exchange::{self, Request};
use super::extract::Extract;
use super::http::{HttpRequest, HttpResponse};
use super::mapping::Given;
use super::mapping::canonical::is_list;
use super::mapping::outcome::Facts;
use super::template::placeholder::Scope;
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
    entries: Vec<Entry>,
    today: NaiveDate,
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
        let tributo = tributo(call);
        if tributo.is_some_and(|tributo| !operation.tributi().contains(&tributo)) {
            return Err(unsupported());
        }
        Ok(Conversation {
            adapter,
            operation,
            call,
            settings,
            plan: operation.plan(tributo, call.fields),
            next: 0,
            captures: BTreeMap::new(),
            entries: Vec::new(),
            today: now.with_timezone(&Rome).date_naive(),
        })
    }

    /// The step that comes next; `None`: all were made.
    pub fn step(&mut self) -> Option<&'a Step> {
        while !*self.plan.get(self.next)? {
            self.next += 1;
        }
        self.operation.steps().get(self.next)
    }

    /// What is sent for the step.
    pub fn request(
        &self,
        step: &'a Step,
        credentials: Credentials<'_>,
    ) -> Result<Request<'a>, ConnectorError> {
        let repeatable = self.operation.repeatable();
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
        let given = exchange::read(self.adapter, step, answer, self.call.fields, &scope);
        self.take(step, given.map_err(|refusal| refusal.in_step(step))?);
        Ok(())
    }

    /// Takes in the rows of the statement that came next.
    pub fn rows(
        &mut self,
        step: &Step,
        rows: &Extract,
        credentials: Credentials<'_>,
    ) -> Result<(), Refusal> {
        let scope = self.scope(credentials);
        let facts = Facts {
            status: 200,
            retry_after: None,
            fault: None,
            document: Some(rows.document()),
        };
        let given = step.mapping.read(&facts, self.call.fields, &scope);
        self.take(
            step,
            given.map_err(|error| Refusal::of_record(error).in_step(step))?,
        );
        Ok(())
    }

    fn take(&mut self, step: &Step, given: Given) {
        self.next += 1;
        self.captures.extend(given.captures);
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

    fn scope<'s>(&'s self, credentials: Credentials<'s>) -> Scope<'s> {
        let declared = self.adapter.declared();
        Scope {
            call: self.call,
            settings: self.settings,
            secrets: credentials.secrets,
            declared: (&declared.instance, &declared.ente),
            token: credentials.token,
            captures: &self.captures,
            today: self.today,
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
            data_riferimento: self.today,
            rilevato_il: received,
            unavailable,
        }
    }
}

fn tributo(call: &Call<'_>) -> Option<Tributo> {
    match call.parameters {
        Parameters::Posizione { tributo, .. } => Some(*tributo),
        Parameters::Persona { .. } | Parameters::Pagina { .. } | Parameters::Nessuno => None,
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
    /// A login for the call's ente.
    pub fn new(
        adapter: &'a Adapter,
        step: &'a Step,
        settings: &'a InstanceSettings,
        call: &'a Call<'a>,
        secrets: &'a BTreeMap<String, SecretString>,
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
                today: Utc::now().with_timezone(&Rome).date_naive(),
            },
        }
    }

    /// What is sent.
    pub fn request(&self) -> Result<HttpRequest, ConnectorError> {
        match exchange::request(self.adapter, self.step, true, &self.scope)? {
            Request::Http(request) => Ok(request),
            Request::Sql(_) => Err(ConnectorError::permanent(
                Kind::Gateway,
                "a database has no login of its own",
            )),
        }
    }

    /// What the answer gave.
    pub fn answered(
        &self,
        answer: &HttpResponse,
    ) -> Result<BTreeMap<Box<str>, String>, ConnectorError> {
        let given = exchange::read(self.adapter, self.step, answer, FieldSet::NONE, &self.scope);
        match given {
            Ok(given) => Ok(given.captures),
            Err(refusal) => Err(refusal.in_step(self.step).error),
        }
    }
}
