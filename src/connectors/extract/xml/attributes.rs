//! The attributes of a tag, one after the other, their values as XML says that they are read.

use std::borrow::Cow;

use memchr::memchr;

use super::super::Unreadable;
use super::scanner::{is_blank, local_name, resolve};

/// Attributes of one tag; far more than any back end sends.
const MOST: usize = 64;

/// An attribute.
#[derive(Debug, Clone, Copy)]
pub struct Attribute<'t> {
    /// Its name, prefix included.
    pub name: &'t str,
    /// Its value as it stands between the quotes.
    pub raw: &'t str,
}

impl<'t> Attribute<'t> {
    /// The name without its prefix; `None` for what declares a namespace.
    pub fn local_name(&self) -> Option<&'t str> {
        let local = local_name(self.name);
        (self.declares().is_none()).then_some(local)
    }

    /// The prefix that the attribute declares a namespace for; without one, for names without prefix.
    pub fn declares(&self) -> Option<&'t str> {
        match self.name.strip_prefix("xmlns")? {
            "" => Some(""),
            prefix => prefix.strip_prefix(':'),
        }
    }

    /// The value with its references resolved, and every other kind of blank a space.
    pub fn value(&self) -> Result<Cow<'t, str>, Unreadable> {
        let is_plain = |byte: u8| !matches!(byte, b'&' | b'\t' | b'\r' | b'\n');
        if self.raw.bytes().all(is_plain) {
            return Ok(Cow::Borrowed(self.raw));
        }
        let mut value = String::with_capacity(self.raw.len());
        let mut rest = self.raw;
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '&' => {
                    let (character, length) = resolve(rest)?;
                    value.push(character);
                    length
                }
                '\t' | '\r' | '\n' => {
                    value.push(' ');
                    // Both together are one end of a line.
                    1 + usize::from(rest.starts_with("\r\n"))
                }
                other => {
                    value.push(other);
                    other.len_utf8()
                }
            };
            rest = &rest[length..];
        }
        Ok(Cow::Owned(value))
    }
}

/// The attributes of a tag, each one or why it is none.
#[derive(Debug)]
pub struct Attributes<'t> {
    all: &'t str,
    rest: &'t str,
    count: usize,
}

impl<'t> Attributes<'t> {
    /// Those of a tag whose text after the name this is.
    pub(super) fn of(text: &'t str) -> Attributes<'t> {
        Attributes {
            all: text,
            rest: text,
            count: 0,
        }
    }

    /// Whether an attribute of that name was already met; to read the few again is cheaper than to keep account of them.
    fn has_met(&self, name: &str) -> bool {
        let mut before = &self.all[..self.all.len() - self.rest.len()];
        while let Ok((known, rest)) = read(before) {
            if known.name == name {
                return true;
            }
            before = rest;
        }
        false
    }
}

impl<'t> Iterator for Attributes<'t> {
    type Item = Result<Attribute<'t>, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.bytes().all(is_blank) {
            return None;
        }
        self.count += 1;
        let (attribute, rest) = match read(self.rest) {
            Ok((attribute, rest)) if self.count <= MOST && !self.has_met(attribute.name) => {
                (Ok(attribute), rest)
            }
            // Nothing after a broken one can be told apart.
            _ => (Err(broken()), ""),
        };
        self.rest = rest;
        Some(attribute)
    }
}

/// The attribute at the beginning of a text, and what follows it.
fn read(text: &str) -> Result<(Attribute<'_>, &str), Unreadable> {
    let equals = memchr(b'=', text.as_bytes()).ok_or_else(broken)?;
    let name = text[..equals].trim_ascii();
    let rest = text[equals + 1..].trim_ascii_start();
    let quote = *rest.as_bytes().first().ok_or_else(broken)?;
    if name.is_empty() || name.bytes().any(is_blank) || !matches!(quote, b'"' | b'\'') {
        return Err(broken());
    }
    let length = memchr(quote, &rest.as_bytes()[1..]).ok_or_else(broken)?;
    let raw = &rest[1..=length];
    Ok((Attribute { name, raw }, &rest[length + 2..]))
}

fn broken() -> Unreadable {
    Unreadable::because("XML with a broken attribute")
}
