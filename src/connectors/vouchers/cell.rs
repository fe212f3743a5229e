//! The voucher of one client and purpose: one request for all who wait, the next one before it ends, and a pause after a refusal.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use secrecy::SecretString;
use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout_at;

use super::Granted;
use crate::connectors::error::{ConnectorError, Kind, Retry};

/// A voucher is given up this long before its end, so that it does not end on its way; of a short one, a tenth of its life.
const MARGIN: Duration = Duration::from_secs(30);

/// It is renewed this long before its end; of a short one, after two thirds of its life.
const AHEAD: Duration = Duration::from_mins(2);

/// After a refusal nobody asks again for so long, unless the files are read anew.
const PAUSE: Duration = Duration::from_secs(30);

/// After a renewal that failed, while the old one still serves.
const RENEWAL_PAUSE: Duration = Duration::from_secs(5);

/// A voucher younger than this that the back end refuses is not replaced: another one would fare no better.
const YOUNG: Duration = Duration::from_secs(2);

/// A voucher; `Debug` does not show it.
#[derive(Debug, Clone)]
pub struct Voucher {
    /// The token itself.
    pub secret: Arc<SecretString>,
    /// Whether each call must prove to hold its key.
    pub is_bound: bool,
    asked: Instant,
    renew: Instant,
    ends: Instant,
}

/// Where it is kept.
#[derive(Debug, Default)]
pub(super) struct VoucherCell {
    state: Mutex<State>,
    /// Held by the one request under way.
    gate: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Default)]
struct State {
    voucher: Option<Voucher>,
    /// Requests that came to an end.
    requests: u64,
    /// How the last one failed.
    failure: Option<ConnectorError>,
    refused_until: Option<Instant>,
}

/// What one who comes finds.
enum Found {
    Voucher(Voucher),
    Due(Voucher),
    Refused(ConnectorError),
    Nothing { requests: u64 },
}

impl Voucher {
    fn new(granted: Granted) -> Voucher {
        let Granted {
            lifetime, asked, ..
        } = granted;
        Voucher {
            secret: Arc::new(granted.secret),
            is_bound: granted.is_bound,
            asked,
            renew: asked + lifetime.saturating_sub(AHEAD.min(lifetime / 3)),
            ends: asked + lifetime.saturating_sub(MARGIN.min(lifetime / 10)),
        }
    }

    /// One that is not kept.
    pub(super) fn for_one_call(granted: Granted) -> Voucher {
        Voucher::new(granted)
    }
}

impl VoucherCell {
    /// The voucher, or the one that `ask` gives. Whoever comes meanwhile waits for that one and shares its failure.
    pub(super) async fn get<F>(
        self: &Arc<Self>,
        instance: &str,
        deadline: Instant,
        ask: impl FnOnce() -> F,
    ) -> Result<Voucher, ConnectorError>
    where
        F: Future<Output = Result<Granted, ConnectorError>> + Send + 'static,
    {
        let began = match self.find() {
            Found::Voucher(voucher) => return Ok(voucher),
            Found::Refused(error) => return Err(error),
            Found::Due(voucher) => {
                if let Ok(gate) = Arc::clone(&self.gate).try_lock_owned() {
                    let renewal = Arc::clone(self).request(gate, instance.to_owned(), ask());
                    tokio::spawn(renewal);
                }
                return Ok(voucher);
            }
            Found::Nothing { requests } => requests,
        };
        let waiting = Arc::clone(&self.gate).lock_owned();
        let gate = timeout_at(deadline.into(), waiting).await;
        let gate = gate.map_err(|_| too_late())?;
        match self.find() {
            Found::Voucher(voucher) | Found::Due(voucher) => return Ok(voucher),
            Found::Refused(error) => return Err(error),
            Found::Nothing { requests } if requests > began => {
                if let Some(error) = &self.state.lock().failure {
                    return Err(error.clone());
                }
            }
            Found::Nothing { .. } => {}
        }
        // A caller that gives up leaves the request to those who wait behind it.
        let request = Arc::clone(self).request(gate, instance.to_owned(), ask());
        let request = timeout_at(deadline.into(), tokio::spawn(request)).await;
        let request = request.map_err(|_| too_late())?;
        request.map_err(|_| super::fault("the request for a voucher was given up"))?
    }

    async fn request<F>(
        self: Arc<Self>,
        gate: OwnedMutexGuard<()>,
        instance: String,
        asking: F,
    ) -> Result<Voucher, ConnectorError>
    where
        F: Future<Output = Result<Granted, ConnectorError>>,
    {
        let asked = asking.await;
        let noted = self.note(&instance, asked);
        drop(gate);
        noted
    }

    fn note(
        &self,
        instance: &str,
        asked: Result<Granted, ConnectorError>,
    ) -> Result<Voucher, ConnectorError> {
        let mut state = self.state.lock();
        let now = Instant::now();
        state.requests += 1;
        match asked {
            Ok(granted) => {
                let voucher = Voucher::new(granted);
                state.voucher = Some(voucher.clone());
                state.failure = None;
                state.refused_until = None;
                Ok(voucher)
            }
            Err(error) => {
                if let Some(voucher) = state.voucher.as_mut().filter(|held| now < held.ends) {
                    voucher.renew = now + RENEWAL_PAUSE;
                    tracing::warn!(
                        instance, kind = %error.kind, code = error.code.as_deref(), detail = %error.detail,
                        "il voucher non si è potuto rinnovare: vale ancora quello di prima"
                    );
                }
                if error.kind == Kind::VoucherRefused {
                    state.refused_until = Some(now + PAUSE);
                }
                state.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    /// The back end does not accept it; tells whether it is given up, so that the next one is asked for.
    pub(super) fn refused(&self, voucher: &Voucher) -> bool {
        let mut state = self.state.lock();
        let is_held = |held: &Voucher| Arc::ptr_eq(&held.secret, &voucher.secret);
        if voucher.asked.elapsed() < YOUNG {
            return false;
        }
        if state.voucher.as_ref().is_some_and(is_held) {
            state.voucher = None;
        }
        true
    }

    /// What was refused may be granted now.
    pub(super) fn try_again(&self) {
        self.state.lock().refused_until = None;
    }

    fn find(&self) -> Found {
        let state = self.state.lock();
        let now = Instant::now();
        match (&state.voucher, &state.failure, state.refused_until) {
            (Some(voucher), ..) if now < voucher.renew => Found::Voucher(voucher.clone()),
            (Some(voucher), ..) if now < voucher.ends => Found::Due(voucher.clone()),
            (_, Some(error), Some(until)) if now < until => Found::Refused(ConnectorError {
                retry: Retry::After(until.saturating_duration_since(now)),
                ..error.clone()
            }),
            _ => Found::Nothing {
                requests: state.requests,
            },
        }
    }
}

/// Nobody waits any longer.
pub(super) fn too_late() -> ConnectorError {
    let text = "no voucher within the deadline";
    ConnectorError::permanent(Kind::VoucherUnavailable, text).before_anything_was_done()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    /// Grants vouchers of one lifetime, or fails, after a moment, and counts.
    struct Server {
        requests: Arc<AtomicUsize>,
        answer: Result<Duration, Kind>,
    }

    impl Server {
        fn that(answer: Result<Duration, Kind>) -> Server {
            Server {
                requests: Arc::default(),
                answer,
            }
        }

        fn ask(&self) -> impl Future<Output = Result<Granted, ConnectorError>> + Send + 'static {
            let (requests, answer) = (Arc::clone(&self.requests), self.answer);
            async move {
                let asked = Instant::now();
                tokio::time::sleep(Duration::from_millis(10)).await;
                requests.fetch_add(1, Ordering::SeqCst);
                match answer {
                    Ok(lifetime) => Ok(Granted {
                        secret: SecretString::from("voucher"),
                        is_bound: false,
                        lifetime,
                        asked,
                    }),
                    Err(kind) => Err(ConnectorError::passing(kind, "no")),
                }
            }
        }

        fn asked(&self) -> usize {
            self.requests.load(Ordering::SeqCst)
        }
    }

    async fn fifty(cell: &Arc<VoucherCell>, server: &Server) -> usize {
        let all = (0..50).map(|_| cell.get("prova", soon(), || server.ask()));
        let all = join_all(all).await;
        all.into_iter().flatten().count()
    }

    #[tokio::test]
    async fn a_herd_costs_one_request_whether_it_is_granted_or_fails() {
        for (answer, served) in [
            (Ok(Duration::from_hours(1)), 50),
            (Err(Kind::VoucherUnavailable), 0),
            (Err(Kind::VoucherRefused), 0),
        ] {
            let (cell, server) = (Arc::default(), Server::that(answer));
            assert_eq!(fifty(&cell, &server).await, served, "{answer:?}");
            assert_eq!(server.asked(), 1, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn a_refusal_is_not_repeated_until_the_files_are_read_again_and_an_outage_is() {
        let (cell, refusing) = (Arc::default(), Server::that(Err(Kind::VoucherRefused)));
        fifty(&cell, &refusing).await;
        fifty(&cell, &refusing).await;
        assert_eq!(refusing.asked(), 1);
        cell.try_again();
        fifty(&cell, &refusing).await;
        assert_eq!(refusing.asked(), 2);
        let (cell, down) = (Arc::default(), Server::that(Err(Kind::VoucherUnavailable)));
        fifty(&cell, &down).await;
        fifty(&cell, &down).await;
        assert_eq!(down.asked(), 2);
    }

    #[tokio::test]
    async fn a_voucher_is_renewed_before_its_end_while_nobody_waits() {
        let cell = Arc::default();
        let short = Server::that(Ok(Duration::from_millis(600)));
        assert_eq!(fifty(&cell, &short).await, 50);
        tokio::time::sleep(Duration::from_millis(420)).await;
        let down = Server::that(Err(Kind::VoucherUnavailable));
        assert_eq!(fifty(&cell, &down).await, 50, "the old one still serves");
        while down.asked() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(down.asked(), 1);
    }
}
