//! Extensions of certificates and revocation lists (RFC 5280, 4.2 and 5.2) which neither OpenSSL's binding nor webpki hand out.

use openssl_cms::der;

/// Where a certificate has its extensions.
const OF_CERTIFICATE: u8 = 0xa3;
/// Where a revocation list has its extensions.
const OF_LIST: u8 = 0xa0;

/// 2.5.29.32.
const CERTIFICATE_POLICIES: &[u8] = &[0x55, 0x1d, 0x20];

/// An extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension<'a> {
    /// Whoever does not know it must refuse what bears it.
    pub is_critical: bool,
    /// What its octets hold, DER.
    pub value: &'a [u8],
}

/// A certificate or list that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

type Found<'a> = Result<Option<Extension<'a>>, Unreadable>;

/// The extension of a certificate with that identifier (DER content).
pub fn of_certificate<'a>(certificate: &'a [u8], oid: &[u8]) -> Found<'a> {
    find(certificate, OF_CERTIFICATE, oid)
}

/// The extension of a revocation list with that identifier.
pub fn of_list<'a>(list: &'a [u8], oid: &[u8]) -> Found<'a> {
    find(list, OF_LIST, oid)
}

/// The policies' object identifiers in their dotted form; none where it states none; `None` where it cannot be read.
pub fn policies(certificate: &[u8]) -> Option<Vec<String>> {
    let Some(extension) = find(certificate, OF_CERTIFICATE, CERTIFICATE_POLICIES).ok()? else {
        return Some(Vec::new());
    };
    let mut value = extension.value;
    let mut policies = der::take(&mut value, der::SEQUENCE)?;
    let mut found = Vec::new();
    while !policies.is_empty() {
        let mut policy = der::take(&mut policies, der::SEQUENCE)?;
        found.push(der::dotted(der::take(&mut policy, der::OID)?)?);
    }
    Some(found)
}

fn find<'a>(signed: &'a [u8], place: u8, oid: &[u8]) -> Found<'a> {
    let mut whole = signed;
    let mut outer = take(&mut whole, der::SEQUENCE)?;
    let mut parts = take(&mut outer, der::SEQUENCE)?;
    while !parts.is_empty() {
        let (tag, mut content, _) = der::next(&mut parts).ok_or(Unreadable)?;
        if tag != place {
            continue;
        }
        let mut extensions = take(&mut content, der::SEQUENCE)?;
        while !extensions.is_empty() {
            let mut extension = take(&mut extensions, der::SEQUENCE)?;
            let is_wanted = take(&mut extension, der::OID)? == oid;
            let is_critical = der::take_if(&mut extension, der::BOOLEAN).is_some_and(|b| b != [0]);
            if is_wanted {
                let value = take(&mut extension, der::OCTETS)?;
                return Ok(Some(Extension { is_critical, value }));
            }
        }
    }
    Ok(None)
}

fn take<'a>(rest: &mut &'a [u8], tag: u8) -> Result<&'a [u8], Unreadable> {
    der::take(rest, tag).ok_or(Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

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
