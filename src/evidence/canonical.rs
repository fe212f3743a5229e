//! JSON in the one form that has the same bytes for everybody (RFC 8785, JCS), for the values that we write: no fractions.

use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

/// Whole numbers beyond it are not the same to everybody who reads JSON (RFC 8785, 3.2.2.3).
const MOST: u64 = (1 << 53) - 1;

/// A value that has no such form here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotCanonical {
    /// A fraction, or a number beyond 2^53.
    #[error("un numero non è intero o supera 2^53")]
    Number,
    /// Not JSON, or not in that form: other blanks, other order, a name twice.
    #[error("non è JSON nella forma canonica (RFC 8785)")]
    Form,
}

/// The value in canonical form.
pub fn canonical(value: &impl Serialize) -> Result<String, NotCanonical> {
    let value = serde_json::to_value(value).map_err(|_| NotCanonical::Form)?;
    let mut text = String::new();
    write(&value, &mut text)?;
    Ok(text)
}

/// Reads a document that must be in canonical form, so that it has no second meaning.
pub(super) fn read(bytes: &[u8]) -> Result<Value, NotCanonical> {
    let value: Value = serde_json::from_slice(bytes).map_err(|_| NotCanonical::Form)?;
    match canonical(&value)?.as_bytes() == bytes {
        true => Ok(value),
        false => Err(NotCanonical::Form),
    }
}

fn write(value: &Value, to: &mut String) -> Result<(), NotCanonical> {
    match value {
        Value::Number(number) => whole(number)?,
        Value::Array(items) => {
            to.push('[');
            for (index, item) in items.iter().enumerate() {
                to.push_str(if index == 0 { "" } else { "," });
                write(item, to)?;
            }
            to.push(']');
            return Ok(());
        }
        Value::Object(members) => {
            // Sorted here, whatever order the map keeps.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            to.push('{');
            for (index, (name, member)) in members.into_iter().enumerate() {
                to.push_str(if index == 0 { "" } else { "," });
                to.push_str(&Value::from(name.as_str()).to_string());
                to.push(':');
                write(member, to)?;
            }
            to.push('}');
            return Ok(());
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
    // Texts, too: serde_json escapes what RFC 8785 (3.2.2.2) escapes, in the same way.
    to.push_str(&value.to_string());
    Ok(())
}

fn whole(number: &serde_json::Number) -> Result<(), NotCanonical> {
    let size = number
        .as_u64()
        .or_else(|| number.as_i64().map(i64::unsigned_abs));
    match size {
        Some(size) if size <= MOST => Ok(()),
        _ => Err(NotCanonical::Number),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_example_of_the_norm_has_the_bytes_that_the_norm_gives() {
        // RFC 8785, 3.2.3: names sorted by their UTF-16 units.
        let unsorted = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh", "1": "One",
            "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis"
        });
        let text = canonical(&unsorted).expect("canonical");
        let read: Vec<&str> = text.split('"').skip(3).step_by(4).collect();
        let expected = [
            "Carriage Return",
            "One",
            "Control",
            "Latin Small Letter O With Diaeresis",
            "Euro Sign",
            "Emoji: Grinning Face",
            "Hebrew Letter Dalet With Dagesh",
        ];
        assert_eq!(read, expected);
        // 3.2.2: the escapes of texts.
        let escaped =
            json!({ "string": "\u{20ac}$\u{f}\nA'B\"\\\\\"/", "literals": [null, true, false] });
        assert_eq!(
            canonical(&escaped).expect("canonical"),
            "{\"literals\":[null,true,false],\"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
    }

    #[test]
    fn what_readers_may_take_differently_is_refused() {
        assert_eq!(canonical(&json!(1.5)), Err(NotCanonical::Number));
        assert_eq!(canonical(&json!(1_u64 << 53)), Err(NotCanonical::Number));
        for text in [
            "{\"b\":1,\"a\":2}",
            "{\"a\":1,\"a\":1}",
            "{\"a\": 1}",
            "{",
            "1 ",
        ] {
            assert_eq!(read(text.as_bytes()), Err(NotCanonical::Form), "{text}");
        }
        assert_eq!(read(b"{\"a\":[-1,\"x\"]}"), Ok(json!({ "a": [-1, "x"] })));
    }
}
