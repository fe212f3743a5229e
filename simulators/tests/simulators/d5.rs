//! The tax services with hashed credentials.

use std::sync::LazyLock;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use chrono_tz::Europe::Rome;
use simulators::dialects::d5::credentials::{account, hashed_password, request_id};
use simulators::faults::FaultKind;

use crate::client::{Answer, Outcome, Town, code_of, header, town};

/// One moment for all questions, so that equal questions have equal answers.
static NOW: LazyLock<String> = LazyLock::new(|| moment(TimeDelta::zero()));

fn moment(from_now: TimeDelta) -> String {
    let at = (Utc::now() + from_now).with_timezone(&Rome);
    at.format("%d/%m/%Y %H:%M:%S%.3f").to_string()
}

fn service(operation: &str) -> &'static str {
    match operation {
        "getDatiContribuente" => "I01",
        "getUtenze" => "S01",
        "getUtenzeStatoPratiche" => "S03",
        "setVariazioneSuperficie" => "S07",
        _ => "S10",
    }
}

fn authorization(ente: &str, operation: &str, at: &str) -> String {
    let (day, hour) = at.split_once(' ').unwrap();
    format!(
        "<datiAutorizzazione><identificativoUtente>{}</identificativoUtente><password>{}</password>\
         <identificativoServizio>{}</identificativoServizio><dataRichiesta>{day}</dataRichiesta>\
         <oraRichiesta>{hour}</oraRichiesta><idRichiesta>{}</idRichiesta></datiAutorizzazione>",
        account(ente),
        hashed_password(ente, at),
        service(operation),
        request_id(ente, operation, at)
    )
}

const TRACKING: &str = "<datiTracciamento><nomeOperatore>PORTALE</nomeOperatore><codFiscaleOperatore>00000000000</codFiscaleOperatore>\
                        <emailOperatore>portale@pec.example</emailOperatore></datiTracciamento>";

fn about(operation: &str, code: &str) -> String {
    let suffix = if code.len() == 11 {
        "partitaIVA"
    } else {
        "codiceFiscale"
    };
    if operation == "getDatiContribuente" {
        format!(
            "<datiIdentificativi><partitaIVA>00000000000</partitaIVA><indirizzoPec>caf.fittizio@pec.example</indirizzoPec>\
             <{suffix}Contribuente>{code}</{suffix}Contribuente></datiIdentificativi>"
        )
    } else {
        format!("{TRACKING}<datiIdentificativi><{suffix}>{code}</{suffix}></datiIdentificativi>")
    }
}

async fn send(town: &Town, ente: &str, operation: &str, children: &str) -> Outcome {
    let port = if operation == "getDatiContribuente" {
        "ImuService"
    } else {
        "TaresService"
    };
    let body = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><t:{operation}Request \
         xmlns:t=\"http://www.comune.bari.it/serviziTributi\">{children}</t:{operation}Request></s:Body></s:Envelope>"
    );
    let path = format!("POST /{}/serviziTributi/{port}", ente.to_lowercase());
    town.call("d5", &path, "SOAPAction: \"\"\r\n", &body).await
}

pub async fn read(town: &Town, ente: &str, operation: &str, code: &str) -> String {
    let children = authorization(ente, operation, &NOW) + &about(operation, code);
    send(town, ente, operation, &children).await.answer().text()
}

/// Asks for the properties of a person of Como.
pub async fn ask(town: &Town) -> Outcome {
    let operation = "getDatiContribuente";
    let children = authorization("C933", operation, &NOW) + &about(operation, "RSSMRA80A01C933H");
    send(town, "C933", operation, &children).await
}

/// Faults in the dialect's own language.
pub fn assert_shown(fault: FaultKind, answer: &Answer, plain: &Answer) {
    match fault {
        FaultKind::NotFound => assert_code(&answer.text(), 120),
        FaultKind::AuthFail => assert_code(&answer.text(), 100),
        FaultKind::InternalError => assert_code(&answer.text(), 999),
        FaultKind::Duplicate => {
            let count = |answer: &Answer| answer.text().matches("<datiImmobile>").count();
            assert_eq!(count(answer), 2 * count(plain));
        }
        // So small a difference stays within the window; declarations alone take time.
        FaultKind::ClockSkew | FaultKind::LateCompletion | FaultKind::NeverCompletes => {
            assert_eq!(answer.body, plain.body);
        }
        other => panic!("{other:?}"),
    }
}

fn assert_code(text: &str, code: u16) {
    assert!(
        text.contains(&format!("<code>{code}</code>")),
        "{code}: {text}"
    );
}

fn declaration(protocol: &str, from: &str, area: &str) -> String {
    format!(
        "{TRACKING}<datiVariazione><dataDichiarazione>20/11/2026</dataDichiarazione><numProtocollo>{protocol}</numProtocollo>\
         <dataProtocollo>20/11/2026</dataProtocollo><datiContribuente><idContribuente>61001</idContribuente></datiContribuente>\
         <datiUtenzaVariazioneSuperficieDomestica><idUtenza>71001</idUtenza><dataVariazione>20/11/2026</dataVariazione>\
         <dataDecorrenza>{from}</dataDecorrenza><nuovaSuperficie>{area}</nuovaSuperficie>\
         </datiUtenzaVariazioneSuperficieDomestica></datiVariazione>"
    )
}

async fn declare(town: &Town, protocol: &str, from: &str, area: &str) -> Outcome {
    let operation = "setVariazioneSuperficie";
    let children = authorization("C933", operation, &moment(TimeDelta::zero()));
    send(
        town,
        "C933",
        operation,
        &(children + &declaration(protocol, from, area)),
    )
    .await
}

async fn executed(town: &Town) -> u64 {
    let report = town.control("GET /control/calls", "").await.json();
    report["executed"][0]["count"].as_u64().unwrap_or(0)
}

#[actix_web::test]
async fn a_taxpayer_is_shown_with_unqualified_children() {
    let town = town().await;
    let answer = ask(&town).await.answer().text();
    for part in [
        "<t:getDatiContribuenteResponse xmlns:t=\"http://www.comune.bari.it/serviziTributi\"><return><idRichiesta>",
        "<code>0</code><datiContribuente><idContribuente>61001</idContribuente><personaFisica><cognome>ROSSI</cognome>",
        "<comuneNascita>013075</comuneNascita><provinciaNascita>CO</provinciaNascita><dataNascita>01/01/1980</dataNascita>",
        "<viaNonCodificata>VIA VITTORIO EMANUELE II</viaNonCodificata><numeroCivico>97</numeroCivico>",
        "<percentualePossesso>100.0</percentualePossesso>",
    ] {
        assert!(answer.contains(part), "{part}: {answer}");
    }
    let third = read(
        &town,
        "C933",
        "getDatiContribuente",
        &code_of("imu_un_terzo", "C933"),
    )
    .await;
    assert!(third.contains("<percentualePossesso>33.3</percentualePossesso>"));
    let renamed = read(
        &town,
        "C933",
        "getDatiContribuente",
        &code_of("via_rinominata", "C933"),
    )
    .await;
    assert!(renamed.contains("<ubicazione><viaNonCodificata>VIA DEL LITTORIO</viaNonCodificata>"));
    let company = read(
        &town,
        "C933",
        "getDatiContribuente",
        &code_of("societa", "C933"),
    )
    .await;
    assert!(company.contains("<societa><partitaIva>"), "{company}");
    for owns_nothing in ["tari_zero_mq", "ignoto_all_anagrafe"] {
        let code = code_of(owns_nothing, "C933");
        assert_code(
            &read(&town, "C933", "getDatiContribuente", &code).await,
            120,
        );
    }
}

#[actix_web::test]
async fn utilities_are_those_that_have_not_ended() {
    let town = town().await;
    let home = read(&town, "C933", "getUtenze", "RSSMRA80A01C933H").await;
    assert!(home.contains(
        "<datiUtenzeDomestiche><utenza><identificativoUtenza>71001</identificativoUtenza>"
    ));
    assert!(home.contains("<superficie>85.0</superficie>"), "{home}");
    let zero = read(&town, "C933", "getUtenze", &code_of("tari_zero_mq", "C933")).await;
    assert!(zero.contains("<superficie>0.0</superficie>"));
    let shop = read(&town, "C933", "getUtenze", &code_of("societa", "C933")).await;
    assert!(
        shop.contains("<supTassabile>320.0</supTassabile>"),
        "{shop}"
    );
    let left = read(
        &town,
        "C933",
        "getUtenze",
        &code_of("ignoto_all_anagrafe", "C933"),
    )
    .await;
    assert_code(&left, 0);
    assert!(!left.contains("datiUtenzeAttive"));
    let known = read(&town, "A153", "isContribuenteEsistente", "RSSMRA80A01C933H").await;
    assert_code(&known, 200);
    let unknown = read(&town, "A153", "isContribuenteEsistente", "FOXLAX01B28D416I").await;
    assert_code(&unknown, 201);
}

#[actix_web::test]
async fn credentials_hold_for_five_minutes_and_for_their_service() {
    let town = town().await;
    let operation = "getUtenze";
    let asked = about(operation, "RSSMRA80A01C933H");
    for (minutes, code) in [(-6, 100), (-4, 0), (4, 0), (6, 100)] {
        let at = moment(TimeDelta::minutes(minutes));
        let children = authorization("C933", operation, &at) + &asked;
        let answer = send(&town, "C933", operation, &children).await.answer();
        assert_code(&answer.text(), code);
    }
    let right = authorization("C933", operation, &NOW);
    let id = request_id("C933", operation, &NOW);
    let mut hasty = right.clone();
    let dot = hasty.find("</oraRichiesta>").unwrap() - 4;
    hasty.replace_range(dot..dot + 4, "");
    for (wrong, code) in [
        (authorization("B639", operation, &NOW), 100),
        (right.replace(&account("C933"), &account("B639")), 100),
        (right.replace("S01", "S07"), 101),
        (right.replace(&id, &"0".repeat(64)), 110),
        (hasty, 110),
        (
            right.replace(
                "<datiAutorizzazione>",
                "<datiAutorizzazione xmlns=\"http://www.comune.bari.it/serviziTributi\">",
            ),
            110,
        ),
        (String::new(), 110),
    ] {
        let answer = send(&town, "C933", operation, &(wrong + &asked))
            .await
            .answer();
        assert_eq!(answer.status, 200);
        assert_code(&answer.text(), code);
    }
    assert_code(
        &send(&town, "C933", operation, &right).await.answer().text(),
        110,
    );
    let answer = send(&town, "C933", "getTutto", &right).await.answer();
    assert_eq!(answer.status, 500);
}

#[actix_web::test]
async fn a_clock_that_is_wrong_refuses_right_credentials_and_shows_in_the_date() {
    let town = town().await;
    town.fault(r#"{"dialect":"d5","fault":"clock_skew","ms":600000}"#)
        .await;
    let answer = ask(&town).await.answer();
    assert_code(&answer.text(), 100);
    let date = header(&answer.head, "date").unwrap();
    let shown = chrono::DateTime::parse_from_rfc2822(date).unwrap();
    let ahead = shown.with_timezone(&Utc) - Utc::now();
    assert!(ahead > TimeDelta::minutes(9) && ahead < TimeDelta::minutes(11));
}

#[actix_web::test]
async fn a_declaration_is_executed_once_and_changes_the_area_when_accepted() {
    let town = town().await;
    town.fault(r#"{"dialect":"d5","operation":"setVariazioneSuperficie","fault":"late_completion","ms":400}"#).await;
    for (protocol, from, area, code) in [
        ("", "01/12/2026", "90.5", 111),
        ("4711", "2026-12-01", "90.5", 111),
        ("4711", "01/12/2026", "90,5", 111),
        ("4711", "01/12/2026", "90.5", 0),
        ("4711", "01/12/2026", "90.5", 112),
        ("4712", "01/12/2026", "91", 112),
    ] {
        let answer = declare(&town, protocol, from, area).await.answer().text();
        assert_code(&answer, code);
    }
    assert_eq!(executed(&town).await, 1);
    let states = "getUtenzeStatoPratiche";
    let first = read(&town, "C933", states, "RSSMRA80A01C933H").await;
    assert!(first.contains(
        "<numProtocollo>4711</numProtocollo><dataProtocollo>20/11/2026</dataProtocollo>"
    ));
    assert!(!first.contains("<stato>ACCETTATA</stato>") && first.contains("<superficie>85.0<"));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let last = read(&town, "C933", states, "RSSMRA80A01C933H").await;
    assert!(last.contains("<stato>ACCETTATA</stato>") && last.contains("<superficie>90.5<"));
    assert!(
        !read(&town, "C933", "getUtenze", "RSSMRA80A01C933H")
            .await
            .contains("<pratica>")
    );
}

#[actix_web::test]
async fn a_declaration_without_a_reply_has_arrived_after_the_commit_and_not_before() {
    let town = town().await;
    for (fault, practices) in [("hang", 0), ("drop", 0), ("hang_after_commit", 1)] {
        let order = format!(
            r#"{{"dialect":"d5","operation":"setVariazioneSuperficie","fault":"{fault}","times":1}}"#
        );
        town.fault(&order).await;
        let outcome = declare(&town, "4711", "01/12/2026", "90").await;
        assert!(matches!(outcome, Outcome::Silence | Outcome::Closed));
        let states = read(&town, "C933", "getUtenzeStatoPratiche", "RSSMRA80A01C933H").await;
        assert_eq!(states.matches("<pratica>").count(), practices, "{fault}");
    }
    let again = declare(&town, "4711", "01/12/2026", "90").await;
    assert_code(&again.answer().text(), 112);
    assert_eq!(executed(&town).await, 1);
}
