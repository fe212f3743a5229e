//! Texts as JSON writes them.

/// Appends a text as a JSON string, quotes included.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "a branch per byte would be slower"
)]
pub fn push_text(text: &str, json: &mut String) {
    // Without a branch per byte, so that many bytes are looked at in one step.
    let escaped = text.bytes().fold(false, |escaped, byte| {
        escaped | (byte < b' ') | (byte == b'"') | (byte == b'\\')
    });
    if escaped {
        json.push_str(&serde_json::to_string(text).expect("texts always serialize"));
    } else {
        json.push('"');
        json.push_str(text);
        json.push('"');
    }
}
