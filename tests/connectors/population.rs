//! Everyone whom the simulated municipalities know is asked for, through every adapter.

use std::collections::BTreeSet;
use std::process::Command;

use pontile::connectors::adapter::AdapterOperation;
use pontile::connectors::error::Kind;
use pontile::contract::operation::Operation;
use pontile::contract::posizione::Tributo;
use serde_json::Value;
use sqlx::Connection as _;

use crate::asking::{Town, shown, this_year};
use crate::harness::mariadb::MariaDb;
use crate::harness::postgres::Postgres;
use crate::process::program;
use crate::simulators::{Simulators, seed_view};

/// The registered people of an ente who have a code, with their cases; each code once.
fn people(ente: &str) -> Vec<Value> {
    let output = Command::new(program("simulators"))
        .args(["people", "--ente", ente])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut seen = BTreeSet::new();
    text.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|person| match person["codice_fiscale"].as_str() {
            Some(code) => seen.insert(code.to_uppercase()),
            None => false,
        })
        .collect()
}

fn code(person: &Value) -> &str {
    person["codice_fiscale"].as_str().unwrap()
}

fn has_case(person: &Value, case: &str) -> bool {
    person["casi"]
        .as_array()
        .unwrap()
        .iter()
        .any(|known| known == case)
}

/// Whether somebody is in the register of the living residents no more, or never was.
fn has_left(person: &Value) -> bool {
    person["persona"].is_null()
        || ["aire", "deceduto", "emigrato", "irreperibile"]
            .iter()
            .any(|case| has_case(person, case))
}

/// Residents live here, who has left lives elsewhere, and of nobody else is a residence told.
fn lives_where_it_is_told(person: &Value, answer: &Value, ente: &str) {
    let place = &answer["residenza"]["comune"];
    match answer["stato_anagrafico"].as_str().unwrap() {
        "residente" => assert_eq!(place["codice_belfiore"], ente, "{person}"),
        "aire" | "emigrato" | "non_residente" => {
            let code = place["codice_belfiore"].as_str().unwrap_or_default();
            let named = place["denominazione"].is_string();
            assert!(code != ente && named, "{person}: {place}");
        }
        _ => assert!(answer.get("residenza").is_none(), "{person}: {answer}"),
    }
}

/// The residence alone tells as little of the dead and the untraceable as the whole record.
async fn nobody_is_lodged_where_they_are_not(town: &Town, ente: &str) {
    let mut asked = 0;
    for person in people(ente) {
        if ["deceduto", "irreperibile"]
            .iter()
            .any(|case| has_case(&person, case))
        {
            let answer = town.persona_with(code(&person), ["residenza"]).await;
            assert_eq!(shown(&answer.unwrap()), serde_json::json!({}), "{person}");
            asked += 1;
        }
    }
    assert!(asked > 1, "{ente}: only {asked}");
}

async fn everybody_is_found(town: &Town, ente: &str) {
    let people = people(ente);
    assert!(people.len() > 50, "{ente}: only {} people", people.len());
    let mut found = 0;
    for person in &people {
        let answer = match town.persona(code(person)).await {
            Ok(answer) => shown(&answer),
            // Known to the tax office alone.
            Err(error) if error.kind == Kind::NotFound && person["persona"].is_null() => continue,
            Err(error) => panic!("{person}: {error}"),
        };
        found += 1;
        assert_eq!(
            answer["codice_fiscale"],
            code(person).trim().to_uppercase(),
            "{person}"
        );
        let stato = answer["stato_anagrafico"].as_str().unwrap();
        for (case, states) in [
            ("deceduto", ["deceduto", "deceduto"]),
            ("aire", ["aire", "non_residente"]),
            ("irreperibile", ["irreperibile", "irreperibile"]),
        ] {
            if has_case(person, case) {
                assert!(states.contains(&stato), "{person}: {stato}");
            }
        }
        // Whoever has left no longer lives at the address that the register keeps of them.
        let street = answer["residenza"]["indirizzo"]
            .as_str()
            .unwrap_or_default();
        if has_case(person, "aire") {
            // The DataSets have no address abroad.
            let told = town.adapter.name() != "dataset-due-passi";
            assert_eq!(street.starts_with("VIA NASSA"), told, "{person}: {street}");
            assert!(answer["residenza"].get("cap").is_none(), "{person}");
        }
        if has_case(person, "emigrato") {
            assert_eq!(street, "", "{person}");
            assert!(answer["residenza"].get("cap").is_none(), "{person}");
        }
        lives_where_it_is_told(person, &answer, ente);
        assert!(answer.get("PASSWORD").is_none());
    }
    assert!(found > 50, "{ente}: only {found} found");
}

#[tokio::test]
async fn everybody_of_cantu_is_found_over_soap() {
    let simulators = Simulators::start();
    let town = Town::cantu(simulators.address("d1"));
    everybody_is_found(&town, "B639").await;
    nobody_is_lodged_where_they_are_not(&town, "B639").await;
}

#[tokio::test]
async fn everybody_of_erba_is_found_over_rest() {
    let simulators = Simulators::start();
    let town = Town::erba(simulators.address("d6"));
    everybody_is_found(&town, "D416").await;
    nobody_is_lodged_where_they_are_not(&town, "D416").await;
    families_and_taxes(&town, "D416").await;
}

#[tokio::test]
async fn everybody_of_como_is_found_in_datasets() {
    let simulators = Simulators::start();
    let town = Town::como_datasets(&simulators.address("d2"));
    everybody_is_found(&town, "C933").await;
    families_and_taxes(&town, "C933").await;
}

#[tokio::test]
async fn everybody_of_cantu_is_found_in_xml_within_strings() {
    let simulators = Simulators::start();
    for town in [
        Town::cantu_token(simulators.address("d3")),
        Town::cantu_delphi(simulators.address("d3")),
    ] {
        everybody_is_found(&town, "B639").await;
        families_and_taxes(&town, "B639").await;
    }
}

#[tokio::test]
async fn everybody_of_como_is_found_in_cdata() {
    let simulators = Simulators::start();
    let town = Town::como_rpc(simulators.address("d4"));
    everybody_is_found(&town, "C933").await;
    families_and_taxes(&town, "C933").await;
}

#[tokio::test]
async fn everybody_of_erba_is_found_where_the_action_tells_the_service() {
    let simulators = Simulators::start();
    let town = Town::erba_literal(&simulators.address("d4b"));
    everybody_is_found(&town, "D416").await;
    families_and_taxes(&town, "D416").await;
}

#[tokio::test]
async fn everybody_of_erba_and_of_cantu_is_found_in_screens_whatever_their_form_of_dates() {
    let simulators = Simulators::start();
    for ente in [("013095", "D416"), ("013041", "B639")] {
        let town = Town::screens(simulators.address("d7"), ente);
        everybody_is_found(&town, ente.1).await;
        nobody_is_lodged_where_they_are_not(&town, ente.1).await;
        families_and_taxes(&town, ente.1).await;
    }
}

#[tokio::test]
async fn every_taxpayer_of_como_is_found_by_the_tax_office() {
    let simulators = Simulators::start();
    let town = Town::tax_office(&simulators.address("d5"), ("013075", "C933"));
    let (mut known, mut owners) = (0, 0);
    for person in people("C933") {
        let is_taxpayer = !person["soggetti"].as_array().unwrap().is_empty();
        let waste = town.posizione(code(&person), Tributo::Tari, this_year());
        match waste.await {
            Ok(answer) => {
                assert!(
                    is_taxpayer && shown(&answer)["utenze"].is_array(),
                    "{person}"
                );
                known += 1;
            }
            Err(error) => {
                assert_eq!(error.kind, Kind::NotFound, "{person}: {error}");
                assert!(!is_taxpayer, "{person} is a taxpayer");
            }
        }
        // Who owns nothing cannot be told from nobody there.
        match town
            .posizione(code(&person), Tributo::Imu, this_year())
            .await
        {
            Ok(answer) => {
                let position = shown(&answer);
                assert!(
                    is_taxpayer && !position["immobili"][0].is_null(),
                    "{person}"
                );
                assert!(position.get("dovuto").is_none(), "{position}");
                owners += 1;
            }
            Err(error) => assert_eq!(error.kind, Kind::NotFound, "{person}: {error}"),
        }
    }
    assert!(known > 10 && owners > 8, "{known} known, {owners} owners");
    let former = town.posizione("RSSMRA80A01C933H", Tributo::Imu, this_year() - 1);
    let refused = former.await.expect_err("what was sold is not told");
    assert_eq!(refused.kind, Kind::Unsupported);
}

#[tokio::test]
async fn everybody_of_como_is_found_in_the_views() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("como.db");
    seed_view(&file);
    let town = Town::como(format!("sqlite:{}", file.display()), None);
    everybody_is_found(&town, "C933").await;
    nobody_is_lodged_where_they_are_not(&town, "C933").await;
    families_and_taxes(&town, "C933").await;
}

/// Fills a database server with the views of Como and asks as the role that may read them and nothing else.
async fn everybody_of_como(administration: &str, readers: String) {
    let status = Command::new(program("simulators"))
        .args(["seed-view", "--url", administration])
        .args(["--read-only-password", "lettura-prova"])
        .status()
        .unwrap();
    assert!(status.success());
    let town = Town::como(readers, Some("lettura-prova"));
    town.instance
        .probe(&town.adapter)
        .await
        .expect("every column is there");
    everybody_is_found(&town, "C933").await;
    nobody_is_lodged_where_they_are_not(&town, "C933").await;
    families_and_taxes(&town, "C933").await;
}

#[tokio::test]
async fn everybody_of_como_is_found_in_postgresql() {
    let Some(server) = Postgres::start(&["fsync=off"]) else {
        println!("PostgreSQL is not installed: skipped");
        return;
    };
    let readers = server.address("pontile_lettura", "postgres");
    everybody_of_como(&server.administration("postgres"), readers).await;
}

#[tokio::test]
async fn everybody_of_como_is_found_in_mariadb() {
    let Some(server) = MariaDb::start(&[]) else {
        println!("MariaDB is not installed: skipped");
        return;
    };
    let mut office = sqlx::MySqlConnection::connect(&server.administration("mysql"))
        .await
        .unwrap();
    sqlx::raw_sql("CREATE DATABASE como")
        .execute(&mut office)
        .await
        .unwrap();
    let readers = server.address("pontile_lettura", "como");
    everybody_of_como(&server.administration("como"), readers).await;
}

/// Every family and every tax position can be read; who has none is not found, who has two identifiers is ambiguous.
pub async fn families_and_taxes(town: &Town, ente: &str) {
    let (mut families, mut positions) = (0, 0);
    let offered = town.adapter.operation(Operation::RicercaPosizione);
    let taxes = offered.map_or(&[][..], AdapterOperation::tributi);
    for person in people(ente) {
        match town.famiglia(code(&person)).await {
            Ok(answer) => {
                let members = shown(&answer);
                assert!(!members.as_array().unwrap().is_empty());
                families += 1;
            }
            Err(error) => {
                assert_eq!(error.kind, Kind::NotFound, "{person}: {error}");
                assert!(has_left(&person), "{person} lives here, with a family");
            }
        }
        for tributo in taxes {
            match town.posizione(code(&person), *tributo, 2026).await {
                Ok(answer) => {
                    assert!(
                        !person["soggetti"].as_array().unwrap().is_empty(),
                        "{person}"
                    );
                    assert!(shown(&answer)["contribuente"].is_object());
                    positions += 1;
                }
                Err(error) if error.kind == Kind::Ambiguous => {
                    assert!(person["soggetti"].as_array().unwrap().len() > 1, "{person}");
                }
                Err(error) => {
                    assert_eq!(error.kind, Kind::NotFound, "{person}: {error}");
                    assert!(
                        person["soggetti"].as_array().unwrap().is_empty(),
                        "{person} is a taxpayer"
                    );
                }
            }
        }
    }
    assert!(
        families > 30 && (positions > 20 || taxes.is_empty()),
        "{families} families, {positions} positions"
    );
}
