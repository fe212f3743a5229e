//! What operators do to the record beside a gateway: new keys, erased salts, files that are gone, a disk that is full.

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::Utc;
use pontile::config::units::Size;
use pontile::store::{
    Degraded, Erasure, Month, Person, RecordFilter, RecordReader, Store, StoreError, SubjectKeys,
};
use sqlx::{ConnectOptions, Connection, Row};

use crate::place::{Place, RETENTION};
use crate::sample::{self, COMO, MARIO};

async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !condition().await {
        assert!(Instant::now() < until, "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_new_version_of_the_keys_is_taken_up_searched_and_demanded_from_then_on() {
    for place in Place::all() {
        let store = place.open().await;
        let first = sample::commit(&store, sample::answered(&store, Utc::now()))
            .await
            .expect("recorded");
        let old = std::fs::read(&place.settings.subject_key).expect("the key file");
        assert_eq!(
            Store::rotate_keys(&place.settings).await.expect("rotated"),
            2
        );
        assert_eq!(
            store.subject_keys().digest(COMO, MARIO).1,
            1,
            "not before a reload"
        );
        store.subject_keys().reload().expect("reloaded");
        let second = sample::commit(&store, sample::answered(&store, Utc::now()))
            .await
            .expect("recorded");
        let filter = RecordFilter {
            persons: vec![Person {
                ente: COMO.to_owned(),
                code: MARIO.to_owned(),
            }],
            ..RecordFilter::default()
        };
        let reader = RecordReader::open(&place.settings).await.expect("a reader");
        let rows = reader.list(&filter).await.expect("listed");
        let found: Vec<_> = rows.iter().map(|row| row.scambio).collect();
        assert_eq!(found, [second, first]);
        assert_eq!(rows[0].subjects[0].key_version, 2);
        assert_eq!(rows[1].subjects[0].key_version, 1);
        // The version is noted within a moment; a key file without it is refused from then on, running or not.
        std::fs::write(&place.settings.subject_key, old).expect("an old copy");
        until("the version is noted", async || {
            RecordReader::open(&place.settings).await.is_err()
        })
        .await;
        assert!(store.subject_keys().reload().is_err());
        assert_eq!(
            store.subject_keys().digest(COMO, MARIO).1,
            2,
            "the keys stay"
        );
        store.close().await;
    }
}

#[tokio::test]
async fn salts_are_erased_beside_a_running_writer() {
    for place in Place::all() {
        let store = place.open().await;
        for _ in 0..3 {
            sample::commit(&store, sample::answered(&store, Utc::now()))
                .await
                .expect("recorded");
        }
        let before = Erasure::Before(Utc::now() + Duration::from_mins(1));
        let erased = Store::erase_salts_beside(&place.settings, before).await;
        assert_eq!(erased.expect("erased"), 3);
        sample::commit(&store, sample::answered(&store, Utc::now()))
            .await
            .expect("serving goes on");
        store.close().await;
    }
}

#[tokio::test]
async fn a_month_that_is_gone_is_not_begun_anew_by_itself() {
    let place = Place::sqlite();
    place.open().await.close().await;
    let file = place.file(Month::of(Utc::now()));
    std::fs::remove_file(&file).expect("removed");
    let refused = Store::migrate(&place.settings).await;
    assert!(
        matches!(refused, Err(StoreError::Vanished(_))),
        "{refused:?}"
    );
    let opened = Store::open(&place.settings, RETENTION, "prova-1").await;
    assert!(opened.is_err(), "nor by a gateway that starts");
    assert!(!file.exists());
    let made = Store::begin_anew(&place.settings).await.expect("made");
    assert_eq!(made.month_made, Some(Month::of(Utc::now())));
    assert!(!made.key_made);
    place.open_again("prova-1").await.close().await;
}

#[tokio::test]
async fn a_record_of_which_only_the_key_is_left_is_not_made_anew_by_itself() {
    let place = Place::sqlite();
    place.open().await.close().await;
    std::fs::remove_dir_all(place.folder.path().join("record")).expect("removed");
    let refused = Store::migrate(&place.settings).await;
    assert!(
        matches!(refused, Err(StoreError::Lost { .. })),
        "{refused:?}"
    );
    Store::begin_anew(&place.settings).await.expect("made");
}

#[tokio::test]
async fn a_gateway_that_was_down_at_the_turn_of_the_month_goes_on_by_itself() {
    let place = Place::sqlite();
    place.open().await.close().await;
    let this_month = place.file(Month::of(Utc::now()));
    let last_month = place.file(Month::of(Utc::now()).plus(-1));
    for kind in ["sqlite", "known"] {
        let renamed = std::fs::rename(
            this_month.with_extension(kind),
            last_month.with_extension(kind),
        );
        renamed.expect("as if it were last month's");
    }
    let store = place.open_again("prova-1").await;
    sample::commit(&store, sample::answered(&store, Utc::now()))
        .await
        .expect("recorded");
    store.close().await;
    let migrated = Store::migrate(&place.settings).await.expect("migrated");
    assert_eq!(migrated.months.len(), 2);
    assert_eq!(migrated.month_made, None);
}

#[tokio::test]
async fn a_month_past_its_retention_is_dropped_with_its_mark() {
    let place = Place::sqlite();
    let store = place.open().await;
    let old = Month::of(Utc::now()).plus(-1);
    sample::commit(&store, sample::answered(&store, old.begins()))
        .await
        .expect("recorded");
    assert!(place.file(old).with_extension("known").exists());
    store
        .prune(Month::of(Utc::now()).plus(24).begins())
        .await
        .expect("pruned");
    assert!(!place.file(old).with_extension("known").exists());
    store.close().await;
    let reader = RecordReader::open(&place.settings).await.expect("a reader");
    assert!(reader.vanished().expect("looked").is_empty());
}

#[tokio::test]
async fn where_the_disk_is_low_the_log_is_given_back() {
    let mut place = Place::sqlite();
    let store = place.open().await;
    for _ in 0..50 {
        sample::commit(&store, sample::answered(&store, Utc::now()))
            .await
            .expect("recorded");
    }
    let log = place
        .file(Month::of(Utc::now()))
        .with_extension("sqlite-wal");
    let length = || log.metadata().expect("a log").len();
    assert!(length() > 0);
    place.settings.free_disk = Size(u64::MAX);
    let refusing = place.open_again("prova-2").await;
    assert_eq!(refusing.health().degraded, Some(Degraded::DiskLow));
    until("the log is empty", async || length() == 0).await;
    sample::commit(&store, sample::answered(&store, Utc::now()))
        .await
        .expect("recorded in the emptied log");
    refusing.close().await;
    store.close().await;
}

#[tokio::test]
async fn a_log_does_not_stay_larger_than_its_bound() {
    let place = Place::sqlite();
    let store = place.open().await;
    let file = place.file(Month::of(Utc::now()));
    let log = file.with_extension("sqlite-wal");
    let mut holding = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(&file)
        .read_only(true)
        .connect()
        .await
        .expect("a reader");
    sqlx::query("BEGIN")
        .execute(&mut holding)
        .await
        .expect("begun");
    let held = sqlx::query("SELECT count(*) FROM exchange").fetch_one(&mut holding);
    assert_eq!(held.await.expect("counted").get::<i64, _>(0), 0);
    let large = 12 << 20;
    while length(&log) < large {
        let several: Vec<_> = (0..200)
            .map(|_| sample::commit(&store, sample::answered(&store, Utc::now())))
            .collect();
        for done in futures_util::future::join_all(several).await {
            done.expect("recorded");
        }
    }
    holding.close().await.expect("closed");
    until("the log is cut", async || {
        sample::commit(&store, sample::answered(&store, Utc::now()))
            .await
            .expect("recorded");
        length(&log) <= 8 << 20
    })
    .await;
    store.close().await;
}

fn length(file: &Path) -> u64 {
    file.metadata().map_or(0, |found| found.len())
}

#[test]
fn a_rotated_key_stays_its_owners() {
    use std::os::unix::fs::{MetadataExt, chown};
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("subject.key");
    SubjectKeys::create(&file).expect("a key file");
    // Who is not the administrator keeps it.
    let _ = chown(&file, Some(65_534), Some(65_534));
    let owner = |file: &Path| file.metadata().map(|found| (found.uid(), found.gid()));
    let before = owner(&file).expect("an owner");
    SubjectKeys::rotate(&file).expect("rotated");
    assert_eq!(owner(&file).expect("an owner"), before);
}
