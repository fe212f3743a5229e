//! Officers of enti answer requests on the operators' page: their own ente's, over mutual TLS, without a script.

use serde_json::{Value, json};

use crate::harness::officer::{form_request, get, page, send};
use crate::harness::portal::{Answer, Portal};
use crate::harness::province::Province;

const ALBAVILLA: &str = "013003";
const ERBA: &str = "013095";
const PERSON: &str = "RSSMRA80A01C933H";
const OFFICER: &str = "operatore-due";

/// Albavilla's and Erba's registries are answered by hand; the officer is Albavilla's.
fn province() -> Province {
    Province::with(|files| {
        files
            .replace(
                "enti/prove.toml",
                "denominazione = \"Albavilla\"\n",
                "denominazione = \"Albavilla\"\n[ente.servizi.anagrafe]\ninstance = \"a-mano\"\n",
            )
            .replace(
                "enti/prove.toml",
                "[ente.servizi.anagrafe]\ninstance = \"erba-next\"",
                "[ente.servizi.anagrafe]\ninstance = \"a-mano\"",
            )
            .append(
                "istanze/prove.toml",
                "[[instance]]\nname = \"a-mano\"\nadapter = \"operatore-comunale\"\naddress = \"operatori:\"\n",
            )
            .append(
                "operatori/prove.toml",
                "[[operator]]\nname = \"sportello-albavilla\"\nroles = [\"addetto\"]\nenti = [\"013003\"]\n\
                 certificates = [{ subject = \"CN=operatore-due,O=Provincia di Como (sviluppo),C=IT\" }]\n",
            );
    })
}

/// Opens a request at an ente; where its state is, and where an officer has it.
async fn open(portal: &Portal, ente: &str) -> (String, String) {
    let taken_on = portal.persona(ente, PERSON).await;
    assert_eq!(taken_on.status, 202, "{:?}", taken_on.body);
    let id = taken_on.body["id"].as_str().unwrap();
    let location = taken_on.header("location").to_owned();
    (location, format!("/richieste/{id}"))
}

async fn result(portal: &Portal, location: &str) -> Answer {
    let state = portal.get(location).await;
    assert_eq!(state.status, 303, "{:?}", state.body);
    portal.get(state.header("location")).await
}

#[tokio::test]
async fn an_officer_answers_a_request_of_their_ente_and_sees_no_other() {
    let province = province();
    let portal = province.portal("portale-uno");
    let (location, own) = open(&portal, ALBAVILLA).await;
    let (_, others) = open(&portal, ERBA).await;
    assert_eq!(
        portal.get(&location).await.body["stato"],
        json!("inoltrata")
    );

    let officer = province.operator(OFFICER);
    let list = get(&officer, "/richieste").await;
    assert_eq!(list.status, 200);
    assert!(list.text.contains(&own) && !list.text.contains(&others));
    assert!(!list.text.contains(PERSON), "the list names nobody");
    let foreign = get(&officer, &others).await;
    assert_eq!(foreign.status, 404, "{}", foreign.text);

    let sheet = get(&officer, &own).await;
    assert_eq!(sheet.status, 200, "{}", sheet.text);
    assert!(sheet.text.contains(PERSON) && sheet.text.contains("lang=\"it\""));
    assert!(
        sheet.policy.contains("default-src 'none'"),
        "{}",
        sheet.policy
    );
    assert!(!sheet.text.contains("<script"));
    let filled = [
        ("cognome", "ROSSI"),
        ("nome", "MARIO"),
        ("stato_anagrafico", "residente"),
        ("residenza.indirizzo", "VIA ROMA 1"),
        ("esito", "risposta"),
    ];
    let done = send(&officer, &own, &sheet, &filled).await;
    assert_eq!(done.status, 200, "{}", done.text);

    let answer = result(&portal, &location).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["persona"]["cognome"], json!("ROSSI"));
    assert_eq!(answer.body["persona"]["codice_fiscale"], json!(PERSON));
    assert_eq!(
        answer.body["persona"]["residenza"]["indirizzo"],
        json!("VIA ROMA 1")
    );
    assert_eq!(answer.body["provenienza"]["fonte"], json!("operatore"));
    let twice = send(&officer, &own, &sheet, &filled).await;
    assert_eq!(twice.status, 409, "it is at its end");

    let listed = province.pontile(&["record", "list", "--json"]);
    let text = String::from_utf8(listed.stdout).unwrap();
    let rows: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    for outcome in ["vista", "completata", "risposto"] {
        let found = rows.iter().any(|row| row["outcome"] == json!(outcome));
        assert!(found, "{outcome}: {text}");
    }
}

/// Action, ente, reason and outcome of what the officer did, the oldest first; their log-ons left out.
fn deeds(province: &Province) -> Vec<[String; 4]> {
    let listed = province.pontile(&["logbook", "list", "--json"]);
    let text = String::from_utf8(listed.stdout).unwrap();
    let rows = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|row| {
            row["operator"] == json!("sportello-albavilla") && row["action"] != json!("accesso")
        });
    let mut deeds: Vec<_> = rows
        .map(|row| {
            ["action", "ente", "reason", "outcome"]
                .map(|name| row[name].as_str().unwrap_or_default().to_owned())
        })
        .collect();
    deeds.reverse();
    deeds
}

#[tokio::test]
async fn what_an_officer_sees_and_answers_stands_in_the_logbook_with_its_ente_its_number_and_its_outcome()
 {
    let province = province();
    let portal = province.portal("portale-uno");
    let (_, own) = open(&portal, ALBAVILLA).await;
    let (_, others) = open(&portal, ERBA).await;
    let officer = province.operator(OFFICER);
    assert_eq!(get(&officer, "/richieste").await.status, 200);
    assert_eq!(get(&officer, &others).await.status, 404);
    let nothing = "/richieste/0198c7a2-6f00-7cc3-98c4-dc0c0c07398f";
    assert_eq!(get(&officer, nothing).await.status, 404);
    let sheet = get(&officer, &own).await;
    let forged = [
        ("gettone", "00"),
        ("versione", "1"),
        ("esito", "non-trovato"),
    ];
    assert_eq!(
        page(form_request(&officer, &own, &forged)).await.status,
        403
    );
    let said = [("esito", "non-trovato")];
    assert_eq!(send(&officer, &own, &sheet, &said).await.status, 200);
    assert_eq!(send(&officer, &own, &sheet, &said).await.status, 409);
    let write = own.replace("/richieste/", "/scritture/");
    assert_eq!(get(&officer, &write).await.status, 404);

    let number = |path: &str| {
        path.replace("/richieste/", "richiesta ")
            .replace("/scritture/", "scrittura ")
    };
    let (show, answer) = ("GET /richieste/", "POST /richieste/");
    let expected = [
        ["GET /richieste", ALBAVILLA, "", "ammesso"].map(str::to_owned),
        [
            show,
            "013003 013095",
            &number(&others),
            "richiesta-inesistente",
        ]
        .map(str::to_owned),
        [show, ALBAVILLA, &number(nothing), "richiesta-inesistente"].map(str::to_owned),
        [show, ALBAVILLA, &number(&own), "ammesso"].map(str::to_owned),
        [answer, ALBAVILLA, &number(&own), "campo-non-valido"].map(str::to_owned),
        [answer, ALBAVILLA, &number(&own), "ammesso"].map(str::to_owned),
        [answer, ALBAVILLA, &number(&own), "richiesta-inesistente"].map(str::to_owned),
        [
            "GET /scritture/",
            ALBAVILLA,
            &number(&write),
            "richiesta-inesistente",
        ]
        .map(str::to_owned),
    ];
    assert_eq!(deeds(&province), expected);
}

#[tokio::test]
async fn a_form_that_is_not_ours_or_of_another_state_is_not_taken() {
    let province = province();
    let portal = province.portal("portale-uno");
    let (location, own) = open(&portal, ALBAVILLA).await;
    let officer = province.operator(OFFICER);
    let sheet = get(&officer, &own).await;
    let version = sheet.hidden("versione").unwrap();
    let answer = [("versione", &*version), ("esito", "non-trovato")];
    let forged = page(form_request(&officer, &own, &answer)).await;
    assert_eq!(forged.status, 403, "{}", forged.text);
    let token = sheet.hidden("gettone").unwrap();
    let genuine = [("gettone", &*token), answer[0], answer[1]];
    let elsewhere = form_request(&officer, &own, &genuine).header("sec-fetch-site", "cross-site");
    assert_eq!(page(elsewhere).await.status, 400);
    let other_version = [("gettone", &*token), ("versione", "99"), answer[1]];
    assert_eq!(
        page(form_request(&officer, &own, &other_version))
            .await
            .status,
        403
    );
    assert_eq!(portal.get(&location).await.status, 200, "it is still open");
    assert_eq!(
        page(form_request(&officer, &own, &genuine)).await.status,
        200
    );
    let nobody = result(&portal, &location).await;
    assert_eq!(
        (nobody.status, nobody.slug()),
        (404, "soggetto-non-trovato")
    );
}

#[tokio::test]
async fn mistakes_are_told_beside_their_inputs_and_what_was_filled_in_stays() {
    let province = province();
    let portal = province.portal("portale-uno");
    let (location, own) = open(&portal, ALBAVILLA).await;
    let officer = province.operator(OFFICER);
    let sheet = get(&officer, &own).await;
    let filled = [
        ("cognome", "D'ANGELO \"<b>"),
        ("data_nascita", "1980-02-31"),
        ("stato_anagrafico", "deceduto"),
        ("residenza.indirizzo", "VIA ROMA 1"),
        ("esito", "risposta"),
    ];
    let again = send(&officer, &own, &sheet, &filled).await;
    assert_eq!(again.status, 422, "{}", again.text);
    for part in [
        "id=\"data_nascita-errore\"",
        "href=\"#stato_anagrafico\"",
        "aria-invalid=\"true\"",
        "value=\"D&#39;ANGELO &quot;&lt;b&gt;\"",
        "role=\"alert\"",
    ] {
        assert!(again.text.contains(part), "{part}: {}", again.text);
    }
    let right = [("cognome", "D'ANGELO"), ("esito", "risposta")];
    assert_eq!(send(&officer, &own, &again, &right).await.status, 200);
    let answer = result(&portal, &location).await;
    assert_eq!(answer.body["persona"]["cognome"], json!("D'ANGELO"));
}

#[tokio::test]
async fn officers_see_nothing_else_and_the_service_centre_no_request() {
    let province = province();
    let (_, own) = open(&province.portal("portale-uno"), ALBAVILLA).await;
    let officer = province.operator(OFFICER);
    for path in ["/metrics", "/record", "/istanze", "/giornale"] {
        assert_eq!(get(&officer, path).await.status, 403, "{path}");
    }
    assert_eq!(get(&officer, "/altro").await.status, 404);
    let centre = province.operator("operatore-uno");
    for path in ["/richieste", &own] {
        assert_eq!(get(&centre, path).await.status, 403, "{path}");
    }
    assert_eq!(get(&officer, "/richieste/stile.css").await.status, 200);
}

#[tokio::test]
async fn a_request_whose_grant_was_withdrawn_is_shown_to_no_officer() {
    let mut province = province();
    let portal = province.portal("portale-uno");
    let (_, own) = open(&portal, ALBAVILLA).await;
    province.files.replace(
        "concessioni/tutto.toml",
        "enti = \"all\"",
        "enti = { only = [\"013041\"] }",
    );
    province.rewrite_and_reload();
    let officer = province.operator(OFFICER);
    // The line that the reload is known by may be that of the start.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while get(&officer, &own).await.status != 404 {
        assert!(std::time::Instant::now() < until, "it is still shown");
    }
    let list = get(&officer, "/richieste").await;
    assert!(!list.text.contains(&own), "it is at its end");
}
