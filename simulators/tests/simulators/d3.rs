//! The token dialect with XML in strings.

use std::time::{Duration, Instant};

use serde_json::json;
use simulators::dialects::d3::errors::{
    AMBIGUOUS, BAD_CREDENTIALS, BAD_REQUEST, NO_FAMILY, NO_SESSION, NOT_FOUND, Refusal,
    STILL_AMBIGUOUS,
};
use simulators::dialects::password;
use simulators::faults::FaultKind;

use crate::client::{Answer, Outcome, Town, code_of, town, town_with};

const PATH: &str = "POST /suap.php";
const TINN: &str = "POST /tinn/DOCAREAProtoservice";

fn envelope(operation: &str, parameters: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
         <{operation} xmlns=\"http://tempuri.org/\">{parameters}</{operation}></s:Body></s:Envelope>"
    )
}

pub async fn login(town: &Town, ente: &str, password: &str) -> String {
    let parameters = format!(
        "<strCodEnte>{ente}</strCodEnte><strUserName>gw</strUserName><strPassword>{password}</strPassword>"
    );
    let body = envelope("Login", &parameters);
    town.call("d3", PATH, "", &body).await.answer().text()
}

/// A token of Cantù.
pub async fn token(town: &Town) -> String {
    token_of(town, "B639").await
}

async fn token_of(town: &Town, ente: &str) -> String {
    let answer = login(town, ente, &password("d3", ente)).await;
    value(&answer, "strDST").to_owned()
}

pub fn question(token: &str, request: &str) -> String {
    let document =
        format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><Richiesta>{request}</Richiesta>");
    let document = document.replace('<', "&lt;");
    let parameters = format!(
        "<strUserName>gw</strUserName><strDST>{token}</strDST><strRichiesta>{document}</strRichiesta>"
    );
    envelope("Interrogazione", &parameters)
}

pub async fn query(town: &Town, token: &str, request: &str) -> Answer {
    let body = question(token, request);
    town.call("d3", PATH, "", &body).await.answer()
}

/// Asks for the quoted person of Cantù.
pub async fn ask(town: &Town, token: &str) -> Outcome {
    let request = "<Servizio>ANAGRAFE</Servizio><CodiceFiscale>BNCNNA75T71B639E</CodiceFiscale>";
    town.call("d3", PATH, "", &question(token, request)).await
}

/// Faults in the dialect's own language.
pub fn assert_shown(fault: FaultKind, answer: &Answer) {
    match fault {
        FaultKind::NotFound => assert_refused(&answer.text(), NOT_FOUND),
        FaultKind::Ambiguous => assert_refused(&answer.text(), AMBIGUOUS),
        FaultKind::AuthFail | FaultKind::ExpiredToken => {
            assert_refused(&answer.text(), NO_SESSION);
        }
        FaultKind::Duplicate => assert_eq!(inner(answer).matches("<Soggetto>").count(), 2),
        FaultKind::InternalError => {
            assert_eq!(value(&answer.text(), "lngErrNumber"), "992");
            assert_eq!(answer.status, 200);
        }
        other => panic!("{other:?}"),
    }
}

fn assert_refused(answer: &str, refusal: Refusal) {
    assert_eq!(value(answer, "lngErrNumber"), refusal.number.to_string());
    assert_ne!(value(answer, "strErrString"), "");
}

/// The text of the last element of that name.
fn value<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.rsplit_once(&format!("<{name}>")).unwrap();
    rest.split('<').next().unwrap()
}

/// The document in the answer's string.
pub fn inner(answer: &Answer) -> String {
    assert_eq!(answer.status, 200);
    let text = answer.text();
    let unescaped = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ];
    unescaped.iter().fold(
        value(&text, "strRisposta").to_owned(),
        |text, (entity, character)| text.replace(entity, character),
    )
}

async fn service(town: &Town, token: &str, service: &str, case: &str) -> String {
    let code = code_of(case, "B639");
    let request = format!("<Servizio>{service}</Servizio><CodiceFiscale>{code}</CodiceFiscale>");
    inner(&query(town, token, &request).await)
}

#[actix_web::test]
async fn people_outside_the_ordinary_are_shown_as_documented() {
    let town = town().await;
    let token = token(&town).await;
    let case = async |case| service(&town, &token, "ANAGRAFE", case).await;
    let known = case("noto").await;
    assert!(
        known.starts_with("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><Risposta><Soggetto>")
    );
    assert!(
        known.contains("<Posizione>R</Posizione>") && known.contains("<DataNascita>31/12/1975<")
    );
    let dead = case("deceduto").await;
    assert!(dead.contains("<Posizione>D</Posizione><DataPosizione>15/11/2026<"));
    let aire = case("aire").await;
    assert!(aire.contains("<Posizione>A</Posizione>") && aire.contains("<Indirizzo>VIA NASSA 10<"));
    let abroad = case("nato_estero").await;
    assert!(
        abroad.contains("<CodIstatNascita/><StatoNascita>241</StatoNascita><LuogoNascita>LUGANO<")
    );
    let twice = case("reiscritto").await;
    assert_eq!(
        (
            value(&twice, "Posizione"),
            twice.matches("<Soggetto>").count()
        ),
        ("R", 2)
    );
    assert!(
        case("accenti")
            .await
            .contains("<Cognome>CANTÙ</Cognome><Nome>NICCOLÒ</Nome>")
    );
    assert!(case("senza_civico").await.contains("<Civico>SNC</Civico>"));
    assert!(
        case("interdetto")
            .await
            .contains("<Certificabilita>4</Certificabilita>")
    );
    assert!(
        case("pratica_aperta")
            .await
            .contains("<PraticaAperta>S</PraticaAperta>")
    );
}

#[actix_web::test]
async fn refusals_are_numbers_in_a_good_answer() {
    let town = town().await;
    for (ente, password) in [("B639", "wrong"), ("X999", "d3-prova-x999")] {
        assert_refused(&login(&town, ente, password).await, BAD_CREDENTIALS);
    }
    let token = token(&town).await;
    let nobody = "<Servizio>ANAGRAFE</Servizio><CodiceFiscale>RSSMRA80A01C933H</CodiceFiscale>";
    let namesakes = "<Servizio>ANAGRAFE</Servizio><Cognome>PROVINI</Cognome><Nome>CARLO</Nome>";
    let doubles = "<Servizio>ANAGRAFE</Servizio><Cognome>BIANCHI</Cognome><Nome>ANNA</Nome><DataNascita>31/12/1975</DataNascita>";
    let no_family = "<Servizio>FAMIGLIA</Servizio><Famiglia>9</Famiglia>";
    for (request, refusal) in [
        (nobody, NOT_FOUND),
        (namesakes, AMBIGUOUS),
        (doubles, STILL_AMBIGUOUS),
        (no_family, NO_FAMILY),
        ("<Servizio>ALTRO</Servizio>", BAD_REQUEST),
    ] {
        let answer = query(&town, &token, request).await;
        assert_refused(&answer.text(), refusal);
        assert_eq!(answer.status, 200);
    }
    let one = format!("{namesakes}<DataNascita>04/03/1960</DataNascita>");
    assert!(inner(&query(&town, &token, &one).await).contains("<Cognome>PROVINI<"));
    let nonsense = town.call("d3", PATH, "", "not xml").await.answer();
    assert!(nonsense.status == 200 && nonsense.text().contains(":Fault>"));
}

#[actix_web::test]
async fn a_family_is_found_by_number_and_by_member_and_its_zero_is_not_written() {
    let town = town().await;
    let token = token(&town).await;
    let answer = query(
        &town,
        &token,
        "<Servizio>FAMIGLIA</Servizio><Famiglia>2001</Famiglia>",
    )
    .await;
    assert!(answer.text().contains("<lngErrNumber/>"));
    assert_eq!(inner(&answer).matches("<Componente>").count(), 3);
    let convent = service(&town, &token, "FAMIGLIA", "convivenza").await;
    assert_eq!(convent.matches("<Parentela>25<").count(), 11);
}

#[actix_web::test]
async fn taxes_have_points_between_thousands() {
    let town = town().await;
    let token = token(&town).await;
    let known = service(&town, &token, "TRIBUTI", "noto").await;
    assert!(known.contains("<Rendita>1.450,00</Rendita>") && known.contains("<TariAvviso>"));
    assert_eq!(known.matches("<Contribuente>").count(), 1);
    let one_year = "<Servizio>TRIBUTI</Servizio><CodiceFiscale>BNCNNA75T71B639E</CodiceFiscale><Anno>2026</Anno>";
    let one_year = inner(&query(&town, &token, one_year).await);
    assert_eq!(one_year.matches("<ImuDovuto>").count(), 2);
    let third = service(&town, &token, "TRIBUTI", "imu_un_terzo").await;
    assert!(third.contains("<Possesso>33,3</Possesso>"));
    let zero = service(&town, &token, "TRIBUTI", "tari_zero_mq").await;
    assert!(zero.contains("<Superficie>0,0</Superficie>"));
    let two = service(&town, &token, "TRIBUTI", "doppia_posizione").await;
    assert_eq!(two.matches("<Contribuente>").count(), 2);
    assert!(
        service(&town, &token, "TRIBUTI", "societa")
            .await
            .contains("<Tipo>G</Tipo>")
    );
}

#[actix_web::test]
async fn the_delphi_variant_writes_a_capital_i() {
    let town = town().await;
    let parameters = "<CodiceEnte>C933</CodiceEnte><Username>gw</Username><UserPassword>d3-prova-c933</UserPassword>";
    let body = envelope("Login", parameters);
    let answer = town.call("d3", TINN, "", &body).await.answer().text();
    assert!(answer.contains("<IngErrNumber xsi:type=\"xsd:int\">0</IngErrNumber>"));
    let token = value(&answer.replace(" xsi:type=\"xsd:string\"", ""), "strDST").to_owned();
    let request = "<Servizio>ANAGRAFE</Servizio><CodiceFiscale>RSSMRA80A01C933H</CodiceFiscale>";
    let body = question(&token, request);
    let answer = town.call("d3", TINN, "", &body).await.answer().text();
    assert!(answer.contains("&lt;Cognome&gt;ROSSI&lt;/Cognome&gt;"));
    let literal = login(&town, "C933", "d3-prova-c933").await;
    assert!(literal.contains("<lngErrNumber>0</lngErrNumber>"));
}

#[actix_web::test]
async fn sessions_end_when_idle_and_by_the_next_login_if_the_knob_says_so() {
    let town = town_with(Duration::from_millis(400), None).await;
    let first = token(&town).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_refused(&ask(&town, &first).await.answer().text(), NO_SESSION);
    let [second, third] = [token(&town).await, token(&town).await];
    assert_eq!(
        value(&ask(&town, &second).await.answer().text(), "lngErrNumber"),
        "0"
    );
    let other_town = token_of(&town, "C933").await;
    town.fault(r#"{"dialect":"d3","fault":"single_session"}"#)
        .await;
    let last = token(&town).await;
    for ended in [&second, &third] {
        assert_refused(&ask(&town, ended).await.answer().text(), NO_SESSION);
    }
    let people = "<Servizio>ANAGRAFE</Servizio><CodiceFiscale>RSSMRA80A01C933H</CodiceFiscale>";
    assert_eq!(
        inner(&query(&town, &other_town, people).await)
            .matches("<Soggetto>")
            .count(),
        1
    );
    assert_eq!(
        value(&ask(&town, &last).await.answer().text(), "lngErrNumber"),
        "0"
    );
}

#[actix_web::test]
async fn a_fifth_call_waits_for_one_of_four_workers() {
    let town = town().await;
    let token = token(&town).await;
    let slow = json!({"dialect": "d3", "fault": "slow", "ms": 300});
    town.fault(&slow.to_string()).await;
    let began = Instant::now();
    futures_util::future::join_all((0..5).map(|_| ask(&town, &token))).await;
    assert!(began.elapsed() >= Duration::from_millis(600));
}

#[actix_web::test]
async fn errors_of_the_system_run_through_their_numbers() {
    let town = town().await;
    let token = token(&town).await;
    town.fault(r#"{"dialect":"d3","fault":"internal_error"}"#)
        .await;
    let mut numbers = Vec::new();
    for _ in 0..8 {
        let answer = ask(&town, &token).await.answer().text();
        numbers.push(value(&answer, "lngErrNumber").to_owned());
    }
    assert_eq!(
        numbers,
        ["992", "993", "994", "995", "996", "997", "998", "504"]
    );
}
