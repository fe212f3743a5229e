//! The national registry as a back end: asked by each body for itself, in one person's name, for one file; never kept, shared or mixed.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::files::{Files, grant};
use crate::harness::platform::{AUDIENCE, Client, agree};
use crate::harness::portal::{Answer, PURPOSE};
use crate::harness::province::Province;
use crate::tokens::Keys;

const AL_FO: &str = "FOXLAX01B28D416I";
const ERBA: &str = "013095";
const CANTU: &str = "013041";
const BASE: &str = "https://modipa-val.anpr.interno.it/govway/rest/in/MinInternoPortaANPR";
const C001: &str = "C001–servizioNotifica";
const C021: &str = "C021-servizioAccertamentoStatoFamiglia";
const MINISTRY: &str = "0e9e2dab-2e93-4f24-ba59-38d9f11198ca";

/// The bodies, their clients' names, and a purpose of theirs for an e-service.
const USES: [(&str, &str, &str, &str, &str); 3] = [
    (
        ERBA,
        "erba",
        "anpr.ricerche-recapito",
        C001,
        "5b8f2f0e-0001-4a55-9f0c-000000000001",
    ),
    (
        ERBA,
        "erba",
        "anpr.ricerche-famiglia",
        C021,
        "5b8f2f0e-0021-4a55-9f0c-000000000001",
    ),
    (
        CANTU,
        "cantu",
        "anpr.ricerche-recapito",
        C001,
        "5b8f2f0e-0001-4a55-9f0c-000000000002",
    ),
];

const GRANT: &str = "concessioni/anpr.toml";

/// Gateway, town halls, platform and registry.
struct Country {
    province: Province,
}

impl Country {
    async fn start() -> Country {
        Country::with(|_| {}).await
    }

    async fn with(revise: impl FnOnce(&mut Files)) -> Country {
        let clients = ["erba", "cantu"].map(|body| (body, Client::of(body)));
        let province = Province::with(|files| {
            configured(files, &clients);
            revise(files);
        });
        for (_, client) in &clients {
            client.register(&province.simulators).await;
        }
        for (_, body, _, service, purpose) in USES {
            let purpose = json!({
                "purpose_id": purpose, "consumer_id": body, "eservice_id": service, "descriptor_id": format!("{service}-1"),
                "producer_id": MINISTRY, "audience": format!("{BASE}/{service}/v1"), "ente": null, "audit": true,
            });
            agree(&province.simulators, purpose).await;
        }
        Country { province }
    }

    /// Asks on behalf of an ente in an officer's name.
    async fn ask(&self, ente: &str, what: &str, code: &str) -> Answer {
        let body = json!({ "codice_fiscale": code, "numero_pratica": "2026/12345" });
        self.send(ente, what, body, Some("agente-0042")).await
    }

    async fn send(&self, ente: &str, what: &str, body: Value, officer: Option<&str>) -> Answer {
        let keys = Keys::of(&self.province, "portale-uno");
        let message = match officer {
            Some(officer) => {
                let person = json!({ "userID": officer, "userLocation": "sportello-01", "LoA": "substantial" });
                keys.message_over(body.to_string(), person).await
            }
            None => keys.message_without_evidence(body.to_string()).await,
        };
        let path = format!("/rest/anpr/v1/enti/{ente}/{what}");
        let portal = self.province.portal("portale-uno");
        message.send_to(&portal, &path).await
    }

    /// Every fault that the registry can show; asked for one that is not among them, the simulators tell.
    async fn possible_faults(&self) -> Vec<String> {
        let order = json!({ "dialect": "d0", "fault": "single_session" });
        let answer = self.province.simulators.order(&order).await;
        let possible = answer["possible"].as_array().expect("a refusal").iter();
        let names = possible.map(|fault| fault.as_str().expect("a name").to_owned());
        names.collect()
    }

    async fn calls(&self) -> (u64, u64) {
        let simulators = &self.province.simulators;
        let counted = ["C001", "C021"].map(|service| simulators.count("d0", service));
        let [notified, families] = counted;
        (notified.await, families.await)
    }

    async fn fault(&self, dialect: &str, fault: &str) {
        let order = json!({ "dialect": dialect, "fault": fault });
        self.province.simulators.fault(order).await;
    }
}

fn configured(files: &mut Files, clients: &[(&str, Client); 2]) {
    crate::tokens::demanding(files);
    let address_of = |files: &Files, wanted: u16| {
        let mut known = files.back_ends.others.iter();
        known.find(|(port, _)| *port == wanted).unwrap().1.clone()
    };
    let (anpr, pdnd) = (address_of(files, 18100), files.back_ends.pdnd.clone());
    let mut instance = format!(
        "[[instance]]\nname = \"anpr\"\nadapter = \"anpr\"\naddress = \"{anpr}/govway/rest/in/MinInternoPortaANPR-PDND\"\n\
         bounds = {{ connect_deadline = \"1s\", answer_deadline = \"3s\", concurrency = 8, per_ente = 1, tries = 1 }}\n\
         [instance.modi]\naudience = \"{BASE}\"\nreference = \"kid\"\npatterns = [\"INTEGRITY_REST_02\", \"AUDIT_REST_02\"]\n\
         [instance.pdnd]\ntoken_address = \"{pdnd}/token.oauth2\"\naudience = \"{AUDIENCE}\"\n"
    );
    for (name, client) in clients {
        instance.push_str(&format!(
            "[instance.pdnd.clients.{name}]\nid = \"{}\"\nkey = {{ file = \"../segreti/{name}.key\", until = \"2029-12-31\" }}\n",
            client.id
        ));
        files.put(&format!("segreti/{name}.key"), client.key.clone());
    }
    for (ente, client, operation, service, purpose) in USES {
        instance.push_str(&format!(
            "[[instance.pdnd.uses]]\nclient = \"{client}\"\npurpose_id = \"{purpose}\"\naudience = \"{BASE}/{service}/v1\"\n\
             enti = [\"{ente}\"]\noperations = [\"{operation}\"]\n"
        ));
    }
    let bound = |instance: &str| {
        let line = format!("[ente.servizi.tributi]\ninstance = \"{instance}\"");
        let with = format!("{line}\n[ente.servizi.anpr]\ninstance = \"anpr\"");
        (line, with)
    };
    for (line, with) in ["erba-next", "cantu-next"].map(bound) {
        files.replace("enti/prove.toml", &line, &with);
    }
    files.append("istanze/prove.toml", &instance).put(
        GRANT,
        grant(
            "portale-uno",
            &format!(
                "id = \"anpr\"\nversion = 1\noperations = [\"anpr.ricerche-recapito\", \"anpr.ricerche-famiglia\"]\n\
                 enti = {{ only = [\"{ERBA}\", \"{CANTU}\"] }}\n\
                 fields = [\"codice_fiscale\", \"cognome\", \"nome\", \"stato_anagrafico\", \"residenza\", \"relazione_parentela\"]\n\
                 purposes = [\"{PURPOSE}\"]\nfresh = true\n"
            ),
        ),
    );
}

#[tokio::test]
async fn an_act_is_notified_where_the_national_registry_says_and_nobody_else_gets_that_answer() {
    let country = Country::start().await;
    let answer = country.ask(ERBA, "ricerche-recapito", AL_FO).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told = &answer.body["persona"];
    assert_eq!(told["cognome"], "FO");
    assert_eq!(told["residenza"]["indirizzo"], "VIA DELLE PROVE");
    assert_eq!(told["residenza"]["comune"]["codice_istat"], "013095");
    let origin = &answer.body["provenienza"];
    assert_eq!(
        (&origin["fonte"], &origin["da_cache"]),
        (&json!("anpr"), &json!(false))
    );
    assert_eq!(origin["ente"], ERBA);
    assert!(answer.body["avvertenza"].as_str().unwrap().contains("ANPR"));
    // The very same question again, and by a herd at once: each is asked anew.
    let herd = join_all((0..6).map(|_| country.ask(ERBA, "ricerche-recapito", AL_FO))).await;
    for answer in herd {
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.body["provenienza"]["da_cache"], false);
    }
    assert_eq!(country.calls().await, (7, 0));
    let log = country.province.log();
    for hidden in ["agente-0042", AL_FO, "2026/12345", "eyJ"] {
        assert!(!log.contains(hidden), "{hidden}");
    }
}

#[tokio::test]
async fn a_family_is_told_by_the_e_service_made_for_it() {
    let country = Country::start().await;
    let answer = country.ask(ERBA, "ricerche-famiglia", AL_FO).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let members = answer.body["famiglia"]["componenti"].as_array().unwrap();
    assert_eq!(members[0]["codice_fiscale"], AL_FO);
    assert_eq!(members[0]["relazione_parentela"]["codice"], "1");
    assert_eq!(answer.body["provenienza"]["fonte"], "anpr");
    assert_eq!(country.calls().await, (0, 1));
}

#[tokio::test]
async fn a_municipal_grant_is_none_for_the_national_registry_nor_the_other_way_round() {
    let narrow = |files: &mut Files| {
        files.replace(
            GRANT,
            "operations = [\"anpr.ricerche-recapito\", \"anpr.ricerche-famiglia\"]",
            "operations = [\"anpr.ricerche-famiglia\"]",
        );
        files.replace(GRANT, "\"residenza\", ", "");
    };
    let country = Country::with(narrow).await;
    let refused = country.ask(ERBA, "ricerche-recapito", AL_FO).await;
    assert_eq!((refused.status, refused.slug()), (403, "non-autorizzato"));
    // All of the municipal operations are granted, with every field.
    let of_another = |files: &mut Files| {
        files.put(
            GRANT,
            grant(
                "portale-due",
                &format!(
                    "id = \"anpr\"\nversion = 2\noperations = [\"anpr.ricerche-famiglia\"]\nenti = \"all\"\n\
                     fields = [\"codice_fiscale\"]\npurposes = [\"{PURPOSE}\"]\n"
                ),
            ),
        );
    };
    let country = Country::with(of_another).await;
    for what in ["ricerche-recapito", "ricerche-famiglia"] {
        let refused = country.ask(ERBA, what, AL_FO).await;
        assert_eq!((refused.status, refused.slug()), (403, "non-autorizzato"));
    }
    // And who may ask the national registry may not ask the municipal one.
    let portal = country.province.portal("portale-due");
    let refused = portal.famiglia(ERBA, AL_FO).await;
    assert_eq!((refused.status, refused.slug()), (403, "non-autorizzato"));
    assert_eq!(country.calls().await, (0, 0));
    assert_eq!(country.province.simulators.count("pdnd", "token").await, 0);
}

#[tokio::test]
async fn a_body_without_a_use_of_the_e_service_is_refused_before_anybody_is_called() {
    let country = Country::start().await;
    let answer = country.ask(CANTU, "ricerche-recapito", AL_FO).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // Cantù has agreed on C001 alone; C021 of Erba is not its own, nor does C001 stand in.
    let refused = country.ask(CANTU, "ricerche-famiglia", AL_FO).await;
    assert_eq!(
        (refused.status, refused.slug()),
        (501, "servizio-non-offerto"),
        "{}",
        refused.body
    );
    assert_eq!(country.calls().await, (1, 0));
    assert_eq!(country.province.simulators.count("pdnd", "token").await, 1);
}

#[tokio::test]
async fn without_evidence_of_the_user_nobody_is_called() {
    let country = Country::with(|files| {
        files.replace(
            "portali/prove.toml",
            "\"catalogo.enti\" = []",
            "\"catalogo.enti\" = []\n\"anpr.ricerche-recapito\" = [\"ID_AUTH_REST_02\", \"INTEGRITY_REST_01\"]",
        );
    })
    .await;
    let body = json!({ "codice_fiscale": AL_FO, "numero_pratica": "2026/12345" });
    let refused = country.send(ERBA, "ricerche-recapito", body, None).await;
    assert_eq!(
        (refused.status, refused.slug()),
        (401, "token-mancante"),
        "{}",
        refused.body
    );
    assert_eq!(country.calls().await, (0, 0));
    assert_eq!(country.province.simulators.count("pdnd", "token").await, 0);
}

#[tokio::test]
async fn the_national_registry_and_a_municipal_one_never_stand_in_for_each_other() {
    let country = Country::start().await;
    country.fault("d0", "html_502").await;
    let failed = country.ask(ERBA, "ricerche-famiglia", AL_FO).await;
    assert_eq!(failed.status, 503, "{}", failed.body);
    assert_eq!(
        country
            .province
            .simulators
            .count("d6", "RicercaIndividui")
            .await,
        0
    );
    country.province.simulators.mend().await;
    country.fault("d6", "html_502").await;
    let keys = Keys::of(&country.province, "portale-uno");
    let person =
        json!({ "userID": "agente-0042", "userLocation": "sportello-01", "LoA": "substantial" });
    let body = json!({ "codice_fiscale": AL_FO }).to_string();
    let message = keys.message_over(body, person).await;
    let portal = country.province.portal("portale-uno");
    let path = format!("/rest/anagrafe/v1/enti/{ERBA}/ricerche-famiglia");
    let failed = message.send_to(&portal, &path).await;
    assert_eq!(failed.status, 503, "{}", failed.body);
    assert_eq!(country.calls().await, (0, 1));
}

#[tokio::test]
async fn who_is_unknown_or_dead_is_nobody_and_a_refused_token_is_our_own_fault() {
    let country = Country::start().await;
    let unknown = country
        .ask(ERBA, "ricerche-recapito", "RSSMRA80A01H501U")
        .await;
    let people = dead();
    let dead = country.ask(ERBA, "ricerche-recapito", &people).await;
    for answer in [&unknown, &dead] {
        assert_eq!(
            (answer.status, answer.slug()),
            (404, "soggetto-non-trovato"),
            "{}",
            answer.body
        );
    }
    let without = json!({ "codice_fiscale": AL_FO });
    let refused = country
        .send(ERBA, "ricerche-recapito", without, Some("agente-0042"))
        .await;
    assert_eq!(
        (refused.status, refused.slug()),
        (400, "campo-non-valido"),
        "{}",
        refused.body
    );
    assert_eq!(country.calls().await, (2, 0));
}

#[tokio::test]
async fn tokens_that_name_the_address_instead_of_the_audience_are_refused_as_our_own_fault() {
    let country = Country::with(|files| {
        let right = format!("audience = \"{BASE}/{C001}/v1\"");
        let wrong = right.replace("PortaANPR/", "PortaANPR-PDND/");
        files.replace("istanze/prove.toml", &right, &wrong);
    })
    .await;
    let refused = country.ask(ERBA, "ricerche-recapito", AL_FO).await;
    assert_eq!(
        (refused.status, refused.slug()),
        (502, "gestionale-in-errore"),
        "{}",
        refused.body
    );
    assert_eq!(refused.body["lato"], "gateway");
    let told = country.ask(ERBA, "ricerche-famiglia", AL_FO).await;
    assert_eq!(told.status, 200, "{}", told.body);
}

#[tokio::test]
async fn evidence_without_a_level_of_assurance_is_the_portals_fault_and_reaches_nobody() {
    let country = Country::start().await;
    let keys = Keys::of(&country.province, "portale-uno");
    let portal = country.province.portal("portale-uno");
    for what in ["ricerche-recapito", "ricerche-famiglia"] {
        let body = json!({ "codice_fiscale": AL_FO, "numero_pratica": "2026/12345" });
        let person = json!({ "userID": "agente-0042", "userLocation": "sportello-01" });
        let message = keys.message_over(body.to_string(), person).await;
        let path = format!("/rest/anpr/v1/enti/{ERBA}/{what}");
        let refused = message.send_to(&portal, &path).await;
        let told = (refused.status, refused.slug());
        assert_eq!(told, (401, "token-non-valido"), "{}", refused.body);
        assert_eq!(refused.body["lato"], "portale");
    }
    assert_eq!(country.calls().await, (0, 0));
}

/// What the portal must be told of a fault of the registry: status, problem and whose fault it is; `None`: the true answer.
fn outcome(fault: &str, what: &str) -> Option<(u16, &'static str, &'static str)> {
    match fault {
        // Late, or in a charset that this person's name does not show; and a family has several members anyway.
        "slow" | "wrong_charset" => None,
        "ambiguous" if what == "ricerche-famiglia" => None,
        "not_found" => Some((404, "soggetto-non-trovato", "portale")),
        "ambiguous" => Some((409, "soggetto-ambiguo", "ente")),
        "auth_fail" | "expired_token" => Some((502, "gestionale-in-errore", "gateway")),
        "too_many_requests" => Some((503, "gestionale-occupato", "ente")),
        "internal_error" => Some((502, "gestionale-in-errore", "ente")),
        "hang" => Some((504, "gestionale-non-risponde", "ente")),
        "html_502" | "maintenance" | "drop" => Some((503, "gestionale-non-disponibile", "ente")),
        "truncated_body" | "huge" | "garbage" => Some((502, "risposta-incomprensibile", "ente")),
        other => panic!("what must come of {other}?"),
    }
}

#[tokio::test]
async fn every_failure_of_the_national_registry_is_named_and_none_is_a_person_who_is_not_there() {
    let sunny = Country::start().await;
    let possible = sunny.possible_faults().await;
    assert!(possible.len() > 10, "{possible:?}");
    for what in ["ricerche-recapito", "ricerche-famiglia"] {
        let truth = sunny.ask(ERBA, what, AL_FO).await.body;
        let persons = |body: &Value| (body["persona"].clone(), body["famiglia"].clone());
        for fault in &possible {
            // Afresh: no breaker and no voucher remembers the last fault.
            let country = Country::start().await;
            let order = json!({ "dialect": "d0", "fault": fault, "ms": 300 });
            country.province.simulators.fault(order).await;
            let answer = country.ask(ERBA, what, AL_FO).await;
            let place = format!("{fault} {what}: {}", answer.body);
            let Some((status, slug, side)) = outcome(fault, what) else {
                assert_eq!(answer.status, 200, "{place}");
                assert_eq!(persons(&answer.body), persons(&truth), "{place}");
                continue;
            };
            assert_eq!((answer.status, answer.slug()), (status, slug), "{place}");
            assert_eq!(answer.body["lato"], side, "{place}");
            assert!(!answer.body.to_string().contains(AL_FO), "{place}");
        }
    }
}

/// A person of Erba who died a week ago.
fn dead() -> String {
    let output = std::process::Command::new(crate::harness::process::program("simulators"))
        .args(["people", "--case", "deceduto", "--ente", "D416"])
        .output()
        .unwrap();
    let line: Value =
        serde_json::from_slice(output.stdout.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    line["codice_fiscale"].as_str().unwrap().to_owned()
}
