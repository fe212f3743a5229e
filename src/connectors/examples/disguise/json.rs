//! Rewrites the strings and numbers of a JSON answer; all else stays letter for letter.

use serde_json::value::RawValue;

use super::{Disguise, Spot, xml};
use crate::connectors::extract::Unreadable;
use crate::connectors::extract::shape::{NodeId, Shape};

/// The document with its values replaced.
pub(super) fn rewrite(
    text: &str,
    shape: &Shape,
    spot: &mut Spot<'_>,
    disguise: &mut Disguise,
) -> Result<String, Unreadable> {
    value(text, Some(shape.root()), shape, spot, disguise)
}

fn value(
    text: &str,
    node: Option<NodeId>,
    shape: &Shape,
    spot: &mut Spot<'_>,
    disguise: &mut Disguise,
) -> Result<String, Unreadable> {
    let unreadable = |_| Unreadable::because("not JSON");
    let text = text.trim();
    match text.as_bytes().first() {
        Some(b'{') => {
            let entries: Entries<'_> = serde_json::from_str(text).map_err(unreadable)?;
            let mut members = Vec::new();
            for (key, raw) in entries.0 {
                let place = node.and_then(|node| {
                    if shape.is_leaf(node) {
                        Some(node)
                    } else {
                        shape.key(node, &key)
                    }
                });
                let name = serde_json::to_string(&key).map_err(unreadable)?;
                members.push(format!(
                    "{name}:{}",
                    value(raw.get(), place, shape, spot, disguise)?
                ));
            }
            Ok(format!("{{{}}}", members.join(",")))
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(unreadable)?;
            let items: Result<Vec<String>, Unreadable> = items
                .into_iter()
                .map(|raw| value(raw.get(), node, shape, spot, disguise))
                .collect();
            Ok(format!("[{}]", items?.join(",")))
        }
        Some(b'"') => {
            let string: String = serde_json::from_str(text).map_err(unreadable)?;
            let replaced = if node.is_some_and(|node| shape.is_nested(node)) {
                xml::rewrite_inside(&string, node, shape, spot, disguise)?
            } else {
                disguise.leaf(&string, node, spot)
            };
            serde_json::to_string(&replaced).map_err(unreadable)
        }
        Some(b'-' | b'0'..=b'9') => {
            let replaced = disguise.leaf(text, node, spot);
            // What is no number any more was none of a thing.
            let is_number = serde_json::from_str::<serde_json::Number>(&replaced).is_ok();
            Ok(if is_number { replaced } else { text.to_owned() })
        }
        _ => Ok(text.to_owned()),
    }
}

/// The members of an object in their order, doubled keys included.
struct Entries<'t>(Vec<(String, &'t RawValue)>);

impl<'de: 't, 't> serde::Deserialize<'de> for Entries<'t> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> serde::de::Visitor<'de> for Members {
    type Value = Entries<'de>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}
