//! What came with vouchers in a time, counted as the PDND wants it told: by purpose, voucher and status.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::database::Database;
use super::error::StoreError;
use super::export::Pages;

/// Requests that are counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Traced {
    /// `purposeId` of the voucher; empty where the request was refused before it was known.
    pub purpose: String,
    /// `jti` of the voucher.
    pub token: String,
    /// HTTP status of the answer.
    pub status: i64,
}

/// Counts the exchanges that began in `from..to` and came with a voucher.
pub(super) async fn count(
    database: &Database,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<BTreeMap<Traced, u64>, StoreError> {
    let mut counted = BTreeMap::new();
    let mut pages = Pages::of(database, None, from, to)?;
    while let Some(rows) = pages.next().await? {
        for row in &rows {
            let mut tokens = row.tokens.iter();
            let Some(voucher) = tokens.find(|token| token.kind == "voucher") else {
                continue;
            };
            let traced = Traced {
                purpose: row.text("purpose").to_owned(),
                token: voucher.token_id.clone().unwrap_or_default(),
                status: row.value("status").as_i64().unwrap_or_default(),
            };
            *counted.entry(traced).or_insert(0) += 1;
        }
    }
    Ok(counted)
}
