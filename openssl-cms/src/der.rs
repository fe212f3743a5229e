//! The little of DER that attributes and algorithm parameters need: values one after the other, and values made.

/// Tags.
pub const BOOLEAN: u8 = 0x01;
/// A number.
pub const INTEGER: u8 = 0x02;
/// Bytes.
pub const OCTETS: u8 = 0x04;
/// An object identifier.
pub const OID: u8 = 0x06;
/// A moment of this or the last century.
pub const UTC_TIME: u8 = 0x17;
/// A moment with its whole year.
pub const GENERALIZED_TIME: u8 = 0x18;
/// A sequence.
pub const SEQUENCE: u8 = 0x30;
/// A set.
pub const SET: u8 = 0x31;
/// The first explicit or constructed value of the context.
pub const CONTEXT_0: u8 = 0xa0;

/// Takes the next value, which must have that tag: its content.
pub fn take<'a>(rest: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (found, content, _) = next(rest)?;
    (found == tag).then_some(content)
}

/// Takes the next value if it has that tag.
pub fn take_if<'a>(rest: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    (rest.first() == Some(&tag)).then(|| take(rest, tag))?
}

/// Takes the next value: tag, content, and the whole of it. Only definite lengths, of four bytes at most.
pub fn next<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8], &'a [u8])> {
    let whole = *rest;
    let (&tag, after) = whole.split_first()?;
    let (&first, after) = after.split_first()?;
    let (length, after) = match first {
        0x00..=0x7f => (usize::from(first), after),
        0x81..=0x84 => {
            let (bytes, behind) = after.split_at_checked(usize::from(first & 0x7f))?;
            let length = bytes
                .iter()
                .fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
            (length, behind)
        }
        _ => return None,
    };
    let (content, behind) = after.split_at_checked(length)?;
    *rest = behind;
    Some((tag, content, &whole[..whole.len() - behind.len()]))
}

/// A value with its tag and length.
pub fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut made = vec![tag];
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    match (content.len(), u8::try_from(significant.len())) {
        (0..0x80, _) | (_, Err(_)) => made.push(content.len().to_le_bytes()[0]),
        (_, Ok(bytes)) => {
            made.push(0x80 | bytes);
            made.extend_from_slice(significant);
        }
    }
    made.extend_from_slice(content);
    made
}

/// An object identifier's content as people write it.
pub fn dotted(content: &[u8]) -> Option<String> {
    let mut numbers = Vec::new();
    let mut number: u64 = 0;
    for byte in content {
        number = number.checked_mul(128)? | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            numbers.push(number);
            number = 0;
        }
    }
    let first = *numbers.first()?;
    let root = (first / 40).min(2);
    let mut text = format!("{root}.{}", first - root * 40);
    for number in &numbers[1..] {
        text.push('.');
        text.push_str(&number.to_string());
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_were_made_at_every_length() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x1_0000] {
            let content = vec![7; length];
            let made = value(OCTETS, &content);
            let mut rest = &made[..];
            let read = next(&mut rest);
            assert_eq!(read, Some((OCTETS, &content[..], &made[..])), "{length}");
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn what_is_cut_short_or_indefinite_is_no_value() {
        for bytes in [
            &b""[..],
            &[0x30],
            &[0x30, 0x05, 0x30],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x84, 1, 1, 1, 1],
        ] {
            assert_eq!(next(&mut &*bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn identifiers_are_written_with_dots() {
        assert_eq!(dotted(&[0x55, 0x1d, 0x20]).as_deref(), Some("2.5.29.32"));
    }
}
