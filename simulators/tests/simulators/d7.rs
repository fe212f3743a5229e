//! The form-RPC dialect.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use simulators::dialects::password;
use simulators::faults::FaultKind;

use crate::client::{Answer, Outcome, Town, code_of, header, town};

fn basic(user: &str, password: &str) -> String {
    let written = BASE64_STANDARD.encode(format!("{user}:{password}"));
    format!("Authorization: Basic {written}\r\n")
}

async fn get(town: &Town, ente: &str, method: &str, fields: &str) -> Outcome {
    let name = ente.to_lowercase();
    let request =
        format!("GET /urbi/progs/main/xapirest.sto?DB_NAME={name}&WTDK_REQ={method}&{fields}");
    town.call("d7", &request, &basic("gw", &password("d7", ente)), "")
        .await
}

/// The answer, whose bytes are ISO-8859-1.
fn text(outcome: Outcome) -> String {
    latin_1(&outcome.answer())
}

fn latin_1(answer: &Answer) -> String {
    answer.body.iter().copied().map(char::from).collect()
}

/// Asks for a correspondent of Como.
pub async fn ask(town: &Town) -> Outcome {
    correspondent(town, "RSSMRA80A01C933H").await
}

async fn correspondent(town: &Town, code: &str) -> Outcome {
    let fields = format!("PRCORE03_99991006_CodiceFiscale={code}&PRCORE03_99991006_EseguiUguale=S");
    get(town, "C933", "getElencoCorrispondenti", &fields).await
}

pub async fn sample(town: &Town, path: &str) -> String {
    let ente = "C933";
    let head = basic("gw", &password("d7", ente));
    text(town.call("d7", &format!("GET {path}"), &head, "").await)
}

/// Faults in the dialect's own language.
pub fn assert_shown(fault: FaultKind, answer: &Answer) {
    let text = latin_1(answer);
    let numbers: Vec<_> = text.split("<CodiceSoggetto>").skip(1).collect();
    match fault {
        FaultKind::NotFound => assert_eq!(value(&text, "NumCorrispondenti"), "0"),
        FaultKind::Ambiguous => assert_ne!(numbers[0][..8], numbers[1][..8]),
        FaultKind::Duplicate => assert_eq!(numbers[0][..8], numbers[1][..8]),
        FaultKind::AuthFail => assert_eq!(answer.status, 403),
        FaultKind::InternalError => assert_refused(&text, "999"),
        other => panic!("{other:?}"),
    }
}

/// The trimmed text of the last element of that name.
fn value<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.rsplit_once(&format!("<{name}>")).unwrap();
    rest.split('<').next().unwrap().trim()
}

fn assert_refused(text: &str, code: &str) {
    assert_eq!(
        (value(text, "RESULT"), value(text, "ERRORCODE")),
        ("N", code)
    );
}

async fn person(town: &Town, ente: &str, case: &str) -> String {
    let fields = format!("DECORE01_99990001_CodiceFiscale={}", code_of(case, ente));
    text(get(town, ente, "getDatiAnagrafici", &fields).await)
}

async fn executed(town: &Town) -> u64 {
    let report = town.control("GET /control/calls", "").await.json();
    report["executed"][0]["count"].as_u64().unwrap_or(0)
}

#[actix_web::test]
async fn texts_are_padded_and_bytes_are_latin_1_without_a_word_about_it() {
    let town = town().await;
    let answer = ask(&town).await.answer();
    assert_eq!(header(&answer.head, "content-type"), Some("text/xml"));
    assert!(latin_1(&answer).contains("<RESULT>\n S\n</RESULT><MESSAGE/>"));
    let accents = correspondent(&town, &code_of("accenti", "C933"))
        .await
        .answer();
    assert!(String::from_utf8(accents.body.clone()).is_err());
    assert_eq!(value(&latin_1(&accents), "Nome"), "NICCOLÒ");
    let nobody = text(correspondent(&town, "FOXLAX01B28D416I").await);
    assert_eq!(
        (
            value(&nobody, "RESULT"),
            value(&nobody, "NumCorrispondenti")
        ),
        ("S", "0")
    );
}

#[actix_web::test]
async fn people_outside_the_ordinary_are_shown_as_documented() {
    let town = town().await;
    let known = person(&town, "C933", "noto").await;
    assert_eq!(value(&known, "DataNascita"), "01-01-1980");
    assert_eq!(value(&known, "Civico"), "97");
    assert_eq!(
        value(&person(&town, "B639", "noto").await, "DataNascita"),
        "31/12/1975"
    );
    let dead = person(&town, "C933", "deceduto").await;
    assert_eq!(value(&dead, "Posizione"), "DECEDUTO");
    assert_eq!(value(&dead, "DataPosizione"), "15-11-2026");
    let aire = person(&town, "C933", "aire").await;
    assert_eq!(
        (value(&aire, "Posizione"), value(&aire, "StatoResidenza")),
        ("AIRE", "241")
    );
    let letter = person(&town, "C933", "civico_con_lettera").await;
    assert_eq!(
        (value(&letter, "Civico"), value(&letter, "Esponente")),
        ("97", "A")
    );
    assert_eq!(
        value(&person(&town, "C933", "senza_civico").await, "Civico"),
        "SNC"
    );
    let twice = person(&town, "C933", "reiscritto").await;
    assert_eq!(twice.matches("<Anagrafica>").count(), 2);
    let fields = format!(
        "DECORE01_99990002_CodiceFamiglia={}",
        value(&known, "CodiceFamiglia")
    );
    let family = text(get(&town, "C933", "getComponentiFamiglia", &fields).await);
    assert_eq!(family.matches("<Parentela>").count(), 3);
}

#[actix_web::test]
async fn tax_positions_are_shown_with_decimal_commas() {
    let town = town().await;
    let taxes = |code: String, year: &'static str| {
        let fields =
            format!("TRCORE01_99990003_CodiceFiscale={code}&TRCORE01_99990003_Anno={year}");
        let town = &town;
        async move { text(get(town, "C933", "getPosizioneTributaria", &fields).await) }
    };
    let known = taxes("RSSMRA80A01C933H".to_owned(), "2026").await;
    assert!(
        known.contains("<Rendita>\n 1450,00\n</Rendita>")
            && known.contains("<Superficie>\n 85,0\n")
    );
    assert_eq!(known.matches("<ImuDovuto>").count(), 2);
    assert_eq!(known.matches("<Avviso>").count(), 1);
    assert!(
        taxes(code_of("imu_un_terzo", "C933"), "2026")
            .await
            .contains("<Possesso>\n 33,3\n")
    );
    let two = taxes(code_of("doppia_posizione", "C933"), "2026").await;
    assert_eq!(two.matches("<Contribuente>").count(), 2);
    assert_refused(&taxes("FOXLAX01B28D416I".to_owned(), "").await, "100");
}

#[actix_web::test]
async fn creating_by_get_creates_another_one_each_time() {
    let town = town().await;
    let fields = "PRCORE03_99991007_TipoPersona=F&PRCORE03_99991007_Nome=NICCOL%D2&PRCORE03_99991007_Cognome=NUOVI\
                  &PRCORE03_99991007_CodiceFiscale=NVUNCL80A01C933X";
    let first = text(get(&town, "C933", "insCorrispondente", fields).await);
    let second = text(get(&town, "C933", "insCorrispondente", fields).await);
    assert_eq!(value(&first, "CodiceSoggetto"), "90001");
    assert_eq!(value(&second, "CodiceSoggetto"), "90002");
    for (fault, count) in [("hang_after_commit", 3), ("drop", 3)] {
        let order = format!(r#"{{"dialect":"d7","fault":"{fault}","times":1}}"#);
        town.fault(&order).await;
        let outcome = get(&town, "C933", "insCorrispondente", fields).await;
        assert!(matches!(outcome, Outcome::Silence | Outcome::Closed));
        assert_eq!(executed(&town).await, count, "{fault}");
    }
    let found = text(correspondent(&town, "NVUNCL80A01C933X").await);
    assert_eq!(value(&found, "NumCorrispondenti"), "3");
    assert_eq!(value(&found, "Nome"), "NICCOLÒ");
    assert_refused(
        &text(get(&town, "C933", "insCorrispondente", "").await),
        "10",
    );
    assert_eq!(executed(&town).await, 3);
}

#[actix_web::test]
async fn forms_and_multipart_forms_are_read_like_queries() {
    let town = town().await;
    let head = basic("gw", "d7-prova-c933");
    let plain = text(ask(&town).await);
    let form = "DB_NAME=c933&WTDK_REQ=getElencoCorrispondenti&PRCORE03_99991006_CodiceFiscale=RSSMRA80A01C933H";
    let path = "POST /urbi/progs/main/xapirest.sto";
    let by_form = format!("{head}Content-Type: application/x-www-form-urlencoded\r\n");
    assert_eq!(text(town.call("d7", path, &by_form, form).await), plain);
    let parts: String = form
        .split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        })
        .collect();
    let multipart = format!("{head}Content-Type: multipart/form-data;boundary=b\r\n");
    let answer = town
        .call("d7", path, &multipart, &(parts + "--b--\r\n"))
        .await;
    assert_eq!(text(answer), plain);
}

#[actix_web::test]
async fn wrong_credentials_are_403_and_unknown_methods_are_answers() {
    let town = town().await;
    let path =
        |name: &str| format!("GET /urbi/progs/main/xapirest.sto?DB_NAME={name}&WTDK_REQ=getTutto");
    for (name, head) in [
        ("c933", String::new()),
        ("c933", basic("gw", "wrong")),
        ("b639", basic("gw", "d7-prova-c933")),
        ("x999", basic("gw", "d7-prova-x999")),
    ] {
        let answer = town.call("d7", &path(name), &head, "").await.answer();
        assert_eq!(answer.status, 403, "{name}");
    }
    assert_refused(&text(get(&town, "C933", "getTutto", "").await), "1");
    assert_refused(
        &text(get(&town, "C933", "getDatiAnagrafici", "").await),
        "10",
    );
}
