//! Reads a file without holding up those who ask meanwhile: after each piece it rests for as long as the work on it took.

use std::io::{self, Read};
use std::thread;
use std::time::{Duration, Instant};

/// The longest rest: disks may be slow, and nights are short.
const LONGEST: Duration = Duration::from_millis(5);

/// A source of bytes that is read in pieces, with rests between them.
///
/// The rests do what the lowest priority does not: a thread of low priority that holds a lock of the kernel's, or of the file
/// system's, is not let on while others want the processor, and who answers questions waits for that lock.
pub struct Paced<R> {
    source: R,
    since: Instant,
}

impl<R: Read> Paced<R> {
    /// The source with rests.
    pub fn new(source: R) -> Paced<R> {
        Paced {
            source,
            since: Instant::now(),
        }
    }
}

impl<R: Read> Read for Paced<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        thread::sleep(self.since.elapsed().min(LONGEST));
        self.since = Instant::now();
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
        let rested = began.elapsed() - worked;
        assert!(rested >= Duration::from_millis(10), "{rested:?}");
    }
}
