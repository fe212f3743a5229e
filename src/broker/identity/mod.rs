//! Stage 1: who calls. The portal is the one whose certificate the configuration names, and proves what else it demands.

mod citizen;
mod tokens;
mod voucher;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::config::portal::Portal;
use crate::gateway::Gateway;
use crate::modi::{Evidence, Proven};
use crate::oidc::Citizen;
use crate::pdnd::Voucher;
use crate::snapshot::Snapshot;
use crate::trust::{Peer, Verdict};

use super::arrival::Arrival;
use super::error::ExchangeError;
use super::record::Trail;

/// A portal, known by a certificate that is trusted at this moment and by the tokens that its configuration demands. Made
/// only by [`establish`].
pub struct Caller {
    portal: Arc<Portal>,
    proven: Option<Arc<Proven>>,
    citizen: Option<Arc<Citizen>>,
    voucher: Option<Arc<Voucher>>,
}

impl Caller {
    /// The portal.
    pub fn portal(&self) -> &Arc<Portal> {
        &self.portal
    }

    /// What its tokens proved; none where its configuration demands none.
    pub fn proven(&self) -> Option<&Arc<Proven>> {
        self.proven.as_ref()
    }

    /// The citizen who logged in with a card, where the portal shows one.
    pub fn citizen(&self) -> Option<&Arc<Citizen>> {
        self.citizen.as_ref()
    }

    /// Who asks, as the citizen's own token or the portal's evidence names them.
    pub fn person(&self) -> Option<&str> {
        let citizen = self
            .citizen()
            .map(|citizen| citizen.codice_fiscale.as_str());
        // SPID and CIE put the country and the kind of number before it.
        let named = || {
            let person = self.evidence()?.user_id();
            Some(person.strip_prefix("TINIT-").unwrap_or(person))
        };
        citizen.or_else(named)
    }

    /// The voucher that the portal shows, where its configuration demands one.
    pub fn voucher(&self) -> Option<&Voucher> {
        self.voucher.as_deref()
    }

    /// For whom the portal asks, by its own evidence.
    pub fn evidence(&self) -> Option<&Evidence> {
        self.proven.as_ref()?.evidence.as_ref()
    }
}

/// Judges the connection's certificate against the snapshot's trust, so that a revoked or removed portal is out at
/// once on open and on resumed connections too, finds whose it is, and judges the tokens of its request.
pub(super) async fn establish(
    gateway: &Gateway,
    arrival: &Arrival,
    trail: &mut Trail,
) -> Result<Caller, ExchangeError> {
    let snapshot = trail.snapshot();
    if let Verdict::Refused(reason) = snapshot.trust.judge(&arrival.certificate, arrival.at) {
        return Err(ExchangeError::CertificateUntrusted(reason));
    }
    let portal = snapshot
        .portal_of(&arrival.certificate)
        .ok_or(ExchangeError::PortalUnknown)?;
    trail.known(portal);
    let proven = match &portal.modi {
        Some(settings) => tokens::prove(gateway, &snapshot, portal, settings, arrival).await?,
        None => None,
    };
    if let Some(proven) = &proven {
        trail.proved(proven);
    }
    let citizen = citizen::shown(gateway, &snapshot, portal, arrival).await?;
    if let Some(citizen) = &citizen {
        trail.shown(citizen);
    }
    let voucher = voucher::shown(gateway, &snapshot, portal, proven.as_deref(), arrival).await?;
    if let Some(voucher) = &voucher {
        trail.vouched(voucher);
    }
    Ok(Caller {
        portal: Arc::clone(portal),
        proven,
        citizen,
        voucher,
    })
}

/// Whether a certificate is a portal's and trusted at this moment, for the limits before identity.
pub fn is_known(snapshot: &Snapshot, certificate: &Peer, at: DateTime<Utc>) -> bool {
    snapshot.portal_of(certificate).is_some()
        && !matches!(snapshot.trust.judge(certificate, at), Verdict::Refused(_))
}
