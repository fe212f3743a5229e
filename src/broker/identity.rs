//! Stage 1: who calls. The portal is the one whose certificate the configuration names.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::config::portal::Portal;
use crate::snapshot::Snapshot;
use crate::trust::{Peer, Verdict};

use super::arrival::Arrival;
use super::error::ExchangeError;
use super::record::Trail;

/// A portal, known by a certificate that is trusted at this moment. Made only by [`establish`].
pub struct Caller {
    portal: Arc<Portal>,
}

impl Caller {
    /// The portal.
    pub fn portal(&self) -> &Arc<Portal> {
        &self.portal
    }
}

/// Judges the connection's certificate against the snapshot's trust, so that a revoked or removed portal is out at
/// once on open and on resumed connections too, and finds whose it is.
pub(super) fn establish(arrival: &Arrival, trail: &mut Trail) -> Result<Caller, ExchangeError> {
    let snapshot = trail.snapshot();
    if let Verdict::Refused(reason) = snapshot.trust.judge(&arrival.certificate, arrival.at) {
        return Err(ExchangeError::CertificateUntrusted(reason));
    }
    let portal = snapshot
        .portal_of(&arrival.certificate)
        .ok_or(ExchangeError::PortalUnknown)?;
    let caller = Caller {
        portal: Arc::clone(portal),
    };
    trail.known(&caller);
    Ok(caller)
}

/// Whether a certificate is a portal's and trusted at this moment, for the limits before identity.
pub fn is_known(snapshot: &Snapshot, certificate: &Peer, at: DateTime<Utc>) -> bool {
    snapshot.portal_of(certificate).is_some()
        && !matches!(snapshot.trust.judge(certificate, at), Verdict::Refused(_))
}
