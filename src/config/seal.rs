//! `[seal]`: the key whose seal stands under the roots of the evidence, and how long exchanges go on without it.

use std::path::PathBuf;

use super::key::SigningKey;
use super::reading::table::Table;
use super::reading::{FromTable, Reader};
use super::units::Span;

/// `[seal]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealSettings {
    /// What seals, in the name of the legal person of its certificate.
    pub key: SigningKey,
    /// The certificate of a PEM key and the intermediates, PEM, leaf first; that of a token's stands there, or with the key.
    pub certificate: Option<PathBuf>,
    /// After which time without a seal exchanges are refused.
    pub refuse_after: RefuseAfter,
}

/// For each class of operations how long the evidence may wait for its seal; without a time they go on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RefuseAfter {
    /// Those that only ask.
    pub reads: Option<Span>,
    /// Those that change something at a back end.
    pub writes: Option<Span>,
}

impl FromTable for SealSettings {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let key = table.required("key", reader);
        let certificate_written = table.values("certificate").next().is_some();
        let certificate: Option<PathBuf> = table.optional("certificate", reader);
        let refuse_after = table.or_default("refuse_after", reader);
        table.finish(reader);
        if certificate_written && certificate.is_none() {
            return None;
        }
        Some(SealSettings {
            key: key?,
            certificate,
            refuse_after: refuse_after?,
        })
    }
}

impl FromTable for RefuseAfter {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let mut span = |name| {
            let written = table.values(name).next().is_some();
            let read: Option<Span> = table.optional(name, reader);
            (!written || read.is_some()).then_some(read)
        };
        let (reads, writes) = (span("reads"), span("writes"));
        table.finish(reader);
        Some(RefuseAfter {
            reads: reads?,
            writes: writes?,
        })
    }
}
