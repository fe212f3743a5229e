//! `[pdnd]` and what portals and enti say of it: vouchers of the Piattaforma Digitale Nazionale Dati, by which portals show who they
//! are, of which e-service and for which purpose.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::login::address;
use super::reading::table::Table;
use super::reading::{FromTable, Reader};
use super::units::Span;

/// `[pdnd]`: who issues vouchers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdnd {
    /// `iss` of vouchers.
    pub issuer: String,
    /// Its keys (JWK set): the last good copy, read like every other file.
    pub keys: PathBuf,
    /// Where they are fetched; absent: somebody else puts the file there.
    pub keys_address: Option<String>,
    /// The authorities of that address (PEM); absent: the public ones.
    pub keys_authorities: Option<PathBuf>,
    /// How often they are fetched.
    pub keys_every: Span,
    /// The portals' door as portals know it, for DPoP proofs (`htu`).
    pub portals_door: String,
}

/// `[portal.pdnd]`: the portal shows vouchers in `Authorization`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PortalPdnd {
    /// `consumerId` of its vouchers.
    pub consumer: String,
    /// Whether vouchers must be bound to a key that it proves to hold (RFC 9449).
    pub dpop: bool,
}

/// `[ente.servizi.<domain>.pdnd]`: the e-service under which the ente offers a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EService {
    /// `eserviceId`.
    pub eservice: String,
    /// `descriptorId` of the versions in use.
    pub descriptors: Vec<String>,
    /// `producerId`: the ente, or the province that it has delegated.
    pub producer: String,
    /// `aud` of its vouchers.
    pub audience: String,
}

impl FromTable for Pdnd {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let issuer = table.required("issuer", reader);
        let keys = table.required("keys", reader);
        let written = table.values("keys_address").next();
        let keys_address: Option<String> = table.optional("keys_address", reader);
        if let (Some(place), Some(address)) = (written, &keys_address)
            && !address.starts_with("https://")
        {
            reader.mistake(&place.place(), "serve un indirizzo https://");
            return None;
        }
        let keys_authorities = table.optional("keys_authorities", reader);
        let keys_every = table.or("keys_every", Span(Duration::from_hours(1)), reader);
        let portals_door = address("portals_door", &mut table, reader);
        table.finish(reader);
        Some(Pdnd {
            issuer: issuer?,
            keys: keys?,
            keys_address,
            keys_authorities,
            keys_every: keys_every?,
            portals_door: portals_door?,
        })
    }
}

impl FromTable for PortalPdnd {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let consumer = table.required("consumer", reader);
        let dpop = table.or("dpop", false, reader);
        table.finish(reader);
        Some(PortalPdnd {
            consumer: consumer?,
            dpop: dpop?,
        })
    }
}

impl FromTable for EService {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let eservice = table.required("eservice", reader);
        let descriptors = table.required("descriptors", reader);
        let producer = table.required("producer", reader);
        let audience = table.required("audience", reader);
        table.finish(reader);
        Some(EService {
            eservice: eservice?,
            descriptors: descriptors?,
            producer: producer?,
            audience: audience?,
        })
    }
}
