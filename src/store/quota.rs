//! Daily quotas: counted in memory over the durable count, committed with the record.

use super::record::QuotaKey;

/// The counters.
pub struct Quotas;

/// One exchange admitted under a quota; given back if it is dropped before it is committed.
#[derive(Debug)]
pub struct QuotaHold {
    /// What it counts.
    pub key: QuotaKey,
    remaining: u32,
}

/// Why an exchange is not admitted.
#[derive(Debug, thiserror::Error)]
pub enum QuotaRefused {
    /// The day's quota is spent.
    #[error("the day's quota is spent")]
    Spent,
    /// The count cannot be read.
    #[error("the count cannot be read: {0}")]
    Unknown(String),
}

impl Quotas {
    /// Admits one more exchange, if any is left.
    pub async fn admit(&self, key: QuotaKey, limit: u32) -> Result<QuotaHold, QuotaRefused> {
        limit
            .checked_sub(1)
            .map(|remaining| QuotaHold { key, remaining })
            .ok_or(QuotaRefused::Spent)
    }
}

impl QuotaHold {
    /// How many are left after this one.
    pub fn remaining(&self) -> u32 {
        self.remaining
    }
}

impl QuotaRefused {
    /// Whether it is the portal that has used up its day.
    pub fn is_spent(&self) -> bool {
        matches!(self, QuotaRefused::Spent)
    }
}
