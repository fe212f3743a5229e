//! Turns the bytes of an answer into text: UTF-8, ISO-8859-1 or Windows-1252 as declared, never by guessing.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;

use super::extract::Unreadable;

/// A character set that back ends use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8.
    Utf8,
    /// ISO-8859-1, read as Windows-1252, which has the same letters and more.
    Latin,
}

impl Charset {
    /// The charset of that name, if it is one of ours.
    pub fn named(name: &str) -> Option<Charset> {
        const NAMES: [(&str, Charset); 9] = [
            ("utf-8", Charset::Utf8),
            ("utf8", Charset::Utf8),
            ("us-ascii", Charset::Utf8),
            ("iso-8859-1", Charset::Latin),
            ("iso8859-1", Charset::Latin),
            ("iso_8859-1", Charset::Latin),
            ("latin1", Charset::Latin),
            ("windows-1252", Charset::Latin),
            ("cp1252", Charset::Latin),
        ];
        let found = NAMES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, charset)| *charset)
    }
}

/// Decodes an answer.
///
/// A byte order mark goes first, then the `charset` of the content type, then the XML prolog, then UTF-8. Bytes that do
/// not fit the declared UTF-8 are read as the prolog says where it differs, else as `fallback`, else refused.
pub fn decode<'a>(
    body: &'a [u8],
    content_type: Option<&str>,
    fallback: Option<Charset>,
) -> Result<Cow<'a, str>, Unreadable> {
    if let Some(rest) = body.strip_prefix(b"\xEF\xBB\xBF") {
        return utf8(rest).ok_or_else(|| misdeclared("UTF-8"));
    }
    if body.starts_with(b"\xFE\xFF") || body.starts_with(b"\xFF\xFE") {
        return Err(Unreadable::because("the answer is in UTF-16"));
    }
    let header = content_type
        .and_then(charset_parameter)
        .map(known)
        .transpose()?;
    if header == Some(Charset::Latin) {
        return Ok(latin(body));
    }
    // Nearly all answers are what their header says; what the prolog says as well is then not looked for.
    let text = match (header, utf8(body)) {
        (Some(_), Some(text)) => return Ok(text),
        (_, text) => text,
    };
    let prolog = prolog_encoding(body).map(known).transpose()?;
    match (text, header.or(prolog)) {
        (_, Some(Charset::Latin)) => Ok(latin(body)),
        (Some(text), _) => Ok(text),
        (None, _) if prolog == Some(Charset::Latin) || fallback == Some(Charset::Latin) => {
            Ok(latin(body))
        }
        (None, _) => Err(misdeclared("UTF-8")),
    }
}

fn misdeclared(name: &str) -> Unreadable {
    Unreadable::because(format!(
        "the answer is not in the charset that it declares ({name})"
    ))
}

fn known(name: &str) -> Result<Charset, Unreadable> {
    Charset::named(name)
        .ok_or_else(|| Unreadable::because("the answer declares a charset that is not accepted"))
}

fn utf8(bytes: &[u8]) -> Option<Cow<'_, str>> {
    std::str::from_utf8(bytes).ok().map(Cow::Borrowed)
}

fn latin(bytes: &[u8]) -> Cow<'_, str> {
    WINDOWS_1252.decode_without_bom_handling(bytes).0
}

fn charset_parameter(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches(['"', '\'']))
    })
}

/// The encoding of `<?xml version="1.0" encoding="…"?>`, if the answer begins so.
fn prolog_encoding(body: &[u8]) -> Option<&str> {
    let body = body.trim_ascii_start();
    if !body.starts_with(b"<?xml") {
        return None;
    }
    let end = body.iter().take(200).position(|byte| *byte == b'>')?;
    let prolog = std::str::from_utf8(&body[..end]).ok()?;
    let (_, value) = prolog.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    value[1..].split(quote).next()
}

/// Whether the answer is a web page, whatever its content type says.
pub fn is_web_page(body: &[u8], content_type: Option<&str>) -> bool {
    let declared = content_type.is_some_and(|kind| kind.trim_start().starts_with("text/html"));
    let begins = |prefix: &[u8]| {
        let start = body.trim_ascii_start();
        start.len() >= prefix.len() && start[..prefix.len()].eq_ignore_ascii_case(prefix)
    };
    declared || begins(b"<!doctype html") || begins(b"<html")
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: Option<&str> = Some("text/xml; charset=utf-8");

    #[test]
    fn the_declared_charset_is_used_and_the_header_goes_before_the_prolog() {
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>CANT\xD9</a>";
        assert!(
            decode(latin, None, None)
                .expect("declared")
                .contains("CANTÙ")
        );
        assert!(
            decode(latin, XML, None)
                .expect("prolog knows better")
                .contains("CANTÙ")
        );
        let utf8 = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>CANTÙ</a>";
        assert_eq!(decode(utf8.as_bytes(), XML, None).expect("header"), utf8);
    }

    #[test]
    fn bytes_outside_the_declared_charset_are_refused_unless_the_adapter_says_otherwise() {
        let wrong = b"<a>CANT\xD9</a>";
        assert!(decode(wrong, XML, None).is_err());
        assert!(
            decode(wrong, XML, Some(Charset::Latin))
                .expect("fallback")
                .contains("CANTÙ")
        );
    }

    #[test]
    fn other_charsets_are_never_tried() {
        let greek = Some("text/xml; charset=ISO-8859-7");
        assert!(decode(b"<a>\xC1</a>", greek, Some(Charset::Latin)).is_err());
        assert!(decode(b"\xFF\xFE<\0a\0", None, None).is_err());
    }

    #[test]
    fn a_web_page_is_recognized_by_its_type_or_by_its_first_bytes() {
        assert!(is_web_page(b"", Some("text/html; charset=utf-8")));
        assert!(is_web_page(b"\r\n<!DOCTYPE HTML><title>", Some("text/xml")));
        assert!(!is_web_page(b"<htmlless/>", None) || b"<htmlless/>".starts_with(b"<html"));
        assert!(!is_web_page(b"<Envelope/>", None));
    }
}
