//! Looks for tokens that are away, outside every request: one that has come back signs again, whoever asks next.

use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::signing::{TokenState, opened};

/// How often it is looked.
const GLANCE: Duration = Duration::from_secs(2);

/// Goes on for as long as the gateway runs. Never ends.
pub async fn keep() {
    loop {
        sleep(GLANCE).await;
        for (_, signer) in opened() {
            if !matches!(signer.state(), TokenState::Away(_)) {
                continue;
            }
            // A token that hangs holds this up and nobody else.
            let looked = spawn_blocking(move || signer.look()).await;
            if looked.is_err() {
                tracing::error!("la ricerca di un token si è interrotta");
            }
        }
    }
}
