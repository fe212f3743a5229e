//! Surveys an XML answer, inner documents included.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{Kind, Kinds, Survey};
use crate::connectors::extract::Unreadable;
use crate::connectors::extract::shape::{NodeId, Shape};
use crate::connectors::extract::wrapped::unwrapped;

/// The envelope of SOAP: response files write paths below it.
const ENVELOPE: &str = "Envelope/Body";

/// An open element.
struct Open {
    path: String,
    node: Option<NodeId>,
    /// Whether the mapping reads its text.
    leaf: bool,
    text: String,
    groups: bool,
    nil: bool,
    /// Paths that already occurred in it.
    seen: Vec<String>,
}

/// Walks over the answer.
pub(super) fn survey(text: &str, shape: &Shape, survey: &mut Survey) -> Result<(), Unreadable> {
    let root = Open {
        path: String::new(),
        node: Some(NodeId::DOCUMENT),
        leaf: false,
        text: String::new(),
        groups: false,
        nil: false,
        seen: Vec::new(),
    };
    let mut open = vec![root];
    document(text, shape, survey, &mut open)
}

/// The same for a document that stands in a string at that place.
pub(super) fn survey_inside(
    text: &str,
    path: &str,
    place: NodeId,
    shape: &Shape,
    survey: &mut Survey,
) -> Result<(), Unreadable> {
    let around = Open {
        path: path.to_owned(),
        node: Some(place),
        leaf: false,
        text: String::new(),
        groups: false,
        nil: false,
        seen: Vec::new(),
    };
    let text = unwrapped(text, place, shape)?;
    document(&text, shape, survey, &mut vec![around])
}

fn document(
    text: &str,
    shape: &Shape,
    survey: &mut Survey,
    open: &mut Vec<Open>,
) -> Result<(), Unreadable> {
    let unreadable = || Unreadable::because("XML that cannot be read");
    let mut reader = Reader::from_str(text);
    let floor = open.len();
    loop {
        match reader.read_event().map_err(|_| unreadable())? {
            Event::Start(start) => begin(&start, shape, survey, open),
            Event::Empty(start) => {
                begin(&start, shape, survey, open);
                end(shape, survey, open)?;
            }
            Event::End(_) if open.len() > floor => end(shape, survey, open)?,
            Event::Text(text) => push(open, &text.xml10_content()),
            Event::CData(data) => push(open, &data.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().ok().flatten();
                let named = quick_xml::escape::resolve_predefined_entity(&reference);
                match (character, named) {
                    (Some(character), _) => push(open, character.encode_utf8(&mut [0; 4])),
                    (None, Some(text)) => push(open, text),
                    (None, None) => return Err(unreadable()),
                }
            }
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::Eof if open.len() == floor => return Ok(()),
            Event::End(_) | Event::DocType(_) | Event::Eof => return Err(unreadable()),
        }
    }
}

fn push(open: &mut [Open], text: &str) {
    if let Some(open) = open.last_mut() {
        open.text.push_str(text);
    }
}

fn begin(start: &BytesStart<'_>, shape: &Shape, survey: &mut Survey, open: &mut Vec<Open>) {
    let local = start.local_name();
    let Some(parent) = open.last_mut() else {
        return;
    };
    parent.groups = true;
    let node = parent.node.filter(|_| !parent.leaf);
    // A path that names a namespace is taken by its local name: this is a look, not a judgement.
    let node = node.and_then(|node| {
        shape
            .element(node, local.as_ref(), || None)
            .or_else(|| shape.qualified(node, local.as_ref()))
    });
    let path = below(&parent.path, local.as_ref());
    let mut element = Open {
        leaf: node.is_some_and(|node| shape.is_leaf(node)),
        node,
        text: String::new(),
        groups: false,
        nil: false,
        seen: Vec::new(),
        path,
    };
    for attribute in start.attributes().flatten() {
        let name = attribute.key;
        if name.as_ref() == "xmlns" || name.as_ref().starts_with("xmlns:") {
            continue;
        }
        let local = name.local_name();
        if local.as_ref() == "nil" {
            element.nil |= matches!(attribute.value.trim(), "true" | "1");
            continue;
        }
        let read = element
            .node
            .is_some_and(|node| shape.attribute(node, local.as_ref()).is_some());
        let path = below(&element.path, &format!("@{}", local.as_ref()));
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Explicit1_0)
            .unwrap_or_default();
        survey.note(&path, Kinds::of(Kind::Text), read, true, &value);
    }
    open.push(element);
}

/// Where a path goes on: what is above the body of an envelope is left out.
fn below(path: &str, name: &str) -> String {
    match path {
        "" | ENVELOPE => name.to_owned(),
        path => format!("{path}/{name}"),
    }
}

fn end(shape: &Shape, survey: &mut Survey, open: &mut Vec<Open>) -> Result<(), Unreadable> {
    let nested = open
        .last()
        .filter(|open| !open.groups && open.node.is_some_and(|node| shape.is_nested(node)));
    let inner = match nested {
        Some(Open {
            node: Some(node),
            text,
            ..
        }) => unwrapped(text, *node, shape)?.into_owned(),
        _ => String::new(),
    };
    if !inner.is_empty() {
        document(&inner, shape, survey, open)?;
    }
    let (Some(element), Some(parent)) = (open.pop(), open.last_mut()) else {
        return Ok(());
    };
    let mut kinds = Kinds::default();
    if element.groups {
        kinds = kinds.with(Kinds::of(Kind::Group));
    } else if element.nil {
        kinds = kinds.with(Kinds::of(Kind::Nil));
    } else if element.text.trim().is_empty() {
        kinds = kinds.with(Kinds::of(Kind::Empty));
    } else {
        kinds = kinds.with(Kinds::of(Kind::Text));
    }
    let first = !parent.seen.contains(&element.path);
    let text = if element.groups { "" } else { &element.text };
    survey.note(&element.path, kinds, element.leaf, first, text);
    if first {
        parent.seen.push(element.path);
    }
    Ok(())
}
