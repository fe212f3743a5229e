//! Documents inside texts of an answer: taken out of base64 where they stand in it, and put back.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::Unreadable;
use super::shape::{NodeId, Shape, Wrapping};
use crate::connectors::charset;

/// The document in the text of a place; a blank text is none. Its bytes are what its prolog says, else UTF-8.
pub fn unwrapped<'t>(
    text: &'t str,
    place: NodeId,
    shape: &Shape,
) -> Result<Cow<'t, str>, Unreadable> {
    let text = text.trim();
    if shape.wrapping(place) != Some(Wrapping::Base64) || text.is_empty() {
        return Ok(Cow::Borrowed(text));
    }
    // Many encoders break their lines.
    let compact: String = text.split_ascii_whitespace().collect();
    let bytes = BASE64_STANDARD
        .decode(compact)
        .map_err(|_| Unreadable::because("a text that should be in base64 is not"))?;
    let document = charset::decode(&bytes, None, None)?;
    Ok(Cow::Owned(document.trim().to_owned()))
}

/// The document as it stands in the text of that place.
pub fn wrapped(document: String, place: NodeId, shape: &Shape) -> String {
    match shape.wrapping(place) {
        Some(Wrapping::Base64) => BASE64_STANDARD.encode(document),
        Some(Wrapping::Plain) | None => document,
    }
}
