//! What was granted when an exchange began is judged again before anything is disclosed.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};

use crate::broker::error::ExchangeError;
use crate::broker::record::Trail;
use crate::config::grant::Grant;
use crate::config::grant::asker::Chi;
use crate::config::grant::days::Standing;
use crate::config::portal::Portal;
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::question::{Parameters, Question};
use crate::gateway::Gateway;
use crate::snapshot::Snapshot;
use crate::trust::{PeerCertificate, Verdict};

use super::granted;

/// What was granted when an exchange began.
pub(in crate::broker) struct Before<'a> {
    /// The configuration of that moment.
    pub snapshot: &'a Arc<Snapshot>,
    /// To whom.
    pub portal: &'a Portal,
    /// By which grant.
    pub grant: &'a Grant,
    /// For which purpose.
    pub purpose: Option<&'a str>,
    /// The question.
    pub question: &'a Question,
    /// The operation that was granted: of a part, that of the whole.
    pub operation: Operation,
    /// The fields.
    pub fields: FieldSet,
}

/// Refuses where it is not known whether another node has taken a grant back.
pub(in crate::broker) fn check_contact(gateway: &Gateway) -> Result<(), ExchangeError> {
    match gateway.grants.is_recent(Instant::now()) {
        true => Ok(()),
        false => Err(ExchangeError::NoCapacity(
            "la base dati tace: le concessioni possono essere cambiate",
        )),
    }
}

/// Judges again, under the configuration and at the time of this moment, what is about to be disclosed; of a question to
/// several enti what concerns `ente`, or all of them where none is named.
pub(in crate::broker) fn still_granted(
    gateway: &Gateway,
    trail: &Trail,
    certificate: &PeerCertificate,
    ente: Option<&CodiceIstat>,
) -> Result<(), ExchangeError> {
    let Some(before) = trail.granted_before() else {
        return Ok(());
    };
    check_contact(gateway)?;
    let (now, at) = (gateway.snapshot(), Utc::now());
    let ente = ente.or(before.question.ente.as_ref());
    let several = match ente {
        None if before.operation.asked_of_each().is_some() => before.several(trail.begun()),
        _ => Vec::new(),
    };
    let unchanged = Arc::ptr_eq(&now, before.snapshot);
    let holds = |grant: &Grant, ente: Option<&CodiceIstat>| {
        let standing = match ente {
            Some(ente) => grant.standing_at(ente, at),
            None => grant.standing(at),
        };
        standing == Standing::InForce && (unchanged || before.is_covered(grant, ente))
    };
    let whole =
        |grant: &Grant| holds(grant, ente) && several.iter().all(|ente| holds(grant, Some(ente)));
    let granted = if unchanged {
        whole(before.grant)
    } else {
        let portal = now.portal_of(certificate);
        let trusted = !matches!(now.trust.judge(certificate, at), Verdict::Refused(_));
        portal.is_some_and(|portal| {
            portal.name == before.portal.name
                && trusted
                && portal.grants.iter().any(|grant| whole(grant))
        })
    };
    granted.then_some(()).ok_or(ExchangeError::GrantRevoked)
}

impl Before<'_> {
    /// Whether the data of protected persons were granted expressly for the purpose.
    pub(in crate::broker) fn shows_protected(&self) -> bool {
        let expressly = &self.grant.protected_purposes;
        self.purpose
            .is_some_and(|purpose| expressly.contains(purpose))
    }

    /// The enti of a question to several at which it was granted: of those that it names, or that had joined.
    fn several(&self, at: DateTime<Utc>) -> Vec<&CodiceIstat> {
        let granted = |ente: &&CodiceIstat| self.grant.standing_at(ente, at) == Standing::InForce;
        if let Parameters::PosizioneInEnti {
            enti: Some(named), ..
        } = &self.question.parameters
        {
            return named.iter().filter(granted).collect();
        }
        let joined = self.snapshot.enti().iter().filter(|ente| {
            ente.joins.contains(&self.operation) && self.grant.enti.covers(&ente.codice_istat)
        });
        joined
            .map(|ente| &ente.codice_istat)
            .filter(granted)
            .collect()
    }

    fn is_covered(&self, grant: &Grant, ente: Option<&CodiceIstat>) -> bool {
        // Who asks was shown under the grant of then; one that demands more has not been met.
        if grant.chi != self.grant.chi && grant.chi != Some(Chi::Sistema) {
            return false;
        }
        // So was that protected persons may be told of; one that says it no more has taken it back.
        let expressly = self.purpose.filter(|_| self.shows_protected());
        if expressly.is_some_and(|purpose| !grant.protected_purposes.contains(purpose)) {
            return false;
        }
        granted(grant, self.operation, ente, self.purpose)
            .is_some_and(|granted| granted.covers(self.fields))
    }
}
