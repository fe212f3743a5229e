//! Tells where a play differs from what its example says, field by field.

use std::fmt;
use std::fs;

use serde_json::Value;

use super::play::Played;
use super::{Example, REQUEST, Subject, read_json, unreadable};
use crate::config::mistake::Mistake;

/// Characters of a long line that are shown around the first difference.
const AROUND: usize = 40;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The file and the line or the field in it.
    pub place: String,
    /// What the example says; `None`: nothing.
    pub expected: Option<String>,
    /// What came of the play; `None`: nothing.
    pub actual: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |text: &Option<String>| text.clone().unwrap_or_else(|| "niente".to_owned());
        write!(
            formatter,
            "{}: atteso {}, ottenuto {}",
            self.place,
            told(&self.expected),
            told(&self.actual)
        )
    }
}

/// Every difference between the play and the example's files.
pub fn differences(example: &Example, played: &Played) -> Result<Vec<Difference>, Mistake> {
    let mut found = Vec::new();
    for sent in &played.exchanges {
        let expected = example.exchange_text(REQUEST, &sent.exchange)?;
        found.extend(text_difference(
            &format!("{REQUEST}.{}", sent.exchange),
            expected.trim_end(),
            &sent.text,
        ));
    }
    for exchange in example.exchanges(REQUEST)? {
        if played
            .exchanges
            .iter()
            .all(|sent| sent.exchange != exchange)
        {
            found.push(Difference {
                place: format!("{REQUEST}.{exchange}"),
                expected: Some("una chiamata".to_owned()),
                actual: None,
            });
        }
    }
    let file = example.answer_file();
    let name = file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut fields = Vec::new();
    value_differences(
        "",
        Some(&read_json(&file)?),
        Some(&played.answer),
        &mut fields,
    );
    found.extend(fields.into_iter().map(|difference| Difference {
        place: format!("{name}, {}", difference.place),
        ..difference
    }));
    Ok(found)
}

/// Writes what the play sent and what came of it into the example's files, except the question and the answers.
pub fn write(example: &Example, played: &Played) -> Result<(), Mistake> {
    let put = |path: &std::path::Path, text: String| {
        fs::write(path, text).map_err(|error| unreadable(path, &error))
    };
    for exchange in example.exchanges(REQUEST)? {
        if played
            .exchanges
            .iter()
            .all(|sent| sent.exchange != exchange)
            && let Some(path) = example.exchange_file(REQUEST, &exchange)?
        {
            fs::remove_file(&path).map_err(|error| unreadable(&path, &error))?;
        }
    }
    for sent in &played.exchanges {
        let path = match example.exchange_file(REQUEST, &sent.exchange)? {
            Some(path) => path,
            None => example
                .folder
                .join(format!("{REQUEST}.{}.{}", sent.exchange, sent.ending)),
        };
        put(&path, format!("{}\n", sent.text))?;
    }
    put(&example.answer_file(), format!("{:#}\n", played.answer))
}

/// Whether the example is of an answer that was found, or of a subject that is not known.
pub fn finds(example: &Example) -> Option<bool> {
    let answer = read_json(&example.answer_file()).ok()?;
    match (example.of, answer["errore"].as_str()) {
        (Subject::Operation(_), None) => Some(true),
        (Subject::Operation(_), Some("not found")) => Some(false),
        _ => None,
    }
}

/// The first line that differs, cut to what stands around the difference.
fn text_difference(file: &str, expected: &str, actual: &str) -> Option<Difference> {
    if expected == actual {
        return None;
    }
    let mut lines = (expected.lines(), actual.lines());
    let mut number = 0;
    loop {
        number += 1;
        let (expected, actual) = (lines.0.next(), lines.1.next());
        if expected == actual && expected.is_some() {
            continue;
        }
        let begin = match (expected, actual) {
            (Some(expected), Some(actual)) => {
                let pairs = expected.chars().zip(actual.chars());
                pairs.take_while(|(one, two)| one == two).count()
            }
            _ => 0,
        };
        return Some(Difference {
            place: format!("{file}, riga {number}"),
            expected: expected.map(|line| around(line, begin)),
            actual: actual.map(|line| around(line, begin)),
        });
    }
}

fn around(line: &str, place: usize) -> String {
    let from = place.saturating_sub(AROUND / 2);
    let shown: String = line.chars().skip(from).take(2 * AROUND).collect();
    let before = if from > 0 { "…" } else { "" };
    let after = if line.chars().count() > from + 2 * AROUND {
        "…"
    } else {
        ""
    };
    format!("«{before}{shown}{after}»")
}

fn value_differences(
    path: &str,
    expected: Option<&Value>,
    actual: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    match (expected, actual) {
        (Some(Value::Object(one)), Some(Value::Object(two))) => {
            let added = two.keys().filter(|key| !one.contains_key(*key));
            for key in one.keys().chain(added) {
                let inner = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                value_differences(&inner, one.get(key), two.get(key), found);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(two))) => {
            for index in 0..one.len().max(two.len()) {
                value_differences(
                    &format!("{path}[{index}]"),
                    one.get(index),
                    two.get(index),
                    found,
                );
            }
        }
        (expected, actual) if expected == actual => {}
        (expected, actual) => found.push(Difference {
            place: path.to_owned(),
            expected: expected.map(Value::to_string),
            actual: actual.map(Value::to_string),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_names_the_field_and_both_values() {
        let mut found = Vec::new();
        let expected = json!({"a": {"b": "1", "c": 2}, "d": [1, 2]});
        let actual = json!({"a": {"b": "x", "c": 2}, "d": [1], "e": null});
        value_differences("", Some(&expected), Some(&actual), &mut found);
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "a.b: atteso \"1\", ottenuto \"x\"",
                "d[1]: atteso 2, ottenuto niente",
                "e: atteso niente, ottenuto null"
            ]
        );
    }

    #[test]
    fn of_a_long_line_only_the_place_that_differs_is_shown() {
        let expected = format!("uno\n{}A{}", "x".repeat(500), "y".repeat(500));
        let actual = expected.replace('A', "B");
        let found = text_difference("2", &expected, &actual).expect("a difference");
        assert_eq!(found.place, "2, riga 2");
        let shown = found.actual.expect("a line");
        assert!(
            shown.contains("xBy") && shown.chars().count() < 120,
            "{shown}"
        );
    }
}
