//! Rewrites the texts of an XML answer; its markup stays letter for letter.

use quick_xml::Reader;
use quick_xml::escape::partial_escape;
use quick_xml::events::{BytesStart, Event};

use super::{Disguise, Spot};
use crate::connectors::extract::Unreadable;
use crate::connectors::extract::shape::{NodeId, Shape};
use crate::connectors::extract::wrapped::{unwrapped, wrapped};

/// An open element: its place, and whether something stands in it besides text.
struct Open {
    node: Option<NodeId>,
    leaf: bool,
}

/// A run of text.
#[derive(Default)]
struct Run {
    raw: String,
    text: String,
    cdata: bool,
}

/// The document with its texts replaced.
pub(super) fn rewrite(
    text: &str,
    shape: &Shape,
    spot: &mut Spot<'_>,
    disguise: &mut Disguise,
) -> Result<String, Unreadable> {
    document(text, Some(NodeId::DOCUMENT), shape, spot, disguise)
}

/// The same for a document that stands in a text at that place.
pub(super) fn rewrite_inside(
    text: &str,
    place: Option<NodeId>,
    shape: &Shape,
    spot: &mut Spot<'_>,
    disguise: &mut Disguise,
) -> Result<String, Unreadable> {
    let Some(node) = place.filter(|_| !text.trim().is_empty()) else {
        return Ok(text.to_owned());
    };
    let inner = unwrapped(text, node, shape)?;
    Ok(wrapped(
        document(&inner, place, shape, spot, disguise)?,
        node,
        shape,
    ))
}

fn document(
    source: &str,
    root: Option<NodeId>,
    shape: &Shape,
    spot: &mut Spot<'_>,
    disguise: &mut Disguise,
) -> Result<String, Unreadable> {
    let unreadable = || Unreadable::because("XML that cannot be read");
    let mut reader = Reader::from_str(source);
    let mut out = String::with_capacity(source.len());
    let mut open = vec![Open {
        node: root,
        leaf: false,
    }];
    let mut run = Run::default();
    let mut begin = 0;
    loop {
        let event = reader.read_event().map_err(|_| unreadable())?;
        let end = usize::try_from(reader.buffer_position()).map_err(|_| unreadable())?;
        let raw = source.get(begin..end).unwrap_or_default();
        begin = end;
        match event {
            Event::Text(text) => run.add(raw, &text.xml10_content(), false),
            Event::CData(data) => run.add(raw, &data.xml10_content(), true),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().ok().flatten();
                let named = quick_xml::escape::resolve_predefined_entity(&reference);
                let text = character
                    .map(String::from)
                    .or(named.map(str::to_owned))
                    .ok_or_else(unreadable)?;
                run.add(raw, &text, false);
            }
            event => {
                let here = open.last().and_then(|open| open.node);
                out += &run.written(here, shape, spot, disguise)?;
                run = Run::default();
                match event {
                    Event::Start(start) => {
                        let element = element(&start, open.last(), shape);
                        out += &tag(raw, &start, element.node, shape, spot, disguise);
                        open.push(element);
                    }
                    Event::Empty(start) => {
                        let element = element(&start, open.last(), shape);
                        out += &tag(raw, &start, element.node, shape, spot, disguise);
                    }
                    Event::End(_) => {
                        open.pop();
                        out += raw;
                    }
                    Event::Eof => return Ok(out + raw),
                    // A remark is nobody's data and may say anything.
                    Event::Comment(_) => {}
                    _ => out += raw,
                }
            }
        }
    }
}

fn element(start: &BytesStart<'_>, parent: Option<&Open>, shape: &Shape) -> Open {
    let local = start.local_name();
    let parent = parent
        .filter(|parent| !parent.leaf)
        .and_then(|parent| parent.node);
    let node = parent.and_then(|node| {
        let plain = shape.element(node, local.as_ref(), || None);
        plain.or_else(|| shape.qualified(node, local.as_ref()))
    });
    Open {
        leaf: node.is_some_and(|node| shape.is_leaf(node)),
        node,
    }
}

/// A tag with the values of its attributes replaced, except those that belong to XML itself.
fn tag(
    raw: &str,
    start: &BytesStart<'_>,
    node: Option<NodeId>,
    shape: &Shape,
    spot: &mut Spot<'_>,
    disguise: &mut Disguise,
) -> String {
    let mut tag = raw.to_owned();
    // The declarations of a schema are the vendor's, not a person's.
    let prefix = start.name();
    if ["xs:", "xsd:"]
        .iter()
        .any(|known| prefix.as_ref().starts_with(known))
    {
        return tag;
    }
    for attribute in start.attributes().flatten() {
        let name = attribute.key;
        let local = name.local_name();
        let of_xml = name.as_ref().starts_with("xml")
            || matches!(
                local.as_ref(),
                "nil" | "type" | "encodingStyle" | "arrayType"
            );
        if of_xml {
            continue;
        }
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Explicit1_0)
            .unwrap_or_default();
        let place = node.and_then(|node| shape.attribute(node, local.as_ref()));
        let replaced = disguise.leaf(&value, place, spot);
        if replaced != value {
            let escaped = quick_xml::escape::escape(replaced.as_str());
            for quote in ['"', '\''] {
                let written = format!("{quote}{}{quote}", attribute.value);
                tag = tag.replacen(&written, &format!("{quote}{escaped}{quote}"), 1);
            }
        }
    }
    tag
}

impl Run {
    fn add(&mut self, raw: &str, text: &str, cdata: bool) {
        self.raw += raw;
        self.text += text;
        self.cdata |= cdata;
    }

    fn written(
        self,
        node: Option<NodeId>,
        shape: &Shape,
        spot: &mut Spot<'_>,
        disguise: &mut Disguise,
    ) -> Result<String, Unreadable> {
        if self.text.trim().is_empty() {
            return Ok(self.raw);
        }
        let nested = node.filter(|node| shape.is_nested(*node));
        let text = if let Some(place) = nested {
            let inner = unwrapped(&self.text, place, shape)?;
            wrapped(document(&inner, node, shape, spot, disguise)?, place, shape)
        } else {
            disguise.leaf(&self.text, node, spot)
        };
        if text == self.text {
            Ok(self.raw)
        } else if self.cdata {
            Ok(format!(
                "<![CDATA[{}]]>",
                text.replace("]]>", "]]]]><![CDATA[>")
            ))
        } else {
            Ok(partial_escape(text.as_str()).into_owned())
        }
    }
}
