//! Any bytes as a nightly file of fixed width: of each line its columns, or why it is rejected.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pontile::connectors::files::layout::{FileLayout, Form};

static LAYOUTS: LazyLock<Vec<&'static FileLayout>> =
    LazyLock::new(|| pontile_fuzz::nightly::layouts(|form| matches!(form, Form::Fixed { .. })));

fuzz_target!(|data: &[u8]| pontile_fuzz::nightly::read(&LAYOUTS, data));
