//! An `adapters/` folder, read, checked and bound to its connector.

pub mod deferral;
mod reading;
mod step;
pub mod schema;
pub mod writing;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::config::mistake::Mistake;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::posizione::Tributo;
use crate::contract::provenienza::Fonte;

use super::call::Turn;
use super::charset::Charset;
use super::examples::usual::usual;
use super::extract::survey::Survey;
use super::files::layout::Layouts;
use super::template::Template;
use super::template::placeholder::DeclaredValues;
use super::template::stamps::Stamps;
use deferral::{Deferral, Form};
use writing::Writing;
/// Calls that one question may take, the login aside.
pub const MOST_CALLS: usize = 8;

pub use step::{Floor, Method, Query, Step, StepRequest};

/// How one vendor product answers our operations: data only, checked when it is loaded.
#[derive(Debug)]
pub struct Adapter {
    name: String,
    version: String,
    digest: String,
    connector: Connector,
    declared: Declarations,
    stamps: Stamps,
    token: Option<Step>,
    /// Whether the login names something of the ente, so that enti share no token.
    is_token_of_ente: bool,
    operations: Vec<AdapterOperation>,
    /// What answers to each step are made of, as far as the examples of found subjects show it.
    usual: BTreeMap<(Operation, String), Survey>,
}

/// The protocol that the product speaks.
#[derive(Debug)]
pub enum Connector {
    /// SOAP over HTTP.
    Soap(Soap),
    /// HTTP with JSON or XML bodies.
    Rest(Rest),
    /// A database.
    Sql,
    /// An officer of the ente, who answers on the operators' page.
    Manual,
    /// Nightly files.
    Files(Layouts),
}

/// SOAP over HTTP.
#[derive(Debug)]
pub struct Soap {
    /// Path below the instance's address.
    pub path: Template,
    /// SOAP 1.2 instead of 1.1.
    pub is_1_2: bool,
    /// Whether the action stands in quotes.
    pub quoted_action: bool,
    /// What bytes are that do not fit the declared charset; absent: an error.
    pub fallback_charset: Option<Charset>,
    /// HTTP Basic credentials of every request.
    pub basic: Option<Basic>,
    /// The most calls at a time that the product can stand; absent: it has no bound of its own.
    pub concurrency: Option<usize>,
}

/// HTTP with JSON or XML bodies.
#[derive(Debug)]
pub struct Rest {
    /// Headers of every operation.
    pub headers: Vec<(http::HeaderName, Template)>,
    /// What bytes are that do not fit the declared charset; absent: an error.
    pub fallback_charset: Option<Charset>,
    /// HTTP Basic credentials of every request but the login.
    pub basic: Option<Basic>,
    /// The most calls at a time that the product can stand; absent: it has no bound of its own.
    pub concurrency: Option<usize>,
}

/// HTTP Basic credentials (RFC 7617).
#[derive(Debug)]
pub struct Basic {
    /// The user, without a colon.
    pub user: Template,
    /// The password.
    pub password: Template,
}

/// Values that the configuration gives.
#[derive(Debug, Default)]
pub struct Declarations {
    /// For the instance.
    pub instance: DeclaredValues,
    /// For each ente.
    pub ente: DeclaredValues,
    /// Secrets of the instance.
    pub secrets: DeclaredValues,
}

/// How a product answers one operation.
#[derive(Debug)]
pub struct AdapterOperation {
    operation: Operation,
    keep: Option<Duration>,
    repeatable: bool,
    only_this_year: bool,
    together: bool,
    fonte: Fonte,
    usual_delay: Option<Duration>,
    tributi: Vec<Tributo>,
    steps: Vec<Step>,
    /// The fields that an officer fills in.
    filled_in: FieldSet,
    deferral: Option<Deferral>,
    writing: Option<Writing>,
}

impl Adapter {
    /// Reads and checks the folder of an adapter; every mistake in any of its files is reported.
    pub fn load(folder: &Path) -> Result<Adapter, Vec<Mistake>> {
        let mut adapter = reading::adapter(folder)?;
        adapter.usual = usual(folder, &adapter);
        Ok(adapter)
    }

    /// The adapter's name: that of its folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The adapter's version, as `provenienza` tells it.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// SHA-256 over all files of the folder, in hexadecimal: part of every cache key.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The protocol that the product speaks.
    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// The most calls at a time that the product can stand; `None`: it has no bound of its own.
    pub fn concurrency(&self) -> Option<usize> {
        match &self.connector {
            Connector::Soap(soap) => soap.concurrency,
            Connector::Rest(rest) => rest.concurrency,
            Connector::Sql | Connector::Manual | Connector::Files(_) => None,
        }
    }

    /// The values that the configuration gives.
    pub fn declared(&self) -> &Declarations {
        &self.declared
    }

    /// What requests are stamped with: an instant, hashes.
    pub fn stamps(&self) -> &Stamps {
        &self.stamps
    }

    /// The login that gives a token, if the product wants one.
    pub fn token(&self) -> Option<&Step> {
        self.token.as_ref()
    }

    /// Whether each ente has a token of its own: the login names something of it.
    pub fn is_token_of_ente(&self) -> bool {
        self.is_token_of_ente
    }

    /// What answers to a step are made of, as far as the examples show it.
    pub fn usual(&self, operation: Operation, step: &str) -> Option<&Survey> {
        self.usual.get(&(operation, step.to_owned()))
    }

    /// Every operation that the product answers.
    pub fn operations(&self) -> &[AdapterOperation] {
        &self.operations
    }

    /// How the product answers that operation; `None`: not at all.
    pub fn operation(&self, operation: Operation) -> Option<&AdapterOperation> {
        self.operations
            .iter()
            .find(|offered| offered.operation == operation)
    }
}

impl AdapterOperation {
    /// The operation.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The fields that this product can give.
    pub fn fields(&self) -> FieldSet {
        let given = self.steps.iter().map(|step| step.mapping.given());
        given.fold(self.filled_in, FieldSet::union)
    }

    /// How the answer comes where the call does not bring it.
    pub fn deferral(&self) -> Option<&Deferral> {
        self.deferral.as_ref()
    }

    /// How a write is carried out and looked for afterwards; `None` for reads.
    pub fn writing(&self) -> Option<&Writing> {
        self.writing.as_ref()
    }

    /// Whether that step, by its place, is the one that changes something.
    pub fn is_writing_step(&self, place: usize) -> bool {
        self.writing
            .as_ref()
            .is_some_and(|writing| writing.step == place)
    }

    /// The fields that this product can give for that tax; `None` where taxes do not matter.
    pub fn fields_for(&self, tributo: Option<Tributo>) -> FieldSet {
        let steps = self.steps.iter().filter(|step| step.serves(tributo));
        let given = steps.map(|step| step.mapping.given());
        given.fold(self.filled_in, FieldSet::union)
    }

    /// How long an answer may be kept; `None`: never.
    pub fn keep(&self) -> Option<Duration> {
        self.keep
    }

    /// Whether the whole may be tried again: the operation says so, and no step of it says otherwise.
    pub fn repeatable(&self) -> bool {
        self.repeatable && self.steps.iter().all(|step| step.repeatable)
    }

    /// Whether the back end may get that step twice.
    pub fn may_send_twice(&self, step: &Step) -> bool {
        self.repeatable && step.repeatable
    }

    /// Whether steps that need nothing of one another may be asked at the same time.
    pub fn together(&self) -> bool {
        self.together
    }

    /// Whether the product tells of the current year alone.
    pub fn only_this_year(&self) -> bool {
        self.only_this_year
    }

    /// What kind of source answers.
    pub fn fonte(&self) -> Fonte {
        self.fonte
    }

    /// How long an answer usually takes, for the capability document.
    pub fn usual_delay(&self) -> Option<Duration> {
        self.usual_delay
    }

    /// The taxes that the operation covers; empty where taxes do not matter.
    pub fn tributi(&self) -> &[Tributo] {
        &self.tributi
    }

    /// The calls that the operation may take, in their order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The calls that one turn takes.
    pub fn turn_plan(
        &self,
        tributo: Option<Tributo>,
        wanted: FieldSet,
        turn: Turn<'_>,
    ) -> Vec<bool> {
        let mut planned = self.plan(tributo, wanted);
        if let Some(Deferral {
            form: Form::Polled { accepting, .. },
            ..
        }) = self.deferral
        {
            let (handing_over, asking) = planned.split_at_mut(accepting);
            match turn {
                Turn::Whole | Turn::Played(_) => handing_over.fill(true),
                Turn::Accept(_) => {
                    handing_over.fill(true);
                    asking.fill(false);
                }
                Turn::Poll(_) => handing_over.fill(false),
                Turn::Write(_) | Turn::Settle { .. } => {}
            }
        }
        if let Some(writing) = &self.writing {
            // Whatever is wanted of the answer: the whole way to the write, or the look-up alone.
            let (to_the_write, look_up) = planned.split_at_mut(writing.step + 1);
            let settles = matches!(turn, Turn::Settle { .. });
            to_the_write.fill(!settles);
            look_up.fill(settles || matches!(turn, Turn::Played(_)));
        }
        planned
    }

    /// The calls that these fields of this tax take: the first always, others only for what they give or capture.
    pub fn plan(&self, tributo: Option<Tributo>, wanted: FieldSet) -> Vec<bool> {
        let mut planned = vec![false; self.steps.len()];
        let mut captures: Vec<&str> = Vec::new();
        let first = self.steps.iter().position(|step| step.serves(tributo));
        for (index, step) in self.steps.iter().enumerate().rev() {
            let given = step.mapping.given().intersection(wanted);
            let captured = step
                .mapping
                .captures
                .iter()
                .any(|capture| captures.contains(&&*capture.name));
            planned[index] =
                step.serves(tributo) && (Some(index) == first || !given.is_empty() || captured);
            if planned[index] {
                captures.extend(step.sent_captures.iter().map(|name| &**name));
            }
        }
        planned
    }
}
