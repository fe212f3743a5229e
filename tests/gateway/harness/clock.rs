//! The gateway's time of day, set by a test; what it measures by other clocks goes on as ever.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{DateTime, Utc};

/// Puts a clock into a province's folder: gateways started over it obey.
pub fn put_into(folder: &Path) {
    File::create(ahead(folder))
        .and_then(|file| file.write_all_at(&0_i64.to_ne_bytes(), 0))
        .expect("the file of the seconds");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gateway/harness/clock.c");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(library(folder))
        .arg(source)
        .status()
        .expect("a C compiler, which building needs too");
    assert!(compiled.success());
}

/// Sets the clock of the gateway that runs over the folder.
pub fn set(folder: &Path, now: DateTime<Utc>) {
    let seconds = (now - Utc::now()).num_seconds();
    File::options()
        .write(true)
        .open(ahead(folder))
        .and_then(|file| file.write_all_at(&seconds.to_ne_bytes(), 0))
        .expect("a clock was put into the folder");
}

/// Has the command obey the clock, if there is one in the folder.
pub fn give(command: &mut Command, folder: &Path) {
    if library(folder).exists() {
        command
            .env("LD_PRELOAD", library(folder))
            .env("CLOCK_AHEAD", ahead(folder));
    }
}

fn library(folder: &Path) -> PathBuf {
    folder.join("clock.so")
}

fn ahead(folder: &Path) -> PathBuf {
    folder.join("clock.ahead")
}
