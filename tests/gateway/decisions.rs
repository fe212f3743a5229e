//! Officers of the ente say what became of writes whose outcome nobody else can tell.

use serde_json::{Value, json};

use crate::harness::declaring::{WRITE, declaration, declare, home, on_writing};
use crate::harness::officer::{Page, form_request, get, page, send};
use crate::harness::portal::{Answer, Portal};
use crate::harness::province::Province;

const OFFICER: &str = "operatore-due";
const LOOK_UP: &str = "getUtenzeStatoPratiche";
const KEY: &str = "chiave-numero-1";

/// Como takes declarations; the officer is of the ente.
fn province(ente: &str) -> Province {
    Province::with(|files| {
        files.como_takes_declarations().append(
            "operatori/prove.toml",
            &format!(
                "[[operator]]\nname = \"sportello\"\nroles = [\"addetto\"]\nenti = [\"{ente}\"]\n\
                 certificates = [{{ subject = \"CN=operatore-due,O=Provincia di Como (sviluppo),C=IT\" }}]\n"
            ),
        );
    })
}

/// A write that was carried out and not confirmed, at an office that cannot be asked.
struct Unknown {
    body: Value,
    location: String,
    sheet: String,
}

async fn unknown(province: &Province, portal: &Portal) -> Unknown {
    let (utenza, _) = home(portal).await;
    on_writing(province, "hang_after_commit").await;
    let silent = json!({ "dialect": "d5", "operation": LOOK_UP, "fault": "html_502" });
    province.simulators.fault(silent).await;
    let body = declaration(&utenza, "2026/1");
    let unknown = declare(portal, KEY, &body).await;
    assert_eq!(unknown.status, 202, "{:?}", unknown.body);
    Unknown {
        body,
        location: unknown.header("location").to_owned(),
        sheet: format!("/scritture/{}", unknown.body["id"].as_str().unwrap()),
    }
}

async fn result(portal: &Portal, location: &str) -> Answer {
    let state = portal.get(location).await;
    assert_eq!(state.status, 303, "{:?}", state.body);
    portal.get(state.header("location")).await
}

/// What is on record of the turns that ended the write.
fn ends(province: &Province) -> Vec<String> {
    let listed = province.pontile(&["record", "list", "--json", "--limit", "1000"]);
    let text = String::from_utf8(listed.stdout).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str(line).unwrap());
    // What the portal asked has a reply.
    let turns = rows.filter(|row: &Value| row["reply_digest"].is_null());
    turns
        .filter_map(|row| row["outcome"].as_str().map(str::to_owned))
        .filter(|outcome| ["completata", "scrittura-non-eseguita"].contains(&outcome.as_str()))
        .collect()
}

#[tokio::test]
async fn an_officer_says_that_a_write_was_carried_out_and_its_portal_reads_the_practice() {
    let province = province("013075");
    let portal = province.portal("portale-uno");
    let write = unknown(&province, &portal).await;
    let officer = province.operator(OFFICER);
    let list = get(&officer, "/richieste").await;
    assert!(list.text.contains(&write.sheet), "{}", list.text);
    assert!(!list.text.contains("RSSMRA"), "the list names nobody");
    let shown = get(&officer, &write.sheet).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    for known in ["RSSMRA80A01C933H", "61.5", "2026/1 del 20/11/2026"] {
        assert!(shown.text.contains(known), "{known}: {}", shown.text);
    }
    let nothing = send(&officer, &write.sheet, &shown, &[("esito", "eseguita")]).await;
    assert_eq!(nothing.status, 422, "{}", nothing.text);
    let said = [
        ("esito", "eseguita"),
        ("pratica.identificativo", "P-2026-77"),
        ("pratica.stato", "IN_ELABORAZIONE"),
    ];
    let done = send(&officer, &write.sheet, &nothing, &said).await;
    assert_eq!(done.status, 200, "{}", done.text);

    let read = result(&portal, &write.location).await;
    assert_eq!(read.status, 200, "{:?}", read.body);
    let pratica = json!({ "identificativo": "P-2026-77", "stato": "IN_ELABORAZIONE" });
    assert_eq!(read.body["esito"]["pratica"], pratica);
    assert_eq!(read.body["provenienza"]["fonte"], json!("operatore"));
    let again = declare(&portal, KEY, &write.body).await;
    assert_eq!((again.status, &again.body), (200, &read.body));
    assert_eq!(province.simulators.count("d5", WRITE).await, 1);
    let twice = send(&officer, &write.sheet, &shown, &said).await;
    assert_eq!(twice.status, 409, "the first word counts");
    let list = get(&officer, "/richieste").await;
    assert!(!list.text.contains(&write.sheet));
    assert_eq!(ends(&province), ["completata"]);
}

#[tokio::test]
async fn an_officer_says_why_a_write_was_not_carried_out() {
    let province = province("013075");
    let portal = province.portal("portale-uno");
    let write = unknown(&province, &portal).await;
    let officer = province.operator(OFFICER);
    let shown = get(&officer, &write.sheet).await;
    let without = send(&officer, &write.sheet, &shown, &[("esito", "non-eseguita")]).await;
    assert_eq!(without.status, 422, "{}", without.text);
    assert!(without.text.contains("id=\"motivo-errore\""));
    let said = [("esito", "non-eseguita"), ("motivo", "annullata")];
    let done = send(&officer, &write.sheet, &without, &said).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let read = result(&portal, &write.location).await;
    assert_eq!((read.status, read.slug()), (409, "scrittura-non-eseguita"));
    let detail = read.body["detail"].as_str().unwrap();
    assert!(
        detail.contains("l'ufficio dell'ente l'ha annullata"),
        "{detail}"
    );
    let again = declare(&portal, KEY, &write.body).await;
    assert_eq!(
        (again.status, again.slug()),
        (409, "scrittura-non-eseguita")
    );
    assert_eq!(province.simulators.count("d5", WRITE).await, 1);
    assert_eq!(ends(&province), ["scrittura-non-eseguita"]);
}

#[tokio::test]
async fn officers_of_other_enti_and_forms_that_are_not_ours_decide_nothing() {
    let mut province = province("013041");
    let portal = province.portal("portale-uno");
    let write = unknown(&province, &portal).await;
    let officer = province.operator(OFFICER);
    let list = get(&officer, "/richieste").await;
    assert_eq!(list.status, 200);
    assert!(!list.text.contains(&write.sheet));
    assert_eq!(get(&officer, &write.sheet).await.status, 404);
    let centre = province.operator("operatore-uno");
    assert_eq!(get(&centre, &write.sheet).await.status, 403);

    province
        .files
        .replace("operatori/prove.toml", "\"013041\"", "\"013075\"");
    province.rewrite_and_reload();
    let shown = until_shown(&officer, &write.sheet).await;
    let said = [("esito", "non-eseguita"), ("motivo", "scartata")];
    let forged = page(form_request(&officer, &write.sheet, &said)).await;
    assert_eq!(forged.status, 403, "{}", forged.text);
    // The form is genuine, and the officer is of another ente by now.
    province
        .files
        .replace("operatori/prove.toml", "\"013075\"", "\"013041\"");
    province.rewrite_and_reload();
    while get(&officer, &write.sheet).await.status != 404 {}
    let foreign = send(&officer, &write.sheet, &shown, &said).await;
    assert_eq!(foreign.status, 409, "{}", foreign.text);
    let state = portal.get(&write.location).await;
    assert_eq!(state.body["stato"], json!("esito_ignoto"));
    assert!(ends(&province).is_empty());
}

/// The line that a reload is known by may be that of the start.
async fn until_shown(officer: &Portal, sheet: &str) -> Page {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
    loop {
        let shown = get(officer, sheet).await;
        if shown.status == 200 || std::time::Instant::now() > until {
            return shown;
        }
    }
}

#[tokio::test]
async fn of_two_officers_who_contradict_each_other_at_once_one_is_heard() {
    let province = province("013075");
    let portal = province.portal("portale-uno");
    let write = unknown(&province, &portal).await;
    let officer = province.operator(OFFICER);
    let shown = get(&officer, &write.sheet).await;
    let done = [("esito", "eseguita"), ("pratica.stato", "ACQUISITA")];
    let not_done = [("esito", "non-eseguita"), ("motivo", "mai-arrivata")];
    let (first, second, third) = tokio::join!(
        send(&officer, &write.sheet, &shown, &done),
        send(&officer, &write.sheet, &shown, &not_done),
        send(&officer, &write.sheet, &shown, &done),
    );
    let statuses = [first.status, second.status, third.status];
    let heard = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(heard, 1, "{statuses:?}");
    let read = result(&portal, &write.location).await;
    let (status, end) = match second.status {
        200 => (409, "scrittura-non-eseguita"),
        _ => (200, "completata"),
    };
    assert_eq!(read.status, status, "{:?}", read.body);
    assert_eq!(ends(&province), [end], "nothing else is on record");
}

#[tokio::test]
async fn a_look_up_that_is_under_way_is_heard_before_the_officer() {
    let province = province("013075");
    let portal = province.portal("portale-uno");
    let write = unknown(&province, &portal).await;
    let officer = province.operator(OFFICER);
    let shown = get(&officer, &write.sheet).await;
    province.simulators.mend().await;
    province.simulators.forget_calls().await;
    let slow = json!({ "dialect": "d5", "operation": LOOK_UP, "fault": "slow", "ms": 1000 });
    province.simulators.fault(slow).await;
    while province.simulators.count("d5", LOOK_UP).await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let said = [("esito", "non-eseguita"), ("motivo", "mai-arrivata")];
    let late = send(&officer, &write.sheet, &shown, &said).await;
    assert_eq!(late.status, 409, "{}", late.text);
    let read = result(&portal, &write.location).await;
    assert_eq!(read.status, 200, "{:?}", read.body);
    assert_eq!(ends(&province), ["completata"]);
}

#[tokio::test]
async fn an_officer_decides_also_when_the_portal_may_not_ask_any_more() {
    let mut province = province("013075");
    let portal = province.portal("portale-uno");
    let write = unknown(&province, &portal).await;
    let granted = ", \"tributi.variazioni-superficie\"";
    province
        .files
        .replace("concessioni/tutto.toml", granted, "");
    province.rewrite_and_reload();
    let officer = province.operator(OFFICER);
    let shown = get(&officer, &write.sheet).await;
    let said = [("esito", "eseguita"), ("pratica.stato", "ACQUISITA")];
    let done = send(&officer, &write.sheet, &shown, &said).await;
    assert_eq!(done.status, 200, "{}", done.text);
    province.files.replace(
        "concessioni/tutto.toml",
        "\"tributi.ricerche-posizione\"]",
        "\"tributi.ricerche-posizione\", \"tributi.variazioni-superficie\"]",
    );
    province.rewrite_and_reload();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while portal.get(&write.location).await.status == 403 {
        assert!(std::time::Instant::now() < until, "it is granted again");
    }
    let read = result(&portal, &write.location).await;
    assert_eq!(read.status, 200, "{:?}", read.body);
}
