//! Reads a JSON answer into an extract in one pass: what the shape does not know is skipped, numbers keep their digits.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::shape::{NodeId, Shape};
use super::{Extract, Unreadable};

/// Arrays and objects inside one another; far more than any back end sends.
const NESTING: usize = 128;

/// Reads the text of an answer.
pub fn read(text: &str, shape: &Shape) -> Result<Extract, Unreadable> {
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
        shape,
        extract: Extract::with_capacity(text.len() / 2, shape.places()),
    };
    let read = reader.value(Some(shape.root()));
    match read.and_then(|()| reader.end()) {
        Ok(()) => Ok(reader.extract.finish()),
        Err(Broken) => Err(Unreadable::because(format!(
            "not the expected JSON (at byte {} of {})",
            reader.at,
            text.len()
        ))),
    }
}

/// The answer is no JSON, from the byte on that the reader is at.
struct Broken;

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    shape: &'a Shape,
    extract: Extract,
}

/// A string as it is written.
struct Written<'a> {
    /// With its quotes.
    quoted: &'a str,
    escaped: bool,
}

impl<'a> Written<'a> {
    /// The text that the string stands for.
    fn text(&self) -> Result<Cow<'a, str>, Broken> {
        if self.escaped {
            let text = serde_json::from_str(self.quoted).map_err(|_| Broken)?;
            return Ok(Cow::Owned(text));
        }
        Ok(Cow::Borrowed(&self.quoted[1..self.quoted.len() - 1]))
    }

    /// Looks at the escapes of a string that nobody reads: an answer is JSON as a whole or not at all.
    fn check(&self) -> Result<(), Broken> {
        if self.escaped {
            serde_json::from_str::<IgnoredAny>(self.quoted).map_err(|_| Broken)?;
        }
        Ok(())
    }
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no white space.
    fn next_token(&mut self) -> Result<u8, Broken> {
        while let Some(byte) = self.peek() {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(byte);
            }
            self.at += 1;
        }
        Err(Broken)
    }

    fn end(&mut self) -> Result<(), Broken> {
        match self.next_token() {
            Ok(_) => Err(Broken),
            Err(Broken) => Ok(()),
        }
    }

    /// Reads a value at that place; `None`: it is skipped.
    fn value(&mut self, place: Option<NodeId>) -> Result<(), Broken> {
        match self.next_token()? {
            b'"' => {
                let written = self.string()?;
                match place {
                    None => written.check()?,
                    Some(node) => self.extract.add_text(node, &written.text()?),
                }
                Ok(())
            }
            b'{' => self.nested(|reader| match place {
                Some(node) => {
                    let cell = reader.extract.open(node);
                    reader.members(Some(node).filter(|node| !reader.shape.is_leaf(*node)))?;
                    reader.extract.close(cell);
                    Ok(())
                }
                None => reader.members(None),
            }),
            // The elements of an array stand at the place of the array.
            b'[' => self.nested(|reader| reader.elements(place)),
            _ => self.plain(place),
        }
    }

    fn nested(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        self.at += 1;
        self.depth += 1;
        if self.depth > NESTING {
            return Err(Broken);
        }
        inside(self)?;
        self.depth -= 1;
        Ok(())
    }

    /// Reads the members of an object; `parent` absent: all are skipped.
    fn members(&mut self, parent: Option<NodeId>) -> Result<(), Broken> {
        if self.next_token()? == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.next_token()? != b'"' {
                return Err(Broken);
            }
            let key = self.string()?;
            let place = match parent {
                Some(parent) => self.shape.key(parent, &key.text()?),
                None => {
                    key.check()?;
                    None
                }
            };
            if self.next_token()? != b':' {
                return Err(Broken);
            }
            self.at += 1;
            self.value(place)?;
            if self.is_over(b'}')? {
                return Ok(());
            }
        }
    }

    fn elements(&mut self, place: Option<NodeId>) -> Result<(), Broken> {
        if self.next_token()? == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(place)?;
            if self.is_over(b']')? {
                return Ok(());
            }
        }
    }

    /// Whether the array or object ends here; if not, there must be a comma.
    fn is_over(&mut self, close: u8) -> Result<bool, Broken> {
        let token = self.next_token()?;
        if token != close && token != b',' {
            return Err(Broken);
        }
        self.at += 1;
        Ok(token == close)
    }

    /// Reads a string at whose opening quote the reader is.
    fn string(&mut self) -> Result<Written<'a>, Broken> {
        let start = self.at;
        let mut escaped = false;
        self.at += 1;
        while let Some(rest) = self.text.as_bytes().get(self.at..) {
            let special = rest
                .iter()
                .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F))
                .ok_or(Broken)?;
            self.at += special;
            match rest[special] {
                b'"' => {
                    self.at += 1;
                    let quoted = &self.text[start..self.at];
                    return Ok(Written { quoted, escaped });
                }
                b'\\' => {
                    // What is escaped does not end the string; whether it is rightly escaped is seen with the text.
                    escaped = true;
                    self.at += 2;
                }
                _ => return Err(Broken),
            }
        }
        Err(Broken)
    }

    /// Reads a number, a truth value or `null`.
    fn plain(&mut self, place: Option<NodeId>) -> Result<(), Broken> {
        let bytes = &self.text.as_bytes()[self.at..];
        let length = bytes.iter().position(
            |byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'+' | b'.'),
        );
        let length = length.unwrap_or(bytes.len());
        let text = &self.text[self.at..self.at + length];
        if !matches!(text, "null" | "true" | "false") && !is_number(text.as_bytes()) {
            return Err(Broken);
        }
        self.at += length;
        match place {
            Some(node) if text == "null" => self.extract.add_nothing(node),
            Some(node) => self.extract.add_text(node, text),
            None => {}
        }
        Ok(())
    }
}

/// Whether these bytes are a number of JSON (RFC 8259, section 6).
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest[0] == b'0') {
        return false;
    }
    let mut rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    let Some((b'e' | b'E', exponent)) = rest.split_first() else {
        return rest.is_empty();
    };
    let exponent = exponent
        .strip_prefix(b"-")
        .or(exponent.strip_prefix(b"+"))
        .unwrap_or(exponent);
    !exponent.is_empty() && digits(exponent) == exponent.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::connectors::extract::shape::Format;

    fn is_read(text: &str) -> bool {
        let mut shape = Shape::new(Format::Json);
        let added = shape.add(NodeId::DOCUMENT, "a/b", &[]);
        assert!(added.is_ok());
        read(text, &shape).is_ok()
    }

    proptest! {
        #[test]
        fn what_is_json_and_what_is_not_is_as_the_library_says(
            text in "[\\[\\]{}\":,.0-9ab eE+\\-truefalsn\\\\]{0,16}|-?[0-9]{0,3}\\.?[0-9]{0,3}[eE]?[-+]?[0-9]{0,2}",
            cut in 0_usize..48,
        ) {
            let whole = format!("{{\"a\":{{\"b\":[1,\"\\u00e0\\n\",{text}]}},\"c\":{{\"d\": {text} }}}}");
            let cut = whole.get(..whole.len().saturating_sub(cut)).unwrap_or_default();
            for answer in [&*text, &whole, cut] {
                let library = serde_json::from_str::<IgnoredAny>(answer).is_ok();
                prop_assert_eq!(is_read(answer), library, "{}", answer);
            }
        }
    }
}
