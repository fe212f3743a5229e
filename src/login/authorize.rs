//! `GET /accesso`: a portal's user shows the card and goes back with a code (OpenID Connect, authorization code with PKCE).

use crate::api::http::Response;
use crate::broker::login::SEALED_FOR;
use crate::jose::encode;
use crate::oidc::{AuthorizationError, Code, Identity, Provider, Requested};

use super::card::Card;
use super::page::{self, Told};
use super::{Host, Refusal};

/// Sends the citizen back with a code, or tells why not. The card is looked at only for a portal that may ask.
pub(super) fn answer(
    host: &Host,
    query: &str,
    judge: impl FnOnce() -> Result<Card, Refusal>,
) -> Response {
    let snapshot = host.gateway.snapshot();
    let Some(provider) = &snapshot.oidc else {
        return page::of(Told::NoSuchPage);
    };
    let requested = match Requested::read(query, snapshot.portals()) {
        Ok(requested) => requested,
        Err(AuthorizationError::ReturnUnknown) => return page::of(Told::ReturnUnknown),
        Err(AuthorizationError::Told {
            redirect_uri,
            state,
            error,
        }) => return refused(provider, &redirect_uri, state.as_deref(), error),
    };
    let card = match judge() {
        Ok(card) => card,
        Err(refusal) => return page::of(Told::Refused(refusal)),
    };
    tracing::info!(
        portal = requested.portal,
        card = card.kind.name(),
        "accesso con la carta"
    );
    let code = Code::new(provider, &requested, identity(card));
    match serde_json::to_vec(&code) {
        Ok(code) => {
            let sealed = host.gateway.store.richieste().seal_for(SEALED_FOR, &code);
            let (code, state) = (encode(sealed), Some(requested.state.as_str()));
            back(provider, &requested.redirect_uri, ("code", &code), state)
        }
        Err(error) => {
            tracing::error!(%error, "un codice di accesso non si può scrivere");
            refused(
                provider,
                &requested.redirect_uri,
                Some(&requested.state),
                "server_error",
            )
        }
    }
}

fn identity(card: Card) -> Identity {
    let holder = card.holder;
    Identity {
        codice_fiscale: holder.codice_fiscale.as_str().to_owned(),
        surname: holder.surname,
        given_name: holder.given_name,
        card: card.kind.name().to_owned(),
        at: chrono::Utc::now(),
    }
}

fn refused(provider: &Provider, address: &str, state: Option<&str>, error: &str) -> Response {
    back(provider, address, ("error", error), state)
}

/// Back to the portal, with who answers (RFC 9207).
fn back(provider: &Provider, address: &str, told: (&str, &str), state: Option<&str>) -> Response {
    let mut parameters = vec![told, ("iss", provider.issuer())];
    parameters.extend(state.map(|state| ("state", state)));
    let written = serde_urlencoded::to_string(&parameters).unwrap_or_default();
    let joint = if address.contains('?') { '&' } else { '?' };
    page::sent_to(&format!("{address}{joint}{written}"))
}
