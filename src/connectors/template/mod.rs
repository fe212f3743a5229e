//! Request templates: text with `{{placeholders}}`, read once; the value is always escaped for the place where it stands.

pub mod escape;
pub mod placeholder;
pub mod scope;
pub mod stamps;

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use escape::Escape;
use placeholder::{Known, Placeholder};
use scope::Scope;

use super::error::ConnectorError;

/// A text with placeholders.
#[derive(Debug, Clone)]
pub struct Template {
    pieces: Vec<Piece>,
    /// Bytes that the text usually has: room for values included.
    usual_length: usize,
}

#[derive(Debug, Clone)]
enum Piece {
    Text(Box<str>),
    Slot(Placeholder, Escape),
    /// A document inside this one, with its name.
    Inner(Box<str>, Template, Escape, Wrapping),
}

/// How a document stands inside another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrapping {
    /// `inner.x`: as it is.
    Plain,
    /// `base64.x`: its bytes of UTF-8 in base64.
    Base64,
}

impl Wrapping {
    const ALL: [Wrapping; 2] = [Wrapping::Plain, Wrapping::Base64];

    fn prefix(self) -> &'static str {
        match self {
            Wrapping::Plain => "inner.",
            Wrapping::Base64 => "base64.",
        }
    }

    /// Whether a placeholder stands for a document, and for which.
    fn of(name: &str) -> Option<(Wrapping, &str)> {
        let mut all = Wrapping::ALL.into_iter();
        all.find_map(|wrapping| Some((wrapping, name.strip_prefix(wrapping.prefix())?)))
    }
}

/// The names of the documents that stand inside a text.
pub fn inner_documents(source: &str) -> Vec<&str> {
    let slots = slots(source, &mut Vec::new()).into_iter();
    slots
        .filter_map(|(_, name)| Wrapping::of(name))
        .map(|(_, document)| document)
        .collect()
}

impl Piece {
    fn usual_length(&self) -> usize {
        match self {
            Piece::Text(text) => text.len(),
            Piece::Slot(..) => 40,
            // Marks become references of four bytes.
            Piece::Inner(_, template, ..) => template.usual_length * 2,
        }
    }
}

/// What kind of text a template is, hence how values are escaped in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// XML: placeholders in text and attribute values.
    Xml,
    /// JSON: placeholders inside strings, or bare where the value is a number or a truth value.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// Path and query of an address.
    Address,
    /// Value of a header.
    Header,
    /// Text to compare with.
    Plain,
}

/// What is wrong with a template, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTemplate {
    /// Where.
    pub offset: usize,
    /// What.
    pub text: String,
}

/// Stands for a placeholder while the template around it is checked; no real template contains it.
const STAND_IN: char = '\u{E000}';

impl std::fmt::Display for Template {
    /// As it is written, without its escapes.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => formatter.write_str(text)?,
                Piece::Slot(placeholder, _) => write!(formatter, "{placeholder}")?,
                Piece::Inner(name, _, _, wrapping) => {
                    write!(formatter, "{{{{{}{name}}}}}", wrapping.prefix())?;
                }
            }
        }
        Ok(())
    }
}

impl Template {
    /// Reads a template; every mistake in it is reported.
    pub fn parse(
        source: &str,
        language: Language,
        known: &Known<'_>,
    ) -> Result<Template, Vec<BadTemplate>> {
        let mut pieces = Vec::new();
        let mut mistakes = Vec::new();
        let mut json = JsonPosition::default();
        let mut end = 0;
        for (range, name) in slots(source, &mut mistakes) {
            let text = &source[end..range.start];
            json.read(text);
            if !text.is_empty() {
                pieces.push(Piece::Text(text.into()));
            }
            end = range.end;
            let escape = match language {
                Language::Json if json.in_string => Escape::JsonString,
                Language::Json => Escape::JsonBare,
                Language::Xml if in_cdata(&source[..range.start]) => Escape::Cdata,
                Language::Xml => Escape::Xml,
                Language::Form | Language::Address => Escape::UrlComponent,
                Language::Header => Escape::Header,
                Language::Plain => Escape::Plain,
            };
            if let Some((wrapping, inner)) = Wrapping::of(name) {
                match known.inner.iter().find(|(known, _)| known == inner) {
                    Some((name, template)) => {
                        let (name, template) = (name.as_str().into(), template.clone());
                        pieces.push(Piece::Inner(name, template, escape, wrapping));
                    }
                    None => mistakes.push(BadTemplate {
                        offset: range.start,
                        text: format!("«{inner}» non è in «inner» di questo passo"),
                    }),
                }
                continue;
            }
            // A value in a CDATA section would not be escaped for the document that the section holds.
            let escape = if escape == Escape::Cdata {
                Escape::Xml
            } else {
                escape
            };
            match Placeholder::parse(name, known) {
                Ok(placeholder) if escape == Escape::JsonBare && !placeholder.is_bare(known) => {
                    mistakes.push(BadTemplate {
                        offset: range.start,
                        text: format!("«{{{{{name}}}}}» è un testo: va fra virgolette"),
                    });
                }
                Ok(placeholder) => pieces.push(Piece::Slot(placeholder, escape)),
                Err(text) => mistakes.push(BadTemplate {
                    offset: range.start,
                    text,
                }),
            }
        }
        if end < source.len() {
            pieces.push(Piece::Text(source[end..].into()));
        }
        let template = Template {
            usual_length: pieces.iter().map(Piece::usual_length).sum(),
            pieces,
        };
        if mistakes.is_empty() {
            mistakes.extend(template.check_surroundings(language));
        }
        if mistakes.is_empty() {
            Ok(template)
        } else {
            Err(mistakes)
        }
    }

    /// The placeholders in the template.
    pub fn placeholders(&self) -> Box<dyn Iterator<Item = &Placeholder> + '_> {
        Box::new(self.pieces.iter().flat_map(|piece| match piece {
            Piece::Slot(placeholder, _) => {
                Box::new(std::iter::once(placeholder)) as Box<dyn Iterator<Item = &Placeholder>>
            }
            Piece::Inner(_, template, ..) => template.placeholders(),
            Piece::Text(_) => Box::new(std::iter::empty()),
        }))
    }

    /// The text, if there is no placeholder in it.
    pub fn constant(&self) -> Option<&str> {
        match &*self.pieces {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text with every value in its place.
    pub fn render<'a>(&'a self, scope: &'a Scope<'_>) -> Result<Cow<'a, str>, ConnectorError> {
        if let [Piece::Text(text)] = &*self.pieces {
            return Ok(Cow::Borrowed(text));
        }
        let mut out = String::with_capacity(self.usual_length);
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Slot(placeholder, escape) => {
                    escape.write(&scope.value(placeholder)?, placeholder, &mut out)?;
                }
                Piece::Inner(name, template, escape, wrapping) => {
                    let document = template.render(scope)?;
                    let document = match wrapping {
                        Wrapping::Plain => document,
                        Wrapping::Base64 => Cow::Owned(BASE64_STANDARD.encode(&*document)),
                    };
                    escape.write(&document, name, &mut out)?;
                }
            }
        }
        Ok(Cow::Owned(out))
    }

    fn check_surroundings(&self, language: Language) -> Option<BadTemplate> {
        match language {
            Language::Xml => self.check_xml(),
            Language::Json => self.check_json(),
            Language::Form | Language::Address | Language::Header | Language::Plain => None,
        }
    }

    /// The template with stand-ins, and how a byte of it maps back to the template is lost: only the line matters.
    fn with_stand_ins(&self, stand_in: impl Fn(&Escape) -> &'static str) -> (String, Vec<Shift>) {
        let mut text = String::new();
        let mut shifts = Vec::new();
        let mut original = 0;
        for piece in &self.pieces {
            match piece {
                Piece::Text(part) => {
                    text.push_str(part);
                    original += part.len();
                }
                Piece::Slot(placeholder, escape) => {
                    text.push_str(stand_in(escape));
                    original += placeholder.written_length();
                }
                Piece::Inner(name, _, escape, wrapping) => {
                    text.push_str(stand_in(escape));
                    original += "{{}}".len() + wrapping.prefix().len() + name.len();
                }
            }
            shifts.push(Shift {
                substituted: text.len(),
                original,
            });
        }
        (text, shifts)
    }

    fn check_json(&self) -> Option<BadTemplate> {
        let (text, shifts) = self.with_stand_ins(|escape| match escape {
            Escape::JsonBare => "0",
            _ => "x",
        });
        let error = serde_json::from_str::<serde::de::IgnoredAny>(&text).err()?;
        let line = text.lines().take(error.line().saturating_sub(1));
        let start: usize = line.map(|line| line.len() + 1).sum();
        Some(BadTemplate {
            offset: original_offset(&shifts, start + error.column().saturating_sub(1)),
            text: "questo modello non è JSON valido".to_owned(),
        })
    }

    fn check_xml(&self) -> Option<BadTemplate> {
        let (text, shifts) = self.with_stand_ins(|escape| match escape {
            Escape::Cdata => "x",
            _ => "\u{E000}",
        });
        let (position, reason) = check_xml_text(&text)?;
        Some(BadTemplate {
            offset: original_offset(&shifts, position),
            text: reason.to_owned(),
        })
    }
}

/// The end of a piece, with and without stand-ins.
struct Shift {
    substituted: usize,
    original: usize,
}

fn original_offset(shifts: &[Shift], offset: usize) -> usize {
    let piece = shifts.iter().find(|shift| offset < shift.substituted);
    match piece.or(shifts.last()) {
        Some(shift) => (shift.original + offset).saturating_sub(shift.substituted),
        None => 0,
    }
}

fn check_xml_text(text: &str) -> Option<(usize, &'static str)> {
    use quick_xml::events::Event;
    const MISPLACED: &str =
        "un segnaposto sta solo nel testo di un elemento o nel valore di un attributo";
    let mut reader = quick_xml::Reader::from_str(text);
    let mut depth = 0_usize;
    loop {
        let position = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let misplaced = |part: &str| part.contains(STAND_IN).then_some((position, MISPLACED));
        let found = match reader.read_event() {
            Err(_) => Some((position, "questo modello non è XML ben formato")),
            Ok(Event::Start(start)) => {
                depth += 1;
                misplaced(start.name().as_ref()).or_else(|| misplaced_attribute(&start, position))
            }
            Ok(Event::Empty(start)) => {
                misplaced(start.name().as_ref()).or_else(|| misplaced_attribute(&start, position))
            }
            Ok(Event::End(_)) => {
                depth = depth.saturating_sub(1);
                None
            }
            Ok(Event::Text(text)) if depth == 0 => misplaced(&text),
            Ok(Event::Comment(comment)) => misplaced(&comment),
            Ok(Event::CData(data)) => misplaced(&data),
            Ok(Event::PI(instruction)) => misplaced(&instruction),
            Ok(Event::DocType(_)) => Some((position, "un modello XML non ha DTD")),
            Ok(Event::Eof) if depth > 0 => {
                return Some((position, "questo modello XML si interrompe"));
            }
            Ok(Event::Eof) => return None,
            Ok(Event::Text(_) | Event::Decl(_) | Event::GeneralRef(_)) => None,
        };
        if found.is_some() {
            return found;
        }
    }
}

fn misplaced_attribute(
    start: &quick_xml::events::BytesStart<'_>,
    position: usize,
) -> Option<(usize, &'static str)> {
    start.attributes().find_map(|attribute| match attribute {
        Err(_) => Some((position, "un attributo non è ben formato")),
        Ok(attribute) => attribute.key.as_ref().contains(STAND_IN).then_some((
            position,
            "un segnaposto non può stare nel nome di un attributo",
        )),
    })
}

/// Whether the text so far ends inside a CDATA section.
fn in_cdata(text: &str) -> bool {
    match (text.rfind("<![CDATA["), text.rfind("]]>")) {
        (Some(begin), Some(end)) => begin > end,
        (begin, None) => begin.is_some(),
        (None, Some(_)) => false,
    }
}

/// Finds `{{name}}`; one that is not closed is a mistake.
fn slots<'s>(source: &'s str, mistakes: &mut Vec<BadTemplate>) -> Vec<(Range<usize>, &'s str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = source[from..].find("{{").map(|place| from + place) {
        let Some(length) = source[start..].find("}}") else {
            mistakes.push(BadTemplate {
                offset: start,
                text: "«{{» senza «}}»".to_owned(),
            });
            break;
        };
        let end = start + length + 2;
        found.push((start..end, source[start + 2..end - 2].trim()));
        from = end;
    }
    found
}

/// Whether the text read so far ends inside a JSON string.
#[derive(Default)]
struct JsonPosition {
    in_string: bool,
    escaped: bool,
}

impl JsonPosition {
    fn read(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                _ => {}
            }
        }
    }
}
