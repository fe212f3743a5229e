//! What a verified token says (RFC 7519), and the rules of time and audience on it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::error::JoseError;
use super::json;

/// The claims of a token whose signature was verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    members: Map<String, Value>,
}

/// The rules of time; `exp` must be there whatever they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRules {
    /// How far the peer's clock may be ahead of ours, for `iat` and `nbf`. `exp` has no tolerance.
    pub skew: TimeDelta,
    /// How far back `iat`, which must be there then, may lie.
    pub oldest: Option<TimeDelta>,
}

/// Whom a token may be meant for.
#[derive(Debug, Clone, Copy)]
pub struct Audience<'a> {
    /// Our names; one of them must stand in `aud`.
    pub ours: &'a [String],
    /// Whether others may stand beside it.
    pub shared: bool,
}

impl Claims {
    pub(super) fn new(members: Map<String, Value>) -> Claims {
        Claims { members }
    }

    /// Claims that no token carried: whoever runs the program states them.
    pub fn stated(members: Map<String, Value>) -> Claims {
        Claims { members }
    }

    /// A claim as it stands.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// A text that may be absent.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, JoseError> {
        json::text(&self.members, name)
    }

    /// A text that must be there and not empty.
    pub fn required(&self, name: &'static str) -> Result<&str, JoseError> {
        let text = self.text(name)?.ok_or(JoseError::Missing(name))?;
        if text.is_empty() {
            return Err(JoseError::Malformed(name));
        }
        Ok(text)
    }

    /// An instant in seconds since 1970 (`NumericDate`); fractions are cut off.
    #[expect(clippy::disallowed_methods, reason = "an instant, not an amount")]
    pub fn instant(&self, name: &'static str) -> Result<Option<DateTime<Utc>>, JoseError> {
        let Some(written) = self.members.get(name) else {
            return Ok(None);
        };
        let malformed = JoseError::Malformed(name);
        let seconds = match written.as_i64() {
            Some(seconds) => seconds,
            None => whole_seconds(written.as_f64().ok_or(malformed)?).ok_or(malformed)?,
        };
        let instant = DateTime::from_timestamp(seconds, 0).ok_or(malformed)?;
        Ok(Some(instant))
    }

    /// Judges `exp`, `nbf` and `iat`; gives back `exp`.
    pub fn check_times(
        &self,
        rules: &TimeRules,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, JoseError> {
        let expires = self.instant("exp")?.ok_or(JoseError::Missing("exp"))?;
        let issued = self.instant("iat")?;
        let begins = self.instant("nbf")?;
        if expires <= now {
            return Err(JoseError::Expired);
        }
        let soonest = now + rules.skew;
        if begins.is_some_and(|begins| begins > soonest) {
            return Err(JoseError::NotYetValid);
        }
        if issued.is_some_and(|issued| issued > soonest) {
            return Err(JoseError::IssuedInFuture);
        }
        if let Some(oldest) = rules.oldest {
            let issued = issued.ok_or(JoseError::Missing("iat"))?;
            if issued < now - oldest {
                return Err(JoseError::TooOld);
            }
        }
        Ok(expires)
    }

    /// Judges `aud`, which must be there: a text, or an array of texts.
    pub fn check_audience(&self, audience: &Audience<'_>) -> Result<(), JoseError> {
        let written = self.members.get("aud").ok_or(JoseError::Missing("aud"))?;
        let malformed = JoseError::Malformed("aud");
        let named: Vec<&str> = match written {
            Value::String(one) => vec![one],
            Value::Array(several) => several
                .iter()
                .map(|one| one.as_str().ok_or(malformed))
                .collect::<Result<_, _>>()?,
            _ => return Err(malformed),
        };
        let is_ours = |name: &&str| audience.ours.iter().any(|ours| ours == *name);
        if !named.iter().any(is_ours) {
            return Err(JoseError::AudienceWrong);
        }
        if !audience.shared && named.len() > 1 {
            return Err(JoseError::AudienceShared);
        }
        Ok(())
    }
}

/// The whole seconds of a number that lies within the years that people count.
fn whole_seconds(number: f64) -> Option<i64> {
    const YEAR_9999: f64 = 253_402_300_799.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "fractions are cut off, the rest is within bounds"
    )]
    (0.0..=YEAR_9999).contains(&number).then_some(number as i64)
}
