//! Sessions of D3: opened by a login, ended by idleness or by the next login of the same account.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::population::served::Served;
use crate::randomness::random_bits;

/// The sessions that are open.
pub struct Sessions {
    idle: Duration,
    open: Mutex<HashMap<String, Session>>,
}

struct Session {
    served: Served,
    used: Instant,
}

impl Sessions {
    /// Sessions that end when nobody has used them for that time.
    pub fn new(idle: Duration) -> Self {
        Sessions {
            idle,
            open: Mutex::default(),
        }
    }

    /// Opens a session and returns its token; `alone` ends the municipality's others.
    pub fn open(&self, served: Served, alone: bool) -> String {
        let token = format!("{:016x}{:016x}", random_bits(), random_bits());
        let mut open = self.lock();
        if alone {
            open.retain(|_, session| session.served.place != served.place);
        }
        let used = Instant::now();
        open.insert(token.clone(), Session { served, used });
        token
    }

    /// Whose session it is, if it still is one; using it keeps it open.
    pub fn resume(&self, token: &str) -> Option<Served> {
        let mut open = self.lock();
        let now = Instant::now();
        open.retain(|_, session| now - session.used < self.idle);
        let session = open.get_mut(token)?;
        session.used = now;
        Some(session.served)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
