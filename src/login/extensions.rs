//! The certificate policies of a certificate (RFC 5280, 4.2.1.4), which neither OpenSSL's binding nor webpki hand out.

/// Nested values of DER that lead to the policies, by their tags.
const SEQUENCE: u8 = 0x30;
const OID: u8 = 0x06;
const OCTETS: u8 = 0x04;
const BOOLEAN: u8 = 0x01;
const EXTENSIONS: u8 = 0xa3;

/// 2.5.29.32.
const CERTIFICATE_POLICIES: &[u8] = &[0x55, 0x1d, 0x20];

/// The policies' object identifiers in their dotted form; none where it states none; `None` where it cannot be read.
pub(super) fn policies(certificate: &[u8]) -> Option<Vec<String>> {
    let mut whole = certificate;
    let mut outer = value(&mut whole, SEQUENCE)?;
    let mut signed = value(&mut outer, SEQUENCE)?;
    let mut found = Vec::new();
    while !signed.is_empty() {
        let (tag, content) = next(&mut signed)?;
        if tag != EXTENSIONS {
            continue;
        }
        let mut content = content;
        let mut extensions = value(&mut content, SEQUENCE)?;
        while !extensions.is_empty() {
            let mut extension = value(&mut extensions, SEQUENCE)?;
            let is_ours = value(&mut extension, OID)? == CERTIFICATE_POLICIES;
            if extension.first() == Some(&BOOLEAN) {
                value(&mut extension, BOOLEAN)?;
            }
            if is_ours {
                let mut octets = value(&mut extension, OCTETS)?;
                let mut policies = value(&mut octets, SEQUENCE)?;
                while !policies.is_empty() {
                    let mut policy = value(&mut policies, SEQUENCE)?;
                    found.push(dotted(value(&mut policy, OID)?)?);
                }
            }
        }
    }
    Some(found)
}

/// Takes the next value, which must have that tag.
fn value<'a>(rest: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (found, content) = next(rest)?;
    (found == tag).then_some(content)
}

/// Takes the next value: its tag and its content.
fn next<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&tag, after) = rest.split_first()?;
    let (&first, mut after) = after.split_first()?;
    let length = if first < 0x80 {
        usize::from(first)
    } else {
        let bytes = usize::from(first & 0x7f);
        if !(1..=3).contains(&bytes) || after.len() < bytes {
            return None;
        }
        let (length, behind) = after.split_at(bytes);
        after = behind;
        length
            .iter()
            .fold(0, |length, byte| length << 8 | usize::from(*byte))
    };
    if after.len() < length {
        return None;
    }
    let (content, behind) = after.split_at(length);
    *rest = behind;
    Some((tag, content))
}

/// An object identifier as people write it.
fn dotted(content: &[u8]) -> Option<String> {
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
    fn identifiers_are_written_with_dots() {
        assert_eq!(dotted(CERTIFICATE_POLICIES).as_deref(), Some("2.5.29.32"));
        assert_eq!(
            dotted(&[0x2b, 0x4c, 0x10, 0x02, 0x01]).as_deref(),
            Some("1.3.76.16.2.1")
        );
    }

    #[test]
    fn what_is_cut_short_is_no_certificate() {
        for bytes in [
            &b""[..],
            &[0x30],
            &[0x30, 0x05, 0x30],
            &[0x30, 0x84, 1, 1, 1, 1],
        ] {
            assert_eq!(policies(bytes), None, "{bytes:?}");
        }
    }
}
