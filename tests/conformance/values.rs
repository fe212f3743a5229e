//! What answers say, read as it was meant.

use pontile::connectors::adapter::Adapter;
use pontile::connectors::error::Kind;
use pontile::contract::posizione::Tributo;
use serde_json::{Value, json};

use crate::asking::{Town, shown};
use crate::bindings::{CANTU, ERBA};
use crate::harness::process::program;
use crate::harness::province::Province;
use crate::harness::simulators::{Simulators, seed_view};
use crate::stub::Stub;

const COMO: &str = "RSSMRA80A01C933H";

/// The people of a case in an ente.
fn people(case: &str, ente: &str) -> Vec<String> {
    let output = std::process::Command::new(program("simulators"))
        .args(["people", "--case", case, "--ente", ente])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let people = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let codes = people.map(|person| person["codice_fiscale"].as_str().unwrap().to_owned());
    codes.collect()
}

#[tokio::test]
async fn c04_an_empty_body_of_200_means_that_nobody_was_found() {
    let province = Province::start();
    province
        .simulators
        .fault(json!({ "dialect": "d6", "fault": "not_found" }))
        .await;
    let answer = province.portal("portale-uno").persona(ERBA.0, ERBA.1).await;
    assert_eq!(answer.status, 404, "{}", answer.body);
    assert_eq!(answer.slug(), "soggetto-non-trovato");
    // Elsewhere an empty body is no answer.
    let stub = Stub::start("200 OK", "text/xml", b"");
    let error = Town::cantu(stub.address).persona(CANTU.1).await;
    assert_eq!(error.expect_err("no answer").kind, Kind::Unintelligible);
}

#[tokio::test]
async fn c06_a_prolog_inside_the_inner_document_is_passed_over() {
    let simulators = Simulators::start();
    let answer = Town::como_rpc(simulators.address("d4")).persona(COMO).await;
    assert_eq!(shown(&answer.expect("found"))["cognome"], "ROSSI");
}

#[tokio::test]
async fn c07_leading_zeros_that_numbers_lost_are_restored() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("como.db");
    seed_view(&file);
    let view = Town::como(format!("sqlite:{}", file.display()), None);
    let simulators = Simulators::start();
    let rpc = Town::como_rpc(simulators.address("d4"));
    for town in [view, rpc] {
        let answer = shown(&town.persona(COMO).await.expect("found"));
        assert_eq!(answer["luogo_nascita"]["codice_istat"], "013075");
        assert_eq!(answer["residenza"]["comune"]["codice_istat"], "013075");
    }
}

#[tokio::test]
async fn c08_a_midnight_in_utc_is_the_day_as_it_is_written() {
    let simulators = Simulators::start();
    let town = Town::erba(simulators.address("d6"));
    let answer = shown(&town.persona(ERBA.1).await.expect("found"));
    assert_eq!(answer["data_nascita"], "2001-02-28");
}

#[tokio::test]
async fn c09_an_amount_with_a_comma_is_an_exact_decimal_and_never_a_number_of_json() {
    let simulators = Simulators::start();
    for (town, code) in [
        (Town::erba(simulators.address("d6")), ERBA.1),
        (Town::cantu_token(simulators.address("d3")), CANTU.1),
        (
            Town::screens(simulators.address("d7"), ("013041", "B639")),
            CANTU.1,
        ),
    ] {
        let answer = town.posizione(code, Tributo::Imu, 2025).await;
        let answer = shown(&answer.expect("a position"));
        let due = &answer["dovuto"];
        // Two instalments of 1.291,00.
        assert_eq!(due["importo"], "2582.00", "{}", town.adapter.name());
        let property = &answer["immobili"][0];
        assert!(property["rendita"]["importo"].is_string(), "{property}");
        assert!(property["percentuale_possesso"].is_string(), "{property}");
    }
}

/// An importer took what it could not tell for Greek.
#[tokio::test]
async fn c10_greek_is_never_a_guess() {
    let person = |name: &[u8]| {
        let (before, after) = (
            "<xapirest><getDatiAnagrafici_Result><RESULT>S</RESULT><SEQ_Anagrafica><Anagrafica><CodiceSoggetto>1</CodiceSoggetto><Cognome>",
            format!(
                "</Cognome><Nome>ANNA</Nome><CodiceFiscale>{}</CodiceFiscale><DataNascita>31-12-1975</DataNascita><Posizione>RESIDENTE</Posizione></Anagrafica></SEQ_Anagrafica></getDatiAnagrafici_Result></xapirest>",
                CANTU.1
            ),
        );
        [before.as_bytes(), name, after.as_bytes()].concat()
    };
    // 0xD9 is Ù in ISO-8859-1 and Ω in ISO-8859-7.
    let bytes = person(b"CANT\xD9");
    for content_type in ["text/xml", "text/xml; charset=utf-8"] {
        let stub = Stub::start("200 OK", content_type, &bytes);
        let town = Town::screens(stub.address.clone(), ("013041", "B639"));
        let answer = shown(&town.persona(CANTU.1).await.expect("Latin letters"));
        assert_eq!(answer["cognome"], "CANTÙ", "{content_type}");
        // Where the adapter knows of no other charset, such bytes are no answer.
        let refused = Town::cantu(stub.address).persona(CANTU.1).await;
        assert_eq!(refused.expect_err("not UTF-8").kind, Kind::Unintelligible);
    }
    let declared = Stub::start("200 OK", "text/xml; charset=iso-8859-7", &bytes);
    let town = Town::screens(declared.address, ("013041", "B639"));
    let greek = town.persona(CANTU.1).await;
    let told = greek.map(|answer| shown(&answer)["cognome"].clone());
    assert!(
        told.as_ref().map_or(true, |name| name == "CANTÙ"),
        "{told:?}"
    );
    let folder = tempfile::tempdir().unwrap();
    let adapter = std::fs::read_to_string("adapters/schermate-rpc/adapter.toml").unwrap();
    std::fs::write(
        folder.path().join("adapter.toml"),
        adapter.replace("iso-8859-1", "iso-8859-7"),
    )
    .unwrap();
    let mistakes = Adapter::load(folder.path()).expect_err("no such fallback");
    assert!(
        mistakes
            .iter()
            .any(|mistake| mistake.to_string().contains("iso-8859-1 o windows-1252")),
        "{mistakes:?}"
    );
}

#[tokio::test]
async fn c11_the_error_number_is_read_with_a_capital_i_and_with_a_small_l() {
    let simulators = Simulators::start();
    for town in [
        Town::cantu_token(simulators.address("d3")),
        Town::cantu_delphi(simulators.address("d3")),
    ] {
        let name = town.adapter.name();
        town.persona(CANTU.1).await.expect(name);
        let unknown = town.persona(COMO).await.expect_err(name);
        assert_eq!(unknown.kind, Kind::NotFound, "{name}");
        assert_eq!(unknown.code.as_deref(), Some("107"), "{name}");
    }
}

/// A misspelt variable let the dead and those abroad through as residents.
#[tokio::test]
async fn c13_the_dead_and_those_abroad_are_never_residents() {
    let simulators = Simulators::start();
    let towns = vec![
        (Town::cantu(simulators.address("d1")), "B639"),
        (Town::como_datasets(&simulators.address("d2")), "C933"),
        (Town::cantu_token(simulators.address("d3")), "B639"),
        (Town::como_rpc(simulators.address("d4")), "C933"),
        (Town::erba_literal(&simulators.address("d4b")), "D416"),
        (Town::erba(simulators.address("d6")), "D416"),
        (
            Town::screens(simulators.address("d7"), ("013041", "B639")),
            "B639",
        ),
    ];
    for (town, ente) in towns {
        for case in ["deceduto", "aire", "irreperibile", "emigrato"] {
            let codes = people(case, ente);
            assert!(!codes.is_empty(), "{ente}: nobody is {case}");
            for code in codes {
                let answer = shown(&town.persona(&code).await.expect(case));
                let place = format!("{} {case}: {answer}", town.adapter.name());
                assert_ne!(answer["stato_anagrafico"], "residente", "{place}");
                let lives = &answer["residenza"]["comune"]["codice_belfiore"];
                assert_ne!(lives, ente, "{place}");
            }
        }
    }
}

#[tokio::test]
async fn c20_a_place_has_the_code_of_the_day_of_the_event() {
    let simulators = Simulators::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("como.db");
    seed_view(&file);
    for town in [
        // Told by name alone.
        Town::como_datasets(&simulators.address("d2")),
        // Told by the code of then.
        Town::como(format!("sqlite:{}", file.display()), None),
    ] {
        for (code, istat, belfiore) in [
            // Bellagio before February 2014, and the new one of the same name.
            ("VRDGPP50C10A744E", "013019", "A744"),
            ("RCRTTO16A07M335U", "013250", "M335"),
            // Solbiate, before it became Solbiate con Cagno.
            ("CSSDAA66R43I792O", "013215", "I792"),
        ] {
            let answer = shown(&town.persona(code).await.expect("found"));
            let place = &answer["luogo_nascita"];
            assert_eq!(place["codice_belfiore"], belfiore, "{place}");
            assert_eq!(place["codice_istat"], istat, "{place}");
        }
    }
}
