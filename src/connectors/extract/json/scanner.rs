//! Walks over a JSON text value by value: as strict as the standard, without a copy of anything but texts with escapes.

use std::borrow::Cow;

use crate::contract::json::plain_end;

/// Arrays and objects inside one another, read or not; far more than any back end sends.
const NESTING: usize = 127;

/// A text that is not JSON, at that byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotJson(pub usize);

/// A walk over a text. Blanks before a value or a mark are passed over by whatever asks for it.
#[derive(Debug)]
pub struct Scanner<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Scanner<'t> {
    /// A walk from the beginning of a text.
    pub fn new(text: &'t str) -> Scanner<'t> {
        Scanner {
            text,
            at: 0,
            depth: 0,
        }
    }

    /// What is wrong is wrong here.
    pub fn broken(&self) -> NotJson {
        NotJson(self.at)
    }

    /// The next byte that is no blank, left where it stands.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = self.text.as_bytes().get(self.at).copied();
            match byte {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                _ => return byte,
            }
        }
    }

    /// Enters the array or object whose opening mark was just seen; whether there is anything in it.
    pub fn enter(&mut self, close: u8) -> Result<bool, NotJson> {
        self.at += 1;
        self.depth += 1;
        if self.depth > NESTING {
            return Err(self.broken());
        }
        if self.peek() != Some(close) {
            return Ok(true);
        }
        self.leave();
        Ok(false)
    }

    /// Whether another value follows in the array or object; leaves it if none does.
    #[inline]
    pub fn has_more(&mut self, close: u8) -> Result<bool, NotJson> {
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.leave();
                Ok(false)
            }
            _ => Err(self.broken()),
        }
    }

    fn leave(&mut self) {
        self.at += 1;
        self.depth -= 1;
    }

    /// Reads the name of a member, and the colon after it.
    pub fn name(&mut self) -> Result<Cow<'t, str>, NotJson> {
        let name = self.string()?;
        self.colon()?;
        Ok(name)
    }

    /// Reads a string.
    pub fn string(&mut self) -> Result<Cow<'t, str>, NotJson> {
        self.peek();
        let begin = self.at;
        let has_escapes = self.pass_string()?;
        if has_escapes {
            let text = serde_json::from_str(&self.text[begin..self.at]);
            return text.map(Cow::Owned).map_err(|_| NotJson(begin));
        }
        Ok(Cow::Borrowed(&self.text[begin + 1..self.at - 1]))
    }

    /// Reads a number, `true`, `false` or `null` as it stands.
    pub fn plain(&mut self) -> Result<&'t str, NotJson> {
        let begin = self.at;
        self.pass_plain()?;
        Ok(&self.text[begin..self.at])
    }

    /// Passes over a value, whatever it is.
    pub fn skip(&mut self) -> Result<(), NotJson> {
        match self.peek() {
            Some(b'"') => self.pass_string().map(drop),
            Some(b'{') => {
                let mut more = self.enter(b'}')?;
                while more {
                    self.peek();
                    self.pass_string()?;
                    self.colon()?;
                    self.skip()?;
                    more = self.has_more(b'}')?;
                }
                Ok(())
            }
            Some(b'[') => {
                let mut more = self.enter(b']')?;
                while more {
                    self.skip()?;
                    more = self.has_more(b']')?;
                }
                Ok(())
            }
            _ => self.pass_plain(),
        }
    }

    /// The text is at its end but for blanks.
    pub fn end(&mut self) -> Result<(), NotJson> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.broken()),
        }
    }

    #[inline]
    fn colon(&mut self) -> Result<(), NotJson> {
        if self.peek() != Some(b':') {
            return Err(self.broken());
        }
        self.at += 1;
        Ok(())
    }

    /// Passes over a string; whether there are escapes in it.
    #[inline]
    fn pass_string(&mut self) -> Result<bool, NotJson> {
        let bytes = self.text.as_bytes();
        if bytes.get(self.at) != Some(&b'"') {
            return Err(self.broken());
        }
        self.at = plain_end(bytes, self.at + 1);
        let has_escapes = bytes.get(self.at) == Some(&b'\\');
        if has_escapes {
            self.pass_escapes()?;
        }
        if bytes.get(self.at) != Some(&b'"') {
            return Err(self.broken());
        }
        self.at += 1;
        Ok(has_escapes)
    }

    /// Passes over the rest of a string from an escape on, which few strings have.
    #[cold]
    fn pass_escapes(&mut self) -> Result<(), NotJson> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at) == Some(&b'\\') {
            self.pass_escape()?;
            self.at = plain_end(bytes, self.at);
        }
        Ok(())
    }

    fn pass_escape(&mut self) -> Result<(), NotJson> {
        self.at += match &self.text.as_bytes()[self.at + 1..] {
            [b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|byte| byte.is_ascii_hexdigit()) => 6,
            [mark, ..] if b"\"\\/bfnrt".contains(mark) => 2,
            _ => return Err(self.broken()),
        };
        Ok(())
    }

    fn pass_plain(&mut self) -> Result<(), NotJson> {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += match rest {
            [b't', b'r', b'u', b'e', ..] | [b'n', b'u', b'l', b'l', ..] => 4,
            [b'f', b'a', b'l', b's', b'e', ..] => 5,
            _ => number(rest).ok_or(self.broken())?,
        };
        Ok(())
    }
}

/// How long the number at the beginning of a text is.
fn number(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let begin = usize::from(text.first() == Some(&b'-'));
    let whole = digits(begin);
    if whole == 0 || (whole > 1 && text[begin] == b'0') {
        return None;
    }
    let mut end = begin + whole;
    if text.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        (fraction > 0).then_some(())?;
        end += 1 + fraction;
    }
    if let Some(b'e' | b'E') = text.get(end) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        (exponent > 0).then_some(())?;
        end += 1 + sign + exponent;
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use super::*;

    fn is_json(text: &str) -> bool {
        let mut scanner = Scanner::new(text);
        scanner.skip().and_then(|()| scanner.end()).is_ok()
    }

    /// A value, or something close to one.
    fn value() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "-?[0-9]{1,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?",
            "\"([a-zè ]|\\\\[nu\"\\\\x/]|\\\\u[0-9a-fD]{4}|\\PC|\t){0,12}\"",
            "true|false|null|nul|-|\"|",
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let list = (prop::collection::vec(inner, 0..4), "[ \n]{0,2}", ",|, |");
            (list, "[\\[{]", "\"[a-z\\\\]{0,3}\" ?:").prop_map(
                |((values, blanks, comma), open, name)| {
                    let close = if open == "{" { "}" } else { "]" };
                    let name = if open == "{" { &*name } else { "" };
                    let values: Vec<_> = values
                        .iter()
                        .map(|value| format!("{name}{value}"))
                        .collect();
                    format!("{open}{blanks}{}{blanks}{close}", values.join(&comma))
                },
            )
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn what_is_json_is_what_the_library_takes_for_it(
            value in value(),
            text in "[\\[\\]{},:\"\\\\ \n\tnultrefasE0-9.+\\-]{0,12}|\\PC{0,12}",
        ) {
            for text in [value, text] {
                let theirs = serde_json::from_str::<IgnoredAny>(&text).is_ok();
                prop_assert_eq!(is_json(&text), theirs, "{}", text);
            }
        }

        #[test]
        fn texts_come_back_as_they_were(text in "\\PC{0,20}|[\u{0}-\u{7f}]{0,20}", indented: bool) {
            let value = serde_json::json!({ "a": [text, 1.5e-7, {}], "b": [[], true, null] });
            let written = if indented { format!("{value:#}") } else { value.to_string() };
            prop_assert!(is_json(&written), "{}", written);
            let quoted = serde_json::json!(text).to_string();
            let read = Scanner::new(&quoted).string().expect("a string");
            prop_assert_eq!(&*read, &*text);
        }
    }

    #[test]
    fn nesting_has_the_bound_that_the_library_sets_for_what_is_read() {
        for depth in [1, 127, 128, 100_000] {
            let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            assert_eq!(is_json(&text), theirs, "{depth}");
            assert_eq!(theirs, depth <= NESTING, "{depth}");
        }
    }

    #[test]
    fn half_a_surrogate_is_no_text_but_may_be_skipped_as_the_library_does() {
        assert!(is_json(r#""\ud800""#));
        assert!(Scanner::new(r#""\ud800""#).string().is_err());
    }
}
