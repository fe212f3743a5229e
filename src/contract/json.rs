//! Texts as JSON writes them.

/// Where the first byte stands, from there on, that JSON writes otherwise than as it is: a quote, a backslash, a control
/// character; the text's end if none does.
pub fn plain_end(text: &[u8], from: usize) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH_BITS: u64 = ONES << 7;
    // Eight bytes at a time: names and values are too short for a search made for long texts. The high bit of each byte
    // that is below the bound is set by `(x - bound) & !x`; what that sets wrongly stands behind a byte that is rightly set.
    let below = |bytes: u64, bound: u64| bytes.wrapping_sub(ONES * bound) & !bytes;
    let mut at = from;
    while let Some(eight) = text[at..].first_chunk::<8>() {
        let bytes = u64::from_le_bytes(*eight);
        let quotes = below(bytes ^ (ONES * u64::from(b'"')), 1);
        let escapes = below(bytes ^ (ONES * u64::from(b'\\')), 1);
        let found = (quotes | escapes | below(bytes, u64::from(b' '))) & HIGH_BITS;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = text[at..]
        .iter()
        .position(|byte| is_written_otherwise(*byte));
    rest.map_or(text.len(), |rest| at + rest)
}

fn is_written_otherwise(byte: u8) -> bool {
    byte < b' ' || matches!(byte, b'"' | b'\\')
}

/// Appends a text as a JSON string, quotes included.
pub fn push_text(text: &str, json: &mut String) {
    if plain_end(text.as_bytes(), 0) < text.len() {
        json.push_str(&serde_json::to_string(text).expect("texts always serialize"));
    } else {
        json.push('"');
        json.push_str(text);
        json.push('"');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_end_of_what_is_plain_is_found_wherever_it_stands(
            text in "([a-z!#\u{7f}è\u{80}\u{10ffff}]|[\"\\\\\u{0}-\u{21}]){0,30}", from in 0_usize..4
        ) {
            let bytes = text.as_bytes();
            let from = from.min(bytes.len());
            let slowly = bytes[from..].iter().position(|byte| is_written_otherwise(*byte));
            prop_assert_eq!(plain_end(bytes, from), slowly.map_or(bytes.len(), |end| from + end));
        }

        #[test]
        fn texts_are_written_as_the_general_serializer_writes_them(text in any::<String>()) {
            let mut json = String::new();
            push_text(&text, &mut json);
            prop_assert_eq!(json, serde_json::json!(text).to_string());
        }
    }
}
