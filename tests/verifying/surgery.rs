//! Signed messages (DER) taken apart and put together otherwise, as forgers do.

use openssl_cms::der;

type Parts = Vec<Vec<u8>>;

/// Changes the fields of SignedData: version, digests, content, certificates, signers.
pub fn message(whole: &[u8], change: impl FnOnce(&mut Parts)) -> Vec<u8> {
    let mut outer = fields(whole);
    let mut wrapped = fields(&outer[1]);
    let mut signed = fields(&wrapped[0]);
    change(&mut signed);
    wrapped[0] = join(der::SEQUENCE, &signed);
    outer[1] = join(der::CONTEXT_0, &wrapped);
    join(der::SEQUENCE, &outer)
}

/// Changes the fields of the first SignerInfo: version, who, digest, signed attributes, algorithm, signature, unsigned attributes.
pub fn signer(whole: &[u8], change: impl FnOnce(&mut Parts)) -> Vec<u8> {
    message(whole, |parts| {
        let last = parts.last_mut().expect("signers");
        let mut signers = fields(last);
        let mut first = fields(&signers[0]);
        change(&mut first);
        signers[0] = join(der::SEQUENCE, &first);
        *last = join(der::SET, &signers);
    })
}

/// Changes the signed attributes.
pub fn signed_attributes(whole: &[u8], change: impl FnOnce(&mut Parts)) -> Vec<u8> {
    signer(whole, |parts| {
        let mut attributes = fields(&parts[3]);
        change(&mut attributes);
        parts[3] = join(der::CONTEXT_0, &attributes);
    })
}

/// Adds an unsigned attribute; `oid` is the content of the identifier.
pub fn with_unsigned(whole: &[u8], oid: &[u8], value: &[u8]) -> Vec<u8> {
    let attribute = [der::value(der::OID, oid), der::value(der::SET, value)].concat();
    let attribute = der::value(der::SEQUENCE, &attribute);
    signer(whole, |parts| parts.push(der::value(0xa1, &attribute)))
}

/// The values inside a constructed one, whole.
pub fn fields(whole: &[u8]) -> Parts {
    let mut rest = whole;
    let (_, mut content, _) = der::next(&mut rest).expect("a value");
    let mut found = Vec::new();
    while !content.is_empty() {
        found.push(der::next(&mut content).expect("a value").2.to_vec());
    }
    found
}

pub fn join(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    der::value(tag, &parts.concat())
}
