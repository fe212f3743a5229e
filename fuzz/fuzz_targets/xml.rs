//! Any text as an XML answer of any step: an extract of bounded size, or a refusal.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pontile::connectors::extract::shape::{Format, Shape};
use pontile::connectors::extract::xml;

static SHAPES: LazyLock<Vec<&'static Shape>> = LazyLock::new(|| pontile_fuzz::shapes(Format::Xml));

fuzz_target!(|data: &[u8]| {
    let Some((shape, text)) = pontile_fuzz::chosen(&SHAPES, data) else {
        return;
    };
    if let Ok(extract) = xml::read(text, shape) {
        let again = xml::read(text, shape).expect("read a moment ago");
        assert!(extract.document().same_as(again.document()), "the same answer read in two ways");
    }
});
