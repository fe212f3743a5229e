//! What the record keeps of the tokens that a request brought, and of those that a log-in gave.

use crate::gateway::Gateway;
use crate::modi::{Evidence, TokenKind};
use crate::oidc::Code;
use crate::store::record::Token;

use super::Trail;

/// What a Citizen-Token proves: by it the citizen is verified, by a portal's evidence only attested.
pub(in crate::broker) const VERIFIED: &str = "verificata";

/// What a representation is called among the tokens; its pattern is the role, its key the certificate of the officer who attested it.
pub(in crate::broker) const REPRESENTATION: &str = "representation";

/// The end of a citizen's log-in.
#[derive(Debug)]
pub(super) struct LoggedIn {
    token_id: String,
    card: &'static str,
    person: String,
    thumbprint: [u8; 32],
}

impl LoggedIn {
    /// By that code, whose tokens the key of that thumbprint signed.
    pub(super) fn of(code: &Code, thumbprint: [u8; 32]) -> LoggedIn {
        let identity = code.identity();
        let known = ["cns", "crs", "cie"];
        let card = known.into_iter().find(|card| *card == identity.card);
        LoggedIn {
            token_id: code.token_id(),
            thumbprint,
            card: card.unwrap_or_default(),
            person: identity.codice_fiscale.clone(),
        }
    }
}

impl Trail {
    /// The tokens that were accepted; whom they name under a digest that is the portal's own.
    pub(super) fn tokens(&self, gateway: &Gateway) -> Vec<Token> {
        let Some(portal) = self.portal.as_ref() else {
            return Vec::new();
        };
        let scope = format!("portale {}", portal.name);
        let person = |name: &str| gateway.store.subject_keys().digest(&scope, name);
        let evidence = |evidence: &Evidence| person(evidence.user_id());
        let proven = self.proven.iter().flat_map(|proven| {
            proven.tokens.iter().map(|token| Token {
                kind: token.kind.name(),
                pattern: token.pattern.name(),
                id: token.id.clone(),
                key_id: token.key_id.clone(),
                thumbprint: token.thumbprint,
                person: match token.kind {
                    TokenKind::Audit => proven.evidence.as_ref().map(evidence),
                    _ => None,
                },
                consumer: None,
                eservice: None,
            })
        });
        let citizen = self.citizen.iter().map(|citizen| Token {
            kind: TokenKind::Citizen.name(),
            pattern: VERIFIED,
            id: Some(citizen.id.clone()),
            key_id: Some(citizen.key_id.clone()),
            thumbprint: citizen.thumbprint,
            person: Some(person(&citizen.codice_fiscale)),
            consumer: None,
            eservice: None,
        });
        let given = self.logged_in.iter().map(|given| Token {
            kind: "log_in",
            pattern: given.card,
            id: Some(given.token_id.clone()),
            key_id: None,
            thumbprint: given.thumbprint,
            person: Some(person(&given.person)),
            consumer: None,
            eservice: None,
        });
        let voucher = self.voucher.iter().map(|voucher| Token {
            kind: TokenKind::Voucher.name(),
            pattern: "PDND",
            id: Some(voucher.id.clone()),
            key_id: Some(voucher.key_id.clone()),
            thumbprint: voucher.thumbprint,
            person: None,
            consumer: Some(voucher.consumer.clone()),
            eservice: Some(voucher.eservice.clone()),
        });
        // No token, and of the same kind: what shows that somebody may ask, and who vouches for it.
        let held = self.representation.iter().map(|held| Token {
            kind: REPRESENTATION,
            pattern: held.role.name(),
            id: Some(held.number.to_string()),
            key_id: None,
            thumbprint: held.certificate,
            person: None,
            consumer: None,
            eservice: None,
        });
        let others = citizen.chain(given).chain(voucher).chain(held);
        proven.chain(others).collect()
    }
}
