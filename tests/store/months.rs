//! The record is cut by calendar month; months that are too old go whole.

use std::path::Path;

use chrono::{Duration, Utc};
use pontile::config::record::Retention;
use pontile::store::{Month, RecordFilter, Store, StoreError};
use sqlx::{ConnectOptions, Connection, Row};

use crate::place::{Place, RETENTION};
use crate::sample::{self, turn_of_month};

fn months(of: &[Month]) -> Vec<String> {
    of.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn an_exchange_is_kept_under_the_month_in_which_it_began() {
    let place = Place::sqlite();
    let store = place.open().await;
    let (last, first) = tokio::join!(
        sample::commit(
            &store,
            sample::answered(&store, turn_of_month() - Duration::milliseconds(1))
        ),
        sample::commit(&store, sample::answered(&store, turn_of_month())),
    );
    let rows = store.list(&RecordFilter::default()).await.expect("listed");
    let numbers: Vec<_> = rows.iter().map(|row| row.scambio).collect();
    assert_eq!(numbers, [first.expect("recorded"), last.expect("recorded")]);
    store.close().await;
    let month = Month::of(Utc::now());
    assert_eq!(exchanges(&place.file(month.plus(-1))).await, 1);
    assert_eq!(exchanges(&place.file(month)).await, 1);
}

async fn exchanges(file: &Path) -> i64 {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(file)
        .read_only(true);
    let mut connection = options.connect().await.expect("a file of the record");
    let row = sqlx::query("SELECT count(*) FROM exchange")
        .fetch_one(&mut connection)
        .await;
    let count = row.expect("counted").get(0);
    connection.close().await.expect("closed");
    count
}

#[tokio::test]
async fn pruning_drops_the_months_past_the_retention_and_no_other() {
    for place in Place::all() {
        let store = place.open().await;
        let now = Utc::now();
        let this_month = Month::of(now);
        let mut kept = Vec::new();
        for back in [0, 1] {
            let begun = this_month.plus(-back).begins();
            kept.push(
                sample::commit(&store, sample::answered(&store, begun))
                    .await
                    .expect("recorded"),
            );
        }
        assert!(store.prune(now).await.expect("pruned").is_empty());
        // The same as the clock would do in 24 months, for last month's exchanges alone.
        let later = this_month.plus(24).begins();
        let dropped = store.prune(later).await.expect("pruned");
        assert_eq!(
            months(&dropped).last(),
            Some(&this_month.plus(-1).to_string()),
            "{dropped:?}"
        );
        let rows = store.list(&RecordFilter::default()).await.expect("listed");
        assert_eq!(
            rows.iter().map(|row| row.scambio).collect::<Vec<_>>(),
            [kept[0]]
        );
        // The server's first round, at the machine's own time, may come only now: it makes last month's partitions again.
        let made_again = |month: &Month| !place.is_sqlite() && *month == this_month.plus(-1);
        let dropped = store.prune(later).await.expect("pruned");
        assert!(dropped.iter().all(made_again), "{dropped:?}");
        sample::commit(&store, sample::answered(&store, now))
            .await
            .expect("serving goes on");
        store.close().await;
    }
}

#[tokio::test]
async fn exchanges_are_recorded_while_months_are_dropped() {
    for place in Place::all() {
        let store = place.open().await;
        let writing = tokio::spawn({
            let store = store.clone();
            async move {
                let mut slowest = std::time::Duration::ZERO;
                for _ in 0..300 {
                    let begun = std::time::Instant::now();
                    sample::commit(&store, sample::answered(&store, Utc::now()))
                        .await
                        .expect("recorded");
                    slowest = slowest.max(begun.elapsed());
                }
                slowest
            }
        });
        let later = Month::of(Utc::now()).plus(24).begins();
        while !writing.is_finished() {
            store.prune(later).await.expect("pruned");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let slowest = writing.await.expect("no panic");
        assert!(
            slowest < std::time::Duration::from_secs(2),
            "an exchange waited {slowest:?}"
        );
        store.close().await;
    }
}

#[tokio::test]
async fn a_month_that_is_over_is_indexed_by_person() {
    let place = Place::sqlite();
    let old = Month::of(Utc::now()).plus(-2);
    let store = place.open().await;
    sample::commit(&store, sample::answered(&store, old.begins()))
        .await
        .expect("recorded");
    store.close().await;
    // Upkeep runs when the record is opened.
    let store = place.open_again("prova-1").await;
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while indexes(&place.file(old)).await == 0 {
        assert!(std::time::Instant::now() < until, "no index was made");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(indexes(&place.file(Month::of(Utc::now()))).await, 0);
    store.close().await;
}

async fn indexes(file: &Path) -> i64 {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(file)
        .read_only(true);
    let mut connection = options.connect().await.expect("a file of the record");
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'exchange_subject_digest'";
    let count = sqlx::query(sql)
        .fetch_one(&mut connection)
        .await
        .expect("counted")
        .get(0);
    connection.close().await.expect("closed");
    count
}

#[tokio::test]
async fn retention_without_end_is_refused() {
    let place = Place::sqlite();
    Store::migrate(&place.settings).await.expect("migrated");
    for (exchanges_months, logs_months) in [(0, 6), (121, 6), (24, 0), (24, 25)] {
        let retention = Retention {
            exchanges_months,
            logs_months,
            operators_months: 24,
            requests_days: 7,
        };
        let refused = Store::open(&place.settings, retention, "prova-1").await;
        assert!(
            matches!(refused, Err(StoreError::Settings(_))),
            "{retention:?}"
        );
    }
    Store::open(&place.settings, RETENTION, "prova-1")
        .await
        .expect("the shipped retention")
        .close()
        .await;
}
