//! How a write is carried out at a back end, and how it is looked for when nobody knows whether it was.

use std::time::Duration;

use crate::config::instance::Deferred;
use crate::config::units::Span;

/// How a write is carried out, and looked for afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writing {
    /// The place of the step that changes something; those before it only read.
    pub step: usize,
    /// How the back end is asked whether it carried a write out: the steps after that one. Absent: nobody but an officer knows.
    pub look_up: Option<LookUp>,
}

/// When a back end is asked whether it carried a write out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookUp {
    /// How long after the write the first question comes; the pause doubles from one to the next.
    pub first: Duration,
    /// The longest pause.
    pub most: Duration,
    /// A write that is not there so long after it was sent was not carried out; before, it may still be under way.
    pub conclusive: Duration,
}

impl LookUp {
    /// The same where the configuration of an instance says otherwise: its `gives_up` is when a look-up is conclusive.
    #[must_use]
    pub fn at(self, instance: &Deferred) -> LookUp {
        let or = |own: Option<Span>, adapters: Duration| own.map_or(adapters, |own| own.0);
        LookUp {
            first: or(instance.first, self.first),
            most: or(instance.most, self.most),
            conclusive: or(instance.gives_up, self.conclusive),
        }
    }

    /// How long to wait before the back end is asked after `asked` questions.
    pub fn pause(&self, asked: u32) -> Duration {
        self.first
            .saturating_mul(1 << asked.min(16))
            .min(self.most.max(self.first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_up_comes_ever_more_rarely_within_its_bounds() {
        let seconds = Duration::from_secs;
        let look_up = LookUp {
            first: seconds(5),
            most: seconds(60),
            conclusive: seconds(600),
        };
        let pauses: Vec<u64> = (0..6).map(|asked| look_up.pause(asked).as_secs()).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 60, 60]);
        assert_eq!(look_up.pause(u32::MAX), seconds(60));
    }
}
