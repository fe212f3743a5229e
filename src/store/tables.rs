//! The tables of the record: their columns, and what of a record goes into each.

use crate::contract::operation::Operation;
use crate::digest::SaltedDigest;

use super::dialect::Bind;
use super::quota::QuotaKey;
use super::record::{Context, Record, Subject, Token};

/// A table as the writer fills it. Later versions may add columns that have defaults; statements name theirs.
pub(super) struct Table {
    pub name: &'static str,
    pub columns: &'static [(&'static str, Kind)],
    /// What follows the values of an insertion.
    pub on_conflict: &'static str,
}

/// What a column holds, and so how it is stored and told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole number.
    Number,
    /// Microseconds since 1970 UTC.
    Instant,
    /// 0 or 1.
    Flag,
    /// Text.
    Text,
    /// An exchange's number, 16 bytes.
    Scambio,
    /// 32 bytes.
    Digest,
}

/// One row per exchange.
pub(super) const EXCHANGE: Table = Table {
    name: "exchange",
    columns: &[
        ("scambio", Kind::Scambio),
        ("context", Kind::Number),
        ("begun", Kind::Instant),
        ("ended", Kind::Instant),
        ("outcome", Kind::Text),
        ("side", Kind::Text),
        ("status", Kind::Number),
        ("time_admission", Kind::Number),
        ("time_limits", Kind::Number),
        ("time_cache", Kind::Number),
        ("time_dispatch", Kind::Number),
        ("cache", Kind::Text),
        ("age_seconds", Kind::Number),
        ("origin", Kind::Scambio),
        ("request_digest", Kind::Digest),
        ("request_bytes", Kind::Number),
        ("backend_request_digest", Kind::Digest),
        ("backend_request_bytes", Kind::Number),
        ("backend_answer_digest", Kind::Digest),
        ("backend_answer_bytes", Kind::Number),
        ("reply_digest", Kind::Digest),
        ("reply_bytes", Kind::Number),
        ("parent", Kind::Scambio),
        ("place", Kind::Number),
    ],
    on_conflict: "",
};

/// Binds the exchange's row, in the order of [`EXCHANGE`].
pub(super) fn bind_exchange(to: &mut impl Bind, record: &Record, context: i64, place: i64) {
    to.bytes(Some(record.scambio.as_bytes()));
    to.number(Some(context));
    to.number(Some(record.begun.timestamp_micros()));
    to.number(Some(record.ended.timestamp_micros()));
    to.text(Some(record.outcome));
    to.text(record.side);
    to.number(Some(i64::from(record.status)));
    to.number(Some(record.times.admission));
    to.number(Some(record.times.limits));
    to.number(Some(record.times.cache));
    to.number(Some(record.times.dispatch));
    to.text(record.cache);
    to.number(record.age_seconds);
    to.bytes(record.origin.as_ref().map(|origin| &origin.as_bytes()[..]));
    for digest in digests(record) {
        to.bytes(digest.map(|digest| &digest.digest[..]));
        to.number(digest.map(|digest| i64::try_from(digest.bytes).unwrap_or(i64::MAX)));
    }
    to.bytes(record.parent.as_ref().map(|parent| &parent.as_bytes()[..]));
    to.number(Some(place));
}

/// What many exchanges have in common, once.
pub(super) const CONTEXT: Table = Table {
    name: "exchange_context",
    columns: &[
        ("id", Kind::Number),
        ("node", Kind::Text),
        ("generation", Kind::Number),
        ("snapshot_digest", Kind::Digest),
        ("portal", Kind::Text),
        ("certificate", Kind::Digest),
        ("ente", Kind::Text),
        ("operation", Kind::Text),
        ("purpose", Kind::Text),
        ("purpose_origin", Kind::Text),
        ("grant_id", Kind::Text),
        ("grant_version", Kind::Number),
        ("adapter", Kind::Text),
        ("adapter_version", Kind::Text),
    ],
    on_conflict: " ON CONFLICT (id) DO NOTHING",
};

/// Binds a context's row, in the order of [`CONTEXT`].
pub(super) fn bind_context(to: &mut impl Bind, id: i64, context: &Context, node: &str) {
    to.number(Some(id));
    to.text(Some(node));
    to.number(Some(context.generation));
    to.bytes(Some(&context.snapshot_digest));
    to.text(context.portal.as_deref());
    to.bytes(Some(&context.certificate));
    to.text(context.ente.as_deref());
    to.text(context.operation.map(Operation::name));
    to.text(context.purpose.as_deref());
    to.text(context.purpose_origin);
    to.text(context.grant_id.as_deref());
    to.number(context.grant_version.map(i64::from));
    to.text(context.adapter.as_deref());
    to.text(context.adapter_version.as_deref());
}

/// The salts of an exchange's digests, apart from them so that they can be erased.
pub(super) const SALT: Table = Table {
    name: "exchange_salt",
    columns: &[
        ("scambio", Kind::Scambio),
        ("request", Kind::Digest),
        ("backend_request", Kind::Digest),
        ("backend_answer", Kind::Digest),
        ("reply", Kind::Digest),
    ],
    on_conflict: "",
};

/// Whether the record has digests, and so a row of salts.
pub(super) fn has_salts(record: &Record) -> bool {
    digests(record).iter().any(Option::is_some)
}

/// Binds the row of salts, in the order of [`SALT`]; only for a record that [has some](has_salts).
pub(super) fn bind_salt(to: &mut impl Bind, record: &Record) {
    to.bytes(Some(record.scambio.as_bytes()));
    for digest in digests(record) {
        to.bytes(digest.map(|digest| &digest.salt[..]));
    }
}

fn digests(record: &Record) -> [Option<&SaltedDigest>; 4] {
    [
        record.request.as_ref(),
        record.backend_request.as_ref(),
        record.backend_answer.as_ref(),
        record.reply.as_ref(),
    ]
}

/// One row per person and role in an exchange.
pub(super) const SUBJECT: Table = Table {
    name: "exchange_subject",
    columns: &[
        ("scambio", Kind::Scambio),
        ("digest", Kind::Digest),
        ("role", Kind::Text),
        ("key_version", Kind::Number),
    ],
    on_conflict: " ON CONFLICT DO NOTHING",
};

/// Binds a person's row, in the order of [`SUBJECT`].
pub(super) fn bind_subject(to: &mut impl Bind, record: &Record, subject: &Subject) {
    to.bytes(Some(record.scambio.as_bytes()));
    to.bytes(Some(&subject.digest));
    to.text(Some(subject.role.name()));
    to.number(Some(subject.key_version));
}

/// One row per token that an exchange came with.
pub(super) const TOKEN: Table = Table {
    name: "exchange_token",
    columns: &[
        ("scambio", Kind::Scambio),
        ("kind", Kind::Text),
        ("pattern", Kind::Text),
        ("token_id", Kind::Text),
        ("key_id", Kind::Text),
        ("thumbprint", Kind::Digest),
        ("person", Kind::Digest),
        ("person_key", Kind::Number),
        ("consumer", Kind::Text),
        ("eservice", Kind::Text),
    ],
    on_conflict: " ON CONFLICT DO NOTHING",
};

/// Binds a token's row, in the order of [`TOKEN`].
pub(super) fn bind_token(to: &mut impl Bind, record: &Record, token: &Token) {
    to.bytes(Some(record.scambio.as_bytes()));
    to.text(Some(token.kind));
    to.text(Some(token.pattern));
    to.text(token.id.as_deref());
    to.text(token.key_id.as_deref());
    to.bytes(Some(&token.thumbprint));
    to.bytes(token.person.as_ref().map(|(digest, _)| &digest[..]));
    to.number(token.person.map(|(_, version)| version));
    to.text(token.consumer.as_deref());
    to.text(token.eservice.as_deref());
}

/// The day's counters, each moved by so many as a batch records.
pub(super) const QUOTA: Table = Table {
    name: "quota",
    columns: &[
        ("portal", Kind::Text),
        ("operation", Kind::Text),
        ("ente", Kind::Text),
        ("day", Kind::Text),
        ("used", Kind::Number),
    ],
    on_conflict: " ON CONFLICT (portal, operation, ente, day) DO UPDATE SET used = quota.used + excluded.used",
};

/// Binds a counter's row, in the order of [`QUOTA`].
pub(super) fn bind_quota(to: &mut impl Bind, key: &QuotaKey, used: i64) {
    bind_quota_key(to, key);
    to.number(Some(used));
}

/// The tables of a backup, in the order in which they are restored.
pub(super) const BACKED_UP: [&str; 18] = [
    CONTEXT.name,
    EXCHANGE.name,
    SALT.name,
    SUBJECT.name,
    TOKEN.name,
    QUOTA.name,
    "subject_key",
    "richiesta",
    "grant_generation",
    "operator_logbook",
    "logbook_end",
    "protection",
    "representation",
    "changed_code",
    "exchange_place",
    "evidence_series",
    "evidence_root",
    "evidence_chain",
];

/// What was used of one quota.
pub(super) const QUOTA_USED: &str =
    "SELECT used FROM quota WHERE portal = ? AND operation = ? AND ente = ? AND day = ?";

/// Binds the parameters of [`QUOTA_USED`].
pub(super) fn bind_quota_key(to: &mut impl Bind, key: &QuotaKey) {
    to.text(Some(&key.portal));
    to.text(Some(&key.counted));
    to.text(Some(&key.ente));
    to.text(Some(&key.day.to_string()));
}

/// A write that only learns whether one is possible.
pub(super) const PROBE: &str =
    "INSERT INTO probe (node, at) VALUES (?, ?) ON CONFLICT (node) DO UPDATE SET at = excluded.at";

/// Binds the parameters of [`PROBE`].
pub(super) fn bind_probe(to: &mut impl Bind, node: &str) {
    to.text(Some(node));
    to.number(Some(chrono::Utc::now().timestamp_micros()));
}
