//! A town hall that demands ModI's tokens and signs its answers: it is told who asks each time, and what it does not prove is not used.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use serde_json::json;

use crate::harness::files::Files;
use crate::harness::modi_gate::{AUDIENCE, Bad, CALLER, Gate};
use crate::harness::pki::Pki;
use crate::harness::portal::Answer;
use crate::harness::province::Province;
use crate::tokens::{Keys, Message};

const ERBA: (&str, &str) = ("013095", "FOXLAX01B28D416I");
const PATH: &str = "/rest/anagrafe/v1/enti/013095/ricerche-persona";

/// The adapters and among them one whose product leaves `Authorization` to ModI.
pub fn adapters(folder: &Path) {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    for entry in ours.read_dir().unwrap().flatten() {
        symlink(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    let own = folder.join("next-modi");
    fs::create_dir(&own).unwrap();
    for file in ["individuo.request.json", "individuo.response.toml"] {
        fs::copy(ours.join("civilia-next").join(file), own.join(file)).unwrap();
    }
    let text = fs::read_to_string(ours.join("civilia-next/adapter.toml")).unwrap();
    let between = |from: &str, to: &str| {
        let start = text.find(from).unwrap();
        &text[start..start + text[start..].find(to).unwrap()]
    };
    let text = [
        "vendor = \"prove\"\nproduct = \"prove\"\nversion = \"1.0.0\"\n[connector.rest]\n",
        between(
            "[operations.\"anagrafe.ricerche-persona\"]",
            "[operations.\"anagrafe.ricerche-famiglia\"]",
        ),
    ];
    fs::write(own.join("adapter.toml"), text.concat()).unwrap();
}

fn configured(files: &mut Files, adapters: &Path, gate: &str, modi: &str) {
    crate::tokens::demanding(files);
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    files
        .replace(
            "pontile.toml",
            &format!("adapters = \"{}\"", ours.display()),
            &format!("adapters = \"{}\"", adapters.display()),
        )
        .append(
            "pontile.toml",
            &format!("[signer]\nissuer = \"{CALLER}\"\nkey = {{ file = \"pki/server.key\" }}\ncertificate = \"pki/server.pem\"\n"),
        )
        .replace(
            "enti/prove.toml",
            "[ente.servizi.anagrafe]\ninstance = \"erba-next\"",
            "[ente.servizi.anagrafe]\ninstance = \"erba-modi\"",
        )
        .append(
            "istanze/prove.toml",
            &format!(
                "[[instance]]\nname = \"erba-modi\"\nadapter = \"next-modi\"\naddress = \"{gate}\"\n\
                 bounds = {{ connect_deadline = \"1s\", answer_deadline = \"3s\", breaker_failures = 100 }}\n{modi}"
            ),
        );
}

fn modi() -> String {
    format!(
        "[instance.modi]\naudience = \"{AUDIENCE}\"\npatterns = [\"ID_AUTH_REST_02\", \"INTEGRITY_REST_01\", \"AUDIT_REST_01\"]\n\
         [instance.modi.answers]\naudience = [\"{CALLER}\"]\nsigners = [\"../pki/portale-due.pem\"]\nalgorithms = [\"ES256\", \"RS256\"]\n"
    )
}

struct Town {
    province: Province,
    gate: Arc<Gate>,
    _adapters: tempfile::TempDir,
}

impl Town {
    fn start() -> Town {
        let folder = tempfile::tempdir().unwrap();
        adapters(folder.path());
        let gate: OnceLock<Arc<Gate>> = OnceLock::new();
        let province = Province::with(|files| {
            let opened = Gate::open(&Pki::shared(), &files.back_ends.d6);
            configured(files, folder.path(), &opened.address, &modi());
            gate.get_or_init(|| opened);
        });
        Town {
            province,
            gate: gate.into_inner().unwrap(),
            _adapters: folder,
        }
    }

    /// Asks for the person of Erba in that officer's name.
    async fn ask(&self, officer: &str) -> Answer {
        let keys = Keys::of(&self.province, "portale-uno");
        let person =
            json!({ "userID": officer, "userLocation": "sportello-01", "LoA": "substantial" });
        let body = json!({ "codice_fiscale": ERBA.1 }).to_string();
        let message: Message = keys.message_over(body, person).await;
        message
            .send_to(&self.province.portal("portale-uno"), PATH)
            .await
    }
}

#[tokio::test]
async fn each_question_goes_in_the_name_of_who_asks_it_and_no_answer_serves_another() {
    let town = Town::start();
    let both =
        futures_util::future::join(town.ask("operatore-0042"), town.ask("operatore-0043")).await;
    let third = town.ask("operatore-0042").await;
    for answer in [both.0, both.1, third] {
        assert_eq!(
            answer.status,
            200,
            "{} {:?}",
            answer.body,
            town.gate.refused.lock().unwrap()
        );
        assert_eq!(answer.body["provenienza"]["da_cache"], false);
    }
    let asked_by = town.gate.asked_by.lock().unwrap().clone();
    let mut users: Vec<&str> = asked_by
        .iter()
        .filter_map(|one| one["userID"].as_str())
        .collect();
    users.sort_unstable();
    assert_eq!(
        users,
        ["operatore-0042", "operatore-0042", "operatore-0043"]
    );
    assert!(asked_by.iter().all(|one| one["LoA"] == "substantial"));
    assert!(town.gate.refused.lock().unwrap().is_empty());
    assert!(!town.province.log().contains("operatore-004"));
}

#[tokio::test]
async fn an_answer_that_does_not_prove_itself_is_the_town_halls_fault_and_is_not_used() {
    let town = Town::start();
    for bad in [
        Bad::Unsigned,
        Bad::WrongDigest,
        Bad::OtherKey,
        Bad::Expired,
        Bad::OtherAudience,
        Bad::OtherQuestion,
        Bad::AlgorithmNone,
    ] {
        town.gate.be(bad);
        let answer = town.ask("operatore-0042").await;
        assert_eq!(
            (answer.status, answer.slug()),
            (502, "risposta-non-verificata"),
            "{bad:?}: {}",
            answer.body
        );
        assert_eq!(answer.body["lato"], "ente");
        assert!(!answer.body.to_string().contains(ERBA.1));
    }
    town.gate.be(Bad::Repeated);
    assert_eq!(town.ask("operatore-0042").await.status, 200);
    assert_eq!(
        town.ask("operatore-0042").await.slug(),
        "risposta-non-verificata"
    );
    town.gate.be(Bad::Nothing);
    assert_eq!(town.ask("operatore-0042").await.status, 200);
}

#[tokio::test]
async fn a_portal_that_names_nobody_is_told_so_before_the_town_hall_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    adapters(folder.path());
    let gate: OnceLock<Arc<Gate>> = OnceLock::new();
    let province = Province::with(|files| {
        let opened = Gate::open(&Pki::shared(), &files.back_ends.d6);
        configured(files, folder.path(), &opened.address, &modi());
        files.replace("portali/prove.toml", ", \"AUDIT_REST_01\"]", "]");
        gate.get_or_init(|| opened);
    });
    let keys = Keys::of(&province, "portale-uno");
    let body = json!({ "codice_fiscale": ERBA.1 }).to_string();
    let message = keys.message_without_evidence(body).await;
    let answer = message.send_to(&province.portal("portale-uno"), PATH).await;
    assert_eq!(
        (answer.status, answer.slug()),
        (401, "token-mancante"),
        "{}",
        answer.body
    );
    assert!(gate.get().unwrap().asked_by.lock().unwrap().is_empty());
    assert!(gate.get().unwrap().refused.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_configuration_whose_headers_compete_is_a_mistake() {
    let mut province = Province::start();
    province.files.append("istanze/prove.toml", &modi());
    province.files.write(province.folder());
    let out = province.pontile(&["check"]);
    let text = [out.stdout, out.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(!out.status.success(), "{text}");
    assert!(text.contains("Authorization è già dell'utenza"), "{text}");
    assert!(text.contains("[signer]"), "{text}");
}
