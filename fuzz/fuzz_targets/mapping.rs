//! Any text in the place of one answer of an example: a document of the contract, or a typed failure.
//!
//! The first three bytes choose the adapter, its example, and which of the example's exchanges gets the text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pontile::config::mistake::Mistake;
use pontile::connectors::examples::play;
use pontile_fuzz::PRODUCTS;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let [product, case, exchange, text @ ..] = data else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let product = &PRODUCTS[usize::from(*product) % PRODUCTS.len()];
    // An officer answers by hand: such a product has no cases.
    let Some(case) = usize::from(*case).checked_rem(product.cases.len()).map(|at| &product.cases[at]) else {
        return;
    };
    let fuzzed = usize::from(*exchange) % case.answers.len();
    let answers = |name: &str| {
        let (at, (_, written)) = case
            .answers
            .iter()
            .enumerate()
            .find(|(_, (known, _))| known == name)
            .ok_or_else(|| Mistake::of_file("", "the example goes no further"))?;
        Ok(if at == fuzzed { text.to_owned() } else { written.clone() })
    };
    let played = play::play_with(&product.adapter, &product.setting, case.operation, &case.asked, &answers);
    let Ok(played) = played else {
        return;
    };
    // A person, or the list of a family's members or of positions.
    let entries = match &played.answer {
        Value::Array(entries) => entries.as_slice(),
        answer => std::slice::from_ref(answer),
    };
    let known = case.operation.fields();
    for entry in entries {
        let entry = entry.as_object().expect("fields or a failure");
        assert!(
            entry.contains_key("errore") || entry.keys().all(|name| known.contains(&name.as_str())),
            "a field that the operation does not have"
        );
    }
});
