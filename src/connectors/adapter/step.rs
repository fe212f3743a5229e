//! One call of an operation: what is sent and how the answer is read.

use crate::connectors::mapping::Mapping;
use crate::connectors::sql::statement::Statement;
use crate::connectors::template::Template;
use crate::connectors::template::placeholder::Placeholder;
use crate::contract::posizione::Tributo;

/// One call of an operation.
#[derive(Debug)]
pub struct Step {
    /// Its name, for mistakes and examples.
    pub name: String,
    /// The tax that it is for; absent: every tax.
    pub tributo: Option<Tributo>,
    /// Made once for each value that an earlier step captured under this name; the answers count as one.
    pub for_each: Option<Box<str>>,
    /// How many of the operation's steps, from the first, must have been answered before it can be asked: the last of them captures
    /// something that it sends.
    pub after: usize,
    /// Whether the back end may get it twice, where the operation may be repeated at all.
    pub repeatable: bool,
    /// What is sent.
    pub request: StepRequest,
    /// The captures of earlier steps that are sent, by name.
    pub sent_captures: Vec<Box<str>>,
    /// How the answer is read.
    pub mapping: Mapping,
}

/// What is sent.
#[derive(Debug)]
pub enum StepRequest {
    /// An envelope.
    Soap {
        /// `SOAPAction`, or `action` of SOAP 1.2.
        action: Box<str>,
        /// Path below the instance's address; absent: the connector's.
        path: Option<Template>,
        /// The envelope.
        body: Template,
    },
    /// An HTTP request.
    Rest {
        /// Method.
        method: Method,
        /// Path and query, below the instance's address.
        path: Template,
        /// Body and its content type.
        body: Option<(Template, &'static str)>,
        /// Whether the connector's headers are sent too.
        with_headers: bool,
    },
    /// A statement.
    Sql {
        /// The statement.
        query: Box<Query>,
        /// Asked when the statement finds nothing: an empty view is an outage.
        floor: Option<Box<Floor>>,
    },
    /// A search in a night copy.
    Files {
        /// The table.
        table: Box<str>,
        /// Rows are found where one of these columns has its value.
        any_of: Vec<(String, Template)>,
        /// Of these only rows are taken where each of these columns has its value.
        only: Vec<(String, Template)>,
        /// Tables whose columns are added, each with the column that both have and by which its rows are found.
        with: Vec<(String, String)>,
    },
}

/// A statement with its placeholders.
#[derive(Debug)]
pub struct Query {
    /// The file that it stands in.
    pub file: String,
    /// The statement.
    pub statement: Statement,
    /// Its placeholders by name; whether each is bound as a whole number.
    pub parameters: Vec<(String, Placeholder, bool)>,
}

/// How many rows a view has on a good day.
#[derive(Debug)]
pub struct Floor {
    /// Counts them.
    pub query: Query,
    /// Fewer mean that the view is being built anew.
    pub at_least: Template,
}

/// The methods that reads use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
}

impl Method {
    /// The method's name.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

impl Step {
    /// Whether it sends what that step captures.
    pub fn needs(&self, earlier: &Step) -> bool {
        let captured = |name: &str| {
            let mut captures = earlier.mapping.captures.iter();
            captures.any(|capture| &*capture.name == name)
        };
        let sent = self
            .request
            .placeholders()
            .any(|placeholder| matches!(placeholder, Placeholder::Capture(name) if captured(name)));
        sent || self.for_each.as_deref().is_some_and(captured)
    }

    /// Whether the step is for that tax.
    pub fn serves(&self, tributo: Option<Tributo>) -> bool {
        self.tributo.is_none() || tributo.is_none() || self.tributo == tributo
    }
}

impl Step {
    /// Whether the request names something of the ente.
    pub fn names_ente(&self) -> bool {
        self.request.placeholders().any(|placeholder| {
            matches!(
                placeholder,
                Placeholder::Ente(_) | Placeholder::EnteIstat | Placeholder::EnteBelfiore
            )
        })
    }
}

impl StepRequest {
    /// The captures of earlier steps in the request, by name.
    pub fn captures(&self) -> Vec<Box<str>> {
        let captures = self
            .placeholders()
            .filter_map(|placeholder| match placeholder {
                Placeholder::Capture(name) => Some(name.clone()),
                _ => None,
            });
        captures.collect()
    }

    /// Every placeholder of the request.
    pub fn placeholders(&self) -> Box<dyn Iterator<Item = &Placeholder> + '_> {
        match self {
            StepRequest::Soap { path, body, .. } => {
                let path = path.iter().flat_map(Template::placeholders);
                Box::new(path.chain(body.placeholders()))
            }
            StepRequest::Rest { path, body, .. } => {
                let body = body
                    .iter()
                    .flat_map(|(template, _)| template.placeholders());
                Box::new(path.placeholders().chain(body))
            }
            StepRequest::Sql { query, floor } => {
                let floor = floor.iter().flat_map(|floor| &floor.query.parameters);
                let parameters = query.parameters.iter().chain(floor);
                Box::new(parameters.map(|(_, placeholder, _)| placeholder))
            }
            StepRequest::Files { any_of, only, .. } => {
                let values = any_of.iter().chain(only).map(|(_, value)| value);
                Box::new(values.flat_map(Template::placeholders))
            }
        }
    }
}
