//! JSON objects read strictly: one object, no member twice, not deeper than any claim needs.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::error::JoseError;

/// Objects and arrays within each other at most: `signed_headers` needs three.
const MOST_DEEP: u8 = 8;

/// Reads one JSON object. Members that stand twice are refused: two readers may each take another one (RFC 7515, 4).
pub fn object(text: &[u8]) -> Result<Map<String, Value>, JoseError> {
    let refused = Cell::new(None);
    let strict = Strict {
        left: MOST_DEEP,
        refused: &refused,
    };
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = strict
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    match read {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) | Err(_) => Err(refused.get().unwrap_or(JoseError::NotAnObject)),
    }
}

/// A member that is a text, if it is there.
pub(super) fn text<'a>(
    members: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, JoseError> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JoseError::Malformed(name)),
    }
}

/// Reads a value whose objects and arrays may go so deep; says in `refused` why it does not.
#[derive(Clone, Copy)]
struct Strict<'a> {
    left: u8,
    refused: &'a Cell<Option<JoseError>>,
}

impl<'a> Strict<'a> {
    fn refuse<E: Error>(self, reason: JoseError) -> E {
        self.refused.set(Some(reason));
        E::custom(reason)
    }

    fn within<E: Error>(self) -> Result<Strict<'a>, E> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Strict { left, ..self }),
            None => Err(self.refuse(JoseError::TooDeep)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| self.refuse(JoseError::NotAnObject))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let within = self.within()?;
        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(within)? {
            read.push(item);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let within = self.within()?;
        let mut read = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if read.contains_key(&name) {
                return Err(self.refuse(JoseError::DuplicateMember));
            }
            let value = members.next_value_seed(within)?;
            read.insert(name, value);
        }
        Ok(Value::Object(read))
    }
}
