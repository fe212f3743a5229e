//! Marks of protected persons are kept by digest, told of until they are taken back, and forgotten with what operators did.

use chrono::Utc;
use pontile::store::Store;
use pontile::store::protection::{NewMark, SCOPE};

use crate::place::Place;

const PERSON: &str = "RSSMRA80A01C933H";

async fn mark(store: &Store, ente: &str, deed: &str) -> i64 {
    let new = NewMark {
        code: PERSON,
        ente,
        operator: "sportello",
        deed,
        until: None,
    };
    store.protect(new).await.expect("marked")
}

#[tokio::test]
async fn marks_are_of_their_ente_hold_until_taken_back_and_survive_a_restart() {
    for place in Place::all() {
        let store = place.open().await;
        let (before, nobody) = store.protected().await.expect("told");
        assert!(nobody.is_empty());
        let of_como = mark(&store, "013075", "decreto prot. 1/2026").await;
        mark(&store, "013041", "decreto prot. 2/2026").await;
        let (person, _) = store.subject_keys().digest(SCOPE, PERSON);
        let (changed, marked) = store.protected().await.expect("told");
        assert_ne!(changed, before);
        assert_eq!(marked, [(person, None), (person, None)]);
        let listed = store.protections_of("013075").await.expect("listed");
        let told: Vec<_> = listed
            .iter()
            .map(|one| (one.number, one.deed.as_str()))
            .collect();
        assert_eq!(told, [(of_como, "decreto prot. 1/2026")]);
        store.close().await;
        let store = place.open_again("prova-1").await;
        let end = async || {
            store
                .end_protection(of_como, "sportello", "revoca prot. 3/2026")
                .await
        };
        assert!(end().await.expect("ended"));
        assert!(!end().await.expect("ended before"));
        let (again, marked) = store.protected().await.expect("told");
        assert_ne!(again, changed);
        assert_eq!(marked, [(person, None)]);
        let kept = store
            .protection(of_como)
            .await
            .expect("read")
            .expect("kept");
        assert!(kept.ended.is_some_and(|ended| ended <= Utc::now()));
        store.close().await;
    }
}

#[tokio::test]
async fn marks_that_ended_long_ago_are_forgotten_and_numbers_go_on() {
    for place in Place::all() {
        let store = place.open().await;
        for deed in [
            "decreto prot. 1/2026",
            "decreto prot. 2/2026",
            "decreto prot. 3/2026",
        ] {
            mark(&store, "013075", deed).await;
        }
        store.close().await;
        place
            .change_requests("UPDATE protection SET ended = 1 WHERE number <> 2")
            .await;
        let store = place.open_again("prova-1").await;
        let numbers = async || -> Vec<i64> {
            let marks = store.protections_of("013075").await.expect("listed");
            marks.iter().map(|mark| mark.number).collect()
        };
        for _ in 0..200 {
            if numbers().await.len() < 3 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert_eq!(numbers().await, [3, 2]);
        assert_eq!(mark(&store, "013075", "decreto prot. 4/2026").await, 4);
        store.close().await;
    }
}
