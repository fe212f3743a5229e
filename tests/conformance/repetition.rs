//! What must not be sent twice, too often, or by a herd.

use std::fs;
use std::path::Path;

use futures_util::future::join_all;
use pontile::connectors::error::Kind;
use serde_json::{Value, json};

use crate::asking::Town;
use crate::bindings::{CANTU, registry_in_screens};
use crate::harness::declaring::{
    WRITE, declaration, declare, executed, home, on_writing, province as taking_declarations,
    result,
};
use crate::harness::province::Province;
use crate::harness::simulators::Simulators;
use crate::stub::Stub;

/// An adapter that first creates a correspondent, by GET, then asks for the person.
fn creating(folder: &Path, name: &str, repeatable: bool) {
    let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters/schermate-rpc");
    let copy = folder.join("adapters").join(name);
    fs::create_dir_all(&copy).unwrap();
    for entry in original.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
        }
    }
    let step = format!(
        r#"[[operations."anagrafe.ricerche-persona".steps]]
name       = "corrispondente"
path       = "/urbi/progs/main/xapirest.sto?WTDK_REQ=insCorrispondente&DB_NAME={{{{ente.banca_dati}}}}&PRCORE03_99991007_TipoPersona=F&PRCORE03_99991007_Cognome=PROVA&PRCORE03_99991007_Nome=PROVA&PRCORE03_99991007_CodiceFiscale={{{{codice_fiscale}}}}"
repeatable = {repeatable}
response   = "corrispondente.response.toml"

"#
    );
    let header = "[[operations.\"anagrafe.ricerche-persona\".steps]]\n";
    let text = fs::read_to_string(copy.join("adapter.toml")).unwrap();
    let text = text.replacen(header, &format!("{step}{header}"), 1);
    fs::write(copy.join("adapter.toml"), text).unwrap();
    let response = "expect = \"xapirest/insCorrispondente_Result/CodiceSoggetto\"\n";
    fs::write(copy.join("corrispondente.response.toml"), response).unwrap();
}

/// How often a correspondent was asked for, and how often one was made.
async fn made(simulators: &Simulators) -> (u64, u64) {
    let calls = simulators.calls().await;
    let executed = calls["executed"].as_array().unwrap().iter();
    let executed = executed.filter_map(|row| row["count"].as_u64()).sum();
    let asked = calls["calls"].as_array().unwrap().iter();
    let asked = asked
        .filter(|row| row["operation"] == "insCorrispondente")
        .filter_map(|row| row["count"].as_u64())
        .sum();
    (asked, executed)
}

async fn creates(repeatable: bool, faults: &[(&str, u64, u64)]) {
    let folder = tempfile::tempdir().unwrap();
    creating(folder.path(), "schermate-che-creano", repeatable);
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    for name in ["civilia-soap", "civilia-next", "vista-comune"] {
        std::os::unix::fs::symlink(ours.join(name), folder.path().join("adapters").join(name))
            .unwrap();
    }
    let province = Province::with(|files| {
        let adapters = folder.path().join("adapters");
        let (from, to) = (ours.display().to_string(), adapters.display().to_string());
        files.replace(
            "pontile.toml",
            &format!("adapters = \"{from}\""),
            &format!("adapters = \"{to}\""),
        );
        registry_in_screens(files, "schermate-che-creano");
    });
    let portal = province.portal("portale-uno");
    for (fault, asked, executed) in faults {
        province.simulators.mend().await;
        province.simulators.forget_calls().await;
        if *fault != "none" {
            province
                .simulators
                .fault(json!({ "dialect": "d7", "operation": "insCorrispondente", "fault": fault }))
                .await;
        }
        let answer = portal.persona(CANTU.0, CANTU.1).await;
        assert_eq!(
            answer.status == 200,
            *fault == "none",
            "{fault}: {}",
            answer.body
        );
        assert_ne!(answer.status, 404, "{fault}: {}", answer.body);
        let counted = made(&province.simulators).await;
        assert_eq!(
            counted,
            (*asked, *executed),
            "{fault}, repeatable: {repeatable}"
        );
    }
}

/// A GET that creates: proxies repeat it, and so would we if the adapter did not say that this step goes once.
#[tokio::test]
async fn c15_a_get_that_creates_is_never_retried() {
    creates(
        false,
        &[
            ("drop", 1, 0),
            ("html_502", 1, 0),
            ("truncated_body", 1, 1),
            ("hang_after_commit", 1, 1),
            ("none", 1, 1),
        ],
    )
    .await;
    // The same step that may be repeated is: the outage itself invites it.
    creates(true, &[("drop", 2, 0)]).await;
}

/// A list without a field made clients ask once for each entry.
#[tokio::test]
async fn c17_one_call_for_each_of_many_is_bounded() {
    let person = |number: usize| {
        format!(
            "<Persona><Nind>{number}</Nind><CodiceFiscale>{}</CodiceFiscale></Persona>",
            CANTU.1
        )
    };
    let answer = |people: usize| {
        let people: String = (1..=people).map(person).collect();
        format!(
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><x:Risposta xmlns:x=\"urn:x\">{people}</x:Risposta></s:Body></s:Envelope>"
        )
    };
    for people in [8, 20, 5000] {
        let stub = Stub::start(
            "200 OK",
            "text/xml; charset=utf-8",
            answer(people).as_bytes(),
        );
        let town = Town::erba_literal(&stub.address);
        let refused = town.persona(CANTU.1).await.expect_err("too many calls");
        assert_eq!(refused.kind, Kind::Unsupported, "{refused}");
        assert!(refused.detail.contains("more than 8 calls"), "{refused}");
        assert_eq!(stub.requests(), 1, "nothing is begun that cannot be ended");
    }
    let stub = Stub::start("200 OK", "text/xml; charset=utf-8", answer(7).as_bytes());
    let town = Town::erba_literal(&stub.address);
    let _either = town.persona(CANTU.1).await;
    assert_eq!(stub.requests(), 8);
}

fn logins(calls: &Value) -> u64 {
    let rows = calls["tokens_issued"].as_array().unwrap();
    rows.iter().filter_map(|row| row["count"].as_u64()).sum()
}

#[tokio::test]
async fn c18_an_expired_token_costs_one_login_without_loop_or_herd() {
    for dialect in ["d3", "d6"] {
        let simulators = Simulators::start();
        let (town, code) = match dialect {
            "d3" => (Town::cantu_token(simulators.address("d3")), CANTU.1),
            _ => (
                Town::erba(simulators.address("d6")),
                crate::bindings::ERBA.1,
            ),
        };
        town.persona(code).await.expect("the first login");
        simulators
            .fault(json!({ "dialect": dialect, "fault": "expired_token", "times": 1 }))
            .await;
        let all = join_all((0..4).map(|_| town.persona(code))).await;
        assert!(all.iter().all(Result::is_ok), "{dialect}: {all:?}");
        assert_eq!(logins(&simulators.calls().await), 2, "{dialect}");
        simulators
            .fault(json!({ "dialect": dialect, "fault": "expired_token" }))
            .await;
        for _ in 0..3 {
            let all = join_all((0..4).map(|_| town.persona(code))).await;
            for refused in all {
                let kind = refused.expect_err("never accepted").kind;
                assert_eq!(kind, Kind::CredentialsRefused, "{dialect}");
            }
        }
        assert!(logins(&simulators.calls().await) <= 3, "{dialect}");
    }
}

/// Back-ends.md 8.4, 2: a time-out leaves the outcome unknown, and replaying it executes nothing twice.
#[tokio::test]
async fn c02_a_write_that_times_out_is_of_unknown_outcome_and_executed_once_however_often_it_is_replayed()
 {
    let province = taking_declarations();
    let portal = province.portal("portale-uno");
    let (utenza, _) = home(&portal).await;
    on_writing(&province, "hang_after_commit").await;
    let stale =
        json!({ "dialect": "d5", "operation": "getUtenzeStatoPratiche", "fault": "html_502" });
    province.simulators.fault(stale).await;
    let body = declaration(&utenza, "2026/1");
    let unknown = declare(&portal, "chiave-numero-1", &body).await;
    assert_eq!(unknown.status, 202, "{:?}", unknown.body);
    assert_eq!(unknown.body["stato"], json!("esito_ignoto"));
    let location = unknown.header("location").to_owned();
    for _ in 0..3 {
        let replayed = declare(&portal, "chiave-numero-1", &body).await;
        assert_eq!(replayed.status, 202, "{:?}", replayed.body);
        assert_eq!(replayed.header("location"), location);
    }
    province.simulators.mend().await;
    let settled = result(&portal, &location).await;
    assert_eq!(settled.status, 200, "{:?}", settled.body);
    assert!(settled.body["esito"]["pratica"]["identificativo"].is_string());
    let replayed = declare(&portal, "chiave-numero-1", &body).await;
    assert_eq!((replayed.status, &replayed.body), (200, &settled.body));
    assert_eq!(province.simulators.count("d5", WRITE).await, 1);
    assert_eq!(executed(&province).await, 1);
}
