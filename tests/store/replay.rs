//! A token that may be used once is used once: also after a restart, also on another node, also by many at the same time.

use std::sync::Arc;

use chrono::{Duration, Utc};
use pontile::store::record::Token;
use pontile::store::{RecordFilter, SeenToken, Store};
use sqlx::Connection;
use uuid::Uuid;

use crate::place::Place;
use crate::sample::{self, turn_of_month};

fn token(name: u8) -> SeenToken {
    SeenToken {
        digest: [name; 32],
        until: Utc::now() + Duration::minutes(5),
        scambio: Uuid::now_v7(),
    }
}

async fn is_first(store: &Store, names: &[u8]) -> bool {
    let tokens = names.iter().copied().map(token).collect();
    store.replay().first_use(tokens).await.expect("written")
}

#[tokio::test]
async fn a_token_is_used_once_also_after_a_restart() {
    for place in Place::all() {
        let store = place.open().await;
        assert!(is_first(&store, &[1, 2]).await);
        assert!(!is_first(&store, &[1]).await);
        assert!(!is_first(&store, &[3, 2]).await, "one of two was used");
        store.close().await;
        let store = place.open_again("prova-1").await;
        assert!(!is_first(&store, &[2]).await);
        assert!(is_first(&store, &[4]).await);
        store.close().await;
    }
}

#[tokio::test]
async fn a_token_is_used_once_on_all_nodes_together() {
    let Some(place) = Place::postgres() else {
        return;
    };
    let one = place.open().await;
    let other = place.open_again("prova-2").await;
    assert!(is_first(&one, &[1]).await);
    assert!(!is_first(&other, &[1]).await);
    let mut first = 0;
    for name in 10..60 {
        // In opposite orders, so that nodes which did not agree on one would lock each other out.
        let (there, back) = ([name, name + 100], [name + 100, name]);
        let (here, elsewhere) = tokio::join!(is_first(&one, &there), is_first(&other, &back));
        assert!(!(here && elsewhere), "token {name} was used twice");
        first += u32::from(here) + u32::from(elsewhere);
    }
    assert_eq!(first, 50);
    one.close().await;
    other.close().await;
}

#[tokio::test]
async fn of_many_at_once_one_is_the_first() {
    for place in Place::all() {
        let store = Arc::new(place.open().await);
        let trying = (0..64).map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { is_first(&store, &[7]).await })
        });
        let tried = futures_util::future::join_all(trying).await;
        let first = tried
            .into_iter()
            .filter(|one| *one.as_ref().expect("ended"));
        assert_eq!(first.count(), 1);
        store.close().await;
    }
}

#[tokio::test]
async fn two_hundred_who_ask_at_once_take_one_connection() {
    let Some(place) = Place::postgres() else {
        return;
    };
    let store = Arc::new(place.open().await);
    assert!(is_first(&store, &[1]).await);
    let server = place.postgres.as_ref().expect("a server");
    let mut beside = sqlx::PgConnection::connect(&server.administration("postgres"))
        .await
        .expect("connected");
    let mut connections = async || {
        let asking = "SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE 'SELECT until FROM token_seen%'";
        let count: i64 = sqlx::query_scalar(asking)
            .fetch_one(&mut beside)
            .await
            .expect("counted");
        count
    };
    // Nobody is answered before the lock is let go, so all are asking at the same time.
    let mut holder = sqlx::PgConnection::connect(&server.administration("postgres"))
        .await
        .expect("connected");
    let mut lock = holder.begin().await.expect("begun");
    sqlx::query("LOCK TABLE token_seen IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *lock)
        .await
        .expect("locked");
    let asked: Vec<_> = (0..200_u8)
        .map(|name| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.replay().is_known([name; 32]).await })
        })
        .collect();
    while connections().await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(connections().await, 1);
    lock.rollback().await.expect("let go");
    for (name, asked) in asked.into_iter().enumerate() {
        let known = asked.await.expect("ended").expect("answered");
        assert_eq!(known, name == 1);
    }
    assert_eq!(connections().await, 1);
    store.close().await;
}

#[tokio::test]
async fn tokens_that_nobody_accepts_any_more_are_forgotten() {
    for place in Place::all() {
        let store = place.open().await;
        let mut old = token(1);
        old.until = Utc::now() - Duration::seconds(1);
        let noted = store.replay().first_use(vec![old]).await.expect("written");
        assert!(noted);
        store.close().await;
        // The first transaction of a connection prunes.
        let store = place.open_again("prova-1").await;
        assert!(is_first(&store, &[2]).await);
        assert!(is_first(&store, &[1]).await, "it was forgotten");
        store.close().await;
    }
}

#[tokio::test]
async fn the_record_keeps_what_tokens_proved() {
    for place in Place::all() {
        let store = place.open().await;
        let mut record = sample::answered(&store, turn_of_month() + Duration::hours(9));
        let scambio = record.scambio;
        let person = store
            .subject_keys()
            .digest("portale sportello-como", "operatore-7");
        record.tokens = vec![
            Token {
                kind: "integrity",
                pattern: "INTEGRITY_REST_01",
                id: Some("uno".to_owned()),
                key_id: None,
                thumbprint: [5; 32],
                person: None,
                consumer: None,
                eservice: None,
            },
            Token {
                kind: "audit",
                pattern: "AUDIT_REST_01",
                id: Some("due".to_owned()),
                key_id: Some("chiave".to_owned()),
                thumbprint: [6; 32],
                person: Some(person),
                consumer: None,
                eservice: None,
            },
        ];
        sample::commit(&store, record).await.expect("committed");
        let filter = RecordFilter {
            scambio: Some(scambio),
            ..RecordFilter::default()
        };
        let rows = store.list(&filter).await.expect("read");
        let json = serde_json::to_value(&rows[0]).expect("JSON");
        let tokens = json["tokens"].as_array().expect("tokens");
        assert_eq!(tokens.len(), 2);
        assert_eq!(tokens[0]["kind"], "audit");
        assert_eq!(tokens[0]["key_id"], "chiave");
        assert_eq!(tokens[0]["person"], hex::encode(person.0));
        assert_eq!(tokens[1]["pattern"], "INTEGRITY_REST_01");
        assert_eq!(tokens[1]["thumbprint"], hex::encode([5; 32]));
        store.close().await;
    }
}
