//! The back ends: whether each one is there and accepts us.

use futures_util::future::join_all;

use crate::connectors::instance::Instances;
use crate::snapshot::{Backend, Snapshot};

use super::Finding;

/// Probes all of them at once; each has its own deadline. One that does not answer is a warning: the gateway serves the others.
pub(super) async fn look(snapshot: &Snapshot) -> Vec<Finding> {
    let instances = Instances::new();
    let probe = async |backend: &Backend| {
        let name = &backend.instance.name;
        let instance = instances.get(&backend.instance);
        match instance.probe(&backend.adapter).await {
            Ok(()) => Finding::good(format!("sistemi: {name} risponde")),
            Err(failure) => Finding::warning(format!("sistemi: {name}: {failure}")),
        }
    };
    join_all(snapshot.backends().map(probe)).await
}
