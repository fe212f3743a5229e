//! Slots are bounded, records are committed together, and one bad record takes no other with it.

use std::collections::HashSet;
use std::time::Duration;

use chrono::Utc;
use pontile::config::units::Size;
use pontile::store::{Degraded, RecordFilter, Store, StoreError};

use crate::place::{Place, RETENTION};
use crate::sample;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_come_together_are_committed_together() {
    for place in Place::all() {
        let store = place.open().await;
        let tasks: Vec<_> = (0..400)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    let record = sample::answered(&store, Utc::now());
                    sample::commit(&store, record).await.expect("recorded")
                })
            })
            .collect();
        let mut recorded = HashSet::new();
        for task in tasks {
            recorded.insert(task.await.expect("no panic"));
        }
        let health = store.health();
        assert_eq!(
            (health.records, health.slots_in_use, health.waiting),
            (400, 0, 0)
        );
        assert!(health.commits < 200, "{} commits", health.commits);
        let rows = store.list(&RecordFilter::default()).await.expect("listed");
        let found: HashSet<_> = rows.iter().map(|row| row.scambio).collect();
        assert_eq!(found, recorded);
        store.close().await;
    }
}

#[tokio::test]
async fn as_many_exchanges_are_in_flight_as_there_are_slots() {
    let mut place = Place::sqlite();
    place.settings.slots = 2;
    let store = place.open().await;
    let first = store.reserve().expect("a slot");
    let second = store.reserve().expect("a slot");
    assert!(matches!(store.reserve(), Err(StoreError::Full)));
    assert_eq!(store.health().slots_in_use, 2);
    drop(first);
    let third = store.reserve().expect("the freed slot");
    third
        .commit(sample::refused(Utc::now()))
        .await
        .expect("recorded");
    assert_eq!(store.health().slots_in_use, 1);
    drop(second);
    store.close().await;
}

#[tokio::test]
async fn a_record_that_the_database_refuses_takes_no_other_with_it() {
    for place in Place::all() {
        let store = place.open().await;
        let known = sample::commit(&store, sample::refused(Utc::now()))
            .await
            .expect("recorded");
        let mut double = sample::refused(Utc::now());
        double.scambio = known;
        let (good, bad, other) = tokio::join!(
            sample::commit(&store, sample::answered(&store, Utc::now())),
            sample::commit(&store, double),
            sample::commit(&store, sample::answered(&store, Utc::now())),
        );
        assert!(good.is_ok() && other.is_ok());
        assert!(matches!(bad, Err(StoreError::NotWritten(_))), "{bad:?}");
        assert_eq!(store.health().degraded, None);
        let rows = store.list(&RecordFilter::default()).await.expect("listed");
        assert_eq!(rows.len(), 3);
        store.close().await;
    }
}

#[tokio::test]
async fn an_exchange_that_did_not_wait_for_its_record_is_marked_as_withheld() {
    for place in Place::all() {
        let store = place.open().await;
        let record = sample::answered(&store, Utc::now());
        let gone = record.scambio;
        let commit = store.reserve().expect("a slot").commit(record);
        // The portal hangs up at once.
        let hung_up = tokio::time::timeout(Duration::ZERO, commit).await;
        assert!(hung_up.is_err(), "a commit cannot be that quick");
        let other = loop {
            let other = sample::commit(&store, sample::answered(&store, Utc::now()))
                .await
                .expect("recorded");
            let rows = store
                .list(&RecordFilter {
                    scambio: Some(gone),
                    ..RecordFilter::default()
                })
                .await
                .expect("listed");
            if rows
                .first()
                .is_some_and(|row| row.value("withheld") == true)
            {
                break other;
            }
        };
        let rows = store
            .list(&RecordFilter {
                scambio: Some(other),
                ..RecordFilter::default()
            })
            .await
            .expect("listed");
        assert_eq!(rows[0].value("withheld"), false);
        assert_eq!(store.health().slots_in_use, 0);
        store.close().await;
    }
}

#[tokio::test]
async fn closing_refuses_new_exchanges_and_lets_those_in_flight_commit() {
    for place in Place::all() {
        let store = place.open().await;
        let slot = store.reserve().expect("a slot");
        let closing = tokio::spawn({
            let store = store.clone();
            async move { store.close().await }
        });
        while store.reserve().is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(matches!(store.reserve(), Err(StoreError::Closed)));
        assert_eq!(store.health().degraded, Some(Degraded::Closed));
        slot.commit(sample::refused(Utc::now()))
            .await
            .expect("recorded");
        closing.await.expect("closed");
        let again = place.open_again("prova-2").await;
        assert_eq!(
            again
                .list(&RecordFilter::default())
                .await
                .expect("listed")
                .len(),
            1
        );
        again.close().await;
    }
}

#[tokio::test]
async fn too_little_free_disk_refuses_exchanges() {
    let mut place = Place::sqlite();
    Store::migrate(&place.settings).await.expect("migrated");
    place.settings.free_disk = Size(u64::MAX);
    let store = Store::open(&place.settings, RETENTION, "prova-1")
        .await
        .expect("opened");
    assert!(matches!(store.reserve(), Err(StoreError::DiskLow)));
    let health = store.health();
    assert_eq!(health.degraded, Some(Degraded::DiskLow));
    assert!(health.free_disk.is_some_and(|free| free > 0));
    store.close().await;
}
