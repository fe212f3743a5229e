//! What operators did is chained: no row can be changed, put between or taken out unnoticed, on whatever node it was written.

use pontile::store::Store;
use pontile::store::logbook::{ADMITTED, Chain, Deed};

use crate::place::Place;

fn deed(action: &'static str) -> Deed<'static> {
    Deed {
        operator: "operatore-uno",
        certificate: Some([7; 32]),
        action,
        ente: Some("013075"),
        reason: Some("reclamo prot. 12/2026"),
        outcome: ADMITTED,
    }
}

async fn note(store: &Store, action: &'static str) -> i64 {
    let noted = store.logbook().note("prova-1", deed(action)).await;
    noted.expect("noted").number
}

/// The numbers of the first and the last row.
async fn whole(store: &Store) -> (i64, i64) {
    match store.logbook().verify().await.expect("read") {
        Chain::Whole { first, last } => (first, last.number),
        found => panic!("{found:?}"),
    }
}

#[tokio::test]
async fn rows_follow_each_other_and_are_read_the_newest_first() {
    for place in Place::all() {
        let store = place.open().await;
        assert_eq!(store.logbook().verify().await.expect("read"), Chain::Empty);
        for number in 1..=5 {
            assert_eq!(note(&store, "POST /record/ricerche").await, number);
        }
        assert_eq!(whole(&store).await, (1, 5));
        let page = store.logbook().newest(Some(5), 2).await.expect("read");
        let numbers: Vec<i64> = page.iter().map(|noted| noted.number).collect();
        assert_eq!(numbers, [4, 3]);
        assert_eq!(page[0].previous, page[1].digest);
        assert_eq!(page[0].reason.as_deref(), Some("reclamo prot. 12/2026"));
        store.close().await;
        let store = place.open_again("prova-1").await;
        assert_eq!(note(&store, "GET /record").await, 6, "also after a restart");
        assert_eq!(whole(&store).await, (1, 6));
        store.close().await;
    }
}

#[tokio::test]
async fn a_row_that_was_changed_or_taken_out_is_noticed() {
    for (change, broken) in [
        (
            "UPDATE operator_logbook SET reason = 'altro' WHERE number = 2",
            2,
        ),
        (
            "UPDATE operator_logbook SET ente = NULL WHERE number = 4",
            4,
        ),
        ("DELETE FROM operator_logbook WHERE number = 3", 3),
    ] {
        for place in Place::all() {
            let store = place.open().await;
            for _ in 0..4 {
                note(&store, "GET /record").await;
            }
            place.change_requests(change).await;
            let found = store.logbook().verify().await.expect("read");
            assert_eq!(found, Chain::Broken(broken), "{change}");
            store.close().await;
        }
    }
}

#[tokio::test]
async fn nodes_that_write_at_once_leave_no_gap() {
    for place in Place::all() {
        let one = place.open().await;
        let other = place.open_again("prova-2").await;
        let writing = (0..20).map(|turn| {
            let store = if turn % 2 == 0 { &one } else { &other };
            note(store, "GET /record")
        });
        let mut numbers = futures_util::future::join_all(writing).await;
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
        assert_eq!(whole(&one).await, (1, 20));
        one.close().await;
        other.close().await;
    }
}

/// Waits until the first row is the one of that number: the upkeep forgets at its start.
async fn until_first(store: &Store, number: i64) {
    let mut first = 0;
    for _ in 0..200 {
        let rows = store.logbook().newest(None, 10).await.expect("read");
        first = rows.last().expect("a row").number;
        if first == number {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the first row is {first}, not {number}");
}

#[tokio::test]
async fn what_is_past_its_retention_is_forgotten_and_the_rest_still_follows() {
    for place in Place::all() {
        let store = place.open().await;
        for _ in 0..3 {
            note(&store, "GET /record").await;
        }
        // An honest row of long ago cannot be written any more, so two are made old without their digests.
        place
            .change_requests("UPDATE operator_logbook SET at = 0 WHERE number < 3")
            .await;
        store.close().await;
        let store = place.open_again("prova-1").await;
        until_first(&store, 3).await;
        assert_eq!(note(&store, "GET /record").await, 5);
        assert_eq!(whole(&store).await, (3, 5));
        let rows = store.logbook().newest(None, 2).await.expect("read");
        let noted = (rows[1].operator.as_str(), rows[1].reason.as_deref());
        assert_eq!(noted, ("pontile", Some("fino alla riga 2")));
        store.close().await;
    }
}

#[tokio::test]
async fn an_old_row_behind_a_younger_one_stays_until_that_one_goes() {
    for place in Place::all() {
        let store = place.open().await;
        for _ in 0..4 {
            note(&store, "GET /record").await;
        }
        store.close().await;
        // The clock of the node that wrote the third row was slow; nobody noticed the digest here.
        place
            .change_requests("UPDATE operator_logbook SET at = 0 WHERE number IN (1, 3)")
            .await;
        let store = place.open_again("prova-1").await;
        until_first(&store, 2).await;
        let rows = store.logbook().newest(None, 10).await.expect("read");
        let numbers: Vec<i64> = rows.iter().map(|row| row.number).collect();
        assert_eq!(numbers, [5, 4, 3, 2]);
        store.close().await;
    }
}

#[tokio::test]
async fn a_beginning_or_an_end_that_was_cut_off_and_an_emptied_logbook_are_noticed() {
    for (change, broken) in [
        ("DELETE FROM operator_logbook WHERE number < 3", 2),
        ("DELETE FROM operator_logbook WHERE number > 3", 4),
        ("DELETE FROM operator_logbook", 5),
        ("DELETE FROM logbook_end", 6),
    ] {
        for place in Place::all() {
            let store = place.open().await;
            for _ in 0..5 {
                note(&store, "GET /record").await;
            }
            assert_eq!(whole(&store).await, (1, 5));
            place.change_requests(change).await;
            let found = store.logbook().verify().await.expect("read");
            assert_eq!(found, Chain::Broken(broken), "{change}");
            store.close().await;
        }
    }
}

#[tokio::test]
async fn what_is_noted_after_a_cut_does_not_mend_it() {
    for (change, broken) in [
        ("DELETE FROM operator_logbook WHERE number > 3", 4),
        ("DELETE FROM operator_logbook", 5),
    ] {
        for place in Place::all() {
            let store = place.open().await;
            for _ in 0..5 {
                note(&store, "GET /record").await;
            }
            place.change_requests(change).await;
            assert_eq!(note(&store, "GET /record").await, 6, "{change}");
            let found = store.logbook().verify().await.expect("read");
            assert_eq!(found, Chain::Broken(broken), "{change}");
            store.close().await;
        }
    }
}

#[tokio::test]
async fn a_first_row_that_follows_from_another_is_noticed() {
    for place in Place::all() {
        let store = place.open().await;
        note(&store, "GET /record").await;
        note(&store, "POST /record/ricerche").await;
        let rows = store.logbook().newest(None, 1).await.expect("read");
        let moved = pontile::store::logbook::Noted {
            number: 1,
            digest: String::new(),
            ..rows[0].clone()
        };
        // The second row as the only one, with a digest that fits it.
        let text = serde_json::to_vec(&moved).expect("JSON");
        let digest = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &text));
        let literal = match place.is_sqlite() {
            true => format!("X'{digest}'"),
            false => format!("'\\x{digest}'::bytea"),
        };
        for change in [
            "DELETE FROM operator_logbook WHERE number = 1".to_owned(),
            format!("UPDATE operator_logbook SET number = 1, digest = {literal}"),
            format!("UPDATE logbook_end SET number = 1, digest = {literal}"),
        ] {
            place.change_requests(change.leak()).await;
        }
        let found = store.logbook().verify().await.expect("read");
        assert_eq!(found, Chain::Broken(1));
        store.close().await;
    }
}
