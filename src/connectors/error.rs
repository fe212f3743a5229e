//! How a call to a back end fails: what happened, and whether asking again may help.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::signing::SigningError;

/// A failed call. `Display` is for the operator's log and holds no personal data and no raw text of the back end
/// beyond its error code; the portal never sees it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{kind}: {detail}")]
pub struct ConnectorError {
    /// What happened.
    pub kind: Kind,
    /// Whether an idempotent read may be tried again.
    pub retry: Retry,
    /// What the operator should know: step, status, the back end's own code.
    pub detail: String,
    /// The back end's own error code, where the dialect has one.
    pub code: Option<String>,
    /// How many subjects answered, where they are several and the dialect tells.
    pub candidates: Option<usize>,
    /// Whether it is sure that the back end did nothing for this call: nothing was sent, or it said so by a rule of its adapter.
    pub nothing_done: bool,
}

/// What happened to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The dialect said, by its own rule, that nobody answers to these parameters.
    #[error("not found")]
    NotFound,
    /// Several subjects answer; how many, if the dialect tells.
    #[error("ambiguous")]
    Ambiguous,
    /// No connection, refused, reset, TLS failure, name not resolved.
    #[error("unreachable")]
    Unreachable,
    /// No answer within the instance's deadline.
    #[error("timed out")]
    TimedOut,
    /// The back end does not accept our credentials.
    #[error("credentials refused")]
    CredentialsRefused,
    /// Who issues vouchers refuses our client: the back end was not called.
    #[error("voucher refused")]
    VoucherRefused,
    /// Who issues vouchers cannot be reached or fails: the back end was not called.
    #[error("no voucher")]
    VoucherUnavailable,
    /// The back end's clock and ours are so far apart that it refuses requests with our time.
    #[error("clocks too far apart")]
    ClockSkew,
    /// The back end is closed, overloaded or in maintenance, by its own word.
    #[error("unavailable")]
    Unavailable,
    /// The back end asks for fewer calls.
    #[error("too many calls")]
    TooManyCalls,
    /// The back end answered with an error of its own.
    #[error("back end error")]
    Failed,
    /// The back end has taken the request on and has no answer yet.
    #[error("not answered yet")]
    NotYet,
    /// The answer cannot be understood: HTML page, cut body, wrong charset, value outside its form.
    #[error("unintelligible answer")]
    Unintelligible,
    /// The answer does not prove that it is the back end's, and to this question.
    #[error("answer not proven")]
    AnswerUnproven,
    /// The answer is larger than allowed.
    #[error("oversized answer")]
    Oversized,
    /// The back end refused what is declared.
    #[error("declaration refused")]
    Refused,
    /// The back end had the same declaration before.
    #[error("there already")]
    Duplicate,
    /// A write went out, and whether the back end carried it out is not known.
    #[error("outcome unknown")]
    OutcomeUnknown,
    /// A write of unknown outcome turned out not to have been carried out.
    #[error("not carried out")]
    NotCarriedOut,
    /// The adapter does not offer the operation, or not with these parameters.
    #[error("unsupported")]
    Unsupported,
    /// The calendar of the instance says that it is closed: the back end was not called.
    #[error("closed by its calendar")]
    Closed,
    /// The breaker is open after repeated failures: the back end was not called.
    #[error("breaker open")]
    BreakerOpen,
    /// Our own limit towards this instance, or its share for the ente, is taken: the back end was not called.
    #[error("instance busy")]
    Busy,
    /// No key of ours signed what the back end demands: it was not called.
    #[error("not signed")]
    NotSigned,
    /// Our own side failed: a secret or file that could not be read.
    #[error("gateway fault")]
    Gateway,
}

/// Whether asking again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It would fail the same way.
    Never,
    /// It may succeed at once.
    Now,
    /// It may succeed after this time.
    After(Duration),
}

impl ConnectorError {
    /// A failure that would repeat itself.
    pub fn permanent(kind: Kind, detail: impl Into<String>) -> ConnectorError {
        ConnectorError {
            kind,
            retry: Retry::Never,
            detail: detail.into(),
            code: None,
            candidates: None,
            nothing_done: false,
        }
    }

    /// A failure that a second try may mend.
    pub fn passing(kind: Kind, detail: impl Into<String>) -> ConnectorError {
        ConnectorError {
            kind,
            retry: Retry::Now,
            detail: detail.into(),
            code: None,
            candidates: None,
            nothing_done: false,
        }
    }

    /// A failure that may mend after a while.
    pub fn later(kind: Kind, after: Duration, detail: impl Into<String>) -> ConnectorError {
        ConnectorError {
            kind,
            retry: Retry::After(after),
            detail: detail.into(),
            code: None,
            candidates: None,
            nothing_done: false,
        }
    }

    /// No key of ours signed, so that the back end was not called: a token that is busy or away passes.
    pub fn unsigned(failure: &SigningError) -> ConnectorError {
        let text = format!("no signature of ours: {failure}");
        let failed = match failure {
            SigningError::Busy { again_in } => {
                ConnectorError::later(Kind::NotSigned, *again_in, text)
            }
            SigningError::Token(_) | SigningError::NotSigned => {
                ConnectorError::permanent(Kind::NotSigned, text)
            }
            _ => ConnectorError::permanent(Kind::Gateway, text),
        };
        failed.before_anything_was_done()
    }

    /// The same where it is sure that the back end did nothing.
    #[must_use]
    pub fn before_anything_was_done(mut self) -> ConnectorError {
        self.nothing_done = true;
        self
    }

    /// The same with the back end's own code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> ConnectorError {
        self.code = Some(code.into());
        self
    }

    /// Several subjects where one was asked for.
    pub fn ambiguous(candidates: usize) -> ConnectorError {
        ConnectorError {
            candidates: Some(candidates),
            ..ConnectorError::permanent(Kind::Ambiguous, format!("{candidates} subjects"))
        }
    }

    /// Whether the failure speaks against the health of the instance (counts for its breaker).
    pub fn is_outage(&self) -> bool {
        matches!(
            self.kind,
            Kind::Unreachable
                | Kind::TimedOut
                | Kind::Unavailable
                | Kind::Failed
                | Kind::Unintelligible
                | Kind::AnswerUnproven
                | Kind::Oversized
                | Kind::OutcomeUnknown
        )
    }

    /// Whether the failure says nothing about the subject: an answer known from before is still the best there is.
    pub fn leaves_the_answer_open(&self) -> bool {
        self.is_outage()
            || matches!(
                self.kind,
                Kind::Closed
                    | Kind::BreakerOpen
                    | Kind::Busy
                    | Kind::TooManyCalls
                    | Kind::CredentialsRefused
                    | Kind::VoucherRefused
                    | Kind::VoucherUnavailable
                    | Kind::NotSigned
                    | Kind::ClockSkew
            )
    }
}
