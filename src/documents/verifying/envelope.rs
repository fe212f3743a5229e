//! The bytes of a signed message out of what people send: DER or BER, PEM, Base64 with any line ends, a byte order mark before it.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::contract::firma::Codifica;

/// 1.2.840.113549.1.7.2 with tag and length, as every message of ours begins with it.
const SIGNED_DATA: &[u8] = &[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02,
];

/// How far into a message its type can stand: behind a tag and the longest length.
const HEAD: usize = 32;

/// Padding is often forgotten by who wraps lines by hand.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether the bytes begin like a signed message, however they are written down.
pub(super) fn is_signed_message(bytes: &[u8]) -> bool {
    if is_binary(bytes) {
        return true;
    }
    let text = text_of(bytes);
    if armour(text).is_some() {
        return true;
    }
    let head: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .take(64)
        .collect();
    let whole = &head[..head.len() / 4 * 4];
    LENIENT
        .decode(whole)
        .is_ok_and(|decoded| is_binary(&decoded))
}

/// The message out of its encoding; `None` where nothing was encoded that could be one.
pub(super) fn decode(bytes: Vec<u8>) -> Option<(Vec<u8>, Codifica)> {
    if is_binary(&bytes) {
        return Some((bytes, Codifica::Binaria));
    }
    let text = text_of(&bytes);
    let (encoded, encoding) = match armour(text) {
        Some(inside) => (inside, Codifica::Pem),
        None => (text, Codifica::Base64),
    };
    let mut plain: Vec<u8> = Vec::with_capacity(encoded.len());
    plain.extend(encoded.iter().filter(|byte| !byte.is_ascii_whitespace()));
    drop(bytes);
    let decoded = LENIENT.decode(&plain).ok()?;
    is_binary(&decoded).then_some((decoded, encoding))
}

fn is_binary(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(HEAD)];
    head.first() == Some(&0x30)
        && head
            .windows(SIGNED_DATA.len())
            .any(|part| part == SIGNED_DATA)
}

/// Without byte order mark and what stands before the text.
fn text_of(bytes: &[u8]) -> &[u8] {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    text.trim_ascii()
}

/// What stands between the first two lines of dashes.
fn armour(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"-----BEGIN ")?;
    let start = text.iter().position(|byte| *byte == b'\n')?;
    let inside = &text[start..];
    let end = memchr::memmem::find(inside, b"-----END ")?;
    Some(&inside[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_found_in_every_coat() {
        let mut message = vec![0x30, 0x80];
        message.extend_from_slice(SIGNED_DATA);
        message.extend_from_slice(&[7; 90]);
        let text = base64::prelude::BASE64_STANDARD.encode(&message);
        let (first, second) = text.split_at(64);
        let coats = [
            (message.clone(), Codifica::Binaria),
            (text.clone().into_bytes(), Codifica::Base64),
            (
                text.trim_end_matches('=').as_bytes().to_vec(),
                Codifica::Base64,
            ),
            (
                format!("\u{feff}{first}\r\n{second}\r\n").into_bytes(),
                Codifica::Base64,
            ),
            (
                format!("-----BEGIN PKCS7-----\n{first}\n{second}\n-----END PKCS7-----\n")
                    .into_bytes(),
                Codifica::Pem,
            ),
        ];
        for (coat, encoding) in coats {
            assert!(is_signed_message(&coat), "{encoding:?}");
            assert_eq!(decode(coat), Some((message.clone(), encoding)));
        }
    }

    #[test]
    fn other_files_are_no_messages() {
        for bytes in [
            &b""[..],
            b"%PDF-1.7",
            b"ciao",
            b"-----BEGIN X-----\nYQ==\n-----END X-----",
            &[0x30, 0x03, 1, 1, 1],
        ] {
            assert_eq!(decode(bytes.to_vec()), None, "{bytes:?}");
        }
        assert!(!is_signed_message(
            b"%PDF-1.7 of some length, and no message at all in it: text"
        ));
    }
}
