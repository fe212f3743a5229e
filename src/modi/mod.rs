//! The security patterns of ModI for REST: tokens read from headers and bodies, judged, and made. Knows no HTTP library.

mod answer;
mod audit;
mod error;
mod integrity;
mod making;
mod message;
mod signers;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::modi::{Modi, Pattern};
use crate::config::portal::Portal;
use crate::jose::{Algorithm, Audience, Claims, Expected, TimeRules, Token};
use crate::trust::{PeerCertificate, Trust};

pub use answer::{AnswerSigners, ProvenAnswer};
pub use audit::Evidence;
pub use error::{Fault, ModiError};
pub use integrity::digest_of;
pub use making::{Making, SignedMessage};
pub use message::{Message, TokenKind};
pub use signers::Signers;

/// The types that a ModI token may name; the older implementations name none.
const TYPES: [&str; 1] = ["JWT"];

/// Characters of a `jti` at most.
const MOST_ID: usize = 128;

/// How much longer than a token lives its `jti` is remembered: clocks of several nodes differ.
const MARGIN: TimeDelta = TimeDelta::seconds(60);

/// Whose message is judged, and by what.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The portal.
    pub portal: &'a Portal,
    /// Its `[portal.modi]`.
    pub settings: &'a Modi,
    /// The keys and certificates known beforehand.
    pub signers: &'a Signers,
    /// The authorities that are recognized.
    pub trust: &'a Trust,
    /// The certificate of the connection.
    pub connection: &'a PeerCertificate,
    /// What is demanded.
    pub demanded: &'a BTreeSet<Pattern>,
}

/// What a message proved.
#[derive(Debug)]
pub struct Proven {
    /// Each token.
    pub tokens: Vec<ProvenToken>,
    /// For whom the portal asks, where it says so.
    pub evidence: Option<Evidence>,
    /// What the token in `Authorization` claims.
    pub identity: Option<Claims>,
}

/// A token that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenToken {
    /// Which.
    pub kind: TokenKind,
    /// What it proves.
    pub pattern: Pattern,
    /// Its `jti`.
    pub id: Option<String>,
    /// The `kid` in its header.
    pub key_id: Option<String>,
    /// The thumbprint (RFC 7638) of the key that signed it.
    pub thumbprint: [u8; 32],
    /// Whether it may be used once only.
    pub once: bool,
    /// Until when its `jti` must be remembered then.
    pub until: DateTime<Utc>,
}

/// Judges a message. Every token that is sent is judged, whether it is demanded or not.
pub fn verify(
    message: &Message<'_>,
    rules: &Rules<'_>,
    at: DateTime<Utc>,
) -> Result<Proven, ModiError> {
    let mut proven = Proven {
        tokens: Vec::with_capacity(3),
        evidence: None,
        identity: None,
    };
    // A portal with vouchers shows one in `Authorization`, which is judged elsewhere.
    if rules.portal.pdnd.is_none()
        && let Some(claims) = rules.open(message, TokenKind::Identity, &mut proven, at)?
    {
        proven.identity = Some(claims);
    }
    let integrity = rules.open(message, TokenKind::Integrity, &mut proven, at)?;
    let covered = integrity
        .map(|claims| integrity::check(message, &claims, &rules.settings.signed_headers))
        .transpose()
        .map_err(|fault| ModiError::new(TokenKind::Integrity, fault))?
        .unwrap_or_default();
    one_signer(&proven.tokens)?;
    if let Some(claims) = rules.open(message, TokenKind::Audit, &mut proven, at)? {
        let nonce = rules.demanded.contains(&Pattern::AuditRest02);
        let text = message
            .token(TokenKind::Audit)
            .map_err(|fault| ModiError::new(TokenKind::Audit, fault))?
            .unwrap_or_default();
        let evidence = Evidence::read(claims, text, nonce, covered.contains(message::EVIDENCE))
            .map_err(|fault| ModiError::new(TokenKind::Audit, fault))?;
        proven.evidence = Some(evidence);
    }
    Ok(proven)
}

impl Rules<'_> {
    /// Opens the token of that kind, if there is one; its absence where it is demanded is an error.
    fn open(
        &self,
        message: &Message<'_>,
        kind: TokenKind,
        proven: &mut Proven,
        at: DateTime<Utc>,
    ) -> Result<Option<Claims>, ModiError> {
        let wrong = |fault| ModiError::new(kind, fault);
        let Some(text) = message.token(kind).map_err(wrong)? else {
            return match self.pattern(kind) {
                // What has no body has nothing to be signed over.
                Some(_) if kind == TokenKind::Integrity && message.body.is_empty() => Ok(None),
                Some(pattern) => Err(wrong(Fault::Absent(pattern))),
                None => Ok(None),
            };
        };
        let (token, claims) = self.judge(kind, text, at).map_err(wrong)?;
        proven.tokens.push(token);
        Ok(Some(claims))
    }

    fn judge(
        &self,
        kind: TokenKind,
        text: &str,
        at: DateTime<Utc>,
    ) -> Result<(ProvenToken, Claims), Fault> {
        let algorithms: Vec<Algorithm> = self.settings.accepted();
        let expected = Expected {
            algorithms: &algorithms,
            types: &TYPES,
            untyped: true,
        };
        let token = Token::read(text, &expected)?;
        let by_name = self.demanded.contains(&Pattern::IntegrityRest02);
        if kind == TokenKind::Integrity && by_name && token.header().key_id.is_none() {
            return Err(Fault::ReferenceAbsent);
        }
        let key = self.signers.key_of(token.header(), self, at)?;
        let claims = token.verify(&key)?;
        let times = TimeRules {
            skew: delta(self.settings.skew.0),
            oldest: Some(delta(self.settings.oldest.0)),
        };
        let expires = claims.check_times(&times, at)?;
        claims.check_audience(&Audience {
            ours: &self.settings.audience,
            shared: self.settings.audience_shared,
        })?;
        let pattern = self.pattern(kind).unwrap_or(kind.least());
        let once = self.is_once(kind, pattern);
        let id = identifier(&claims, once)?;
        let too_old = claims
            .instant("iat")?
            .map_or(expires, |issued| issued + times.oldest.unwrap_or_default());
        let proven = ProvenToken {
            kind,
            pattern,
            once,
            id,
            key_id: token.header().key_id.clone().filter(|id| is_plain(id)),
            thumbprint: key.thumbprint(),
            until: expires.min(too_old) + times.skew + MARGIN,
        };
        Ok((proven, claims))
    }

    /// The strongest pattern demanded of that kind.
    fn pattern(&self, kind: TokenKind) -> Option<Pattern> {
        let mut demanded = self.demanded.iter().rev();
        demanded.find(|one| TokenKind::of(**one) == kind).copied()
    }

    fn is_once(&self, kind: TokenKind, pattern: Pattern) -> bool {
        match kind {
            TokenKind::Identity => pattern == Pattern::IdAuthRest02,
            TokenKind::Integrity | TokenKind::Voucher | TokenKind::Proof => true,
            TokenKind::Audit | TokenKind::Citizen => !self.settings.evidence_reused,
        }
    }
}

/// Whoever says who calls has signed the body too.
fn one_signer(tokens: &[ProvenToken]) -> Result<(), ModiError> {
    let of = |kind| {
        let mut tokens = tokens.iter();
        tokens.find(|token| token.kind == kind)
    };
    match (of(TokenKind::Identity), of(TokenKind::Integrity)) {
        (Some(one), Some(other)) if one.thumbprint != other.thumbprint => {
            Err(ModiError::new(TokenKind::Integrity, Fault::AnotherSigner))
        }
        _ => Ok(()),
    }
}

fn identifier(claims: &Claims, needed: bool) -> Result<Option<String>, Fault> {
    let written = match needed {
        true => Some(claims.required("jti")?),
        false => claims.text("jti")?,
    };
    match written {
        Some(id) if !is_plain(id) => Err(Fault::Jose(crate::jose::JoseError::Malformed("jti"))),
        written => Ok(written.map(str::to_owned)),
    }
}

/// Whether a name is fit for the record: short, and of visible ASCII.
fn is_plain(name: &str) -> bool {
    (1..=MOST_ID).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

fn delta(span: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(span).unwrap_or(TimeDelta::zero())
}
