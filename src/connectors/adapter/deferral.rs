//! How an operation comes to its answer where the call does not bring it: handed over and asked about later, or done by an officer.

use std::time::Duration;

use crate::config::instance::Deferred;
use crate::config::units::Span;

/// How an operation comes to its answer where the call does not bring it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deferral {
    /// Who has the answer.
    pub form: Form,
    /// A request that has no answer by then is given up.
    pub gives_up: Duration,
}

/// Who has the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// The back end, which takes the request on and is asked again until it has an answer.
    Polled {
        /// How many of the steps, the first ones, hand the request over; the others ask for its answer.
        accepting: usize,
        /// How long after the request was handed over the first question comes.
        first: Duration,
        /// The shortest time between two questions; it doubles from one to the next.
        least: Duration,
        /// The longest.
        most: Duration,
    },
    /// An officer of the ente, on the operators' page.
    Manual,
}

impl Deferral {
    /// The same where the configuration of an instance says otherwise.
    #[must_use]
    pub fn at(&self, instance: &Deferred) -> Deferral {
        let or = |own: Option<Span>, adapters: Duration| own.map_or(adapters, |own| own.0);
        let form = match self.form {
            Form::Polled {
                accepting,
                first,
                least,
                most,
            } => {
                let least = or(instance.least, least);
                Form::Polled {
                    accepting,
                    first: or(instance.first, first),
                    least,
                    most: or(instance.most, most).max(least),
                }
            }
            Form::Manual => Form::Manual,
        };
        Deferral {
            form,
            gives_up: or(instance.gives_up, self.gives_up),
        }
    }

    /// How long to wait before the back end is asked after `asked` questions without an answer.
    pub fn pause(&self, asked: u32) -> Duration {
        match self.form {
            Form::Polled { first, .. } if asked == 0 => first,
            Form::Polled { least, most, .. } => {
                let doubled = least.saturating_mul(1 << (asked - 1).min(16));
                doubled.min(most)
            }
            Form::Manual => self.gives_up,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_come_ever_more_rarely_within_their_bounds() {
        let seconds = Duration::from_secs;
        let deferral = Deferral {
            form: Form::Polled {
                accepting: 1,
                first: seconds(5),
                least: seconds(10),
                most: seconds(60),
            },
            gives_up: seconds(3600),
        };
        let pauses: Vec<u64> = (0..6)
            .map(|asked| deferral.pause(asked).as_secs())
            .collect();
        assert_eq!(pauses, [5, 10, 20, 40, 60, 60]);
        assert_eq!(deferral.pause(u32::MAX), seconds(60));
    }
}
