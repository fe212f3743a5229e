//! A signed token in compact form (RFC 7515): read within bounds, and opened only by the key that signed it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::claims::Claims;
use super::error::JoseError;
use super::json::text;
use super::key::PublicKey;
use super::{decode, json};

/// Bytes of a token at most: claims of a few hundred and a chain of four certificates fit in half of it.
pub const MOST_BYTES: usize = 16 * 1024;

/// Characters of a `kid` at most.
const MOST_KEY_ID: usize = 256;

/// Certificates in an `x5c` at most.
const MOST_CERTIFICATES: usize = 6;

/// What is accepted at one place; nothing else is (RFC 8725, 3.1 and 3.11).
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The algorithms of this peer.
    pub algorithms: &'a [Algorithm],
    /// The types (`typ`), compared without regard to case or a leading `application/`.
    pub types: &'a [&'a str],
    /// Whether the type may be left out.
    pub untyped: bool,
}

/// What the protected header says, believed by nobody before the signature is verified.
#[derive(Debug)]
pub struct Header {
    /// `alg`, one of those expected.
    pub algorithm: Algorithm,
    /// `kid`: a name to be compared, never a path or a query.
    pub key_id: Option<String>,
    /// `x5c`, DER, leaf first.
    pub certificates: Vec<Vec<u8>>,
    /// `x5t#S256`: SHA-256 of the leaf's DER.
    pub certificate_digest: Option<[u8; 32]>,
    /// `x5u`, not looked at.
    pub certificate_address: Option<String>,
    /// `jwk`: the key that the sender holds, which proves nothing about who that is.
    pub key: Option<PublicKey>,
}

/// A token as it was sent: its claims are closed until a key has verified it.
#[derive(Debug)]
pub struct Token<'a> {
    header: Header,
    signed: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    /// Reads a token in compact form.
    pub fn read(text: &'a str, expected: &Expected<'_>) -> Result<Token<'a>, JoseError> {
        if text.len() > MOST_BYTES {
            return Err(JoseError::TooLong);
        }
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(JoseError::NotCompact);
        };
        let signed = &text[..header.len() + 1 + payload.len()];
        let header = Header::read(&json::object(&decode(header)?)?, expected)?;
        let signature = decode(signature)?;
        Ok(Token {
            header,
            signed,
            payload,
            signature,
        })
    }

    /// What its header says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Opens it with a key, which the caller has reason to trust.
    pub fn verify(&self, key: &PublicKey) -> Result<Claims, JoseError> {
        key.verify(
            self.header.algorithm,
            self.signed.as_bytes(),
            &self.signature,
        )?;
        let claims = json::object(&decode(self.payload)?)?;
        Ok(Claims::new(claims))
    }
}

impl Header {
    fn read(members: &Map<String, Value>, expected: &Expected<'_>) -> Result<Header, JoseError> {
        let algorithm = text(members, "alg")?.ok_or(JoseError::Missing("alg"))?;
        let algorithm = Algorithm::read(algorithm)?;
        if !expected.algorithms.contains(&algorithm) {
            return Err(JoseError::AlgorithmNotAccepted);
        }
        // We know no extension, so any that must be understood is not.
        if members.contains_key("crit") || members.contains_key("b64") {
            return Err(JoseError::CriticalUnknown);
        }
        match text(members, "typ")? {
            Some(written) if expected.accepts(written) => {}
            None if expected.untyped => {}
            Some(_) | None => return Err(JoseError::TypeNotAccepted),
        }
        let key_id = text(members, "kid")?;
        if key_id.is_some_and(|id| id.is_empty() || id.len() > MOST_KEY_ID) {
            return Err(JoseError::Malformed("kid"));
        }
        Ok(Header {
            algorithm,
            key_id: key_id.map(str::to_owned),
            certificates: certificates(members)?,
            certificate_digest: certificate_digest(members)?,
            certificate_address: text(members, "x5u")?.map(str::to_owned),
            key: own_key(members)?,
        })
    }
}

impl Expected<'_> {
    fn accepts(&self, written: &str) -> bool {
        let short = |name: &str| -> String {
            let name = name.to_ascii_lowercase();
            let bare = name.strip_prefix("application/").map(str::to_owned);
            bare.unwrap_or(name)
        };
        let written = short(written);
        self.types.iter().any(|one| short(one) == written)
    }
}

/// `x5c`: plain base64 of DER, unlike everything else (RFC 7515, 4.1.6).
fn certificates(members: &Map<String, Value>) -> Result<Vec<Vec<u8>>, JoseError> {
    let malformed = || JoseError::Malformed("x5c");
    let Some(written) = members.get("x5c") else {
        return Ok(Vec::new());
    };
    let written = written.as_array().ok_or_else(malformed)?;
    if written.is_empty() || written.len() > MOST_CERTIFICATES {
        return Err(malformed());
    }
    written
        .iter()
        .map(|one| {
            let text = one.as_str().ok_or_else(malformed)?;
            BASE64_STANDARD.decode(text).map_err(|_| malformed())
        })
        .collect()
}

fn certificate_digest(members: &Map<String, Value>) -> Result<Option<[u8; 32]>, JoseError> {
    let Some(written) = text(members, "x5t#S256")? else {
        return Ok(None);
    };
    let bytes = decode(written)?;
    let digest = bytes
        .try_into()
        .map_err(|_| JoseError::Malformed("x5t#S256"))?;
    Ok(Some(digest))
}

fn own_key(members: &Map<String, Value>) -> Result<Option<PublicKey>, JoseError> {
    let Some(written) = members.get("jwk") else {
        return Ok(None);
    };
    let members = written.as_object().ok_or(JoseError::Malformed("jwk"))?;
    PublicKey::of_jwk(members).map(Some)
}
