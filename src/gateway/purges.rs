//! Answers are forgotten on all nodes: what one purges the others hear of.

use std::sync::atomic::Ordering;

use crate::broker::cache::Purge;
use crate::store::StoreError;

use super::Gateway;

impl Gateway {
    /// Forgets what matches here, and tells the other nodes; returns how many answers that were here. An error says that the others do
    /// not know.
    pub async fn forget(&self, what: &Purge) -> Result<usize, StoreError> {
        let forgotten = self.cache.purge(what);
        if self.node.nodes > 1 {
            let (ente, operation) = what.to_tell();
            let purges = self.store.purges();
            purges.tell(&self.node.name, ente, operation).await?;
        }
        Ok(forgotten)
    }

    /// Forgets what other nodes told since the last time, up to the newest number that there is.
    pub async fn hear_purges(&self, newest: i64) -> Result<(), StoreError> {
        let heard = self.purges_heard.load(Ordering::Acquire);
        if newest == heard {
            return Ok(());
        }
        // What came before this node's first look, and what is no longer told, or was undone with the database, is not told apart.
        let told = match heard {
            ..0 => Vec::new(),
            _ => self.store.purges().since(heard).await?,
        };
        let mut expected = heard + 1..;
        let whole = told
            .iter()
            .all(|purge| expected.next() == Some(purge.number));
        let last = match told.last() {
            Some(last) if whole => last.number,
            _ => {
                self.cache.purge(&Purge::default());
                newest
            }
        };
        let of_others = told.iter().filter(|purge| purge.node != self.node.name);
        for purge in of_others {
            let (ente, operation) = (purge.ente.as_deref(), purge.operation.as_deref());
            self.cache.purge(&Purge::told(ente, operation));
        }
        self.purges_heard.store(last, Ordering::Release);
        Ok(())
    }
}
