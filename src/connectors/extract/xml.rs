//! Reads an XML answer into an extract: one pass over the events, no DTD, no entities of its own, a bound on the nesting.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{NamespaceResolver, ResolveResult};

use super::references::{self, References};
use super::shape::{NodeId, Shape};
use super::{Content, Extract, TYPICAL, Unreadable};

/// Elements inside one another; far more than any back end sends.
const NESTING: usize = 64;

/// Reads the text of an answer.
pub fn read(text: &str, shape: &Shape) -> Result<Extract, Unreadable> {
    let mut walk = Walk {
        answer: text,
        shape,
        extract: Extract::with_capacity(text.len().min(TYPICAL) / 8, shape.places()),
        open: Vec::with_capacity(16),
        floor: 0,
        resolver: shape.has_namespaces().then(NamespaceResolver::default),
        roots: 0,
        inner: None,
        references: References::default(),
    };
    document(text, &mut walk)?;
    Ok(walk.extract.finish())
}

/// Reads a document that stands in a string of an answer of another format, at that place of it.
pub(super) fn read_inside(
    text: &str,
    place: NodeId,
    shape: &Shape,
    extract: &mut Extract,
) -> Result<(), Unreadable> {
    let cell = extract.open(place);
    let text = text.trim();
    if !text.is_empty() {
        let mut walk = Walk {
            answer: text,
            shape,
            extract: std::mem::take(extract),
            open: vec![Open::Nested { cell, node: place }],
            floor: 0,
            resolver: shape.has_namespaces().then(NamespaceResolver::default),
            roots: 0,
            inner: None,
            references: References::default(),
        };
        let read = walk.nested(text);
        *extract = walk.extract;
        read?;
    }
    extract.close(cell);
    Ok(())
}

/// Walks over a document, the whole answer or one that stands in the text of another.
fn document(text: &str, walk: &mut Walk<'_>) -> Result<(), Unreadable> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().map_err(|error| broken(&error))? {
            Event::Eof => return walk.ended(),
            event => walk.event(event)?,
        }
    }
}

/// The parser's own words can quote the answer, so only the kind of failure is told.
pub(super) fn broken(error: &quick_xml::Error) -> Unreadable {
    Unreadable::because(match error {
        quick_xml::Error::Syntax(_) => "XML that breaks off or is no XML",
        quick_xml::Error::IllFormed(_) => "XML that is not well-formed",
        _ => "XML that cannot be read",
    })
}

fn resolve(reference: &BytesRef<'_>) -> Result<char, Unreadable> {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return Ok(character);
    }
    match &**reference {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(Unreadable::because("XML with an entity of its own")),
    }
}

struct Walk<'s> {
    answer: &'s str,
    shape: &'s Shape,
    extract: Extract,
    open: Vec<Open>,
    /// How many of the open elements belong to the documents around this one.
    floor: usize,
    resolver: Option<NamespaceResolver>,
    /// Of the document that is read.
    roots: usize,
    /// The text of the open element that is a document of its own.
    inner: Option<String>,
    references: References,
}

/// An open element.
#[derive(Clone, Copy)]
enum Open {
    /// Nothing in it is read.
    Skipped,
    /// Its cell.
    Read {
        cell: usize,
        node: NodeId,
        leaf: bool,
    },
    /// Its cell; its text is a document of its own.
    Nested { cell: usize, node: NodeId },
}

impl Walk<'_> {
    fn event(&mut self, event: Event<'_>) -> Result<(), Unreadable> {
        match event {
            Event::Start(start) => self.start(&start),
            Event::Empty(start) => {
                self.start(&start)?;
                self.end()
            }
            Event::End(_) => self.end(),
            // What nobody reads need not be made ready.
            Event::Text(_) | Event::CData(_) if self.skips_text() => Ok(()),
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(data) => self.text(&data.xml10_content()),
            Event::GeneralRef(reference) => {
                let mut buffer = [0; 4];
                let character = resolve(&reference)?;
                self.text(character.encode_utf8(&mut buffer))
            }
            Event::DocType(_) => Err(Unreadable::because("XML with a DTD is not accepted")),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::Eof => Ok(()),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), Unreadable> {
        if self.open.len() >= NESTING {
            return Err(Unreadable::because("XML nested too deeply"));
        }
        self.declare(start)?;
        if self.open.len() == self.floor {
            self.roots += 1;
        }
        let parent = match self.open.last() {
            None => Some(NodeId::DOCUMENT),
            Some(Open::Skipped | Open::Read { leaf: true, .. }) => None,
            Some(Open::Read { node, .. } | Open::Nested { node, .. }) => Some(*node),
        };
        let node = parent.and_then(|parent| self.find(parent, start));
        let Some(node) = node else {
            self.open.push(Open::Skipped);
            return Ok(());
        };
        let (open, reference) = self.enter(node, start)?;
        self.open.push(open);
        reference.map_or(Ok(()), |id| self.follow(&id, node))
    }

    /// Reads what the open element refers to as if it stood in it.
    fn follow(&mut self, id: &str, node: NodeId) -> Result<(), Unreadable> {
        let target = self.references.target(self.answer, id)?;
        let mut reader = Reader::from_str(&self.answer[target]);
        let level = self.open.len();
        let mut begun = false;
        loop {
            match reader.read_event().map_err(|error| broken(&error))? {
                Event::Start(start) | Event::Empty(start) if !begun => {
                    begun = true;
                    self.declare(&start)?;
                    if let Some(Open::Read { cell, .. } | Open::Nested { cell, .. }) =
                        self.open.last().copied()
                        && self.attributes(node, cell, &start)?.is_some()
                    {
                        return Err(Unreadable::because("XML that refers on and on"));
                    }
                }
                // Its own end.
                Event::End(_) if self.open.len() == level => {}
                Event::Eof => break,
                event => self.event(event)?,
            }
        }
        if let Some(resolver) = &mut self.resolver {
            resolver.pop();
        }
        Ok(())
    }

    /// Takes the namespaces in that an element declares.
    fn declare(&mut self, start: &BytesStart<'_>) -> Result<(), Unreadable> {
        let Some(resolver) = &mut self.resolver else {
            return Ok(());
        };
        let broken = |_| Unreadable::because("XML with a broken namespace declaration");
        resolver.push(start).map_err(broken)
    }

    fn find(&self, parent: NodeId, start: &BytesStart<'_>) -> Option<NodeId> {
        let local = start.local_name();
        self.shape.element(parent, local.as_ref(), || {
            let (namespace, _) = self.resolver.as_ref()?.resolve_element(start.name());
            match namespace {
                ResolveResult::Bound(namespace) => Some(namespace.into_inner()),
                ResolveResult::Unbound | ResolveResult::Unknown(_) => None,
            }
        })
    }

    /// The element with its cell, and the id of what it refers to.
    fn enter(
        &mut self,
        node: NodeId,
        start: &BytesStart<'_>,
    ) -> Result<(Open, Option<String>), Unreadable> {
        let leaf = self.shape.is_leaf(node);
        let cell = self.extract.open(node);
        if leaf {
            let here = self.extract.text.len();
            self.extract.cells[cell].content = Content::Text(here, here);
        }
        let reference = if start.attributes_raw().trim_ascii().is_empty() {
            None
        } else {
            self.attributes(node, cell, start)?
        };
        if self.shape.is_nested(node) && self.inner.is_none() {
            self.inner = Some(String::new());
            return Ok((Open::Nested { cell, node }, reference));
        }
        Ok((Open::Read { cell, node, leaf }, reference))
    }

    /// Reads the attributes; the id of what the element refers to.
    fn attributes(
        &mut self,
        node: NodeId,
        cell: usize,
        start: &BytesStart<'_>,
    ) -> Result<Option<String>, Unreadable> {
        let mut reference = None;
        // One alone cannot stand there twice, and keeping account of that costs more than reading it.
        let several = start.attributes_raw().matches('=').nth(1).is_some();
        for attribute in start.attributes().with_checks(several) {
            let unreadable = || Unreadable::because("XML with a broken attribute");
            let attribute = attribute.map_err(|_| unreadable())?;
            let local = attribute.key.local_name();
            if local.as_ref() == "nil" && matches!(attribute.value.trim(), "true" | "1") {
                self.extract.cells[cell].content = Content::Nothing;
            } else if let Some(place) = self.shape.attribute(node, local.as_ref()) {
                let value = attribute
                    .normalized_value(quick_xml::XmlVersion::Explicit1_0)
                    .map_err(|_| unreadable())?;
                self.extract.add_text(place, &value);
            } else if local.as_ref() == "href" && self.shape.follows_references() && self.floor == 0
            {
                reference = references::referred(&attribute.value).map(str::to_owned);
            }
        }
        Ok(reference)
    }

    fn skips_text(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Open::Skipped | Open::Read { leaf: false, .. })
        )
    }

    fn text(&mut self, text: &str) -> Result<(), Unreadable> {
        let outside = self.open.len() == self.floor;
        match self.open.last() {
            _ if outside && text.trim().is_empty() => Ok(()),
            _ if outside => Err(Unreadable::because("text outside the XML root element")),
            Some(Open::Read {
                cell, leaf: true, ..
            }) => {
                let extract = &mut self.extract;
                if let Content::Text(_, end) = &mut extract.cells[*cell].content {
                    extract.text.push_str(text);
                    *end = extract.text.len();
                }
                Ok(())
            }
            Some(Open::Nested { .. }) => {
                if let Some(inner) = &mut self.inner {
                    inner.push_str(text);
                }
                Ok(())
            }
            Some(_) | None => Ok(()),
        }
    }

    fn end(&mut self) -> Result<(), Unreadable> {
        if let Some(Open::Nested { .. }) = self.open.last() {
            let inner = self.inner.take().unwrap_or_default();
            // Elements instead of text, or nothing at all, are as good.
            if !inner.trim().is_empty() {
                self.nested(inner.trim())?;
            }
        }
        if let Some(Open::Read { cell, .. } | Open::Nested { cell, .. }) = self.open.pop() {
            self.extract.close(cell);
        }
        if let Some(resolver) = &mut self.resolver {
            resolver.pop();
        }
        Ok(())
    }

    /// Reads the document that stands in the text of the element that is open.
    fn nested(&mut self, text: &str) -> Result<(), Unreadable> {
        let (floor, roots) = (self.floor, self.roots);
        (self.floor, self.roots) = (self.open.len(), 0);
        let read = document(text, self);
        (self.floor, self.roots) = (floor, roots);
        read.map_err(|Unreadable(reason)| Unreadable(format!("in the inner document: {reason}")))
    }

    /// At the end of a document.
    fn ended(&self) -> Result<(), Unreadable> {
        if self.open.len() != self.floor {
            return Err(Unreadable::because("XML that breaks off"));
        }
        if self.roots != 1 {
            return Err(Unreadable::because("XML without a single root element"));
        }
        Ok(())
    }
}
