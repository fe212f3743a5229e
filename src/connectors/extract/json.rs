//! Reads a JSON answer into an extract in one pass: what the shape does not know is skipped, numbers keep their digits.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::shape::{NodeId, Shape};
use super::{Extract, TYPICAL, Unreadable, xml};

/// Arrays inside one another where only a text is wanted; the library bounds all other nesting.
const NESTING: usize = 16;

/// Reads the text of an answer.
pub fn read(text: &str, shape: &Shape) -> Result<Extract, Unreadable> {
    let mut extract = Extract::with_capacity(text.len().min(TYPICAL) / 2, shape.places());
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let root = Place {
        node: shape.root(),
        shape,
        extract: &mut extract,
    };
    root.deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())
        .map_err(|error| {
            // The library's own words can quote the answer.
            Unreadable::because(format!(
                "not the expected JSON ({:?} at line {}, column {})",
                error.classify(),
                error.line(),
                error.column()
            ))
        })?;
    Ok(extract.finish())
}

/// Reads the value at one place.
struct Place<'a> {
    node: NodeId,
    shape: &'a Shape,
    extract: &'a mut Extract,
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.shape.is_leaf(self.node) {
            let raw: &RawValue = serde::Deserialize::deserialize(deserializer)?;
            return leaf(raw.get(), self.node, self.extract, 0);
        }
        deserializer.deserialize_any(self)
    }
}

/// Takes over the text of a value below which nothing is read; an array gives one cell per element.
fn leaf<E: serde::de::Error>(
    raw: &str,
    node: NodeId,
    extract: &mut Extract,
    depth: usize,
) -> Result<(), E> {
    match raw.as_bytes().first() {
        Some(b'"') if raw.contains('\\') => {
            let text: String = serde_json::from_str(raw).map_err(E::custom)?;
            extract.add_text(node, &text);
        }
        Some(b'"') => extract.add_text(node, &raw[1..raw.len() - 1]),
        Some(b'n') => extract.add_nothing(node),
        Some(b'{') => extract.add_group(node, |_| Ok::<(), E>(()))?,
        Some(b'[') if depth == NESTING => return Err(E::custom("nested too deeply")),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(raw).map_err(E::custom)?;
            for item in items {
                leaf(item.get(), node, extract, depth + 1)?;
            }
        }
        _ => extract.add_text(node, raw),
    }
    Ok(())
}

/// Looks a key up where it stands; `None`: the shape does not read it.
struct Key<'s> {
    node: NodeId,
    shape: &'s Shape,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<NodeId>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<NodeId>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.shape.key(self.node, key))
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (node, shape) = (self.node, self.shape);
        self.extract.add_group(node, |extract| {
            while let Some(known) = map.next_key_seed(Key { node, shape })? {
                match known {
                    Some(node) => map.next_value_seed(Place {
                        node,
                        shape,
                        extract,
                    })?,
                    None => {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
            }
            Ok(())
        })
    }

    /// The elements of an array stand at the place of the array.
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items
            .next_element_seed(Place {
                node: self.node,
                shape: self.shape,
                extract: &mut *self.extract,
            })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.extract.add_nothing(self.node);
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        if self.shape.is_nested(self.node) {
            return xml::read_inside(text, self.node, self.shape, self.extract).map_err(E::custom);
        }
        self.extract.add_text(self.node, text);
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.visit_str(if value { "true" } else { "false" })
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }
}
