//! The record is read beside a running gateway without a trace, and as it is.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Duration, Utc};
use pontile::store::{Month, RecordFilter, RecordReader, StoreError};
use sqlx::{ConnectOptions, Connection};

use crate::child::{Writer, durable, verify};
use crate::place::Place;
use crate::sample::{self, COMO};

/// Some user of this machine who is not us.
const NOBODY: u32 = 65_534;

async fn reader(place: &Place) -> RecordReader {
    let reader = RecordReader::open(&place.settings).await;
    reader.expect("opened to read")
}

async fn listed(reader: &RecordReader) -> usize {
    let rows = reader.list(&RecordFilter::default()).await;
    rows.expect("listed").len()
}

async fn exported(reader: &RecordReader) -> usize {
    let mut lines = Vec::new();
    let until = Utc::now() + Duration::milliseconds(1);
    let exported = reader.export(COMO, DateTime::UNIX_EPOCH, until, &mut lines);
    let exported = usize::try_from(exported.await.expect("exported")).expect("few");
    let lines = String::from_utf8(lines).expect("text");
    assert_eq!(lines.lines().count(), exported);
    exported
}

/// Owner, group and mode of every file.
fn files(folder: &Path) -> BTreeMap<PathBuf, (u32, u32, u32)> {
    let entries = std::fs::read_dir(folder).expect("the folder");
    let of = |path: PathBuf| {
        let found = path.metadata().expect("a file");
        (path, (found.uid(), found.gid(), found.mode()))
    };
    entries
        .map(|entry| of(entry.expect("an entry").path()))
        .collect()
}

/// Waits until the writer's upkeep is through with the file of a month that is over: while it makes the index there the
/// file is open, and has a log like any other that is written.
async fn settled(file: &Path) {
    for _ in 0..400 {
        let resting = !file.with_extension("sqlite-wal").exists();
        if resting && is_indexed(file).await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{} was never indexed", file.display());
}

async fn is_indexed(file: &Path) -> bool {
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(file)
        .immutable(true)
        .connect()
        .await
        .expect("opened");
    let index = "SELECT 1 FROM sqlite_schema WHERE name = 'exchange_subject_digest'";
    let found = sqlx::query(index).fetch_optional(&mut connection).await;
    connection.close().await.expect("closed");
    found.expect("asked").is_some()
}

#[tokio::test]
async fn a_reader_sees_what_a_running_writer_made_durable_and_does_not_stop_it() {
    for place in Place::all() {
        // Upkeep leaves a month alone in the hour after its end; a server has no partition for the one before it.
        let over = Month::of(Utc::now()).plus(if place.is_sqlite() { -2 } else { -1 });
        let store = place.open().await;
        sample::commit(&store, sample::answered(&store, over.begins()))
            .await
            .expect("recorded");
        store.close().await;
        let mut writer = Writer::start(&place, None, None);
        let before = durable(&writer.until("load", |told| durable(told) > 200).await);
        if place.is_sqlite() {
            settled(&place.file(over)).await;
        }
        let folder = place.folder.path().join("record");
        let found = place.is_sqlite().then(|| files(&folder));
        let reader = reader(&place).await;
        for _ in 0..2 {
            assert!(listed(&reader).await > 200);
            let exported = exported(&reader).await;
            assert!(exported > before, "the old month's exchange is among them");
        }
        drop(reader);
        assert_eq!(found, place.is_sqlite().then(|| files(&folder)));
        let after = durable(&writer.told());
        writer
            .until("more load", |told| durable(told) > after + 200)
            .await;
        assert!(verify(&place, &writer.stop().await).await > before + 200);
    }
}

#[tokio::test]
async fn a_reader_of_another_user_leaves_nothing_where_nobody_writes() {
    let place = Place::sqlite();
    let store = place.open().await;
    for back in [0, 1] {
        let begun = Month::of(Utc::now()).plus(-back).begins();
        sample::commit(&store, sample::answered(&store, begun))
            .await
            .expect("recorded");
    }
    store.close().await;
    let folder = place.folder.path().join("record");
    for path in files(&folder).keys() {
        // Who is not the administrator may give nothing away: then it is our own files that are left as they are.
        let _ = chown(path, Some(NOBODY), Some(NOBODY));
    }
    let found = files(&folder);
    let reader = reader(&place).await;
    assert_eq!(listed(&reader).await, 2);
    assert_eq!(exported(&reader).await, 2);
    drop(reader);
    assert_eq!(files(&folder), found);
}

#[tokio::test]
async fn a_reader_sees_what_is_written_after_it_began() {
    let place = Place::sqlite();
    place.open().await.close().await;
    let reader = reader(&place).await;
    assert_eq!(listed(&reader).await, 0);
    let store = place.open_again("prova-1").await;
    sample::commit(&store, sample::refused(Utc::now()))
        .await
        .expect("recorded");
    assert_eq!(listed(&reader).await, 1);
    store.close().await;
    assert_eq!(listed(&reader).await, 1);
}

#[tokio::test]
async fn what_a_killed_writer_left_is_read() {
    let place = Place::sqlite();
    place.open().await.close().await;
    let mut writer = Writer::start(&place, None, None);
    writer.until("load", |told| durable(told) > 100).await;
    let told = writer.kill();
    let reader = reader(&place).await;
    assert!(exported(&reader).await >= durable(&told));
}

#[tokio::test]
async fn where_no_record_is_a_reader_says_so_and_makes_none() {
    for place in Place::all() {
        pontile::store::SubjectKeys::create(&place.settings.subject_key).expect("a key file");
        let refused = RecordReader::open(&place.settings).await;
        let Err(StoreError::Schema(told)) = refused else {
            panic!("a record out of nothing");
        };
        assert!(told.contains("pontile migrate"), "{told}");
        assert!(!place.folder.path().join("record").exists());
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_read_is_named() {
    let mut place = Place::sqlite();
    place.open().await.close().await;
    // Not even an administrator can look into a file.
    let file = place.settings.subject_key.display().to_string();
    place.settings.database = format!("sqlite:{file}");
    let refused = RecordReader::open(&place.settings).await;
    let told = refused.err().expect("refused").to_string();
    assert!(told.contains(&file), "{told}");
}
