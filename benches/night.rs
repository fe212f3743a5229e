//! How long a big night takes, and what it costs those who ask meanwhile: `cargo build --release --workspace --bins`, since the simulators
//! write the files, then `cargo bench --bench night`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a measurement that cannot go on must say so"
)]

#[path = "../tests/files/house.rs"]
#[allow(dead_code, reason = "the tests of nightly files use more of it")]
mod house;
#[path = "../tests/gateway/harness/process.rs"]
#[allow(dead_code, reason = "the gateway's tests use more of it")]
mod process;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pontile::connectors::files::report::Outcome::InVigore;

use house::House;

/// Asks until it is told to stop; returns the time under which 99 of 100 questions stay.
async fn p99(house: &House, stop: &AtomicBool, at_least: usize) -> Duration {
    let mut times = Vec::new();
    while !stop.load(Ordering::Relaxed) || times.len() < at_least {
        let began = Instant::now();
        house.persona("RSSMRA80A01C933H").await.unwrap();
        times.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    times.sort();
    times[times.len() * 99 / 100]
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    // `cargo test --all-targets` builds and starts benches too, without this argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("measures only when called as `cargo bench --bench night`");
        return;
    }
    a_night_of_200_000_persons_while_it_is_asked().await;
}

async fn a_night_of_200_000_persons_while_it_is_asked() {
    let mut house = House::of("tracciato-anagrafe");
    house.deliver_with(house.day(1), &[], &["--crowd", "200000"]);
    let began = Instant::now();
    assert_eq!(house.look().await, [InVigore]);
    let first = began.elapsed();
    let stop = Arc::new(AtomicBool::new(true));
    let quiet = p99(&house, &stop, 3_000).await;
    house.deliver_with(house.today, &[], &["--crowd", "200001"]);
    stop.store(false, Ordering::Relaxed);
    let (post, shelf) = (house.post(), Arc::clone(&house.shelf));
    let told = Arc::clone(&stop);
    let swapping = tokio::spawn(async move {
        let began = Instant::now();
        let mut sightings = pontile::connectors::files::look::Sightings::default();
        let looked = pontile::connectors::files::look::look(
            &post,
            &shelf,
            &mut sightings,
            chrono::Utc::now(),
        );
        let looked = looked.await.unwrap();
        told.store(true, Ordering::Relaxed);
        assert_eq!(looked.reports[0].esito, InVigore);
        began.elapsed()
    });
    let busy = p99(&house, &stop, 100).await;
    let second = swapping.await.unwrap();
    println!(
        "first {first:?}, swapped in {second:?}; p99 of a question {quiet:?} alone, {busy:?} meanwhile"
    );
}
