//! Night copies as they come and go on the disk of a running gateway, and that no backup has them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use chrono::{Days, Utc};
use chrono_tz::Europe::Rome;
use serde_json::json;

use crate::harness::files::Files;
use crate::harness::province::Province;

const CANTU: (&str, &str) = ("013041", "BNCNNA75T71B639E");

/// The files of five days ago.
pub fn deliver(folder: &Path) {
    let day = Utc::now().with_timezone(&Rome).date_naive() - Days::new(5);
    let status = Command::new(crate::harness::process::program("simulators"))
        .args(["night-files", "--markers", "--ente", "B639", "--folder"])
        .arg(folder)
        .args(["--date", &day.to_string()])
        .status()
        .expect("the simulators run");
    assert!(status.success());
}

/// Cantù's registry comes by night.
pub fn by_night(files: &mut Files, delivered: &Path) {
    let instance = format!(
        "[[instance]]\nname = \"cantu-notturni\"\nadapter = \"tracciato-anagrafe\"\naddress = \"folder:{}\"\n\
         [instance.night]\nsettle = \"0s\"\nfresh = \"2d\"\noldest = \"7d\"\nretention = \"30d\"\n\
         [instance.bounds]\nconnect_deadline = \"1s\"\nanswer_deadline = \"2s\"\n",
        delivered.display()
    );
    files
        .append("pontile.toml", "[night]\nfolder = \"copie\"\n")
        .replace(
            "enti/prove.toml",
            "instance = \"cantu-civilia\"\n",
            "instance = \"cantu-notturni\"\n",
        )
        .append("istanze/prove.toml", &instance);
}

/// Every file below a folder.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(files_in(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

fn copies_in(folder: &Path) -> Vec<PathBuf> {
    let all = files_in(folder).into_iter();
    all.filter(|path| path.extension().is_some_and(|end| end == "db"))
        .collect()
}

pub async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so().await {
        assert!(Instant::now() < end, "never: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_copy_past_its_retention_is_gone_from_the_disk_and_nobody_is_told_not_found() {
    let delivered = tempfile::tempdir().unwrap();
    deliver(delivered.path());
    let mut province = Province::with(|files| by_night(files, delivered.path()));
    let portal = province.portal("portale-uno");
    until("an answer from the copy", async || {
        portal.persona(CANTU.0, CANTU.1).await.status == 200
    })
    .await;
    let answer = portal.persona(CANTU.0, CANTU.1).await;
    assert_eq!(answer.body["provenienza"]["scaduta"], json!(true));
    let copies = province.path("copie");
    assert_eq!(copies_in(&copies).len(), 1);

    province.files.replace(
        "istanze/prove.toml",
        "oldest = \"7d\"\nretention = \"30d\"",
        "oldest = \"4d\"\nretention = \"4d\"",
    );
    province.rewrite_and_reload();
    until("the copy is gone", async || copies_in(&copies).is_empty()).await;
    let refused = portal.persona(CANTU.0, CANTU.1).await;
    assert_eq!(refused.status, 503, "{}", refused.body);
    until("the log tells it", async || {
        province.log().contains("è passata la sua conservazione")
    })
    .await;
}

#[tokio::test]
async fn no_backup_holds_a_night_copy() {
    let delivered = tempfile::tempdir().unwrap();
    deliver(delivered.path());
    let province = Province::with(|files| by_night(files, delivered.path()));
    let portal = province.portal("portale-uno");
    until("an answer from the copy", async || {
        portal.persona(CANTU.0, CANTU.1).await.status == 200
    })
    .await;
    let saved = tempfile::tempdir().unwrap();
    let folder = saved.path().join("copia-di-sicurezza");
    let told = province.pontile(&["backup", &folder.display().to_string()]);
    assert!(told.status.success(), "{told:?}");
    let copies = copies_in(&province.path("copie"));
    let [copy] = copies.as_slice() else {
        panic!("one copy: {copies:?}");
    };
    let copy = std::fs::read(copy).unwrap();
    // What each SQLite file begins with says nothing.
    let (piece, saved) = (&copy[8_192..8_192 + 64], files_in(&folder));
    assert!(!saved.is_empty());
    for file in saved {
        assert!(
            file.file_name()
                .is_none_or(|name| name != "copia.db" && name != "notturni.key")
        );
        let bytes = std::fs::read(&file).unwrap();
        assert!(
            !bytes.windows(64).any(|window| window == piece),
            "{}",
            file.display()
        );
    }
}
