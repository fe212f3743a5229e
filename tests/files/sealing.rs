//! Copies on disk: nothing can be read in them, and what happens when their keys change, or are lost.

use std::path::{Path, PathBuf};

use pontile::connectors::error::Kind;
use pontile::connectors::files::report::Outcome::{Doppione, InVigore};
use pontile::store::night::Vault;

use crate::house::House;

const ROSSI: &str = "RSSMRA80A01C933H";

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            files.extend(files_below(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files
}

fn copy_of(house: &House) -> PathBuf {
    let folder = house.shelf.vault().folder_of(&house.post().place());
    folder.join("copia.db")
}

#[tokio::test]
async fn nothing_about_anybody_can_be_read_in_the_folder() {
    let mut house = House::of("tracciato-anagrafe");
    house.deliver(house.today, &[]);
    assert_eq!(house.look().await, [InVigore]);
    let files = files_below(&house.night.folder);
    assert!(files.iter().any(|file| file.ends_with("copia.db")));
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        for secret in [ROSSI, "ROSSI", "VITTORIO"] {
            let found = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} in {}", file.display());
        }
    }
}

#[tokio::test]
async fn a_row_or_a_date_that_was_altered_is_a_failure_and_never_nobody() {
    let mut house = House::of("tracciato-anagrafe");
    house.deliver(house.today, &[]);
    assert_eq!(house.look().await, [InVigore]);
    let copy = copy_of(&house);
    let change = |statement: &str| {
        let connection = rusqlite::Connection::open(&copy).unwrap();
        connection.execute_batch(statement).unwrap();
    };
    // One row takes another's place.
    change(
        "UPDATE row SET sealed = (SELECT sealed FROM row WHERE id = 2) WHERE id = 1; UPDATE row SET sealed = zeroblob(200) WHERE id > 2",
    );
    house.restart();
    let failure = house.persona(ROSSI).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unavailable, "{failure}");
    change("UPDATE copy SET about = zeroblob(300)");
    house.restart();
    let failure = house.persona(ROSSI).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unavailable, "{failure}");
}

#[tokio::test]
async fn a_new_master_key_wraps_every_copy_and_the_old_one_can_go() {
    let mut house = House::of("tracciato-anagrafe");
    house.deliver(house.today, &[]);
    assert_eq!(house.look().await, [InVigore]);
    let subject_key = house.folder.path().join("persone.key");
    let vault = Vault::open(&house.night, &subject_key);
    assert_eq!(vault.rotate().unwrap(), (2, 1));
    // Only the newest key is left.
    let file = house.folder.path().join("notturni.key");
    let text = std::fs::read_to_string(&file).unwrap();
    let newest: String = text
        .lines()
        .filter(|line| line.starts_with("2 "))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(&file, newest).unwrap();
    // Who has the copy open goes on; so does who opens it now.
    house.persona(ROSSI).await.unwrap();
    house.restart();
    house.persona(ROSSI).await.unwrap();
}

#[tokio::test]
async fn without_its_master_key_a_copy_says_so_and_the_next_night_heals_it() {
    let mut house = House::of("tracciato-anagrafe");
    house.deliver(house.day(1), &[]);
    assert_eq!(house.look().await, [InVigore]);
    std::fs::remove_file(house.folder.path().join("notturni.key")).unwrap();
    house.restart();
    let failure = house.persona(ROSSI).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unavailable);
    assert!(failure.detail.contains("master_key"), "{failure}");
    // `pontile migrate` makes another key.
    let subject_key = house.folder.path().join("persone.key");
    assert!(Vault::create(&house.night, &subject_key).unwrap());
    house.restart();
    let failure = house.persona(ROSSI).await.unwrap_err();
    assert!(failure.detail.contains("does not open"), "{failure}");
    house.deliver(house.today, &[]);
    let outcome = house.look().await;
    assert!(
        outcome == [InVigore] && outcome != [Doppione],
        "{outcome:?}"
    );
    house.persona(ROSSI).await.unwrap();
}
