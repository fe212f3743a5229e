//! The circuit breaker of an instance: after failures in a row nobody calls, then one probe decides.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::instance::BreakerState;

/// Counts outages of one back end.
#[derive(Debug)]
pub struct Breaker {
    failures: u32,
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    Probing,
}

/// Leave to call once; the call's end must be reported, else a probe counts as not made.
#[derive(Debug)]
pub struct Leave {
    breaker: Arc<Breaker>,
    is_probe: bool,
    reported: bool,
}

impl Breaker {
    /// A closed breaker that opens for `pause` after so many failures in a row.
    pub fn new(failures: u32, pause: Duration) -> Breaker {
        Breaker {
            failures: failures.max(1),
            pause,
            state: Mutex::new(State::Closed { failures: 0 }),
        }
    }

    /// Leave to call, or how long the back end will be left alone.
    pub fn enter(self: &Arc<Self>) -> Result<Leave, Duration> {
        let mut state = self.state.lock();
        let is_probe = match *state {
            State::Closed { .. } => false,
            State::Probing => return Err(self.pause),
            State::Open { until } => {
                let left = until.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    return Err(left);
                }
                *state = State::Probing;
                true
            }
        };
        Ok(Leave {
            breaker: Arc::clone(self),
            is_probe,
            reported: false,
        })
    }

    /// How long the back end will be left alone; `None` if a call may be tried.
    pub fn closed_for(&self) -> Option<Duration> {
        match *self.state.lock() {
            State::Closed { .. } => None,
            State::Probing => Some(self.pause),
            State::Open { until } => {
                let left = until.saturating_duration_since(Instant::now());
                Some(left).filter(|left| !left.is_zero())
            }
        }
    }

    /// Whether calls are let through.
    pub fn state(&self) -> BreakerState {
        match *self.state.lock() {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::Probing => BreakerState::HalfOpen,
        }
    }
}

impl Leave {
    /// The back end answered, be it with a refusal; tells whether that closed the breaker.
    pub fn answered(mut self) -> bool {
        self.reported = true;
        let mut state = self.breaker.state.lock();
        match *state {
            State::Closed { .. } => {
                *state = State::Closed { failures: 0 };
                false
            }
            State::Probing if self.is_probe => {
                *state = State::Closed { failures: 0 };
                true
            }
            // A call from before the breaker opened says nothing about the back end as it is now.
            State::Open { .. } | State::Probing => false,
        }
    }

    /// The call failed in a way that speaks against the back end; tells whether that opened a closed breaker.
    pub fn failed(mut self) -> bool {
        self.reported = true;
        let breaker = &self.breaker;
        let open = || State::Open {
            until: Instant::now() + breaker.pause,
        };
        let mut state = breaker.state.lock();
        match &mut *state {
            State::Closed { failures } => {
                *failures += 1;
                if *failures >= breaker.failures {
                    *state = open();
                    return true;
                }
            }
            State::Probing if self.is_probe => *state = open(),
            State::Open { .. } | State::Probing => {}
        }
        false
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        if self.is_probe && !self.reported {
            *self.breaker.state.lock() = State::Open {
                until: Instant::now(),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker(pause: Duration) -> Arc<Breaker> {
        Arc::new(Breaker::new(3, pause))
    }

    fn fail(breaker: &Arc<Breaker>, times: usize) {
        for _ in 0..times {
            breaker.enter().expect("closed").failed();
        }
    }

    #[test]
    fn failures_in_a_row_open_the_breaker_and_an_answer_between_them_does_not() {
        let breaker = breaker(Duration::from_mins(1));
        fail(&breaker, 2);
        breaker.enter().expect("closed").answered();
        fail(&breaker, 2);
        assert_eq!(breaker.state(), BreakerState::Closed);
        assert!(breaker.enter().expect("closed").failed(), "opened");
        assert_eq!(breaker.state(), BreakerState::Open);
        assert!(breaker.enter().expect_err("open") > Duration::from_secs(50));
    }

    #[test]
    fn after_the_pause_a_single_probe_decides() {
        let breaker = breaker(Duration::ZERO);
        fail(&breaker, 3);
        let probe = breaker.enter().expect("the pause is over");
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        assert!(breaker.enter().is_err(), "only one probe at a time");
        assert!(!probe.failed(), "it was open before");
        assert!(breaker.enter().expect("another probe").answered(), "closed");
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn a_probe_that_is_given_up_leaves_room_for_the_next() {
        let breaker = breaker(Duration::ZERO);
        fail(&breaker, 3);
        drop(breaker.enter().expect("probe"));
        assert!(breaker.enter().is_ok());
    }

    #[test]
    fn a_late_answer_from_before_does_not_close_an_open_breaker() {
        let breaker = breaker(Duration::from_mins(1));
        let early = breaker.enter().expect("closed");
        fail(&breaker, 3);
        early.answered();
        assert_eq!(breaker.state(), BreakerState::Open);
    }
}
