//! What the record keeps of the tokens that a request brought.

use crate::gateway::Gateway;
use crate::modi::{Evidence, TokenKind};
use crate::store::record::Token;

use super::Trail;

impl Trail {
    /// The tokens that were accepted; the person in an evidence under a digest that is the portal's own.
    pub(super) fn tokens(&self, gateway: &Gateway) -> Vec<Token> {
        let Some((proven, portal)) = self.proven.as_ref().zip(self.portal.as_ref()) else {
            return Vec::new();
        };
        let person = |evidence: &Evidence| {
            let scope = format!("portale {}", portal.name);
            gateway
                .store
                .subject_keys()
                .digest(&scope, evidence.user_id())
        };
        let tokens = proven.tokens.iter().map(|token| Token {
            kind: token.kind.name(),
            pattern: token.pattern.name(),
            id: token.id.clone(),
            key_id: token.key_id.clone(),
            thumbprint: token.thumbprint,
            person: match token.kind {
                TokenKind::Audit => proven.evidence.as_ref().map(person),
                TokenKind::Identity | TokenKind::Integrity => None,
            },
        });
        tokens.collect()
    }
}
