//! `pontile serve`: starts the parts in their order, keeps them running, ends what is in flight and stops.

mod descriptors;
mod life;

use std::path::PathBuf;
use std::sync::Arc;

use crate::api;
use crate::api::problem;
use crate::api::server::OpenDoor;
use crate::broker::deferral;
use crate::card_issuers;
use crate::config::loading;
use crate::config::settings::Settings;
use crate::connectors::files::shelf::Shelf;
use crate::gateway::Gateway;
use crate::issuer_keys;
use crate::login::{self, OpenHost};
use crate::operators;
use crate::reload::grants::{self, Start};
use crate::reload::{self, Reloader};
use crate::rounds;
use crate::sealer;
use crate::snapshot::{self, Built, Kept};
use crate::store::Store;
use crate::store::night::Vault;
use crate::telemetry::Telemetry;
use crate::telemetry::log::{Log, LogSettings, events};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::Traces;
use crate::token_keys;

use super::{Failure, record_failure, say};
use life::{Signals, until_told_to_stop};

/// Serves until it is told to stop.
pub async fn run(config: PathBuf) -> Result<(), Failure> {
    let signals = Signals::listen()?;
    descriptors::allow_as_many_as_possible();
    let kept = Kept::new().map_err(|error| Failure::because("TLS", error))?;
    let built = snapshot::build(&config, &loading::environment(), 1, &kept)
        .map_err(Failure::Configuration)?;
    let telemetry = open_telemetry(&built.settings)?;
    let store = open_store(&built.settings).await?;
    let agreed = grants::agree(&store, &config, &kept, built).await;
    let Start { built, number } = agreed.map_err(Failure::Configuration)?;
    let Built {
        settings,
        snapshot,
        files,
    } = built;
    let gateway = Gateway::new(
        settings.node.clone(),
        store,
        &settings.cache,
        telemetry,
        snapshot,
    );
    gateway.grants.in_force(number);
    gateway.learn_protected().await.map_err(record_failure)?;
    let vault = Vault::open(&settings.night, &settings.record.subject_key);
    let gateway = Arc::new(gateway.with_copies(Arc::new(Shelf::new(vault))));
    let reloader = Arc::new(Reloader::new(
        Arc::clone(&gateway),
        config,
        kept,
        settings.clone(),
        files,
    ));
    reload::in_force(&gateway);
    let requests = tokio::spawn(deferral::carry_on(Arc::clone(&gateway), problem::describe));
    let doors = open_doors(&gateway, &reloader, &settings)?;
    let cards = doors.login.as_ref();
    let cards = cards.map(|host| format!(", carte https://{}", host.address));
    say(format_args!(
        "Pontile è pronto: portali https://{}, operatori https://{}{}",
        doors.portals.address,
        doors.operators.address,
        cards.unwrap_or_default()
    ))?;
    let following = tokio::spawn(Arc::clone(&reloader).follow_grants());
    let rounds = tokio::spawn(rounds::go(Arc::clone(&gateway)));
    let keys = tokio::spawn(issuer_keys::keep(Arc::clone(&gateway)));
    let tokens = tokio::spawn(token_keys::keep());
    let seals = tokio::spawn(sealer::keep(Arc::clone(&gateway)));
    let issuers = tokio::spawn(card_issuers::keep(Arc::clone(&gateway)));
    until_told_to_stop(signals, &reloader).await;
    rounds.abort();
    keys.abort();
    issuers.abort();
    tokens.abort();
    following.abort();
    gateway.drain();
    tracing::info!("arresto: si finiscono le richieste in corso");
    doors.close().await;
    // What a back end was being asked is asked again after the next start, under the same reference.
    requests.abort();
    seals.abort();
    gateway.store.close().await;
    if let Some(traces) = &gateway.telemetry.traces {
        traces.shut_down();
    }
    tracing::info!("arresto completato");
    gateway.telemetry.log.close();
    Ok(())
}

async fn open_store(settings: &Settings) -> Result<Store, Failure> {
    let store = Store::open(&settings.record, settings.retention, &settings.node.name);
    store.await.map_err(record_failure)
}

fn open_telemetry(settings: &Settings) -> Result<Telemetry, Failure> {
    let log = Log::open(&LogSettings {
        file: settings.log.file.clone(),
        keep_months: settings.retention.logs_months,
    })
    .map_err(|error| Failure::because("log", error))?;
    let log = Arc::new(log);
    events::receive(&log, &settings.log.filter).map_err(|error| Failure::because("log", error))?;
    tell_of_panics();
    let traces = settings.traces.endpoint.as_deref();
    let traces = traces
        .map(|endpoint| Traces::start(endpoint, &settings.node.name))
        .transpose()
        .map_err(|error| Failure::because("tracce", error))?;
    Ok(Telemetry {
        metrics: Metrics::new(),
        log,
        traces,
    })
}

/// A panic is a fault of ours; its message could repeat what was being read, so only its place is logged.
fn tell_of_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "guasto interno");
    }));
}

struct Doors {
    portals: OpenDoor,
    operators: OpenDoor,
    login: Option<OpenHost>,
}

fn open_doors(
    gateway: &Arc<Gateway>,
    reloader: &Arc<Reloader>,
    settings: &Settings,
) -> Result<Doors, Failure> {
    let cannot = |door: &crate::config::door::Door| {
        let what = format!("non si può ascoltare su {}", door.address);
        move |error: std::io::Error| Failure::because(&what, error)
    };
    let operators = operators::serve(
        Arc::clone(gateway),
        Arc::clone(reloader),
        settings.operator_door.clone(),
    )
    .map_err(cannot(&settings.operator_door))?;
    let portals = api::server::serve(
        Arc::clone(gateway),
        settings.portal_door.clone(),
        settings.traces.percent,
    )
    .map_err(cannot(&settings.portal_door))?;
    let login = match &settings.login {
        Some(login) => {
            Some(login::serve(Arc::clone(gateway), login.clone()).map_err(cannot(&login.door))?)
        }
        None => None,
    };
    Ok(Doors {
        portals,
        operators,
        login,
    })
}

impl Doors {
    /// The operators' door last: until then it tells that the gateway is about to stop.
    async fn close(self) {
        if let Some(login) = self.login {
            login.close().await;
        }
        for door in [self.portals, self.operators] {
            let address = door.address;
            if let Err(error) = door.close().await {
                tracing::error!(%address, %error, "la porta non si è chiusa in ordine");
            }
        }
    }
}
