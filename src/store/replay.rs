//! Tokens that may be used once: each is durable before anything is done for it, whatever node it came to.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::database::Database;
use super::dialect::Bind;
use super::error::StoreError;
use super::link::Link;

/// Messages whose tokens are written in one transaction at most.
const MOST_TOGETHER: usize = 256;

/// How often tokens that have expired are forgotten.
const PRUNED_EVERY: TimeDelta = TimeDelta::seconds(60);

const INSERT: &str = "INSERT INTO token_seen (digest, until, first) VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING";
const KNOWN: &str = "SELECT until FROM token_seen WHERE digest = ?";
const PRUNE: &str = "DELETE FROM token_seen WHERE until < ?";

/// A token that may be used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeenToken {
    /// SHA-256 over what names it: whose it is, of what kind, its `jti`.
    pub digest: [u8; 32],
    /// Until when it must be remembered: nobody accepts it after.
    pub until: DateTime<Utc>,
    /// The exchange that it came with.
    pub scambio: Uuid,
}

/// The memory of tokens.
pub struct Replay {
    database: Database,
    /// What waits while another message's tokens are being written; all of it goes into the next transaction.
    waiting: Mutex<Vec<Waiting>>,
    link: tokio::sync::Mutex<State>,
}

type Told = Result<bool, StoreError>;

struct Waiting {
    tokens: Vec<SeenToken>,
    tell: oneshot::Sender<Told>,
}

#[derive(Default)]
struct State {
    link: Option<Link>,
    pruned: Option<DateTime<Utc>>,
}

impl Replay {
    pub(super) fn new(database: Database) -> Replay {
        Replay {
            database,
            waiting: Mutex::default(),
            link: tokio::sync::Mutex::default(),
        }
    }

    /// Notes the tokens of a message; `false`: one of them was used before, here or on another node.
    pub async fn first_use(&self, tokens: Vec<SeenToken>) -> Result<bool, StoreError> {
        let (tell, mut told) = oneshot::channel();
        self.waiting.lock().push(Waiting { tokens, tell });
        let mut state = self.link.lock().await;
        loop {
            // Whoever wrote before may have taken these along.
            if let Ok(outcome) = told.try_recv() {
                return outcome;
            }
            let batch: Vec<Waiting> = {
                let mut waiting = self.waiting.lock();
                let most = waiting.len().min(MOST_TOGETHER);
                waiting.drain(..most).collect()
            };
            if batch.is_empty() {
                return Err(StoreError::Closed);
            }
            self.write_and_tell(&mut state, batch).await;
        }
    }

    /// Whether a token was noted, and may still matter. It is asked before any portal's limit, so all who ask share one connection.
    pub async fn is_known(&self, digest: [u8; 32]) -> Result<bool, StoreError> {
        let mut state = self.link.lock().await;
        let mut link = Link::standing(&mut state.link, &self.database).await?;
        let bind = |to: &mut dyn Bind| to.bytes(Some(&digest));
        let found = link.fetch(KNOWN, &bind, |_| Ok(())).await?;
        state.link = Some(link);
        Ok(!found.is_empty())
    }

    async fn write_and_tell(&self, state: &mut State, batch: Vec<Waiting>) {
        match self.write(state, &batch).await {
            Ok(first) => {
                for (waiting, first) in batch.into_iter().zip(first) {
                    let _ = waiting.tell.send(Ok(first));
                }
            }
            Err(error) => {
                let reason: Arc<str> = error.to_string().into();
                for waiting in batch {
                    let failure = StoreError::Unhealthy(Arc::clone(&reason));
                    let _ = waiting.tell.send(Err(failure));
                }
            }
        }
    }

    /// Writes all tokens in one transaction; says of each message whether all of its were new.
    async fn write(&self, state: &mut State, batch: &[Waiting]) -> Result<Vec<bool>, StoreError> {
        // In one order on all nodes, so that none waits for another that waits for it.
        let mut tokens: Vec<(SeenToken, usize)> = batch
            .iter()
            .enumerate()
            .flat_map(|(place, waiting)| waiting.tokens.iter().map(move |one| (*one, place)))
            .collect();
        tokens.sort_unstable();
        let mut link = Link::standing(&mut state.link, &self.database).await?;
        link.begin().await?;
        let mut first = vec![true; batch.len()];
        for (token, place) in &tokens {
            let done = link.execute(INSERT, &|to| bind(to, token)).await?;
            first[*place] &= done == 1;
        }
        let now = Utc::now();
        if state
            .pruned
            .is_none_or(|pruned| now - pruned > PRUNED_EVERY)
        {
            link.execute(PRUNE, &|to| to.number(Some(now.timestamp_micros())))
                .await?;
            state.pruned = Some(now);
        }
        link.commit().await?;
        state.link = Some(link);
        Ok(first)
    }

    pub(super) async fn close(&self) {
        let link = self.link.lock().await.link.take();
        if let Some(link) = link
            && let Err(error) = link.close().await
        {
            tracing::warn!(%error, "la memoria dei token non si chiude come si deve");
        }
    }
}

fn bind(to: &mut dyn Bind, token: &SeenToken) {
    to.bytes(Some(&token.digest));
    to.number(Some(token.until.timestamp_micros()));
    to.bytes(Some(token.scambio.as_bytes()));
}
