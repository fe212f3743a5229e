//! A back end that sends our password back.

use std::path::Path;

use serde_json::json;

use crate::bindings::{CANTU, registry_that_echoes};
use crate::harness::province::Province;

/// Every file below a folder but the secrets themselves.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("segreti") {
            continue;
        }
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap_or_default();
            found.push((path.display().to_string(), bytes));
        }
    }
    found
}

#[tokio::test]
async fn c05_a_password_that_comes_back_stands_nowhere() {
    let province = Province::with(registry_that_echoes);
    let portal = province.portal("portale-uno");
    let mut told = Vec::new();
    let good = portal.persona(CANTU.0, CANTU.1).await;
    assert_eq!(good.status, 200, "{}", good.body);
    told.push(good);
    for fault in ["not_found", "auth_fail", "internal_error", "truncated_body"] {
        province.simulators.mend().await;
        province
            .simulators
            .fault(json!({ "dialect": "d4", "fault": fault }))
            .await;
        told.push(portal.famiglia(CANTU.0, CANTU.1).await);
    }
    for answer in &told {
        assert!(!answer.body.to_string().contains("d4-prova-b639"));
    }
    crate::log::tells(&province, "si rinuncia").await;
    let password = b"d4-prova-b639";
    let mut read = 0;
    for (name, bytes) in contents(province.folder()) {
        let stands = bytes.windows(password.len()).any(|part| part == password);
        assert!(!stands, "the password stands in {name}");
        read += 1;
    }
    assert!(read > 5, "only {read} files");
}
