//! What the token is given to sign: the digest, for RSA in its DigestInfo (RFC 8017, 9.2).

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};

use crate::jose::Algorithm;

/// DER of `DigestInfo` up to the digest (RFC 8017, 9.2, note 1).
const OF_SHA256: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];
const OF_SHA384: [u8; 19] = [
    0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05,
    0x00, 0x04, 0x30,
];
const OF_SHA512: [u8; 19] = [
    0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05,
    0x00, 0x04, 0x40,
];

/// The bytes that the token signs in the place of `bytes`.
pub(super) fn to_sign(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
    let (prefix, digested): (&[u8], _) = match algorithm {
        Algorithm::Rs256 => (&OF_SHA256, digest(&SHA256, bytes)),
        Algorithm::Rs384 => (&OF_SHA384, digest(&SHA384, bytes)),
        Algorithm::Rs512 => (&OF_SHA512, digest(&SHA512, bytes)),
        Algorithm::Es256 => (&[], digest(&SHA256, bytes)),
        Algorithm::Es384 => (&[], digest(&SHA384, bytes)),
        Algorithm::Es512 => (&[], digest(&SHA512, bytes)),
    };
    [prefix, digested.as_ref()].concat()
}
