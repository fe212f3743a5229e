//! The rpc/literal dialect whose action tells the services apart.

use simulators::dialects::d4b::{
    BAD_REQUEST, BAD_USER, INTERNAL_ERROR, NAMESPACE, NOT_FOUND, TOO_MANY, UNKNOWN_ACTION,
};
use simulators::faults::FaultKind;

use crate::client::{Answer, Outcome, Town, code_of, town};

fn envelope(service: &str, parameters: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
         <x:Richiesta xmlns:x=\"{NAMESPACE}{service}\">{parameters}</x:Richiesta></s:Body></s:Envelope>"
    )
}

pub async fn send(town: &Town, action: &str, body: &str) -> Outcome {
    let headers = format!("SOAPAction: \"{NAMESPACE}{action}\"\r\n");
    let path = "POST /d416/bevisureentiesterni/ws";
    town.call("d4b", path, &headers, body).await
}

async fn call(town: &Town, service: &str, parameters: &str) -> Answer {
    let body = envelope(service, parameters);
    send(town, service, &body).await.answer()
}

fn by_code(code: &str) -> String {
    format!(
        "<TipoRicerca>Uguale</TipoRicerca><CodiceFiscale>{code}</CodiceFiscale><Username>gw-d416</Username>"
    )
}

/// Asks for the quoted person of Erba.
pub async fn ask(town: &Town) -> Outcome {
    send(
        town,
        "persona",
        &envelope("persona", &by_code("FOXLAX01B28D416I")),
    )
    .await
}

/// Faults in the dialect's own language.
pub fn assert_shown(fault: FaultKind, answer: &Answer) {
    let text = answer.text();
    let numbers: Vec<_> = text.split("<Nind>").skip(1).collect();
    match fault {
        FaultKind::NotFound => assert!(answer.status == 200 && numbers.is_empty()),
        FaultKind::Ambiguous => assert_ne!(numbers[0][..6], numbers[1][..6]),
        FaultKind::Duplicate => assert_eq!(numbers[0][..6], numbers[1][..6]),
        FaultKind::AuthFail => assert_fault(answer, BAD_USER),
        FaultKind::InternalError => assert_fault(answer, INTERNAL_ERROR),
        other => panic!("{other:?}"),
    }
}

fn assert_fault(answer: &Answer, text: &str) {
    assert_eq!(answer.status, 500);
    let fault = format!("<faultstring>{text}</faultstring>");
    assert!(answer.text().contains(&fault), "{}", answer.text());
}

/// The text of the last element of that name.
fn value<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.rsplit_once(&format!("<{name}>")).unwrap();
    rest.split('<').next().unwrap()
}

/// The full record of the person of that case, found in two steps.
async fn case(town: &Town, case: &str) -> String {
    let list = call(town, "persona", &by_code(&code_of(case, "D416")))
        .await
        .text();
    let number = value(&list, "Nind");
    call(town, "datipersona", &format!("<Nind>{number}</Nind>"))
        .await
        .text()
}

#[actix_web::test]
async fn people_outside_the_ordinary_are_shown_as_documented() {
    let town = town().await;
    let known = case(&town, "noto").await;
    assert!(known.contains(
        "<GiornoNascita>28</GiornoNascita><MeseNascita>2</MeseNascita><AnnoNascita>2001<"
    ));
    assert_eq!(value(&known, "Via"), "VIA DELLE PROVE");
    let dead = case(&town, "deceduto").await;
    assert!(
        dead.contains("<PosiAnag>D</PosiAnag><GiornoPosi>15</GiornoPosi><MesePosi>11</MesePosi>")
    );
    let aire = case(&town, "aire").await;
    assert!(aire.contains("<Stato>241</Stato><Comune>LUGANO</Comune><Via>VIA NASSA 10</Via>"));
    assert_eq!(
        value(&case(&town, "emigrato").await, "IstatComune"),
        "015146"
    );
    assert!(!case(&town, "irreperibile").await.contains("<Comune>"));
    assert_eq!(
        value(&case(&town, "frazione").await, "Frazione"),
        "ARCELLASCO"
    );
    assert_eq!(
        value(&case(&town, "nato_estero").await, "StatoNascita"),
        "241"
    );
}

#[actix_web::test]
async fn the_surname_is_compared_as_asked() {
    let town = town().await;
    let ask = async |kind: &str, more: &str| {
        let parameters =
            format!("<TipoRicerca>{kind}</TipoRicerca><Username>gw-d416</Username>{more}");
        call(&town, "persona", &parameters).await
    };
    let count = |answer: Answer| answer.text().matches("<Persona>").count();
    assert_eq!(count(ask("Uguale", "<Cognome>PROVINI</Cognome>").await), 2);
    assert_eq!(count(ask("Uguale", "<Cognome>PROV</Cognome>").await), 0);
    assert_eq!(count(ask("Percento", "<Cognome>PROV</Cognome>").await), 2);
    let one = "<Cognome>PROV%</Cognome><GiornoNascita>04</GiornoNascita><MeseNascita>03</MeseNascita><AnnoNascita>1960</AnnoNascita>";
    assert_eq!(count(ask("Percento", one).await), 1);
    assert_fault(&ask("Maggiore", "<Cognome>A</Cognome>").await, TOO_MANY);
    assert_fault(&ask("Altro", "<Cognome>A</Cognome>").await, BAD_REQUEST);
    assert_fault(&ask("Uguale", "<Sesso>F</Sesso>").await, BAD_REQUEST);
}

#[actix_web::test]
async fn the_action_and_the_namespace_must_agree() {
    let town = town().await;
    let body = envelope("persona", &by_code("FOXLAX01B28D416I"));
    assert_fault(&send(&town, "familiari", &body).await.answer(), BAD_REQUEST);
    assert_fault(&send(&town, "altro", &body).await.answer(), UNKNOWN_ACTION);
    assert_fault(
        &send(&town, "persona", "not xml").await.answer(),
        BAD_REQUEST,
    );
}

#[actix_web::test]
async fn the_user_is_mandatory_where_clients_send_it() {
    let town = town().await;
    for user in [
        "",
        "<Username>gw-c933</Username>",
        "<Username>gw-d4166</Username>",
    ] {
        let parameters =
            format!("<NumeFami>3001</NumeFami><TipoFamiliari>Residenti</TipoFamiliari>{user}");
        assert_fault(&call(&town, "familiari", &parameters).await, BAD_USER);
    }
    assert_fault(
        &call(&town, "datipersona", "<Nind>10001</Nind>").await,
        NOT_FOUND,
    );
}

#[actix_web::test]
async fn families_are_asked_by_their_number() {
    let town = town().await;
    let ask = async |kind: &str| {
        let parameters = format!(
            "<NumeFami>3001</NumeFami><Username>gw-d416-sportello</Username><TipoFamiliari>{kind}</TipoFamiliari>"
        );
        call(&town, "familiari", &parameters).await
    };
    let family = ask("Residenti").await.text();
    assert_eq!(family.matches("<Familiare>").count(), 3);
    assert_eq!(value(&family, "RelazioneParentela"), "3");
    assert_eq!(ask("Tutti").await.text().matches("<Familiare>").count(), 3);
    assert_fault(&ask("").await, BAD_REQUEST);
}
