//! The calendar of what ends: certificates, revocation lists, secrets, grants and convenzioni, whosever they are, and when.

use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use rustls::pki_types::CertificateDer;

use crate::config::grant::days::Days;
use crate::config::instance::{BackendTls, InstanceSettings};
use crate::config::portal::Portal;
use crate::signing::OwnSigner;
use crate::trust::{self, End, Ending, PeerCertificate};

use super::Snapshot;

/// Something that ends at a known moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated {
    /// Whose it is: `portal_door`, `operator_door`, `signer`, `seal`, an instance, or `portal` and its name.
    pub holder: String,
    /// What it is.
    pub what: Ending,
    /// Its file, the name of a secret, the identity of a grant, the protocol number of a convenzione, the subject of a certificate of what signs, or the beginning of the fingerprint of a certificate that was shown to us.
    pub name: String,
    /// When it ends.
    pub at: DateTime<Utc>,
}

impl Dated {
    /// Whole days left; negative once it is over.
    pub fn days_left(&self, now: DateTime<Utc>) -> i64 {
        (self.at - now).num_seconds().div_euclid(86_400)
    }

    fn of_file(holder: &str, end: End) -> Dated {
        Dated {
            holder: holder.to_owned(),
            what: end.what,
            name: end.file.display().to_string(),
            at: end.at,
        }
    }
}

impl Snapshot {
    /// Everything that ends, the soonest first. Portals' certificates are known once they were shown at the door.
    pub fn ends(&self) -> Vec<Dated> {
        let doors = [
            ("portal_door", &self.trust),
            ("operator_door", &self.operators_trust),
        ];
        let login = self.login_trust.iter().map(|trust| ("login", trust));
        let doors = doors.into_iter().chain(login).flat_map(|(door, trust)| {
            let ends = trust.ends().iter().cloned();
            ends.map(move |end| Dated::of_file(door, end))
        });
        let mut all: Vec<Dated> = doors
            .chain(self.outward_ends.iter().cloned())
            .chain(self.signing())
            .chain(self.shown())
            .chain(self.granted())
            .collect();
        all.sort_by(|one, other| {
            (one.at, &one.holder, &one.name).cmp(&(other.at, &other.holder, &other.name))
        });
        all.dedup();
        all
    }

    /// Grants, and the convenzioni that they rest on.
    fn granted(&self) -> impl Iterator<Item = Dated> {
        let dated = |portal: &Portal, what, name: &str, days: &Days| Dated {
            holder: format!("portal {}", portal.name),
            what,
            name: name.to_owned(),
            at: days.ends(),
        };
        let portals = self.portals.all.iter();
        let grants =
            portals.flat_map(|portal| portal.grants.iter().map(move |grant| (portal, grant)));
        grants.flat_map(move |(portal, grant)| {
            let own = grant.days.iter();
            let own = own.map(move |days| dated(portal, Ending::Grant, &grant.id, days));
            let signed = grant.convenzioni.iter();
            own.chain(
                signed
                    .map(move |one| dated(portal, Ending::Convenzione, &one.protocollo, &one.days)),
            )
        })
    }

    /// The certificates of what signs and seals, wherever they stand.
    fn signing(&self) -> impl Iterator<Item = Dated> {
        let own = self.own_signer.iter().flat_map(OwnSigner::signers);
        let own = own.map(|signer| ("signer", signer));
        let seal = self.seal.iter().flat_map(|seal| seal.keys.signers());
        let seal = seal.map(|signer| ("seal", signer));
        own.chain(seal).filter_map(|(holder, signer)| {
            let leaf = CertificateDer::from(signer.chain().first()?.as_slice());
            let certificate = PeerCertificate::of_chain(&[leaf])?;
            Some(Dated {
                holder: holder.to_owned(),
                what: Ending::Certificate,
                name: certificate.subject.clone(),
                at: certificate.validity()?.1,
            })
        })
    }

    fn shown(&self) -> impl Iterator<Item = Dated> {
        let seen = self.trust.seen().into_iter();
        seen.filter_map(|peer| {
            let portal = self.portal_of(&peer)?;
            Some(Dated {
                holder: format!("portal {}", portal.name),
                what: Ending::Certificate,
                name: hex::encode(&peer.fingerprint[..4]),
                at: peer.validity()?.1,
            })
        })
    }
}

/// What ends of all that we show and use towards a back end.
///
/// It refuses nothing here: a back end's outage is not the gateway's.
pub(super) fn of_instance(instance: &InstanceSettings) -> impl Iterator<Item = Dated> {
    let of_secret = |name: String, until: Option<NaiveDate>| {
        let last = until?;
        Some(Dated {
            holder: instance.name.clone(),
            what: Ending::Secret,
            name,
            at: Days::new(last..=last).ends(),
        })
    };
    let secrets = instance.secrets.iter();
    let secrets = secrets.filter_map(move |(name, secret)| of_secret(name.clone(), secret.until));
    let clients = instance.pdnd.iter().flat_map(|pdnd| &pdnd.clients);
    let clients = clients.filter_map(move |(name, client)| {
        of_secret(format!("pdnd.clients.{name}"), client.key.until)
    });
    let issuer = instance.pdnd.iter();
    let issuer = issuer.filter_map(|pdnd| pdnd.authorities.as_deref());
    let issuer = issuer.flat_map(|file| trust::ends_of(file, Ending::Authority));
    let issuer = issuer.map(|end| Dated::of_file(&instance.name, end));
    let signing = instance
        .modi
        .iter()
        .filter_map(|modi| modi.answers.as_ref());
    let signing = signing.flat_map(|answers| &answers.signers);
    let signing = signing.flat_map(|file| trust::ends_of(file, Ending::Certificate));
    let signing = signing.map(|end| Dated::of_file(&instance.name, end));
    of_tls(&instance.name, &instance.tls)
        .chain(secrets)
        .chain(clients)
        .chain(issuer)
        .chain(signing)
}

/// What ends of a portal's own: the certificates that it signs with, and TLS where it takes answers that come later.
pub(super) fn of_portal(portal: &Portal) -> Vec<Dated> {
    let holder = format!("portal {}", portal.name);
    let signing = portal.modi.iter().flat_map(|modi| {
        let known = modi.signers.iter();
        known.chain(modi.addresses.values())
    });
    let signing = signing.flat_map(|file| trust::ends_of(file, Ending::Certificate));
    let signing = signing.map(|end| Dated::of_file(&holder, end));
    let deliveries = portal.reply_to.iter();
    let deliveries = deliveries.flat_map(|reply_to| of_tls(&holder, &reply_to.tls));
    signing.chain(deliveries).collect()
}

fn of_tls<'a>(holder: &'a str, tls: &'a BackendTls) -> impl Iterator<Item = Dated> + 'a {
    let files = [
        (&tls.certificate, Ending::Certificate),
        (&tls.authorities, Ending::Authority),
    ];
    let of_file = move |file: &Path, what| {
        let ends = trust::ends_of(file, what).into_iter();
        ends.map(|end| Dated::of_file(holder, end))
            .collect::<Vec<_>>()
    };
    files
        .into_iter()
        .filter_map(|(file, what)| Some((file.as_deref()?, what)))
        .flat_map(move |(file, what)| of_file(file, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_negative_once_it_is_over() {
        let at = "2026-12-31T23:00:00Z".parse().expect("an instant");
        let dated = Dated {
            holder: "portal_door".to_owned(),
            what: Ending::Certificate,
            name: "server.pem".to_owned(),
            at,
        };
        assert_eq!(dated.days_left(at - chrono::TimeDelta::hours(25)), 1);
        assert_eq!(dated.days_left(at - chrono::TimeDelta::hours(1)), 0);
        assert_eq!(dated.days_left(at + chrono::TimeDelta::seconds(1)), -1);
    }
}
