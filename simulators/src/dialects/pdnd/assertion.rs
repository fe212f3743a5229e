//! The token endpoint: an assertion is held against what the platform publishes of it, to the letter, before a voucher is given.

use actix_web::HttpRequest;
use chrono::Utc;
use serde::Deserialize;
use serde_json::{Value, json};

use super::jws::{Token, thumbprint};
use super::office::{ISSUER, Office, Purpose};
use super::random_uuid;
use crate::delivery::Reply;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Seconds that clocks may differ.
const SKEW: i64 = 5;

/// Seconds that an assertion may live at most.
const LONGEST: i64 = 3600;

/// The form of RFC 7523.
#[derive(Deserialize)]
pub struct Asked {
    client_id: Option<String>,
    #[serde(default)]
    client_assertion: String,
    #[serde(default)]
    client_assertion_type: String,
    #[serde(default)]
    grant_type: String,
}

/// Why no voucher is given, as `errors` tells it.
type Refusal = (&'static str, &'static str);

/// What an assertion proved.
struct Proven {
    client: String,
    purpose: Purpose,
    digest: Option<Value>,
}

/// A voucher, or a problem.
pub fn answer(office: &Office, request: &HttpRequest, asked: &Asked) -> Reply {
    let given = judge(office, asked).and_then(|proven| {
        let holder = proof_of(office, request)?;
        Ok((proven, holder))
    });
    match given {
        Ok((proven, holder)) => granted(office, &proven, holder),
        Err(refusal) => refused(400, refusal),
    }
}

/// The problem document of the platform.
pub fn refused(status: u16, (code, detail): Refusal) -> Reply {
    let problem = json!({
        "type": "about:blank", "title": "Bad request", "status": status, "detail": "Unable to generate a token",
        "correlationId": random_uuid(), "errors": [{ "code": code, "detail": detail }],
    });
    Reply::new(status, problem.to_string())
}

fn judge(office: &Office, asked: &Asked) -> Result<Proven, Refusal> {
    if asked.client_assertion_type != ASSERTION_TYPE {
        return Err(("015-9001", "client_assertion_type"));
    }
    if asked.grant_type != "client_credentials" {
        return Err(("015-9002", "grant_type"));
    }
    let token = Token::read(&asked.client_assertion).ok_or(("015-9003", "client_assertion"))?;
    if !token.header_is(&["alg", "typ", "kid"]) || token.header_text("typ") != Some("JWT") {
        return Err(("015-9004", "header of the assertion"));
    }
    if token.header_text("alg") != Some("RS256") {
        return Err(("015-9005", "alg"));
    }
    let id = token.text("sub").unwrap_or_default();
    let client = office.client(id).ok_or(("015-9006", "unknown client"))?;
    if asked.client_id.as_deref().is_some_and(|named| named != id) || token.text("iss") != Some(id)
    {
        return Err(("015-9007", "client_id, iss and sub differ"));
    }
    let kid = token.header_text("kid").unwrap_or_default();
    if kid.len() != 43 || thumbprint(&client.key) != kid {
        return Err(("015-9008", "kid"));
    }
    if !token.is_signed_by(&client.key) {
        return Err(("015-9009", "signature"));
    }
    check_claims(office, &token)?;
    let purpose = office.purpose(token.text("purposeId").unwrap_or_default());
    let purpose = purpose.filter(|purpose| purpose.consumer_id == client.consumer_id);
    Ok(Proven {
        client: id.to_owned(),
        purpose: purpose.ok_or(("015-9014", "purposeId"))?,
        digest: token.claims.get("digest").cloned(),
    })
}

/// Exactly the claims of the published documentation, each as it must be.
fn check_claims(office: &Office, token: &Token) -> Result<(), Refusal> {
    let known = [
        "iss",
        "sub",
        "aud",
        "jti",
        "iat",
        "exp",
        "purposeId",
        "digest",
    ];
    if token
        .claims
        .keys()
        .any(|name| !known.contains(&name.as_str()))
    {
        return Err(("015-9010", "a claim that has no place here"));
    }
    if token.text("aud") != Some(&format!("{ISSUER}/client-assertion")) {
        return Err(("015-9011", "aud"));
    }
    let now = Utc::now().timestamp();
    let (issued, ends) = (token.number("iat"), token.number("exp"));
    let in_time = issued.zip(ends).is_some_and(|(issued, ends)| {
        issued <= now + SKEW && now < ends && issued < ends && ends - issued <= LONGEST
    });
    if !in_time {
        return Err(("015-9012", "iat or exp"));
    }
    let id = token.text("jti").unwrap_or_default();
    if id.is_empty() || !office.is_first("assertion", id) {
        return Err(("015-9013", "jti"));
    }
    match token.claims.get("digest").is_none_or(is_digest) {
        true => Ok(()),
        false => Err(("015-9015", "digest")),
    }
}

fn is_digest(digest: &Value) -> bool {
    let value = digest["value"].as_str().unwrap_or_default();
    digest.as_object().is_some_and(|members| members.len() == 2)
        && digest["alg"] == "SHA256"
        && value.len() == 64
        && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The thumbprint of the key that the client proves to hold, where it sends a proof (RFC 9449).
fn proof_of(office: &Office, request: &HttpRequest) -> Result<Option<String>, Refusal> {
    let Some(proof) = request.headers().get("dpop") else {
        return Ok(None);
    };
    let proof = proof.to_str().unwrap_or_default();
    super::proof::check(office, request, proof, None)
        .map(Some)
        .map_err(|what| ("015-9016", what))
}

fn granted(office: &Office, proven: &Proven, holder: Option<String>) -> Reply {
    let (now, life) = (Utc::now().timestamp(), office.life());
    let Purpose {
        purpose_id,
        consumer_id,
        eservice_id,
        descriptor_id,
        producer_id,
        audience,
        ..
    } = &proven.purpose;
    let mut claims = json!({
        "iss": ISSUER, "aud": audience, "sub": proven.client, "client_id": proven.client, "jti": random_uuid(),
        "iat": now, "nbf": now, "exp": now + life, "purposeId": purpose_id, "consumerId": consumer_id,
        "eserviceId": eservice_id, "descriptorId": descriptor_id, "producerId": producer_id,
    });
    if let Some(digest) = &proven.digest {
        claims["digest"] = digest.clone();
    }
    let kind = match holder {
        Some(thumbprint) => {
            claims["cnf"] = json!({ "jkt": thumbprint });
            "DPoP"
        }
        None => "Bearer",
    };
    match office.sign(&claims) {
        Some(voucher) => {
            let answer = json!({ "access_token": voucher, "token_type": kind, "expires_in": life });
            Reply::new(200, answer.to_string())
        }
        None => refused(500, ("015-9991", "no key")),
    }
}
