//! The whole province as the example has it: every municipality answers through its dialect, registry and taxes.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use chrono::{Datelike, Utc};
use chrono_tz::Europe::Rome;
use futures_util::StreamExt;
use serde_json::json;

use crate::harness::files::{Files, grant};
use crate::harness::portal::{Answer, Portal};
use crate::harness::process::program;
use crate::harness::province::Province;

/// The enti and instances of the example, against the simulators of this test, open at any hour.
pub fn as_in_the_example(files: &mut Files) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples/como");
    let back_ends = files.back_ends.clone();
    let nights = deliver(Path::new(&back_ends.view).parent().expect("a folder"));
    files.append("pontile.toml", "[night]\nfolder = \"copie\"");
    for list in ["enti", "istanze"] {
        files.put(&format!("{list}/prove.toml"), String::new());
        let folder = example.join(list).read_dir().expect("the example's lists");
        for file in folder.flatten() {
            let text = fs::read_to_string(file.path()).expect("a list");
            for part in text.split("segreti/").skip(1) {
                let name = part.split('"').next().expect("a secret's name");
                let mut secret = name.replacen('-', "-prova-", 1);
                if name.starts_with("d5-") {
                    secret = format!("{secret:0<40}");
                }
                files.put(&format!("segreti/{name}"), secret);
            }
            let lines = text
                .lines()
                .filter(|line| !line.starts_with("calendar = "))
                .map(|line| {
                    let others = back_ends.others.iter();
                    let line = others.fold(line.to_owned(), |line, (port, address)| {
                        line.replace(&format!("http://127.0.0.1:{port}"), address)
                    });
                    line.replace("http://127.0.0.1:18101", &back_ends.d1)
                        .replace("http://127.0.0.1:18106", &back_ends.d6)
                        .replace("../../../../var/como/como.db", &back_ends.view)
                        .replace("../../../../var/como/notturni", &nights)
                        .replace("../../../../var/como/segreti", "../segreti")
                        .replace("answer_deadline = \"5s\"", "answer_deadline = \"4s\"")
                });
            let name = file.file_name().into_string().expect("UTF-8");
            let lines: Vec<String> = lines.collect();
            files.put(&format!("{list}/{name}"), lines.join("\n"));
        }
    }
}

/// The nightly files of today of every municipality that sends some; their folder.
fn deliver(folder: &Path) -> String {
    let nights = folder.join("notturni").display().to_string();
    let mut command = Command::new(program("simulators"));
    command.args(["night-files", "--markers", "--folder", &nights]);
    for (_, belfiore) in by_night() {
        command.args(["--ente", &belfiore]);
    }
    let status = command.status().expect("the simulators run");
    assert!(status.success());
    nights
}

/// ISTAT and Belfiore code of the municipalities that send nightly files.
pub fn by_night() -> Vec<(String, String)> {
    bound_to(|instance| instance == "notturni-anagrafe")
}

/// ISTAT and Belfiore code of the municipalities whose registry is such an instance.
pub fn bound_to(wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples/como/enti");
    let mut found = Vec::new();
    for file in folder.read_dir().expect("the example's enti").flatten() {
        let text = fs::read_to_string(file.path()).expect("a list");
        for ente in text.split("[[ente]]").skip(1) {
            let value = |key: &str| {
                let line = ente.lines().find(|line| line.starts_with(key));
                line.and_then(|line| line.split('"').nth(1))
                    .expect(key)
                    .to_owned()
            };
            if wanted(&value("servizi.anagrafe.instance")) {
                found.push((value("codice_istat"), value("codice_belfiore")));
            }
        }
    }
    found
}

/// Waits until every municipality's night copies, of registry and taxes, answer.
pub async fn copies_made(province: &Province) {
    let operator = province.operator("operatore-uno");
    let wanted = 2 * by_night().len();
    let until = Instant::now() + Duration::from_mins(1);
    loop {
        let copies = operator.get("/notturni").await;
        let items = copies.body["items"].as_array().expect("copies");
        let made = items
            .iter()
            .filter(|copy| copy["data_riferimento"].is_string());
        if made.count() == wanted {
            return;
        }
        assert!(Instant::now() < until, "{}", copies.body);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The resident whom the simulators lend to the municipality.
pub fn resident(belfiore: &str) -> &'static str {
    let number: u32 = belfiore[1..].parse().expect("three digits");
    match (belfiore, number % 3) {
        ("B639", _) => "BNCNNA75T71B639E",
        ("D416", _) => "FOXLAX01B28D416I",
        ("C933", _) | (_, 0) => "RSSMRA80A01C933H",
        (_, 1) => "BNCNNA75T71B639E",
        _ => "FOXLAX01B28D416I",
    }
}

pub async fn comuni(portal: &Portal) -> Vec<(String, String)> {
    let page = portal.get("/rest/catalogo/v1/enti?limit=200").await;
    let items = page.body["items"].as_array().expect("the enti");
    let code = |item: &serde_json::Value, name: &str| item[name].as_str().unwrap().to_owned();
    items
        .iter()
        .map(|item| (code(item, "codice_istat"), code(item, "codice_belfiore")))
        .collect()
}

/// The answer, picked up if it comes later.
async fn at_once_or_later(portal: &Portal, mut answer: Answer) -> Answer {
    let until = Instant::now() + Duration::from_secs(30);
    while matches!(answer.status, 202 | 303) || answer.body["stato"].is_string() {
        assert!(Instant::now() < until, "it is still {}", answer.body);
        let next = match answer.header("location") {
            "" => format!(
                "/rest/{}/v1/richieste/{}",
                answer.body["operazione"]
                    .as_str()
                    .unwrap()
                    .split('.')
                    .next()
                    .unwrap(),
                answer.body["id"].as_str().unwrap()
            ),
            location => location.to_owned(),
        };
        tokio::time::sleep(Duration::from_millis(300)).await;
        answer = portal.get(&next).await;
    }
    answer
}

#[tokio::test]
async fn every_one_of_the_147_municipalities_answers_for_registry_and_taxes() {
    let province = Province::with(as_in_the_example);
    let portal = &province.portal("portale-uno");
    let comuni = comuni(portal).await;
    assert_eq!(comuni.len(), 147);
    copies_made(&province).await;
    // Nobody sits at Alserio's desk.
    let by_hand = portal.persona("013006", resident("A224")).await;
    assert_eq!(by_hand.status, 202, "{}", by_hand.body);
    let comuni: Vec<_> = comuni
        .into_iter()
        .filter(|(istat, _)| istat != "013006")
        .collect();
    let asked = comuni.iter().map(|(istat, belfiore)| async move {
        let code = resident(belfiore);
        let year = u16::try_from(Utc::now().with_timezone(&Rome).year()).expect("a year");
        let taxes =
            at_once_or_later(portal, portal.posizione(istat, code, "IMU", year).await).await;
        let person = at_once_or_later(portal, portal.persona(istat, code).await).await;
        (istat, code, person, taxes)
    });
    let answers: Vec<_> = futures_util::stream::iter(asked)
        .buffer_unordered(8)
        .collect()
        .await;
    let mut wrong = Vec::new();
    for (istat, code, person, taxes) in &answers {
        let of_the_person = person.body["persona"]["codice_fiscale"] == json!(code);
        let of_the_taxpayer =
            taxes.body["posizione"]["contribuente"]["codice_fiscale"] == json!(code);
        let provenances = [person, taxes].map(|answer| &answer.body["provenienza"]["ente"]);
        if !of_the_person || !of_the_taxpayer || provenances != [&json!(istat); 2] {
            wrong.push(format!("{istat}: {} {}", person.body, taxes.body));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn one_question_reaches_all_that_signed_for_it() {
    let province = Province::with(|files| {
        as_in_the_example(files);
        let own = format!(
            "id = \"in-enti\"\nversion = 1\noperations = [\"tributi.ricerche-posizione-in-enti\"]\nenti = \"all\"\n\
             fields = [\"contribuente\"]\npurposes = [\"{}\"]",
            crate::harness::portal::PURPOSE
        );
        files.put("concessioni/in-enti.toml", grant("portale-uno", &own));
    });
    copies_made(&province).await;
    let year = Utc::now().with_timezone(&Rome).year();
    let question = json!({ "codice_fiscale": "RSSMRA80A01C933H", "tributo": "IMU", "anno": year });
    let answer = province
        .portal("portale-uno")
        .post("/rest/tributi/v1/ricerche-posizione", &question)
        .await;
    let sum = &answer.body["riepilogo"];
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(sum["enti"], 143, "all but the four that answer later");
    assert_eq!(sum["non_raggiungibile"], 0, "{}", answer.body);
    let count = |name: &str| sum[name].as_i64().expect("a count");
    assert!(count("trovata") > 20 && count("non_trovata") > 20, "{sum}");
}

#[tokio::test]
async fn municipalities_that_share_an_instance_leave_each_other_their_share() {
    let province = Province::with(as_in_the_example);
    let portal = &province.portal("portale-uno");
    let union = [("013025", "A904"), ("013120", "E416"), ("013184", "G665")];
    for (istat, belfiore) in union {
        let answer = portal.persona(istat, resident(belfiore)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let fault = json!({ "dialect": "d1", "ente": "A904", "fault": "hang" });
    province.simulators.fault(fault).await;
    let ask = |istat: &'static str, code: &'static str| async move {
        let path = format!("/rest/anagrafe/v1/enti/{istat}/ricerche-persona");
        let request = portal.request(reqwest::Method::POST, &path);
        let request = request
            .header("Purpose-Id", crate::harness::portal::PURPOSE)
            .header("Cache-Control", "no-cache")
            .json(&json!({ "codice_fiscale": code }));
        portal.send(request).await
    };
    let hanging = futures_util::future::join_all((0..8).map(|_| ask("013025", resident("A904"))));
    let others = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let began = Instant::now();
        let answers: [Answer; 2] = [
            ask("013120", resident("E416")).await,
            ask("013184", resident("G665")).await,
        ];
        (answers.map(|answer| answer.status), began.elapsed())
    };
    let (hung, (statuses, took)) = futures_util::future::join(hanging, others).await;
    assert_eq!(statuses, [200, 200]);
    assert!(took < Duration::from_secs(2), "they waited {took:?}");
    assert!(hung.iter().all(|answer| answer.status >= 500));
}
