//! `pontile serve | check | migrate | doctor | portal | cache | record | keys | backup | restore | openapi`.

use std::process::ExitCode;

use clap::Parser;

use pontile::commands::{Arguments, run};

/// The system's allocator keeps what many threads freed; this one gives it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 0: done; 1: failed; 2: wrong usage or a configuration with mistakes.
fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit_code()
        }
    }
}
