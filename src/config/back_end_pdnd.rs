//! `[instance.pdnd]`: a back end that demands vouchers of the PDND: who issues them, our clients there, and who asks under which purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;
use uuid::Uuid;

use super::instance::BackendTls;
use super::key::DatedKey;
use super::reading::address::Address;
use super::reading::table::Table;
use super::reading::value::Value;
use super::reading::{FromTable, Read, Reader};
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::Operation;

/// `[instance.pdnd]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackEndPdnd {
    /// Where vouchers are asked for: the whole address.
    pub token_address: String,
    /// `aud` of our assertions there.
    pub audience: String,
    /// The authorities of that address (PEM); absent: the public ones.
    #[serde(skip_serializing)]
    pub authorities: Option<PathBuf>,
    /// Whether vouchers are bound to a key of ours, which is proven at each call (RFC 9449).
    pub dpop: bool,
    /// Our clients there, by a name that uses refer to.
    pub clients: BTreeMap<String, PdndClient>,
    /// Who asks with which client and for which purpose: the first that fits, and without one nobody is called.
    pub uses: Vec<PdndUse>,
}

/// A client as the PDND knows it: of the province, or of an ente.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PdndClient {
    /// `client_id`.
    pub id: String,
    /// `kid` of its key; absent: the key's thumbprint (RFC 7638), which the PDND gives it.
    pub key_id: Option<String>,
    /// What signs in its name (RSA).
    pub key: DatedKey,
}

/// One use of an e-service. What is left empty fits everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PdndUse {
    /// The client that asks.
    pub client: String,
    /// `purposeId` there.
    pub purpose_id: String,
    /// `aud` of our ModI tokens for that e-service, where it is not the instance's.
    pub audience: Option<String>,
    /// The portals for which it holds.
    pub portals: BTreeSet<String>,
    /// The enti for which it holds.
    pub enti: BTreeSet<CodiceIstat>,
    /// The operations for which it holds.
    pub operations: BTreeSet<Operation>,
    /// The purposes of our grants for which it holds.
    pub purposes: BTreeSet<String>,
}

/// Who asks a back end for what.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The portal, where there is one.
    pub portal: Option<&'a str>,
    /// The ente.
    pub ente: &'a CodiceIstat,
    /// The operation.
    pub operation: Operation,
    /// The purpose of the grant, where there is one.
    pub purpose: Option<&'a str>,
}

impl BackEndPdnd {
    /// The use of whoever asks; `None`: none is meant for them.
    pub fn use_of(&self, asking: Asking<'_>) -> Option<&PdndUse> {
        self.uses.iter().find(|one| one.fits(asking))
    }

    /// TLS towards who issues vouchers.
    pub fn tls(&self) -> BackendTls {
        BackendTls {
            authorities: self.authorities.clone(),
            ..BackendTls::default()
        }
    }

    /// The files whose change calls for a new snapshot.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        let keys = self.clients.values();
        let keys = keys.flat_map(|client| client.key.reference.files());
        keys.chain(self.authorities.clone())
    }
}

impl PdndUse {
    fn fits(&self, asking: Asking<'_>) -> bool {
        let named = |names: &BTreeSet<String>, name: Option<&str>| {
            names.is_empty() || name.is_some_and(|name| names.contains(name))
        };
        named(&self.portals, asking.portal)
            && named(&self.purposes, asking.purpose)
            && (self.enti.is_empty() || self.enti.contains(asking.ente))
            && (self.operations.is_empty() || self.operations.contains(&asking.operation))
    }

    /// Whether whatever fits the other fits this one too: written before it, the other would never count.
    pub fn covers(&self, other: &PdndUse) -> bool {
        fn wider<T: Ord>(one: &BTreeSet<T>, other: &BTreeSet<T>) -> bool {
            one.is_empty() || (!other.is_empty() && one.is_superset(other))
        }
        wider(&self.portals, &other.portals)
            && wider(&self.enti, &other.enti)
            && wider(&self.operations, &other.operations)
            && wider(&self.purposes, &other.purposes)
    }
}

/// An identifier of the PDND.
struct Identifier(String);

impl Read for Identifier {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        value.parse(reader, "un identificativo della PDND (UUID)", |text| {
            (text.len() == 36 && Uuid::try_parse(text).is_ok()).then(|| Identifier(text.to_owned()))
        })
    }
}

impl FromTable for BackEndPdnd {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let written = table.values("token_address").next();
        let token_address: Option<Address> = table.required("token_address", reader);
        let is_web = |address: &Address| {
            let web = ["https://", "http://"];
            let rest = web.iter().find_map(|scheme| address.0.strip_prefix(scheme));
            rest.and_then(|rest| rest.split_once('/'))
                .is_some_and(|(_, path)| !path.is_empty() && !path.ends_with('/'))
        };
        let token_address = match (written, token_address) {
            (Some(place), Some(address)) if !is_web(&address) => {
                reader.mistake(
                    &place.place(),
                    "serve l'indirizzo intero, https://host/percorso (o http://)",
                );
                None
            }
            (_, address) => address,
        };
        let audience = table.required("audience", reader);
        let authorities = table.optional("authorities", reader);
        let dpop = table.or("dpop", false, reader);
        let clients = table.required("clients", reader);
        let uses = table.required("uses", reader);
        let place = table.place();
        table.finish(reader);
        let pdnd = BackEndPdnd {
            token_address: token_address?.0,
            audience: audience?,
            authorities,
            dpop: dpop?,
            clients: clients?,
            uses: uses?,
        };
        let mistakes = pdnd.mistakes();
        if let Some(place) = place {
            for text in &mistakes {
                reader.mistake(&place, text.clone());
            }
        }
        mistakes.is_empty().then_some(pdnd)
    }
}

impl BackEndPdnd {
    /// What does not go together.
    fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        if self.uses.is_empty() {
            mistakes.push("«uses» è vuoto: nessuno potrebbe chiedere".to_owned());
        }
        for (position, one) in self.uses.iter().enumerate() {
            if !self.clients.contains_key(&one.client) {
                let text = format!("uses[{position}]: non c'è un client «{}»", one.client);
                mistakes.push(text);
            }
            let earlier = self.uses[..position].iter();
            if let Some(first) = earlier.into_iter().position(|earlier| earlier.covers(one)) {
                mistakes.push(format!(
                    "uses[{position}] non vale mai: uses[{first}] viene prima e comprende gli stessi casi"
                ));
            }
        }
        for name in self.clients.keys() {
            if self.uses.iter().all(|one| one.client != *name) {
                mistakes.push(format!("il client «{name}» non serve a nessuno degli usi"));
            }
        }
        mistakes
    }
}

impl FromTable for PdndClient {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let id: Option<Identifier> = table.required("id", reader);
        let key_id = table.optional("key_id", reader);
        let key = table.required("key", reader);
        table.finish(reader);
        Some(PdndClient {
            id: id?.0,
            key_id,
            key: key?,
        })
    }
}

impl FromTable for PdndUse {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let client = table.required("client", reader);
        let purpose_id: Option<Identifier> = table.required("purpose_id", reader);
        let audience = table.optional("audience", reader);
        let portals = table.or_default("portals", reader);
        let enti = table.or_default("enti", reader);
        let operations = table.or_default("operations", reader);
        let purposes = table.or_default("purposes", reader);
        table.finish(reader);
        Some(PdndUse {
            client: client?,
            purpose_id: purpose_id?.0,
            audience,
            portals: portals?,
            enti: enti?,
            operations: operations?,
            purposes: purposes?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn use_for(portals: &[&str], enti: &[&str], purpose_id: &str) -> PdndUse {
        PdndUse {
            client: "provincia".to_owned(),
            purpose_id: purpose_id.to_owned(),
            audience: None,
            portals: portals.iter().map(|&name| name.to_owned()).collect(),
            enti: enti
                .iter()
                .filter_map(|code| CodiceIstat::parse(code))
                .collect(),
            operations: BTreeSet::new(),
            purposes: BTreeSet::new(),
        }
    }

    fn chosen(uses: &[PdndUse], portal: &str, ente: &str) -> Option<String> {
        let ente = CodiceIstat::parse(ente).expect("a code");
        let asking = Asking {
            portal: Some(portal),
            ente: &ente,
            operation: Operation::Servizi,
            purpose: None,
        };
        let found = uses.iter().find(|one| one.fits(asking));
        found.map(|one| one.purpose_id.clone())
    }

    #[test]
    fn the_first_use_that_fits_portal_and_ente_is_theirs_and_without_one_there_is_none() {
        let mut uses = vec![
            use_for(&["scuola"], &["013075"], "both"),
            use_for(&["scuola"], &[], "portal"),
            use_for(&[], &["013075"], "ente"),
        ];
        let of = |uses: &[PdndUse], portal, ente| chosen(uses, portal, ente).unwrap_or_default();
        assert_eq!(of(&uses, "scuola", "013075"), "both");
        assert_eq!(of(&uses, "scuola", "013041"), "portal");
        assert_eq!(of(&uses, "messi", "013075"), "ente");
        assert_eq!(of(&uses, "messi", "013041"), "");
        uses.push(use_for(&[], &[], "default"));
        assert_eq!(of(&uses, "messi", "013041"), "default");
    }

    #[test]
    fn a_use_covers_what_is_no_wider() {
        let (all, school) = (use_for(&[], &[], "a"), use_for(&["scuola"], &[], "b"));
        assert!(all.covers(&school) && all.covers(&all));
        assert!(!school.covers(&all));
        assert!(!school.covers(&use_for(&["scuola", "messi"], &[], "c")));
        assert!(school.covers(&use_for(&["scuola"], &["013075"], "d")));
    }
}
