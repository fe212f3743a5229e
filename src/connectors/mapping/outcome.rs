//! How *not found*, *several found*, *refused* and *broken* look in a dialect: rules in order, then what HTTP itself says.

use std::borrow::Cow;
use std::time::Duration;

use chrono::TimeDelta;

use super::condition::{Condition, all_hold};
use super::expression::{Expression, Trouble, render};
use crate::connectors::clock;
use crate::connectors::error::{ConnectorError, Kind, Retry};
use crate::connectors::extract::CellRef;
use crate::connectors::template::Template;
use crate::connectors::template::scope::Scope;

/// A rule: if everything that it names fits, the answer means this.
#[derive(Debug)]
pub struct Outcome {
    /// HTTP statuses of which one must fit; empty: any.
    pub status: Vec<u16>,
    /// Texts of a SOAP fault of which one must fit, whatever the case; several in one text are parted by `|`.
    pub fault: Option<Vec<Template>>,
    /// Only if the back end's clock is further from ours than it accepts.
    pub skewed: bool,
    /// Conditions on the whole answer.
    pub when: Vec<Condition>,
    /// What it means.
    pub verdict: Verdict,
    /// Whether asking again may help, where the kind of failure does not already say so.
    pub retry: Option<Retry>,
    /// The back end's own code.
    pub code: Option<Expression>,
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A failure of this kind.
    Failure(Kind),
    /// No row.
    Nothing,
}

/// Every verdict by the name that mappings use.
pub const VERDICTS: [(&str, Verdict); 14] = [
    ("not_found", Verdict::Failure(Kind::NotFound)),
    ("ambiguous", Verdict::Failure(Kind::Ambiguous)),
    (
        "credentials_refused",
        Verdict::Failure(Kind::CredentialsRefused),
    ),
    ("clock_skew", Verdict::Failure(Kind::ClockSkew)),
    ("unavailable", Verdict::Failure(Kind::Unavailable)),
    ("too_many_calls", Verdict::Failure(Kind::TooManyCalls)),
    ("failed", Verdict::Failure(Kind::Failed)),
    ("not_yet", Verdict::Failure(Kind::NotYet)),
    ("refused", Verdict::Failure(Kind::Refused)),
    ("duplicate", Verdict::Failure(Kind::Duplicate)),
    ("outcome_unknown", Verdict::Failure(Kind::OutcomeUnknown)),
    ("unintelligible", Verdict::Failure(Kind::Unintelligible)),
    ("unsupported", Verdict::Failure(Kind::Unsupported)),
    ("nothing", Verdict::Nothing),
];

/// A SOAP fault.
#[derive(Debug, Clone, Copy)]
pub struct Fault<'a> {
    /// `faultcode`, or `Code/Value` of SOAP 1.2.
    pub code: &'a str,
    /// `faultstring`, or `Reason/Text`.
    pub text: &'a str,
}

/// What is known of an answer when the rules are asked.
pub struct Facts<'a> {
    /// HTTP status; 200 where there is none.
    pub status: u16,
    /// `Retry-After`.
    pub retry_after: Option<Duration>,
    /// The fault, if the answer is one.
    pub fault: Option<Fault<'a>>,
    /// How far the back end's clock is ahead of ours, where it told its time.
    pub skew: Option<TimeDelta>,
    /// The answer, if there was one to read.
    pub document: Option<CellRef<'a>>,
}

impl Outcome {
    /// Whether the rule fits.
    pub fn fits(&self, facts: &Facts<'_>, scope: &Scope<'_>) -> Result<bool, Trouble> {
        if !self.status.is_empty() && !self.status.contains(&facts.status) {
            return Ok(false);
        }
        if self.skewed && !too_far(facts, scope) {
            return Ok(false);
        }
        if let Some(texts) = &self.fault
            && !fault_fits(texts, facts.fault, scope)?
        {
            return Ok(false);
        }
        match facts.document {
            Some(document) => all_hold(&self.when, document, scope),
            None => Ok(self.when.is_empty()),
        }
    }

    /// The failure that the rule stands for.
    pub fn failure(&self, kind: Kind, facts: &Facts<'_>, scope: &Scope<'_>) -> ConnectorError {
        let detail = format!("by the adapter's rule (status {})", facts.status);
        let mut error = match (kind, facts.skew) {
            (Kind::ClockSkew, Some(ahead)) => clock::skewed(ahead),
            _ => failure(kind, facts.retry_after, detail),
        };
        if let Some(retry) = self.retry {
            error.retry = retry;
        }
        // The back end said what became of the request, in its own words.
        error.nothing_done = kind != Kind::OutcomeUnknown;
        let code = self.code.as_ref().zip(facts.document);
        let code = code.and_then(|(code, document)| code.value(document, scope).ok().flatten());
        match code
            .filter(|code| is_code(code))
            .or(facts.fault.map(|fault| fault.code.into()))
        {
            Some(code) => error.with_code(code),
            None => error,
        }
    }
}

fn too_far(facts: &Facts<'_>, scope: &Scope<'_>) -> bool {
    let both = facts.skew.zip(scope.stamps.clock);
    both.is_some_and(|(ahead, clock)| clock::too_far(ahead, clock.tolerance))
}

/// A code is short and has no spaces; anything else could be a sentence with a name in it.
pub fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 60
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte))
}

fn fault_fits(
    texts: &[Template],
    fault: Option<Fault<'_>>,
    scope: &Scope<'_>,
) -> Result<bool, Trouble> {
    let Some(fault) = fault else {
        return Ok(false);
    };
    let told = normal(fault.text);
    for text in texts {
        let listed: Cow<'_, str> = render(text, scope)?;
        if listed.split('|').any(|one| normal(one) == told) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn normal(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// A failure of the kind, to be tried again as its kind and the back end say.
pub fn failure(kind: Kind, retry_after: Option<Duration>, detail: String) -> ConnectorError {
    match (kind, retry_after) {
        (Kind::Unavailable | Kind::TooManyCalls, Some(after)) => {
            ConnectorError::later(kind, after, detail)
        }
        (Kind::TooManyCalls, None) => ConnectorError::later(kind, Duration::from_secs(1), detail),
        (Kind::Unavailable | Kind::Unreachable, None) => ConnectorError::passing(kind, detail),
        _ => ConnectorError::permanent(kind, detail),
    }
}

/// What the HTTP status alone says; `None` for success.
pub fn of_status(status: u16, retry_after: Option<Duration>) -> Option<ConnectorError> {
    let kind = match status {
        200..=299 => return None,
        401 | 403 | 407 => Kind::CredentialsRefused,
        429 => Kind::TooManyCalls,
        502..=504 => Kind::Unavailable,
        _ => Kind::Failed,
    };
    let detail = format!("HTTP status {status}");
    Some(failure(kind, retry_after, detail).with_code(status.to_string()))
}
