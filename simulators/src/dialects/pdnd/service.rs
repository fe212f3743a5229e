//! One e-service: a municipality's registry in the shape of `d6`, for whoever shows a voucher that was given for it.

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use aws_lc_rs::digest::{SHA256, digest};
use chrono::Utc;
use serde_json::{Value, json};

use super::jws::Token;
use super::office::{Office, Purpose};
use super::{DIALECT, one, proof};
use crate::delivery::Reply;
use crate::dialects::d6;
use crate::faults::FaultKind;
use crate::world::World;

pub async fn ricerca_individui(
    request: HttpRequest,
    body: Bytes,
    world: Data<World>,
) -> HttpResponse {
    let judged = judge(&world.pdnd, &request);
    let ente = judged.as_ref().ok().and_then(|(_, ente)| ente.as_deref());
    let turn = world.begin(&DIALECT, "RicercaIndividui", ente);
    let reply = match &judged {
        _ if turn.shows(FaultKind::AuthFail) || turn.shows(FaultKind::ExpiredToken) => {
            denied("by order")
        }
        _ if turn.shows(FaultKind::InternalError) => Reply::new(500, ""),
        _ if turn.shows(FaultKind::TooManyRequests) => Reply {
            retry_after: Some(2),
            ..Reply::new(429, "")
        },
        Err(what) => denied(what),
        Ok((_, ente)) => match ente.as_deref().and_then(|ente| world.served(ente)) {
            Some(served) => d6::individual(&world.population, served, &body),
            None => denied("the e-service is somebody else's"),
        },
    };
    turn.deliver(&request, reply).await
}

/// The purpose of a voucher that opens the e-service, with its municipality; or what is wrong with it.
fn judge(
    office: &Office,
    request: &HttpRequest,
) -> Result<(Purpose, Option<String>), &'static str> {
    let authorization = one(request, AUTHORIZATION.as_str())?;
    let (scheme, text) = authorization.split_once(' ').ok_or("no scheme")?;
    let voucher = office.voucher(text, Utc::now().timestamp())?;
    check_holder(office, request, &voucher, (scheme, text))?;
    let purpose = office.purpose(voucher.text("purposeId").unwrap_or_default());
    let purpose = purpose.ok_or("no purpose")?;
    let named = [
        ("aud", &purpose.audience),
        ("eserviceId", &purpose.eservice_id),
        ("descriptorId", &purpose.descriptor_id),
        ("producerId", &purpose.producer_id),
        ("consumerId", &purpose.consumer_id),
    ];
    if named
        .iter()
        .any(|(claim, wanted)| voucher.text(claim) != Some(wanted))
    {
        return Err("a voucher for something else");
    }
    if purpose.audit {
        check_evidence(office, request, &voucher)?;
    }
    let ente = purpose.ente.clone();
    Ok((purpose, ente))
}

/// A voucher that is bound to a key comes with a proof of it, any other without.
fn check_holder(
    office: &Office,
    request: &HttpRequest,
    voucher: &Token,
    (scheme, text): (&str, &str),
) -> Result<(), &'static str> {
    let holder = voucher
        .claims
        .get("cnf")
        .and_then(|cnf| cnf["jkt"].as_str());
    match (holder, scheme) {
        (None, "Bearer") => Ok(()),
        (Some(holder), "DPoP") => {
            let proof = one(request, "dpop")?;
            match proof::check(office, request, proof, Some(text))? == holder {
                true => Ok(()),
                false => Err("proof of another key"),
            }
        }
        _ => Err("another scheme"),
    }
}

/// AUDIT_REST_02: evidence of the user, signed by the client, whose digest stands in the voucher.
fn check_evidence(
    office: &Office,
    request: &HttpRequest,
    voucher: &Token,
) -> Result<(), &'static str> {
    let text = one(request, "agid-jwt-trackingevidence")?;
    let bound = voucher.claims.get("digest").unwrap_or(&Value::Null);
    let told = hex::encode(digest(&SHA256, text.as_bytes()));
    if *bound != json!({ "alg": "SHA256", "value": told }) {
        return Err("evidence of another voucher");
    }
    let evidence = Token::read(text).ok_or("no evidence")?;
    let key = office.client_key(evidence.header_text("kid").unwrap_or_default());
    if !key.is_some_and(|key| evidence.is_signed_by(&key)) {
        return Err("signature of the evidence");
    }
    let nonce = evidence.text("dnonce").unwrap_or_default();
    let same = ["purposeId", "aud"]
        .iter()
        .all(|claim| evidence.text(claim) == voucher.text(claim));
    let complete = evidence.text("iss") == voucher.text("client_id")
        && nonce.len() == 13
        && nonce.bytes().all(|byte| byte.is_ascii_digit())
        && ["userID", "userLocation", "LoA"]
            .iter()
            .all(|claim| evidence.text(claim).is_some_and(|text| !text.is_empty()));
    let now = Utc::now().timestamp();
    let in_time = evidence.number("iat").is_some_and(|at| at <= now + 5)
        && evidence.number("exp").is_some_and(|at| now < at);
    if !(same && complete && in_time) {
        return Err("claims of the evidence");
    }
    match office.is_first("evidence", evidence.text("jti").unwrap_or_default()) {
        true => Ok(()),
        false => Err("evidence used before"),
    }
}

fn denied(what: &str) -> Reply {
    Reply::new(
        401,
        json!({ "title": "Unauthorized", "status": 401, "detail": what }).to_string(),
    )
}
