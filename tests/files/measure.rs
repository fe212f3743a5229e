//! How long a big night takes, and what it costs those who ask meanwhile: `cargo test --profile dist --test files -- --ignored`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pontile::connectors::files::report::Outcome::InVigore;

use crate::house::House;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measure, not a test"]
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
    assert!(second < Duration::from_secs(10));
}
