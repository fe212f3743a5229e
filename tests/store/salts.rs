//! Salts can be erased; the digests stay and prove nothing any more.

use chrono::{Duration, Utc};
use pontile::store::Erasure;

use crate::place::Place;
use crate::sample::{self, turn_of_month};

#[tokio::test]
async fn salts_are_erased_by_exchange_and_by_age() {
    for place in Place::all() {
        let store = place.open().await;
        let mut numbers = Vec::new();
        for minute in 0..10 {
            let begun = turn_of_month() + Duration::minutes(minute - 5);
            numbers.push(
                sample::commit(&store, sample::answered(&store, begun))
                    .await
                    .expect("recorded"),
            );
        }
        sample::commit(&store, sample::refused(turn_of_month()))
            .await
            .expect("recorded, without salts");
        assert_eq!(
            store
                .erase_salts(Erasure::Of(numbers[9]))
                .await
                .expect("erased"),
            1
        );
        assert_eq!(
            store
                .erase_salts(Erasure::Of(numbers[9]))
                .await
                .expect("erased"),
            0
        );
        let before = turn_of_month() + Duration::minutes(2);
        assert_eq!(
            store
                .erase_salts(Erasure::Before(before))
                .await
                .expect("erased"),
            7
        );
        assert_eq!(
            store
                .erase_salts(Erasure::Before(Utc::now() + Duration::days(40)))
                .await
                .expect("erased"),
            2
        );
        store.close().await;
    }
}

#[tokio::test]
async fn an_erased_salt_is_nowhere_in_the_files() {
    let place = Place::sqlite();
    let store = place.open().await;
    let record = sample::answered(&store, Utc::now());
    let salt = record.reply.expect("a digest").salt;
    let scambio = sample::commit(&store, record).await.expect("recorded");
    assert!(holds(&place, &salt));
    store
        .erase_salts(Erasure::Of(scambio))
        .await
        .expect("erased");
    assert!(!holds(&place, &salt));
    store.close().await;
}

/// Whether these bytes stand in any file of the record.
fn holds(place: &Place, bytes: &[u8]) -> bool {
    let files = std::fs::read_dir(place.folder.path().join("record")).expect("the folder");
    files.flatten().any(|file| {
        let content = match std::fs::read(file.path()) {
            // Its connection has been closed since: a write-ahead log goes with it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return false,
            read => read.expect("readable"),
        };
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}
