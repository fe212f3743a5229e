//! What answers are usually made of, as far as the examples of found subjects show it: where drift begins.

use std::collections::BTreeMap;
use std::path::Path;

use super::{RESPONSE, Subject, compare, examples_of, written};
use crate::connectors::adapter::{Adapter, Connector};
use crate::connectors::charset;
use crate::connectors::exchange::{content_type, fallback_charset};
use crate::connectors::extract::survey::Survey;
use crate::contract::operation::Operation;

/// The places of all answers to each step; an example that cannot be read teaches nothing, and `adapter test` says so.
pub fn usual(folder: &Path, adapter: &Adapter) -> BTreeMap<(Operation, String), Survey> {
    let mut usual: BTreeMap<(Operation, String), Survey> = BTreeMap::new();
    let examples = examples_of(folder).unwrap_or_default();
    for example in examples
        .iter()
        .filter(|example| compare::finds(example) == Some(true))
    {
        let Subject::Operation(operation) = example.of else {
            continue;
        };
        let steps = adapter
            .operation(operation)
            .map_or(&[][..], |offered| offered.steps());
        for exchange in example.exchanges(RESPONSE).unwrap_or_default() {
            let step = steps.iter().find(|step| {
                let turn = exchange.strip_prefix(&step.name);
                turn.is_some_and(|turn| {
                    turn.is_empty()
                        || turn
                            .strip_prefix('-')
                            .is_some_and(|turn| turn.parse::<u32>().is_ok())
                })
            });
            let text = example.exchange_text(RESPONSE, &exchange).ok();
            let Some((step, text)) = step.zip(text) else {
                continue;
            };
            let shape = &step.mapping.shape;
            let survey = if matches!(adapter.connector(), Connector::Sql | Connector::Files(_)) {
                written::rows(&text, &step.mapping)
                    .ok()
                    .map(|rows| Survey::of_rows(&rows, shape, false))
            } else {
                let answer = written::http_response(&text)
                    .ok()
                    .filter(|answer| (200..300).contains(&answer.status));
                answer.and_then(|answer| {
                    let text = charset::decode(
                        &answer.body,
                        content_type(&answer),
                        fallback_charset(adapter),
                    )
                    .ok()?;
                    Survey::of_text(&text, shape, false).ok()
                })
            };
            if let Some(survey) = survey {
                usual
                    .entry((operation, step.name.clone()))
                    .or_default()
                    .absorb(&survey);
            }
        }
    }
    usual
}
