//! Surveys a JSON answer; the elements of an array stand at the place of the array.

use serde_json::Value;

use super::{Kind, Kinds, Survey, xml};
use crate::connectors::extract::Unreadable;
use crate::connectors::extract::shape::{NodeId, Shape};

/// Reads the answer whole and walks over it.
pub(super) fn survey(text: &str, shape: &Shape, survey: &mut Survey) -> Result<(), Unreadable> {
    let value: Value = serde_json::from_str(text).map_err(|_| Unreadable::because("not JSON"))?;
    walk(&value, "", Some(shape.root()), true, shape, survey);
    Ok(())
}

fn walk(
    value: &Value,
    path: &str,
    node: Option<NodeId>,
    first: bool,
    shape: &Shape,
    survey: &mut Survey,
) {
    if let (Value::String(text), Some(node)) = (value, node)
        && shape.is_nested(node)
        && xml::survey_inside(text, path, node, shape, survey).is_ok()
    {
        survey.note(path, Kinds::of(Kind::Group), false, first, "");
        return;
    }
    let read = node.is_some_and(|node| shape.is_leaf(node));
    let name = if path.is_empty() { "." } else { path };
    let (kind, text) = match value {
        Value::Null => (Kind::Nil, String::new()),
        Value::Bool(truth) => (Kind::Truth, truth.to_string()),
        Value::Number(number) => (Kind::Number, number.to_string()),
        Value::String(text) if text.trim().is_empty() => (Kind::Empty, String::new()),
        Value::String(text) => (Kind::Text, text.clone()),
        Value::Object(_) => (Kind::Group, String::new()),
        Value::Array(items) => {
            // An array is no place of its own, but that there is one can change.
            match items.split_first() {
                None => survey.note(name, Kinds::of(Kind::Array), read, first, ""),
                Some((head, others)) => {
                    walk(head, path, node, first, shape, survey);
                    for item in others {
                        walk(item, path, node, false, shape, survey);
                    }
                    survey.widen(name, Kinds::of(Kind::Array));
                }
            }
            return;
        }
    };
    survey.note(name, Kinds::of(kind), read, first, &text);
    if let Value::Object(entries) = value {
        for (key, value) in entries {
            let inner = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}/{key}")
            };
            // Below a place whose text is read, everything is read with it.
            let node = node.and_then(|node| {
                if shape.is_leaf(node) {
                    Some(node)
                } else {
                    shape.key(node, key)
                }
            });
            walk(value, &inner, node, true, shape, survey);
        }
    }
}
