//! Self-declarations verified (DPR 445/2000, article 71): a word on each statement, and nothing of the record.

use pontile::contract::dichiarazioni::{Conferma, RispostaVerifica};
use serde_json::{Value, json};

use crate::harness::files::{Files, grant};
use crate::harness::portal::{Answer, PURPOSE, Portal};
use crate::harness::province::Province;
use crate::protected;

const COMO: &str = "013075";
const CANTU: &str = "013041";
const ERBA: &str = "013095";
const ROSSI: &str = "RSSMRA80A01C933H";
const WIFE: &str = "BNCLRA85M41C933M";
const CHILD: &str = "RSSGLI12T45C933S";
const STRANGER: &str = "BNCNNA75T71B639E";
const ALL: &str = "\"cognome\", \"nome\", \"sesso\", \"data_nascita\", \"luogo_nascita\", \"stato_anagrafico\", \"in_vita\", \"residenza\", \
     \"cittadinanza\", \"stato_civile\", \"componenti\"";

/// A grant of its own for the second portal, which may ask for nothing else but names at Cantù.
fn with_verification(files: &mut Files) {
    with_kinds(files, ALL, 1000);
}

/// A grant for every kind of statement.
pub fn all_kinds(portal: &str) -> String {
    of_kinds(portal, ALL, 1_000_000)
}

fn with_kinds(files: &mut Files, kinds: &str, daily: u32) {
    let grant = of_kinds("portale-due", kinds, daily);
    files.put("concessioni/controlli.toml", grant);
}

fn of_kinds(portal: &str, kinds: &str, daily: u32) -> String {
    let own = format!(
        "id = \"controlli\"\nversion = 1\noperations = [\"anagrafe.verifiche-dichiarazione\"]\nenti = \"all\"\n\
         fields = [{kinds}]\npurposes = [\"{PURPOSE}\"]\ndaily_quota = {daily}"
    );
    grant(portal, &own).replace("dpr445_art43", "dpr445_art71")
}

async fn verify(portal: &Portal, ente: &str, code: &str, declared: Value) -> Answer {
    let path = format!("/rest/anagrafe/v1/enti/{ente}/verifiche-dichiarazione");
    let body = json!({ "codice_fiscale": code, "dichiarazioni": declared });
    portal.post(&path, &body).await
}

/// The answer as it is published.
fn published(answer: &Answer) -> RispostaVerifica {
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_value(answer.body.clone()).expect("an answer in the contract's form")
}

/// The word on the only statement, and why nothing can be said.
fn word(answer: &Answer, kind: &str) -> (String, String) {
    published(answer);
    let esiti = answer.body["esiti"].as_object().expect("an object");
    assert_eq!(esiti.len(), 1, "{esiti:?}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&esiti[kind]["esito"]), text(&esiti[kind]["motivo"]))
}

fn said(esito: &str, motivo: &str) -> (String, String) {
    (esito.to_owned(), motivo.to_owned())
}

fn of_rossi() -> Value {
    json!({
        "cognome": "rossi", "nome": "Mario", "sesso": "M", "data_nascita": "1980-01-01",
        "luogo_nascita": { "codice_istat": COMO }, "stato_anagrafico": "residente", "in_vita": true,
        "residenza": { "comune": { "codice_istat": COMO }, "indirizzo": "Via Vittorio Emanuele II", "numero_civico": "97" },
        "cittadinanza": { "codice_stato": "ITA" }, "stato_civile": { "codice": "2" },
        "componenti": [{ "codice_fiscale": WIFE, "relazione_parentela": { "codice": "2" } }, { "codice_fiscale": CHILD }],
    })
}

async fn recorded(province: &Province, answer: &Answer) -> Value {
    let scambio = answer.header("x-correlation-id");
    let operator = province.operator("operatore-uno");
    let rows = operator.get(&format!("/record?scambio={scambio}")).await;
    rows.body["items"][0].clone()
}

#[tokio::test]
async fn what_is_so_is_confirmed_and_no_value_of_the_record_leaves() {
    let province = Province::with(with_verification);
    let portal = province.portal("portale-due");
    let answer = verify(&portal, COMO, ROSSI, of_rossi()).await;
    let read = published(&answer);
    let words = answer.body["esiti"].as_object().expect("an object");
    assert_eq!(words.len(), 11);
    for (kind, word) in words.iter().filter(|(kind, _)| *kind != "componenti") {
        assert_eq!(*word, json!({ "esito": "confermata" }), "{kind}");
    }
    let members = &read.esiti.componenti;
    assert_eq!(members.len(), 2);
    assert!(
        members
            .iter()
            .all(|word| word.esito == Conferma::Confermata)
    );
    assert_eq!(read.provenienza.ente, COMO);
    assert!(read.provenienza_famiglia.is_some());
    let text = answer.body.to_string().to_uppercase();
    for value in ["ROSSI", "MARIO", "1980", "VITTORIO", WIFE, CHILD, ROSSI] {
        assert!(!text.contains(value), "{value} left: {text}");
    }
}

#[tokio::test]
async fn what_is_not_so_is_denied_and_what_may_be_so_is_not() {
    let province = Province::with(with_verification);
    let portal = province.portal("portale-due");
    let lives = |street: &str| json!({ "comune": { "codice_istat": COMO }, "indirizzo": street });
    for (kind, declared, told) in [
        ("cognome", json!("Bianchi"), said("non_confermata", "")),
        (
            "nome",
            json!("Mario Luigi"),
            said("non_verificabile", "non_confrontabile"),
        ),
        (
            "data_nascita",
            json!("1980-01-02"),
            said("non_confermata", ""),
        ),
        (
            "luogo_nascita",
            json!({ "codice_belfiore": "C933" }),
            said("confermata", ""),
        ),
        (
            "luogo_nascita",
            json!({ "codice_belfiore": "Z110" }),
            said("non_confermata", ""),
        ),
        ("in_vita", json!(false), said("non_confermata", "")),
        (
            "residenza",
            lives("V. Vitt. Emanuele II, 97"),
            said("non_verificabile", "non_confrontabile"),
        ),
        ("residenza", lives("Via Milano"), said("non_confermata", "")),
        (
            "residenza",
            json!({ "comune": { "codice_istat": CANTU } }),
            said("non_confermata", ""),
        ),
        (
            "cittadinanza",
            json!({ "codice_stato": "FRA" }),
            said("non_verificabile", "non_confrontabile"),
        ),
        (
            "stato_civile",
            json!({ "codice": "1" }),
            said("non_confermata", ""),
        ),
    ] {
        let answer = verify(&portal, COMO, ROSSI, json!({ kind: declared })).await;
        assert_eq!(word(&answer, kind), told, "{kind} {declared}");
    }
    let families = json!([{ "codice_fiscale": STRANGER }, { "codice_fiscale": CHILD, "relazione_parentela": { "codice": "2" } }]);
    let answer = verify(&portal, COMO, ROSSI, json!({ "componenti": families })).await;
    let members = published(&answer).esiti.componenti;
    assert!(
        members
            .iter()
            .all(|word| word.esito == Conferma::NonConfermata),
        "{}",
        answer.body
    );
    assert!(
        answer.body.get("provenienza_famiglia").is_none(),
        "one source, one provenance"
    );
}

#[tokio::test]
async fn of_who_died_or_left_the_ente_says_only_what_it_can() {
    let province = Province::with(with_verification);
    let portal = province.portal("portale-due");
    let (left, died) = ("PRTPTR88T01C933Y", "CMPLDA41A21C933G");
    let lives = |comune: &str| json!({ "comune": { "codice_istat": comune } });
    for (person, kind, declared, told) in [
        (died, "in_vita", json!(true), said("non_confermata", "")),
        (
            died,
            "residenza",
            lives(COMO),
            said("non_verificabile", "posizione_non_risolutiva"),
        ),
        (
            left,
            "in_vita",
            json!(true),
            said("non_verificabile", "posizione_non_risolutiva"),
        ),
        (left, "residenza", lives(COMO), said("non_confermata", "")),
        (
            left,
            "residenza",
            lives("015146"),
            said("non_verificabile", "posizione_non_risolutiva"),
        ),
        (
            left,
            "stato_anagrafico",
            json!("residente"),
            said("non_confermata", ""),
        ),
    ] {
        let answer = verify(&portal, COMO, person, json!({ kind: declared })).await;
        assert_eq!(word(&answer, kind), told, "{person} {kind} {declared}");
    }
    let unknown = verify(&portal, COMO, STRANGER, json!({ "in_vita": true })).await;
    assert_eq!(unknown.slug(), "soggetto-non-trovato");
}

#[tokio::test]
async fn the_record_keeps_the_kinds_and_the_declared_members_and_nobody_else() {
    let province = Province::with(with_verification);
    let portal = province.portal("portale-due");
    let declared = json!({ "cognome": "Rossi", "componenti": [{ "codice_fiscale": STRANGER }] });
    let answer = verify(&portal, COMO, ROSSI, declared).await;
    let row = recorded(&province, &answer).await;
    assert_eq!(row["operation"], "anagrafe.verifiche-dichiarazione");
    assert_eq!(row["outcome"], "risposto");
    let subjects = row["subjects"].as_array().expect("subjects");
    let mut roles: Vec<&str> = subjects
        .iter()
        .filter_map(|one| one["role"].as_str())
        .collect();
    roles.sort_unstable();
    // The two others of the family were looked at by nobody.
    assert_eq!(roles, ["cercato", "componente", "interessato"], "{row}");
    let refused = verify(
        &portal,
        COMO,
        STRANGER,
        json!({ "componenti": [{ "codice_fiscale": ROSSI }] }),
    )
    .await;
    assert_eq!(refused.status, 404, "{}", refused.body);
    let row = recorded(&province, &refused).await;
    assert_eq!(row["subjects"].as_array().map(Vec::len), Some(1), "{row}");
}

#[tokio::test]
async fn whom_an_ente_protects_is_as_unknown_to_verifications_as_to_searches() {
    let province = Province::with(|files| {
        protected::prepared(files);
        with_verification(files);
    });
    let portal = province.portal("portale-due");
    let member = |code: &str| json!({ "componenti": [{ "codice_fiscale": code }] });
    let before = verify(&portal, COMO, ROSSI, member(CHILD)).await;
    assert_eq!(before.body["esiti"]["componenti"][0]["esito"], "confermata");
    let officer = province.operator(protected::OFFICER);
    protected::protect(&officer, CHILD, "2099-12-31").await;
    // The member is as one who does not belong: that the answer knew better would show where they are.
    let [hidden, stranger] =
        [CHILD, STRANGER].map(|code| verify(&portal, COMO, ROSSI, member(code)));
    let (hidden, stranger) = futures_util::future::join(hidden, stranger).await;
    assert_eq!(
        hidden.body["esiti"], stranger.body["esiti"],
        "{}",
        hidden.body
    );
    let [themselves, nobody] =
        [CHILD, STRANGER].map(|code| verify(&portal, COMO, code, json!({ "in_vita": true })));
    let (themselves, nobody) = futures_util::future::join(themselves, nobody).await;
    assert_eq!(
        themselves.slug(),
        "soggetto-non-trovato",
        "{}",
        themselves.body
    );
    assert_eq!(themselves.slug(), nobody.slug());
}

#[tokio::test]
async fn only_the_granted_kinds_can_be_asked_and_each_question_counts() {
    let province = Province::with(|files| with_kinds(files, "\"cognome\"", 2));
    let portal = province.portal("portale-due");
    let name = json!({ "cognome": "Rossi" });
    let more = json!({ "cognome": "Rossi", "in_vita": true });
    assert_eq!(
        verify(&portal, COMO, ROSSI, more).await.slug(),
        "non-autorizzato"
    );
    // The second portal may verify here, and ask for no record.
    assert_eq!(portal.persona(COMO, ROSSI).await.slug(), "non-autorizzato");
    // The first one may ask for records, and verify nothing.
    let first = province.portal("portale-uno");
    assert_eq!(
        verify(&first, COMO, ROSSI, name.clone()).await.slug(),
        "non-autorizzato"
    );
    for _ in 0..2 {
        let answer = verify(&portal, COMO, ROSSI, name.clone()).await;
        assert_eq!(word(&answer, "cognome"), said("confermata", ""));
    }
    // The answer waits in the cache, the guess counts all the same.
    let spent = verify(&portal, COMO, ROSSI, json!({ "cognome": "Verdi" })).await;
    assert_eq!(spent.status, 429, "{}", spent.body);
}

#[tokio::test]
async fn the_family_is_asked_for_only_where_a_member_is_declared_and_answers_are_shared() {
    let province = Province::with(with_verification);
    let portal = province.portal("portale-due");
    let calls = || async {
        province
            .simulators
            .count("d1", "ByCodiceFiscaleETipoPersona")
            .await
    };
    let before = calls().await;
    let anna = json!({ "cognome": "Bianchi" });
    for cached in [false, true] {
        let answer = verify(&portal, CANTU, STRANGER, anna.clone()).await;
        let read = published(&answer);
        assert_eq!(read.provenienza.da_cache, cached);
    }
    assert_eq!(calls().await - before, 1);
    let declared = json!({ "cognome": "Bianchi", "componenti": [{ "codice_fiscale": ROSSI }] });
    let answer = verify(&portal, CANTU, STRANGER, declared).await;
    let told = json!([{ "esito": "non_verificabile", "motivo": "dato_non_disponibile" }]);
    assert_eq!(answer.body["esiti"]["componenti"], told, "{}", answer.body);
    assert_eq!(answer.body["esiti"]["cognome"]["esito"], "confermata");
    let alone = json!({ "componenti": [{ "codice_fiscale": ROSSI }] });
    let alone = verify(&portal, CANTU, STRANGER, alone).await;
    assert_eq!(alone.slug(), "servizio-non-offerto");
}

#[tokio::test]
async fn an_ente_that_answers_later_does_not_offer_it_and_the_catalogue_says_where_it_is_offered() {
    let province = Province::with(|files| {
        with_verification(files);
        files.erba_answers_later("10s");
    });
    let portal = province.portal("portale-due");
    let later = verify(
        &portal,
        ERBA,
        "FOXLAX01B28D416I",
        json!({ "in_vita": true }),
    )
    .await;
    assert_eq!(later.slug(), "servizio-non-offerto", "{}", later.body);
    let first = province.portal("portale-uno");
    let offered = |ente: &'static str| {
        let first = &first;
        async move {
            let services = first
                .get(&format!("/rest/catalogo/v1/enti/{ente}/servizi"))
                .await;
            let items = services.body["items"].as_array().expect("services").clone();
            let mut items = items.into_iter();
            items.find(|item| item["operazione"] == "anagrafe.verifiche-dichiarazione")
        }
    };
    assert!(offered(ERBA).await.is_none());
    let kinds = |service: &Value| {
        let kinds = service["campi_disponibili"]
            .as_array()
            .expect("kinds")
            .clone();
        kinds
            .into_iter()
            .filter_map(|kind| kind.as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let como = kinds(&offered(COMO).await.expect("offered"));
    assert_eq!(como.len(), 11, "{como:?}");
    let cantu = kinds(&offered(CANTU).await.expect("offered"));
    assert!(
        cantu.contains(&"in_vita".to_owned()) && !cantu.contains(&"componenti".to_owned()),
        "{cantu:?}"
    );
}

#[tokio::test]
async fn malformed_declarations_are_told_by_field_and_never_by_value() {
    let province = Province::with(with_verification);
    let portal = province.portal("portale-due");
    for (declared, field) in [
        (json!({}), "dichiarazioni"),
        (json!([]), "corpo"),
        (json!({ "cognome": null }), "cognome"),
        (json!({ "cognome": "" }), "cognome"),
        (json!({ "cognome": "A\nB" }), "cognome"),
        (json!({ "soprannome": "Rosso" }), "corpo"),
        (json!({ "sesso": "m" }), "sesso"),
        (json!({ "data_nascita": "1980-02-30" }), "data_nascita"),
        (json!({ "in_vita": "true" }), "in_vita"),
        (
            json!({ "stato_anagrafico": "non_dichiarato" }),
            "stato_anagrafico",
        ),
        (json!({ "luogo_nascita": ["013075"] }), "corpo"),
        (json!({ "luogo_nascita": null }), "corpo"),
        (json!({ "luogo_nascita": {} }), "luogo_nascita"),
        (
            json!({ "luogo_nascita": { "codice_istat": "013075", "codice_belfiore": "C933" } }),
            "luogo_nascita",
        ),
        (
            json!({ "residenza": { "indirizzo": "Via Roma" } }),
            "residenza.comune.codice_istat",
        ),
        (
            json!({ "cittadinanza": { "codice_stato": "ita" } }),
            "cittadinanza.codice_stato",
        ),
        (
            json!({ "stato_civile": { "codice": "02" } }),
            "stato_civile.codice",
        ),
        (json!({ "componenti": [] }), "componenti"),
        (
            json!({ "componenti": [{ "codice_fiscale": ROSSI }] }),
            "componenti",
        ),
        (
            json!({ "componenti": [{ "codice_fiscale": WIFE }, { "codice_fiscale": WIFE }] }),
            "componenti",
        ),
    ] {
        let answer = verify(&portal, COMO, ROSSI, declared.clone()).await;
        assert_eq!(answer.status, 400, "{declared}: {}", answer.body);
        let told = answer.body.to_string();
        assert!(
            told.contains(&format!("\"{field}\"")) || told.contains(field),
            "{declared}: {told}"
        );
        for value in ["Rosso", "1980-02-30", WIFE] {
            assert!(!told.contains(value), "{told}");
        }
    }
}
