//! Seals the roots of the evidence as they are made, outside every request. Where the key is away they wait, and are sealed afterwards.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::time::timeout;

use crate::documents::creating::{Placement, SealError};
use crate::evidence::manifest;
use crate::gateway::Gateway;
use crate::store::StoreError;

/// How often is looked although no root was made: a key may have come back.
const GLANCE: Duration = Duration::from_secs(1);

/// Why a root has no seal yet.
#[derive(Debug, thiserror::Error)]
enum Unsealed {
    #[error(transparent)]
    Key(#[from] SealError),
    #[error(transparent)]
    Record(#[from] StoreError),
}

/// Goes on for as long as the gateway runs. Never ends.
pub async fn keep(gateway: Arc<Gateway>) {
    let mut trouble = String::new();
    loop {
        // Whether a root woke us or the time makes no difference.
        let _ = timeout(GLANCE, gateway.store.seals().next_root()).await;
        match seal_newest(&gateway).await {
            Ok(()) if !trouble.is_empty() => {
                tracing::info!("le radici delle prove ricevono di nuovo il sigillo");
                trouble.clear();
            }
            Ok(()) => {}
            Err(error) => tell(&error, &mut trouble),
        }
        if let Err(error) = gateway.store.seals().look().await {
            tell(&Unsealed::Record(error), &mut trouble);
        }
    }
}

/// Seals one root after the other, the newest first, for about as long as one look lasts.
async fn seal_newest(gateway: &Gateway) -> Result<(), Unsealed> {
    let Some(seal) = gateway.snapshot().seal.clone() else {
        return Ok(());
    };
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < GLANCE
        && let Some(root) = gateway.store.seals().newest_unsealed().await?
    {
        let sealed = manifest(&root.document);
        let sealed = seal.keys.seal(&sealed, Placement::Detached, Utc::now());
        gateway
            .store
            .seals()
            .put(root.batch, &sealed.await?)
            .await?;
    }
    Ok(())
}

/// Tells a failure once, as long as it stays the same.
fn tell(error: &Unsealed, trouble: &mut String) {
    let told = error.to_string();
    if *trouble != told {
        tracing::error!(%error, "le radici delle prove attendono il sigillo: si riprova");
        *trouble = told;
    }
}
