//! `[instance.pdnd]` beside what else speaks for an instance: headers never compete, names are known, and every client's key signs.

use std::collections::BTreeMap;

use http::header::AUTHORIZATION;

use super::Backend;
use super::build::is_at_hand;
use crate::config::back_end_modi::BackEndModi;
use crate::config::back_end_pdnd::{BackEndPdnd, PdndUse};
use crate::config::instance::InstanceSettings;
use crate::config::mistake::Mistake;
use crate::config::modi::Reference;
use crate::config::reading::places::Entry;
use crate::config::secret::Reader;
use crate::config::written::Written;
use crate::connectors::adapter::{Adapter, Connector};
use crate::contract::luogo::CodiceIstat;
use crate::pdnd::Client;

/// Checks every instance whose back end demands vouchers.
pub(super) fn check(
    written: &Written,
    backends: &BTreeMap<String, Backend>,
    reader: Reader,
) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for entry in &written.instances.read {
        let backend = backends.get(&entry.value.name);
        let (Some(pdnd), Some(backend)) = (&entry.value.pdnd, backend) else {
            continue;
        };
        let modi = entry.value.modi.as_ref();
        let texts = of_headers(&backend.adapter).chain(modi.into_iter().flat_map(beside_modi));
        mistakes.extend(texts.map(|text| entry.places.mistake("pdnd", text)));
        mistakes.extend(of_clients(entry, pdnd, reader));
        for (position, one) in pdnd.uses.iter().enumerate() {
            let texts = of_names(one, written).into_iter().chain(of_operations(
                one,
                &backend.adapter,
                modi,
            ));
            let path = format!("pdnd.uses[{position}]");
            mistakes.extend(texts.map(|text| entry.places.mistake(&path, text)));
        }
    }
    mistakes
}

/// `Authorization` is the voucher's, and the proof's header the proof's.
fn of_headers(adapter: &Adapter) -> impl Iterator<Item = &'static str> {
    let text = match adapter.connector() {
        Connector::Rest(rest) => {
            let mut headers = rest.headers.iter().map(|(name, _)| name);
            let taken = headers.any(|name| *name == AUTHORIZATION || name.as_str() == "dpop");
            (taken || rest.basic.is_some()).then_some(
                "Authorization è già dell'utenza che l'adapter usa: non può portare anche il voucher",
            )
        }
        _ => Some("i voucher chiedono un adapter REST"),
    };
    text.into_iter()
}

/// The tokens of ModI are the client's too: what names the key, the caller and the purpose stands in one place.
fn beside_modi(modi: &BackEndModi) -> impl Iterator<Item = &'static str> {
    [
        (
            modi.takes_authorization(),
            "in Authorization sta il voucher: ID_AUTH_REST e voucher sono alternativi",
        ),
        (
            modi.reference != Reference::Kid,
            "con i voucher i token del ModI indicano la chiave del client: «modi.reference» è kid",
        ),
        (
            modi.key_id.is_some(),
            "con i voucher il nome della chiave è quello del client: «modi.key_id» si toglie",
        ),
        (
            modi.purpose_id.is_some(),
            "con i voucher la finalità è quella dell'uso: «modi.purpose_id» si toglie",
        ),
    ]
    .into_iter()
    .filter_map(|(wrong, text)| wrong.then_some(text))
}

/// Every key must sign, where it is at hand.
fn of_clients(entry: &Entry<InstanceSettings>, pdnd: &BackEndPdnd, reader: Reader) -> Vec<Mistake> {
    let clients = pdnd.clients.iter();
    // What cannot be read at all is told with the other secrets.
    let at_hand = clients.filter(|(_, client)| {
        let key = &client.key.reference;
        let readable = key.is_whole() && key.pem().is_none_or(|reference| reference.read().is_ok());
        (reader == Reader::Service || is_at_hand(key)) && readable
    });
    let refused = at_hand.filter_map(|(name, client)| {
        let error = Client::load(client).err()?;
        let path = format!("pdnd.clients.{name}.key");
        Some(entry.places.mistake(&path, error.to_string()))
    });
    let authorities = pdnd.authorities.as_deref().and_then(|file| {
        let error = std::fs::File::open(file).err()?;
        let text = format!("il file non si può leggere: {error}");
        Some(entry.places.mistake("pdnd.authorities", text))
    });
    let in_vain = authorities.is_none()
        && pdnd.authorities.is_some()
        && pdnd.token_address.starts_with("http://");
    let in_vain = in_vain.then(|| {
        let text = "l'indirizzo è http: il TLS non verrebbe usato";
        entry.places.mistake("pdnd.authorities", text)
    });
    refused.chain(authorities).chain(in_vain).collect()
}

/// Portals, enti and purposes must be configured.
fn of_names(one: &PdndUse, written: &Written) -> Vec<String> {
    let mut texts = Vec::new();
    for portal in &one.portals {
        if !written.portals.knows(portal) {
            texts.push(format!("non c'è un portale «{portal}»"));
        }
    }
    for ente in &one.enti {
        let known = |ente: &CodiceIstat| {
            written
                .enti
                .read
                .iter()
                .any(|entry| entry.value.codice_istat == *ente)
        };
        if !known(ente) {
            texts.push(format!("l'ente {ente} non è configurato"));
        }
    }
    for purpose in &one.purposes {
        if !written.purposes.knows(purpose) {
            texts.push(format!("non c'è una finalità «{purpose}»"));
        }
    }
    texts
}

fn of_operations(one: &PdndUse, adapter: &Adapter, modi: Option<&BackEndModi>) -> Vec<String> {
    let unknown = one.operations.iter();
    let unknown = unknown.filter(|operation| adapter.operation(**operation).is_none());
    let unknown =
        unknown.map(|operation| format!("l'adapter «{}» non offre {operation}", adapter.name()));
    let in_vain = one.audience.is_some() && modi.is_none();
    let in_vain = in_vain.then(|| {
        "«audience» è dei token del ModI, che qui non sono richiesti: si toglie".to_owned()
    });
    unknown.chain(in_vain).collect()
}
