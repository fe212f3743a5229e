//! Says places, conditions and steps in the words of response files.

use crate::connectors::extract::shape::NodeId;
use crate::connectors::mapping::Mapping;
use crate::connectors::mapping::cleaning::{Cleaning, Form, Lookup, Unknown};
use crate::connectors::mapping::condition::{Condition, Day, Test};
use crate::connectors::mapping::expression::{Expression, Pick, Source, render};
use crate::connectors::mapping::tables::{NATIONAL, Table};
use crate::connectors::mapping::{dates, numbers};
use crate::connectors::template::Template;
use crate::connectors::template::scope::Scope;

/// Where a value comes from.
pub fn source(source: &Source, mapping: &Mapping) -> String {
    let all = |parts: &[Expression]| {
        let parts: Vec<String> = parts
            .iter()
            .map(|part| self::source(&part.source, mapping))
            .collect();
        parts.join(", ")
    };
    match source {
        Source::Path(node, Pick::Only) => place(*node, mapping),
        Source::Path(node, Pick::First) => format!("first of {}", place(*node, mapping)),
        Source::Template(template) => format!("value {template}"),
        Source::Join(parts, _) => format!("join {}", all(parts)),
        Source::First(parts) => format!("first {}", all(parts)),
        Source::Case(_) => "case".to_owned(),
        Source::DateParts { .. } => "date_parts".to_owned(),
        Source::OneOf { items, .. } => format!("take of {}", place(items.each, mapping)),
        Source::Sum { items, .. } => format!("sum over {}", place(items.each, mapping)),
    }
}

/// The path of a place, from the row where it stands in one.
pub fn place(node: NodeId, mapping: &Mapping) -> String {
    let path = mapping.shape.path(node);
    let row = mapping
        .rows
        .as_ref()
        .map(|rows| mapping.shape.path(rows.each))
        .filter(|row| !row.is_empty());
    let inside = row.and_then(|row| {
        path.strip_prefix(&*row)?
            .strip_prefix('/')
            .map(str::to_owned)
    });
    match inside.unwrap_or(path) {
        empty if empty.is_empty() => ".".to_owned(),
        path => path,
    }
}

/// A condition, with the values that placeholders have here; a secret is never one of them.
pub fn condition(condition: &Condition, mapping: &Mapping, scope: &Scope<'_>) -> String {
    let value = source(&condition.value.source, mapping);
    let texts = |texts: &[Template]| {
        let texts = texts.iter().map(|text| {
            render(text, scope).map_or_else(|_| text.to_string(), |text| format!("«{text}»"))
        });
        texts.collect::<Vec<_>>().join(", ")
    };
    let day = |day: &Day| match day {
        Day::Text(text) => texts(std::slice::from_ref(text)),
        Day::Value(value) => source(&value.source, mapping),
    };
    match &condition.test {
        Test::Is(wanted) => format!("{value} is {}", texts(wanted)),
        Test::IsNot(wanted) => format!("{value} is_not {}", texts(wanted)),
        Test::Present(there) => format!("{value} present = {there}"),
        Test::NotAfter(limit) => format!("{value} not_after {}", day(limit)),
        Test::NotBefore(limit) => format!("{value} not_before {}", day(limit)),
        Test::Length(length) => format!("{value} length {length}"),
        Test::SameAs(other) => format!("{value} same_as {}", source(&other.source, mapping)),
    }
}

/// The steps of a cleaning in their order, each alone.
#[expect(clippy::too_many_lines, reason = "a table: one entry a step")]
pub fn steps(cleaning: &Cleaning) -> Vec<(String, Cleaning)> {
    let alone = || Cleaning {
        verbatim: true,
        ..Cleaning::default()
    };
    let mut steps = Vec::new();
    if !cleaning.verbatim {
        steps.push(("blanks".to_owned(), Cleaning::default()));
    }
    if !cleaning.nulls.is_empty() {
        steps.push((
            format!("null {}", cleaning.nulls.join(", ")),
            Cleaning {
                nulls: cleaning.nulls.clone(),
                ..alone()
            },
        ));
    }
    if cleaning.upper {
        steps.push((
            "text upper".to_owned(),
            Cleaning {
                upper: true,
                ..alone()
            },
        ));
    }
    if let Some(width) = cleaning.pad {
        steps.push((
            format!("pad {width}"),
            Cleaning {
                pad: Some(width),
                ..alone()
            },
        ));
    }
    if let Some(form) = cleaning.form {
        let name = match form {
            Form::CategoriaCatastale => "categoria_catastale",
            Form::LeadingDigits => "leading_digits",
        };
        steps.push((
            format!("form {name}"),
            Cleaning {
                form: Some(form),
                ..alone()
            },
        ));
    }
    if let Some(lookup) = &cleaning.table {
        steps.push((
            table(lookup),
            Cleaning {
                table: Some(lookup.clone()),
                ..alone()
            },
        ));
    }
    if !cleaning.date.is_empty() {
        let names = dates::FORMS
            .iter()
            .filter(|(_, form)| cleaning.date.contains(form));
        let names: Vec<&str> = names.map(|(name, _)| *name).collect();
        steps.push((
            format!("date {}", names.join(", ")),
            Cleaning {
                date: cleaning.date.clone(),
                ..alone()
            },
        ));
    }
    if let Some(form) = cleaning.number {
        let name = numbers::FORMS
            .iter()
            .find(|(_, known)| *known == form)
            .map_or("", |(name, _)| name);
        steps.push((
            format!("number {name}"),
            Cleaning {
                number: Some(form),
                ..alone()
            },
        ));
    }
    steps
}

fn table(lookup: &Lookup) -> String {
    let name = match &lookup.table {
        Table::Own(_) => "",
        Table::National(national) => NATIONAL
            .iter()
            .find(|(_, known)| known == national)
            .map_or("", |(name, _)| name),
    };
    let unknown = match &lookup.unknown {
        Unknown::Omit => "unknown omit".to_owned(),
        Unknown::Refuse => "unknown refuse".to_owned(),
        Unknown::Keep => "unknown keep".to_owned(),
        Unknown::Be(text) => format!("otherwise {text}"),
    };
    format!("table {name} ({unknown})").replace("  ", " ")
}
