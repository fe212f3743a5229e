//! Cuts an XML text into tags and texts: strict about what makes it safe to read, without a copy of anything.

use memchr::{memchr, memchr2, memchr3, memmem};

use super::super::Unreadable;
use super::attributes::Attributes;

/// Elements inside one another; far more than any back end sends.
const NESTING: usize = 64;

/// A piece of a text.
#[derive(Debug, Clone, Copy)]
pub enum Token<'t> {
    /// An element begins.
    Start(Tag<'t>),
    /// The element that was begun last ends; one without content, too.
    End,
    /// Text as it stands, its line ends as they are.
    Text(&'t str),
    /// The character that a reference stands for.
    Character(char),
}

/// The tag with which an element begins.
#[derive(Debug, Clone, Copy)]
pub struct Tag<'t> {
    /// Its name, prefix included.
    pub name: &'t str,
    attributes: &'t str,
}

impl<'t> Tag<'t> {
    /// The name without its prefix.
    pub fn local_name(&self) -> &'t str {
        local_name(self.name)
    }

    /// The attributes in their order.
    pub fn attributes(&self) -> Attributes<'t> {
        Attributes::of(self.attributes)
    }
}

/// A name without its prefix.
pub fn local_name(name: &str) -> &str {
    // Prefixes are a few letters long: a search made for long texts would be slower.
    match name.bytes().position(|byte| byte == b':') {
        Some(colon) => &name[colon + 1..],
        None => name,
    }
}

/// Walks over a text from tag to tag.
///
/// Whoever walks to the end knows that every element was ended by its own name, that none stood deeper than the bound, and
/// that there was neither a DTD nor a reference to anything but a character.
#[derive(Debug)]
pub struct Scanner<'t> {
    text: &'t str,
    at: usize,
    /// The names of the open elements.
    open: Vec<&'t str>,
    /// How many elements are open around this text.
    around: usize,
    /// The last tag was one without content: its end comes next.
    ends: bool,
}

impl<'t> Scanner<'t> {
    /// A walk over a text that itself stands inside `around` elements.
    pub fn new(text: &'t str, around: usize) -> Scanner<'t> {
        Scanner {
            text,
            at: 0,
            open: Vec::with_capacity(16),
            around,
            ends: false,
        }
    }

    /// How many elements are open here, those around the text included.
    pub fn depth(&self) -> usize {
        self.around + self.open.len()
    }

    /// The byte at which the next token begins, if no comment stands before it.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next token; `None` at the end of the text.
    pub fn next(&mut self) -> Result<Option<Token<'t>>, Unreadable> {
        if self.ends {
            self.ends = false;
            self.open.pop();
            return Ok(Some(Token::End));
        }
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            return match rest {
                [] if self.open.is_empty() => Ok(None),
                [] => Err(Unreadable::because("XML that breaks off")),
                [b'<', b'/', after @ ..] => self.end(after),
                [b'<', b'?', ..] => {
                    self.pass(2, "?>")?;
                    continue;
                }
                [b'<', b'!', b'-', b'-', ..] => {
                    self.pass(4, "-->")?;
                    continue;
                }
                [b'<', b'!', after @ ..] if after.starts_with(b"[CDATA[") => {
                    self.pass("<![CDATA[".len(), "]]>").map(Token::Text).map(Some)
                }
                [b'<', b'!', ..] => Err(Unreadable::because("XML with a DTD is not accepted")),
                [b'<', ..] => self.start(),
                [b'&', ..] => self.reference(),
                text => {
                    let end = memchr2(b'<', b'&', text).unwrap_or(text.len());
                    let from = self.at;
                    self.at += end;
                    Ok(Some(Token::Text(&self.text[from..self.at])))
                }
            };
        }
    }

    /// Goes to the end of the element that was begun last.
    pub fn skip(&mut self) -> Result<(), Unreadable> {
        let inside = self.open.len();
        while self.open.len() >= inside && self.next()?.is_some() {}
        Ok(())
    }

    fn start(&mut self) -> Result<Option<Token<'t>>, Unreadable> {
        let from = self.at + 1;
        let end = self.end_of_tag(from)?;
        let tag = &self.text[from..end];
        self.at = end + 1;
        let (tag, ends) = match tag.strip_suffix('/') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        let length = tag.bytes().position(is_blank).unwrap_or(tag.len());
        let (name, attributes) = tag.split_at(length);
        if name.is_empty() {
            return Err(not_well_formed());
        }
        if self.depth() >= NESTING {
            return Err(Unreadable::because("XML nested too deeply"));
        }
        self.open.push(name);
        self.ends = ends;
        Ok(Some(Token::Start(Tag { name, attributes })))
    }

    /// Where the tag ends whose name begins there: a `>` in the value of an attribute is none.
    fn end_of_tag(&self, from: usize) -> Result<usize, Unreadable> {
        let bytes = self.text.as_bytes();
        let mut at = from;
        loop {
            let found = memchr3(b'>', b'"', b'\'', &bytes[at..]).ok_or_else(breaks_off)?;
            at += found;
            let quote = bytes[at];
            if quote == b'>' {
                return Ok(at);
            }
            at += 1;
            at += memchr(quote, &bytes[at..]).ok_or_else(breaks_off)? + 1;
        }
    }

    /// Ends the element; what follows `</` is `after`.
    fn end(&mut self, after: &[u8]) -> Result<Option<Token<'t>>, Unreadable> {
        let name = self.open.pop().ok_or_else(not_well_formed)?;
        let rest = after.strip_prefix(name.as_bytes());
        let rest = rest.ok_or_else(not_well_formed)?;
        let blanks = rest.iter().take_while(|byte| is_blank(**byte)).count();
        if rest.get(blanks) != Some(&b'>') {
            return Err(not_well_formed());
        }
        self.at += "</>".len() + name.len() + blanks;
        Ok(Some(Token::End))
    }

    fn reference(&mut self) -> Result<Option<Token<'t>>, Unreadable> {
        let (character, length) = resolve(&self.text[self.at..])?;
        self.at += length;
        Ok(Some(Token::Character(character)))
    }

    /// Passes over what stands from so many bytes further on to the mark; gives what is between.
    fn pass(&mut self, begin: usize, mark: &str) -> Result<&'t str, Unreadable> {
        let from = self.at + begin;
        let rest = self.text.get(from..).unwrap_or_default();
        let length = memmem::find(rest.as_bytes(), mark.as_bytes()).ok_or_else(breaks_off)?;
        self.at = from + length + mark.len();
        Ok(&rest[..length])
    }
}

/// The character that the reference at the beginning of a text stands for, and how long the reference is.
pub(super) fn resolve(text: &str) -> Result<(char, usize), Unreadable> {
    /// More than the longest that is known needs: `&#x0010FFFF;`.
    const LONGEST: usize = 16;
    let of_its_own = || Unreadable::because("XML with an entity of its own");
    let bytes = &text.as_bytes()[..text.len().min(LONGEST)];
    let end = bytes.iter().position(|byte| *byte == b';');
    let name = &text[1..end.ok_or_else(of_its_own)?];
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#').ok_or_else(of_its_own)?;
            let (digits, radix) = match number.strip_prefix('x') {
                Some(digits) => (digits, 16),
                None => (number, 10),
            };
            // What the library reads beside digits: a sign.
            let number = Some(digits).filter(|digits| !digits.starts_with('+'));
            let number = number.and_then(|digits| u32::from_str_radix(digits, radix).ok());
            let number = number.filter(|number| *number != 0);
            number.and_then(char::from_u32).ok_or_else(of_its_own)?
        }
    };
    Ok((character, name.len() + "&;".len()))
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn breaks_off() -> Unreadable {
    Unreadable::because("XML that breaks off or is no XML")
}

fn not_well_formed() -> Unreadable {
    Unreadable::because("XML that is not well-formed")
}
