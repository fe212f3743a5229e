//! A back end that demands vouchers of the PDND: asked for once for all who wait, under the purpose of the body that asks, renewed ahead.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::files::Files;
use crate::harness::platform::{self, AUDIENCE, Client, agree};
use crate::harness::portal::Answer;
use crate::harness::process::pause;
use crate::harness::province::Province;
use crate::tokens::{Keys, Message};
use crate::town_hall_with_modi::adapters;

const ERBA: (&str, &str) = ("013095", "FOXLAX01B28D416I");
const PATH: &str = "/rest/anagrafe/v1/enti/013095/ricerche-persona";
const E_SERVICE: &str = "https://modi.erba.example/anagrafe/v1";
const PROVINCE: &str = "69e2865e-65ab-4e48-a638-2037a9ee2ee7";
const SCHOOL: (&str, &str) = (
    "a1b0f5f5-1111-4e48-a638-000000000001",
    "5b8f2f0e-1111-4a55-9f0c-000000000001",
);
const OFFICE: (&str, &str) = (
    "a1b0f5f5-2222-4e48-a638-000000000002",
    "5b8f2f0e-2222-4a55-9f0c-000000000002",
);

/// Erba's registry behind an e-service, and the platform where two bodies have agreed on a purpose each.
struct Town {
    province: Province,
    _adapters: tempfile::TempDir,
}

/// What a test changes of the instance.
#[derive(Default)]
struct Wanted {
    dpop: bool,
    /// `[instance.modi]`, and evidence demanded of the first portal.
    modi: Option<&'static str>,
    /// Uses instead of one for everybody.
    uses: Option<&'static str>,
    audit: bool,
}

impl Town {
    async fn start(wanted: Wanted) -> Town {
        let folder = tempfile::tempdir().unwrap();
        adapters(folder.path());
        let clients = [Client::of(SCHOOL.0), Client::of(OFFICE.0)];
        let province = Province::with(|files| configured(files, folder.path(), &clients, &wanted));
        let simulators = &province.simulators;
        for (client, purpose) in clients.iter().zip([SCHOOL.1, OFFICE.1]) {
            client.register(simulators).await;
            agree(
                simulators,
                json!({
                    "purpose_id": purpose, "consumer_id": client.consumer, "eservice_id": "erba-anagrafe",
                    "descriptor_id": "erba-anagrafe-1", "producer_id": PROVINCE, "audience": E_SERVICE, "ente": "D416",
                    "audit": wanted.audit,
                }),
            )
            .await;
        }
        Town {
            province,
            _adapters: folder,
        }
    }

    async fn ask(&self) -> Answer {
        self.ask_as("portale-uno").await
    }

    async fn ask_as(&self, portal: &str) -> Answer {
        let portal = self.province.portal(portal);
        portal.persona(ERBA.0, ERBA.1).await
    }

    /// Asks in an officer's name, with the tokens of ModI.
    async fn ask_for(&self, officer: &str) -> Answer {
        let keys = Keys::of(&self.province, "portale-uno");
        let person =
            json!({ "userID": officer, "userLocation": "sportello-01", "LoA": "substantial" });
        let body = json!({ "codice_fiscale": ERBA.1 }).to_string();
        let message: Message = keys.message_over(body, person).await;
        let portal = self.province.portal("portale-uno");
        message.send_to(&portal, PATH).await
    }

    /// Asks until an answer is as wanted, each meanwhile with that status or another that is borne.
    async fn ask_until(&self, mut done: impl AsyncFnMut(&Answer) -> bool) -> Answer {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let answer = self.ask().await;
            if done(&answer).await {
                return answer;
            }
            assert!(Instant::now() < until, "{}", answer.body);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn requests(&self) -> u64 {
        self.province.simulators.count("pdnd", "token").await
    }

    async fn issued(&self) -> u64 {
        let calls = self.province.simulators.calls().await;
        let rows = calls["tokens_issued"].as_array().unwrap().iter();
        rows.filter(|row| row["dialect"] == "pdnd")
            .filter_map(|row| row["count"].as_u64())
            .sum()
    }

    async fn called(&self) -> u64 {
        let simulators = &self.province.simulators;
        simulators.count("pdnd", "RicercaIndividui").await
    }

    async fn fault(&self, operation: &str, fault: &str) {
        let order = json!({ "dialect": "pdnd", "operation": operation, "fault": fault });
        self.province.simulators.fault(order).await;
    }

    fn until_told(&self, text: &str) {
        let until = Instant::now() + Duration::from_secs(10);
        while !self.province.log().contains(text) {
            assert!(Instant::now() < until, "no {text} in the log");
            pause();
        }
    }

    /// No token, whole or in part, stands in the log.
    fn assert_nothing_told(&self) {
        let log = self.province.log();
        assert!(!log.contains("eyJ") && !log.contains(ERBA.1), "{log}");
    }
}

fn configured(
    files: &mut Files,
    adapters: &std::path::Path,
    clients: &[Client; 2],
    wanted: &Wanted,
) {
    let ours = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    let pdnd = files.back_ends.pdnd.clone();
    let uses = wanted.uses.map_or_else(
        || {
            format!(
                "[[instance.pdnd.uses]]\nclient = \"scuola\"\npurpose_id = \"{}\"\n",
                SCHOOL.1
            )
        },
        str::to_owned,
    );
    let mut named = String::new();
    for (client, name) in clients.iter().zip(["scuola", "ufficio"]) {
        if uses.contains(name) {
            named.push_str(&format!(
                "[instance.pdnd.clients.{name}]\nid = \"{}\"\nkey = {{ file = \"../segreti/{name}.key\", until = \"2029-12-31\" }}\n",
                client.id
            ));
        }
        files.put(&format!("segreti/{name}.key"), client.key.clone());
    }
    if wanted.modi.is_some() {
        crate::tokens::demanding(files);
    }
    files
        .replace(
            "pontile.toml",
            &format!("adapters = \"{}\"", ours.display()),
            &format!("adapters = \"{}\"", adapters.display()),
        )
        .replace(
            "enti/prove.toml",
            "[ente.servizi.anagrafe]\ninstance = \"erba-next\"",
            "[ente.servizi.anagrafe]\ninstance = \"erba-pdnd\"",
        )
        .append(
            "istanze/prove.toml",
            &format!(
                "[[instance]]\nname = \"erba-pdnd\"\nadapter = \"next-modi\"\naddress = \"{pdnd}/e-service\"\n\
                 bounds = {{ connect_deadline = \"1s\", answer_deadline = \"3s\", breaker_failures = 3, breaker_pause = \"2s\", tries = 1 }}\n\
                 {}\n[instance.pdnd]\ntoken_address = \"{pdnd}/token.oauth2\"\naudience = \"{AUDIENCE}\"\ndpop = {}\n{named}{uses}",
                wanted.modi.unwrap_or_default(),
                wanted.dpop
            ),
        );
}

#[tokio::test]
async fn one_voucher_serves_a_herd_and_all_who_come_later() {
    let town = Town::start(Wanted::default()).await;
    let herd = join_all((0..50).map(|_| town.ask())).await;
    for answer in herd {
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.body["provenienza"]["da_cache"], false);
    }
    assert_eq!(town.ask().await.status, 200);
    assert_eq!((town.requests().await, town.called().await), (1, 51));
    town.assert_nothing_told();
}

#[tokio::test]
async fn a_voucher_is_renewed_before_it_ends_and_nobody_waits_for_that() {
    let town = Town::start(Wanted::default()).await;
    platform::vouchers_live(&town.province.simulators, 6).await;
    assert_eq!(town.ask().await.status, 200);
    // The one that is held serves on while the server that should renew it is away.
    town.fault("token", "html_502").await;
    let still_served = async |answer: &Answer| {
        assert_eq!(answer.status, 200, "{}", answer.body);
        town.requests().await > 1
    };
    town.ask_until(still_served).await;
    town.province.simulators.mend().await;
    platform::vouchers_live(&town.province.simulators, 600).await;
    town.ask_until(async |_| town.issued().await == 2).await;
    let requests = town.requests().await;
    for _ in 0..20 {
        assert_eq!(town.ask().await.status, 200);
    }
    assert_eq!(town.requests().await, requests);
}

#[tokio::test]
async fn a_voucher_that_the_back_end_takes_no_more_is_replaced() {
    let town = Town::start(Wanted::default()).await;
    assert_eq!(town.ask().await.status, 200);
    for (algorithm, issued) in [("ES256", 2), ("RS256", 3)] {
        platform::rotate(&town.province.simulators, algorithm).await;
        town.ask_until(async |answer| answer.status == 200).await;
        assert_eq!(town.ask().await.status, 200);
        assert_eq!(town.issued().await, issued, "{algorithm}");
    }
}

#[tokio::test]
async fn while_nobody_issues_vouchers_the_back_end_is_not_called_and_the_server_soon_not_either() {
    let town = Town::start(Wanted::default()).await;
    town.fault("token", "drop").await;
    for _ in 0..10 {
        let answer = town.ask().await;
        assert_eq!(
            (answer.status, answer.slug()),
            (503, "gestionale-non-disponibile"),
            "{}",
            answer.body
        );
        assert_eq!(answer.body["lato"], "ente");
    }
    assert_eq!((town.requests().await, town.called().await), (3, 0));
    town.province.simulators.mend().await;
    town.ask_until(async |answer| answer.status == 200).await;
    assert_eq!(town.requests().await, 4);
}

#[tokio::test]
async fn a_refused_client_is_our_own_fault_and_not_tried_with_each_question() {
    let town = Town::start(Wanted::default()).await;
    town.fault("token", "auth_fail").await;
    let herd = join_all((0..10).map(|_| town.ask())).await;
    for answer in herd {
        assert_eq!(
            (answer.status, answer.slug()),
            (502, "gestionale-in-errore"),
            "{}",
            answer.body
        );
        assert_eq!(answer.body["lato"], "gateway");
    }
    assert_eq!((town.requests().await, town.called().await), (1, 0));
    // The log is written by a thread of its own.
    town.until_told("015-0008");
    town.assert_nothing_told();
    let doctor = town.province.pontile(&["doctor"]);
    let told = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(told.contains("erba-pdnd: voucher refused"), "{told}");
}

#[tokio::test]
async fn a_bound_voucher_goes_with_a_proof_for_each_question() {
    let town = Town::start(Wanted {
        dpop: true,
        ..Wanted::default()
    })
    .await;
    for _ in 0..3 {
        let answer = town.ask().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_eq!((town.requests().await, town.called().await), (1, 3));
}

#[tokio::test]
async fn where_the_voucher_is_bound_to_the_evidence_each_question_has_its_own() {
    let town = Town::start(Wanted {
        modi: Some(
            "[instance.modi]\naudience = \"https://modi.erba.example/anagrafe/v1\"\nreference = \"kid\"\n\
             patterns = [\"INTEGRITY_REST_02\", \"AUDIT_REST_02\"]\n",
        ),
        audit: true,
        ..Wanted::default()
    })
    .await;
    let asked = ["operatore-0042", "operatore-0043", "operatore-0042"];
    for answer in join_all(asked.map(|officer| town.ask_for(officer))).await {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_eq!((town.requests().await, town.called().await), (3, 3));
    assert!(!town.province.log().contains("operatore-004"));
}

#[tokio::test]
async fn each_body_asks_with_its_own_client_and_purpose_and_who_has_none_is_not_answered() {
    let town = Town::start(Wanted {
        uses: Some(
            "[[instance.pdnd.uses]]\nclient = \"scuola\"\npurpose_id = \"5b8f2f0e-1111-4a55-9f0c-000000000001\"\n\
             portals = [\"portale-uno\"]\noperations = [\"anagrafe.ricerche-persona\"]\nenti = [\"013095\"]\npurposes = [\"prova\"]\n\
             [[instance.pdnd.uses]]\nclient = \"ufficio\"\npurpose_id = \"5b8f2f0e-2222-4a55-9f0c-000000000002\"\nenti = [\"013041\"]\n",
        ),
        ..Wanted::default()
    })
    .await;
    let answer = town.ask().await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // The same portal asks the other ente with the other body's client: its voucher is another one.
    let mut town = town;
    town.province.files.replace(
        "enti/prove.toml",
        "instance = \"cantu-civilia\"",
        "instance = \"erba-pdnd\"",
    );
    town.province.rewrite_and_reload();
    let portal = town.province.portal("portale-uno");
    let other = portal.persona("013041", ERBA.1).await;
    assert_eq!(other.status, 200, "{}", other.body);
    assert_eq!(town.requests().await, 2, "a voucher of each client");
    // Without a use for Erba nobody is called.
    town.province.files.replace(
        "istanze/prove.toml",
        "portals = [\"portale-uno\"]\n",
        "portals = [\"portale-due\"]\n",
    );
    town.province.rewrite_and_reload();
    let called = town.called().await;
    let refused = town.ask().await;
    assert_eq!(
        (refused.status, refused.slug()),
        (501, "servizio-non-offerto"),
        "{}",
        refused.body
    );
    assert_eq!(town.called().await, called);
}

#[tokio::test]
async fn the_calendar_of_what_ends_knows_the_clients_keys() {
    let town = Town::start(Wanted::default()).await;
    let told = town.province.pontile(&["certificates"]);
    let told = String::from_utf8(told.stdout).expect("UTF-8");
    assert!(told.contains("pdnd.clients.scuola"), "{told}");
}
