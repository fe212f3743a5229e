//! How the time of reading an answer grows with what nobody reads of it: `cargo bench --bench growth`.
#![allow(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on must say so"
)]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use pontile::connectors::adapter::Adapter;
use pontile::connectors::extract::xml;
use pontile::contract::operation::Operation;
use quick_xml::Reader;
use quick_xml::events::Event;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bytes that every size is read of in all, and how often that is measured: the quickest counts.
const READ: usize = 40 * 1024 * 1024;
const ROUNDS: u32 = 5;

const FILLER: &str = "<ALTRO tipo=\"x\">testo &amp; altro</ALTRO>";

fn main() {
    // `cargo test --all-targets` builds and starts benches too, without this argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("measures only when called as `cargo bench --bench growth`");
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let adapter =
        Adapter::load(&root.join("adapters/civilia-soap")).expect("an adapter without mistakes");
    let operation = adapter.operation(Operation::RicercaPersona).unwrap();
    let shape = &operation.steps()[0].mapping.shape;
    let reply = std::fs::read_to_string(root.join("benches/replies/soap.xml")).unwrap();
    println!(
        "{:>10} {:>14} {:>14} {:>8}",
        "bytes", "ns per KiB", "bare loop", "ratio"
    );
    for size in [
        2 * 1024_usize,
        10 * 1024,
        100 * 1024,
        1024 * 1024,
        10 * 1024 * 1024,
    ] {
        let filler = FILLER.repeat(size.saturating_sub(reply.len()) / FILLER.len());
        let text = reply.replacen("<CAP>", &format!("{filler}<CAP>"), 1);
        let ours = quickest(text.len(), || {
            black_box(xml::read(black_box(&text), shape).unwrap());
        });
        let bare = quickest(text.len(), || {
            let mut reader = Reader::from_str(black_box(&text));
            while !matches!(black_box(reader.read_event().unwrap()), Event::Eof) {}
        });
        println!(
            "{:>10} {ours:>14.0} {bare:>14.0} {:>8.2}",
            text.len(),
            ours / bare
        );
    }
}

/// Nanoseconds per KiB of a text of that many bytes.
fn quickest(bytes: usize, read: impl Fn()) -> f64 {
    let times = u32::try_from((READ / bytes).max(1)).unwrap();
    let rounds = (0..ROUNDS).map(|_| {
        let began = Instant::now();
        (0..times).for_each(|_| read());
        began.elapsed()
    });
    let quickest: Duration = rounds.min().unwrap_or_default();
    quickest.as_secs_f64() * 1e9 / f64::from(times) / (bytes as f64 / 1024.0)
}
