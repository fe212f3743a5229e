//! Representations are found by who asks and who is asked about, hold until revoked, and are forgotten with what operators did.

use chrono::{TimeDelta, Utc};
use pontile::contract::operation::Operation;
use pontile::contract::rappresentanza::RuoloRappresentante;
use pontile::store::Store;
use pontile::store::representation::NewRepresentation;

use crate::place::Place;

const PERSONS: (&str, &str) = ("RSSMRA80A01C933H", "BNCNNA75T71B639E");

async fn attest(store: &Store, deed: &str) -> i64 {
    let operations = [Operation::RicercaPersona].into();
    let new = NewRepresentation {
        role: RuoloRappresentante::Tutore,
        codes: PERSONS,
        ente: "013041",
        operator: "sportello",
        certificate: [7; 32],
        deed,
        operations: &operations,
        everywhere: false,
        until: Some(Utc::now() + TimeDelta::days(1)),
    };
    store.represent(new).await.expect("kept")
}

#[tokio::test]
async fn a_representation_is_found_one_way_only_and_until_it_ends() {
    for place in Place::all() {
        let store = place.open().await;
        let number = attest(&store, "decreto n. 5/2026").await;
        let now = Utc::now();
        let between = async |persons, at| {
            let found = store
                .representations_between(persons, at)
                .await
                .expect("read");
            found.iter().map(|one| one.number).collect::<Vec<_>>()
        };
        assert_eq!(between(PERSONS, now).await, [number]);
        assert!(between((PERSONS.1, PERSONS.0), now).await.is_empty());
        assert!(between(PERSONS, now + TimeDelta::days(2)).await.is_empty());
        assert!(store.representation_holds(number, now).await.expect("read"));
        let kept = store
            .representation(number)
            .await
            .expect("read")
            .expect("kept");
        assert_eq!(
            (kept.certificate, kept.deed.as_str()),
            ([7; 32], "decreto n. 5/2026")
        );
        let end = async || {
            store
                .end_representation(number, "sportello", "revoca prot. 6")
                .await
        };
        assert!(end().await.expect("revoked"));
        assert!(!end().await.expect("revoked before"));
        assert!(between(PERSONS, now).await.is_empty());
        assert!(!store.representation_holds(number, now).await.expect("read"));
        store.close().await;
    }
}

#[tokio::test]
async fn those_that_ended_long_ago_are_forgotten_and_numbers_go_on() {
    for place in Place::all() {
        let store = place.open().await;
        for deed in [
            "decreto n. 1/2026",
            "decreto n. 2/2026",
            "decreto n. 3/2026",
        ] {
            attest(&store, deed).await;
        }
        store.close().await;
        place
            .change_requests("UPDATE representation SET ended = 1 WHERE number <> 2")
            .await;
        let store = place.open_again("prova-1").await;
        let numbers = async || -> Vec<i64> {
            let found = store.representations_of("013041").await.expect("listed");
            found.iter().map(|one| one.number).collect()
        };
        for _ in 0..200 {
            if numbers().await.len() < 3 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert_eq!(numbers().await, [3, 2]);
        assert_eq!(attest(&store, "decreto n. 4/2026").await, 4);
        store.close().await;
    }
}
