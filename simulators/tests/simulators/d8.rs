//! The dialect whose work is accepted first and done later, and its synchronous sibling.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use simulators::faults::FaultKind;

use crate::client::{Answer, Outcome, Town, code_of, town};

const NAMESPACE: &str = "http://schemi.informatica.maggioli.it/ws/pagopa/ServiziInterni";
const PATH: &str = "POST /jcitygov-pagopa/ws/PagoPAInternal";
const QUOTED: &str = "FOXLAX01B28D416I";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

async fn send(town: &Town, path: &str, body: &str) -> Outcome {
    let envelope = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>{body}</s:Body></s:Envelope>"
    );
    town.call("d8", path, "", &envelope).await
}

/// The request of the README: an operation about which the number says which one.
pub async fn submit(town: &Town, id: &str, service: &str, document: &str) -> Outcome {
    let body = format!(
        "<InviaRichiestaRequest xmlns=\"{NAMESPACE}\"><CodiceIPA>c_d416</CodiceIPA><CodiceServizio>{service}</CodiceServizio>\
         <IDOperazione>{id}</IDOperazione><DataRichiesta>2026-11-23T10:22:31</DataRichiesta><Versione>1</Versione>\
         <DatiDettaglioRichiesta>{}</DatiDettaglioRichiesta></InviaRichiestaRequest>",
        escaped(document)
    );
    send(town, PATH, &body).await
}

pub async fn inform(town: &Town, id: &str) -> String {
    let body = format!(
        "<InfoOperazioneRequest xmlns=\"{NAMESPACE}\"><CodiceIPA>c_d416</CodiceIPA><IDOperazione>{id}</IDOperazione></InfoOperazioneRequest>"
    );
    unescaped(&send(town, PATH, &body).await.answer().text())
}

pub fn registry(code: &str) -> String {
    format!("<RichiestaAnagrafe><CodiceFiscale>{code}</CodiceFiscale></RichiestaAnagrafe>")
}

/// Asks until the work is done.
pub async fn done(town: &Town, id: &str) -> String {
    for _ in 0..100 {
        let answer = inform(town, id).await;
        if !answer.contains("<Stato>ACCETTATA</Stato>")
            && !answer.contains("<Stato>IN_ELABORAZIONE</Stato>")
        {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{id} is never done");
}

async fn accepted(town: &Town, id: &str, document: &str) -> String {
    let answer = submit(town, id, "ANAGRAFE", document).await.answer().text();
    assert!(
        answer.contains("<EsitoOperazione>OK</EsitoOperazione>"),
        "{answer}"
    );
    answer
}

/// The synchronous sibling: its answers have no time in them.
async fn process(town: &Town, service: &str, document: &str) -> Outcome {
    let inner = format!(
        "<RichiestadiInvio><NomeServizio>{service}</NomeServizio><TipoComunicazione><RichiestaC2G><Destinatario>c_d416</Destinatario>\
         </RichiestaC2G></TipoComunicazione><IdentificatorediRichiesta><IdentificatoreUnivoco><CodiceIdentificativoOperazione>uno\
         </CodiceIdentificativoOperazione></IdentificatoreUnivoco></IdentificatorediRichiesta><Contenuto><AnyType>{}</AnyType></Contenuto>\
         </RichiestadiInvio>",
        BASE64_STANDARD.encode(document)
    );
    let body = format!(
        "<p:process xmlns:p=\"http://webservice.backend.people.it/\"><data>{}</data></p:process>",
        escaped(&inner)
    );
    send(town, "POST /people/D416/services/process", &body).await
}

/// Asks for the quoted person of Erba.
pub async fn ask(town: &Town) -> Outcome {
    process(town, "VisuraAnagrafica", &registry(QUOTED)).await
}

/// The document that an answer of the synchronous sibling holds.
fn content(answer: &Answer) -> Option<String> {
    let text = unescaped(&answer.text());
    let (_, rest) = text.split_once("<AnyType>")?;
    let document = rest.split('<').next()?;
    Some(String::from_utf8(BASE64_STANDARD.decode(document).unwrap()).unwrap())
}

/// Faults in the dialect's own language; those about what is accepted do not touch what is answered at once.
pub fn assert_shown(fault: FaultKind, answer: &Answer, plain: &Answer) {
    assert_eq!(answer.status, 200);
    let code = |number: u16| {
        let text = unescaped(&answer.text());
        assert!(
            text.contains(&format!("<Codice>{number}</Codice>")),
            "{text}"
        );
    };
    match fault {
        FaultKind::NotFound => code(6),
        FaultKind::Ambiguous => code(7),
        FaultKind::InternalError => code(999),
        FaultKind::Duplicate => {
            let document = content(answer).unwrap();
            assert_eq!(document.matches("<Persona>").count(), 2, "{document}");
        }
        FaultKind::LateCompletion | FaultKind::NeverCompletes | FaultKind::Replay => {
            assert_eq!(answer.body, plain.body);
        }
        other => panic!("{other:?}"),
    }
}

async fn fault(town: &Town, fault: &str) {
    town.fault(&format!("{{\"dialect\": \"d8\", {fault}}}"))
        .await;
}

#[actix_web::test]
async fn work_is_accepted_and_done_later() {
    let town = town().await;
    let first = accepted(&town, "uno", &registry(QUOTED)).await;
    assert!(!first.contains("Risultato"), "accepted is not carried out");
    assert!(
        inform(&town, "uno")
            .await
            .contains("<Stato>ACCETTATA</Stato>")
    );
    let answer = done(&town, "uno").await;
    assert!(answer.contains("<Stato>COMPLETATA</Stato>"), "{answer}");
    let code = format!("<CodiceFiscale>{QUOTED}</CodiceFiscale>");
    assert!(answer.contains(&code), "{answer}");
    assert!(
        done(&town, "uno").await.contains(&code),
        "as often as one asks"
    );
}

#[actix_web::test]
async fn what_became_of_the_question_is_told_when_it_is_done() {
    let town = town().await;
    accepted(&town, "nessuno", &registry("RSSMRA80A01C933H")).await;
    let answer = done(&town, "nessuno").await;
    assert!(answer.contains("<EsitoOperazione>Error</EsitoOperazione>"));
    assert!(answer.contains("<Codice>E006</Codice>"), "{answer}");
    let unknown = inform(&town, "mai-visto").await;
    assert!(unknown.contains("<Codice>E005</Codice>"), "{unknown}");
    let service = submit(&town, "due", "ALTRO", &registry(QUOTED)).await;
    assert!(service.answer().text().contains("<Codice>E003</Codice>"));
}

#[actix_web::test]
async fn the_same_number_again_is_an_error_or_the_first_request() {
    let town = town().await;
    accepted(&town, "tre", &registry(QUOTED)).await;
    let again = submit(&town, "tre", "ANAGRAFE", &registry(QUOTED)).await;
    assert!(again.answer().text().contains("<Codice>E004</Codice>"));
    fault(&town, "\"fault\": \"replay\"").await;
    accepted(&town, "tre", &registry(QUOTED)).await;
    let other = registry(&code_of("deceduto", "D416"));
    let other = submit(&town, "tre", "ANAGRAFE", &other).await;
    let text = other.answer().text();
    assert!(
        text.contains("<Codice>E004</Codice>"),
        "another request: {text}"
    );
    let calls = town.control("GET /control/calls", "").await.json();
    let executed = calls["executed"].as_array().unwrap();
    assert_eq!(executed.len(), 1, "{executed:?}");
    assert_eq!(executed[0]["count"], 1, "taken on once");
}

#[actix_web::test]
async fn work_may_be_late_or_never_done() {
    let town = town().await;
    fault(&town, "\"fault\": \"never_completes\", \"times\": 1").await;
    accepted(&town, "mai", &registry(QUOTED)).await;
    fault(
        &town,
        "\"fault\": \"late_completion\", \"ms\": 2500, \"times\": 1",
    )
    .await;
    accepted(&town, "tardi", &registry(QUOTED)).await;
    tokio::time::sleep(Duration::from_millis(1600)).await;
    let late = inform(&town, "tardi").await;
    assert!(late.contains("<Stato>IN_ELABORAZIONE</Stato>"), "{late}");
    assert!(
        done(&town, "tardi")
            .await
            .contains("<Stato>COMPLETATA</Stato>")
    );
    assert!(
        inform(&town, "mai")
            .await
            .contains("<Stato>ACCETTATA</Stato>")
    );
}

#[actix_web::test]
async fn a_request_whose_confirmation_is_lost_is_there() {
    let town = town().await;
    let lost = "\"operation\": \"InviaRichiesta\", \"fault\": \"hang_after_commit\", \"times\": 1";
    fault(&town, lost).await;
    let silence = submit(&town, "perso", "ANAGRAFE", &registry(QUOTED)).await;
    assert_eq!(silence, Outcome::Silence);
    assert!(
        done(&town, "perso")
            .await
            .contains("<Stato>COMPLETATA</Stato>")
    );
}

#[actix_web::test]
async fn a_declaration_over_the_sibling_waits_for_an_officer() {
    let town = town().await;
    let document = "<RichiestaDichiarazione><CodiceFiscale>FOXLAX01B28D416I</CodiceFiscale><IdUtenza>1</IdUtenza>\
        <NuovaSuperficie>80.0</NuovaSuperficie><DataDecorrenza>2026-01-01</DataDecorrenza></RichiestaDichiarazione>";
    let answer = process(&town, "DichiarazioneTari", document).await.answer();
    let told = content(&answer).unwrap();
    assert!(told.contains("PRESA_IN_CARICO"), "{told}");
}
