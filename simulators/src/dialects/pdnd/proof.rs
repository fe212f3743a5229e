//! DPoP proofs (RFC 9449): of this request, a minute old at most, once.

use actix_web::HttpRequest;
use aws_lc_rs::digest::{SHA256, digest};
use chrono::Utc;
use serde_json::Value;

use super::jws::{Token, encoded, thumbprint};
use super::office::Office;

/// Seconds that a proof lives, and that clocks may differ.
const LIFE: i64 = 60;
const SKEW: i64 = 10;

/// The thumbprint of the proof's key; or what is wrong. At the resource the proof goes with a voucher.
pub fn check(
    office: &Office,
    request: &HttpRequest,
    proof: &str,
    voucher: Option<&str>,
) -> Result<String, &'static str> {
    let token = Token::read(proof).ok_or("no proof")?;
    if !token.header_is(&["alg", "typ", "jwk"]) || token.header_text("typ") != Some("dpop+jwt") {
        return Err("header of the proof");
    }
    let key = token.header.get("jwk").unwrap_or(&Value::Null);
    if key.get("d").is_some() || !token.is_signed_by(key) {
        return Err("signature of the proof");
    }
    let claims = 4 + usize::from(voucher.is_some());
    if token.claims.len() != claims {
        return Err("claims of the proof");
    }
    let connection = request.connection_info();
    let address = format!(
        "{}://{}{}",
        connection.scheme(),
        connection.host(),
        request.path()
    );
    if token.text("htm") != Some(request.method().as_str()) || token.text("htu") != Some(&address) {
        return Err("htm or htu");
    }
    let told = voucher.map(|voucher| encoded(digest(&SHA256, voucher.as_bytes())));
    if token.text("ath") != told.as_deref() {
        return Err("ath");
    }
    let now = Utc::now().timestamp();
    let issued = token.number("iat").ok_or("iat")?;
    if issued > now + SKEW || issued < now - LIFE - SKEW {
        return Err("iat");
    }
    let id = token.text("jti").unwrap_or_default();
    match !id.is_empty() && office.is_first("proof", id) {
        true => Ok(thumbprint(key)),
        false => Err("jti"),
    }
}
