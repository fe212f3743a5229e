//! The README's samples are what the simulators answer.

use serde_json::Value;
use simulators::population::Case;

use crate::client::town;
use crate::{d1, d2, d3, d4, d4b, d5, d6, d7};

const README: &str = include_str!("../../README.md");

/// Fenced blocks of a language after this text.
fn blocks_after<'a>(text: &str, language: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let (_, rest) = README
        .split_once(text)
        .expect("the README has this passage");
    let fence = format!("```{language}\n");
    rest.split(fence.leak() as &str)
        .skip(1)
        .map(|block| block.split("```").next().unwrap())
}

#[actix_web::test]
async fn the_soap_samples_are_true() {
    let town = town().await;
    let mut blocks = blocks_after("## D1, SOAP", "xml");
    let request = blocks.next().unwrap().trim();
    let answer = town.call("d1", d1::ENDPOINT, "", request).await.answer();
    assert_eq!(answer.text(), blocks.next().unwrap().replace('\n', ""));
    let nobody = request.replace("BNCNNA75T71B639E", "RSSMRA80A01C933H");
    let answer = town.call("d1", d1::ENDPOINT, "", &nobody).await.answer();
    assert_eq!(answer.text(), blocks.next().unwrap().replace('\n', ""));
}

#[actix_web::test]
async fn the_dataset_samples_are_true() {
    let town = town().await;
    let mut blocks = blocks_after("## D2, SOAP with DataSets", "xml");
    for _ in ["Elenco", "Individuo"] {
        let request = blocks.next().unwrap().trim();
        let sample = blocks.next().unwrap().replace('\n', "");
        let answer = d2::send(&town, "C933", request).await.answer().text();
        assert!(answer.contains(&sample), "{answer}");
    }
}

#[actix_web::test]
async fn the_samples_with_xml_in_strings_are_true() {
    let town = town().await;
    let token = d3::token(&town).await;
    let mut documents = blocks_after("The documents are **proposed [P]", "xml");
    for (service, year) in [
        ("ANAGRAFE", ""),
        ("FAMIGLIA", ""),
        ("TRIBUTI", "<Anno>2026</Anno>"),
    ] {
        let request = format!(
            "<Servizio>{service}</Servizio><CodiceFiscale>BNCNNA75T71B639E</CodiceFiscale>{year}"
        );
        let answer = d3::inner(&d3::query(&town, &token, &request).await);
        let sample = documents.next().unwrap().replace('\n', "");
        assert!(answer.ends_with(&sample), "{answer}");
    }
}

#[actix_web::test]
async fn the_rpc_samples_are_true() {
    let town = town().await;
    let mut blocks = blocks_after("## D4, rpc/encoded SOAP", "xml");
    let request = blocks.next().unwrap().trim();
    let answer = d4::send(&town, "C933", request).await.answer().text();
    let sample = blocks.next().unwrap().replace('\n', "");
    assert_eq!(answer.replace('\n', ""), sample);
    let mut blocks = blocks_after("## D4b, rpc/literal SOAP", "xml");
    for service in ["persona", "datipersona", "familiari"] {
        let request = blocks.next().unwrap().trim();
        let answer = d4b::send(&town, service, request).await.answer().text();
        let sample = blocks.next().unwrap().replace('\n', "");
        assert!(answer.contains(&sample), "{answer}");
    }
}

#[actix_web::test]
async fn the_tax_soap_samples_are_true() {
    let town = town().await;
    let mut blocks = blocks_after("Answers (one line on the wire)", "xml");
    for operation in ["getDatiContribuente", "getUtenze"] {
        let answer = d5::read(&town, "C933", operation, "RSSMRA80A01C933H").await;
        let sample = blocks.next().unwrap().replace('\n', "");
        assert!(answer.contains(&sample), "{answer}");
    }
}

#[actix_web::test]
async fn the_form_sample_is_true() {
    let town = town().await;
    let (_, section) = README.split_once("## D7, form-RPC").unwrap();
    let path = section.split('`').find(|text| text.contains("?DB_NAME="));
    let answer = d7::sample(&town, path.unwrap()).await;
    assert_eq!(
        answer,
        blocks_after("## D7, form-RPC", "xml").next().unwrap()
    );
}

#[actix_web::test]
async fn the_registry_samples_are_true() {
    let town = town().await;
    let token = d6::token(&town, d6::ERBA).await;
    for path in ["RicercaIndividui", "RicercaComponentiFamiglia"] {
        let path = format!("/Demografici/Anagrafe/{path}?v=1.0");
        let mut blocks = blocks_after(&format!("### `POST {path}`"), "json");
        let mut next = || serde_json::from_str::<Value>(blocks.next().unwrap()).unwrap();
        let answer = d6::post(&town, &token, &path, &next()).await.answer();
        assert_eq!(answer.json(), next(), "{path}");
    }
}

#[actix_web::test]
async fn the_tax_samples_are_true() {
    let town = town().await;
    let token = d6::token(&town, d6::ERBA).await;
    let mut samples = 0;
    let (_, taxes) = README.split_once("### Taxes").unwrap();
    for line in taxes
        .lines()
        .filter(|line| line.starts_with('`') && line.contains("/Get"))
    {
        let path = line.split('`').nth(1).unwrap();
        let sample = blocks_after(line, "json").next().unwrap();
        let answer = d6::get(&town, &token, path).await.answer();
        assert_eq!(
            answer.json(),
            serde_json::from_str::<Value>(sample).unwrap(),
            "{path}"
        );
        samples += 1;
    }
    assert_eq!(samples, 7);
}

#[actix_web::test]
async fn every_column_of_the_views_is_explained() {
    let mut views = crate::d9::views().await;
    let names = views
        .ask("SELECT name FROM sqlite_master WHERE type = 'view'")
        .await
        .unwrap();
    assert_eq!(names.len(), 9);
    for view in names.into_iter().flatten() {
        let registry = view == "vw_anagrafe";
        let (mark, end) = if registry {
            ("### ", "### Tax views")
        } else {
            ("| ", "\n")
        };
        let (_, passage) = README.split_once(&format!("{mark}`{view}`")).unwrap();
        let (passage, _) = passage.split_once(end).unwrap();
        let columns = format!("SELECT name FROM pragma_table_info('{view}')");
        for column in views.ask(&columns).await.unwrap().into_iter().flatten() {
            assert!(
                passage.contains(&format!("`{column}`")),
                "{column} of {view}"
            );
        }
    }
}

#[test]
fn every_case_is_explained() {
    for (_, key, meaning) in Case::ALL {
        assert!(
            README.contains(&format!("| `{key}` | {meaning} |")),
            "{key}"
        );
    }
}
