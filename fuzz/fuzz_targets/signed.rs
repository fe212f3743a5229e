//! Any bytes as a signed document: a report or a refusal; and where no authority is recognized, nothing passes.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pontile::contract::firma::Indicazione;
use pontile::documents::verifying::grounds::Grounds;
use pontile::documents::verifying::{Submitted, extract, verify};

static NOBODY: LazyLock<Grounds> =
    LazyLock::new(|| Grounds::new(Vec::new(), None, Vec::new()).expect("grounds"));

fuzz_target!(|data: &[u8]| {
    let Some((choice, file)) = data.split_first() else {
        return;
    };
    let submitted = Submitted {
        file: file.to_vec(),
        content: (choice % 2 == 1).then_some(&b"contenuto"[..]),
    };
    let at = "2026-07-01T00:00:00Z".parse().expect("an instant");
    if let Ok(report) = verify(submitted, &NOBODY, at) {
        for one in report.firme() {
            assert_ne!(one.indicazione, Indicazione::TotalPassed, "nobody vouches for it");
        }
    }
    let _ = extract(file.to_vec());
});
