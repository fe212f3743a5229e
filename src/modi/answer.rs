//! A back end's signed answer: known by the keys that the configuration names, over these bytes, to this question.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::error::Fault;
use super::integrity;
use super::message::{Message, TokenKind};
use super::signers::{Known, read_certificates, read_keys, sha256};
use super::{MARGIN, TYPES, delta, identifier};
use crate::config::back_end_modi::SignedAnswers;
use crate::config::mistake::Mistake;
use crate::config::modi::Pattern;
use crate::jose::{Audience, Claims, Expected, Header, KeySet, PublicKey, TimeRules, Token};
use crate::trust::{Distrust, PeerCertificate};

/// The keys that one back end signs its answers with: only those that the configuration names, and no address is called.
pub struct AnswerSigners {
    known: Vec<Known>,
    keys: KeySet,
}

/// What an accepted answer's token leaves to be remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenAnswer {
    /// Its `jti`, where it has one.
    pub id: Option<String>,
    /// Until when that must not come again.
    pub until: DateTime<Utc>,
}

impl AnswerSigners {
    /// Reads the files that `[instance.modi.answers]` names; all mistakes at once.
    pub fn load(settings: &SignedAnswers) -> Result<AnswerSigners, Vec<Mistake>> {
        let (mut known, mut mistakes) = (Vec::new(), Vec::new());
        for file in &settings.signers {
            match read_certificates(file) {
                Ok(read) => known.extend(read),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        let keys = match settings.keys.as_ref().map(read_keys) {
            None => KeySet::default(),
            Some(Ok(keys)) => keys,
            Some(Err(mistake)) => {
                mistakes.push(mistake);
                KeySet::default()
            }
        };
        match mistakes.is_empty() {
            true => Ok(AnswerSigners { known, keys }),
            false => Err(mistakes),
        }
    }

    /// Judges an answer to a question with that body.
    pub fn verify(
        &self,
        answer: &Message<'_>,
        asked: &[u8],
        settings: &SignedAnswers,
        at: DateTime<Utc>,
    ) -> Result<ProvenAnswer, Fault> {
        let text = answer
            .token(TokenKind::Integrity)?
            .ok_or(Fault::Absent(Pattern::IntegrityRest01))?;
        let algorithms = settings.accepted();
        let token = Token::read(
            text,
            &Expected {
                algorithms: &algorithms,
                types: &TYPES,
                untyped: true,
            },
        )?;
        let key = self.key_of(token.header(), at)?;
        let claims = token.verify(&key)?;
        let times = TimeRules {
            skew: delta(settings.skew.0),
            oldest: Some(delta(settings.oldest.0)),
        };
        let expires = claims.check_times(&times, at)?;
        claims.check_audience(&Audience {
            ours: &settings.audience,
            shared: false,
        })?;
        integrity::check(answer, &claims, &std::collections::BTreeSet::new())?;
        check_question(&claims, asked, settings.request_digest)?;
        let too_old = at + times.oldest.unwrap_or_default();
        Ok(ProvenAnswer {
            id: identifier(&claims, false)?,
            until: expires.min(too_old) + times.skew + MARGIN,
        })
    }

    /// The key that the header names. Whatever it names beside must be the same one.
    fn key_of(&self, header: &Header, at: DateTime<Utc>) -> Result<Arc<PublicKey>, Fault> {
        let leaf = header.certificates.first().map(|leaf| sha256(leaf));
        let differs = |said: [u8; 32]| header.certificate_digest.is_some_and(|one| one != said);
        if leaf.is_some_and(differs) {
            return Err(Fault::ReferencesDiffer);
        }
        let by_certificate = match leaf.or(header.certificate_digest) {
            Some(digest) => Some(self.of_certificate(&digest, at)?),
            None => None,
        };
        let by_name = header.key_id.as_ref().and_then(|id| self.keys.get(id));
        match (by_certificate, by_name) {
            (Some(one), Some(other)) if !one.is_same(other) => Err(Fault::ReferencesDiffer),
            (Some(key), _) => Ok(key),
            (None, Some(key)) => Ok(Arc::clone(key)),
            (None, None) if header.key_id.is_some() => Err(Fault::SignerUnknown),
            (None, None) if header.certificate_address.is_some() => {
                Err(Fault::ReferenceNotAccepted)
            }
            (None, None) => Err(Fault::ReferenceAbsent),
        }
    }

    fn of_certificate(
        &self,
        digest: &[u8; 32],
        at: DateTime<Utc>,
    ) -> Result<Arc<PublicKey>, Fault> {
        let mut known = self.known.iter();
        let known = known
            .find(|known| known.digest == *digest)
            .ok_or(Fault::SignerUnknown)?;
        let untrusted = |why| Fault::SignerUntrusted(why);
        let (from, until) = PeerCertificate::of_chain(&known.chain)
            .and_then(|peer| peer.validity())
            .ok_or(untrusted(Distrust::Unreadable))?;
        match (from <= at, at <= until) {
            (true, true) => Ok(Arc::clone(&known.key)),
            (false, _) => Err(untrusted(Distrust::NotYetValid)),
            (_, false) => Err(untrusted(Distrust::Expired)),
        }
    }
}

/// The digest of what was asked (PROFILE_NON_REPUDIATION_01), so that an answer to another question is none to this one.
fn check_question(claims: &Claims, asked: &[u8], demanded: bool) -> Result<(), Fault> {
    match claims.text("request_digest")? {
        Some(said) => {
            integrity::check_digest(said, asked).map_err(|_| Fault::AnswerToAnotherQuestion)
        }
        None if demanded && !asked.is_empty() => Err(Fault::AnswerToAnotherQuestion),
        None => Ok(()),
    }
}

impl fmt::Debug for AnswerSigners {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AnswerSigners")
            .field("known", &self.known.len())
            .field("keys", &self.keys)
            .finish()
    }
}
