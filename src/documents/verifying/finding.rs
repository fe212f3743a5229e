//! What a check found against a signature, and the one that weighs most.

use crate::contract::firma::{Indicazione, SottoIndicazione};

/// Something that keeps a signature from TOTAL-PASSED.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    indication: Indicazione,
    pub(super) sub_indication: SottoIndicazione,
    reason: String,
}

/// The outcome of all checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) indication: Indicazione,
    pub(super) sub_indication: Option<SottoIndicazione>,
    pub(super) reasons: Vec<String>,
}

impl Finding {
    /// The signature does not hold.
    pub(super) fn failed(sub_indication: SottoIndicazione, reason: impl Into<String>) -> Finding {
        Finding {
            indication: Indicazione::TotalFailed,
            sub_indication,
            reason: reason.into(),
        }
    }

    /// What is at hand does not suffice to say whether it holds.
    pub(super) fn undecided(
        sub_indication: SottoIndicazione,
        reason: impl Into<String>,
    ) -> Finding {
        Finding {
            indication: Indicazione::Indeterminate,
            sub_indication,
            reason: reason.into(),
        }
    }
}

impl Outcome {
    /// The first of the gravest findings names the outcome; all of them are told.
    pub(super) fn of(findings: Vec<Finding>) -> Outcome {
        let gravest = findings.iter().rev().max_by_key(|one| one.indication);
        Outcome {
            indication: gravest.map_or(Indicazione::TotalPassed, |one| one.indication),
            sub_indication: gravest.map(|one| one.sub_indication),
            reasons: findings.into_iter().map(|one| one.reason).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_gravest_findings_names_the_outcome() {
        let outcome = Outcome::of(vec![
            Finding::undecided(SottoIndicazione::TryLater, "a"),
            Finding::failed(SottoIndicazione::HashFailure, "b"),
            Finding::failed(SottoIndicazione::SigCryptoFailure, "c"),
        ]);
        assert_eq!(outcome.indication, Indicazione::TotalFailed);
        assert_eq!(outcome.sub_indication, Some(SottoIndicazione::HashFailure));
        assert_eq!(outcome.reasons, ["a", "b", "c"]);
        assert_eq!(Outcome::of(Vec::new()).indication, Indicazione::TotalPassed);
    }
}
