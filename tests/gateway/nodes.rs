//! Two nodes on one PostgreSQL, each its own process: what one forgets the other forgets too.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::declaring::{COMO, PERSON, declaration, declare, home, this_year};
use crate::harness::officer::{get, send};
use crate::harness::portal::Portal;
use crate::harness::province::{Neighbour, Province};
use crate::protected;
use crate::servers::postgres::{ADMINISTRATOR, PASSWORD, Postgres};

const CANTU: (&str, &str) = ("013041", "BNCNNA75T71B639E");

/// A database with its two nodes; none where PostgreSQL is not installed.
fn two_nodes() -> Option<(Postgres, Province, Neighbour)> {
    let postgres = Postgres::start(&[])?;
    let address = postgres.address(ADMINISTRATOR, "postgres");
    let record = format!("database = \"{address}\"\npassword = {{ file = \"segreti/postgres\" }}");
    let province = Province::with(|files| {
        protected::prepared(files);
        files.como_takes_declarations();
        files
            .replace("pontile.toml", "database = \"sqlite:record\"", &record)
            .replace(
                "pontile.toml",
                "[node]",
                "[node]\nname = \"uno\"\nnodes = 2",
            )
            .put("segreti/postgres", PASSWORD.to_owned());
    });
    let neighbour = province.neighbour("uno", "due");
    Some((postgres, province, neighbour))
}

async fn is_position_kept(portal: &Portal) -> bool {
    let position = portal.posizione(COMO, PERSON, "TARI", this_year()).await;
    assert_eq!(position.status, 200, "{:?}", position.body);
    position.body["provenienza"]["da_cache"] == json!(true)
}

async fn is_record_kept(portal: &Portal) -> bool {
    let answer = portal.persona(CANTU.0, CANTU.1).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body["provenienza"]["da_cache"] == json!(true)
}

/// Has both answers kept. A node forgets everything at its first look at what the others told.
async fn keep(portal: &Portal) {
    let until = Instant::now() + Duration::from_secs(10);
    let mut in_a_row = 0;
    while in_a_row < 5 {
        assert!(Instant::now() < until, "nothing is kept");
        let kept = is_position_kept(portal).await && is_record_kept(portal).await;
        in_a_row = if kept { in_a_row + 1 } else { 0 };
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn until_forgotten(portal: &Portal) {
    let until = Instant::now() + Duration::from_secs(3);
    while is_position_kept(portal).await {
        assert!(Instant::now() < until, "it is still kept");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_purge_at_one_node_is_one_at_all() {
    let Some((_postgres, province, neighbour)) = two_nodes() else {
        return;
    };
    let (here, there) = (
        province.portal("portale-uno"),
        neighbour.portal(&province.pki, "portale-uno"),
    );
    keep(&here).await;
    keep(&there).await;
    let operator = province.operator("operatore-uno");
    let of_como = json!({ "ente": COMO, "codice_fiscale": PERSON });
    let purged = operator.post("/cache/purge", &of_como).await;
    assert_eq!(purged.status, 200, "{:?}", purged.body);
    assert_eq!(purged.body["risposte_rimosse"], json!(1));
    until_forgotten(&there).await;
    assert!(is_record_kept(&there).await, "another ente's answers stay");
    assert!(is_record_kept(&here).await);
}

/// Waits until a node knows or does not know Cantù's resident any more.
async fn until_status(portal: &Portal, status: u16) {
    let until = Instant::now() + Duration::from_secs(3);
    while portal.persona(CANTU.0, CANTU.1).await.status != status {
        assert!(Instant::now() < until, "never {status}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_person_marked_at_one_node_is_protected_at_all_until_the_mark_is_taken_back() {
    let Some((_postgres, province, neighbour)) = two_nodes() else {
        return;
    };
    let there = neighbour.portal(&province.pki, "portale-uno");
    keep(&there).await;
    let officer = province.operator(protected::OFFICER);
    let mark = protected::protect(&officer, CANTU.1, "").await;
    until_status(&there, 404).await;
    let sheet = get(&officer, &mark).await;
    let ended = send(
        &officer,
        &mark,
        &sheet,
        &[("motivo", "revoca prot. 78/2026")],
    )
    .await;
    assert_eq!(ended.status, 200, "{}", ended.text);
    until_status(&there, 200).await;
}

#[tokio::test]
async fn a_declaration_at_one_node_has_the_kept_position_forgotten_at_all() {
    let Some((_postgres, province, neighbour)) = two_nodes() else {
        return;
    };
    let (here, there) = (
        province.portal("portale-uno"),
        neighbour.portal(&province.pki, "portale-uno"),
    );
    keep(&there).await;
    let (utenza, _) = home(&here).await;
    let done = declare(&here, "chiave-numero-1", &declaration(&utenza, "2026/1")).await;
    assert_eq!(done.status, 200, "{:?}", done.body);
    until_forgotten(&there).await;
    assert!(is_record_kept(&there).await, "what else was asked stays");
}
