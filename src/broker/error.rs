//! Every way in which an exchange can end without an answer: flat, and without a word of HTTP.

use std::time::Duration;

use crate::config::grant::days::Standing;
use crate::contract::catalogo::ComuneSuccessore;
use crate::contract::operation::Operation;
use crate::contract::pratica::Motivo;
use crate::trust::Distrust;

pub use crate::signing::SigningError;

pub use crate::modi::{Fault, ModiError, TokenKind};

pub use crate::connectors::error::{ConnectorError, Kind, Retry};

/// Why an exchange got no answer. `api/problem.rs` is the one table that turns it into a problem document.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ExchangeError {
    /// The connection's certificate is no longer trusted (revoked, expired, authority removed).
    #[error("certificate no longer trusted: {}", .0.name())]
    CertificateUntrusted(Distrust),
    /// The certificate is trusted but belongs to no configured portal.
    #[error("certificate of no configured portal")]
    PortalUnknown,
    /// The portal's tokens do not prove what they should.
    #[error("token refused: {0}")]
    Token(ModiError),
    /// The request cannot be understood.
    #[error("malformed request: {0}")]
    Malformed(Malformed),
    /// The operation needs a purpose and the request names none.
    #[error("no purpose named")]
    PurposeMissing,
    /// No grant covers portal, ente, operation, purpose and fields together. Deliberately says no more.
    #[error("not granted")]
    NotGranted,
    /// A grant of the portal's covers the question, but not at this time.
    #[error("concessione {}", .0.name())]
    GrantNotInForce(Standing),
    /// What covered the question when it was asked was taken back before its answer left.
    #[error("the grant was taken back during the exchange")]
    GrantRevoked,
    /// A grant covers the question, but its portal has not shown that it is asked by whoever may ask.
    #[error("not shown who asks: {}", .0.name())]
    AskerNotShown(AskerFault),
    /// The portal asked for a fresh answer and its grant does not allow that.
    #[error("fresh answer not granted")]
    FreshNotGranted,
    /// A rate of the portal is used up.
    #[error("rate limit reached")]
    RateLimited {
        /// When the next request will be admitted.
        retry_after: Duration,
    },
    /// The day's quota is used up.
    #[error("daily quota used up")]
    QuotaSpent {
        /// Until midnight, Europe/Rome.
        retry_after: Duration,
    },
    /// A question to more enti than the portal's rate lets through at once.
    #[error("too many enti")]
    TooManyEnti {
        /// So many at most.
        most: u32,
    },
    /// No such ente in the configuration.
    #[error("ente unknown")]
    EnteUnknown,
    /// The ente ended; those that followed it.
    #[error("the ente was followed by another")]
    EnteEnded(Vec<ComuneSuccessore>),
    /// The ente has no system connected for the operation's domain, or its product cannot answer it.
    #[error("{0} is not offered by the ente")]
    NotOffered(Operation),
    /// The back end failed; `NotFound` and `Ambiguous` are among its kinds.
    #[error(transparent)]
    BackEnd(ConnectorError),
    /// The portal has no request of that number.
    #[error("request unknown")]
    RequestUnknown,
    /// The request has no answer yet.
    #[error("request still open")]
    RequestOpen {
        /// When to ask again.
        retry_after: Duration,
    },
    /// The portal has as many requests open as it may.
    #[error("too many open requests")]
    TooManyOpen {
        /// So many at most.
        most: u32,
    },
    /// The ente did not answer the request within its time.
    #[error("request given up")]
    RequestExpired,
    /// A write came without an idempotency key.
    #[error("no idempotency key")]
    KeyMissing,
    /// The idempotency key came before with another request.
    #[error("idempotency key used before with another request")]
    KeyReused,
    /// The write under that idempotency key is still being carried out.
    #[error("the write is under way")]
    WriteUnderWay,
    /// A write of unknown outcome was not carried out, as an officer of the ente says.
    #[error("not carried out: {}", .0.name())]
    NotCarriedOut(Motivo),
    /// The portal may not have its answers delivered there.
    #[error("address for answers not allowed")]
    ReplyToNotAllowed,
    /// The voucher is good, but not for this.
    #[error("voucher for another {}", .0.name())]
    VoucherElsewhere(VoucherElsewhere),
    /// The code of a citizen's log-in gives no tokens.
    #[error("log-in refused: {}", .0.name())]
    LogIn(LogInFault),
    /// The exchange could not be recorded, so it was not answered.
    #[error("exchange could not be recorded: {0}")]
    NotRecorded(String),
    /// What had to be signed was not.
    #[error("not signed: {0}")]
    NotSigned(SigningError),
    /// The portal has no exchange of that number, or none with a receipt.
    #[error("evidence unknown")]
    EvidenceUnknown,
    /// The exchange has no seal yet.
    #[error("evidence not sealed yet")]
    EvidenceUnsealed,
    /// The evidence of exchanges waits longer for its seal than the configuration allows.
    #[error("the evidence waits for its seal")]
    SealOverdue,
    /// Too many exchanges in flight, or the gateway is about to stop.
    #[error("no capacity: {0}")]
    NoCapacity(&'static str),
    /// The request's deadline passed inside the gateway.
    #[error("request deadline passed")]
    DeadlinePassed,
    /// A fault of ours.
    #[error("internal fault: {0}")]
    Internal(String),
}

/// What a voucher was given for, and not for what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoucherElsewhere {
    /// Another e-service than that of the ente that is asked.
    Service,
    /// Another purpose than the request or its evidence names.
    Purpose,
}

impl VoucherElsewhere {
    /// As logs say it.
    pub fn name(self) -> &'static str {
        match self {
            VoucherElsewhere::Service => "e-service",
            VoucherElsewhere::Purpose => "purpose",
        }
    }

    /// What the portal's operator reads.
    pub fn text(self) -> &'static str {
        match self {
            VoucherElsewhere::Service => {
                "Il voucher non è per l'e-service di questo ente e di questa operazione: ogni ente ha il suo."
            }
            VoucherElsewhere::Purpose => {
                "La finalità del voucher non è quella di Purpose-Id o dell'evidenza: vale quella del voucher, le altre possono mancare."
            }
        }
    }
}

/// Why a code gives no tokens. Of a code nobody is told more than that it is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogInFault {
    /// The request lacks a parameter, has one twice, or is no form.
    Malformed,
    /// The portal's users do not log in with cards.
    NotOffered,
    /// `client_id` is not the portal that the certificate belongs to.
    AnotherClient,
    /// Another `grant_type`.
    GrantTypeUnknown,
    /// Unknown, expired, used, another portal's, or with another address or verifier.
    CodeNotGood,
}

impl LogInFault {
    /// As RFC 6749, 5.2, calls it.
    pub fn name(self) -> &'static str {
        match self {
            LogInFault::Malformed => "invalid_request",
            LogInFault::NotOffered => "unauthorized_client",
            LogInFault::AnotherClient => "invalid_client",
            LogInFault::GrantTypeUnknown => "unsupported_grant_type",
            LogInFault::CodeNotGood => "invalid_grant",
        }
    }

    /// What the portal's operator reads; ASCII without quotes and backslashes, as RFC 6749 wants it.
    pub fn text(self) -> &'static str {
        match self {
            LogInFault::Malformed => {
                "Servono, una volta ciascuno e in un corpo application/x-www-form-urlencoded, grant_type, code, redirect_uri, client_id e code_verifier"
            }
            LogInFault::NotOffered => "Gli utenti di questo portale non accedono con la carta",
            LogInFault::AnotherClient => "client_id diverso dal portale del certificato",
            LogInFault::GrantTypeUnknown => "grant_type ammette solo authorization_code",
            LogInFault::CodeNotGood => {
                "Codice non valido: scaduto, usato prima, o con redirect_uri o code_verifier non suoi"
            }
        }
    }
}

/// What is lacking to show who asks; nothing of it tells whether anybody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskerFault {
    /// No evidence of a person.
    NoEvidence,
    /// The signature over the message does not cover the evidence: it may be another request's.
    NotSigned,
    /// The evidence names another person than the question.
    AnotherPerson,
    /// The level of assurance is lower than the grant demands, or none that is known.
    LevelTooLow,
    /// The evidence names no file that an office works on.
    NoFile,
    /// Only the token of a log-in will do, and there is none.
    NotVerified,
}

impl AskerFault {
    /// As logs say it.
    pub fn name(self) -> &'static str {
        match self {
            AskerFault::NoEvidence => "no evidence",
            AskerFault::NotSigned => "evidence not signed with the message",
            AskerFault::AnotherPerson => "another person",
            AskerFault::LevelTooLow => "level of assurance too low",
            AskerFault::NoFile => "no file of an office",
            AskerFault::NotVerified => "no token of a log-in",
        }
    }
}

/// What is wrong with a request; the texts name fields, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// No resource at this path.
    #[error("no such resource")]
    NoSuchResource,
    /// The resource does not know this method.
    #[error("method not allowed")]
    MethodNotAllowed {
        /// The methods that it knows.
        allowed: &'static str,
    },
    /// No HTTP/1.1: what cannot be read, or is ambiguous about where it ends.
    #[error("no HTTP")]
    NotHttp,
    /// Path and headers larger than the door reads.
    #[error("head too large")]
    HeadTooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
    /// The body is not `application/json`.
    #[error("media type not supported")]
    MediaType,
    /// Body larger than the door's bound.
    #[error("body too large")]
    TooLarge {
        /// The bound, in bytes.
        limit: u64,
    },
    /// The body did not come in within its time.
    #[error("request too slow")]
    TooSlow,
    /// Not JSON, or not UTF-8, or too deep.
    #[error("not JSON at line {line}, column {column}")]
    NotJson {
        /// Line of the first mistake.
        line: usize,
        /// Column of the first mistake.
        column: usize,
    },
    /// JSON of the wrong form: unknown, missing or ill-typed field; header or path segment out of form.
    #[error("field {field}: {reason}")]
    Field {
        /// The field, path segment or header.
        field: String,
        /// What it should be, in Italian; never the value received.
        reason: String,
    },
}
