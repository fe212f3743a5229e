//! What the record costs: CPU per exchange with so many exchanges waiting for it at once. Run with `cargo bench --bench record`.

mod sample;

use std::sync::Arc;
use std::time::{Duration, Instant};

use pontile::store::Store;
use tokio::task::LocalSet;

use sample::{Names, open};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exchanges that wait at once: connections of portals in a closed loop.
const WAITING: [usize; 4] = [1, 8, 32, 256];

fn main() {
    // `cargo test --all-targets` builds and starts benches too, without this argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("measures only when called as `cargo bench --bench record`");
        return;
    }
    let seconds = std::env::var("SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(5.0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        let folder =
            tempfile::tempdir_in(std::env::var("FOLDER").unwrap_or_else(|_| ".".to_owned()))
                .expect("a folder");
        let store = open(folder.path()).await;
        println!("waiting  us CPU/record  records/s  records/commit  latency p50 ms  p99 ms");
        let only: Option<usize> = std::env::var("ONLY")
            .ok()
            .and_then(|text| text.parse().ok());
        for waiting in WAITING
            .into_iter()
            .filter(|waiting| only.is_none_or(|only| only == *waiting))
        {
            run(&store, waiting, Duration::from_secs(1)).await;
            measure(&store, waiting, Duration::from_secs_f64(seconds)).await;
        }
        store.close().await;
    });
}

async fn measure(store: &Store, waiting: usize, length: Duration) {
    let preparing = preparation(store).await;
    let before = (cpu(), store.health());
    let began = Instant::now();
    let mut latencies = run(store, waiting, length).await;
    let elapsed = began.elapsed();
    let after = (cpu(), store.health());
    latencies.sort_unstable();
    let records = latencies.len() as f64;
    let per_record = (after.0 - before.0) * 1e6 / records - preparing;
    let quantile = |part: usize| latencies[latencies.len() * part / 100].as_secs_f64() * 1e3;
    println!(
        "{waiting:7}  {per_record:13.1}  {:9.0}  {:14.1}  {:14.2}  {:6.2}",
        records / elapsed.as_secs_f64(),
        records / (after.1.commits - before.1.commits) as f64,
        quantile(50),
        quantile(99),
    );
}

/// Records exchanges, so many at once, each as soon as the one before it is durable; returns how long each waited.
async fn run(store: &Store, waiting: usize, length: Duration) -> Vec<Duration> {
    let names = Arc::new(Names::new(store));
    let began = Instant::now();
    let tasks = (0..waiting).map(|_| {
        let (store, names) = (store.clone(), Arc::clone(&names));
        tokio::task::spawn_local(async move {
            let mut latencies = Vec::new();
            while began.elapsed() < length {
                let slot = store.reserve().expect("a slot");
                let record = names.record(&store).await;
                let committing = Instant::now();
                slot.commit(record).await.expect("recorded");
                latencies.push(committing.elapsed());
            }
            latencies
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await.expect("the task ends"));
    }
    latencies
}

/// Microseconds that making a record costs, which is not the store's part.
async fn preparation(store: &Store) -> f64 {
    let names = Names::new(store);
    let before = cpu();
    let records = 20_000;
    for _ in 0..records {
        std::hint::black_box(names.record(store).await);
    }
    (cpu() - before) * 1e6 / f64::from(records)
}

/// Seconds of CPU that all threads of this process took so far, those that ended left out.
fn cpu() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").expect("Linux");
    let nanoseconds = threads.flatten().filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum()).as_secs_f64()
}
