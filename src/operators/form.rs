//! What an officer's form sends, and the token that shows that it was our form.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use uuid::Uuid;

use crate::api::http::{Request, Response};
use crate::broker::error::Malformed;

use super::caller::Caller;

/// Fields of a form at most.
const MOST_FIELDS: usize = 64;

/// Seals forms: another site can have an officer's browser send a form with the officer's certificate, but not this token.
#[derive(Clone)]
pub(super) struct Seal {
    key: hmac::Key,
}

impl Seal {
    /// A seal of this process: forms from before a restart are shown again.
    pub(super) fn new() -> Seal {
        let key: [u8; 32] = rand::random();
        Seal {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
        }
    }

    /// The token of a form: of this officer's certificate, this request, as it is now.
    pub(super) fn token(&self, caller: &Caller, id: Uuid, version: i64) -> String {
        let text = text(caller, id, version);
        hex::encode(hmac::sign(&self.key, &text))
    }

    /// Whether the token is that of the form.
    pub(super) fn is_genuine(&self, caller: &Caller, id: Uuid, version: i64, token: &str) -> bool {
        let token = hex::decode(token).unwrap_or_default();
        hmac::verify(&self.key, &text(caller, id, version), &token).is_ok()
    }
}

fn text(caller: &Caller, id: Uuid, version: i64) -> Vec<u8> {
    let (certificate, version) = (caller.certificate(), version.to_be_bytes());
    [&certificate[..], id.as_bytes(), &version].concat()
}

/// What an officer's form sends, if it is one of ours.
pub(super) fn filled(
    caller: &Caller,
    request: &Request,
) -> Result<BTreeMap<String, String>, Response> {
    let body = request
        .body
        .as_ref()
        .map_err(|fault| caller.malformed(fault.clone()))?;
    is_ours(request).map_err(|fault| caller.malformed(fault))?;
    read(body).ok_or_else(|| caller.malformed(wrong("corpo")))
}

/// Refuses what is no form, and forms that a browser says another site sent.
fn is_ours(request: &Request) -> Result<(), Malformed> {
    let field = |name| request.head.field(name).unwrap_or_default();
    let media = field("content-type").split(|byte| *byte == b';').next();
    let is_form = media.is_some_and(|media| {
        media
            .trim_ascii()
            .eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
    });
    if !is_form {
        return Err(Malformed::MediaType);
    }
    match field("sec-fetch-site") {
        b"" | b"same-origin" | b"none" => Ok(()),
        _ => Err(Malformed::Field {
            field: "Sec-Fetch-Site".to_owned(),
            reason: "il modulo si invia dalla pagina di Pontile".to_owned(),
        }),
    }
}

/// Something of the form expected elsewhere.
pub(super) fn wrong(field: &str) -> Malformed {
    Malformed::Field {
        field: field.to_owned(),
        reason: "non è quello del modulo".to_owned(),
    }
}

/// Names and texts of a form; `None`: it is out of form, or names something twice.
fn read(body: &[u8]) -> Option<BTreeMap<String, String>> {
    let mut fields = BTreeMap::new();
    for pair in body
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
    {
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        let name = decoded(parts.next()?)?;
        let text = decoded(parts.next().unwrap_or_default())?;
        if fields.len() == MOST_FIELDS || fields.insert(name, text).is_some() {
            return None;
        }
    }
    Some(fields)
}

fn decoded(text: &[u8]) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let pair = [*bytes.next()?, *bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?
            }
            other => *other,
        });
    }
    // A control character has no place in any field.
    String::from_utf8(out)
        .ok()
        .filter(|text| !text.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        let read = read(b"cognome=D%27ANGELO&nome=NICCOL%C3%92+MARIA&vuoto=").expect("a form");
        assert_eq!(read["cognome"], "D'ANGELO");
        assert_eq!(read["nome"], "NICCOLÒ MARIA");
        assert_eq!(read["vuoto"], "");
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for wrong in [&b"a=1&a=2"[..], b"a=%4", b"a=%zz", b"a=%ff", b"a=%00"] {
            assert!(read(wrong).is_none(), "{wrong:?}");
        }
    }
}
