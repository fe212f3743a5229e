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
    /// What is sent.
    pub request: StepRequest,
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
        statement: Box<Statement>,
        /// Counts rows of the view, up to a number; asked when the statement finds nothing.
        floor: Option<Box<Statement>>,
    },
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
    /// Whether the step is for that tax.
    pub fn serves(&self, tributo: Option<Tributo>) -> bool {
        self.tributo.is_none() || tributo.is_none() || self.tributo == tributo
    }
}

impl StepRequest {
    /// Every placeholder of the request.
    pub fn placeholders(&self) -> Box<dyn Iterator<Item = &Placeholder> + '_> {
        match self {
            StepRequest::Soap { body, .. } => Box::new(body.placeholders()),
            StepRequest::Rest { path, body, .. } => {
                let body = body.iter().flat_map(|(template, _)| template.placeholders());
                Box::new(path.placeholders().chain(body))
            }
            StepRequest::Sql { statement, floor } => {
                let floor = floor.iter().flat_map(|floor| &floor.parameters);
                let parameters = statement.parameters.iter().chain(floor);
                Box::new(parameters.map(|(placeholder, _)| placeholder))
            }
        }
    }
}
