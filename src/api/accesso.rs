//! `POST /accesso/token`: the code of a citizen's log-in against tokens (OpenID Connect, RFC 6749). Its contract is the discovery
//! document of the login host, not ours: errors carry `error` as OAuth has it.

use bytes::Bytes;

use crate::broker::arrival::Asked;
use crate::broker::login::Redemption;

use super::http::{Head, Request, Response};
use super::intake::{self, Intake};

/// The media type of the form.
const FORM: &str = "application/x-www-form-urlencoded";

/// Fields of the form at most.
const MOST_FIELDS: usize = 16;

pub(super) async fn token(intake: Intake, request: &Request) -> Response {
    intake::answer_whatever(intake, request, |request, body| {
        Ok(Asked::LogIn(read(&request.head, body)))
    })
    .await
}

/// The form; none where a field that is needed is absent or there twice.
fn read(head: &Head, body: &Bytes) -> Option<Redemption> {
    let kind = std::str::from_utf8(head.field("content-type")?).ok()?;
    let media = kind.split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case(FORM) || !head.query().is_empty() {
        return None;
    }
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body).ok()?;
    if fields.len() > MOST_FIELDS {
        return None;
    }
    let once = |name: &str| {
        let mut values = fields.iter().filter(|(field, _)| field == name);
        let value = values.next().map(|(_, value)| value.clone());
        value.filter(|_| values.next().is_none())
    };
    Some(Redemption {
        grant_type: once("grant_type")?,
        code: once("code")?,
        redirect_uri: once("redirect_uri")?,
        client_id: once("client_id")?,
        verifier: once("code_verifier")?,
    })
}
