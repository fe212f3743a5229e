//! Tokens in the making: the text to be signed, and the whole in compact form.

use serde_json::{Map, Value};

use super::encode;

/// The text that is signed: header and claims, base64url, with a dot between them (RFC 7515, 5.1).
pub fn signing_input(header: &Map<String, Value>, claims: &Map<String, Value>) -> String {
    let written = |members: &Map<String, Value>| {
        encode(serde_json::to_vec(members).expect("a JSON object can be written"))
    };
    let mut text = written(header);
    text.push('.');
    text.push_str(&written(claims));
    text
}

/// The token, once its text is signed.
pub fn complete(mut signing_input: String, signature: &[u8]) -> String {
    signing_input.push('.');
    signing_input.push_str(&encode(signature));
    signing_input
}
