//! One request at the token endpoint of the PDND's authorization server, and what its answer means.

use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::Utc;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use secrecy::SecretString;
use serde::Deserialize;

use super::{Granted, Vouchers, fault};
use crate::config::back_end_pdnd::PdndUse;
use crate::connectors::error::{ConnectorError, Kind, Retry};
use crate::connectors::http::{HttpRequest, HttpResponse};

/// Bytes of a voucher at most.
const LARGEST: usize = 8 << 10;

/// Seconds that a voucher is believed to hold at most.
const LONGEST: u64 = 86_400;

/// How long to leave the server alone where it asks for fewer requests and does not say.
const PAUSE: Duration = Duration::from_secs(1);

/// RFC 6749, 5.1.
#[derive(Deserialize)]
struct Given {
    access_token: String,
    token_type: String,
    expires_in: u64,
}

/// The PDND's problem document.
#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    errors: Vec<ProblemCode>,
}

#[derive(Deserialize)]
struct ProblemCode {
    code: String,
}

impl Vouchers {
    /// Asks for a voucher; whatever fails, the back end was not called.
    pub(super) async fn ask(
        &self,
        of: &PdndUse,
        evidence: Option<[u8; 32]>,
    ) -> Result<Granted, ConnectorError> {
        let leave = self.breaker.enter().map_err(|wait| {
            let text = "who issues vouchers is left alone after repeated failures";
            ConnectorError::later(Kind::VoucherUnavailable, wait, text).before_anything_was_done()
        })?;
        let asked = self.ask_server(of, evidence).await;
        match &asked {
            // One that asks for fewer requests is there.
            Err(ConnectorError {
                kind: Kind::VoucherUnavailable,
                retry: Retry::Never | Retry::Now,
                ..
            }) => {
                if leave.failed() {
                    tracing::warn!(instance = %self.instance, "interruttore aperto: a chi emette i voucher non se ne chiedono");
                }
            }
            // Our own fault says nothing about the server.
            Err(error) if matches!(error.kind, Kind::Gateway | Kind::NotSigned) => drop(leave),
            Ok(_) | Err(_) => {
                leave.answered();
            }
        }
        if let Err(error) = &asked
            && error.kind == Kind::VoucherRefused
        {
            // The key may have been changed: the next request reads it again.
            self.clients.lock().remove(&of.client);
        }
        asked.map_err(ConnectorError::before_anything_was_done)
    }

    async fn ask_server(
        &self,
        of: &PdndUse,
        evidence: Option<[u8; 32]>,
    ) -> Result<Granted, ConnectorError> {
        let request = self.request(of, evidence).await?;
        let asked = Instant::now();
        let deadline = asked + self.bounds.answer_deadline.0;
        let answer = self.server()?.send(request, deadline).await;
        let answer = answer.map_err(|error| match error.kind {
            Kind::Gateway => error,
            _ => unavailable(&error.to_string()),
        })?;
        self.granted(&answer, asked)
    }

    async fn request(
        &self,
        of: &PdndUse,
        evidence: Option<[u8; 32]>,
    ) -> Result<HttpRequest, ConnectorError> {
        let client = self.client(of)?;
        let audience = &self.settings.audience;
        let assertion = client.assertion(audience, &of.purpose_id, evidence, Utc::now());
        let assertion = assertion
            .await
            .map_err(|error| ConnectorError::unsigned(&error))?;
        // None of these characters needs an escape but the colons, which have theirs.
        let body = format!(
            "client_id={}&client_assertion={assertion}\
             &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
             &grant_type=client_credentials",
            client.own.issuer
        );
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let json = HeaderValue::from_static("application/json");
        let mut headers = vec![(CONTENT_TYPE, form), (ACCEPT, json)];
        if let Some(holder) = self.holder()? {
            let address = &self.settings.token_address;
            let proof = holder.proof("POST", address, None, Utc::now()).await;
            let proof = proof.map_err(|error| fault(&format!("no proof: {error}")))?;
            headers.push((HeaderName::from_static("dpop"), sensitive(&proof)?));
        }
        Ok(HttpRequest {
            method: http::Method::POST,
            path: String::new(),
            headers,
            body: Bytes::from(body),
            // An assertion serves once.
            repeatable: false,
        })
    }

    fn granted(&self, answer: &HttpResponse, asked: Instant) -> Result<Granted, ConnectorError> {
        match answer.status {
            200 => {}
            400 | 401 | 403 => {
                let text = format!("status {} from who issues vouchers", answer.status);
                let error = ConnectorError::permanent(Kind::VoucherRefused, text);
                return Err(match code_of(&answer.body) {
                    Some(code) => error.with_code(code),
                    None => error,
                });
            }
            429 => {
                let text = "who issues vouchers asks for fewer requests";
                let pause = pause_of(answer).unwrap_or(PAUSE);
                return Err(ConnectorError::later(Kind::VoucherUnavailable, pause, text));
            }
            status => return Err(unavailable(&format!("status {status}"))),
        }
        let given: Given = serde_json::from_slice(&answer.body)
            .map_err(|_| unavailable("an answer that is no voucher"))?;
        let wanted = if self.settings.dpop { "DPoP" } else { "Bearer" };
        let token = &given.access_token;
        let in_form = (1..=LARGEST).contains(&token.len())
            && token.bytes().all(|byte| byte.is_ascii_graphic());
        if !in_form || given.expires_in == 0 {
            return Err(unavailable("a voucher out of form"));
        }
        if !given.token_type.eq_ignore_ascii_case(wanted) {
            return Err(unavailable("a voucher of another type"));
        }
        Ok(Granted {
            secret: SecretString::from(given.access_token),
            is_bound: self.settings.dpop,
            lifetime: Duration::from_secs(given.expires_in.min(LONGEST)),
            asked,
        })
    }
}

/// A header whose value never shows in logs.
pub(in crate::connectors) fn sensitive(text: &str) -> Result<HeaderValue, ConnectorError> {
    let mut value =
        HeaderValue::from_str(text).map_err(|_| fault("a token that cannot be sent"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn unavailable(reason: &str) -> ConnectorError {
    ConnectorError::passing(
        Kind::VoucherUnavailable,
        format!("who issues vouchers: {reason}"),
    )
}

/// The first code of the problem, where it is in the PDND's form: nothing else of it is repeated.
fn code_of(body: &[u8]) -> Option<String> {
    let problem: Problem = serde_json::from_slice(body).ok()?;
    let code = problem.errors.into_iter().next()?.code;
    let (family, number) = code.split_once('-')?;
    let digits = |text: &str, many| text.len() == many && text.bytes().all(|b| b.is_ascii_digit());
    (digits(family, 3) && digits(number, 4)).then_some(code)
}

/// How long the server wants to be left alone: `Retry-After` in seconds, or the interval in milliseconds that the PDND tells.
fn pause_of(answer: &HttpResponse) -> Option<Duration> {
    let number = |name: &HeaderName| {
        let text = answer.headers.get(name)?.to_str().ok()?;
        text.parse::<u64>().ok()
    };
    let seconds = number(&RETRY_AFTER).map(Duration::from_secs);
    let interval = || number(&HeaderName::from_static("x-rate-limit-interval"));
    seconds.or_else(|| interval().map(Duration::from_millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_problem_only_a_code_in_its_form_is_repeated() {
        let of = |text: &str| code_of(text.as_bytes());
        let problem = r#"{"errors":[{"code":"015-0008","detail":"client a of RSSMRA80A01C933H"}]}"#;
        assert_eq!(of(problem).as_deref(), Some("015-0008"));
        assert_eq!(of(r#"{"errors":[{"code":"RSSMRA80A01C933H"}]}"#), None);
        assert_eq!(of("<html>"), None);
        assert_eq!(of("{}"), None);
    }
}
