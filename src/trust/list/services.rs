//! What a signed list says: number, dates, and the authorities of identity cards that are recognised at national level.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use uppsala::{Document, NodeId, Parser};

use super::{ListFault, TrustedList};

const TSL: &str = "http://uri.etsi.org/02231/v2#";

/// Identity verification: in Italy the authorities of CNS, CRS and CIE.
const CARDS: &str = "http://uri.etsi.org/TrstSvc/Svctype/IdV";

const RECOGNISED: &str =
    "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/recognisedatnationallevel";

/// Reads what the signature covers.
pub(super) fn read(signed: &str) -> Result<TrustedList, ListFault> {
    let document = Parser::new().with_forbid_dtd(true).parse(signed);
    let document = document.map_err(|error| ListFault::Unreadable(error.to_string()))?;
    let list = Element::root(&document)?;
    let scheme = list.child("SchemeInformation")?;
    let sequence = scheme.child("TSLSequenceNumber")?.text();
    let next = scheme.child("NextUpdate")?;
    Ok(TrustedList {
        sequence: sequence.parse().map_err(|_| lacks("TSLSequenceNumber"))?,
        issued: scheme.child("ListIssueDateTime")?.moment()?,
        // A list that is closed for good has none: nothing in it counts any more.
        next_update: next.child("dateTime")?.moment()?,
        authorities: authorities(list)?,
    })
}

/// The history of a service stands beside its `ServiceInformation` and says nothing of today.
fn authorities(list: Element<'_, '_>) -> Result<Vec<Vec<u8>>, ListFault> {
    let mut found = BTreeSet::new();
    let Ok(providers) = list.child("TrustServiceProviderList") else {
        return Ok(Vec::new());
    };
    for provider in providers.children("TrustServiceProvider") {
        let Ok(services) = provider.child("TSPServices") else {
            continue;
        };
        for service in services.children("TSPService") {
            let service = service.child("ServiceInformation")?;
            let kind = service.child("ServiceTypeIdentifier")?.text();
            let status = service.child("ServiceStatus")?.text();
            if (kind.as_str(), status.as_str()) == (CARDS, RECOGNISED) {
                found.extend(certificates(service)?);
            }
        }
    }
    Ok(found.into_iter().collect())
}

fn certificates(service: Element<'_, '_>) -> Result<Vec<Vec<u8>>, ListFault> {
    let identity = service.child("ServiceDigitalIdentity")?;
    let mut all = Vec::new();
    for one in identity.children("DigitalId") {
        for certificate in one.children("X509Certificate") {
            let text: String = certificate.text().split_ascii_whitespace().collect();
            let der = BASE64_STANDARD.decode(text);
            all.push(der.map_err(|_| lacks("X509Certificate"))?);
        }
    }
    Ok(all)
}

fn lacks(what: &'static str) -> ListFault {
    ListFault::Unreadable(format!("manca {what}, o non è come dev'essere"))
}

/// An element in its document.
#[derive(Clone, Copy)]
struct Element<'d, 'a> {
    document: &'d Document<'a>,
    node: NodeId,
}

impl<'d, 'a> Element<'d, 'a> {
    fn root(document: &'d Document<'a>) -> Result<Element<'d, 'a>, ListFault> {
        let node = document.document_element();
        let node = node.filter(|node| {
            let element = document.element(*node);
            element.is_some_and(|one| one.matches_name_ns(TSL, "TrustServiceStatusList"))
        });
        let node = node.ok_or_else(|| lacks("TrustServiceStatusList"))?;
        Ok(Element { document, node })
    }

    fn children(self, name: &str) -> impl Iterator<Item = Element<'d, 'a>> {
        let found = self
            .document
            .child_elements_by_name_ns(self.node, TSL, name);
        found.into_iter().map(move |node| Element { node, ..self })
    }

    fn child(self, name: &'static str) -> Result<Element<'d, 'a>, ListFault> {
        self.children(name).next().ok_or_else(|| lacks(name))
    }

    fn text(self) -> String {
        let text = self.document.text_content_deep(self.node);
        text.trim().to_owned()
    }

    fn moment(self) -> Result<DateTime<Utc>, ListFault> {
        self.text().parse().map_err(|_| lacks("una data"))
    }
}
