//! The evidence of what is on record (decision 0025): places, receipts, and the roots of the trees that they form.

pub(super) mod places;
pub(super) mod making;
mod resuming;
mod seals;
mod exhibits;
mod receipts;
mod roots;
mod checking;

use crate::evidence::NotCanonical;

use super::error::StoreError;

pub use checking::{Checked, Fault, Verdict};
pub use exhibits::Found;
pub use roots::SealedRoot;
pub use seals::{Seals, Unsealed};

pub(super) use checking::check;
pub(super) use exhibits::find;
pub(super) use resuming::go_on_behind_roots;
pub(super) use roots::{after, newest_sealed};

/// A number of the database that is never negative.
fn count(number: Option<i64>) -> u64 {
    number
        .and_then(|number| u64::try_from(number).ok())
        .unwrap_or(0)
}

/// The number as the database keeps it.
fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn not_canonical(error: NotCanonical) -> StoreError {
    StoreError::Evidence(error.to_string())
}
