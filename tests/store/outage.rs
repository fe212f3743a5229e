//! Killed processes, lost servers, full disks: what was acknowledged is there, what was not is not served.

use std::time::{Duration, Instant};

use chrono::Utc;
use pontile::store::{Degraded, Store, StoreError};

use crate::child::{Told, Writer, durable, verify};
use crate::place::Place;
use crate::sample;

#[tokio::test]
async fn a_killed_process_loses_no_acknowledged_exchange() {
    for place in Place::all() {
        Store::migrate(&place.settings).await.expect("migrated");
        let mut told = Vec::new();
        for round in 1..=3 {
            let mut writer = Writer::start(&place, None, None);
            writer
                .until("load", |told| durable(told) > 300 * round)
                .await;
            told.extend(writer.kill());
        }
        assert!(verify(&place, &told).await > 1_800);
    }
}

#[tokio::test]
async fn a_killed_database_server_loses_no_acknowledged_exchange() {
    let Some(mut place) = Place::postgres() else {
        return;
    };
    Store::migrate(&place.settings).await.expect("migrated");
    let mut writer = Writer::start(&place, None, None);
    writer.until("load", |told| durable(told) > 500).await;
    let postgres = place.postgres.as_mut().expect("a server");
    postgres.kill();
    writer
        .until("refusals", |told| told.contains(&Told::Refused))
        .await;
    postgres.start_again();
    let acknowledged = durable(&writer.told());
    writer
        .until("recovery", |told| durable(told) > acknowledged + 100)
        .await;
    let told = writer.stop().await;
    assert!(verify(&place, &told).await > 600);
}

#[tokio::test]
async fn a_full_disk_refuses_exchanges_and_loses_none() {
    let place = Place::sqlite();
    Store::migrate(&place.settings).await.expect("migrated");
    // No file of the child may grow beyond 2 MiB: the kernel refuses further writes.
    let mut writer = Writer::start(&place, None, Some(2_048));
    let stuck = |told: &[Told]| {
        told.len() > 200
            && told[told.len() - 200..]
                .iter()
                .all(|told| *told == Told::Refused)
    };
    writer.until("the disk full", stuck).await;
    let told = writer.kill();
    assert!(told.iter().any(|told| matches!(told, Told::Failed(..))));
    assert!(verify(&place, &told).await > 100);
    let store = place.open_again("prova-1").await;
    sample::commit(&store, sample::refused(Utc::now()))
        .await
        .expect("room again");
    store.close().await;
}

#[tokio::test]
async fn without_its_database_the_gateway_refuses_and_recovers_with_it() {
    let Some(mut place) = Place::postgres() else {
        return;
    };
    let store = place.open().await;
    sample::commit(&store, sample::answered(&store, Utc::now()))
        .await
        .expect("recorded");
    let slot = store.reserve().expect("a slot");
    place.postgres.as_mut().expect("a server").stop();
    let lost = slot.commit(sample::refused(Utc::now())).await;
    assert!(matches!(lost, Err(StoreError::NotWritten(_))), "{lost:?}");
    assert!(matches!(store.reserve(), Err(StoreError::Unhealthy(_))));
    assert!(matches!(
        store.health().degraded,
        Some(Degraded::Unwritable(_))
    ));
    place.postgres.as_mut().expect("a server").start_again();
    let until = Instant::now() + Duration::from_secs(20);
    while store.reserve().is_err() {
        assert!(Instant::now() < until, "{:?}", store.health());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    sample::commit(&store, sample::answered(&store, Utc::now()))
        .await
        .expect("recorded");
    assert_eq!(store.health().degraded, None);
    store.close().await;
}
