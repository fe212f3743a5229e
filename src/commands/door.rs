//! The operators' door of the running gateway, as commands ask it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use http::Method;

use crate::config::calendar::Calendar;
use crate::config::door::Door;
use crate::config::instance::{BackendTls, Bounds, InstanceSettings};
use crate::connectors::http::{HttpClient, HttpRequest};

use super::{Failure, settings_of};

/// The gateway answers at once, or something is wrong.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who asks, and where the door is.
#[derive(Debug, Args)]
pub struct DoorArguments {
    /// The operator's certificate (PEM)
    #[arg(long)]
    certificate: PathBuf,
    /// The operator's key (PEM)
    #[arg(long)]
    key: PathBuf,
    /// The authority of the gateway's own certificate (PEM); absent: the first of those that its operators' door trusts
    #[arg(long)]
    authority: Option<PathBuf>,
    /// Where the operators' door is, as its certificate names it; absent: localhost and the configured port
    #[arg(long)]
    address: Option<String>,
}

/// Asks, and gives the text of an answer of status 200; `body`: JSON.
pub async fn ask(
    config: &Path,
    arguments: DoorArguments,
    method: Method,
    path: &str,
    body: String,
) -> Result<String, Failure> {
    let door = settings_of(config)?.operator_door;
    let failed = |error| Failure::because("porta degli operatori", error);
    let client = HttpClient::new(&as_instance(&door, arguments)).map_err(failed)?;
    let request = HttpRequest {
        method,
        path: path.to_owned(),
        headers: vec![(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/json"),
        )],
        body: body.into(),
        repeatable: true,
    };
    let answer = client
        .send(request, Instant::now() + PATIENCE)
        .await
        .map_err(failed)?;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    match answer.status {
        200 => Ok(text),
        status => Err(Failure::Failed(format!(
            "la porta degli operatori ha risposto {status}: {text}"
        ))),
    }
}

/// The door as the client for back ends takes one.
fn as_instance(door: &Door, arguments: DoorArguments) -> InstanceSettings {
    let address = arguments
        .address
        .unwrap_or_else(|| format!("https://localhost:{}", door.address.port()));
    InstanceSettings {
        name: "operatori".to_owned(),
        adapter: String::new(),
        address,
        values: BTreeMap::new(),
        per_portal: BTreeMap::new(),
        secrets: BTreeMap::new(),
        tls: BackendTls {
            authorities: arguments
                .authority
                .or_else(|| door.authorities.first().cloned()),
            certificate: Some(arguments.certificate),
            key: Some(arguments.key),
        },
        calendar: Calendar::default(),
        deferred: crate::config::instance::Deferred::default(),
        night: None,
        bounds: Bounds::default(),
        modi: None,
        pdnd: None,
    }
}
