//! The documentation page at `/docs`: the documents as text and as YAML, without a script or a third party.

mod page;

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::broker::error::{ExchangeError, Malformed};
use crate::trust::Verdict;

use super::answer;
use super::documents::{documents, security};
use super::http::Response;
use super::intake::Intake;

const STYLE: &str = include_str!("stile.css");

/// The page.
pub(super) fn page(intake: &Intake) -> Response {
    static PAGE: LazyLock<String> = LazyLock::new(page::written);
    send(intake, "text/html; charset=utf-8", || {
        Some(Cow::Borrowed(&**PAGE))
    })
}

/// One document: to a portal with what is demanded of it, to others as it is published.
pub(super) fn document(intake: &Intake, name: &str) -> Response {
    send(intake, "application/yaml", || {
        let snapshot = intake.gateway().snapshot();
        if let Some(portal) = snapshot.portal_of(&intake.connection.peer) {
            return security::of_portal(name, portal);
        }
        let mut all = documents().iter();
        let document = all.find(|document| document.domain.name() == name)?;
        Some(Cow::Borrowed(document.yaml.as_str()))
    })
}

/// The page's style sheet.
pub(super) fn style(intake: &Intake) -> Response {
    send(intake, "text/css; charset=utf-8", || {
        Some(Cow::Borrowed(STYLE))
    })
}

/// Sends to whoever has a trusted certificate, also to those who are not yet a portal.
fn send(
    intake: &Intake,
    media_type: &str,
    find: impl FnOnce() -> Option<Cow<'static, str>>,
) -> Response {
    let snapshot = intake.gateway().snapshot();
    let found = match snapshot.trust.judge(&intake.connection.peer, intake.at) {
        Verdict::Refused(why) => Err(ExchangeError::CertificateUntrusted(why)),
        Verdict::Trusted => find().ok_or(ExchangeError::Malformed(Malformed::NoSuchResource)),
    };
    match found {
        Ok(text) => answer::of_documentation(intake.scambio, intake.door_limit)
            .header("content-type", media_type)
            .header("content-security-policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
            .header("cache-control", "private, no-cache")
            .body(text.into_owned()),
        Err(failure) => intake.refuse(&failure),
    }
}
