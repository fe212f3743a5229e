//! Tokens: one login for many waiting, one more after a token was refused, and a pause where even that does not help.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use secrecy::SecretString;
use tokio::time::timeout_at;

use super::error::{ConnectorError, Kind, Retry};

/// A token is given up this long before its end, so that it does not end on its way.
const MARGIN: Duration = Duration::from_secs(30);
/// After a refused login nobody tries again for so long, unless the secrets change.
const PAUSE: Duration = Duration::from_secs(30);

/// The tokens of an instance, by the ente whose account the login uses.
#[derive(Debug, Default)]
pub struct Tokens {
    cells: Mutex<HashMap<String, Arc<TokenCell>>>,
}

/// The token of one account.
#[derive(Debug, Default)]
pub struct TokenCell {
    state: Mutex<State>,
    /// Held by the one who logs in.
    gate: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    token: Option<Token>,
    logins: u64,
    refused: Option<Refused>,
}

/// A token; `Debug` does not show it.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token itself.
    pub secret: Arc<SecretString>,
    expires: Option<Instant>,
    login: u64,
    /// Of the secrets that it was given for.
    edition: u64,
}

#[derive(Debug)]
struct Refused {
    error: ConnectorError,
    until: Instant,
    edition: u64,
}

/// What a login gave.
pub struct Granted {
    /// The token.
    pub secret: SecretString,
    /// How long it holds; absent: until it is refused.
    pub lifetime: Option<Duration>,
}

impl Tokens {
    /// The cell of an account.
    pub fn cell(&self, account: &str) -> Arc<TokenCell> {
        let mut cells = self.cells.lock();
        if let Some(cell) = cells.get(account) {
            return Arc::clone(cell);
        }
        let cell = Arc::<TokenCell>::default();
        cells.insert(account.to_owned(), Arc::clone(&cell));
        cell
    }
}

impl TokenCell {
    /// The token, or the one that `login` gives; whoever comes meanwhile waits for that one.
    pub async fn get<F>(
        &self,
        edition: u64,
        deadline: Instant,
        login: impl FnOnce() -> F,
    ) -> Result<Token, ConnectorError>
    where
        F: Future<Output = Result<Granted, ConnectorError>>,
    {
        if let Some(known) = self.known(edition) {
            return known;
        }
        let Ok(_gate) = timeout_at(deadline.into(), self.gate.lock()).await else {
            return Err(ConnectorError::permanent(
                Kind::TimedOut,
                "no login within the deadline",
            ));
        };
        if let Some(known) = self.known(edition) {
            return known;
        }
        let granted = login().await;
        let mut state = self.state.lock();
        match granted {
            Ok(granted) => {
                state.logins += 1;
                let lifetime = granted
                    .lifetime
                    .map(|lifetime| lifetime.saturating_sub(MARGIN));
                let token = Token {
                    secret: Arc::new(granted.secret),
                    expires: lifetime.map(|lifetime| Instant::now() + lifetime),
                    login: state.logins,
                    edition,
                };
                state.token = Some(token.clone());
                state.refused = None;
                Ok(token)
            }
            Err(error) => {
                if error.kind == Kind::CredentialsRefused {
                    state.refuse(&error, edition);
                }
                Err(error)
            }
        }
    }

    /// The back end does not accept the token: the next one to come logs in, once.
    pub fn expired(&self, token: &Token) {
        let mut state = self.state.lock();
        if state
            .token
            .as_ref()
            .is_some_and(|held| held.login == token.login)
        {
            state.token = None;
        }
    }

    /// The back end does not even accept a token just given: no login will help for a while.
    pub fn useless(&self, token: &Token, error: &ConnectorError, edition: u64) {
        self.expired(token);
        self.state.lock().refuse(error, edition);
    }

    fn known(&self, edition: u64) -> Option<Result<Token, ConnectorError>> {
        let state = self.state.lock();
        let now = Instant::now();
        let held = state.token.as_ref();
        // Who began with the secrets of before is served by the token of the new ones too.
        let holds =
            |token: &&Token| token.edition >= edition && token.expires.is_none_or(|end| now < end);
        if let Some(token) = held.filter(holds) {
            return Some(Ok(token.clone()));
        }
        let refused = state.refused.as_ref();
        let refused = refused.filter(|refused| now < refused.until && refused.edition == edition);
        refused.map(|refused| {
            Err(ConnectorError {
                retry: Retry::After(refused.until.saturating_duration_since(now)),
                ..refused.error.clone()
            })
        })
    }
}

impl State {
    fn refuse(&mut self, error: &ConnectorError, edition: u64) {
        self.refused = Some(Refused {
            error: error.clone(),
            until: Instant::now() + PAUSE,
            edition,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    async fn grant(logins: &AtomicUsize) -> Result<Granted, ConnectorError> {
        tokio::time::sleep(Duration::from_millis(10)).await;
        logins.fetch_add(1, Ordering::Relaxed);
        Ok(Granted {
            secret: SecretString::from("token"),
            lifetime: Some(Duration::from_hours(1)),
        })
    }

    #[expect(clippy::unused_async, reason = "logins wait for their answer")]
    async fn refuse(logins: &AtomicUsize) -> Result<Granted, ConnectorError> {
        logins.fetch_add(1, Ordering::Relaxed);
        Err(ConnectorError::permanent(Kind::CredentialsRefused, "no"))
    }

    #[tokio::test]
    async fn many_waiting_share_one_login() {
        let (cell, logins) = (TokenCell::default(), AtomicUsize::new(0));
        let all = (0..20).map(|_| cell.get(1, soon(), || grant(&logins)));
        for token in futures_util::future::join_all(all).await {
            token.expect("a token");
        }
        assert_eq!(logins.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn an_expired_token_costs_one_login_however_many_notice() {
        let (cell, logins) = (TokenCell::default(), AtomicUsize::new(0));
        let old = cell
            .get(1, soon(), || grant(&logins))
            .await
            .expect("a token");
        for _ in 0..5 {
            cell.expired(&old);
            cell.get(1, soon(), || grant(&logins))
                .await
                .expect("a token");
        }
        assert_eq!(logins.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_refused_login_is_not_repeated_until_the_secrets_change() {
        let (cell, logins) = (TokenCell::default(), AtomicUsize::new(0));
        for _ in 0..5 {
            cell.get(1, soon(), || refuse(&logins))
                .await
                .expect_err("refused");
        }
        assert_eq!(logins.load(Ordering::Relaxed), 1);
        cell.get(2, soon(), || grant(&logins))
            .await
            .expect("the new secret is good");
    }

    #[tokio::test]
    async fn a_fresh_token_that_is_useless_stops_the_logins() {
        let (cell, logins) = (TokenCell::default(), AtomicUsize::new(0));
        let token = cell
            .get(1, soon(), || grant(&logins))
            .await
            .expect("a token");
        let error = ConnectorError::permanent(Kind::CredentialsRefused, "401");
        cell.useless(&token, &error, 1);
        cell.get(1, soon(), || grant(&logins))
            .await
            .expect_err("no use");
        assert_eq!(logins.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn other_secrets_call_for_a_login_although_the_token_holds() {
        let (cell, logins) = (TokenCell::default(), AtomicUsize::new(0));
        for (edition, count) in [(1, 1), (1, 1), (2, 2), (2, 2), (1, 2)] {
            cell.get(edition, soon(), || grant(&logins))
                .await
                .expect("a token");
            assert_eq!(logins.load(Ordering::SeqCst), count, "edition {edition}");
        }
    }
}
