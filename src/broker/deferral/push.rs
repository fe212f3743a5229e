//! Delivers results to the portals' own addresses (ModI, NONBLOCK_PUSH_REST): at least once, each try on record before it leaves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{TimeDelta, Utc};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderName, Method};
use uuid::Uuid;

use crate::broker::answer_signature::Signs;
use crate::broker::authorization;
use crate::broker::dispatch;
use crate::broker::error::ExchangeError;
use crate::broker::protection;
use crate::broker::reply::{Answered, Describe, JSON, PROBLEM};
use crate::broker::representation;
use crate::config::calendar::Calendar;
use crate::config::instance::{Bounds, Deferred, InstanceSettings};
use crate::config::portal::{Portal, ReplyTo};
use crate::connectors::http::{HttpClient, HttpRequest};
use crate::contract::richiesta::Stato;
use crate::digest::SaltedDigest;
use crate::gateway::Gateway;
use crate::modi::SignedMessage;
use crate::snapshot::Snapshot;
use crate::store::Richiesta;

use super::kept::{KeptOutcome, KeptQuestion};
use super::note::{Ended, Turn};

/// A try ends within this time.
const PATIENCE: Duration = Duration::from_secs(20);

/// The pause after a try that failed, and the longest that it grows to.
const PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// What leaves.
struct Parcel {
    body: Bytes,
    media_type: &'static str,
    signature: Option<SignedMessage>,
}

/// One try of a delivery; afterwards it is done, or due again, or given up with the request itself.
pub(super) async fn deliver(gateway: &Gateway, mut richiesta: Richiesta, describe: Describe) {
    let delivered = try_once(gateway, &richiesta, describe).await;
    richiesta.push_turns += 1;
    richiesta.push_due = match delivered {
        Ok(()) => None,
        Err(reason) => {
            tracing::warn!(scambio = %richiesta.scambio, portal = richiesta.portal, tries = richiesta.push_turns, %reason, "la consegna di un risultato non è riuscita");
            let pause = PAUSE.saturating_mul(1 << (richiesta.push_turns - 1).min(16));
            let pause = TimeDelta::from_std(pause.min(LONGEST_PAUSE)).unwrap_or(TimeDelta::MAX);
            // Past its retention there is nothing left to deliver.
            Some(Utc::now() + pause).filter(|due| *due < richiesta.gone)
        }
    };
    if let Err(error) = gateway.store.richieste().save(&mut richiesta).await {
        tracing::error!(scambio = %richiesta.scambio, %error, "l'esito di una consegna non si è potuto conservare");
    }
}

async fn try_once(
    gateway: &Gateway,
    richiesta: &Richiesta,
    describe: Describe,
) -> Result<(), String> {
    let (kept, question) = KeptQuestion::read(richiesta).map_err(|failure| failure.to_string())?;
    let snapshot = gateway.snapshot();
    let address = kept.reply_to.as_deref().unwrap_or_default();
    let mut portals = snapshot.portals().iter();
    let portal = portals.find(|portal| portal.name == richiesta.portal);
    let to = portal.and_then(|portal| portal.reply_to.iter().find(|to| to.address == address));
    let to = to.ok_or("the address is not registered any more")?;
    let (scambio, begun) = (Uuid::now_v7(), Utc::now());
    let asking = kept.asking(&question);
    let permit = authorization::grant_again(gateway.snapshot(), &richiesta.portal, &asking);
    let held = representation::still_holds(gateway, kept.representation).await;
    let permit = permit.and_then(|permit| held.map(|()| permit));
    let target = permit
        .as_ref()
        .ok()
        .and_then(|permit| dispatch::target(permit).ok());
    let result = permit
        .as_ref()
        .map_err(Clone::clone)
        .and_then(|permit| match richiesta.state {
            Stato::Completata | Stato::Rifiutata => {
                let delivered = KeptOutcome::read(richiesta)?;
                let delivered = protection::delivered(gateway, permit, delivered)?;
                Ok(Answered::picked_up(permit, &delivered).into_body())
            }
            _ => Err(ExchangeError::RequestExpired),
        });
    let refusal = result
        .as_ref()
        .err()
        .map(|failure| describe(failure, &scambio));
    let (body, media_type) = match (result, &refusal) {
        (Ok(body), _) => (body, JSON),
        (Err(_), Some(refusal)) => (refusal.body.clone(), PROBLEM),
        (Err(_), None) => (Bytes::new(), PROBLEM),
    };
    let signature = signature(&snapshot, portal, (&body, media_type), scambio).await?;
    let parcel = Parcel {
        body,
        media_type,
        signature,
    };
    let turn = Turn {
        scambio,
        begun,
        richiesta,
        question: &kept,
        allowed: permit.as_ref().ok().zip(target.as_ref()),
        officer: None,
        digests: (None, None),
        reply: Some(SaltedDigest::of(&parcel.body)),
    };
    let ended = match &refusal {
        None => Ended::Well("consegnata"),
        Some(refusal) => Ended::Badly(refusal),
    };
    let recorded = turn.record(gateway, ended).await;
    recorded.map_err(|failure| failure.to_string())?;
    send(to, richiesta, parcel).await
}

/// The signature over what leaves, where the portal wants answers signed.
async fn signature(
    snapshot: &Snapshot,
    portal: Option<&Arc<Portal>>,
    (body, media_type): (&[u8], &str),
    scambio: Uuid,
) -> Result<Option<SignedMessage>, String> {
    let (Some(portal), Some(own)) = (portal, snapshot.own_signer.as_ref()) else {
        return Ok(None);
    };
    if portal.modi.as_ref().is_none_or(|modi| !modi.answers_signed) {
        return Ok(None);
    }
    let signs = Signs {
        own,
        portal,
        proven: None,
    };
    let signed = signs.sign_delivery(body, media_type, scambio).await;
    signed.map(Some).map_err(|failure| failure.to_string())
}

/// The portal acknowledges with 200 (ModI); any 2xx will do.
async fn send(to: &ReplyTo, richiesta: &Richiesta, parcel: Parcel) -> Result<(), String> {
    let client = HttpClient::new(&settings(to)).map_err(|failure| failure.to_string())?;
    let correlation = HeaderValue::from_str(&richiesta.scambio.to_string())
        .expect("a UUID has only letters, digits and hyphens");
    let mut headers = vec![
        (CONTENT_TYPE, HeaderValue::from_static(parcel.media_type)),
        (HeaderName::from_static("x-correlation-id"), correlation),
    ];
    if let Some(signature) = &parcel.signature {
        let written = [
            ("digest", &signature.digest),
            ("agid-jwt-signature", &signature.token),
        ];
        for (name, value) in written {
            let value = HeaderValue::from_str(value).map_err(|failure| failure.to_string())?;
            headers.push((HeaderName::from_static(name), value));
        }
    }
    let request = HttpRequest {
        method: Method::POST,
        path: String::new(),
        headers,
        body: parcel.body,
        repeatable: true,
    };
    let answer = client.send(request, Instant::now() + PATIENCE).await;
    match answer.map_err(|failure| failure.to_string())?.status {
        200..=299 => Ok(()),
        status => Err(format!("status {status}")),
    }
}

/// A portal's address as the thin client takes it.
fn settings(to: &ReplyTo) -> InstanceSettings {
    InstanceSettings {
        name: "consegna".to_owned(),
        adapter: String::new(),
        address: to.address.clone(),
        values: BTreeMap::new(),
        per_portal: BTreeMap::new(),
        secrets: BTreeMap::new(),
        tls: to.tls.clone(),
        calendar: Calendar::default(),
        deferred: Deferred::default(),
        night: None,
        bounds: Bounds::default(),
        modi: None,
        pdnd: None,
    }
}
