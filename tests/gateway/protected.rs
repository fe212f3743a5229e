//! Persons whom an ente has marked as protected: known only under purposes for which that was granted expressly, unknown to all others.

use serde_json::{Value, json};

use crate::harness::files::Files;
use crate::harness::officer::{Page, form_request, get, page, send};
use crate::harness::portal::{Answer, PURPOSE, Portal};
use crate::harness::province::Province;
use crate::in_enti;
use crate::night_copies;

const CANTU: (&str, &str) = ("013041", "BNCNNA75T71B639E");
const COMO: (&str, &str) = ("013075", "RSSMRA80A01C933H");
/// Well-formed, and nobody's anywhere.
const NOBODY: &str = "NTNNCL70P05M335A";
const OF_ERBA: &str = "FOXLAX01B28D416I";
/// Expressly granted for protected persons.
const EXPRESS: &str = "notifica-atti";
pub const OFFICER: &str = "operatore-due";
const DEED: &str = "decreto prot. 77/2026";

/// Cantù has an officer, and portale-uno a second purpose that shows protected persons.
fn province() -> Province {
    Province::with(prepared)
}

pub fn prepared(files: &mut Files) {
    files
        .append(
            "operatori/prove.toml",
            "[[operator]]\nname = \"sportello-cantu\"\nroles = [\"addetto\"]\nenti = [\"013041\"]\n\
             certificates = [{ subject = \"CN=operatore-due,O=Provincia di Como (sviluppo),C=IT\" }]\n",
        )
        .append(
            "portali/prove.toml",
            &format!("[[purpose]]\nid = \"{EXPRESS}\"\ndescription = \"Notifica di atti\"\nlegal_basis = \"nessuna: dati inventati\"\n"),
        )
        .replace(
            "concessioni/tutto.toml",
            &format!("purposes = [\"{PURPOSE}\"]\n"),
            &format!("purposes = [\"{PURPOSE}\", \"{EXPRESS}\"]\nprotected_purposes = [\"{EXPRESS}\"]\n"),
        );
}

/// Marks a person; returns the path of the mark.
pub async fn protect(officer: &Portal, code: &str, until: &str) -> String {
    let shown = get(officer, "/protezioni").await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    let done = send(officer, "/protezioni", &shown, &fields(code, until)).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let list = get(officer, "/protezioni").await;
    assert!(list.text.contains(DEED), "{}", list.text);
    assert!(!list.text.contains(code), "the list names nobody");
    let (_, rest) = list.text.split_once("href=\"/protezioni/").expect("a mark");
    format!("/protezioni/{}", rest.split('"').next().unwrap_or_default())
}

fn fields<'a>(code: &'a str, until: &'a str) -> [(&'static str, &'a str); 4] {
    [
        ("ente", CANTU.0),
        ("codice_fiscale", code),
        ("atto", DEED),
        ("fino_al", until),
    ]
}

async fn under(portal: &Portal, purpose: &str, what: &str, (ente, code): (&str, &str)) -> Answer {
    let path = format!("/rest/anagrafe/v1/enti/{ente}/{what}");
    let request = portal.request(reqwest::Method::POST, &path);
    let request = request.header("Purpose-Id", purpose);
    portal
        .send(request.json(&json!({ "codice_fiscale": code })))
        .await
}

/// All that a portal sees of an answer but the numbers and instants of this very exchange.
fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let own = [
        "date",
        "x-correlation-id",
        "traceparent",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    ];
    let names = answer
        .headers
        .iter()
        .filter(|(name, _)| !own.contains(&name.as_str()));
    let mut headers: Vec<_> = names
        .map(|(name, value)| {
            (
                name.to_string(),
                value.to_str().unwrap_or_default().to_owned(),
            )
        })
        .filter(|(name, _)| name != "content-length")
        .collect();
    headers.sort();
    let mut body = answer.body.clone();
    if let Some(body) = body.as_object_mut() {
        for own in ["scambio", "instance", "istante"] {
            body.remove(own);
        }
    }
    (answer.status, headers, body)
}

#[tokio::test]
async fn a_protected_person_is_as_unknown_as_nobody_but_for_an_express_purpose() {
    let province = province();
    let (portal, officer) = (province.portal("portale-uno"), province.operator(OFFICER));
    for what in ["ricerche-persona", "ricerche-famiglia"] {
        let before = under(&portal, PURPOSE, what, COMO).await;
        assert_eq!(before.status, 200, "{what}: {}", before.body);
    }
    protect(&officer, COMO.1, "").await;
    for what in ["ricerche-persona", "ricerche-famiglia"] {
        let nobody = under(&portal, PURPOSE, what, (COMO.0, CANTU.1)).await;
        let hidden = under(&portal, PURPOSE, what, COMO).await;
        assert_eq!(nobody.slug(), "soggetto-non-trovato", "{}", nobody.body);
        assert_eq!(seen(&hidden), seen(&nobody), "{what}");
        let shown = under(&portal, EXPRESS, what, COMO).await;
        assert_eq!(shown.status, 200, "{what}: {}", shown.body);
    }
    // Others are as they were.
    let answer = portal.persona("013095", OF_ERBA).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn who_is_protected_under_a_former_code_is_hidden_under_the_present_one() {
    let province = province();
    let (portal, officer) = (province.portal("portale-uno"), province.operator(OFFICER));
    protect(&officer, NOBODY, "").await;
    assert_eq!(portal.persona(COMO.0, COMO.1).await.status, 200);
    let form = get(&officer, "/codici-cambiati").await;
    let filled = [
        ("ente", CANTU.0),
        ("codice_di_prima", NOBODY),
        ("codice_di_adesso", COMO.1),
        ("atto", DEED),
    ];
    let done = send(&officer, "/codici-cambiati", &form, &filled).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let hidden = portal.persona(COMO.0, COMO.1).await;
    assert_eq!(hidden.slug(), "soggetto-non-trovato", "{}", hidden.body);
}

#[tokio::test]
async fn what_is_told_of_the_protected_is_neither_kept_nor_out_of_what_was_kept() {
    let mut province = province();
    let (portal, officer) = (province.portal("portale-uno"), province.operator(OFFICER));
    let counted = async |province: &Province| {
        let simulators = &province.simulators;
        simulators.count("d1", "ByCodiceFiscaleETipoPersona").await
    };
    assert_eq!(portal.persona(CANTU.0, CANTU.1).await.status, 200);
    let mark = protect(&officer, CANTU.1, "").await;
    let calls = counted(&province).await;
    for turn in 1..=2 {
        let shown = under(&portal, EXPRESS, "ricerche-persona", CANTU).await;
        assert_eq!(shown.body["provenienza"]["da_cache"], json!(false));
        assert_eq!(counted(&province).await, calls + 2 * turn - 1);
        // Whoever is refused costs the back end the same call as somebody unknown.
        assert_eq!(portal.persona(CANTU.0, CANTU.1).await.status, 404);
        assert_eq!(counted(&province).await, calls + 2 * turn);
    }
    // A restart forgets nothing of it, taking it back does.
    province.crash_and_restart();
    let (portal, officer) = (province.portal("portale-uno"), province.operator(OFFICER));
    assert_eq!(portal.persona(CANTU.0, CANTU.1).await.status, 404);
    let sheet = get(&officer, &mark).await;
    assert!(!sheet.text.contains(CANTU.1), "{}", sheet.text);
    let ended = send(
        &officer,
        &mark,
        &sheet,
        &[("motivo", "revoca prot. 78/2026")],
    )
    .await;
    assert_eq!(ended.status, 200, "{}", ended.text);
    assert_eq!(portal.persona(CANTU.0, CANTU.1).await.status, 200);
}

#[tokio::test]
async fn a_mark_of_one_ente_holds_at_all_of_them_and_in_a_question_to_many() {
    let province = Province::with(|files| {
        prepared(files);
        in_enti::with_grant(files);
    });
    let (portal, officer) = (province.portal("portale-uno"), province.operator(OFFICER));
    protect(&officer, OF_ERBA, "2099-12-31").await;
    let year = chrono::Datelike::year(&chrono::Utc::now());
    let ask = async |code: &str| {
        let path = "/rest/tributi/v1/enti/013095/ricerche-posizione";
        let question = json!({ "codice_fiscale": code, "tributo": "IMU", "anno": year });
        portal.post(path, &question).await
    };
    assert_eq!(seen(&ask(OF_ERBA).await), seen(&ask(NOBODY).await));
    let many = portal
        .post(
            "/rest/tributi/v1/ricerche-posizione",
            &in_enti::question(&["013095", "013075"]),
        )
        .await;
    assert_eq!(many.status, 200, "{}", many.body);
    let outcomes = many.body["esiti"].as_array().expect("outcomes");
    assert!(
        outcomes.iter().all(|esito| esito["esito"] == "non_trovata"),
        "{}",
        many.body
    );
}

#[tokio::test]
async fn a_protected_member_is_not_in_the_family_of_another() {
    let province = province();
    let (portal, officer) = (province.portal("portale-uno"), province.operator(OFFICER));
    let members = |answer: &Answer| -> Vec<String> {
        let members = answer.body["famiglia"]["componenti"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let code = |member: &Value| member["codice_fiscale"].as_str().map(str::to_owned);
        members.iter().filter_map(code).collect()
    };
    let whole = members(&portal.famiglia(COMO.0, COMO.1).await);
    let other = whole
        .iter()
        .find(|code| *code != COMO.1)
        .expect("a second member");
    protect(&officer, other, "").await;
    let cut = members(&portal.famiglia(COMO.0, COMO.1).await);
    let expected: Vec<String> = whole
        .iter()
        .filter(|code| *code != other)
        .cloned()
        .collect();
    assert_eq!(cut, expected);
    let shown = under(&portal, EXPRESS, "ricerche-famiglia", COMO).await;
    assert_eq!(members(&shown), whole);
    let record = province.operator("operatore-uno");
    let scambio = portal
        .famiglia(COMO.0, COMO.1)
        .await
        .header("x-correlation-id")
        .to_owned();
    let row = record.get(&format!("/record?scambio={scambio}")).await;
    let disclosed = row.body["items"][0]["subjects"].as_array().map(Vec::len);
    // Whom it was asked about, and those who were told of.
    assert_eq!(disclosed, Some(1 + expected.len()), "{}", row.body);
}

#[tokio::test]
async fn an_answer_that_comes_later_is_not_told_once_its_person_is_protected() {
    let province = Province::with(|files| {
        prepared(files);
        files.erba_answers_later("20s");
    });
    let (portal, officer) = (province.portal("portale-uno"), province.operator(OFFICER));
    let open = async |code: &str| {
        let taken_on = portal.persona("013095", code).await;
        assert_eq!(taken_on.status, 202, "{}", taken_on.body);
        taken_on.header("location").to_owned()
    };
    // Answered before the mark, and asked after it.
    let before = open(OF_ERBA).await;
    let state = ended(&portal, &before).await;
    assert_eq!(portal.get(state.header("location")).await.status, 200);
    protect(&officer, OF_ERBA, "").await;
    let (after, nobody) = (open(OF_ERBA).await, open(NOBODY).await);
    for location in [&before, &after] {
        let state = ended(&portal, location).await;
        assert_eq!(state.status, 303);
        let told = portal.get(state.header("location")).await;
        let unknown = ended(&portal, &nobody).await;
        let unknown = portal.get(unknown.header("location")).await;
        assert_eq!(unknown.status, 404, "{}", unknown.body);
        assert_eq!(seen(&told), seen(&unknown));
        assert_eq!(state.body["stato"], json!("rifiutata"), "{}", state.body);
    }
}

async fn ended(portal: &Portal, location: &str) -> Answer {
    for _ in 0..200 {
        let state = portal.get(location).await;
        if state.status == 303 {
            return state;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("it never ended");
}

#[tokio::test]
async fn nothing_of_a_protected_person_comes_out_of_a_night_copy() {
    let delivered = tempfile::tempdir().expect("a folder");
    night_copies::deliver(delivered.path());
    let province = Province::with(|files| {
        prepared(files);
        night_copies::by_night(files, delivered.path());
    });
    let (portal, officer) = (province.portal("portale-uno"), province.operator(OFFICER));
    let known = async || portal.persona(CANTU.0, CANTU.1).await.status == 200;
    night_copies::until("a copy", known).await;
    protect(&officer, CANTU.1, "").await;
    let hidden = portal.persona(CANTU.0, CANTU.1).await;
    let nobody = portal.persona(CANTU.0, NOBODY).await;
    assert_eq!(nobody.status, 404, "{}", nobody.body);
    assert_eq!(seen(&hidden), seen(&nobody));
    let shown = under(&portal, EXPRESS, "ricerche-persona", CANTU).await;
    assert_eq!(shown.slug(), "servizio-non-offerto", "{}", shown.body);
}

#[tokio::test]
async fn an_answer_under_way_when_its_person_is_marked_does_not_leave() {
    let province = province();
    let (portal, officer) = (province.portal("portale-uno"), province.operator(OFFICER));
    let slow = json!({ "dialect": "d1", "fault": "slow", "ms": 1500 });
    province.simulators.fault(slow).await;
    let asked = tokio::spawn(async move { portal.persona(CANTU.0, CANTU.1).await });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    protect(&officer, CANTU.1, "").await;
    let answer = asked.await.expect("an answer");
    assert_eq!(answer.slug(), "soggetto-non-trovato", "{}", answer.body);
}

#[tokio::test]
async fn what_is_wrong_with_a_mark_is_told_beside_it_and_others_forms_are_not_taken() {
    let province = province();
    let officer = province.operator(OFFICER);
    let shown = get(&officer, "/protezioni").await;
    let wrong: [(&str, &str, &str); 5] = [
        ("ente", "013095", "ente-errore"),
        (
            "codice_fiscale",
            "RSSMRA80A01C933X",
            "codice_fiscale-errore",
        ),
        ("atto", "breve", "atto-errore"),
        ("atto", "decreto per RSSMRA80A01C933H", "atto-errore"),
        ("fino_al", "2001-01-01", "fino_al-errore"),
    ];
    for (name, text, mistake) in wrong {
        let good = fields(CANTU.1, "");
        let changed = good.map(|(known, value)| (known, if known == name { text } else { value }));
        let told = send(&officer, "/protezioni", &shown, &changed).await;
        assert_eq!(told.status, 422, "{name}: {}", told.text);
        assert!(told.text.contains(mistake), "{name}: {}", told.text);
    }
    let forged = [("gettone", "00")];
    let all: Vec<_> = forged.into_iter().chain(fields(CANTU.1, "")).collect();
    let refused: Page = page(form_request(&officer, "/protezioni", &all)).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert_eq!(
        province
            .portal("portale-uno")
            .persona(CANTU.0, CANTU.1)
            .await
            .status,
        200
    );
    for missing in ["/protezioni/1", "/protezioni/0", "/protezioni/x"] {
        assert_eq!(get(&officer, missing).await.status, 404, "{missing}");
    }
    // Deeds stand in the logbook, persons do not.
    protect(&officer, CANTU.1, "").await;
    let rows = province
        .operator("operatore-uno")
        .get("/giornale")
        .await
        .body
        .to_string();
    assert!(
        rows.contains("POST /protezioni") && rows.contains(DEED),
        "{rows}"
    );
    assert!(!rows.contains(CANTU.1) && !province.log().contains(CANTU.1));
}
