//! Every exchange on record has its place and its root, whatever happened; and whatever was changed afterwards is told.

use chrono::{Duration, Utc};
use pontile::store::evidence::Verdict;
use pontile::store::record::Token;
use pontile::store::{Month, RecordReader, Store};
use sqlx::Connection;

use crate::child::{Writer, durable};
use crate::place::Place;
use crate::sample::{self, turn_of_month};

async fn check(place: &Place) -> Verdict {
    let reader = RecordReader::open(&place.settings).await.expect("opened");
    reader.check_evidence().await.expect("checked")
}

/// Whatever does not fit, as operators read it.
async fn faults(place: &Place) -> Vec<String> {
    let verdict = check(place).await;
    verdict.faults.into_iter().map(|fault| fault.what).collect()
}

/// So many exchanges of this month and of the one before, answered and refused, all under roots once it returns.
async fn record(place: &Place, node: &str, exchanges: i64) {
    let store = place.open_again(node).await;
    for number in 0..exchanges {
        let begun = turn_of_month() + Duration::milliseconds(number);
        let mut record = sample::answered(&store, begun);
        record.parent = (number % 2 == 1).then(|| sample::scambio_at(begun));
        record.tokens = vec![token("id_auth"), token("audit")];
        sample::commit(&store, record).await.expect("recorded");
    }
    let before = turn_of_month() - Duration::seconds(1);
    let record = sample::refused(before);
    sample::commit(&store, record).await.expect("recorded");
    store.close().await;
}

/// A token that says all that one can say.
fn token(kind: &'static str) -> Token {
    Token {
        kind,
        pattern: "AUDIT_REST_01",
        id: Some("1".to_owned()),
        key_id: Some("chiave \u{e0}\"\u{1f600}".to_owned()),
        thumbprint: [3; 32],
        person: (kind == "audit").then_some(([4; 32], 1)),
        consumer: Some("consumatore".to_owned()),
        eservice: None,
    }
}

async fn filled() -> Vec<Place> {
    let places = Place::all();
    for place in &places {
        Store::migrate(&place.settings).await.expect("migrated");
        record(place, "uno", 5).await;
        record(place, "uno", 2).await;
    }
    places
}

/// Carries out a statement where this month's exchanges are.
async fn change(place: &Place, statement: &'static str) {
    if !place.is_sqlite() {
        return place.change_requests(statement).await;
    }
    let file = place.file(Month::of(Utc::now()));
    let address = format!("sqlite:{}", file.display());
    let connection = sqlx::SqliteConnection::connect(&address).await;
    let mut connection = connection.expect("connected");
    let done = sqlx::query(statement).execute(&mut connection).await;
    assert!(done.expect("changed").rows_affected() > 0, "{statement}");
    connection.close().await.expect("closed");
}

#[tokio::test]
async fn every_exchange_is_under_a_root_once_the_store_is_closed() {
    for place in filled().await {
        record(&place, "due", 3).await;
        let verdict = check(&place).await;
        assert_eq!(verdict.faults, []);
        assert_eq!(verdict.checked.exchanges, 13);
        assert_eq!((verdict.checked.waiting, verdict.checked.dropped), (0, 0));
        assert!(verdict.checked.roots >= 6, "{:?}", verdict.checked);
        assert_eq!(verdict.checked.sealed, 0);
        // The second node's roots name the first one's.
        let documents = "SELECT document FROM evidence_root WHERE node = 'due' ORDER BY batch";
        let documents = place.requests_bytes(documents).await;
        let first = String::from_utf8(documents[0].clone()).expect("UTF-8");
        assert!(first.contains("\"altri\":[{\"lotto\":"), "{first}");
    }
}

#[tokio::test]
async fn an_open_store_puts_exchanges_under_a_root_by_itself() {
    for place in Place::all() {
        let store = place.open().await;
        let record = sample::answered(&store, Utc::now());
        sample::commit(&store, record).await.expect("recorded");
        let mut tries = 0;
        while check(&place).await.checked.exchanges == 0 {
            tries += 1;
            assert!(tries < 100, "no root after ten seconds");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        store.close().await;
    }
}

#[tokio::test]
async fn whatever_was_changed_on_record_is_told() {
    let changes = [
        (
            "UPDATE exchange SET status = 201 WHERE place = 3",
            "non sono quelli della radice",
        ),
        ("DELETE FROM exchange WHERE place = 3", "non c'è più"),
        (
            "UPDATE exchange SET place = 9 - place WHERE place IN (4, 5)",
            "non è più al suo posto",
        ),
        (
            "UPDATE exchange_context SET portal = 'altro'",
            "non sono quelli della radice",
        ),
        (
            "DELETE FROM exchange_place WHERE first = (SELECT min(first) FROM exchange_place) AND month = (SELECT max(month) FROM exchange_place)",
            "manca il posto 1",
        ),
    ];
    for place in filled().await {
        assert_eq!(faults(&place).await, [""; 0]);
        drop(place);
    }
    for (statement, expected) in changes {
        for place in filled().await {
            change(&place, statement).await;
            let faults = faults(&place).await;
            assert!(
                faults.iter().any(|fault| fault.contains(expected)),
                "{statement}: {faults:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_root_taken_out_or_rewritten_is_told_and_what_changes_no_receipt_is_not() {
    let changes = [
        ("DELETE FROM evidence_root WHERE batch = 2", "mancano lotti"),
        (
            "UPDATE evidence_root SET document = (SELECT document FROM evidence_root WHERE batch = 1) WHERE batch = 2",
            "è di un altro lotto",
        ),
        (
            "DELETE FROM evidence_root WHERE batch = (SELECT max(batch) FROM evidence_root)",
            "la catena finisce prima",
        ),
    ];
    for (statement, expected) in changes {
        for place in filled().await {
            place.change_requests(statement).await;
            let faults = faults(&place).await;
            assert!(
                faults.iter().any(|fault| fault.contains(expected)),
                "{statement}: {faults:?}"
            );
        }
    }
    for place in filled().await {
        // Salts are erased, and an answer withheld, without a word to whoever holds the receipt.
        change(&place, "DELETE FROM exchange_salt").await;
        change(&place, "UPDATE exchange SET withheld = 1").await;
        assert_eq!(faults(&place).await, [""; 0]);
    }
}

#[tokio::test]
async fn what_was_durable_when_the_process_was_killed_is_under_a_root_after_it() {
    for place in Place::all() {
        Store::migrate(&place.settings).await.expect("migrated");
        let mut writer = Writer::start(&place, None, None);
        let under_roots = |told: &[_]| durable(told) > 200;
        writer.until("exchanges", under_roots).await;
        let told = writer.kill();
        let mut writer = Writer::start(&place, None, None);
        writer.until("more", |told| durable(told) > 50).await;
        let more = writer.stop().await;
        let verdict = check(&place).await;
        assert_eq!(verdict.faults, []);
        assert_eq!(verdict.checked.waiting, 0);
        let least = (durable(&told) + durable(&more)) as u64;
        assert!(verdict.checked.exchanges >= least, "{verdict:?}");
    }
}

#[tokio::test]
async fn roots_outlive_the_months_that_they_stand_for() {
    for place in filled().await {
        let store = place.open_again("uno").await;
        let later = Month::of(Utc::now()).plus(24).begins();
        assert!(!store.prune(later).await.expect("pruned").is_empty());
        store.close().await;
        let verdict = check(&place).await;
        assert_eq!(verdict.faults, []);
        assert_eq!((verdict.checked.dropped, verdict.checked.exchanges), (2, 7));
    }
}

#[tokio::test]
async fn after_a_month_was_lost_new_exchanges_have_places_behind_the_roots_and_the_lost_ones_are_told()
 {
    let place = Place::sqlite();
    Store::migrate(&place.settings).await.expect("migrated");
    record(&place, "uno", 5).await;
    let month = Month::of(Utc::now());
    for end in ["sqlite", "sqlite-wal", "sqlite-shm"] {
        let file = place.file(month).with_extension(end);
        assert!(std::fs::remove_file(&file).is_ok() || end != "sqlite");
    }
    Store::begin_anew(&place.settings).await.expect("anew");
    record(&place, "uno", 2).await;
    let verdict = check(&place).await;
    let told: Vec<&str> = verdict.faults.iter().map(|fault| &*fault.what).collect();
    assert!(
        told.iter().all(|fault| fault.contains("manca il posto")) && !told.is_empty(),
        "{told:?}"
    );
    // The two new ones, and those of the month before.
    assert_eq!((verdict.checked.exchanges, verdict.checked.waiting), (4, 0));
}
