//! `[login]`: the host at which citizens show their cards, with its own listener; absent where nobody does.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::card_issuers::CardIssuers;
use super::certificate::CertificateMatch;
use super::door::Door;
use super::reading::table::Table;
use super::reading::value::Value;
use super::reading::{FromTable, Reader};
use super::units::{Size, Span};

/// Largest body: a form of a few fields.
const BODY: Size = Size(16 << 10);

/// The login host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Its own name, told by SNI and by `Host`.
    pub name: String,
    /// Listener and trust: the authorities are those whose cards are recognized.
    pub door: Door,
    /// What is fetched or read of the cards' issuers beside the files that the listener names.
    pub issuers: CardIssuers,
    /// A proxy that ends TLS in front; absent: browsers come by themselves.
    pub proxy: Option<Proxy>,
    /// `[login.oidc]`: the log-in of portals' users; absent: cards are shown and told, no more.
    pub oidc: Option<Oidc>,
}

/// `[login.proxy]`: a proxy in front that ends TLS and says which certificate was shown to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// How it says so.
    pub header: ForwardedAs,
    /// SHA-256 of the certificates by which it is known.
    pub certificates: Vec<[u8; 32]>,
    /// Addresses by which it is known, without a certificate.
    pub addresses: Vec<IpAddr>,
}

/// How a proxy tells the certificate of its client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForwardedAs {
    /// `Client-Cert` and `Client-Cert-Chain` (RFC 9440).
    ClientCert,
    /// A header of this name with escaped PEM.
    EscapedPem(String),
}

impl ForwardedAs {
    /// The header's name, in small letters.
    pub fn name(&self) -> &str {
        match self {
            ForwardedAs::ClientCert => "client-cert",
            ForwardedAs::EscapedPem(name) => name,
        }
    }
}

/// `[login.oidc]`: OpenID Connect towards the portals that have `[portal.login]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oidc {
    /// The login host's address as browsers know it, without a slash at its end; `iss` of tokens.
    pub issuer: String,
    /// The portals' door as portals know it, without a slash at its end: where codes become tokens, and `aud` of Citizen-Tokens.
    pub portals_door: String,
    /// How long a code is good; two minutes at most.
    pub code_lifetime: Span,
    /// How long tokens live; fifteen minutes at most.
    pub token_lifetime: Span,
    /// Public keys or certificates (PEM) that signed before the present one: still published, and their tokens accepted.
    pub retired_keys: Vec<PathBuf>,
}

/// Where a portal takes its users back after their log-in: `[portal.login]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PortalLogin {
    /// The whole addresses, compared letter for letter.
    pub redirect_uris: Vec<String>,
}

impl FromTable for Login {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let name: Option<String> = table.required("name", reader);
        let place = table
            .values("name")
            .next()
            .map(super::reading::value::Value::place);
        let address: Option<SocketAddr> = table.required("address", reader);
        let certificate: Option<PathBuf> = table.required("certificate", reader);
        let key: Option<PathBuf> = table.required("key", reader);
        let issuers = CardIssuers::read(&mut table, reader);
        let issuers_read = issuers.as_ref();
        let is_listed = issuers_read.is_none_or(|issuers| issuers.trust_list.is_some());
        let is_fetched = issuers_read.is_none_or(|issuers| issuers.revocation_lists.is_some());
        let authorities = files("authorities", is_listed, &mut table, reader);
        let revocations = files("revocations", is_fetched, &mut table, reader);
        let connections = table.or("connections", 200, reader);
        let connections_per_address = table.or("connections_per_address", 20, reader);
        let pin_timeout = table.or("pin_timeout", seconds(120), reader);
        let slow_client_timeout = table.or("slow_client_timeout", seconds(10), reader);
        let oidc = table.optional("oidc", reader);
        let oidc_written = table.values("oidc").next().is_some();
        let proxy = table.optional("proxy", reader);
        let proxy_written = table.values("proxy").next().is_some();
        let shutdown_grace = table.or("shutdown_grace", seconds(5), reader);
        table.finish(reader);
        if let (Some(place), false) = (place, name.as_deref().is_none_or(is_host)) {
            let text = "serve un nome di host in minuscolo, come \"carte.provincia.example\"";
            reader.mistake(&place, text);
            return None;
        }
        // What is written and wrong must not count as absent.
        if oidc_written && oidc.is_none() || proxy_written && proxy.is_none() {
            return None;
        }
        let slow_client_timeout = slow_client_timeout?;
        Some(Login {
            name: name?,
            door: Door {
                address: address?,
                certificate: certificate?,
                key: key?,
                authorities: authorities?,
                revocations: revocations?,
                connections: connections?,
                connections_per_address: connections_per_address?,
                // One request a connection, so the limits on connections are those on requests.
                requests_per_address: 1,
                requests_per_connection: 1,
                handshake_timeout: pin_timeout?,
                slow_client_timeout,
                idle_timeout: slow_client_timeout,
                request_deadline: slow_client_timeout,
                body_size: BODY,
                shutdown_grace: shutdown_grace?,
                workers: 1,
            },
            issuers: issuers?,
            proxy,
            oidc,
        })
    }
}

impl FromTable for Oidc {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let issuer = address("issuer", &mut table, reader);
        let portals_door = address("portals_door", &mut table, reader);
        let code_lifetime = within(&mut table, "code_lifetime", (60, 120), reader);
        let token_lifetime = within(&mut table, "token_lifetime", (300, 900), reader);
        let retired_keys = table.or_default("retired_keys", reader);
        table.finish(reader);
        Some(Oidc {
            issuer: issuer?,
            portals_door: portals_door?,
            code_lifetime: code_lifetime?,
            token_lifetime: token_lifetime?,
            retired_keys: retired_keys?,
        })
    }
}

impl FromTable for Proxy {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let place = table.place();
        let certificates: Option<Vec<String>> = table.or_default("certificates", reader);
        let certificates_at = table.values("certificates").next().map(Value::place);
        let addresses: Option<Vec<IpAddr>> = table.or_default("addresses", reader);
        let escaped: Option<String> = table.optional("escaped_pem_header", reader);
        let escaped_at = table.values("escaped_pem_header").next().map(Value::place);
        table.finish(reader);
        let (certificates, addresses) = (certificates?, addresses?);
        let fingerprint = |text: &String| match CertificateMatch::parse_fingerprint(text) {
            Some(CertificateMatch::Fingerprint(fingerprint)) => Some(fingerprint),
            _ => None,
        };
        let fingerprints: Option<Vec<[u8; 32]>> = certificates.iter().map(fingerprint).collect();
        let Some(certificates) = fingerprints else {
            if let Some(place) = certificates_at {
                reader.mistake(&place, "servono impronte SHA-256: 64 cifre esadecimali");
            }
            return None;
        };
        let is_name = |name: &String| {
            let mut bytes = name.bytes();
            !name.is_empty() && bytes.all(|one| one.is_ascii_alphanumeric() || one == b'-')
        };
        if let (Some(at), false) = (escaped_at, escaped.as_ref().is_none_or(is_name)) {
            reader.mistake(&at, "serve il nome di un'intestazione");
        }
        if let (Some(place), true) = (place, certificates.is_empty() && addresses.is_empty()) {
            let text = "serve un'impronta in `certificates` o un indirizzo in `addresses`: da altri l'intestazione non si accetta";
            reader.mistake(&place, text);
        }
        Some(Proxy {
            header: match escaped {
                Some(name) => ForwardedAs::EscapedPem(name.to_ascii_lowercase()),
                None => ForwardedAs::ClientCert,
            },
            certificates,
            addresses,
        })
    }
}

impl FromTable for PortalLogin {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let redirect_uris: Option<Vec<String>> = table.required("redirect_uris", reader);
        let place = table.values("redirect_uris").next().map(Value::place);
        table.finish(reader);
        let redirect_uris = redirect_uris?;
        let in_form = !redirect_uris.is_empty() && redirect_uris.iter().all(|one| is_return(one));
        if let (false, Some(place)) = (in_form, place) {
            let text =
                "servono indirizzi https:// interi, senza frammento; http:// solo verso localhost";
            reader.mistake(&place, text);
            return None;
        }
        Some(PortalLogin { redirect_uris })
    }
}

/// Files that may be absent where something else stands in for them.
fn files(
    key: &'static str,
    may_be_absent: bool,
    table: &mut Table<'_>,
    reader: &mut Reader,
) -> Option<Vec<PathBuf>> {
    match may_be_absent {
        true => table.or_default(key, reader),
        false => table.required(key, reader),
    }
}

/// `https://host[:port]`, nothing behind it.
pub(super) fn address(
    key: &'static str,
    table: &mut Table<'_>,
    reader: &mut Reader,
) -> Option<String> {
    let written: String = table.required(key, reader)?;
    let host = written.strip_prefix("https://").unwrap_or_default();
    let plain = host
        .bytes()
        .all(|one| one.is_ascii_alphanumeric() || b".-:[]".contains(&one));
    if host.is_empty() || !plain {
        let place = table.values(key).next().map(Value::place)?;
        reader.mistake(
            &place,
            "serve https://nome, o https://nome:porta, senza altro",
        );
        return None;
    }
    Some(written)
}

/// A time with its default and its longest, in seconds.
fn within(
    table: &mut Table<'_>,
    key: &'static str,
    (usual, longest): (u64, u64),
    reader: &mut Reader,
) -> Option<Span> {
    let written: Span = table.or(key, seconds(usual), reader)?;
    if written.0.is_zero() || written > seconds(longest) {
        let place = table.values(key).next().map(Value::place)?;
        reader.mistake(&place, format!("da 1s a {longest}s"));
        return None;
    }
    Some(written)
}

/// Where a browser may be sent: addresses that nobody on the way can change.
fn is_return(written: &str) -> bool {
    let visible = written
        .bytes()
        .all(|one| one.is_ascii_graphic() && one != b'#');
    let host = |scheme: &str| {
        let rest = written.strip_prefix(scheme)?;
        rest.split(['/', ':', '?']).next()
    };
    let secure = host("https://").is_some_and(|host| !host.is_empty());
    visible && written.len() <= 500 && (secure || host("http://") == Some("localhost"))
}

fn seconds(number: u64) -> Span {
    Span(Duration::from_secs(number))
}

/// Letters, digits, hyphens and dots, as SNI carries it.
fn is_host(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'-')
    };
    name.len() <= 253 && name.split('.').all(label)
}
