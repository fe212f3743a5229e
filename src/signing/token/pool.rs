//! Signatures of one key: so many at once, so many that wait, off the async threads, and again after the token was away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Semaphore, oneshot};

use super::crew::{Crew, Work};
use super::error::means_lost;
use super::key::Kind;
use super::link::{Link, Unsigned};
use super::module::Module;
use super::{TokenError, TokenKey, TokenState, public};
use crate::jose::{Algorithm, PublicKey};
use crate::signing::SigningError;

/// A token that is away is looked for once in this time, however many ask.
const LOOKED_FOR_EVERY: Duration = Duration::from_secs(1);

/// How long the rate is measured; a slow card makes one signature a session.
const MEASURED_FOR: Duration = Duration::from_millis(200);

/// The sessions of one key.
pub(super) struct Pool {
    token: Arc<Token>,
    /// Who may be signing or waiting.
    places: Arc<Semaphore>,
    /// How many places there are.
    room: usize,
    /// Who does the work, one a session.
    crew: Crew,
    rate: f64,
}

/// What was found beside the key.
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) certificate: Option<Vec<u8>>,
    pub(super) public_key: Option<PublicKey>,
}

struct Token {
    module: Arc<Module>,
    wanted: TokenKey,
    /// Held while the token is opened: one login, whoever else waits.
    connection: Mutex<Connection>,
    state: Mutex<TokenState>,
}

enum Connection {
    Open(Arc<Link>),
    Lost(Instant, TokenError),
}

impl Pool {
    /// Opens the token and reads what stands beside the key.
    pub(super) fn open(wanted: &TokenKey) -> Result<(Pool, Found), TokenError> {
        let module = Module::of(&wanted.module)?;
        let link = Link::open(&module, wanted)?;
        let found = {
            let session = link.keeper.lock();
            Found {
                kind: link.key.kind,
                certificate: public::certificate(&session, &link.key)?,
                public_key: public::key(&session, &link.key)?,
            }
        };
        let token = Token {
            module,
            wanted: wanted.clone(),
            connection: Mutex::new(Connection::Open(Arc::new(link))),
            state: Mutex::new(TokenState::Ready),
        };
        let room = wanted.queue.max(wanted.sessions).max(1);
        let token = Arc::new(token);
        // Whoever lets go of the pool closes the token's sessions, and no thread does so later, when the process may be ending.
        let signing = Arc::downgrade(&token);
        let sign = move |algorithm, bytes: &[u8]| match signing.upgrade() {
            Some(token) => token.sign(algorithm, bytes),
            None => Err(TokenError::Absent),
        };
        let pool = Pool {
            crew: Crew::start(wanted.sessions.max(1), &(Arc::new(sign) as _))?,
            token,
            places: Arc::new(Semaphore::new(room)),
            room,
            rate: 0.0,
        };
        Ok((pool, found))
    }

    /// Signs on this thread.
    pub(super) fn sign_now(
        &self,
        algorithm: Algorithm,
        bytes: &[u8],
    ) -> Result<Vec<u8>, TokenError> {
        self.token.sign(algorithm, bytes)
    }

    /// Measures how many signatures a second all sessions give, and leaves no more places than can be served in time.
    pub(super) fn measure(&mut self, algorithm: Algorithm, bytes: &[u8]) -> Result<(), TokenError> {
        let begun = Instant::now();
        let token = &self.token;
        let work = || -> Result<u32, TokenError> {
            let mut made = 0;
            while made == 0 || begun.elapsed() < MEASURED_FOR {
                token.sign(algorithm, bytes)?;
                made += 1;
            }
            Ok(made)
        };
        let made = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..token.wanted.sessions.max(1))
                .map(|_| scope.spawn(work))
                .collect();
            workers
                .into_iter()
                .map(|worker| {
                    let stopped = || TokenError::Failed("nulla".to_owned());
                    worker.join().unwrap_or_else(|_| Err(stopped()))
                })
                .sum::<Result<u32, TokenError>>()
        })?;
        self.rate = f64::from(made) / begun.elapsed().as_secs_f64();
        self.fit();
        Ok(())
    }

    /// Places for what the token signs within the deadline, at least one a session.
    fn fit(&mut self) {
        let wanted = &self.token.wanted;
        let in_time = (1..=self.room)
            .take_while(|places| *places as f64 <= self.rate * wanted.deadline.as_secs_f64())
            .count();
        self.room = in_time.max(wanted.sessions).max(1);
        self.places = Arc::new(Semaphore::new(self.room));
    }

    /// Signatures a second.
    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    /// Who is signing or waiting.
    pub(super) fn waiting(&self) -> usize {
        self.room.saturating_sub(self.places.available_permits())
    }

    /// Opens the token anew if it is away and may be back.
    pub(super) fn look(&self) {
        // What it says is kept as its state.
        let _ = self.token.link();
    }

    pub(super) fn state(&self) -> TokenState {
        self.token.state.lock().clone()
    }

    /// Signs within the deadline, or says at once that there is no place.
    pub(super) async fn sign(
        &self,
        algorithm: Algorithm,
        bytes: &[u8],
    ) -> Result<Vec<u8>, SigningError> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| self.busy())?;
        let (asked_by, signed) = oneshot::channel();
        self.crew.take(Work {
            algorithm,
            bytes: bytes.to_vec(),
            asked_by,
            place,
        });
        match tokio::time::timeout(self.token.wanted.deadline, signed).await {
            Ok(Ok(outcome)) => outcome.map_err(SigningError::from),
            Ok(Err(_)) => Err(SigningError::NotSigned),
            Err(_) => Err(self.busy()),
        }
    }

    /// Too many ask: worth a new try once those before have had their turn.
    fn busy(&self) -> SigningError {
        let turn = self.waiting() as f64 / self.rate.max(0.1);
        SigningError::Busy {
            again_in: Duration::from_secs_f64(turn.clamp(1.0, 60.0)),
        }
    }
}

impl Token {
    /// Signs; where the token had been taken away, once more after it is opened anew.
    fn sign(&self, algorithm: Algorithm, bytes: &[u8]) -> Result<Vec<u8>, TokenError> {
        let mut again = true;
        loop {
            let link = self.link()?;
            let error = match link.sign(&self.wanted, algorithm, bytes) {
                Ok(signature) => return Ok(signature),
                Err(Unsigned::Refused(error)) => {
                    self.lose(&link, &error);
                    return Err(error);
                }
                Err(Unsigned::Module(error)) => error,
            };
            let lost = means_lost(&error);
            let error = TokenError::from(error);
            if lost {
                self.lose(&link, &error);
            }
            if !lost || !again {
                return Err(error);
            }
            again = false;
        }
    }

    /// The open token, opened anew where it had been away.
    fn link(&self) -> Result<Arc<Link>, TokenError> {
        let mut connection = self.connection.lock();
        let (since, why) = match &*connection {
            Connection::Open(link) => return Ok(Arc::clone(link)),
            Connection::Lost(since, why) => (*since, why.clone()),
        };
        if why.is_final() || Instant::now() < since {
            return Err(why);
        }
        match Link::open(&self.module, &self.wanted) {
            Ok(link) => {
                let link = Arc::new(link);
                *connection = Connection::Open(Arc::clone(&link));
                *self.state.lock() = TokenState::Ready;
                tracing::info!(token = ?self.wanted.token, "the token is back");
                Ok(link)
            }
            Err(error) => {
                *connection = Connection::Lost(Instant::now() + LOOKED_FOR_EVERY, error.clone());
                self.tell(&error);
                Err(error)
            }
        }
    }

    /// Notes that this link is of no use: the next signature opens another, at once the first time.
    fn lose(&self, link: &Arc<Link>, error: &TokenError) {
        let mut connection = self.connection.lock();
        if matches!(&*connection, Connection::Open(current) if Arc::ptr_eq(current, link)) {
            *connection = Connection::Lost(Instant::now(), error.clone());
            self.tell(error);
        }
    }

    /// Keeps the state, and logs it where it changed.
    fn tell(&self, error: &TokenError) {
        let state = match error.is_final() {
            true => TokenState::Stopped(error.clone()),
            false => TokenState::Away(error.clone()),
        };
        let mut kept = self.state.lock();
        if *kept != state {
            tracing::warn!(token = ?self.wanted.token, %error, "the token does not sign");
            *kept = state;
        }
    }
}
