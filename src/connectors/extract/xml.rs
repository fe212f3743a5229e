//! Reads an XML answer into an extract: one pass over the events, no DTD, no entities of its own, a bound on the nesting.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{NamespaceResolver, ResolveResult};

use super::shape::{NodeId, Shape};
use super::{Content, Extract, TYPICAL, Unreadable};

/// Elements inside one another; far more than any back end sends.
const NESTING: usize = 64;

/// Reads the text of an answer.
pub fn read(text: &str, shape: &Shape) -> Result<Extract, Unreadable> {
    let mut walk = Walk {
        shape,
        extract: Extract::with_capacity(text.len().min(TYPICAL) / 8, shape.places()),
        open: Vec::with_capacity(16),
        floor: 0,
        resolver: shape.has_namespaces().then(NamespaceResolver::default),
        roots: 0,
        inner: None,
    };
    document(text, &mut walk)?;
    Ok(walk.extract.finish())
}

/// Walks over a document, the whole answer or one that stands in the text of another.
fn document(text: &str, walk: &mut Walk<'_>) -> Result<(), Unreadable> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().map_err(|error| broken(&error))? {
            Event::Start(start) => walk.start(&start)?,
            Event::Empty(start) => {
                walk.start(&start)?;
                walk.end()?;
            }
            Event::End(_) => walk.end()?,
            // What nobody reads need not be made ready.
            Event::Text(_) | Event::CData(_) if walk.skips_text() => {}
            Event::Text(text) => walk.text(&text.xml10_content())?,
            Event::CData(data) => walk.text(&data.xml10_content())?,
            Event::GeneralRef(reference) => {
                let mut buffer = [0; 4];
                let character = resolve(&reference)?;
                walk.text(character.encode_utf8(&mut buffer))?;
            }
            Event::DocType(_) => return Err(Unreadable::because("XML with a DTD is not accepted")),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::Eof => return walk.ended(),
        }
    }
}

/// The parser's own words can quote the answer, so only the kind of failure is told.
fn broken(error: &quick_xml::Error) -> Unreadable {
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
    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), Unreadable> {
        if self.open.len() >= NESTING {
            return Err(Unreadable::because("XML nested too deeply"));
        }
        if let Some(resolver) = &mut self.resolver {
            resolver
                .push(start)
                .map_err(|_| Unreadable::because("XML with a broken namespace declaration"))?;
        }
        if self.open.len() == self.floor {
            self.roots += 1;
        }
        let parent = match self.open.last() {
            None => Some(NodeId::DOCUMENT),
            Some(Open::Skipped | Open::Read { leaf: true, .. }) => None,
            Some(Open::Read { node, .. } | Open::Nested { node, .. }) => Some(*node),
        };
        let node = parent.and_then(|parent| self.find(parent, start));
        let open = match node {
            None => Open::Skipped,
            Some(node) => self.enter(node, start)?,
        };
        self.open.push(open);
        Ok(())
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

    fn enter(&mut self, node: NodeId, start: &BytesStart<'_>) -> Result<Open, Unreadable> {
        let leaf = self.shape.is_leaf(node);
        let cell = self.extract.open(node);
        if leaf {
            let here = self.extract.text.len();
            self.extract.cells[cell].content = Content::Text(here, here);
        }
        if !start.attributes_raw().trim_ascii().is_empty() {
            self.attributes(node, cell, start)?;
        }
        if self.shape.is_nested(node) && self.inner.is_none() {
            self.inner = Some(String::new());
            return Ok(Open::Nested { cell, node });
        }
        Ok(Open::Read { cell, node, leaf })
    }

    fn attributes(
        &mut self,
        node: NodeId,
        cell: usize,
        start: &BytesStart<'_>,
    ) -> Result<(), Unreadable> {
        for attribute in start.attributes() {
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
            }
        }
        Ok(())
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
