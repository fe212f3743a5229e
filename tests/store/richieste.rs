//! Requests that outlive their call: durable, sealed, each its portal's, held by one node at a time, deleted in time.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use pontile::contract::luogo::CodiceIstat;
use pontile::contract::operation::Operation;
use pontile::contract::richiesta::Stato;
use pontile::store::richieste::Way;
use pontile::store::{Richiesta, Store, StoreError};
use uuid::Uuid;

use crate::place::Place;
use crate::sample::COMO;

/// More requests than any test opens.
const MANY: u32 = 1000;

const QUESTION: &[u8] = b"{\"codice_fiscale\":\"RSSMRA80A01C933H\"}";

/// To the microsecond, as it comes back.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_micros(Utc::now().timestamp_micros()).expect("an instant")
}

fn new(way: Way) -> Richiesta {
    let opened = now();
    Richiesta {
        id: Uuid::new_v4(),
        reference: Uuid::new_v4(),
        scambio: Uuid::now_v7(),
        portal: "sportello".to_owned(),
        ente: COMO.to_owned(),
        operation: Operation::RicercaPersona,
        way,
        state: Stato::Accolta,
        opened,
        changed: opened,
        gives_up: opened + TimeDelta::hours(6),
        gone: opened + TimeDelta::days(8),
        due: Some(opened),
        turns: 0,
        version: 0,
        question: QUESTION.to_vec(),
        progress: None,
        outcome: None,
        idempotency: None,
        body_digest: None,
        push_due: None,
        push_turns: 0,
    }
}

#[tokio::test]
async fn a_request_is_there_again_after_a_restart_and_only_for_its_portal() {
    for place in Place::all() {
        let store = place.open().await;
        let mut opened = new(Way::Polled);
        store.richieste().open(&opened, MANY).await.expect("opened");
        opened.state = Stato::Inoltrata;
        opened.progress = Some(b"accepted".to_vec());
        opened.turns = 3;
        assert!(store.richieste().save(&mut opened).await.expect("saved"));
        store.close().await;

        let store = place.open_again("prova-1").await;
        let richieste = store.richieste();
        let found = richieste.of_portal(opened.id, "sportello").await;
        let mut found = found.expect("read").expect("it is there");
        found.changed = opened.changed;
        assert_eq!(found, opened);
        let others = richieste.of_portal(opened.id, "altro").await;
        assert_eq!(others.expect("read"), None, "another portal's is not there");
        let unknown = richieste.of_portal(Uuid::new_v4(), "sportello").await;
        assert_eq!(unknown.expect("read"), None);
        store.close().await;
    }
}

#[tokio::test]
async fn neither_question_nor_answer_can_be_read_on_the_disk() {
    let place = Place::sqlite();
    let store = place.open().await;
    let mut opened = new(Way::Polled);
    store.richieste().open(&opened, MANY).await.expect("opened");
    opened.outcome = Some(b"VIA VITTORIO EMANUELE II".to_vec());
    store.richieste().save(&mut opened).await.expect("saved");
    store.close().await;
    let folder = place.folder.path().join("record");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).expect("the folder") {
        // Logs go when the last connection closes.
        let Ok(bytes) = std::fs::read(entry.expect("an entry").path()) else {
            continue;
        };
        read += bytes.len();
        for text in [&b"RSSMRA80A01C933H"[..], b"VITTORIO"] {
            assert!(!bytes.windows(text.len()).any(|part| part == text));
        }
    }
    assert!(read > 0);
}

#[tokio::test]
async fn a_request_with_another_key_or_moved_to_another_portal_does_not_open() {
    for place in Place::all() {
        let store = place.open().await;
        let opened = new(Way::Polled);
        store.richieste().open(&opened, MANY).await.expect("opened");
        place
            .change_requests("UPDATE richiesta SET portal = 'altro'")
            .await;
        let moved = store.richieste().of_portal(opened.id, "altro").await;
        assert!(matches!(moved, Err(StoreError::Unsealable(_))), "{moved:?}");
        place
            .change_requests("UPDATE richiesta SET portal = 'sportello'")
            .await;
        store.close().await;

        let keys = place.folder.path().join("richieste.key");
        std::fs::write(&keys, format!("1 {}\n", "ab".repeat(32))).expect("written");
        let store = place.open_again("prova-1").await;
        let lost = store.richieste().of_portal(opened.id, "sportello").await;
        assert!(matches!(lost, Err(StoreError::Unsealable(_))), "{lost:?}");
        store.close().await;
    }
}

#[tokio::test]
async fn after_a_rotation_older_requests_still_open() {
    for place in Place::all() {
        let store = place.open().await;
        let opened = new(Way::Polled);
        store.richieste().open(&opened, MANY).await.expect("opened");
        store.close().await;
        let rotated = Store::rotate_request_keys(&place.settings);
        assert_eq!(rotated.expect("rotated"), 2);
        let store = place.open_again("prova-1").await;
        let found = store.richieste().of_portal(opened.id, "sportello").await;
        assert_eq!(found.expect("read").expect("there").question, QUESTION);
        store.close().await;
    }
}

#[tokio::test]
async fn a_key_that_was_added_seals_from_the_reload_on_and_none_may_vanish() {
    for place in Place::all() {
        let store = place.open().await;
        let richieste = store.richieste();
        let before = new(Way::Polled);
        assert!(richieste.open(&before, MANY).await.expect("opened"));
        let file = place.folder.path().join("richieste.key");
        let first = std::fs::read_to_string(&file).expect("keys");
        Store::rotate_request_keys(&place.settings).expect("rotated");
        let second = std::fs::read_to_string(&file).expect("keys");
        richieste.reload_keys().expect("taken up");
        let after = new(Way::Polled);
        assert!(richieste.open(&after, MANY).await.expect("opened"));
        std::fs::write(&file, &first).expect("written");
        assert!(richieste.reload_keys().is_err(), "the newest is missing");
        for one in [&before, &after] {
            let found = richieste.of_portal(one.id, "sportello").await;
            assert!(found.expect("it opens").is_some());
        }
        store.close().await;

        let store = place.open_again("prova-1").await;
        let lost = store.richieste().of_portal(after.id, "sportello").await;
        assert!(matches!(lost, Err(StoreError::Unsealable(_))), "{lost:?}");
        std::fs::write(&file, &second).expect("written");
        store.richieste().reload_keys().expect("taken up");
        let found = store.richieste().of_portal(after.id, "sportello").await;
        assert!(found.expect("it opens").is_some());
        store.close().await;
    }
}

#[tokio::test]
async fn what_is_open_is_counted_by_portal_and_by_state() {
    for place in Place::all() {
        let store = place.open().await;
        let richieste = store.richieste();
        let older = now() - TimeDelta::hours(1);
        let old = Richiesta {
            opened: older,
            ..new(Way::Polled)
        };
        let ended = Richiesta {
            state: Stato::Completata,
            ..new(Way::Polled)
        };
        let others = Richiesta {
            portal: "altro".to_owned(),
            state: Stato::EsitoIgnoto,
            ..new(Way::Write)
        };
        for one in [&old, &new(Way::Polled), &ended, &others] {
            assert!(richieste.open(one, MANY).await.expect("opened"));
        }
        // What has ended and what is another portal's takes no place.
        let one_more = |most| async move { richieste.open(&new(Way::Polled), most).await };
        assert!(!one_more(2).await.expect("asked"));
        let open = richieste.open_by_state().await.expect("counted");
        let told: Vec<_> = open
            .iter()
            .map(|open| (open.way, open.state, open.count))
            .collect();
        let expected = [
            (Way::Polled, Stato::Accolta, 2),
            (Way::Write, Stato::EsitoIgnoto, 1),
        ];
        assert_eq!(told, expected);
        assert_eq!(open[0].oldest, older);
        store.close().await;
    }
}

#[tokio::test]
async fn a_due_request_is_one_nodes_at_a_time_and_given_back_when_saved() {
    for place in Place::all() {
        let store = place.open().await;
        let opened = new(Way::Polled);
        store.richieste().open(&opened, MANY).await.expect("opened");
        let richieste = store.richieste();
        let soon = Utc::now() + TimeDelta::seconds(1);
        let mut taken = richieste.take_due(soon, 10).await.expect("taken");
        assert_eq!(taken.len(), 1);
        let again = richieste.take_due(soon, 10).await.expect("asked");
        assert!(again.is_empty(), "held by whoever took it");
        let later = soon + TimeDelta::minutes(5);
        let after_a_crash = richieste.take_due(later, 10).await.expect("taken");
        assert_eq!(after_a_crash.len(), 1, "not held for good");
        let mut one = taken.remove(0);
        one.state = Stato::Inoltrata;
        let saved = richieste.save(&mut one).await.expect("asked");
        assert!(!saved, "it is another's by now: nothing changes");
        store.close().await;

        let store = place.open_again("prova-1").await;
        let richieste = store.richieste();
        richieste.take_up_again().await.expect("given back");
        let mut own = richieste.take_due(soon, 10).await.expect("taken");
        assert_eq!(own.len(), 1, "a node that starts has what it held");
        own[0].due = None;
        assert!(richieste.save(&mut own[0]).await.expect("saved"));
        let none = richieste.take_due(later, 10).await.expect("asked");
        assert!(none.is_empty(), "nothing is due");
        store.close().await;
    }
}

#[tokio::test]
async fn requests_that_come_at_once_take_no_more_places_than_there_are() {
    for place in Place::all() {
        let mut nodes = vec![Arc::new(place.open().await)];
        if !place.is_sqlite() {
            nodes.push(Arc::new(place.open_again("prova-2").await));
        }
        let asked = (0..40).map(|number| {
            let store = Arc::clone(&nodes[number % nodes.len()]);
            tokio::spawn(async move {
                let richieste = store.richieste();
                let made = match number % 4 {
                    0 => richieste.open_held(&new(Way::Late), 5).await,
                    _ => richieste.open(&new(Way::Polled), 5).await,
                };
                made.expect("asked")
            })
        });
        let mut made = 0;
        for one in asked.collect::<Vec<_>>() {
            made += usize::from(one.await.expect("it ended"));
        }
        assert_eq!(made, 5);
        for node in nodes {
            node.close().await;
        }
    }
}

#[tokio::test]
async fn one_idempotency_key_opens_one_request() {
    for place in Place::all() {
        let store = place.open().await;
        let richieste = store.richieste();
        let with_key = || Richiesta {
            idempotency: Some([7; 32]),
            body_digest: Some([8; 32]),
            ..new(Way::Write)
        };
        let first = with_key();
        assert!(richieste.open(&first, MANY).await.expect("opened"));
        assert!(!richieste.open(&with_key(), MANY).await.expect("asked"));
        let found = richieste.of_key(&[7; 32]).await.expect("read");
        assert_eq!(found.map(|found| found.id), Some(first.id));
        richieste
            .open(&new(Way::Polled), MANY)
            .await
            .expect("opened");
        richieste
            .open(&new(Way::Polled), MANY)
            .await
            .expect("opened");
        store.close().await;
    }
}

#[tokio::test]
async fn an_officer_sees_what_waits_at_the_ente_and_nothing_else() {
    for place in Place::all() {
        let store = place.open().await;
        let richieste = store.richieste();
        let waiting = Richiesta {
            state: Stato::Inoltrata,
            due: None,
            ..new(Way::Manual)
        };
        let elsewhere = Richiesta {
            ente: "013041".to_owned(),
            ..new(Way::Manual)
        };
        for one in [&waiting, &elsewhere, &new(Way::Polled)] {
            assert!(richieste.open(one, MANY).await.expect("opened"));
        }
        let como = CodiceIstat::parse(COMO).expect("a code");
        let found = richieste.waiting_at(&como, 10).await.expect("read");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].id, waiting.id);
        store.close().await;
    }
}

#[tokio::test]
async fn a_write_of_unknown_outcome_waits_for_an_officer_and_is_held_by_one_at_a_time() {
    for place in Place::all() {
        let store = place.open().await;
        let richieste = store.richieste();
        let unknown = Richiesta {
            state: Stato::EsitoIgnoto,
            ..new(Way::Write)
        };
        let sent = Richiesta {
            state: Stato::Inoltrata,
            ..new(Way::Write)
        };
        for one in [&unknown, &sent] {
            assert!(richieste.open(one, MANY).await.expect("opened"));
        }
        let como = CodiceIstat::parse(COMO).expect("a code");
        let found = richieste.waiting_at(&como, 10).await.expect("read");
        let ids: Vec<Uuid> = found.iter().map(|found| found.id).collect();
        assert_eq!(ids, [unknown.id]);
        let none = richieste.unsettled(sent.id).await.expect("read");
        assert_eq!(none, None, "it may still be answered");

        let mut first = found.into_iter().next().expect("it");
        let mut second = first.clone();
        assert!(richieste.hold_if_free(&mut first).await.expect("held"));
        assert!(!richieste.hold_if_free(&mut second).await.expect("asked"));
        let read = richieste.unsettled(unknown.id).await.expect("read");
        let mut third = read.expect("it is there");
        let held = richieste.hold_if_free(&mut third).await.expect("asked");
        assert!(!held, "another holds it as it is now");
        let due = richieste.take_due(Utc::now(), 10).await.expect("taken");
        assert!(due.iter().all(|due| due.id != unknown.id), "no look-up");
        assert!(richieste.save(&mut first).await.expect("saved"));
        assert!(richieste.hold_if_free(&mut first).await.expect("held"));
        store.close().await;
    }
}

#[tokio::test]
async fn a_request_past_its_time_is_deleted_whatever_its_state() {
    for place in Place::all() {
        let store = place.open().await;
        let richieste = store.richieste();
        let opened = new(Way::Polled);
        richieste.open(&opened, MANY).await.expect("opened");
        let early = richieste.prune(opened.gone - TimeDelta::seconds(1)).await;
        assert_eq!(early.expect("asked"), 0);
        assert_eq!(richieste.prune(opened.gone).await.expect("pruned"), 1);
        let gone = richieste.of_portal(opened.id, "sportello").await;
        assert_eq!(gone.expect("read"), None);
        store.close().await;
    }
}

#[tokio::test]
async fn a_backup_holds_the_open_requests() {
    for (mut place, mut other) in [
        (Some(Place::sqlite()), Some(Place::sqlite())),
        (Place::postgres(), Place::postgres()),
    ] {
        let (Some(place), Some(other)) = (place.take(), other.take()) else {
            continue;
        };
        let store = place.open().await;
        let opened = new(Way::Polled);
        store.richieste().open(&opened, MANY).await.expect("opened");
        let to = place.folder.path().join("copia");
        Store::backup(&place.settings, &to)
            .await
            .expect("backed up");
        store.close().await;

        for key in ["subject.key", "richieste.key"] {
            let from = place.folder.path().join(key);
            std::fs::copy(from, other.folder.path().join(key)).expect("copied");
        }
        if !other.is_sqlite() {
            Store::migrate(&other.settings).await.expect("migrated");
        }
        Store::restore(&other.settings, &to)
            .await
            .expect("restored");
        Store::migrate(&other.settings).await.expect("migrated");
        let store = other.open_again("prova-1").await;
        let found = store.richieste().of_portal(opened.id, "sportello").await;
        assert_eq!(found.expect("read").expect("there").question, QUESTION);
        store.close().await;
    }
}

#[tokio::test]
async fn requests_that_are_gone_are_missed_and_not_silently_begun_anew() {
    let place = Place::sqlite();
    place.open().await.close().await;
    let file = place.folder.path().join("record/richieste.sqlite");
    std::fs::remove_file(&file).expect("removed");
    for refused in [
        Store::migrate(&place.settings).await.map(drop),
        Store::open(&place.settings, crate::place::RETENTION, "prova-1")
            .await
            .map(drop),
    ] {
        assert!(
            matches!(refused, Err(StoreError::Vanished(_))),
            "{refused:?}"
        );
    }
    Store::begin_anew(&place.settings).await.expect("made");
    place.open_again("prova-1").await.close().await;
}
