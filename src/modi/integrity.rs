//! `INTEGRITY_REST`: the digest of the body, and the headers that stand in the signature.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{Algorithm as Sha, SHA256, SHA384, SHA512, digest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::error::Fault;
use super::message::Message;
use crate::jose::Claims;

/// Headers that must be signed where they are sent (AgID, INTEGRITY_REST_01); and who asks, lest one person's question be sent
/// with another's token.
const ALWAYS: [&str; 3] = ["content-type", "content-encoding", "citizen-token"];

/// Headers in `signed_headers` at most.
const MOST_HEADERS: usize = 32;

/// Holds a message against the claims of its signature; gives back the names of the headers that are signed.
pub(super) fn check(
    message: &Message<'_>,
    claims: &Claims,
    besides: &BTreeSet<String>,
) -> Result<BTreeSet<String>, Fault> {
    let signed = signed_headers(claims)?;
    let mut names = BTreeSet::new();
    for (name, value) in signed {
        let received = message.field(name)?.ok_or(Fault::HeaderChanged)?;
        if received != value.trim() {
            return Err(Fault::HeaderChanged);
        }
        if !names.insert(name.to_owned()) {
            return Err(Fault::SignedHeadersMalformed);
        }
    }
    for name in ALWAYS.into_iter().chain(besides.iter().map(String::as_str)) {
        if message.field(name)?.is_some() && !names.contains(name) {
            return Err(Fault::HeaderNotSigned);
        }
    }
    match message.field("digest")? {
        Some(written) => {
            check_digest(written, message.body)?;
            if !names.contains("digest") {
                return Err(Fault::HeaderNotSigned);
            }
        }
        None if message.body.is_empty() => {}
        None => return Err(Fault::DigestAbsent),
    }
    Ok(names)
}

/// `Digest` of a body with SHA-256, as answers and calls to back ends carry it.
pub fn digest_of(body: &[u8]) -> String {
    format!(
        "SHA-256={}",
        BASE64_STANDARD.encode(digest(&SHA256, body).as_ref())
    )
}

/// Names and values, each an object of one member.
fn signed_headers(claims: &Claims) -> Result<Vec<(&str, &str)>, Fault> {
    let malformed = Fault::SignedHeadersMalformed;
    let list = claims
        .get("signed_headers")
        .and_then(Value::as_array)
        .ok_or(malformed)?;
    if list.len() > MOST_HEADERS {
        return Err(malformed);
    }
    list.iter()
        .map(|entry| {
            let members = entry.as_object().ok_or(malformed)?;
            let mut members = members.iter();
            match (members.next(), members.next()) {
                (Some((name, Value::String(value))), None) if is_header_name(name) => {
                    Ok((name.as_str(), value.as_str()))
                }
                _ => Err(malformed),
            }
        })
        .collect()
}

/// Names are lower case (AgID, INTEGRITY_REST_01).
fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

pub(super) fn check_digest(written: &str, body: &[u8]) -> Result<(), Fault> {
    let (name, value) = written.split_once('=').ok_or(Fault::DigestMalformed)?;
    let algorithm: &'static Sha = match name.trim().to_ascii_uppercase().as_str() {
        "SHA-256" => &SHA256,
        "SHA-384" => &SHA384,
        "SHA-512" => &SHA512,
        _ => return Err(Fault::DigestMalformed),
    };
    let said = BASE64_STANDARD
        .decode(value.trim())
        .map_err(|_| Fault::DigestMalformed)?;
    match digest(algorithm, body).as_ref() == said {
        true => Ok(()),
        false => Err(Fault::DigestWrong),
    }
}
