//! The time between start and stop: signals, the service manager, files that change.

use std::sync::Arc;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::reload::Reloader;

use crate::commands::Failure;

/// The signals that the gateway answers, listened to before anyone can know its process: unheard they would end it.
pub(super) struct Signals {
    hang_up: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens from now on; what comes before the gateway is ready is answered then.
    pub(super) fn listen() -> Result<Signals, Failure> {
        Ok(Signals {
            hang_up: listen_to(SignalKind::hangup())?,
            terminate: listen_to(SignalKind::terminate())?,
            interrupt: listen_to(SignalKind::interrupt())?,
        })
    }
}

/// Tells the service manager that the gateway is ready, then reloads on SIGHUP until SIGTERM or SIGINT.
pub(super) async fn until_told_to_stop(mut signals: Signals, reloader: &Arc<Reloader>) {
    let watch = tokio::spawn(Arc::clone(reloader).watch());
    notify(&[NotifyState::Ready]);
    loop {
        tokio::select! {
            _ = signals.hang_up.recv() => reload(reloader).await,
            _ = signals.terminate.recv() => break,
            _ = signals.interrupt.recv() => break,
        }
    }
    watch.abort();
    notify(&[NotifyState::Stopping]);
}

fn listen_to(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::because("segnali", error))
}

async fn reload(reloader: &Arc<Reloader>) {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "orologio monotono non leggibile"),
    }
    let reloader = Arc::clone(reloader);
    let reload = tokio::task::spawn_blocking(move || {
        reloader.reopen_log();
        // What is wrong stands in the log.
        let _ = reloader.reload();
    });
    if let Err(fault) = reload.await {
        tracing::error!(%fault, "rilettura della configurazione interrotta");
    }
    notify(&[NotifyState::Ready]);
}

/// Nothing happens where no service manager listens.
fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "il gestore dei servizi non ascolta");
    }
}
