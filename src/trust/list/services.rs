//! What a signed list says: number, dates, and the authorities of identity cards that are recognised at national level.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use uppsala::{Document, NodeId, Parser};

use super::qualified::{self, QualifiedService};
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
    let services = services(list);
    let sequence = scheme.child("TSLSequenceNumber")?.text();
    let next = scheme.child("NextUpdate")?;
    Ok(TrustedList {
        sequence: sequence.parse().map_err(|_| lacks("TSLSequenceNumber"))?,
        issued: scheme.child("ListIssueDateTime")?.moment()?,
        // A list that is closed for good has none: nothing in it counts any more.
        next_update: next.child("dateTime")?.moment()?,
        authorities: authorities(&services)?,
        qualified: qualified(&services),
    })
}

/// Every service of every provider, as `TSPService`.
fn services<'d, 'a>(list: Element<'d, 'a>) -> Vec<Element<'d, 'a>> {
    let providers = list.child("TrustServiceProviderList").into_iter();
    let providers = providers.flat_map(|one| one.children("TrustServiceProvider"));
    let folders = providers.filter_map(|one| one.child("TSPServices").ok());
    folders.flat_map(|one| one.children("TSPService")).collect()
}

/// One that cannot be read makes nothing qualified, and keeps no card out.
fn qualified(services: &[Element<'_, '_>]) -> Vec<QualifiedService> {
    let services = services.iter().copied();
    services.filter_map(qualified::of).collect()
}

/// The history of a service stands beside its `ServiceInformation` and says nothing of today.
fn authorities(services: &[Element<'_, '_>]) -> Result<Vec<Vec<u8>>, ListFault> {
    let mut found = BTreeSet::new();
    for service in services {
        let service = service.child("ServiceInformation")?;
        let kind = service.child("ServiceTypeIdentifier")?.text();
        let status = service.child("ServiceStatus")?.text();
        if (kind.as_str(), status.as_str()) == (CARDS, RECOGNISED) {
            found.extend(certificates(service)?);
        }
    }
    Ok(found.into_iter().collect())
}

pub(super) fn certificates(service: Element<'_, '_>) -> Result<Vec<Vec<u8>>, ListFault> {
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
pub(super) struct Element<'d, 'a> {
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

    pub(super) fn children(self, name: &str) -> impl Iterator<Item = Element<'d, 'a>> {
        let found = self
            .document
            .child_elements_by_name_ns(self.node, TSL, name);
        found.into_iter().map(move |node| Element { node, ..self })
    }

    pub(super) fn child(self, name: &'static str) -> Result<Element<'d, 'a>, ListFault> {
        self.children(name).next().ok_or_else(|| lacks(name))
    }

    /// Whether some element beneath has that attribute, with a value of that end.
    pub(super) fn holds(self, attribute: &str, end: &str) -> bool {
        let beneath = self.document.descendants(self.node);
        beneath.into_iter().any(|node| {
            let value = self.document.get_attribute(node, attribute);
            value.is_some_and(|value| value.trim().ends_with(end))
        })
    }

    pub(super) fn text(self) -> String {
        let text = self.document.text_content_deep(self.node);
        text.trim().to_owned()
    }

    pub(super) fn moment(self) -> Result<DateTime<Utc>, ListFault> {
        self.text().parse().map_err(|_| lacks("una data"))
    }
}
