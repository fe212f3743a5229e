//! Tells of an example where each field of the answer comes from, through which steps, and what of the back end's answer was
//! ignored.

mod trace;
mod words;

use serde::Serialize;
use serde_json::Value;

use super::play::{Watcher, Written, play_watched};
use super::setting::Setting;
use super::{Example, written};
use crate::config::mistake::Mistake;
use crate::connectors::adapter::{Adapter, Connector, Step};
use crate::connectors::charset;
use crate::connectors::conversation::{Conversation, Credentials};
use crate::connectors::exchange;
use crate::connectors::extract::shape::Format;
use crate::connectors::extract::survey::{Kind, Survey};
use crate::connectors::extract::{Extract, json, xml};
use crate::connectors::http::HttpResponse;
use crate::connectors::mapping::outcome::{Facts, Outcome, VERDICTS};
use crate::connectors::mapping::rows::Meant;
use crate::connectors::mapping::{Mapping, residence};
use crate::connectors::template::scope::Scope;
use crate::contract::document::Entry;
use crate::contract::operation::FieldSet;

pub use trace::Trace;

/// What there is to tell of an example.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// The exchanges, in their order.
    pub exchanges: Vec<Exchange>,
    /// What the portal gets.
    pub answer: Value,
}

/// One exchange.
#[derive(Debug, Default, Serialize)]
pub struct Exchange {
    /// Its name.
    pub exchange: String,
    /// The rule about outcomes that decided, counted from 1, and what it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Where rows stand, how many there are and which are meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<String>,
    /// The fields of the contract that the exchange was asked for.
    pub fields: Vec<Field>,
    /// What later steps get of it.
    pub captures: Vec<Field>,
    /// What of the answer nothing reads.
    pub ignored: Vec<Ignored>,
}

/// A field, and how it came about.
#[derive(Debug, Serialize)]
pub struct Field {
    /// Its path; of a list, with the number of the entry.
    pub field: String,
    /// What stands in it; absent: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Where that comes from, one for each value that it is made of.
    pub from: Vec<Trace>,
}

/// A place that nothing reads.
#[derive(Debug, Serialize)]
pub struct Ignored {
    /// Its path.
    pub place: String,
    /// How often it occurs.
    pub times: u32,
    /// The first text in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Plays the example and tells all there is to tell.
pub fn explain(
    adapter: &Adapter,
    setting: &Setting,
    example: &Example,
) -> Result<Explanation, Mistake> {
    let mut reporter = Reporter {
        adapter,
        exchanges: Vec::new(),
    };
    let played = play_watched(adapter, setting, example, &mut reporter)?;
    Ok(Explanation {
        exchanges: reporter.exchanges,
        answer: played.answer,
    })
}

struct Reporter<'a> {
    adapter: &'a Adapter,
    exchanges: Vec<Exchange>,
}

impl Watcher for Reporter<'_> {
    fn answered(
        &mut self,
        conversation: &Conversation<'_>,
        step: &Step,
        answer: &Written<'_>,
        credentials: Credentials<'_>,
    ) -> Result<(), Mistake> {
        let scope = conversation.scope(credentials);
        let mut told = Exchange {
            exchange: answer.exchange.to_owned(),
            ..Exchange::default()
        };
        let wrong = |text: String| Mistake::of_file("", text);
        if matches!(
            self.adapter.connector(),
            Connector::Sql | Connector::Files(_)
        ) {
            let rows = written::rows(answer.text, &step.mapping).map_err(wrong)?;
            let survey = Survey::of_rows(&rows, &step.mapping.shape, true);
            told.ignored = ignored(&survey);
            if let Ok(extract) = exchange::of_rows(step, &rows) {
                told.take(&step.mapping, &extract, conversation.wanted(), &scope);
            }
        } else {
            let response = written::http_response(answer.text).map_err(wrong)?;
            self.http(step, &response, conversation.wanted(), &scope, &mut told);
        }
        self.exchanges.push(told);
        Ok(())
    }
}

impl Reporter<'_> {
    fn http(
        &self,
        step: &Step,
        response: &HttpResponse,
        wanted: FieldSet,
        scope: &Scope<'_>,
        told: &mut Exchange,
    ) {
        let mapping = &step.mapping;
        let text = charset::decode(
            &response.body,
            exchange::content_type(response),
            exchange::fallback_charset(self.adapter),
        );
        let text = text.ok().filter(|text| !text.trim().is_empty());
        if let Some(text) = &text
            && let Ok(survey) = Survey::of_text(text, &mapping.shape, true)
        {
            told.ignored = ignored(&survey);
        }
        let extract = text.and_then(|text| match mapping.shape.format() {
            Format::Xml => xml::read(&text, &mapping.shape).ok(),
            Format::Json | Format::Columns => json::read(&text, &mapping.shape).ok(),
        });
        told.rule = rule(mapping, response, extract.as_ref(), scope);
        let failed = told.rule.is_some() || !(200..300).contains(&response.status);
        if let Some(extract) = extract.filter(|_| !failed) {
            told.take(mapping, &extract, wanted, scope);
        }
    }
}

/// The rule about outcomes that fits, if one does.
fn rule(
    mapping: &Mapping,
    response: &HttpResponse,
    extract: Option<&Extract>,
    scope: &Scope<'_>,
) -> Option<String> {
    let facts = Facts {
        status: response.status,
        retry_after: None,
        fault: extract
            .zip(mapping.fault)
            .and_then(|(extract, places)| exchange::fault(extract, places)),
        skew: exchange::skew(response, scope),
        document: extract.map(Extract::document),
    };
    let fits = |rule: &&Outcome| rule.fits(&facts, scope).unwrap_or(false);
    let (index, rule) = mapping
        .outcomes
        .iter()
        .enumerate()
        .find(|(_, rule)| fits(rule))?;
    let verdict = VERDICTS
        .iter()
        .find(|(_, verdict)| *verdict == rule.verdict);
    let verdict = verdict.map_or("", |(name, _)| name);
    let mut conditions: Vec<String> = Vec::new();
    if !rule.status.is_empty() {
        conditions.push(format!("status {:?}", rule.status));
    }
    if rule.fault.is_some() {
        conditions.push("fault".to_owned());
    }
    if rule.skewed {
        conditions.push("skewed".to_owned());
    }
    conditions.extend(
        rule.when
            .iter()
            .map(|condition| words::condition(condition, mapping, scope)),
    );
    Some(format!(
        "{}: {} → {verdict}",
        index + 1,
        conditions.join(", ")
    ))
}

impl Exchange {
    fn take(&mut self, mapping: &Mapping, extract: &Extract, wanted: FieldSet, scope: &Scope<'_>) {
        let document = extract.document();
        let rows = match &mapping.rows {
            None => vec![document],
            Some(rows) => {
                let found = document
                    .all(rows.each)
                    .filter(|row| !row.is_nothing())
                    .count();
                let meant = match rows.meant(document, scope) {
                    Ok(Meant::Rows(rows)) => Ok(rows),
                    Ok(Meant::None) => Err("nessuna"),
                    Ok(Meant::Ambiguous(_)) => Err("ambigue"),
                    Ok(Meant::SomeoneElse) => Err("di un altro soggetto"),
                    Err(_) => Err("illeggibili"),
                };
                let told = match &meant {
                    Ok(rows) => format!("{} di {found}", rows.len()),
                    Err(why) => format!("{why} ({found})"),
                };
                let place = Some(mapping.shape.path(rows.each)).filter(|path| !path.is_empty());
                self.rows = Some(format!("{}: {told}", place.as_deref().unwrap_or(".")));
                meant.unwrap_or_default()
            }
        };
        let is_list = rows.len() > 1;
        for (index, row) in rows.into_iter().enumerate() {
            let tracer = trace::Tracer { mapping, scope };
            let prefix = if is_list {
                format!("[{index}].")
            } else {
                String::new()
            };
            for (position, field) in &mapping.fields {
                if !wanted.contains(*position) {
                    continue;
                }
                let withheld = field.path == residence::RESIDENZA
                    && !residence::may_be_given(&mapping.fields, &Entry::default(), row, scope)
                        .unwrap_or(false);
                if withheld {
                    self.fields.push(Field::withheld(&prefix, field.path));
                } else {
                    tracer.field(&prefix, field, row, &mut self.fields);
                }
            }
            for capture in &mapping.captures {
                let trace = tracer.expression(&capture.value, row);
                let value = trace.value.clone().map(Value::from);
                self.captures.push(Field {
                    field: format!("{prefix}{}", capture.name),
                    value,
                    from: vec![trace],
                });
            }
        }
    }
}

impl Field {
    /// A residence that this person does not have, whatever stands in the answer.
    fn withheld(prefix: &str, path: &str) -> Field {
        let from = Trace {
            place: residence::STATO_ANAGRAFICO.to_owned(),
            because: Some("chi non è residente non ha residenza".to_owned()),
            ..Trace::default()
        };
        Field {
            field: format!("{prefix}{path}"),
            value: None,
            from: vec![from],
        }
    }
}

/// Leaves that nothing reads, those without anything in them included.
fn ignored(survey: &Survey) -> Vec<Ignored> {
    let unread = survey
        .spots
        .iter()
        .filter(|(_, spot)| !spot.read && !spot.kinds.has(Kind::Group));
    let unread = unread.map(|(place, spot)| Ignored {
        place: place.to_string(),
        times: spot.times,
        text: spot.first.as_deref().map(str::to_owned),
    });
    unread.collect()
}
