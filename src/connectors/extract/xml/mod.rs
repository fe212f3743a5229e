//! Reads an XML answer into an extract: one pass over its tags, no DTD, no entities of its own, a bound on the nesting.

mod attributes;
mod namespaces;
mod references;
mod scanner;

use std::borrow::Cow;

use memchr::memchr;

use super::shape::{NodeId, Shape};
use super::wrapped::unwrapped;
use super::{Extract, TYPICAL, Unreadable};
use namespaces::Namespaces;
use references::References;
use scanner::{Scanner, Tag, Token};

/// Reads the text of an answer.
pub fn read(text: &str, shape: &Shape) -> Result<Extract, Unreadable> {
    let extract = Extract::with_capacity(text.len().min(TYPICAL) / 8, shape.places());
    let mut reading = Reading::new(text, shape, extract);
    reading.document(text, NodeId::DOCUMENT, 0)?;
    Ok(reading.extract.finish())
}

/// Reads a document that stands in a string of an answer of another format, at that place of it.
pub(super) fn read_inside(
    text: &str,
    place: NodeId,
    shape: &Shape,
    extract: &mut Extract,
) -> Result<(), Unreadable> {
    let cell = extract.open(place);
    let mut reading = Reading::new(text, shape, std::mem::take(extract));
    let read = reading.inner(text, place, 1);
    *extract = reading.extract;
    extract.close(cell);
    read
}

struct Reading<'s> {
    answer: &'s str,
    shape: &'s Shape,
    extract: Extract,
    /// Kept only where a path names a namespace.
    namespaces: Option<Namespaces>,
    references: References,
    /// How many documents this one stands in.
    around: usize,
}

impl<'s> Reading<'s> {
    fn new(answer: &'s str, shape: &'s Shape, extract: Extract) -> Reading<'s> {
        Reading {
            answer,
            shape,
            extract,
            namespaces: shape.has_namespaces().then(Namespaces::default),
            references: References::default(),
            around: 0,
        }
    }

    /// Reads a document at a place, inside so many elements: one element, and nothing else that says anything.
    fn document(&mut self, text: &str, place: NodeId, depth: usize) -> Result<(), Unreadable> {
        let mut scanner = Scanner::new(text, depth);
        let mut roots = 0;
        while let Some(token) = scanner.next()? {
            match token {
                Token::Start(tag) => {
                    roots += 1;
                    self.element(&mut scanner, &tag, place)?;
                }
                Token::Text(text) if text.trim().is_empty() => {}
                Token::Text(_) | Token::Character(_) | Token::End => {
                    return Err(Unreadable::because("text outside the XML root element"));
                }
            }
        }
        if roots != 1 {
            return Err(Unreadable::because("XML without a single root element"));
        }
        Ok(())
    }

    /// Reads the document that stands in the text of a place; a blank text is none.
    fn inner(&mut self, text: &str, place: NodeId, depth: usize) -> Result<(), Unreadable> {
        let text = unwrapped(text, place, self.shape)?;
        if text.is_empty() {
            return Ok(());
        }
        self.around += 1;
        let read = self.document(&text, place, depth);
        self.around -= 1;
        read.map_err(|Unreadable(reason)| Unreadable(format!("in the inner document: {reason}")))
    }

    /// Reads the element that the scanner has just begun, to its end.
    fn element(
        &mut self,
        scanner: &mut Scanner<'_>,
        tag: &Tag<'_>,
        parent: NodeId,
    ) -> Result<(), Unreadable> {
        let before = match &mut self.namespaces {
            Some(namespaces) => namespaces.enter(tag)?,
            None => 0,
        };
        let namespace = || self.namespaces.as_ref()?.of(tag.name);
        match self.shape.element(parent, tag.local_name, namespace) {
            Some(node) => self.place(scanner, tag, node)?,
            None => scanner.skip()?,
        }
        if let Some(namespaces) = &mut self.namespaces {
            namespaces.leave(before);
        }
        Ok(())
    }

    /// Reads an element that the shape knows.
    fn place(
        &mut self,
        scanner: &mut Scanner<'_>,
        tag: &Tag<'_>,
        node: NodeId,
    ) -> Result<(), Unreadable> {
        let cell = self.extract.open(node);
        if self.shape.is_leaf(node) {
            self.extract.begin_text(cell);
        }
        if let Some(target) = self.attributes(tag, node, cell)? {
            self.follow(&target, node, cell, scanner.depth())?;
        }
        self.content(scanner, node, cell)?;
        self.extract.close(cell);
        Ok(())
    }

    /// Reads what stands in an element, up to its end.
    fn content(
        &mut self,
        scanner: &mut Scanner<'_>,
        node: NodeId,
        cell: usize,
    ) -> Result<(), Unreadable> {
        if self.shape.is_nested(node) {
            let text = self.nested(scanner, node)?;
            self.inner(&text, node, scanner.depth())
        } else if self.shape.is_leaf(node) {
            self.text(scanner, cell)
        } else {
            self.children(scanner, node)
        }
    }

    /// Reads what an element refers to as if it stood in it.
    fn follow(
        &mut self,
        target: &str,
        node: NodeId,
        cell: usize,
        depth: usize,
    ) -> Result<(), Unreadable> {
        let target = self.references.target(self.answer, target)?;
        let answer = self.answer;
        let mut scanner = Scanner::new(&answer[target], depth);
        let Some(Token::Start(tag)) = scanner.next()? else {
            return Ok(());
        };
        if self.attributes(&tag, node, cell)?.is_some() {
            return Err(Unreadable::because("XML that refers on and on"));
        }
        self.content(&mut scanner, node, cell)
    }

    /// Reads the attributes; the id of what the element refers to.
    fn attributes(
        &mut self,
        tag: &Tag<'_>,
        node: NodeId,
        cell: usize,
    ) -> Result<Option<String>, Unreadable> {
        let mut reference = None;
        for attribute in tag.attributes() {
            let attribute = attribute?;
            let Some(local) = attribute.local_name() else {
                continue;
            };
            if local == "nil" && matches!(attribute.raw.trim(), "true" | "1") {
                self.extract.be_nothing(cell);
            } else if let Some(place) = self.shape.attribute(node, local) {
                self.extract.add_text(place, &attribute.value()?);
            } else if local == "href" && self.shape.follows_references() && self.around == 0 {
                reference = references::referred(attribute.raw).map(str::to_owned);
            }
        }
        Ok(reference)
    }

    /// Reads the elements inside one, up to its end.
    fn children(&mut self, scanner: &mut Scanner<'_>, node: NodeId) -> Result<(), Unreadable> {
        loop {
            match scanner.next()? {
                Some(Token::Start(tag)) => self.element(scanner, &tag, node)?,
                Some(Token::Text(_) | Token::Character(_)) => {}
                Some(Token::End) | None => return Ok(()),
            }
        }
    }

    /// Takes the text of an element over, up to its end.
    fn text(&mut self, scanner: &mut Scanner<'_>, cell: usize) -> Result<(), Unreadable> {
        loop {
            match scanner.next()? {
                Some(Token::Start(_)) => scanner.skip()?,
                Some(Token::Text(text)) => self.extract.push_text(cell, &with_line_ends(text)),
                Some(Token::Character(character)) => {
                    let mut bytes = [0; 4];
                    self.extract
                        .push_text(cell, character.encode_utf8(&mut bytes));
                }
                Some(Token::End) | None => return Ok(()),
            }
        }
    }

    /// Reads the elements inside one whose text may be a document of its own; gives the text.
    fn nested(&mut self, scanner: &mut Scanner<'_>, node: NodeId) -> Result<String, Unreadable> {
        let mut inner = String::new();
        loop {
            match scanner.next()? {
                Some(Token::Start(tag)) => self.element(scanner, &tag, node)?,
                Some(Token::Text(text)) => inner.push_str(&with_line_ends(text)),
                Some(Token::Character(character)) => inner.push(character),
                Some(Token::End) | None => return Ok(inner),
            }
        }
    }
}

/// A text as XML says that it is read: whatever ends a line is `\n`.
fn with_line_ends(text: &str) -> Cow<'_, str> {
    if memchr(b'\r', text.as_bytes()).is_some() {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}
