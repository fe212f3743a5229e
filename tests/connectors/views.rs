//! The views of Como: a rebuilt, a changed and a locked view are outages, never «not found».

use std::path::Path;
use std::process::Command;

use pontile::connectors::error::Kind;

use crate::asking::{Town, shown};
use crate::process::program;
use crate::simulators::seed_view;

const COMO: &str = "RSSMRA80A01C933H";
/// Someone of another municipality.
const STRANGER: &str = "FOXLAX01B28D416I";

fn view_fault(file: &Path, fault: &str) {
    let status = Command::new(program("simulators"))
        .args([
            "view-fault",
            "--url",
            &format!("sqlite:{}", file.display()),
            fault,
        ])
        .status()
        .unwrap();
    assert!(status.success(), "{fault}");
}

fn town(file: &Path) -> Town {
    Town::como(format!("sqlite:{}", file.display()), None)
}

#[tokio::test]
async fn an_empty_view_is_an_outage_and_its_return_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("como.db");
    seed_view(&file);
    let town = town(&file);
    let answer = town.persona(COMO).await.expect("found");
    assert_eq!(shown(&answer)["cognome"], "ROSSI");
    view_fault(&file, "empty");
    let error = town.persona(COMO).await.expect_err("being rebuilt");
    assert_eq!(error.kind, Kind::Unavailable, "{error}");
    view_fault(&file, "restore");
    town.persona(COMO).await.expect("found again");
}

#[tokio::test]
async fn someone_whom_a_full_view_does_not_know_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("como.db");
    seed_view(&file);
    let error = town(&file).persona(STRANGER).await.expect_err("a stranger");
    assert_eq!(error.kind, Kind::NotFound, "{error}");
}

#[tokio::test]
async fn a_vanished_column_fails_closed_and_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("como.db");
    seed_view(&file);
    view_fault(&file, "rename-column");
    let town = town(&file);
    let error = town.persona(COMO).await.expect_err("the view changed");
    assert_eq!(error.kind, Kind::Unintelligible, "{error}");
    let probed = town
        .instance
        .probe(&town.adapter)
        .await
        .expect_err("the same");
    assert_eq!(probed.kind, Kind::Unintelligible, "{probed}");
    view_fault(&file, "restore");
    town.persona(COMO).await.expect("found again");
    town.instance
        .probe(&town.adapter)
        .await
        .expect("whole again");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_unreachable_and_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("altro.db");
    let error = town(&file).persona(COMO).await.expect_err("no file");
    assert_eq!(error.kind, Kind::Unreachable, "{error}");
    assert!(!file.exists());
}
