//! What stands before the registry: the voucher, the evidence of the user and the signed message, each held against the others.

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::Utc;
use serde_json::{Value, json};

use super::Service;
use crate::dialects::pdnd::jws::{Token, thumbprint};
use crate::dialects::pdnd::office::Office;
use crate::dialects::pdnd::one;

/// Seconds that clocks may differ, and that a token may be old.
const SKEW: i64 = 5;
const OLDEST: i64 = 300;

/// Why a call does not get through.
pub enum Refusal {
    /// The voucher does not open the e-service.
    Voucher(&'static str),
    /// The tokens of ModI are not in order.
    Interoperability(&'static str),
}

/// The client that calls; or what is wrong.
pub fn judge(
    office: &Office,
    request: &HttpRequest,
    body: &[u8],
    service: Service,
) -> Result<String, Refusal> {
    let voucher = voucher(office, request, service).map_err(Refusal::Voucher)?;
    let client = voucher.text("client_id").unwrap_or_default().to_owned();
    let tokens = Tokens {
        office,
        request,
        service,
        voucher: &voucher,
        client: &client,
    };
    tokens.check_evidence().map_err(Refusal::Interoperability)?;
    tokens
        .check_message(body)
        .map_err(Refusal::Interoperability)?;
    Ok(client)
}

/// A voucher of the platform for this e-service, under a purpose that still stands.
fn voucher(
    office: &Office,
    request: &HttpRequest,
    service: Service,
) -> Result<Token, &'static str> {
    let authorization = one(request, AUTHORIZATION.as_str())?;
    let text = authorization.strip_prefix("Bearer ").ok_or("no bearer")?;
    let voucher = office.voucher(text, Utc::now().timestamp())?;
    let purpose = office.purpose(voucher.text("purposeId").unwrap_or_default());
    let purpose = purpose.ok_or("no purpose")?;
    let audience = service.audience();
    let named = [
        ("aud", &audience),
        ("eserviceId", &purpose.eservice_id),
        ("descriptorId", &purpose.descriptor_id),
        ("producerId", &purpose.producer_id),
        ("consumerId", &purpose.consumer_id),
    ];
    let fits = |(claim, wanted): &(&str, &String)| voucher.text(claim) == Some(wanted);
    match purpose.audience == audience && named.iter().all(fits) {
        true => Ok(voucher),
        false => Err("a voucher for something else"),
    }
}

/// The tokens of ModI that come with a voucher.
struct Tokens<'a> {
    office: &'a Office,
    request: &'a HttpRequest,
    service: Service,
    voucher: &'a Token,
    client: &'a str,
}

impl Tokens<'_> {
    /// AUDIT_REST_02: who asks, and that the voucher was given for this very evidence.
    fn check_evidence(&self) -> Result<(), &'static str> {
        let text = one(self.request, "agid-jwt-trackingevidence")?;
        let bound = self.voucher.claims.get("digest").unwrap_or(&Value::Null);
        let told = hex::encode(digest(&SHA256, text.as_bytes()));
        if *bound != json!({ "alg": "SHA256", "value": told }) {
            return Err("the voucher was given for other evidence");
        }
        let evidence = self.open("evidence of the registry", text)?;
        let user = ["userID", "userLocation", "LoA"];
        let has = |name: &&str| evidence.text(name).is_some_and(|text| !text.is_empty());
        if !user.iter().all(has) {
            return Err("userID, userLocation or LoA");
        }
        let nonce = evidence.text("dnonce").unwrap_or_default();
        if nonce.len() != 13 || !nonce.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("dnonce");
        }
        match evidence.text("purposeId") == self.voucher.text("purposeId") {
            true => Ok(()),
            false => Err("purposeId of the evidence"),
        }
    }

    /// INTEGRITY_REST_02: the message as it was sent, signed.
    fn check_message(&self, body: &[u8]) -> Result<(), &'static str> {
        let told = one(self.request, "digest")?;
        let hash = BASE64_STANDARD.encode(digest(&SHA256, body));
        if told != format!("SHA-256={hash}") {
            return Err("Digest of another body");
        }
        let signature = self.open(
            "signature of the registry",
            one(self.request, "agid-jwt-signature")?,
        )?;
        let signed = signature.claims.get("signed_headers");
        let signed = signed.and_then(Value::as_array).ok_or("signed_headers")?;
        let value_of = |name: &str| {
            let mut all = signed
                .iter()
                .filter_map(|header| header.get(name)?.as_str());
            all.next()
        };
        for name in ["digest", CONTENT_TYPE.as_str()] {
            if value_of(name) != Some(one(self.request, name)?) {
                return Err("a header changed after signing");
            }
        }
        Ok(())
    }

    /// A token that the voucher's client signed for this e-service, now and for the first time.
    fn open(&self, kind: &str, text: &str) -> Result<Token, &'static str> {
        let token = Token::read(text).ok_or("no token")?;
        let client = self.office.client(self.client).ok_or("no client")?;
        if token.header_text("alg") != Some("RS256") || token.header_text("typ") != Some("JWT") {
            return Err("alg or typ");
        }
        if token.header_text("kid") != Some(&thumbprint(&client.key)) {
            return Err("kid");
        }
        if !token.is_signed_by(&client.key) {
            return Err("signature");
        }
        if token.text("iss") != Some(self.client) {
            return Err("iss");
        }
        if token.text("aud") != Some(&self.service.audience()) {
            return Err("aud");
        }
        let now = Utc::now().timestamp();
        let issued = token.number("iat").ok_or("iat")?;
        let from = token.number("nbf").unwrap_or(issued);
        let until = token.number("exp").ok_or("exp")?;
        if issued > now + SKEW || issued < now - OLDEST || from > now + SKEW || until <= now {
            return Err("iat, nbf or exp");
        }
        let id = token.text("jti").unwrap_or_default();
        match !id.is_empty() && self.office.is_first(kind, id) {
            true => Ok(token),
            false => Err("jti"),
        }
    }
}
