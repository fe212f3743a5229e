//! A tolerant reader of SOAP requests: local names, any prefix, CDATA, and XML declarations where none may stand.

use quick_xml::NsReader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

pub const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// An element by its local name.
#[derive(Debug, Default)]
pub struct Element {
    pub name: String,
    pub namespace: Option<String>,
    /// Its own text, CDATA included.
    pub text: String,
    pub children: Vec<Element>,
}

/// What a request carries.
pub struct Message {
    pub header: Option<Element>,
    /// The first element of the body.
    pub body: Element,
}

impl Element {
    /// Reads a document; none if it is not one.
    pub fn read(xml: &str) -> Option<Element> {
        let mut reader = NsReader::from_str(xml);
        // The outermost stands for the document.
        let mut open = vec![Element::default()];
        loop {
            let (namespace, event) = reader.read_resolved_event().ok()?;
            let namespace = match namespace {
                ResolveResult::Bound(namespace) => Some(namespace.as_ref().to_owned()),
                _ => None,
            };
            match event {
                Event::Start(start) => open.push(Element::begin(&start, namespace)),
                Event::Empty(start) => open
                    .last_mut()?
                    .children
                    .push(Element::begin(&start, namespace)),
                Event::End(_) => {
                    let closed = open.pop()?;
                    open.last_mut()?.children.push(closed);
                }
                Event::Text(text) => open.last_mut()?.text.push_str(&text.into_inner()),
                Event::CData(text) => open.last_mut()?.text.push_str(&text.into_inner()),
                Event::GeneralRef(name) => {
                    let character = format!("&{};", name.into_inner());
                    open.last_mut()?.text.push_str(&unescape(&character).ok()?);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let [document] = <[Element; 1]>::try_from(open).ok()?;
        document.children.into_iter().next()
    }

    fn begin(start: &BytesStart<'_>, namespace: Option<String>) -> Element {
        Element {
            name: start.local_name().as_ref().to_owned(),
            namespace,
            ..Element::default()
        }
    }

    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Trimmed text of a child; none if there is no such child.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }

    /// Trimmed text of a child that is there and not blank.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|text| !text.is_empty())
    }
}

impl Message {
    /// Reads an envelope; none if it is not one with an element in its body.
    pub fn read(bytes: &[u8]) -> Option<Message> {
        let mut envelope = Element::read(std::str::from_utf8(bytes).ok()?)?;
        let body = envelope
            .children
            .iter()
            .position(|child| child.name == "Body")?;
        let body = envelope.children.swap_remove(body);
        let header = envelope
            .children
            .into_iter()
            .find(|child| child.name == "Header");
        Some(Message {
            header,
            body: body.children.into_iter().next()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_entities_cdata_and_inner_declarations_are_read() {
        let xml = "<s:Envelope xmlns:s=\"S\"><s:Header><u:A xmlns:u=\"U\">1</u:A></s:Header><s:Body><o xmlns=\"N\">\
                   <a> D&apos;A&amp;B </a><b><![CDATA[<?xml version=\"1.0\"?><x/>]]></b><c/></o></s:Body></s:Envelope>";
        let message = Message::read(xml.as_bytes()).unwrap();
        assert_eq!(message.header.unwrap().get("A"), Some("1"));
        assert_eq!(message.body.namespace.as_deref(), Some("N"));
        assert_eq!(message.body.get("a"), Some("D'A&B"));
        assert_eq!(
            (message.body.get("c"), message.body.filled("c")),
            (Some(""), None)
        );
        let inner = "<P><?xml version=\"1.0\" encoding=\"UTF-8\"?><x>1</x></P>";
        assert_eq!(Element::read(inner).unwrap().get("x"), Some("1"));
        assert!(Message::read(b"<a/>").is_none() && Element::read("not xml").is_none());
        assert!(Element::read("<a><b></a>").is_none() && Element::read("<a>").is_none());
    }
}
