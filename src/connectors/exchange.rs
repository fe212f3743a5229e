//! One exchange with a back end, without any socket: what is sent for a step, and what an answer to it means.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};

use super::adapter::{Adapter, Basic, Connector, Floor, Method, Query, Soap, Step, StepRequest};
use super::charset;
use super::clock;
use super::conversation::Refusal;
use super::error::{ConnectorError, Kind};
use super::extract::shape::Format;
use super::extract::{Extract, Unreadable, json, xml};
use super::http::{HttpRequest, HttpResponse};
use super::mapping::outcome::{self, Facts, Fault};
use super::mapping::{FaultPlaces, Told};
use super::sql::row::{SqlRow, SqlValue};
use super::template::Template;
use super::template::placeholder::Placeholder;
use super::template::scope::Scope;

/// What is sent.
#[derive(Debug)]
pub enum Request<'a> {
    /// Over HTTP.
    Http(HttpRequest),
    /// To a database.
    Sql(SqlRequest<'a>),
    /// To a night copy.
    Files(FilesRequest<'a>),
}

/// A search in a night copy; `Debug` does not show the values.
pub struct FilesRequest<'a> {
    /// The table.
    pub table: &'a str,
    /// Rows are found where one of these columns has its value.
    pub any_of: Vec<(&'a str, String)>,
    /// Of these only rows are taken where each of these columns has its value.
    pub only: Vec<(&'a str, String)>,
    /// Tables whose columns are added, each with the column by which its rows are found.
    pub with: &'a [(String, String)],
}

impl std::fmt::Debug for FilesRequest<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "FilesRequest({})", self.table)
    }
}

/// A statement with the values to bind; `Debug` does not show them.
pub struct SqlRequest<'a> {
    /// The statement.
    pub query: &'a Query,
    /// Its values by name.
    pub values: Vec<(&'a str, SqlValue)>,
    /// What to ask when it finds nothing.
    pub floor: Option<FloorRequest<'a>>,
}

/// The count of a view's rows.
pub struct FloorRequest<'a> {
    /// The statement.
    pub query: &'a Query,
    /// Its values by name.
    pub values: Vec<(&'a str, SqlValue)>,
    /// Fewer rows mean that the view is being built anew.
    pub at_least: u64,
}

impl std::fmt::Debug for SqlRequest<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SqlRequest({})", self.query.file)
    }
}

/// Writes what is sent for a step.
#[expect(
    clippy::too_many_lines,
    reason = "the parts of one request in the order in which they are rendered"
)]
pub fn request<'a>(
    adapter: &'a Adapter,
    step: &'a Step,
    repeatable: bool,
    scope: &Scope<'_>,
) -> Result<Request<'a>, ConnectorError> {
    match (&step.request, adapter.connector()) {
        (StepRequest::Soap { action, path, body }, Connector::Soap(soap)) => {
            let path = path.as_ref().unwrap_or(&soap.path);
            let mut headers = soap_headers(soap, action)?;
            headers.extend(authorization(soap.basic.as_ref(), scope)?);
            Ok(Request::Http(HttpRequest {
                method: http::Method::POST,
                path: path.render(scope)?.into_owned(),
                headers,
                body: Bytes::from(body.render(scope)?.into_owned()),
                repeatable,
            }))
        }
        (
            StepRequest::Rest {
                method,
                path,
                body,
                with_headers,
            },
            Connector::Rest(rest),
        ) => {
            let mut headers = Vec::with_capacity(3);
            for (name, value) in rest.headers.iter().filter(|_| *with_headers) {
                let mut value = header(&value.render(scope)?)?;
                value.set_sensitive(true);
                headers.push((name.clone(), value));
            }
            if *with_headers {
                headers.extend(authorization(rest.basic.as_ref(), scope)?);
            }
            let body = match body {
                Some((template, content_type)) => {
                    headers.push((CONTENT_TYPE, HeaderValue::from_static(content_type)));
                    Bytes::from(template.render(scope)?.into_owned())
                }
                None => Bytes::new(),
            };
            Ok(Request::Http(HttpRequest {
                method: match method {
                    Method::Get => http::Method::GET,
                    Method::Post => http::Method::POST,
                },
                path: path.render(scope)?.into_owned(),
                headers,
                body,
                repeatable,
            }))
        }
        (StepRequest::Sql { query, floor }, Connector::Sql) => Ok(Request::Sql(SqlRequest {
            query,
            values: bound(query, scope)?,
            floor: match floor {
                Some(floor) => Some(FloorRequest {
                    query: &floor.query,
                    values: bound(&floor.query, scope)?,
                    at_least: at_least(floor, scope)?,
                }),
                None => None,
            },
        })),
        (
            StepRequest::Files {
                table,
                any_of,
                only,
                with,
            },
            Connector::Files(_),
        ) => Ok(Request::Files(FilesRequest {
            table,
            any_of: rendered(any_of, scope)?,
            only: rendered(only, scope)?,
            with,
        })),
        _ => Err(ConnectorError::permanent(
            Kind::Gateway,
            "a step of another connector",
        )),
    }
}

/// `Authorization` with HTTP Basic credentials, where the adapter has them.
fn authorization(
    basic: Option<&Basic>,
    scope: &Scope<'_>,
) -> Result<Option<(HeaderName, HeaderValue)>, ConnectorError> {
    let Some(Basic { user, password }) = basic else {
        return Ok(None);
    };
    let both = format!("{}:{}", user.render(scope)?, password.render(scope)?);
    let mut value = header(&format!("Basic {}", BASE64_STANDARD.encode(both)))?;
    value.set_sensitive(true);
    Ok(Some((AUTHORIZATION, value)))
}

fn soap_headers(
    soap: &Soap,
    action: &str,
) -> Result<Vec<(HeaderName, HeaderValue)>, ConnectorError> {
    if soap.is_1_2 {
        let kind = format!("application/soap+xml; charset=utf-8; action=\"{action}\"");
        return Ok(vec![(CONTENT_TYPE, header(&kind)?)]);
    }
    let action = if soap.quoted_action {
        header(&format!("\"{action}\""))?
    } else {
        header(action)?
    };
    let kind = HeaderValue::from_static("text/xml; charset=utf-8");
    Ok(vec![
        (CONTENT_TYPE, kind),
        (HeaderName::from_static("soapaction"), action),
    ])
}

fn header(value: &str) -> Result<HeaderValue, ConnectorError> {
    HeaderValue::from_str(value)
        .map_err(|_| ConnectorError::permanent(Kind::Gateway, "a header that cannot be sent"))
}

fn bound<'a>(
    query: &'a Query,
    scope: &Scope<'_>,
) -> Result<Vec<(&'a str, SqlValue)>, ConnectorError> {
    let parameters = query.parameters.iter();
    parameters
        .map(|(name, placeholder, integer)| {
            let text = scope.value(placeholder)?;
            let value = match integer {
                true => SqlValue::Integer(text.parse().map_err(|_| not_a_number(placeholder))?),
                false => SqlValue::Text(text.into_owned()),
            };
            Ok((name.as_str(), value))
        })
        .collect()
}

fn rendered<'a>(
    conditions: &'a [(String, Template)],
    scope: &Scope<'_>,
) -> Result<Vec<(&'a str, String)>, ConnectorError> {
    conditions
        .iter()
        .map(|(column, value)| Ok((column.as_str(), value.render(scope)?.into_owned())))
        .collect()
}

fn at_least(floor: &Floor, scope: &Scope<'_>) -> Result<u64, ConnectorError> {
    floor.at_least.render(scope)?.parse().map_err(|_| {
        ConnectorError::permanent(Kind::Gateway, "the least number of rows is not a number")
    })
}

fn not_a_number(placeholder: &Placeholder) -> ConnectorError {
    ConnectorError::permanent(
        Kind::Gateway,
        format!("{placeholder} is not a whole number"),
    )
}

/// What an HTTP answer tells; `None`: that there is nothing.
pub fn understand(
    adapter: &Adapter,
    step: &Step,
    answer: &HttpResponse,
    scope: &Scope<'_>,
) -> Result<Option<Extract>, Refusal> {
    if charset::is_web_page(&answer.body, content_type(answer)) {
        return Err(Refusal::from(web_page(answer)));
    }
    let retry_after = retry_after(answer);
    let extract = if answer.body.trim_ascii().is_empty() {
        None
    } else {
        Some(extract(adapter, step, answer).map_err(|unreadable| {
            let by_status = outcome::of_status(answer.status, retry_after);
            by_status.unwrap_or_else(|| {
                ConnectorError::permanent(Kind::Unintelligible, unreadable.to_string())
            })
        })?)
    };
    let facts = Facts {
        status: answer.status,
        retry_after,
        fault: extract
            .as_ref()
            .zip(step.mapping.fault)
            .and_then(|(extract, places)| fault(extract, places)),
        skew: skew(answer, scope),
        document: extract.as_ref().map(Extract::document),
    };
    let told = step.mapping.judge(&facts, scope);
    match told.map_err(Refusal::of_record)? {
        Told::Something => Ok(extract),
        Told::Nothing => Ok(None),
    }
}

/// What bytes are that are not the declared UTF-8.
pub(super) fn fallback_charset(adapter: &Adapter) -> Option<charset::Charset> {
    match adapter.connector() {
        Connector::Soap(soap) => soap.fallback_charset,
        Connector::Rest(rest) => rest.fallback_charset,
        Connector::Sql | Connector::Manual | Connector::Files(_) => None,
    }
}

/// How far the back end's clock is ahead of ours, by the `Date` header of its answer.
///
/// The time that the answer took counts as if its clock were ahead by that: far less than any tolerance.
pub fn skew(answer: &HttpResponse, scope: &Scope<'_>) -> Option<TimeDelta> {
    clock::told(&answer.headers).map(|told| clock::ahead(told, scope.now, scope.now))
}

fn extract(adapter: &Adapter, step: &Step, answer: &HttpResponse) -> Result<Extract, Unreadable> {
    let fallback = fallback_charset(adapter);
    let text = charset::decode(&answer.body, content_type(answer), fallback)?;
    let shape = &step.mapping.shape;
    let extract = match shape.format() {
        Format::Xml => xml::read(&text, shape)?,
        Format::Json => json::read(&text, shape)?,
        Format::Columns => return Err(Unreadable::because("rows were expected")),
    };
    let has_base = extract.document().all(step.mapping.base).next().is_some();
    if has_base {
        Ok(extract)
    } else {
        Err(Unreadable::because("not a SOAP envelope with a body"))
    }
}

/// The fault, if the answer is one.
pub(super) fn fault(extract: &Extract, places: FaultPlaces) -> Option<Fault<'_>> {
    let fault = extract.document().all(places.fault).next()?;
    let first = |nodes: [super::extract::shape::NodeId; 2]| {
        let texts = nodes.into_iter().flat_map(|node| fault.all(node));
        let mut texts = texts.filter_map(super::extract::CellRef::text);
        texts
            .find(|text| !text.trim().is_empty())
            .unwrap_or_default()
    };
    Some(Fault {
        code: first(places.code),
        text: first(places.text),
    })
}

/// Puts the rows of a statement into the form that mappings read; every column that the mapping reads must be there.
pub fn of_rows(step: &Step, rows: &[SqlRow]) -> Result<Extract, ConnectorError> {
    let shape = &step.mapping.shape;
    let mut extract = Extract::empty();
    for row in rows {
        for column in shape.columns() {
            if !row.has(&column.to_lowercase()) {
                return Err(ConnectorError::permanent(
                    Kind::Unintelligible,
                    format!("step {}: the rows have no column {column}", step.name),
                ));
            }
        }
        extract.add_group(shape.root(), |extract| {
            for (name, text) in row.columns() {
                match (shape.column(name), text) {
                    (Some(node), Some(text)) => extract.add_text(node, text),
                    (Some(node), None) => extract.add_nothing(node),
                    (None, _) => {}
                }
            }
            Ok::<(), ConnectorError>(())
        })?;
    }
    Ok(extract.finish())
}

/// The declared content type.
pub(super) fn content_type(answer: &HttpResponse) -> Option<&str> {
    answer.headers.get(CONTENT_TYPE)?.to_str().ok()
}

/// `Retry-After` in seconds or as a date; at most a day, since nobody waits longer.
fn retry_after(answer: &HttpResponse) -> Option<Duration> {
    let value = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = if let Ok(seconds) = value.parse::<u64>() {
        seconds
    } else {
        let date = DateTime::parse_from_rfc2822(value).ok()?;
        let left = date.with_timezone(&Utc) - Utc::now();
        u64::try_from(left.num_seconds()).unwrap_or(0)
    };
    Some(Duration::from_secs(seconds.min(86_400)))
}

/// A page for people where an answer was expected: a proxy, a login or a notice of maintenance.
fn web_page(answer: &HttpResponse) -> ConnectorError {
    let detail = format!("a web page instead of an answer (status {})", answer.status);
    match outcome::of_status(answer.status, retry_after(answer)) {
        Some(error) => ConnectorError { detail, ..error },
        None => ConnectorError::permanent(Kind::Unintelligible, detail),
    }
}
