//! The views of a simulated municipality, the same on every database.

use std::path::PathBuf;
use std::process::Command;

use pontile::connectors::error::Kind;

use crate::town::{PASSWORD, Town, ask, lines, statement, text, within};

const PERSON: &str = "SELECT IDPERSONA, COGNOME, NOME, DATANASCITA, SESSO, CODICEFISCALE, IDCOMUNENASCITA, RESIDENTE, \
    RESCIVICO, RESBARRATO, DATAMORTE, TSULTIMOAGGIORNAMENTO FROM vw_anagrafe WHERE upper(CODICEFISCALE) = :cf";

fn simulators(arguments: &[&str]) {
    let mut program = std::env::current_exe().expect("the test's own path");
    program.pop();
    if program.ends_with("deps") {
        program.pop();
    }
    let program: PathBuf = program.join("simulators");
    assert!(
        program.exists(),
        "{} is not built: run `cargo build --workspace --bins` first (make test does)",
        program.display()
    );
    let output = Command::new(program)
        .args(["--today", "2026-11-22"])
        .args(arguments)
        .output()
        .expect("the simulators run");
    assert!(
        output.status.success(),
        "simulators {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
async fn a_resident_is_found_in_the_views_of_every_database() {
    let mut found = Vec::new();
    for mut town in Town::all().await {
        let url = town.administration.clone();
        simulators(&["seed-view", "--url", &url, "--read-only-password", PASSWORD]);
        town.settings.address = town
            .settings
            .address
            .replace("://lettore@", "://pontile_lettura@");
        let database = town.database();
        let values = [("cf", text("RSSMRA80A01C933H"))];
        let rows = ask(&database, PERSON, &values).await.expect(town.name);
        // SQLite does not know CHAR: its blanks stay, for the mapping to clean.
        let lines: Vec<String> = lines(&rows)
            .iter()
            .map(|line| {
                let mut line = line.clone();
                while line.contains(" \"") {
                    line = line.replace(" \"", "\"");
                }
                line.replace(' ', "T")
            })
            .collect();
        found.push((town.name, lines));

        let expected = ["codicefiscale", "cognome"];
        let sql = statement(PERSON);
        let probed = database.probe_columns(&sql, &expected, within(5_000)).await;
        probed.expect(town.name);
        simulators(&["view-fault", "--url", &url, "rename-column"]);
        let probed = database.probe_columns(&sql, &expected, within(5_000)).await;
        let error = probed.expect_err(town.name);
        assert_eq!(error.kind, Kind::Unintelligible);
        assert!(
            error.detail.to_lowercase().contains("codicefiscale"),
            "{}: {error}",
            town.name
        );

        simulators(&["view-fault", "--url", &url, "empty"]);
        assert!(
            ask(&database, PERSON, &values)
                .await
                .expect(town.name)
                .is_empty()
        );
        let count = statement("SELECT count(*) AS quanti FROM vw_anagrafe");
        let counted = database.count(&count, &[], within(5_000)).await;
        assert_eq!(counted.expect(town.name), 0);
        simulators(&["view-fault", "--url", &url, "restore"]);
        let rows = ask(&database, PERSON, &values).await.expect(town.name);
        assert_eq!(rows.len(), 1);
    }
    let (_, first) = found[0].clone();
    assert!(first[0].contains(r#""cognome":"ROSSI""#), "{first:?}");
    for (name, lines) in found {
        assert_eq!(lines, first, "{name}");
    }
}
