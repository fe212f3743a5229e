//! Works in the background without holding up those who ask meanwhile: after each piece of work a rest as long as that took.

use std::io::{self, Read};
use std::thread;
use std::time::{Duration, Instant};

/// The longest rest: disks may be slow, and nights are short.
const LONGEST: Duration = Duration::from_millis(5);

/// Tells how long a piece of work took, and rests.
///
/// The rests do what the lowest priority does not: a thread of low priority that holds a lock of the kernel's, or of the file
/// system's, is not let on while others want the processor, and who answers questions waits for that lock.
#[derive(Debug)]
pub struct Pace {
    since: Instant,
}

impl Pace {
    /// A piece of work begins.
    pub fn begin() -> Pace {
        Pace {
            since: Instant::now(),
        }
    }

    /// A piece of work is done: rests, and the next one begins.
    #[expect(clippy::disallowed_methods, reason = "on a thread of the night's own")]
    pub fn rest(&mut self) {
        thread::sleep(self.since.elapsed().min(LONGEST));
        self.since = Instant::now();
    }
}

/// A source of bytes that is read in pieces, with rests between them.
pub struct Paced<R> {
    source: R,
    pace: Pace,
}

impl<R: Read> Paced<R> {
    /// The source with rests.
    pub fn new(source: R) -> Paced<R> {
        Paced {
            source,
            pace: Pace::begin(),
        }
    }
}

impl<R: Read> Read for Paced<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.pace.rest();
        self.source.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_and_a_piece_is_followed_by_a_rest_as_long_as_the_work_on_it() {
        let mut paced = Paced::new(&b"sei righe e mezza"[..]);
        let (mut text, mut piece) = (Vec::new(), [0; 4]);
        let began = Instant::now();
        let mut worked = Duration::ZERO;
        loop {
            let read = paced.read(&mut piece).expect("a slice");
            let work = Instant::now();
            text.extend_from_slice(&piece[..read]);
            if read == 0 {
                break;
            }
            while work.elapsed() < Duration::from_millis(2) {}
            worked += work.elapsed();
        }
        assert_eq!(text, b"sei righe e mezza");
        let rested = began.elapsed().saturating_sub(worked);
        assert!(rested >= Duration::from_millis(10), "{rested:?}");
    }
}
