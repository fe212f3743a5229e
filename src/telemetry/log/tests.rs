//! The log as a whole, on real files.

use std::path::Path;
use std::time::Instant;

use serde_json::Value;

use crate::telemetry::exchange::tests::answered;

use super::*;

fn log_to(file: &Path) -> Log {
    Log::open(&LogSettings {
        file: Some(file.to_owned()),
        keep_months: 6,
    })
    .unwrap()
}

fn lines_of(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn eventually(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "it did not come true"
        );
        std::thread::yield_now();
    }
}

#[test]
fn an_exchange_is_one_line_with_the_documented_fields() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let log = log_to(&file);
    log.exchange(&answered());
    log.close();
    let lines = lines_of(&file);
    assert_eq!(lines.len(), 1);
    let documented = include_str!("../../../docs/logging.md");
    for field in lines[0].as_object().unwrap().keys() {
        assert!(
            documented.contains(&format!("| `{field}` |")),
            "docs/logging.md does not list {field}"
        );
    }
    insta::assert_json_snapshot!(lines[0]);
}

#[test]
fn a_line_reaches_the_file_without_waiting_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let log = log_to(&file);
    log.exchange(&answered());
    eventually(|| std::fs::metadata(&file).unwrap().len() > 0);
}

#[test]
fn no_line_is_lost_or_torn_when_many_threads_log() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let log = log_to(&file);
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let log = &log;
            scope.spawn(move || {
                for number in 0..500 {
                    log.exchange(&ExchangeSeen {
                        generation: thread * 1000 + number,
                        ..answered()
                    });
                }
            });
        }
    });
    log.close();
    let mut generations: Vec<u64> = lines_of(&file)
        .iter()
        .map(|line| line["generation"].as_u64().unwrap())
        .collect();
    assert_eq!(log.dropped(), 0);
    for thread in 0..4 {
        let of_thread: Vec<u64> = generations
            .iter()
            .copied()
            .filter(|number| number / 1000 == thread)
            .collect();
        assert!(of_thread.is_sorted(), "a thread's lines keep their order");
    }
    generations.sort_unstable();
    let expected: Vec<u64> = (0..4)
        .flat_map(|thread| (0..500).map(move |number| thread * 1000 + number))
        .collect();
    assert_eq!(generations, expected);
}

#[test]
fn a_renamed_file_is_opened_anew_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let aside = folder.path().join("aside");
    let log = log_to(&file);
    log.exchange(&answered());
    eventually(|| std::fs::metadata(&file).unwrap().len() > 0);
    std::fs::rename(&file, &aside).unwrap();
    log.reopen();
    log.exchange(&answered());
    log.close();
    assert_eq!((lines_of(&aside).len(), lines_of(&file).len()), (1, 1));
}

#[test]
fn a_reader_that_hangs_stops_nobody_and_its_lines_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    // Open for reading, too, so that the log's own opening does not wait; nobody ever reads.
    let reader = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&pipe)
        .unwrap();
    let log = log_to(&pipe);
    let begun = Instant::now();
    let mut logged = 0;
    while log.dropped() == 0 {
        log.exchange(&answered());
        logged += 1;
        assert!(logged < 1_000_000, "the queue is bounded");
    }
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "logging does not wait"
    );
    drop(reader);
}

#[test]
fn a_full_disk_is_survived_and_counted() {
    let log = log_to(Path::new("/dev/full"));
    log.exchange(&answered());
    eventually(|| log.dropped() == 1);
}

#[test]
fn an_event_has_the_form_of_an_exchange() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let log = Arc::new(log_to(&file));
    let subscriber = events::subscriber(&log, "info").unwrap();
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(generation = 7, "configuration in force");
        tracing::debug!("not this one");
    });
    log.exchange(&answered());
    log.close();
    let lines = lines_of(&file);
    assert_eq!(lines.len(), 2);
    for line in &lines {
        for field in ["timestamp", "level", "target", "message", "generation"] {
            assert!(!line[field].is_null(), "{field} is missing in {line}");
        }
    }
    assert_eq!(lines[0]["message"], "configuration in force");
}
