//! A card behind a proxy that ends TLS: the header `Client-Cert` (RFC 9440), or one with escaped PEM, from peers that are listed.
//!
//! A listed peer shows no card of its own: what it says of its client's is all that counts. From everybody else the header is refused.

use std::net::IpAddr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::Utc;
use openssl::x509::X509;
use rustls::pki_types::CertificateDer;

use crate::api::http::Head;
use crate::config::login::{ForwardedAs, Proxy};
use crate::trust::{Peer, Trust};

use super::Refusal;

/// RFC 9440's headers: the certificate, and the chain behind it.
const CERTIFICATE: &str = "client-cert";
const CHAIN: &str = "client-cert-chain";

/// Certificates of a chain at most.
const LONGEST_CHAIN: usize = 8;

/// What the card's certificate is, after headers were looked at.
pub(super) type Seen = Result<Option<Peer>, Refusal>;

/// Why no card is read out of the headers, nor out of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misuse {
    /// Sent by somebody who is no listed proxy.
    Unlisted,
    /// Sent twice, or beside a certificate that the connection showed.
    Twice,
}

impl Misuse {
    /// The label in metrics.
    pub(super) fn name(self) -> &'static str {
        match self {
            Misuse::Unlisted => "forwarded_by_stranger",
            Misuse::Twice => "forwarded_twice",
        }
    }
}

/// Whose card it is that asks: the connection's, or, from a listed proxy, the one that it names.
pub(super) fn card(
    proxy: Option<&Proxy>,
    address: IpAddr,
    trust: &Trust,
    shown: &Seen,
    head: &Head,
) -> Result<Seen, Misuse> {
    let name = proxy.map_or(CERTIFICATE, |proxy| proxy.header.name());
    let is_named = |name: &str| head.field(name).is_some();
    let Some(proxy) = proxy.filter(|proxy| is_listed(proxy, address, shown)) else {
        return match is_named(name) || is_named(CERTIFICATE) || is_named(CHAIN) {
            true => Err(Misuse::Unlisted),
            false => Ok(shown.clone()),
        };
    };
    if !is_certificate_of(proxy, shown) && !matches!(shown, Ok(None)) {
        // Known by its address, it shows a certificate that is not the proxy's: whose card would it be?
        return Err(Misuse::Twice);
    }
    let mut values = head.fields(name);
    let value = match (values.next(), values.next()) {
        (None, _) => return Ok(Ok(None)),
        (Some(value), None) => value,
        (Some(_), Some(_)) => return Err(Misuse::Twice),
    };
    let certificates = match &proxy.header {
        ForwardedAs::ClientCert if value.contains(&b',') => return Err(Misuse::Twice),
        ForwardedAs::ClientCert => of_rfc_9440(value, head),
        // nginx sends the header empty where its client showed nothing.
        ForwardedAs::EscapedPem(_) if value.is_empty() => return Ok(Ok(None)),
        ForwardedAs::EscapedPem(_) => of_escaped_pem(value),
    };
    let peer = certificates.and_then(|chain| trust.peer(&chain));
    Ok(peer.map(Some).ok_or(Refusal::Unreadable))
}

/// By its own certificate, whose key the handshake has proven, or by its address.
fn is_listed(proxy: &Proxy, address: IpAddr, shown: &Seen) -> bool {
    is_certificate_of(proxy, shown) || proxy.addresses.contains(&address.to_canonical())
}

fn is_certificate_of(proxy: &Proxy, shown: &Seen) -> bool {
    let Ok(Some(peer)) = shown else {
        return false;
    };
    let now = Utc::now();
    let is_valid = |(from, until)| from <= now && now <= until;
    proxy.certificates.contains(&peer.fingerprint) && peer.validity().is_some_and(is_valid)
}

/// A byte sequence of structured fields, and the chain as a list of such.
fn of_rfc_9440(value: &[u8], head: &Head) -> Option<Vec<CertificateDer<'static>>> {
    let mut chain = vec![byte_sequence(value)?];
    for line in head.fields(CHAIN) {
        for one in line.split(|byte| *byte == b',') {
            if chain.len() == LONGEST_CHAIN {
                return None;
            }
            chain.push(byte_sequence(one)?);
        }
    }
    Some(chain)
}

fn byte_sequence(value: &[u8]) -> Option<CertificateDer<'static>> {
    let inner = value.trim_ascii().strip_prefix(b":")?.strip_suffix(b":")?;
    let der = BASE64_STANDARD.decode(inner).ok()?;
    Some(CertificateDer::from(der))
}

/// PEM with everything escaped that a header cannot hold, as `$ssl_client_escaped_cert` of nginx.
fn of_escaped_pem(value: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let mut pem = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((byte, after)) = rest.split_first() {
        rest = match (byte, after) {
            (b'%', [high, low, after @ ..]) => {
                let mut one = [0];
                hex::decode_to_slice([*high, *low], &mut one).ok()?;
                pem.extend(one);
                after
            }
            (b'%', _) => return None,
            (byte, after) => {
                pem.push(*byte);
                after
            }
        };
    }
    match X509::stack_from_pem(&pem).ok()?.as_slice() {
        [one] => Some(vec![CertificateDer::from(one.to_der().ok()?)]),
        _ => None,
    }
}
