//! A changed adapter is in force with the next reload, and what was kept under the old one is not given any more; a bad one is
//! refused and the old one goes on.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::json;

use crate::harness::province::Province;

const CANTU: (&str, &str) = ("013041", "BNCNNA75T71B639E");
const RESPONSE: &str = "ricerca.response.toml";

#[tokio::test]
async fn a_changed_mapping_is_in_force_with_a_reload_and_a_bad_one_leaves_the_old_one() {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    let folder = tempfile::tempdir().unwrap();
    let changed = folder.path().join("civilia-soap");
    for entry in ours.read_dir().unwrap().flatten() {
        if entry.file_name() != "civilia-soap" {
            symlink(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
    }
    fs::create_dir(&changed).unwrap();
    for entry in ours.join("civilia-soap").read_dir().unwrap().flatten() {
        if entry.path().is_file() {
            fs::copy(entry.path(), changed.join(entry.file_name())).unwrap();
        }
    }
    let mut province = Province::with(|files| {
        let (from, to) = (ours.display(), folder.path().display());
        files.replace(
            "pontile.toml",
            &format!("adapters = \"{from}\""),
            &format!("adapters = \"{to}\""),
        );
    });
    let portal = province.portal("portale-uno");
    let first = portal.persona(CANTU.0, CANTU.1).await;
    assert_eq!(
        first.body["persona"]["nome"],
        json!("ANNA"),
        "{:?}",
        first.body
    );

    let file = changed.join(RESPONSE);
    let text = fs::read_to_string(&file).unwrap();
    let given_name = text
        .lines()
        .find(|line| line.starts_with("nome "))
        .unwrap()
        .to_owned();
    let put = |line: &str| fs::write(&file, text.replace(&given_name, line)).unwrap();
    put("nome = { value = \"RILETTA\" }");
    // Until it is told to, the gateway reads nothing.
    let before = portal.persona(CANTU.0, CANTU.1).await;
    assert_eq!(before.body["persona"]["nome"], json!("ANNA"));
    province.reload();
    let after = portal.persona(CANTU.0, CANTU.1).await;
    assert_eq!(after.status, 200, "{:?}", after.body);
    assert_eq!(after.body["persona"]["nome"], json!("RILETTA"));
    assert_eq!(after.body["provenienza"]["da_cache"], json!(false));

    put("nomme = \"NOME\"");
    province.reload();
    let log = province.log();
    assert!(log.contains(RESPONSE) && log.contains("nomme"), "{log}");
    let refused = portal.persona(CANTU.0, CANTU.1).await;
    assert_eq!(refused.status, 200, "{:?}", refused.body);
    assert_eq!(refused.body["persona"]["nome"], json!("RILETTA"));
}
