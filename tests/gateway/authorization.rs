//! Stage 2: nothing without a grant, and nothing beyond it.

use std::path::Path;

use serde_json::json;

use crate::harness::files::grant;
use crate::harness::portal::PURPOSE;
use crate::harness::province::Province;

const CANTU: (&str, &str) = ("013041", "BNCNNA75T71B639E");
const NOBODYS_REQUEST: &str = "5b8f2f0e-8d7c-4a55-9f0c-0f4b4f2a9a11";

#[tokio::test]
async fn every_operation_of_the_documents_is_refused_without_a_grant() {
    let province = Province::with(|files| {
        let muto = "[[portal]]\nname = \"portale-muto\"\ncertificates = [{ subject = \"CN=operatore-due,O=Provincia di Como (sviluppo),C=IT\" }]\nrate = { per_second = 100, burst = 100 }\n";
        files.append("portali/prove.toml", muto);
    });
    let portal = province.portal("operatore-due");
    let mut tried = 0;
    for domain in ["catalogo", "anagrafe", "tributi"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("openapi/{domain}.yaml"));
        let document = std::fs::read_to_string(&path).expect("a published document");
        for (method, path) in operations(&document) {
            if path.ends_with("/status") {
                continue; // the state of the service is for every known portal
            }
            // Whose request it is comes before the grant: somebody else's is none at all.
            let refused = if path.contains("{id}") { 404 } else { 403 };
            let path = path
                .replace("{codice_istat}", CANTU.0)
                .replace("{id}", NOBODYS_REQUEST);
            let path = format!("/rest/{domain}/v1{path}");
            let method =
                reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let body = json!({ "codice_fiscale": CANTU.1 });
            let body = if path.contains("posizione") {
                json!({ "codice_fiscale": CANTU.1, "tributo": "IMU", "anno": 2025 })
            } else if path.contains("verifiche") {
                json!({ "codice_fiscale": CANTU.1, "dichiarazioni": { "in_vita": true } })
            } else if path.contains("variazioni") {
                json!({
                    "codice_fiscale": CANTU.1, "utenza": "1", "superficie_mq": "1", "data_decorrenza": "2025-01-01",
                    "data_dichiarazione": "2025-01-01", "protocollo": { "numero": "1", "data": "2025-01-01" },
                })
            } else {
                body
            };
            let mut request = portal
                .request(method.clone(), &path)
                .header("Purpose-Id", PURPOSE);
            if method == reqwest::Method::POST {
                request = request.json(&body);
            }
            let answer = portal.send(request).await;
            assert_eq!(answer.status, refused, "{method} {path}: {}", answer.body);
            tried += 1;
        }
    }
    assert!(
        tried >= 6,
        "only {tried} operations were found in the documents"
    );
}

/// Method and path of every operation, read from the document's indentation (paths at two blanks, methods at four).
fn operations(document: &str) -> Vec<(String, String)> {
    let paths = document.split_once("\npaths:").expect("paths").1;
    let mut found = Vec::new();
    let mut path = String::new();
    for line in paths
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with(' ') || line.is_empty())
    {
        let name = line.trim().trim_end_matches(':').trim_matches(['\'', '"']);
        match line.len() - line.trim_start().len() {
            2 => name.clone_into(&mut path),
            4 if ["get", "post", "put", "patch", "delete"].contains(&name) => {
                found.push((name.to_owned(), path.clone()));
            }
            _ => {}
        }
    }
    found
}

#[tokio::test]
async fn what_leaves_is_cut_to_the_grant_also_when_it_comes_from_the_cache() {
    let province = Province::start();
    let wide = province
        .portal("portale-uno")
        .persona(CANTU.0, CANTU.1)
        .await;
    assert!(
        wide.body["persona"]["data_nascita"].is_string(),
        "{}",
        wide.body
    );
    for _ in 0..2 {
        let narrow = province
            .portal("portale-due")
            .persona(CANTU.0, CANTU.1)
            .await;
        let names: Vec<&String> = narrow.body["persona"]
            .as_object()
            .expect("a person")
            .keys()
            .collect();
        assert_eq!(names, ["codice_fiscale", "cognome", "nome"]);
    }
}

#[tokio::test]
async fn fields_entes_and_purposes_beyond_the_grant_are_refused_alike() {
    let province = Province::start();
    let portal = province.portal("portale-due");
    let path = format!("/rest/anagrafe/v1/enti/{}/ricerche-persona", CANTU.0);
    let beyond_fields = portal
        .post(
            &path,
            &json!({ "codice_fiscale": CANTU.1, "campi": ["nome", "residenza"] }),
        )
        .await;
    let other_ente = portal.persona("013095", "FOXLAX01B28D416I").await;
    let nowhere = portal.persona("999999", "FOXLAX01B28D416I").await;
    let other_purpose = portal
        .send(
            portal
                .request(reqwest::Method::POST, &path)
                .header("Purpose-Id", "altra")
                .json(&json!({ "codice_fiscale": CANTU.1 })),
        )
        .await;
    for answer in [&beyond_fields, &other_ente, &nowhere, &other_purpose] {
        assert_eq!(answer.status, 403, "{}", answer.body);
        assert_eq!(answer.slug(), beyond_fields.slug());
        assert_eq!(
            answer.body["detail"], beyond_fields.body["detail"],
            "a refusal must not tell which part was missing"
        );
    }
}

#[tokio::test]
async fn a_lookup_without_a_purpose_is_refused_with_the_header_to_add() {
    let province = Province::start();
    let portal = province.portal("portale-uno");
    let path = format!("/rest/anagrafe/v1/enti/{}/ricerche-persona", CANTU.0);
    let answer = portal
        .send(
            portal
                .request(reqwest::Method::POST, &path)
                .json(&json!({ "codice_fiscale": CANTU.1 })),
        )
        .await;
    assert!([400, 403].contains(&answer.status), "{}", answer.body);
    assert!(
        answer.body.to_string().contains("Purpose-Id"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn a_fresh_answer_is_given_only_where_the_grant_allows_it() {
    let province = Province::start();
    let path = format!("/rest/anagrafe/v1/enti/{}/ricerche-persona", CANTU.0);
    let ask = async |certificate: &str| {
        let portal = province.portal(certificate);
        let request = portal
            .request(reqwest::Method::POST, &path)
            .header("Purpose-Id", PURPOSE)
            .header("Cache-Control", "no-cache");
        portal
            .send(request.json(&json!({ "codice_fiscale": CANTU.1 })))
            .await
    };
    assert_eq!(ask("portale-due").await.status, 403);
    province
        .portal("portale-uno")
        .persona(CANTU.0, CANTU.1)
        .await;
    let fresh = ask("portale-uno").await;
    assert_eq!(
        (fresh.status, &fresh.body["provenienza"]["da_cache"]),
        (200, &json!(false))
    );
}

#[tokio::test]
async fn a_grant_out_of_its_days_is_told_from_none_and_stands_in_the_record() {
    let names = "id = \"nomi\"\nversion = 4\noperations = [\"anagrafe.ricerche-persona\"]\nenti = \"all\"\n\
                 fields = [\"codice_fiscale\", \"cognome\"]\npurposes = [\"prova\"]\n";
    let mut province = Province::with(|files| {
        let text = grant("portale-uno", names)
            .replace("to = \"2099-12-31\"\nagreed", "to = \"2020-12-31\"\nagreed");
        files.put("concessioni/tutto.toml", text);
    });
    let portal = province.portal("portale-uno");
    let ended = portal.persona(CANTU.0, CANTU.1).await;
    assert_eq!(
        (ended.status, ended.slug()),
        (403, "concessione-non-in-vigore")
    );
    let listed = province.pontile(&["record", "list", "--json"]);
    let recorded: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("one record");
    let said = ["outcome", "grant_id", "grant_version"].map(|field| recorded[field].clone());
    let expected = [json!("concessione-non-in-vigore"), json!("nomi"), json!(4)];
    assert_eq!(said, expected, "{recorded}");
    let none = portal.posizione(CANTU.0, CANTU.1, "IMU", 2025).await;
    assert_eq!((none.status, none.slug()), (403, "non-autorizzato"));

    let text = grant("portale-uno", names)
        .replace("enti = \"all\", protocollo", "enti = { only = [\"013041\"] }, protocollo")
        .replace("convenzione = [", "convenzione = [{ enti = { only = [\"013075\", \"013095\", \"013003\"] }, protocollo = \"9\", from = \"2098-01-01\", to = \"2099-12-31\" }, ");
    province.files.put("concessioni/tutto.toml", text);
    province.rewrite_and_reload();
    assert_eq!(portal.persona(CANTU.0, CANTU.1).await.status, 200);
    let later = portal.persona("013095", CANTU.1).await;
    assert_eq!(
        (later.status, later.slug()),
        (403, "concessione-non-in-vigore")
    );
}
