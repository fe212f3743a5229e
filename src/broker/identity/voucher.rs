//! The voucher of the PDND that a portal shows in `Authorization`, where its configuration demands one, and what proves that it is its own.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256, digest};

use crate::broker::arrival::{Arrival, Asked};
use crate::broker::error::ExchangeError;
use crate::config::modi::Pattern;
use crate::config::portal::Portal;
use crate::gateway::Gateway;
use crate::modi::{Fault, ModiError, Proven, TokenKind};
use crate::pdnd::{Proof, Voucher, VoucherFault};
use crate::snapshot::Snapshot;
use crate::store::SeenToken;

/// The voucher; none where the portal shows none by agreement, or where nothing personal is asked and none was sent.
pub(super) async fn shown(
    gateway: &Gateway,
    snapshot: &Snapshot,
    portal: &Portal,
    proven: Option<&Proven>,
    arrival: &Arrival,
) -> Result<Option<Arc<Voucher>>, ExchangeError> {
    let Some(settings) = &portal.pdnd else {
        return Ok(None);
    };
    let personal = match &arrival.asked {
        Ok(Asked::Question(question)) => question.operation.is_personal(),
        Ok(Asked::PickUp(_)) => true,
        // The certificate is what a log-in and evidence go by; and what cannot be understood is refused for that.
        Ok(Asked::LogIn(_) | Asked::Evidence(_)) | Err(_) => return Ok(None),
    };
    let authority = snapshot.pdnd.as_ref();
    let authority = authority.ok_or_else(|| ExchangeError::Internal("no [pdnd]".to_owned()))?;
    let Some((scheme, text)) = authorization(arrival)? else {
        return match personal {
            true => Err(wrong(Fault::VoucherAbsent)),
            false => Ok(None),
        };
    };
    let voucher = Voucher::read(text, authority, arrival.at).map_err(|fault| {
        if fault == VoucherFault::SignerUnknown {
            gateway.voucher_keys.notify_one();
        }
        wrong(match fault {
            VoucherFault::Jose(fault) => Fault::Jose(fault),
            VoucherFault::SignerUnknown => Fault::SignerUnknown,
        })
    })?;
    let by_proof = scheme.eq_ignore_ascii_case("dpop");
    if by_proof != voucher.holder.is_some() || (settings.dpop && !by_proof) {
        return Err(wrong(Fault::NotBearer));
    }
    if voucher.consumer != settings.consumer {
        return Err(wrong(Fault::AnotherHolder));
    }
    check_evidence(portal, &voucher, proven, arrival)?;
    if by_proof {
        let door = &authority.settings().portals_door;
        prove(gateway, portal, (&voucher, text), door, arrival).await?;
    }
    Ok(Some(Arc::new(voucher)))
}

fn wrong(fault: Fault) -> ExchangeError {
    ExchangeError::Token(ModiError::new(TokenKind::Voucher, fault))
}

/// Scheme and token of the one `Authorization`.
fn authorization(arrival: &Arrival) -> Result<Option<(&str, &str)>, ExchangeError> {
    let Some(value) = one(arrival, "authorization", TokenKind::Voucher)? else {
        return Ok(None);
    };
    let parts = value.trim().split_once(' ');
    match parts {
        Some((scheme, token))
            if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("dpop") =>
        {
            Ok(Some((scheme, token.trim())))
        }
        _ => Err(wrong(Fault::NotBearer)),
    }
}

/// The one value of a header; twice is refused.
fn one<'a>(
    arrival: &'a Arrival,
    name: &str,
    kind: TokenKind,
) -> Result<Option<&'a str>, ExchangeError> {
    let refused = |fault| ExchangeError::Token(ModiError::new(kind, fault));
    let mut sent = arrival.fields.iter().filter(|(field, _)| field == name);
    let Some((_, value)) = sent.next() else {
        return Ok(None);
    };
    if sent.next().is_some() {
        return Err(refused(Fault::HeaderTwice));
    }
    let text = std::str::from_utf8(value);
    text.map(Some).map_err(|_| refused(Fault::HeaderUnreadable))
}

/// A voucher that was asked for with an evidence serves for that evidence alone; AUDIT_REST_02 accepts no other.
fn check_evidence(
    portal: &Portal,
    voucher: &Voucher,
    proven: Option<&Proven>,
    arrival: &Arrival,
) -> Result<(), ExchangeError> {
    let operation = match &arrival.asked {
        Ok(Asked::Question(question)) => Some(question.operation),
        _ => None,
    };
    let must_be_bound = portal.modi.as_ref().is_some_and(|modi| {
        let demanded = modi.demanded(operation);
        operation.is_some() && demanded.contains(&Pattern::AuditRest02)
    });
    let Some(bound) = &voucher.evidence else {
        return match must_be_bound {
            true => Err(wrong(Fault::EvidenceAnother)),
            false => Ok(()),
        };
    };
    let judged = proven.is_some_and(|proven| proven.evidence.is_some());
    let sent = one(arrival, "agid-jwt-trackingevidence", TokenKind::Audit)?;
    let same = sent.is_some_and(|sent| {
        let own = hex::encode(digest(&SHA256, sent.trim().as_bytes()));
        own.eq_ignore_ascii_case(bound)
    });
    (judged && same)
        .then_some(())
        .ok_or_else(|| wrong(Fault::EvidenceAnother))
}

/// Judges the proof, and notes it as used before anything is done for it.
async fn prove(
    gateway: &Gateway,
    portal: &Portal,
    voucher: (&Voucher, &str),
    door: &str,
    arrival: &Arrival,
) -> Result<(), ExchangeError> {
    let refused = |fault| ExchangeError::Token(ModiError::new(TokenKind::Proof, fault));
    let sent = one(arrival, "dpop", TokenKind::Proof)?;
    let sent = sent.ok_or_else(|| refused(Fault::VoucherAbsent))?;
    let pseudo = |name| one(arrival, name, TokenKind::Proof).map(Option::unwrap_or_default);
    let address = format!("{door}{}", pseudo(":path")?);
    let request = (pseudo(":method")?, address.as_str());
    let proof = Proof::read(sent.trim(), voucher, request, arrival.at);
    let proof = proof.map_err(|fault| refused(Fault::Jose(fault)))?;
    let proof = proof.ok_or_else(|| refused(Fault::AnotherHolder))?;
    let mut context = Context::new(&SHA256);
    for part in [portal.name.as_str(), TokenKind::Proof.name(), &proof.id] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut noted = [0; 32];
    noted.copy_from_slice(context.finish().as_ref());
    let seen = SeenToken {
        digest: noted,
        until: proof.until,
        scambio: arrival.scambio,
    };
    match gateway.store.replay().first_use(vec![seen]).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(refused(Fault::Replayed)),
        Err(failure) => Err(ExchangeError::NotRecorded(failure.to_string())),
    }
}
