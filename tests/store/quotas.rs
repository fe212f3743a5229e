//! Daily quotas are exact on one node, survive restarts, and give back what was not recorded.

use chrono::{DateTime, Duration, Utc};
use pontile::store::quota::{QuotaKey, QuotaRefused, rome_day};
use pontile::store::{RecordFilter, Store, StoreError};

use crate::place::Place;
use crate::sample::{self, COMO, turn_of_month};

fn key(at: DateTime<Utc>) -> QuotaKey {
    QuotaKey {
        portal: "sportello-como".into(),
        counted: "anagrafe.ricerche-famiglia".into(),
        ente: COMO.into(),
        day: rome_day(at),
    }
}

/// Records one exchange under a quota of that limit.
async fn exchange(store: &Store, at: DateTime<Utc>, limit: u32) -> Result<u32, QuotaRefused> {
    let hold = store.quotas().admit(key(at), limit).await?;
    let remaining = hold.remaining();
    let mut record = sample::answered(store, at);
    record.quota = Some(hold);
    sample::commit(store, record).await?;
    Ok(remaining)
}

#[tokio::test]
async fn a_quota_is_counted_across_restarts() {
    for place in Place::all() {
        let now = turn_of_month() + Duration::hours(10);
        let store = place.open().await;
        assert_eq!(exchange(&store, now, 4).await.expect("admitted"), 3);
        assert_eq!(exchange(&store, now, 4).await.expect("admitted"), 2);
        drop(store.quotas().admit(key(now), 4).await.expect("admitted"));
        store.close().await;
        let store = place.open_again("prova-1").await;
        assert_eq!(exchange(&store, now, 4).await.expect("admitted"), 1);
        assert_eq!(exchange(&store, now, 4).await.expect("admitted"), 0);
        let refused = exchange(&store, now, 4).await.expect_err("used up");
        assert!(refused.is_spent());
        let QuotaRefused::Spent { until } = refused else {
            panic!("it is spent");
        };
        assert!(until > now && until <= now + Duration::hours(14), "{until}");
        assert_eq!(exchange(&store, until, 4).await.expect("a new day"), 3);
        store.close().await;
    }
}

#[tokio::test]
async fn a_day_of_rome_that_reaches_into_two_months_is_one_day() {
    for place in Place::all() {
        let store = place.open().await;
        // Rome is one or two hours ahead: its first day of the month begins in the month before.
        let turn = turn_of_month();
        exchange(&store, turn - Duration::hours(3), 3)
            .await
            .expect("the day before");
        exchange(&store, turn - Duration::minutes(30), 3)
            .await
            .expect("admitted");
        exchange(&store, turn + Duration::minutes(30), 3)
            .await
            .expect("admitted");
        store.close().await;
        let store = place.open_again("prova-1").await;
        let late = turn + Duration::hours(20);
        assert_eq!(exchange(&store, late, 3).await.expect("admitted"), 0);
        assert!(
            exchange(&store, late, 3)
                .await
                .expect_err("used up")
                .is_spent()
        );
        assert_eq!(
            exchange(&store, turn + Duration::hours(25), 3)
                .await
                .expect("a new day"),
            2
        );
        store.close().await;
    }
}

#[tokio::test]
async fn days_begin_at_midnight_in_rome_also_when_the_clocks_change() {
    let place = Place::sqlite();
    let store = place.open().await;
    // The night to 29 March 2026 has 23 hours, the night to 25 October 25.
    for (last, first) in [
        ("2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z"),
        ("2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z"),
        ("2026-10-24T21:59:59Z", "2026-10-24T22:00:00Z"),
        ("2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z"),
    ] {
        let at = |text: &str| text.parse().expect("an instant");
        let evening = store
            .quotas()
            .admit(key(at(last)), 1)
            .await
            .expect("admitted");
        let night = store
            .quotas()
            .admit(key(at(first)), 1)
            .await
            .expect("another day");
        assert_eq!(evening.key().day.succ_opt(), Some(night.key().day));
        assert!(
            store
                .quotas()
                .admit(key(at(last)), 1)
                .await
                .expect_err("used up")
                .is_spent()
        );
    }
    store.close().await;
}

#[tokio::test]
async fn an_exchange_that_could_not_be_recorded_does_not_count() {
    for place in Place::all() {
        let now = turn_of_month() + Duration::hours(10);
        let store = place.open().await;
        let known = sample::commit(&store, sample::refused(now))
            .await
            .expect("recorded");
        let mut double = sample::answered(&store, now);
        double.scambio = known;
        double.quota = Some(store.quotas().admit(key(now), 1).await.expect("admitted"));
        let failed = sample::commit(&store, double).await;
        assert!(matches!(failed, Err(StoreError::NotWritten(_))));
        assert_eq!(
            exchange(&store, now, 1)
                .await
                .expect("the place is free again"),
            0
        );
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_admits_exactly_its_limit_to_many_at_once() {
    for place in Place::all() {
        let now = turn_of_month() + Duration::hours(10);
        let store = place.open().await;
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { exchange(&store, now, 77).await.is_ok() })
            })
            .collect();
        let mut admitted = 0;
        for task in tasks {
            admitted += usize::from(task.await.expect("no panic"));
        }
        assert_eq!(admitted, 77);
        let rows = store.list(&RecordFilter::default()).await.expect("listed");
        assert_eq!(rows.len(), 77);
        store.close().await;
    }
}

#[tokio::test]
async fn two_nodes_on_one_database_count_together() {
    let Some(place) = Place::postgres() else {
        return;
    };
    let now = turn_of_month() + Duration::hours(10);
    let first = place.open().await;
    let second = place.open_again("prova-2").await;
    for turn in 0..4 {
        let node = if turn % 2 == 0 { &first } else { &second };
        exchange(node, now, 5).await.expect("admitted");
    }
    // Each node knows the other's exchanges as of its own last record: here the first one lacks one, the second none.
    assert_eq!(exchange(&second, now, 5).await.expect("admitted"), 0);
    assert!(
        exchange(&second, now, 5)
            .await
            .expect_err("used up")
            .is_spent()
    );
    first.close().await;
    second.close().await;
}
