//! How a value is written into XML, JSON, an address or a header, so that it can never be taken for more than a value.

use std::fmt::Write;

use crate::connectors::error::{ConnectorError, Kind};

/// The place where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// Text or attribute value of XML.
    Xml,
    /// Inside a CDATA section.
    Cdata,
    /// Inside the quotes of a JSON string.
    JsonString,
    /// A JSON number or truth value.
    JsonBare,
    /// A segment of a path, or a name or value of a query or form.
    UrlComponent,
    /// The value of a header.
    Header,
    /// Nothing to escape: the text is only compared.
    Plain,
}

impl Escape {
    /// Writes the value of the placeholder.
    pub fn write(
        self,
        value: &str,
        placeholder: &dyn std::fmt::Display,
        out: &mut String,
    ) -> Result<(), ConnectorError> {
        let written = match self {
            _ if self != Escape::JsonBare && means_itself(value) => {
                out.push_str(value);
                true
            }
            Escape::Xml => xml(value, out),
            Escape::Cdata => cdata(value, out),
            Escape::JsonString => {
                json_string(value, out);
                true
            }
            Escape::JsonBare => bare(value, out),
            Escape::UrlComponent => {
                url_component(value, out);
                true
            }
            Escape::Header => header(value, out),
            Escape::Plain => {
                out.push_str(value);
                true
            }
        };
        if written {
            Ok(())
        } else {
            Err(ConnectorError::permanent(
                Kind::Gateway,
                format!("the value of {placeholder} cannot be written where the adapter wants it"),
            ))
        }
    }
}

/// Whether nothing stands in a value that any of the languages escapes.
fn means_itself(value: &str) -> bool {
    // Without a branch per byte, so that many bytes are looked at in one step.
    value.bytes().fold(true, |all, byte| {
        all & (byte.is_ascii_alphanumeric() | matches!(byte, b'-' | b'.' | b'_'))
    })
}

/// Characters that XML 1.0 cannot hold at all are refused.
fn xml(value: &str, out: &mut String) -> bool {
    for character in value.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => {
                let _infallible = write!(out, "&#{};", u32::from(character));
            }
            '\0'..='\x1F' | '\u{FFFE}' | '\u{FFFF}' => return false,
            plain => out.push(plain),
        }
    }
    true
}

/// What would end the section is parted over two.
fn cdata(value: &str, out: &mut String) -> bool {
    out.push_str(&value.replace("]]>", "]]]]><![CDATA[>"));
    let allowed = |character| !matches!(character, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}');
    value.chars().all(allowed)
}

fn json_string(value: &str, out: &mut String) {
    for character in value.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..='\x1F' => {
                let _infallible = write!(out, "\\u{:04x}", u32::from(character));
            }
            plain => out.push(plain),
        }
    }
}

fn bare(value: &str, out: &mut String) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let no_leading_zero = digits == "0" || !digits.starts_with('0');
    let is_bare = matches!(value, "true" | "false") || is_number && no_leading_zero;
    if is_bare {
        out.push_str(value);
    }
    is_bare
}

fn url_component(value: &str, out: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _infallible = write!(out, "%{byte:02X}");
        }
    }
}

fn header(value: &str, out: &mut String) -> bool {
    out.push_str(value);
    value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::connectors::template::placeholder::Placeholder;

    fn written(escape: Escape, value: &str) -> Option<String> {
        let mut out = String::new();
        let placeholder = Placeholder::CodiceFiscale;
        escape
            .write(value, &placeholder, &mut out)
            .ok()
            .map(|()| out)
    }

    proptest! {
        #[test]
        fn whatever_is_written_into_xml_is_read_back_unchanged(value in "\\PC*") {
            if let Some(escaped) = written(Escape::Xml, &value) {
                prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
                let read = quick_xml::escape::unescape(&escaped).expect("well-formed");
                prop_assert_eq!(read, value);
            }
        }

        #[test]
        fn whatever_is_written_into_a_cdata_section_is_read_back_unchanged(value in "[\\]>a&<]{0,12}") {
            let section = format!("<a><![CDATA[{}]]></a>", written(Escape::Cdata, &value).expect("possible"));
            let mut reader = quick_xml::Reader::from_str(&section);
            let mut read = String::new();
            loop {
                match reader.read_event().expect("well-formed") {
                    quick_xml::events::Event::CData(data) => read.push_str(&data),
                    quick_xml::events::Event::Eof => break,
                    _ => {}
                }
            }
            prop_assert_eq!(read, value);
        }

        #[test]
        fn whatever_is_written_into_a_json_string_is_read_back_unchanged(value in any::<String>()) {
            let escaped = written(Escape::JsonString, &value).expect("always possible");
            let read: String = serde_json::from_str(&format!("\"{escaped}\"")).expect("valid");
            prop_assert_eq!(read, value);
        }

        #[test]
        fn a_url_component_holds_no_character_of_the_address(value in any::<String>()) {
            let escaped = written(Escape::UrlComponent, &value).expect("always possible");
            prop_assert!(escaped.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
        }
    }

    #[test]
    fn what_cannot_be_a_bare_value_or_a_header_is_refused() {
        assert_eq!(written(Escape::JsonBare, "5521").as_deref(), Some("5521"));
        assert_eq!(written(Escape::JsonBare, "5521,\"x\":1"), None);
        assert_eq!(written(Escape::JsonBare, "007"), None);
        assert_eq!(written(Escape::Header, "a\r\nb: c"), None);
        assert_eq!(written(Escape::Xml, "a\u{1}"), None);
    }
}
