//! Any bytes under any declaration: text, or a refusal; never letters that nobody sent.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pontile::connectors::charset::{self, Charset};

const DECLARED: [Option<&str>; 6] = [
    None,
    Some("text/xml; charset=utf-8"),
    Some("text/xml; charset=\"ISO-8859-1\""),
    Some("application/json;charset=windows-1252"),
    Some("text/xml; charset=iso-8859-7"),
    Some("text/html; charset="),
];
const FALLBACKS: [Option<Charset>; 3] = [None, Some(Charset::Latin), Some(Charset::Utf8)];

fuzz_target!(|data: &[u8]| {
    let Some((choice, body)) = data.split_first() else {
        return;
    };
    let declared = DECLARED[usize::from(choice % 6)];
    let fallback = FALLBACKS[usize::from(choice / 6 % 3)];
    let _ = charset::is_web_page(body, declared);
    let Ok(text) = charset::decode(body, declared, fallback) else {
        return;
    };
    assert!(text.len() <= body.len() * 3, "a letter of Windows-1252 takes three bytes at most");
    if !body.windows(3).any(|bytes| bytes == "\u{FFFD}".as_bytes()) {
        assert!(!text.contains('\u{FFFD}'), "a letter was replaced");
    }
    assert!(
        !text.chars().any(|letter| ('\u{370}'..'\u{400}').contains(&letter)) || std::str::from_utf8(body).is_ok(),
        "Greek was guessed"
    );
});
