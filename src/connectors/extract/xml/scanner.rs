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
    /// The name without its prefix.
    pub local_name: &'t str,
    attributes: &'t str,
}

impl<'t> Tag<'t> {
    /// The attributes in their order.
    pub fn attributes(&self) -> Attributes<'t> {
        Attributes::of(self.attributes)
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
                [b'<', b'/', ..] => self.end(),
                [b'<', b'!' | b'?', ..] => match self.aside()? {
                    Some(section) => Ok(Some(Token::Text(section))),
                    None => continue,
                },
                [b'<', ..] => self.start(),
                [b'&', ..] => self.reference(),
                [_, ..] => {
                    let from = self.at;
                    self.pass_text();
                    Ok(Some(Token::Text(&self.text[from..self.at])))
                }
                [] if self.open.is_empty() => Ok(None),
                [] => Err(Unreadable::because("XML that breaks off")),
            };
        }
    }

    /// Goes to the end of the element that was begun last.
    pub fn skip(&mut self) -> Result<(), Unreadable> {
        let inside = self.open.len();
        loop {
            if !self.ends {
                self.pass_text();
            }
            if self.next()?.is_none() || self.open.len() < inside {
                return Ok(());
            }
        }
    }

    fn pass_text(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += memchr2(b'<', b'&', rest).unwrap_or(rest.len());
    }

    fn start(&mut self) -> Result<Option<Token<'t>>, Unreadable> {
        let tag = &self.text[self.at + 1..];
        let (name, local) = name_at(tag.as_bytes());
        let (inside, length) = match &tag.as_bytes()[name..] {
            _ if name == 0 => return Err(not_well_formed()),
            [b'>', ..] => (name, name + 1),
            [b'/', b'>', ..] => (name, name + 2),
            [b'<' | b'/', ..] => return Err(not_well_formed()),
            _ => end_of_tag(tag, name)?,
        };
        if self.depth() >= NESTING {
            return Err(Unreadable::because("XML nested too deeply"));
        }
        let (name, attributes) = tag[..inside].split_at(name);
        self.open.push(name);
        self.ends = length > inside + 1;
        self.at += 1 + length;
        Ok(Some(Token::Start(Tag {
            name,
            local_name: &name[local..],
            attributes,
        })))
    }

    fn end(&mut self) -> Result<Option<Token<'t>>, Unreadable> {
        let name = self.open.pop().ok_or_else(not_well_formed)?;
        let tag = &self.text.as_bytes()[self.at..];
        let blanks = match tag["</".len()..].strip_prefix(name.as_bytes()) {
            Some([b'>', ..]) => 0,
            Some(rest) => {
                let blanks = rest.iter().take_while(|byte| is_blank(**byte)).count();
                let end = rest.get(blanks).filter(|byte| **byte == b'>');
                end.map(|_| blanks).ok_or_else(not_well_formed)?
            }
            None => return Err(not_well_formed()),
        };
        self.at += "</>".len() + name.len() + blanks;
        Ok(Some(Token::End))
    }

    #[cold]
    fn reference(&mut self) -> Result<Option<Token<'t>>, Unreadable> {
        let (character, length) = resolve(&self.text[self.at..])?;
        self.at += length;
        Ok(Some(Token::Character(character)))
    }

    /// Passes over what is neither tag nor text; the text, if it is a section of text.
    #[cold]
    fn aside(&mut self) -> Result<Option<&'t str>, Unreadable> {
        let rest = &self.text[self.at..];
        if rest.starts_with("<?") {
            self.pass(2, "?>").map(|_| None)
        } else if rest.starts_with("<!--") {
            self.pass(4, "-->").map(|_| None)
        } else if rest.starts_with("<![CDATA[") {
            self.pass("<![CDATA[".len(), "]]>").map(Some)
        } else {
            Err(Unreadable::because("XML with a DTD is not accepted"))
        }
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

/// How long the name at the beginning of a tag is, and where its local part begins.
fn name_at(tag: &[u8]) -> (usize, usize) {
    let mut local = 0;
    for (at, byte) in tag.iter().enumerate() {
        // Every letter stands above `>`: most bytes take one comparison.
        if *byte > b'>' {
            continue;
        }
        match byte {
            b':' if local == 0 => local = at + 1,
            b'<' | b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n' => return (at, local),
            _ => {}
        }
    }
    (tag.len(), local)
}

/// Where the inside of a tag ends whose attributes begin there, and how long all of it is: a `>` in a value is no end.
fn end_of_tag(tag: &str, attributes: usize) -> Result<(usize, usize), Unreadable> {
    let bytes = tag.as_bytes();
    let mut at = attributes;
    loop {
        at += memchr3(b'>', b'"', b'\'', &bytes[at..]).ok_or_else(breaks_off)?;
        let quote = bytes[at];
        if quote == b'>' {
            let has_content = bytes[at - 1] != b'/';
            return Ok((at - usize::from(!has_content), at + 1));
        }
        at += 1;
        at += memchr(quote, &bytes[at..]).ok_or_else(breaks_off)? + 1;
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

/// A name without its prefix.
pub(super) fn local_name(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::Reader;
    use quick_xml::events::{BytesStart, Event};

    use super::*;

    /// Tags, texts and attributes in the order in which a reader meets them; `None`: it refuses the text.
    type Story = Option<Vec<String>>;

    fn ours(text: &str) -> Story {
        let mut scanner = Scanner::new(text, 0);
        let mut story = vec![String::from("text ")];
        while let Some(token) = scanner.next().ok()? {
            match token {
                Token::Start(tag) => {
                    let mut told = format!("begin {} ({})", tag.name, tag.local_name);
                    for attribute in tag.attributes() {
                        let attribute = attribute.ok()?;
                        told += &format!(" {}={}", attribute.name, attribute.value().ok()?);
                    }
                    story.extend([told, String::from("text ")]);
                }
                Token::End => story.extend([String::from("end"), String::from("text ")]),
                Token::Text(text) => story.last_mut()?.push_str(text),
                Token::Character(character) => story.last_mut()?.push(character),
            }
        }
        Some(story)
    }

    fn begun(tag: &BytesStart<'_>) -> Option<String> {
        let (name, local) = (tag.name(), tag.local_name());
        let mut told = format!("begin {} ({})", name.as_ref(), local.as_ref());
        for attribute in tag.attributes() {
            let attribute = attribute.ok()?;
            let version = quick_xml::XmlVersion::Explicit1_0;
            let value = attribute.normalized_value(version).ok()?;
            told += &format!(" {}={value}", attribute.key.as_ref());
        }
        Some(told)
    }

    fn the_librarys(text: &str) -> Story {
        let mut reader = Reader::from_str(text);
        let mut story = vec![String::from("text ")];
        let mut depth = 0;
        loop {
            match reader.read_event().ok()? {
                Event::Start(tag) => {
                    depth += 1;
                    story.extend([begun(&tag)?, String::from("text ")]);
                }
                Event::Empty(tag) => {
                    let end = [String::from("text "), String::from("end")];
                    story.push(begun(&tag)?);
                    story.extend(end);
                    story.push(String::from("text "));
                }
                Event::End(_) => {
                    depth -= 1;
                    story.extend([String::from("end"), String::from("text ")]);
                }
                Event::Text(text) => story.last_mut()?.push_str(&text),
                Event::CData(data) => story.last_mut()?.push_str(&data),
                Event::GeneralRef(reference) => {
                    let named = quick_xml::escape::resolve_predefined_entity(&reference);
                    let number = reference.resolve_char_ref().ok()?;
                    let text = number.map(String::from).or(named.map(str::to_owned));
                    story.last_mut()?.push_str(&text?);
                }
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
                Event::DocType(_) => return None,
                Event::Eof => return (depth == 0).then_some(story),
            }
        }
    }

    const MARKS: [&str; 3] = ["<", ">", "/"];

    /// Pieces of which most put together are XML and many are not.
    const PIECES: [&str; 31] = [
        "<a>",
        "</a>",
        "<a>",
        "</a>",
        "<p:b xmlns:p='u'>",
        "</p:b>",
        "</p:b >",
        "<c/>",
        "<c />",
        "<d x=\"1\" y = '&lt;>&#65;'/>",
        "<d x=\"1\" x='2'/>",
        "<d x>",
        "<d x=1/>",
        "<d t='\t\r\nz'/>",
        "è testo ",
        "]]>",
        " ",
        "\r\n",
        "&amp;",
        "&#x41;",
        "&#0;",
        "&#+65;",
        "&nbsp;",
        "&",
        "<![CDATA[<a>&amp;]]>",
        "<!-- <a> -->",
        "<?xml version='1.0'?>",
        "<!DOCTYPE a>",
        "<",
        ">",
        "/",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn what_is_read_is_what_the_library_reads(pieces in proptest::collection::vec(0..PIECES.len(), 0..8)) {
            let text: String = pieces.iter().map(|piece| PIECES[*piece]).collect();
            let text = format!("<w>{text}</w>");
            // It takes marks where none may stand for parts of names: that is refused here.
            let is_lax = pieces.iter().any(|piece| MARKS.contains(&PIECES[*piece]));
            let ours = ours(&text);
            if ours.is_some() || !is_lax {
                prop_assert_eq!(ours, the_librarys(&text), "{}", text);
            }
        }
    }

    #[test]
    fn an_element_is_skipped_to_its_own_end() {
        let mut scanner = Scanner::new("<a><b>x<b/>&amp;<!--</b>--></b>y</a>", 0);
        assert!(matches!(scanner.next(), Ok(Some(Token::Start(_)))));
        assert!(matches!(scanner.next(), Ok(Some(Token::Start(_)))));
        scanner.skip().expect("well-formed");
        assert!(matches!(scanner.next(), Ok(Some(Token::Text("y")))));
        assert_eq!(scanner.depth(), 1);
    }

    #[test]
    fn what_nobody_reads_must_be_well_formed_too() {
        let deep = format!("<a>{}", "<b>".repeat(100));
        for skipped in [
            "<a><b></a>",
            "<a>&nbsp;</a>",
            "<a><!DOCTYPE b></a>",
            "<a>",
            &deep,
        ] {
            let mut scanner = Scanner::new(skipped, 0);
            assert!(matches!(scanner.next(), Ok(Some(Token::Start(_)))));
            assert!(scanner.skip().is_err(), "{skipped}");
        }
    }
}
