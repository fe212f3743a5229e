//! Codes of one person are found from each of them until the change is taken back, and what holds under one holds under the others.

use std::collections::BTreeSet;

use chrono::Utc;
use pontile::contract::operation::Operation;
use pontile::contract::rappresentanza::RuoloRappresentante;
use pontile::store::Store;
use pontile::store::changed_code::NewChange;
use pontile::store::protection::{NewMark, SCOPE};
use pontile::store::representation::NewRepresentation;

use crate::place::Place;

const FIRST: &str = "RSSMRA80A01C933H";
const SECOND: &str = "RSSMRA80A02C933K";
const THIRD: &str = "RSSMRA80A41C933L";
const OTHER: &str = "BNCNNA75T71B639E";

async fn change(store: &Store, former: &str, present: &str) -> i64 {
    let new = NewChange {
        codes: (former, present),
        ente: "013075",
        operator: "sportello",
        deed: "Agenzia delle entrate, prot. 8/2026",
    };
    store.change_code(new).await.expect("kept")
}

async fn codes(store: &Store, code: &str) -> BTreeSet<String> {
    let codes = store.codes_of(code).await.expect("found");
    assert_eq!(codes.first().map(String::as_str), Some(code));
    codes.into_iter().collect()
}

fn set(codes: &[&str]) -> BTreeSet<String> {
    codes.iter().map(|code| (*code).to_owned()).collect()
}

#[tokio::test]
async fn every_code_of_a_person_is_found_from_each_and_none_after_it_was_taken_back() {
    for place in Place::all() {
        let store = place.open().await;
        assert_eq!(codes(&store, FIRST).await, set(&[FIRST]));
        let first = change(&store, FIRST, SECOND).await;
        let second = change(&store, SECOND, THIRD).await;
        assert_eq!((first, second), (1, 2));
        store.close().await;
        let store = place.open_again("prova-1").await;
        for code in [FIRST, SECOND, THIRD] {
            let all = set(&[FIRST, SECOND, THIRD]);
            assert_eq!(codes(&store, code).await, all, "{code}");
        }
        assert_eq!(codes(&store, OTHER).await, set(&[OTHER]));
        let listed = store.changes_of("013075").await.expect("listed");
        let told: Vec<i64> = listed.iter().map(|one| one.number).collect();
        assert_eq!(told, [second, first]);
        let end = async || {
            store
                .end_change(second, "sportello", "persone diverse")
                .await
        };
        assert!(end().await.expect("ended"));
        assert!(!end().await.expect("ended before"));
        assert_eq!(codes(&store, THIRD).await, set(&[THIRD]));
        assert_eq!(codes(&store, SECOND).await, set(&[FIRST, SECOND]));
        let kept = store.change(second).await.expect("read").expect("kept");
        assert!(kept.ended.is_some());
        store.close().await;
    }
}

#[tokio::test]
async fn codes_are_not_in_clear_and_do_not_open_in_another_row() {
    for place in Place::all() {
        let store = place.open().await;
        change(&store, FIRST, SECOND).await;
        change(&store, OTHER, THIRD).await;
        let sealed = place.requests_bytes("SELECT codes FROM changed_code").await;
        assert_eq!(sealed.len(), 2);
        for codes in &sealed {
            assert!(!codes.windows(6).any(|part| part == b"RSSMRA"));
        }
        place
            .change_requests(
                "UPDATE changed_code SET codes = (SELECT codes FROM changed_code WHERE number = 1)",
            )
            .await;
        assert_eq!(codes(&store, FIRST).await, set(&[FIRST, SECOND]));
        assert!(store.codes_of(OTHER).await.is_err(), "a row was altered");
        store.close().await;
    }
}

#[tokio::test]
async fn marks_and_representations_hold_under_every_code() {
    for place in Place::all() {
        let store = place.open().await;
        let mark = NewMark {
            code: FIRST,
            ente: "013075",
            operator: "sportello",
            deed: "decreto prot. 1/2026",
            until: None,
        };
        store.protect(mark).await.expect("marked");
        let operations = BTreeSet::from([Operation::RicercaPersona]);
        let new = NewRepresentation {
            role: RuoloRappresentante::Tutore,
            codes: (FIRST, OTHER),
            ente: "013041",
            operator: "sportello",
            certificate: [7; 32],
            deed: "decreto di nomina 5/2026",
            operations: &operations,
            everywhere: false,
            until: None,
        };
        store.represent(new).await.expect("attested");
        let marked = async || {
            let (changes, marked) = store.protected().await.expect("told");
            let persons: BTreeSet<_> = marked.into_iter().map(|(person, _)| person).collect();
            (changes, persons)
        };
        let digest = |code| store.subject_keys().digest(SCOPE, code).0;
        let (before, alone) = marked().await;
        assert_eq!(alone, BTreeSet::from([digest(FIRST)]));
        change(&store, FIRST, SECOND).await;
        let last = change(&store, SECOND, THIRD).await;
        let (after, all) = marked().await;
        assert_ne!(before, after);
        assert_eq!(all, [FIRST, SECOND, THIRD].map(digest).into());
        let between = async |asker| {
            let found = store
                .representations_between((asker, OTHER), Utc::now())
                .await;
            found.expect("read").len()
        };
        assert_eq!((between(FIRST).await, between(THIRD).await), (1, 1));
        let ended = store.end_change(last, "sportello", "persone diverse").await;
        assert!(ended.expect("ended"));
        let (again, two) = marked().await;
        assert_ne!(after, again);
        assert_eq!(two, [FIRST, SECOND].map(digest).into());
        assert_eq!(between(THIRD).await, 0);
        store.close().await;
    }
}
