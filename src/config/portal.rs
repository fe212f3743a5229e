//! `[[portal]]`: who may call; what each may do stands in its grants.

use std::sync::Arc;

use serde::Serialize;

use super::certificate::CertificateMatch;
use super::grant::Grant;
use super::instance::BackendTls;
use super::limits::Rate;
use super::login::PortalLogin;
use super::modi::Modi;
use super::pdnd::PortalPdnd;
use super::reading::address::Address;
use super::reading::table::Table;
use super::reading::value::Value;
use super::reading::{FromTable, Reader};

/// Requests that a portal may have open at once, where the configuration does not say.
const OPEN_REQUESTS: u32 = 1000;

/// A portal, known by its certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Portal {
    /// Its name in records, logs and metrics.
    pub name: String,
    /// Its certificates; two during a change of certificate.
    pub certificates: Vec<CertificateMatch>,
    /// Its rate over all operations.
    pub rate: Rate,
    /// Requests that outlive their call which it may have open at once.
    pub open_requests: u32,
    /// Where answers that come later may be delivered (`X-ReplyTo`).
    pub reply_to: Vec<ReplyTo>,
    /// What it may do, by the grants' identity; the documents stand in files of their own, and nothing but a snapshot joins them.
    #[serde(skip)]
    pub grants: Vec<Arc<Grant>>,
    /// The tokens that it sends beside its certificate, where it does.
    pub modi: Option<Modi>,
    /// Where its users come back to after a log-in with their card, where they log in so.
    pub login: Option<PortalLogin>,
    /// The vouchers that it shows, where it does.
    pub pdnd: Option<PortalPdnd>,
}

/// An address of a portal at which it takes answers that come later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplyTo {
    /// The whole address, as `X-ReplyTo` must name it.
    pub address: String,
    /// TLS towards it; without authorities the public ones count.
    #[serde(skip_serializing)]
    pub tls: BackendTls,
}

impl FromTable for Portal {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let name = table.name("name", reader);
        let certificates = table.required("certificates", reader);
        let rate = table.required("rate", reader);
        let open_requests = table.or("open_requests", OPEN_REQUESTS, reader);
        let reply_to = table.or_default("reply_to", reader);
        let modi = table.optional("modi", reader);
        let modi_written = table.values("modi").next().is_some();
        let login = table.optional("login", reader);
        let login_written = table.values("login").next().is_some();
        let pdnd = table.optional("pdnd", reader);
        let pdnd_written = table.values("pdnd").next().is_some();
        table.finish(reader);
        Some(Portal {
            name: name?,
            certificates: certificates?,
            rate: rate?,
            open_requests: open_requests?,
            reply_to: reply_to?,
            grants: Vec::new(),
            // What is written and wrong must not count as absent.
            modi: match modi {
                None if modi_written => return None,
                modi => modi,
            },
            login: match login {
                None if login_written => return None,
                login => login,
            },
            pdnd: match pdnd {
                None if pdnd_written => return None,
                pdnd => pdnd,
            },
        })
    }
}

impl FromTable for ReplyTo {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let address: Option<Address> = table.required("address", reader);
        let place = table.values("address").next().map(Value::place);
        let tls = table.or_default("tls", reader);
        table.finish(reader);
        let address = address?.0;
        if !["https://", "http://"]
            .iter()
            .any(|scheme| address.starts_with(scheme))
        {
            if let Some(place) = place {
                reader.mistake(&place, "serve un indirizzo https:// o http://");
            }
            return None;
        }
        Some(ReplyTo { address, tls: tls? })
    }
}
