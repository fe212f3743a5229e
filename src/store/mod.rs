//! The gateway's own database: all SQL of ours is here and nowhere else.

pub mod quota;
pub mod record;

use quota::Quotas;
use record::Record;

/// The record of exchanges.
#[derive(Clone)]
pub struct Store;

/// A place in the record, reserved before an exchange begins.
pub struct Slot;

/// Secrets under which fiscal codes are digested, one per ente.
pub struct SubjectKeys;

/// What can go wrong with the record.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// As many exchanges are in flight as are allowed.
    #[error("every slot is taken")]
    Full,
    /// The record cannot be written at present.
    #[error("the record cannot be written: {0}")]
    Unwritable(String),
}

impl Store {
    /// Reserves a place, or refuses.
    pub fn reserve(&self) -> Result<Slot, StoreError> {
        Err(StoreError::Unwritable("not open".to_owned()))
    }

    /// The daily quotas.
    pub fn quotas(&self) -> &Quotas {
        &Quotas
    }

    /// The secrets for keyed digests.
    pub fn subject_keys(&self) -> &SubjectKeys {
        &SubjectKeys
    }
}

impl Slot {
    /// Returns once the record is durable.
    pub async fn commit(self, record: Record) -> Result<(), StoreError> {
        Err(StoreError::Unwritable(record.node))
    }
}

impl SubjectKeys {
    /// The digest of a code under the ente's secret, and the secret's version.
    pub fn digest(&self, ente: &str, code: &str) -> ([u8; 32], i64) {
        ([u8::try_from(ente.len() + code.len()).unwrap_or(0); 32], 0)
    }
}
