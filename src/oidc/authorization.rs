//! What a portal asks for at the login host, and the code by which it gets it: sealed, for a minute, once.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Provider;
use super::tokens::Identity;
use crate::config::portal::Portal;
use crate::jose::encode;

/// Characters of `state` and `nonce`, at most; below eight nobody guesses less than that.
const LONGEST_VALUE: usize = 512;
const SHORTEST_VALUE: usize = 8;

/// Characters of a S256 challenge: 32 bytes in base64url.
const CHALLENGE: usize = 43;

/// Characters of a verifier (RFC 7636, 4.1).
const VERIFIER: std::ops::RangeInclusive<usize> = 43..=128;

/// An authorization request whose portal and return address are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requested {
    /// The portal's name, which is its `client_id`.
    pub portal: String,
    /// Where the citizen goes back to: one of the portal's addresses, letter for letter.
    pub redirect_uri: String,
    /// What the portal recognizes its own request by.
    pub state: String,
    nonce: String,
    challenge: String,
}

/// Why no code is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizationError {
    /// No such portal, or an address that is not its own: the citizen is sent nowhere.
    ReturnUnknown,
    /// The portal is told by a redirect (RFC 6749, 4.1.2.1): where to, its `state` and the error's name.
    Told {
        /// One of its addresses.
        redirect_uri: String,
        /// As far as it was given once.
        state: Option<String>,
        /// `invalid_request`, `unsupported_response_type`, `invalid_scope`, `request_not_supported`, `interaction_required`.
        error: &'static str,
    },
}

/// What stands sealed in a code.
#[derive(Serialize, Deserialize)]
pub struct Code {
    portal: String,
    redirect_uri: String,
    challenge: String,
    pub(super) nonce: String,
    expires: DateTime<Utc>,
    /// Makes two codes of the same citizen in the same second differ.
    id: [u8; 16],
    pub(super) identity: Identity,
}

impl Requested {
    /// Reads an authorization request out of a query, in the order in which it may be answered: whose it is, then the rest.
    pub fn read(
        query: &str,
        portals: &[std::sync::Arc<Portal>],
    ) -> Result<Requested, AuthorizationError> {
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_str(query).map_err(|_| AuthorizationError::ReturnUnknown)?;
        let once = |name: &str| {
            let mut values = pairs.iter().filter(|(key, _)| key == name);
            let value = values.next().map(|(_, value)| value.as_str());
            value.filter(|_| values.next().is_none())
        };
        let unknown = AuthorizationError::ReturnUnknown;
        let (Some(client), Some(redirect_uri)) = (once("client_id"), once("redirect_uri")) else {
            return Err(unknown);
        };
        let portal = portals.iter().find(|portal| portal.name == client);
        let login = portal.and_then(|portal| portal.login.as_ref());
        let mut own = login.iter().flat_map(|login| &login.redirect_uris);
        if !own.any(|one| one == redirect_uri) {
            return Err(unknown);
        }
        let state = once("state").filter(|state| is_value(state));
        let told = |error| AuthorizationError::Told {
            redirect_uri: redirect_uri.to_owned(),
            state: state.map(str::to_owned),
            error,
        };
        if pairs
            .iter()
            .any(|(name, _)| name == "request" || name == "request_uri")
        {
            return Err(told("request_not_supported"));
        }
        if once("response_type") != Some("code") {
            return Err(told("unsupported_response_type"));
        }
        let openid = once("scope").is_some_and(|scope| scope.split(' ').any(|one| one == "openid"));
        if !openid {
            return Err(told("invalid_scope"));
        }
        // The card is always asked for, by a handshake that shows: who wants nothing to show gets nothing (OpenID Connect Core, 3.1.2.1).
        let silent = |(name, value): &(String, String)| {
            name == "prompt" && value.split(' ').any(|one| one == "none")
        };
        if pairs.iter().any(silent) {
            return Err(told("interaction_required"));
        }
        let challenge = once("code_challenge").filter(|challenge| is_challenge(challenge));
        let nonce = once("nonce").filter(|nonce| is_value(nonce));
        let s256 = once("code_challenge_method") == Some("S256");
        match (state, nonce, challenge) {
            (Some(state), Some(nonce), Some(challenge)) if s256 => Ok(Requested {
                portal: client.to_owned(),
                redirect_uri: redirect_uri.to_owned(),
                state: state.to_owned(),
                nonce: nonce.to_owned(),
                challenge: challenge.to_owned(),
            }),
            _ => Err(told("invalid_request")),
        }
    }
}

impl Code {
    /// The code for what was asked by a citizen with a card.
    pub fn new(provider: &Provider, requested: &Requested, identity: Identity) -> Code {
        let lifetime = provider.settings.code_lifetime.0;
        Code {
            portal: requested.portal.clone(),
            redirect_uri: requested.redirect_uri.clone(),
            challenge: requested.challenge.clone(),
            nonce: requested.nonce.clone(),
            expires: identity.at + TimeDelta::from_std(lifetime).unwrap_or_default(),
            id: rand::random(),
            identity,
        }
    }

    /// Until when it is good for anything.
    pub fn expires(&self) -> DateTime<Utc> {
        self.expires
    }

    /// Who logged in.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The `jti` of the one Citizen-Token that it gives.
    pub fn token_id(&self) -> String {
        hex::encode(self.id)
    }

    /// Whether the portal that got it is the one that asked, from the same address, with the same secret, and in time.
    pub fn is_good_for(
        &self,
        portal: &str,
        redirect_uri: &str,
        verifier: &str,
        now: DateTime<Utc>,
    ) -> bool {
        let in_form = VERIFIER.contains(&verifier.len()) && verifier.bytes().all(is_unreserved);
        let challenge = encode(digest(&SHA256, verifier.as_bytes()));
        in_form
            && now < self.expires
            && self.portal == portal
            && self.redirect_uri == redirect_uri
            && self.challenge == challenge
    }
}

/// Visible ASCII, neither guessed at once nor longer than addresses may be.
fn is_value(text: &str) -> bool {
    (SHORTEST_VALUE..=LONGEST_VALUE).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_challenge(text: &str) -> bool {
    let base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.len() == CHALLENGE && text.bytes().all(base64url)
}

/// RFC 3986, 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}
