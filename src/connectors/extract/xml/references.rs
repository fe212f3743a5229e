//! Values that stand elsewhere in a SOAP answer: `href="#id0"` refers to the element with `id="id0"` (SOAP 1.1, section 5.4.1).

use std::collections::HashMap;
use std::ops::Range;

use super::super::Unreadable;
use super::scanner::{Scanner, Tag, Token};

/// Elements that can be referred to in one answer; far more than any back end sends.
const TARGETS: usize = 65_536;
/// References followed in one answer.
const FOLLOWED: usize = 10_000;
/// Bytes read again for references, as a multiple of the answer: what many refer to is read as often.
const READ_AGAIN: usize = 4;
/// How deep elements stand that can be referred to: beside the answer proper, inside the body of the envelope.
const BESIDE_THE_ANSWER: usize = 3;

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

/// Every element beside the answer proper that has an id.
fn targets(answer: &str) -> Result<HashMap<String, Range<usize>>, Unreadable> {
    let mut scanner = Scanner::new(answer, 0);
    let mut found = HashMap::new();
    loop {
        let begin = scanner.position();
        match scanner.next()? {
            Some(Token::Start(tag)) if scanner.depth() == BESIDE_THE_ANSWER => {
                scanner.skip()?;
                if let Some(id) = id(&tag) {
                    note(&mut found, id, begin..scanner.position())?;
                }
            }
            Some(_) => {}
            None => return Ok(found),
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

fn id(tag: &Tag<'_>) -> Option<String> {
    let mut attributes = tag.attributes().filter_map(Result::ok);
    let id = attributes.find(|attribute| attribute.name == "id")?;
    Some(id.raw.trim().to_owned())
}
