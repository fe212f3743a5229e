//! The DataSet dialect.

use simulators::dialects::d2::{BAD_CREDENTIALS, BAD_REQUEST, INTERNAL_ERROR, NO_CONDITION};
use simulators::faults::FaultKind;

use crate::client::{Answer, Outcome, Town, code_of, town};

const SEARCH: [&str; 12] = [
    "NumInd",
    "Cognome",
    "Nome",
    "Sesso",
    "DataNascita",
    "CodiceFiscale",
    "CartaIdentitaNumero",
    "RecapitoIndirizzo",
    "DescrizioneIndirizzo",
    "NumeroCivicoIndirizzo",
    "LetteraIndirizzo",
    "IndicatoreTipoIndividuo",
];
const TAX_SEARCH: [&str; 6] = ["Tipo", "NumInd", "Cognome", "Nome", "CF", "Data"];

fn parameters(names: &[&str], given: &[(&str, &str)]) -> String {
    let value = |name| given.iter().find(|(given, _)| given == name);
    let elements = names.iter().map(|name| {
        format!(
            "<{name}>{}</{name}>",
            value(name).map_or("", |(_, text)| text)
        )
    });
    elements.collect()
}

fn envelope(password: &str, operation: &str, parameters: &str) -> String {
    format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Header>\
         <AuthenticationDetails xmlns=\"http://services.apsystems.it/\"><UserName>gw</UserName>\
         <Password>{password}</Password></AuthenticationDetails></soap:Header><soap:Body>\
         <{operation} xmlns=\"http://s-sviluppo/AnagWS\">{parameters}</{operation}></soap:Body></soap:Envelope>"
    )
}

async fn call(town: &Town, ente: &str, operation: &str, parameters: &str) -> Outcome {
    let password = simulators::dialects::password("d2", ente);
    let body = envelope(&password, operation, parameters);
    send(town, ente, &body).await
}

pub async fn send(town: &Town, ente: &str, body: &str) -> Outcome {
    let path = format!("POST /{}/AnagWS.asmx", ente.to_lowercase());
    town.call("d2", &path, "", body).await
}

/// Asks for a person of Como.
pub async fn ask(town: &Town, code: &str) -> Outcome {
    let given = [("CodiceFiscale", code), ("IndicatoreTipoIndividuo", "T")];
    call(town, "C933", "Elenco", &parameters(&SEARCH, &given)).await
}

/// Faults in the dialect's own language.
pub fn assert_shown(fault: FaultKind, answer: &Answer) {
    let text = answer.text();
    let numbers: Vec<_> = text.split("<NumInd>").skip(1).collect();
    match fault {
        FaultKind::NotFound => assert!(numbers.is_empty() && text.contains("diffgr:diffgram")),
        FaultKind::Ambiguous => assert_ne!(numbers[0][..6], numbers[1][..6]),
        FaultKind::Duplicate => assert_eq!(numbers[0][..6], numbers[1][..6]),
        FaultKind::AuthFail => assert_fault(answer, BAD_CREDENTIALS),
        FaultKind::InternalError => assert_fault(answer, "Timeout expired."),
        FaultKind::SchemaChange => assert!(text.contains("<CodFiscale>")),
        other => panic!("{other:?}"),
    }
}

fn assert_fault(answer: &Answer, text: &str) {
    assert_eq!(answer.status, 500);
    let text = text.replace('>', "&gt;");
    assert!(answer.text().contains(&format!("{text}</faultstring>")));
}

/// The full record of the person of that case in Como, found in two steps.
async fn case(town: &Town, case: &str) -> String {
    let list = ask(town, &code_of(case, "C933")).await.answer().text();
    let number = value(&list, "NumInd");
    let record = call(
        town,
        "C933",
        "Individuo",
        &format!("<NumInd>{number}</NumInd>"),
    )
    .await;
    record.answer().text()
}

/// The text of the last element of that name.
fn value<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.rsplit_once(&format!("<{name}>")).unwrap();
    rest.split('<').next().unwrap()
}

#[actix_web::test]
async fn people_outside_the_ordinary_are_shown_as_documented() {
    let town = town().await;
    let known = case(&town, "noto").await;
    assert_eq!(value(&known, "Cognome"), "ROSSI               ");
    assert_eq!(value(&known, "NascitaComune"), "COMO                ");
    assert_eq!(value(&known, "NascitaData"), "01/01/1980");
    assert!(known.contains("<MorteData/><EmigrazioneData/>"));
    assert!(
        !known.contains("CancellazioneMotivo"),
        "null, hence missing"
    );
    let dead = case(&town, "deceduto").await;
    assert_eq!(value(&dead, "MorteData"), "15/11/2026");
    let back = case(&town, "rientrato_in_giornata").await;
    assert_eq!(value(&back, "EmigrazioneData"), "12/03/2020");
    assert_eq!(value(&back, "ImmigrazioneData"), "12/03/2020");
    let aire = case(&town, "aire").await;
    assert_eq!(value(&aire, "CancellazioneMotivo"), "AIRE");
    assert_eq!(value(&aire, "EmigrazioneLuogo"), "LUGANO");
    let lost = case(&town, "irreperibile").await;
    assert_eq!(value(&lost, "CancellazioneMotivo"), "IRREPERIBILITA&apos;");
    let abroad = case(&town, "nato_estero").await;
    assert_eq!(value(&abroad, "NascitaStato"), "SVIZZERA");
    let ended = case(&town, "nato_comune_cessato").await;
    assert_eq!(value(&ended, "NascitaComune"), "BELLAGIO            ");
    let lettered = case(&town, "civico_con_lettera").await;
    assert_eq!(value(&lettered, "IndirizzoLettera"), "A");
    let numberless = case(&town, "senza_civico").await;
    assert_eq!(value(&numberless, "IndirizzoNumeroCivico"), "SNC");
    assert!(case(&town, "accenti").await.contains("CANTÙ "));
}

#[actix_web::test]
async fn a_person_registered_twice_is_two_rows_oldest_first() {
    let town = town().await;
    let list = ask(&town, &code_of("reiscritto", "C933"))
        .await
        .answer()
        .text();
    assert_eq!(list.matches("<Table ").count(), 2);
    assert!(list.contains("diffgr:id=\"Table2\" msdata:rowOrder=\"1\""));
}

#[actix_web::test]
async fn a_search_needs_all_twelve_strings_and_one_that_says_whom() {
    let town = town().await;
    let eleven = parameters(&SEARCH[1..], &[("CodiceFiscale", "RSSMRA80A01C933H")]);
    let refused = call(&town, "C933", "Elenco", &eleven).await.answer();
    assert_fault(&refused, BAD_REQUEST);
    let nobody = parameters(&SEARCH, &[("IndicatoreTipoIndividuo", "T")]);
    let refused = call(&town, "C933", "Elenco", &nobody).await.answer();
    assert_fault(&refused, NO_CONDITION);
    for body in ["", "<a/>", "not xml"] {
        assert_fault(&send(&town, "C933", body).await.answer(), BAD_REQUEST);
    }
}

#[actix_web::test]
async fn credentials_are_those_of_the_municipality_in_the_path() {
    let town = town().await;
    let search = parameters(&SEARCH, &[("CodiceFiscale", "RSSMRA80A01C933H")]);
    for body in [
        envelope("d2-prova-b639", "Elenco", &search),
        envelope("d2-prova-c933", "Elenco", &search).replace("AuthenticationDetails", "Other"),
    ] {
        assert_fault(&send(&town, "C933", &body).await.answer(), BAD_CREDENTIALS);
    }
    let body = envelope("d2-prova-a153", "Elenco", &search);
    let borrowed = send(&town, "A153", &body).await.answer();
    assert_eq!(
        (borrowed.status, value(&borrowed.text(), "Sesso")),
        (200, "M")
    );
    assert_eq!(send(&town, "X999", &body).await.answer().status, 404);
    assert_ne!(BAD_CREDENTIALS, INTERNAL_ERROR);
}

#[actix_web::test]
async fn numbers_of_another_municipality_find_nobody() {
    let town = town().await;
    let other = call(&town, "B639", "Individuo", "<NumInd>10001</NumInd>").await;
    let other = other.answer();
    assert_eq!(other.status, 200);
    assert!(!other.text().contains("<Table "));
}

#[actix_web::test]
async fn families_and_children_are_asked_by_the_number_of_a_person() {
    let town = town().await;
    let members = async |operation: &str, number: &str| {
        let answer = call(
            &town,
            "C933",
            operation,
            &format!("<NumInd>{number}</NumInd>"),
        )
        .await;
        answer.answer().text()
    };
    let family = members("ComposizioneFamiglia", "10002").await;
    assert_eq!(family.matches("<Table ").count(), 3);
    assert_eq!(value(&family, "Parentela"), "3");
    let children = members("FigliEredi", "10001").await;
    assert_eq!(value(&children, "Nome"), "GIULIA         ");
    let monk = ask(&town, &code_of("convivenza", "C933"))
        .await
        .answer()
        .text();
    let convent = members("ComposizioneFamiglia", value(&monk, "NumInd")).await;
    assert_eq!(convent.matches("<Parentela>25<").count(), 11);
}

#[actix_web::test]
async fn the_tax_register_is_searched_by_code() {
    let town = town().await;
    let ask = async |case: &str| {
        let code = code_of(case, "C933");
        let search = parameters(&TAX_SEARCH, &[("CF", &code)]);
        call(&town, "C933", "ElencoAnagTrib", &search)
            .await
            .answer()
            .text()
    };
    assert_eq!(ask("doppia_posizione").await.matches("<Table ").count(), 2);
    let company = ask("societa").await;
    assert_eq!(value(&company, "Tipo"), "G");
    assert!(!company.contains("<Nome>"));
    assert_eq!(
        value(&ask("ignoto_all_anagrafe").await, "Nome"),
        "STEFANO        "
    );
}
