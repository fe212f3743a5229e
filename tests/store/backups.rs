//! A backup is verified, restored whole into an empty place, and refused when anything about it was changed.

use std::path::Path;

use chrono::{Duration, Utc};
use pontile::store::quota::{QuotaKey, rome_day};
use pontile::store::{Person, RecordFilter, RecordReader, Store, StoreError, SubjectKeys};

use crate::harness::postgres::Postgres;
use crate::place::Place;
use crate::sample::{self, COMO, MARIO, turn_of_month};

/// Exchanges of two months, one of them under a quota.
async fn fill(store: &Store) {
    for minute in -5..5 {
        let begun = turn_of_month() + Duration::minutes(minute);
        sample::commit(store, sample::answered(store, begun))
            .await
            .expect("recorded");
    }
    let mut counted = sample::answered(store, Utc::now());
    counted.quota = Some(store.quotas().admit(quota(), 3).await.expect("admitted"));
    sample::commit(store, counted).await.expect("recorded");
}

fn quota() -> QuotaKey {
    QuotaKey {
        portal: "sportello-como".into(),
        counted: "anagrafe.ricerche-famiglia".into(),
        ente: COMO.into(),
        day: rome_day(Utc::now()),
    }
}

/// An empty place of the same kind with the same key files.
async fn twin(place: &Place) -> Place {
    let twin = if place.is_sqlite() {
        Place::sqlite()
    } else {
        Place::of(Postgres::start(&[]).expect("it was started before"))
    };
    for key in ["subject.key", "richieste.key"] {
        let from = place.folder.path().join(key);
        std::fs::copy(from, twin.folder.path().join(key)).expect("copied");
    }
    if !twin.is_sqlite() {
        Store::migrate(&twin.settings).await.expect("migrated");
    }
    twin
}

#[tokio::test]
async fn a_backup_made_beside_a_running_gateway_restores_everything() {
    for place in Place::all() {
        let store = place.open().await;
        fill(&store).await;
        let folder = place.folder.path().join("backup");
        let manifest = Store::backup(&place.settings, &folder)
            .await
            .expect("backed up");
        let exchanges: u64 = manifest
            .parts
            .iter()
            .filter_map(|part| part.rows.get("exchange"))
            .sum();
        assert_eq!(exchanges, 11);
        let before = store.list(&RecordFilter::default()).await.expect("listed");
        sample::commit(&store, sample::answered(&store, Utc::now()))
            .await
            .expect("the gateway goes on");
        store.close().await;
        let twin = twin(&place).await;
        assert_eq!(
            Store::restore(&twin.settings, &folder)
                .await
                .expect("restored"),
            manifest
        );
        let reader = RecordReader::open(&twin.settings).await.expect("opened");
        let verdict = reader.check_evidence().await.expect("checked");
        assert_eq!(verdict.faults, []);
        let store = twin.open_again("prova-1").await;
        assert_eq!(
            store.list(&RecordFilter::default()).await.expect("listed"),
            before
        );
        let person = Person {
            ente: COMO.to_owned(),
            code: MARIO.to_owned(),
        };
        let filter = RecordFilter {
            persons: vec![person],
            ..RecordFilter::default()
        };
        assert_eq!(store.list(&filter).await.expect("listed").len(), 11);
        let hold = store.quotas().admit(quota(), 3).await.expect("admitted");
        assert_eq!(hold.remaining(), 1, "the counter is restored too");
        drop(hold);
        sample::commit(&store, sample::answered(&store, Utc::now()))
            .await
            .expect("and goes on");
        store.close().await;
        let again = Store::restore(&twin.settings, &folder).await;
        assert!(
            matches!(again, Err(StoreError::Backup(_))),
            "over a record nothing is restored"
        );
    }
}

#[tokio::test]
async fn a_tampered_backup_is_refused() {
    for place in Place::all() {
        let store = place.open().await;
        fill(&store).await;
        store.close().await;
        let folder = place.folder.path().join("backup");
        let manifest = Store::backup(&place.settings, &folder)
            .await
            .expect("backed up");
        let twin = twin(&place).await;
        let file = folder.join(&manifest.parts[0].file);
        let content = std::fs::read(&file).expect("readable");
        let mut changed = content.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        std::fs::write(&file, &changed).expect("written");
        refused(&twin, &folder, "a changed file").await;
        std::fs::write(&file, &content[..middle]).expect("written");
        refused(&twin, &folder, "a cut file").await;
        std::fs::remove_file(&file).expect("removed");
        refused(&twin, &folder, "a missing file").await;
        std::fs::write(&file, &content).expect("written");
        std::fs::write(folder.join("more"), "").expect("written");
        refused(&twin, &folder, "a file too many").await;
        std::fs::remove_file(folder.join("more")).expect("removed");
        let manifest_file = folder.join("manifest.json");
        let text = std::fs::read_to_string(&manifest_file).expect("readable");
        std::fs::write(
            &manifest_file,
            text.replace("\"exchange\": ", "\"exchange\": 1"),
        )
        .expect("written");
        refused(&twin, &folder, "other counts").await;
        std::fs::remove_file(&manifest_file).expect("removed");
        refused(&twin, &folder, "no manifest: a backup that was interrupted").await;
        std::fs::write(&manifest_file, text).expect("written");
        Store::restore(&twin.settings, &folder)
            .await
            .expect("as it was, it is accepted");
    }
}

async fn refused(twin: &Place, folder: &Path, what: &str) {
    let restored = Store::restore(&twin.settings, folder).await;
    let refused = matches!(
        restored,
        Err(StoreError::Backup(_) | StoreError::File { .. })
    );
    assert!(refused, "{what}: {restored:?}");
}

#[tokio::test]
async fn a_backup_is_not_restored_beside_another_key_file() {
    let place = Place::sqlite();
    let store = place.open().await;
    fill(&store).await;
    store.close().await;
    let folder = place.folder.path().join("backup");
    Store::backup(&place.settings, &folder)
        .await
        .expect("backed up");
    let stranger = Place::sqlite();
    let missing = Store::restore(&stranger.settings, &folder).await;
    assert!(matches!(missing, Err(StoreError::SubjectKey { .. })));
    SubjectKeys::create(&stranger.settings.subject_key).expect("a key file");
    let other = Store::restore(&stranger.settings, &folder).await;
    assert!(matches!(other, Err(StoreError::SubjectKey { .. })));
    let occupied = Store::backup(&place.settings, &folder).await;
    assert!(
        matches!(occupied, Err(StoreError::Backup(_))),
        "a backup is never overwritten"
    );
}
