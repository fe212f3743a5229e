//! A client's certificate as its connection presented it, and the few things that we read in certificates.

use std::fmt::Write;

use aws_lc_rs::digest::{Context, SHA256};
use chrono::{DateTime, Utc};
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::x509::{X509, X509NameEntryRef, X509NameRef};
use rustls::pki_types::CertificateDer;

/// A client's certificate as its connection presented it.
#[derive(Debug)]
pub struct PeerCertificate {
    /// The certificate and the intermediates sent with it, DER, leaf first.
    pub chain: Vec<Vec<u8>>,
    /// SHA-256 of the leaf's DER.
    pub fingerprint: [u8; 32],
    /// The leaf's distinguished name as RFC 2253 writes it.
    pub subject: String,
    /// The leaf's own validity; `None` outside the years that can be expressed.
    validity: Option<(DateTime<Utc>, DateTime<Utc>)>,
    pub(super) key: ChainKey,
}

/// Names a chain among those already read or judged: SHA-256 over all its certificates.
pub(super) type ChainKey = [u8; 32];

/// The key of a chain, leaf first.
pub(super) fn chain_key<'a>(chain: impl Iterator<Item = &'a [u8]>) -> ChainKey {
    let mut digest = Context::new(&SHA256);
    for certificate in chain {
        digest.update(&certificate.len().to_be_bytes());
        digest.update(certificate);
    }
    let mut key = ChainKey::default();
    key.copy_from_slice(digest.finish().as_ref());
    key
}

impl PeerCertificate {
    /// Takes what a finished handshake holds; `None` if the leaf is missing or cannot be read.
    pub fn of_chain(chain: &[CertificateDer<'_>]) -> Option<PeerCertificate> {
        let leaf = X509::from_der(chain.first()?).ok()?;
        let digest = leaf.digest(MessageDigest::sha256()).ok()?;
        Some(PeerCertificate {
            chain: chain
                .iter()
                .map(|certificate| certificate.to_vec())
                .collect(),
            fingerprint: digest.as_ref().try_into().ok()?,
            subject: distinguished_name(leaf.subject_name()),
            validity: moment(leaf.not_before()).zip(moment(leaf.not_after())),
            key: chain_key(chain.iter().map(AsRef::as_ref)),
        })
    }

    /// From when until when the leaf holds, by its own word.
    pub fn validity(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        self.validity
    }
}

/// Writes a name as `openssl x509 -nameopt RFC2253` does: last attribute first, escapes included.
///
/// Attributes of one multi-valued part are joined by a comma like the others: operators compare these texts, nobody parses them.
pub fn distinguished_name(name: &X509NameRef) -> String {
    let mut parts: Vec<String> = name.entries().map(attribute).collect();
    parts.reverse();
    parts.join(",")
}

fn attribute(entry: &X509NameEntryRef) -> String {
    let nid = entry.object().nid();
    let label = match nid.short_name() {
        Ok(short) if nid != Nid::UNDEF => short.to_owned(),
        _ => entry.object().to_string(),
    };
    let value = match entry.data().to_string() {
        Ok(text) => escaped(&text),
        Err(_) => format!("#{}", hex::encode_upper(entry.data().as_slice())),
    };
    format!("{label}={value}")
}

fn escaped(value: &str) -> String {
    let last = value.len().saturating_sub(1);
    let mut text = String::with_capacity(value.len());
    for (place, byte) in value.bytes().enumerate() {
        let at_the_edge =
            (byte == b' ' && (place == 0 || place == last)) || (byte == b'#' && place == 0);
        match byte {
            b',' | b'+' | b'"' | b'\\' | b'<' | b'>' | b';' => {
                text.push('\\');
                text.push(char::from(byte));
            }
            _ if at_the_edge => {
                text.push('\\');
                text.push(char::from(byte));
            }
            0x20..=0x7e => text.push(char::from(byte)),
            _ => write!(text, "\\{byte:02X}").expect("writing to a String cannot fail"),
        }
    }
    text
}

/// A certificate's moment as we count time; `None` outside the years that both can express.
pub fn moment(time: &Asn1TimeRef) -> Option<DateTime<Utc>> {
    let difference = Asn1Time::from_unix(0).ok()?.diff(time).ok()?;
    let seconds = i64::from(difference.days) * 86_400 + i64::from(difference.secs);
    DateTime::from_timestamp(seconds, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_last_attribute_first_with_their_escapes() {
        let mut builder = openssl::x509::X509Name::builder().expect("builder");
        for (field, value) in [
            ("C", "IT"),
            ("O", "Comune di Cantù, \"Ufficio\" + altri"),
            ("OU", "#12"),
            ("CN", " portale "),
        ] {
            builder.append_entry_by_text(field, value).expect("entry");
        }
        assert_eq!(
            distinguished_name(&builder.build()),
            "CN=\\ portale\\ ,OU=\\#12,O=Comune di Cant\\C3\\B9\\, \\\"Ufficio\\\" \\+ altri,C=IT"
        );
    }
}
