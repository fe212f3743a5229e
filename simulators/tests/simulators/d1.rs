//! The SOAP dialect.

use simulators::dialects::d1::{AMBIGUOUS, BAD_CREDENTIALS, BAD_REQUEST, NOT_FOUND, PASSWORD};
use simulators::faults::FaultKind;

use crate::client::{Answer, Outcome, Town, code_of, town};

pub const ENDPOINT: &str = "POST /suap_web/services/WsAnagrafe.WsAnagrafeSoap/";

pub fn envelope(operation: &str, fields: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
         <w:{operation} xmlns:w=\"http://wsanagrafe.ws.pa.dedagroup.it\">{fields}</w:{operation}>\
         </s:Body></s:Envelope>"
    )
}

fn by_code(password: &str, kind: &str, code: &str) -> String {
    by_code_in("B639", password, kind, code)
}

pub fn by_code_in(ente: &str, password: &str, kind: &str, code: &str) -> String {
    let fields = format!(
        "<w:username>gw</w:username><w:password>{password}</w:password><w:ente>{ente}</w:ente>\
         <w:tipoPersona>{kind}</w:tipoPersona><w:codiceFiscale>{code}</w:codiceFiscale>"
    );
    envelope("ByCodiceFiscaleETipoPersona", &fields)
}

/// Asks for a person of Cantù.
pub async fn ask(town: &Town, code: &str) -> Outcome {
    town.call(
        "d1",
        ENDPOINT,
        "",
        &by_code(PASSWORD, "PersonaFisica", code),
    )
    .await
}

/// Faults in the dialect's own language.
pub fn assert_shown(fault: FaultKind, answer: &Answer) {
    match fault {
        FaultKind::NotFound => assert_fault(answer, NOT_FOUND),
        FaultKind::Ambiguous => assert_fault(answer, &AMBIGUOUS.replace('\'', "&apos;")),
        FaultKind::AuthFail => assert_fault(answer, BAD_CREDENTIALS),
        FaultKind::Duplicate => assert_eq!(answer.text().matches("<NOME>").count(), 2),
        other => panic!("{other:?}"),
    }
}

async fn case(town: &Town, case: &str) -> String {
    let answer = ask(town, &code_of(case, "B639")).await.answer();
    assert_eq!(answer.status, 200);
    answer.text()
}

fn assert_fault(answer: &Answer, text: &str) {
    assert_eq!(answer.status, 500);
    assert!(
        answer
            .text()
            .contains(&format!("<faultstring>{text}</faultstring>")),
        "{text}"
    );
}

#[actix_web::test]
async fn people_outside_the_ordinary_are_shown_as_documented() {
    let town = town().await;
    let dead = case(&town, "deceduto").await;
    assert!(dead.contains("<FLAG_DISABILITATO>1</FLAG_DISABILITATO>"));
    assert!(dead.contains("<DATA_DISABILITATO>2026-11-15T00:00:00</DATA_DISABILITATO>"));
    let lost = case(&town, "irreperibile").await;
    assert!(lost.contains("<FLAG_DISABILITATO>1</FLAG_DISABILITATO><DATA_DISABILITATO xsi:nil"));
    let aire = case(&town, "aire").await;
    assert!(aire.contains("<PROVINCIA>EE</PROVINCIA>") && !aire.contains("<CAP>"));
    assert!(aire.contains("<COMUNERESIDENZA>241</COMUNERESIDENZA>"));
    let gone = case(&town, "emigrato").await;
    assert!(gone.contains("<COMUNERESIDENZA>015146</COMUNERESIDENZA>"));
    assert!(
        case(&town, "nato_estero")
            .await
            .contains("<CODCOMNASCITA>241</CODCOMNASCITA>")
    );
    assert!(
        case(&town, "civico_con_lettera")
            .await
            .contains(" 97/A</INDIRIZZO>")
    );
    assert!(
        case(&town, "senza_civico")
            .await
            .contains(" SNC</INDIRIZZO>")
    );
    assert!(
        case(&town, "accenti")
            .await
            .contains("<NOMINATIVO>CANTÙ</NOMINATIVO>")
    );
    assert!(case(&town, "omonimo").await.contains("<PASSWORD>"));
}

#[actix_web::test]
async fn a_code_kept_in_lower_case_is_found_and_shown_in_lower_case() {
    let town = town().await;
    let code = code_of("cf_minuscolo", "B639").to_lowercase();
    assert!(
        case(&town, "cf_minuscolo")
            .await
            .contains(&format!(">{code}</CODICEFISCALE>"))
    );
}

#[actix_web::test]
async fn the_newest_of_two_registrations_is_returned() {
    let town = town().await;
    assert!(
        case(&town, "reiscritto")
            .await
            .contains("<COMUNERESIDENZA>013041</COMUNERESIDENZA>")
    );
}

#[actix_web::test]
async fn a_company_is_found_by_both_operations_and_is_no_person() {
    let town = town().await;
    let number = code_of("societa", "B639");
    let fields = format!(
        "<username>gw</username><password>{PASSWORD}</password><ente>B639</ente><partitaIva>{number}</partitaIva>"
    );
    let body = envelope("ByPartitaIva", &fields);
    let answer = town.call("d1", ENDPOINT, "", &body).await.answer().text();
    assert!(answer.contains("<ByPartitaIvaResult>") && answer.contains("<TIPOANAGRAFE>G<"));
    let body = by_code(PASSWORD, "PersonaGiuridica", &number);
    let answer = town.call("d1", ENDPOINT, "", &body).await.answer().text();
    assert!(answer.contains(&format!("<PARTITAIVA>{number}</PARTITAIVA>")));
    assert_fault(&ask(&town, &number).await.answer(), NOT_FOUND);
}

#[actix_web::test]
async fn refusals_are_faults_with_their_text() {
    let town = town().await;
    assert_fault(&ask(&town, "RSSMRA80A01C933H").await.answer(), NOT_FOUND);
    let wrong = by_code("wrong", "PersonaFisica", "BNCNNA75T71B639E");
    assert_fault(
        &town.call("d1", ENDPOINT, "", &wrong).await.answer(),
        BAD_CREDENTIALS,
    );
    for body in ["", "<a/>", "not xml", &envelope("Unknown", "")] {
        assert_fault(
            &town.call("d1", ENDPOINT, "", body).await.answer(),
            BAD_REQUEST,
        );
    }
}

#[actix_web::test]
async fn every_municipality_answers_with_its_own_name_and_borrowed_people() {
    let town = town().await;
    for (ente, borrowed, istat, quoted) in [
        ("C933", "C933", "013075", "RSSMRA80A01C933H"),
        ("A153", "C933", "013004", "RSSMRA80A01C933H"),
        ("A143", "D416", "013003", "FOXLAX01B28D416I"),
    ] {
        let password = simulators::dialects::password("d1", ente);
        let body = by_code_in(ente, &password, "PersonaFisica", quoted);
        let answer = town.call("d1", ENDPOINT, "", &body).await.answer().text();
        assert!(
            answer.contains(&format!("<COMUNERESIDENZA>{istat}<")),
            "{ente} of {borrowed}: {answer}"
        );
    }
    let foreign = by_code_in("C933", "d1-prova-b639", "PersonaFisica", "RSSMRA80A01C933H");
    assert_fault(
        &town.call("d1", ENDPOINT, "", &foreign).await.answer(),
        BAD_CREDENTIALS,
    );
}
