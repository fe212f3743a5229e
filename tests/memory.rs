//! What reading an answer takes of memory: as much as is read of it, however much more there is.

use dhat::{HeapStats, Profiler};
use pontile::connectors::adapter::Adapter;
use pontile::connectors::extract::shape::Shape;
use pontile::connectors::extract::{Extract, Unreadable, json, xml};
use pontile::contract::operation::Operation;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Far less than the smallest of the large answers.
const BOUND: usize = 64 * 1024;

type Read = fn(&str, &Shape) -> Result<Extract, Unreadable>;

fn adapter(name: &str) -> Adapter {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    Adapter::load(&root.join("adapters").join(name)).expect("an adapter without mistakes")
}

/// The answer of the load benchmark with as many bytes of `filler` as are told in the place of `mark`.
fn answer(file: &str, mark: &str, filler: &str, bytes: usize) -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("benches/replies").join(file)).expect("a reply");
    assert!(text.contains(mark), "{file} has no {mark}");
    text.replacen(
        mark,
        &format!("{}{mark}", filler.repeat(bytes / filler.len())),
        1,
    )
}

/// The most bytes in use at any moment while the answer is read.
fn taken(read: Read, text: &str, shape: &Shape) -> usize {
    let profiler = Profiler::builder().testing().build();
    let extract = read(text, shape).expect("an answer that can be read");
    let most = HeapStats::get().max_bytes;
    drop(extract);
    drop(profiler);
    most
}

// One test, since there is one allocator to watch.
#[test]
fn what_nobody_reads_of_an_answer_takes_no_memory() {
    let cases: [(&str, &str, Read, &str, &str); 2] = [
        (
            "civilia-soap",
            "soap.xml",
            xml::read,
            "<CAP>",
            "<ALTRO tipo=\"x\">testo &amp; altro</ALTRO>",
        ),
        (
            "civilia-next",
            "rest.json",
            json::read,
            "\"nome\"",
            "\"altro\": {\"a\": [1, 2, \"tre\"]}, ",
        ),
    ];
    for (name, file, read, mark, filler) in cases {
        let adapter = adapter(name);
        let operation = adapter
            .operation(Operation::RicercaPersona)
            .expect("the registry");
        let step = operation.steps().last().expect("a step");
        for bytes in [10 * 1024, 1024 * 1024, 10 * 1024 * 1024] {
            let text = answer(file, mark, filler, bytes);
            let taken = taken(read, &text, &step.mapping.shape);
            assert!(
                taken <= BOUND,
                "{name}: {taken} bytes for an answer of {}",
                text.len()
            );
        }
    }
}
