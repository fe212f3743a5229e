//! The end of a citizen's log-in: a portal brings the code that the login host gave, and gets tokens for it, once.

use aws_lc_rs::digest::{Context, SHA256};
use chrono::{DateTime, TimeDelta, Utc};

use crate::gateway::Gateway;
use crate::jose;
use crate::oidc::Code;
use crate::store::SeenToken;

use super::arrival::{Arrival, Asked};
use super::error::{ExchangeError, LogInFault};
use super::identity::Caller;
use super::record::Trail;
use super::reply::Answered;

/// Where codes are sealed for: nothing else that is sealed can be passed off as one.
pub const SEALED_FOR: &str = "codice di accesso";

/// How much longer than anybody accepts it something is remembered, for clocks that differ.
const MARGIN: TimeDelta = TimeDelta::seconds(30);

/// The longest that a Citizen-Token can live.
const LONGEST_TOKEN: TimeDelta = TimeDelta::minutes(15);

/// What a portal sends to have tokens for a code (RFC 6749, 4.1.3).
#[derive(Debug, Clone)]
pub struct Redemption {
    /// `grant_type`.
    pub grant_type: String,
    /// `code`.
    pub code: String,
    /// `redirect_uri`, as it was when the code was asked for.
    pub redirect_uri: String,
    /// `client_id`: the portal's name.
    pub client_id: String,
    /// `code_verifier`.
    pub verifier: String,
}

/// Gives the tokens for a code. A code that comes a second time takes back what the first one gave.
pub(super) async fn redeem(
    gateway: &Gateway,
    caller: &Caller,
    arrival: &Arrival,
    trail: &mut Trail,
) -> Result<Answered, ExchangeError> {
    let refused = |fault| Err(ExchangeError::LogIn(fault));
    let Ok(Asked::LogIn(Some(asked))) = &arrival.asked else {
        return refused(LogInFault::Malformed);
    };
    let (snapshot, portal) = (trail.snapshot(), caller.portal());
    let (Some(provider), Some(_)) = (&snapshot.oidc, &portal.login) else {
        return refused(LogInFault::NotOffered);
    };
    if asked.grant_type != "authorization_code" {
        return refused(LogInFault::GrantTypeUnknown);
    }
    if asked.client_id != portal.name {
        return refused(LogInFault::AnotherClient);
    }
    let Some(code) = opened(gateway, &asked.code) else {
        return refused(LogInFault::CodeNotGood);
    };
    if !code.is_good_for(
        &portal.name,
        &asked.redirect_uri,
        &asked.verifier,
        arrival.at,
    ) {
        return refused(LogInFault::CodeNotGood);
    }
    // Signed first: a code that was used up for tokens that nobody could sign would be lost.
    let certificate = arrival.certificate.fingerprint;
    let tokens = provider
        .tokens(&code, &portal.name, certificate, arrival.at)
        .await;
    let tokens = tokens.map_err(ExchangeError::NotSigned)?;
    let used = seen("codice", &code.token_id(), code.expires() + MARGIN, arrival);
    if !first_use(gateway, used).await? {
        let until = code.expires() + LONGEST_TOKEN + MARGIN;
        first_use(gateway, seen(REVOKED, &code.token_id(), until, arrival)).await?;
        tracing::warn!(
            portal = portal.name,
            "codice di accesso usato due volte: i suoi token sono revocati"
        );
        return refused(LogInFault::CodeNotGood);
    }
    trail.logged_in(&code, tokens.thumbprint);
    let body = serde_json::to_vec(&tokens);
    let body = body.map_err(|failure| ExchangeError::Internal(failure.to_string()))?;
    Ok(Answered::of_several(body))
}

/// What a token is noted as once the code that gave it came a second time.
const REVOKED: &str = "revocato";

/// Whether the Citizen-Token of that `jti` was taken back.
pub(super) async fn is_revoked(gateway: &Gateway, id: &str) -> Result<bool, ExchangeError> {
    let known = gateway
        .store
        .replay()
        .is_known(digest_of(REVOKED, id))
        .await;
    known.map_err(|failure| ExchangeError::NotRecorded(failure.to_string()))
}

fn opened(gateway: &Gateway, code: &str) -> Option<Code> {
    let sealed = jose::decode(code).ok()?;
    let opened = gateway
        .store
        .richieste()
        .open_sealed(SEALED_FOR, &sealed)
        .ok()?;
    serde_json::from_slice(&opened).ok()
}

async fn first_use(gateway: &Gateway, seen: SeenToken) -> Result<bool, ExchangeError> {
    let noted = gateway.store.replay().first_use(vec![seen]).await;
    noted.map_err(|failure| ExchangeError::NotRecorded(failure.to_string()))
}

fn seen(kind: &str, id: &str, until: DateTime<Utc>, arrival: &Arrival) -> SeenToken {
    SeenToken {
        digest: digest_of(kind, id),
        until,
        scambio: arrival.scambio,
    }
}

fn digest_of(kind: &str, id: &str) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in ["accesso", kind, id] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}
