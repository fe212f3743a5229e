//! How far accepted work has come that takes its time.

use std::time::{Duration, Instant};

use crate::randomness::random_unit;

/// When nothing else was ordered.
const SOON: Duration = Duration::from_secs(1);
/// Proposed for people at their desks: from half a minute to six hours, and one in a hundred forgotten.
const REALISTIC: (Duration, Duration) = (Duration::from_secs(30), Duration::from_hours(6));
const FORGOTTEN: f64 = 0.01;

/// Work that was accepted at a moment and is done at another, or never.
#[derive(Debug, Clone, Copy)]
pub struct Completion {
    accepted: Instant,
    takes: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Progress {
    Accepted,
    /// Half of the time is over.
    Underway,
    Done,
}

impl Completion {
    pub fn after(time: Duration) -> Self {
        Completion {
            accepted: Instant::now(),
            takes: Some(time),
        }
    }

    pub fn soon() -> Self {
        Self::after(SOON)
    }

    pub fn never() -> Self {
        Completion {
            accepted: Instant::now(),
            takes: None,
        }
    }

    pub fn realistic() -> Self {
        if random_unit() < FORGOTTEN {
            return Self::never();
        }
        let (least, most) = REALISTIC;
        Self::after(least + most.saturating_sub(least).mul_f64(random_unit()))
    }

    pub fn progress(&self) -> Progress {
        let passed = self.accepted.elapsed();
        match self.takes {
            Some(time) if passed >= time => Progress::Done,
            Some(time) if passed >= time / 2 => Progress::Underway,
            _ => Progress::Accepted,
        }
    }
}
