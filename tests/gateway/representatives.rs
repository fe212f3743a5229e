//! Parents, delegates, guardians, administrators of support and heirs: who asks about another person has it attested by an ente, and
//! nobody else is answered.

use chrono::{Days, Utc};
use chrono_tz::Europe::Rome;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::files::Files;
use crate::harness::officer::{get, send};
use crate::harness::portal::{Answer, PURPOSE, Portal};
use crate::harness::process::program;
use crate::harness::province::Province;
use crate::log_in::{Browser, redeem, register, with_register};
use crate::tokens::{Keys, demanding};

const CANTU: &str = "013041";
const PATH: &str = "/rest/anagrafe/v1/enti/013041/ricerche-persona";
/// Of Cantù, and asked about.
const ASKED: &str = "BNCNNA75T71B639E";
/// Who asks about them.
const ASKER: &str = "RSSMRA80A01C933H";
const OFFICER: &str = "operatore-due";
const TITLE: &str = "delega del 12 novembre 2026, prot. 90";
const NOT_SHOWN: (u16, &str) = (403, "richiedente-non-dimostrato");

pub fn officer_of_cantu(files: &mut Files) {
    files.append(
        "operatori/prove.toml",
        "[[operator]]\nname = \"sportello-cantu\"\nroles = [\"addetto\"]\nenti = [\"013041\"]\n\
         certificates = [{ subject = \"CN=operatore-due,O=Provincia di Como (sviluppo),C=IT\" }]\n",
    );
}

/// The first portal attests who asks; parents, delegates and heirs may ask for others.
fn attesting(files: &mut Files) {
    demanding(files);
    officer_of_cantu(files);
    files.replace(
        "concessioni/tutto.toml",
        "chi = \"sistema\"",
        "chi = { interessato = \"substantial\", rappresentanti = [\"genitore\", \"delegato\", \"erede\"] }",
    );
}

/// A first child of Cantù's, with the day of birth that their code says.
fn a_child() -> (String, String) {
    let listed = std::process::Command::new(program("simulators"))
        .args(["people", "--ente", "B639"])
        .output()
        .expect("the simulators run");
    let listed = String::from_utf8(listed.stdout).expect("text");
    let codes = listed.lines().map(|line| {
        let person: Value = serde_json::from_str(line).expect("a person");
        let ordinary = person["casi"].as_array().is_some_and(Vec::is_empty);
        (
            ordinary,
            person["codice_fiscale"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    });
    let born = |code: &str| -> Option<String> {
        let year: u32 = code
            .get(6..8)?
            .parse()
            .ok()
            .filter(|year| (11..=25).contains(year))?;
        let month = "ABCDEHLMPRST".find(code.get(8..9)?)? + 1;
        let day: u32 = code.get(9..11)?.parse().ok()?;
        Some(format!("20{year:02}-{month:02}-{:02}", day % 40))
    };
    codes
        .filter(|(ordinary, _)| *ordinary)
        .find_map(|(_, code)| Some((born(&code)?, code)))
        .map(|(born, code)| (code, born))
        .expect("a child")
}

fn in_days(days: u64) -> String {
    let today = Utc::now().with_timezone(&Rome).date_naive();
    (today + Days::new(days)).to_string()
}

fn delegate(until: &str) -> Vec<(&'static str, &str)> {
    vec![
        ("ente", CANTU),
        ("ruolo", "delegato"),
        ("rappresentante", ASKER),
        ("rappresentato", ASKED),
        ("atto", TITLE),
        ("fino_al", until),
        ("anagrafe.ricerche-persona", "si"),
    ]
}

/// Attests a representation; its path.
async fn attest(officer: &Portal, fields: &[(&str, &str)]) -> String {
    let shown = get(officer, "/rappresentanze").await;
    let done = send(officer, "/rappresentanze", &shown, fields).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let list = get(officer, "/rappresentanze").await;
    assert!(
        !list.text.contains(ASKED) && !list.text.contains(ASKER),
        "names nobody"
    );
    let (_, rest) = list
        .text
        .split_once("href=\"/rappresentanze/")
        .expect("one");
    format!(
        "/rappresentanze/{}",
        rest.split('"').next().unwrap_or_default()
    )
}

async fn revoke(officer: &Portal, path: &str) {
    let sheet = get(officer, path).await;
    assert!(!sheet.text.contains(ASKED), "{}", sheet.text);
    let done = send(
        officer,
        path,
        &sheet,
        &[("motivo", "revoca del delegante, prot. 91")],
    )
    .await;
    assert_eq!(done.status, 200, "{}", done.text);
}

/// Somebody, as the portal attests, asks about another person.
async fn ask(
    province: &Province,
    person: &str,
    about: &str,
    (path, level): (&str, &str),
) -> Answer {
    let keys = Keys::of(province, "portale-uno");
    let evidence = json!({ "userID": person, "userLocation": "portale", "LoA": level });
    let body = json!({ "codice_fiscale": about }).to_string();
    let message = keys.message_over(body, evidence).await;
    message.send_to(&province.portal("portale-uno"), path).await
}

const WELL: (&str, &str) = (PATH, "substantial");

fn told(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.slug())
}

#[tokio::test]
async fn a_delegate_asks_within_the_scope_until_it_is_revoked() {
    let province = Province::with(attesting);
    let officer = province.operator(OFFICER);
    assert_eq!(told(&ask(&province, ASKER, ASKED, WELL).await), NOT_SHOWN);
    let soon = in_days(30);
    let own = attest(&officer, &delegate(&soon)).await;
    let answer = ask(&province, ASKER, ASKED, WELL).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // The record tells in which role, and which representation it was.
    let scambio = answer.header("x-correlation-id");
    let rows = province
        .operator("operatore-uno")
        .get(&format!("/record?scambio={scambio}"))
        .await;
    let tokens = rows.body["items"][0]["tokens"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let held = tokens
        .iter()
        .find(|token| token["kind"] == "representation")
        .expect("it is kept");
    assert_eq!(
        (&held["pattern"], &held["token_id"]),
        (&json!("delegato"), &json!("1"))
    );
    // Neither the other way round, nor less surely known, nor anything or anywhere else.
    let elsewhere = "/rest/anagrafe/v1/enti/013095/ricerche-persona";
    for (person, about, how) in [
        (ASKED, ASKER, WELL),
        ("FOXLAX01B28D416I", ASKED, WELL),
        (ASKER, ASKED, (PATH, "low")),
        (ASKER, ASKED, (elsewhere, "substantial")),
    ] {
        let refused = ask(&province, person, about, how).await;
        assert_eq!(told(&refused), NOT_SHOWN, "{how:?}: {}", refused.body);
    }
    revoke(&officer, &own).await;
    assert_eq!(told(&ask(&province, ASKER, ASKED, WELL).await), NOT_SHOWN);
    assert!(!province.log().contains(ASKED) && !province.log().contains(ASKER));
}

#[tokio::test]
async fn a_parent_asks_about_a_child_and_being_in_the_family_proves_nothing() {
    let province = Province::with(attesting);
    let officer = province.operator(OFFICER);
    let (child, born) = a_child();
    assert_eq!(told(&ask(&province, ASKED, &child, WELL).await), NOT_SHOWN);
    let parent = |born: &'static str| {
        [
            ("ente", CANTU),
            ("ruolo", "genitore"),
            ("atto", "atto di nascita n. 7, parte I"),
            ("data_nascita", born),
        ]
    };
    let wrong = |fields: Vec<(&'static str, String)>| {
        let officer = &officer;
        async move {
            let shown = get(officer, "/rappresentanze").await;
            let fields: Vec<(&str, &str)> = fields
                .iter()
                .map(|(name, text)| (*name, text.as_str()))
                .collect();
            send(officer, "/rappresentanze", &shown, &fields).await
        }
    };
    let of = |about: &str, born: &str| -> Vec<(&'static str, String)> {
        let mut all: Vec<(&'static str, String)> = parent("")
            .map(|(name, text)| (name, text.to_owned()))
            .to_vec();
        all.retain(|(name, _)| *name != "data_nascita");
        all.extend([
            ("data_nascita", born.to_owned()),
            ("rappresentante", ASKED.to_owned()),
            ("rappresentato", about.to_owned()),
            ("anagrafe.ricerche-persona", "si".to_owned()),
        ]);
        all
    };
    for (about, day, reason) in [
        (child.as_str(), "", "serve il giorno di nascita"),
        (
            &child,
            "2001-02-03",
            "non è il giorno di nascita del codice fiscale",
        ),
        (ASKER, "1980-01-01", "è maggiorenne"),
    ] {
        let page = wrong(of(about, day)).await;
        assert_eq!(page.status, 422, "{day}");
        assert!(page.text.contains(reason), "{reason}: {}", page.text);
    }
    let page = wrong(of(&child, &born)).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let sheet = get(&officer, "/rappresentanze/1").await;
    let majority: i32 = born[..4].parse::<i32>().expect("a year") + 18;
    assert!(
        sheet.text.contains(&majority.to_string()),
        "until they are of age: {}",
        sheet.text
    );
    let answer = ask(&province, ASKED, &child, WELL).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn what_a_representation_lacks_is_told_and_roles_that_the_grant_does_not_know_are_not_answered()
 {
    let province = Province::with(attesting);
    let officer = province.operator(OFFICER);
    let (soon, late) = (in_days(30), in_days(800));
    let shown = get(&officer, "/rappresentanze").await;
    let changed = |name: &'static str, text: &str| -> Vec<(&'static str, String)> {
        let all = delegate(&soon)
            .into_iter()
            .filter(|(known, _)| *known != name);
        let mut all: Vec<_> = all.map(|(known, text)| (known, text.to_owned())).collect();
        all.push((name, text.to_owned()));
        all
    };
    for (name, text, mistake) in [
        ("ente", "013095", "ente-errore"),
        ("ruolo", "cugino", "ruolo-errore"),
        (
            "rappresentante",
            "RSSMRA80A01C933X",
            "rappresentante-errore",
        ),
        ("rappresentato", ASKER, "rappresentato-errore"),
        ("atto", "delega", "atto-errore"),
        ("fino_al", "", "fino_al-errore"),
        ("fino_al", late.as_str(), "fino_al-errore"),
        ("anagrafe.ricerche-persona", "no", "operazioni-errore"),
        ("ruolo", "erede", "data_decesso-errore"),
    ] {
        let fields = changed(name, text);
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        let page = send(&officer, "/rappresentanze", &shown, &fields).await;
        assert_eq!(page.status, 422, "{name} {text}: {}", page.text);
        assert!(page.text.contains(mistake), "{mistake}: {}", page.text);
    }
    // A guardian is attested, and the grant does not know guardians.
    let fields = changed("ruolo", "tutore");
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    attest(&officer, &fields).await;
    assert_eq!(told(&ask(&province, ASKER, ASKED, WELL).await), NOT_SHOWN);
    let fields = changed("ruolo", "erede");
    let mut fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    fields.push(("data_decesso", "2026-01-31"));
    attest(&officer, &fields).await;
    let answer = ask(&province, ASKER, ASKED, WELL).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn a_representation_revoked_while_the_back_end_answers_lets_nothing_out() {
    let province = Province::with(attesting);
    let officer = province.operator(OFFICER);
    let soon = in_days(30);
    let own = attest(&officer, &delegate(&soon)).await;
    let slow = json!({ "dialect": "d1", "fault": "slow", "ms": 1500 });
    province.simulators.fault(slow).await;
    let asking = ask(&province, ASKER, ASKED, WELL);
    let revoking = async {
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        revoke(&officer, &own).await;
    };
    let (answer, ()) = tokio::join!(asking, revoking);
    assert_eq!(
        told(&answer),
        (403, "concessione-revocata"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn the_represented_read_in_which_role_somebody_asked_and_not_who() {
    let province = Province::with(|files| {
        with_register(files);
        officer_of_cantu(files);
        files.replace(
            "concessioni/tutto.toml",
            "chi = \"sistema\"",
            "chi = { interessato = \"high\", verificata = true, rappresentanti = [\"delegato\"] }",
        );
    });
    let portal = province.portal("portale-uno");
    let mut tokens = Vec::new();
    for (card, person) in [("rappresentante", ASKER), ("rappresentato", ASKED)] {
        province.pki.card(card, person);
        let browser = Browser::with_card(&province, Some(card));
        let given = redeem(&portal, &browser.code().await, &[]).await;
        tokens.push(
            given.body["access_token"]
                .as_str()
                .expect("a token")
                .to_owned(),
        );
    }
    let ask = async || {
        let request = portal.request(Method::POST, PATH);
        let request = request
            .header("Purpose-Id", PURPOSE)
            .header("Citizen-Token", &tokens[0]);
        portal
            .send(request.json(&json!({ "codice_fiscale": ASKED })))
            .await
    };
    assert_eq!(told(&ask().await), NOT_SHOWN);
    let soon = in_days(30);
    attest(&province.operator(OFFICER), &delegate(&soon)).await;
    let answer = ask().await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let page = register(&portal, Some(&tokens[1]), json!({})).await;
    let items = page.body["items"].as_array().expect("a list");
    let told: Vec<_> = items
        .iter()
        .map(|one| {
            (
                &one["da_rappresentante"],
                &one["da_interessato"],
                &one["con_risposta"],
            )
        })
        .collect();
    let (no, yes) = (json!(false), json!(true));
    assert_eq!(
        told,
        [(&json!("delegato"), &no, &yes), (&Value::Null, &no, &no)],
        "{}",
        page.body
    );
    assert!(!page.body.to_string().contains(ASKER));
}
