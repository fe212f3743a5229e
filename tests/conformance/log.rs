//! The gateway's log, which is written a little after what it tells.

use std::time::{Duration, Instant};

use crate::harness::province::Province;

/// Waits until the log tells something.
pub async fn tells(province: &Province, text: &str) {
    let until = Instant::now() + Duration::from_secs(10);
    while !province.log().contains(text) {
        assert!(Instant::now() < until, "no «{text}» in {}", province.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
