//! D8: generic envelopes whose work is accepted first and done later ("JPPA RichiestaStandard" and "PEOPLE process" shapes).

mod documents;
mod jppa;
mod people;
mod work;

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig, post, resource};

use super::{Dialect, Latency};
use crate::delivery::Reply;
use crate::faults::FaultKind;
use crate::soap::ENVELOPE;
use work::Accepted;

pub const DIALECT: Dialect = Dialect {
    name: "d8",
    content_type: "text/xml; charset=utf-8",
    open: |_| {
        let accepted = Data::new(Accepted::default());
        Arc::new(move |config| routes(config, &accepted))
    },
    own_faults: &[
        FaultKind::NotFound,
        FaultKind::Ambiguous,
        FaultKind::Duplicate,
        FaultKind::InternalError,
        FaultKind::HangAfterCommit,
        FaultKind::LateCompletion,
        FaultKind::NeverCompletes,
        FaultKind::Replay,
    ],
    latency: Latency {
        p50: 200,
        p95: 800,
        p99: 2500,
    },
};

fn routes(config: &mut ServiceConfig, accepted: &Data<Accepted>) {
    config
        .app_data(accepted.clone())
        .service(resource("/jcitygov-pagopa/ws/PagoPAInternal").route(post().to(jppa::handle)))
        .service(resource("/people/{ente}/services/process").route(post().to(people::handle)));
}

/// `c_c933` of a municipality's Belfiore code.
fn belfiore_of(administration: &str) -> Option<&str> {
    administration.strip_prefix("c_")
}

fn envelope(status: u16, body: &str) -> Reply {
    Reply::new(
        status,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soap:Envelope xmlns:soap=\"{ENVELOPE}\"><soap:Body>{body}</soap:Body></soap:Envelope>"
        ),
    )
}

/// What is no call at all.
fn fault() -> Reply {
    envelope(
        500,
        "<soap:Fault><faultcode>soap:Client</faultcode><faultstring>Richiesta non valida</faultstring></soap:Fault>",
    )
}
