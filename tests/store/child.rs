//! A process that records exchanges as fast as it can until it is stopped or killed, and writes down what it was told.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use pontile::config::units::Span;
use pontile::store::{RecordFilter, Store};
use uuid::Uuid;

use crate::place::{Place, RETENTION};
use crate::sample;
use crate::synchronization::Synchronization;

/// Exchanges that the child has in flight.
const AT_ONCE: usize = 32;

/// A running child.
pub struct Writer {
    process: Child,
    told: PathBuf,
    stop: PathBuf,
}

/// What the child was told about one exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Its record is durable; after so many milliseconds.
    Durable(Uuid, u128),
    /// Its record may or may not be there: not answered.
    Failed(Uuid, u128),
    /// There was no slot.
    Refused,
}

impl Writer {
    /// Starts a child that records at that place.
    pub fn start(
        place: &Place,
        synchronization: Option<&Synchronization>,
        file_size: Option<u64>,
    ) -> Writer {
        let told = place
            .folder
            .path()
            .join(format!("told-{}", rand::random::<u32>()));
        let stop = told.with_extension("stop");
        let mut command = match file_size {
            None => Command::new(std::env::current_exe().expect("this test")),
            Some(kibibytes) => {
                let mut shell = Command::new("bash");
                let limited = format!("trap '' XFSZ; ulimit -f {kibibytes}; exec \"$0\" \"$@\"");
                shell
                    .arg("-c")
                    .arg(limited)
                    .arg(std::env::current_exe().expect("this test"));
                shell
            }
        };
        command
            .args([
                "child::a_child_records_until_it_is_stopped",
                "--exact",
                "--nocapture",
            ])
            .env("PONTILE_CHILD_TOLD", &told)
            .env("PONTILE_CHILD_STOP", &stop)
            .env("PONTILE_CHILD_DATABASE", &place.settings.database)
            .env("PONTILE_CHILD_FOLDER", place.folder.path())
            .env(
                "PONTILE_CHILD_DEADLINE",
                place.settings.deadline.0.as_millis().to_string(),
            )
            .stdout(Stdio::null())
            .stdin(Stdio::null());
        if let Some(synchronization) = synchronization {
            command.envs(synchronization.environment());
        }
        let process = command.spawn().expect("a child");
        Writer {
            process,
            told,
            stop,
        }
    }

    /// Everything that the child was told so far.
    pub fn told(&self) -> Vec<Told> {
        let text = std::fs::read_to_string(&self.told).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(read).collect()
    }

    /// Waits until what the child was told fulfils a condition.
    pub async fn until(&mut self, what: &str, condition: impl Fn(&[Told]) -> bool) -> Vec<Told> {
        let until = Instant::now() + Duration::from_secs(40);
        loop {
            let told = self.told();
            if condition(&told) {
                return told;
            }
            assert!(Instant::now() < until, "{what}: {:?}", told.last());
            assert!(
                self.process.try_wait().expect("a child").is_none(),
                "{what}: the child ended"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Kills the child without warning.
    pub fn kill(mut self) -> Vec<Told> {
        self.process.kill().expect("killed");
        self.process.wait().expect("waited for");
        self.told()
    }

    /// Lets the child end in order.
    pub async fn stop(mut self) -> Vec<Told> {
        File::create(&self.stop).expect("written");
        let until = Instant::now() + Duration::from_secs(40);
        while self.process.try_wait().expect("a child").is_none() {
            assert!(Instant::now() < until, "the child does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.told()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How many exchanges were durable.
pub fn durable(told: &[Told]) -> usize {
    told.iter()
        .filter(|told| matches!(told, Told::Durable(..)))
        .count()
}

/// Every exchange of which the child was told that it is durable must be on record as answered; one that failed is
/// missing or on record as withheld. Returns how many were durable.
pub async fn verify(place: &Place, told: &[Told]) -> usize {
    let store = place.open_again("prova-2").await;
    let mut recorded = HashMap::new();
    let mut filter = RecordFilter::default();
    loop {
        let rows = store.list(&filter).await.expect("listed");
        let Some(last) = rows.last() else {
            break;
        };
        filter.before = Some(last.scambio);
        recorded.extend(
            rows.iter()
                .map(|row| (row.scambio, row.value("withheld") == true)),
        );
        assert!(
            rows.iter().all(|row| row.subjects.len() == 3),
            "a record without its persons"
        );
    }
    for told in told {
        match told {
            Told::Durable(scambio, _) => {
                assert_eq!(recorded.get(scambio), Some(&false), "{scambio} was lost");
            }
            Told::Failed(scambio, _) => assert_ne!(
                recorded.get(scambio),
                Some(&false),
                "{scambio} counts as answered"
            ),
            Told::Refused => {}
        }
    }
    store.close().await;
    durable(told)
}

fn read(line: &str) -> Told {
    let words: Vec<&str> = line.split(' ').collect();
    let number = |word: &str| Uuid::parse_str(word).expect("a number");
    match words[..] {
        ["durable", scambio, milliseconds] => {
            Told::Durable(number(scambio), milliseconds.parse().expect("milliseconds"))
        }
        ["failed", scambio, milliseconds] => {
            Told::Failed(number(scambio), milliseconds.parse().expect("milliseconds"))
        }
        ["refused"] => Told::Refused,
        _ => panic!("{line}"),
    }
}

/// The child itself; a test of its own only in name.
#[tokio::test]
async fn a_child_records_until_it_is_stopped() {
    let Some(told) = std::env::var_os("PONTILE_CHILD_TOLD") else {
        return;
    };
    let variable =
        |name: &str| std::env::var(format!("PONTILE_CHILD_{name}")).expect("set by the parent");
    let folder = PathBuf::from(variable("FOLDER"));
    let mut settings = Place::sqlite().settings;
    settings.database = variable("DATABASE");
    settings.subject_key = folder.join("subject.key");
    settings.deadline = Span(Duration::from_millis(
        variable("DEADLINE").parse().expect("a number"),
    ));
    if settings.database.starts_with("postgres") {
        settings.password = Some(pontile::config::secret::SecretReference::File(
            folder.join("password"),
        ));
    }
    let store = Store::open(&settings, RETENTION, "figlio")
        .await
        .expect("opened");
    let told = Arc::new(
        File::options()
            .append(true)
            .create(true)
            .open(told)
            .expect("a file"),
    );
    let stop = PathBuf::from(variable("STOP"));
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|_| tokio::spawn(record_until(store.clone(), Arc::clone(&told), stop.clone())))
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    store.close().await;
}

async fn record_until(store: Store, told: Arc<File>, stop: PathBuf) {
    while !stop.exists() {
        let line = match store.reserve() {
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                "refused\n".to_owned()
            }
            Ok(slot) => {
                let record = sample::answered(&store, Utc::now());
                let scambio = record.scambio;
                let begun = Instant::now();
                let outcome = slot.commit(record).await;
                let word = if outcome.is_ok() { "durable" } else { "failed" };
                format!("{word} {scambio} {}\n", begun.elapsed().as_millis())
            }
        };
        (&*told).write_all(line.as_bytes()).expect("written");
    }
}
