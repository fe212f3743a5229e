//! Values that stand elsewhere in a SOAP answer: `href="#id0"` refers to the element with `id="id0"` (SOAP 1.1, section 5.4.1).

use std::collections::HashMap;
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::Unreadable;
use super::xml::broken;

/// Elements that can be referred to in one answer; far more than any back end sends.
const TARGETS: usize = 65_536;
/// References followed in one answer.
const FOLLOWED: usize = 10_000;
/// Bytes read again for references, as a multiple of the answer: what many refer to is read as often.
const READ_AGAIN: usize = 4;

/// What is known of the references of an answer; nothing, until the first one is met.
#[derive(Debug, Default)]
pub(super) struct References {
    targets: Option<HashMap<String, Range<usize>>>,
    followed: usize,
    bytes: usize,
}

impl References {
    /// Where the element stands that is referred to, within the answer's bounds for that.
    pub fn target(&mut self, answer: &str, id: &str) -> Result<Range<usize>, Unreadable> {
        let targets = match self.targets.take() {
            Some(known) => known,
            None => targets(answer)?,
        };
        let target = targets.get(id).cloned();
        self.targets = Some(targets);
        let target = target.ok_or_else(|| {
            Unreadable::because("XML that refers to an element that is not there")
        })?;
        self.followed += 1;
        self.bytes = self.bytes.saturating_add(target.len());
        if self.followed > FOLLOWED || self.bytes > answer.len().saturating_mul(READ_AGAIN) {
            return Err(Unreadable::because("XML that refers too much"));
        }
        Ok(target)
    }
}

/// The id that a reference names: `#id0`.
pub(super) fn referred(value: &str) -> Option<&str> {
    value.trim().strip_prefix('#').filter(|id| !id.is_empty())
}

/// Every element beside the answer proper, inside the body of the envelope, that has an id.
fn targets(answer: &str) -> Result<HashMap<String, Range<usize>>, Unreadable> {
    let mut reader = Reader::from_str(answer);
    let mut found = HashMap::new();
    let mut open: Option<(String, usize)> = None;
    let mut depth = 0_usize;
    loop {
        let begin = position(&reader);
        match reader.read_event().map_err(|error| broken(&error))? {
            Event::Start(start) => {
                depth += 1;
                if depth == 3 {
                    open = id(&start).map(|id| (id, begin));
                }
            }
            Event::Empty(start) if depth == 2 => {
                if let Some(id) = id(&start) {
                    note(&mut found, id, begin..position(&reader))?;
                }
            }
            Event::End(_) => {
                if depth == 3
                    && let Some((id, begin)) = open.take()
                {
                    note(&mut found, id, begin..position(&reader))?;
                }
                depth = depth.saturating_sub(1);
            }
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

fn note(
    found: &mut HashMap<String, Range<usize>>,
    id: String,
    place: Range<usize>,
) -> Result<(), Unreadable> {
    if found.len() >= TARGETS || found.insert(id, place).is_some() {
        return Err(Unreadable::because(
            "XML with two elements of one id, or too many of them",
        ));
    }
    Ok(())
}

fn id(start: &BytesStart<'_>) -> Option<String> {
    let mut attributes = start.attributes().filter_map(Result::ok);
    let id = attributes.find(|attribute| attribute.key.as_ref() == "id")?;
    Some(id.value.trim().to_owned())
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}
