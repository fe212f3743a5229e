//! What is usual in answers is learnt from the examples and the first answers; what differs then is counted, never shown.

use std::path::Path;

use pontile::connectors::adapter::Adapter;
use pontile::connectors::drift::{Change, Drift};
use pontile::connectors::examples::written::http_response;
use pontile::contract::operation::Operation;

const FOUND: &str = "examples/anagrafe.ricerche-persona/found/3-back-end-response.anagrafe.http";

#[test]
fn fields_that_appear_or_vanish_are_counted_by_adapter_after_the_lessons() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters/docarea-token");
    let adapter = Adapter::load(&folder).unwrap();
    let operation = Operation::RicercaPersona;
    let step = &adapter.operation(operation).unwrap().steps()[0];
    let text = std::fs::read_to_string(folder.join(FOUND)).unwrap();
    let drift = Drift::default();
    let look = |text: &str| drift.look(&adapter, operation, step, &http_response(text).unwrap());
    for _ in 0..25 {
        look(&text);
    }
    let drifted = |change: Change| {
        drift.totals()[0]
            .2
            .iter()
            .find(|(known, _)| *known == change)
            .unwrap()
            .1
    };
    assert_eq!(
        (
            drifted(Change::Appeared),
            drifted(Change::Vanished),
            drifted(Change::Changed)
        ),
        (0, 0, 0)
    );
    look(&text.replace(
        "&lt;Sesso&gt;F&lt;/Sesso&gt;",
        "&lt;Genere&gt;F&lt;/Genere&gt;",
    ));
    look(&text.replace("BIANCHI", "&lt;Primo&gt;BIANCHI&lt;/Primo&gt;"));
    assert_eq!(
        (
            drifted(Change::Appeared),
            drifted(Change::Vanished),
            drifted(Change::Changed)
        ),
        (2, 1, 1)
    );
    let told = serde_json::to_string(&drift.reports()).unwrap();
    for part in [
        "Soggetto/Genere",
        "Soggetto/Sesso",
        "Soggetto/Cognome/Primo",
        "\"risposte_guardate\":27",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    for personal in ["BIANCHI", "BNCNNA75T71B639E"] {
        assert!(!told.contains(personal), "{told}");
    }
}
