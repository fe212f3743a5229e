//! At most two connections to a database, made on first use; one that was cut off is closed, never lent again.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout_at;

use crate::connectors::error::{ConnectorError, Kind};

use super::failure::Failure;
use super::server::{Connection, Server};

/// Municipal databases are small and shared with the office that works on them.
const PLACES: usize = 2;
/// A connection that rested longer is asked whether it still stands.
const TRUSTED_REST: Duration = Duration::from_secs(1);
/// A connection that rested longer is closed: firewalls forget such connections without a word.
const LONGEST_REST: Duration = Duration::from_mins(1);
/// A connection that is older is closed: passwords, certificates and addresses change.
const LONGEST_LIFE: Duration = Duration::from_mins(15);

/// Connections to one database.
#[derive(Debug)]
pub struct Pool {
    server: Server,
    connect_deadline: Duration,
    places: Semaphore,
    resting: Mutex<Vec<Resting>>,
}

#[derive(Debug)]
struct Resting {
    connection: Connection,
    born: Instant,
    since: Instant,
}

/// A connection on loan; it is closed unless it is given back.
pub struct Loan<'a> {
    /// The connection.
    pub connection: Connection,
    born: Instant,
    pool: &'a Pool,
    _place: SemaphorePermit<'a>,
}

impl Pool {
    /// No connection yet.
    pub fn new(server: Server, connect_deadline: Duration) -> Pool {
        Pool {
            server,
            connect_deadline,
            places: Semaphore::new(PLACES),
            resting: Mutex::new(Vec::new()),
        }
    }

    /// Lends a connection: one that rests, or a new one.
    pub async fn lend(&self, deadline: Instant) -> Result<Loan<'_>, ConnectorError> {
        let waited = timeout_at(deadline.into(), self.places.acquire()).await;
        let Ok(Ok(place)) = waited else {
            let text = "both connections to the database are in use";
            return Err(ConnectorError::passing(Kind::Busy, text));
        };
        let limit = deadline.min(Instant::now() + self.connect_deadline);
        let (connection, born) = match self.rested(limit).await {
            Some(rested) => rested,
            None => (self.connect(limit, deadline).await?, Instant::now()),
        };
        Ok(Loan {
            connection,
            born,
            pool: self,
            _place: place,
        })
    }

    async fn rested(&self, limit: Instant) -> Option<(Connection, Instant)> {
        loop {
            let mut resting = self.resting.lock().pop()?;
            let rest = resting.since.elapsed();
            let is_old = rest > LONGEST_REST || resting.born.elapsed() > LONGEST_LIFE;
            if is_old || !resting.connection.is_current() {
                continue;
            }
            if rest <= TRUSTED_REST {
                return Some((resting.connection, resting.born));
            }
            match timeout_at(limit.into(), resting.connection.ping()).await {
                Ok(Ok(())) => return Some((resting.connection, resting.born)),
                // What broke this connection broke the others too.
                _ => self.resting.lock().clear(),
            }
        }
    }

    async fn connect(
        &self,
        limit: Instant,
        deadline: Instant,
    ) -> Result<Connection, ConnectorError> {
        let connecting = timeout_at(limit.into(), self.server.connect());
        connecting.await.unwrap_or_else(|_| {
            let kind = if limit == deadline {
                Kind::TimedOut
            } else {
                Kind::Unreachable
            };
            Err(ConnectorError::passing(
                kind,
                "connect: no connection within its deadline",
            ))
        })
    }
}

impl Loan<'_> {
    /// Gives the connection back for others.
    pub fn give_back(self) {
        self.pool.resting.lock().push(Resting {
            connection: self.connection,
            born: self.born,
            since: Instant::now(),
        });
    }

    /// Keeps the connection if the work on it ended in order, closes it otherwise.
    pub fn end<T>(
        self,
        step: &str,
        worked: Result<Result<T, Failure>, tokio::time::error::Elapsed>,
    ) -> Result<T, ConnectorError> {
        match worked {
            Ok(Ok(done)) => {
                self.give_back();
                Ok(done)
            }
            Ok(Err(failure)) => Err(failure.into_error(step)),
            Err(_) => Err(ConnectorError::passing(
                Kind::TimedOut,
                format!("{step}: no answer within the deadline"),
            )),
        }
    }
}
