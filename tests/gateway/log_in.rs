//! A citizen logs in to a portal with their card, and the portal shows them to the gateway: codes and tokens are good once, for whom
//! they were given, and for a while.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::{Certificate, Identity, Method, Url};
use serde_json::{Value, json};

use crate::harness::files::Files;
use crate::harness::portal::{Answer, PURPOSE, Portal};
use crate::harness::province::Province;

/// Somebody of Cantù, and somebody else of there.
pub const CITIZEN: &str = "BNCNNA75T71B639E";
pub const ANOTHER: &str = "RSSMRA80A01H501U";
pub const PATH: &str = "/rest/anagrafe/v1/enti/013041/ricerche-persona";
const RETURN: &str = "https://sportello.example/ritorno?da=carte";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const STATE: &str = "stato-della-prova";
const DOOR: &str = "https://portali.example:8443";

/// Cards are shown at a host of its own, for the first portal.
pub fn with_log_in(files: &mut Files) {
    files
        .append(
            "pontile.toml",
            &format!(
                "[signer]\nissuer = \"pontile.provincia.example.it\"\nkey = {{ file = \"pki/server.key\" }}\ncertificate = \"pki/server.pem\"\n\
                 [login]\nname = \"localhost\"\naddress = \"127.0.0.1:0\"\ncertificate = \"pki/server.pem\"\nkey = \"pki/server.key\"\n\
                 authorities = [\"pki/root.pem\"]\nrevocations = [\"pki/root.crl.pem\"]\n\
                 [login.oidc]\nissuer = \"https://carte.example\"\nportals_door = \"{DOOR}\"\n"
            ),
        )
        .replace(
            "portali/prove.toml",
            "[[portal]]\nname = \"portale-due\"",
            &format!("[portal.login]\nredirect_uris = [\"{RETURN}\"]\n\n[[portal]]\nname = \"portale-due\""),
        )
        .replace(
            "concessioni/tutto.toml",
            "chi = \"sistema\"",
            "chi = { interessato = \"high\", verificata = true }",
        );
}

/// A citizen's browser, with a card or without.
pub struct Browser {
    client: reqwest::Client,
    base: String,
}

impl Browser {
    pub fn with_card(province: &Province, card: Option<&str>) -> Browser {
        let root = Certificate::from_pem(&province.pki.read("root.pem")).expect("the root");
        let mut client = reqwest::Client::builder()
            .tls_certs_only([root])
            .redirect(reqwest::redirect::Policy::none());
        if let Some(card) = card {
            let mut identity = province.pki.read(&format!("{card}.pem"));
            identity.extend(province.pki.read(&format!("{card}.key")));
            client = client.identity(Identity::from_pem(&identity).expect("an identity"));
        }
        Browser {
            client: client.build().expect("a client"),
            base: province.cards().to_owned(),
        }
    }

    /// Status, address to go to, page.
    async fn get(&self, path: &str, query: &[(&str, &str)]) -> (u16, Option<Url>, String) {
        let address =
            Url::parse_with_params(&format!("{}{path}", self.base), query).expect("an address");
        self.fetch(address).await
    }

    async fn fetch(&self, address: Url) -> (u16, Option<Url>, String) {
        let answer = self.client.get(address).send().await.expect("an answer");
        let location = answer
            .headers()
            .get("location")
            .map(|to| to.to_str().expect("text"));
        let location = location.map(|to| Url::parse(to).expect("an address"));
        (
            answer.status().as_u16(),
            location,
            answer.text().await.expect("a page"),
        )
    }

    /// Asks for a code, with some of the parameters changed; an empty one is left out.
    async fn asks(&self, changed: &[(&str, &str)]) -> (u16, Option<Url>, String) {
        self.fetch(self.asked(changed)).await
    }

    /// The address of that.
    fn asked(&self, changed: &[(&str, &str)]) -> Url {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
        let mut query = BTreeMap::from([
            ("client_id", "portale-uno"),
            ("redirect_uri", RETURN),
            ("response_type", "code"),
            ("scope", "openid"),
            ("state", STATE),
            ("nonce", "numero-della-prova"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        query.extend(changed.iter().copied());
        let query: Vec<_> = query
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Url::parse_with_params(&format!("{}/accesso", self.base), &query).expect("an address")
    }

    pub async fn code(&self) -> String {
        let (status, location, page) = self.asks(&[]).await;
        assert_eq!(status, 303, "{page}");
        let told = parameters(&location.expect("an address"));
        assert_eq!(
            (told["state"].as_str(), told["iss"].as_str()),
            (STATE, "https://carte.example")
        );
        assert_eq!(told["da"], "carte", "what the address had stays");
        told["code"].clone()
    }
}

fn parameters(address: &Url) -> BTreeMap<String, String> {
    let pairs = address.query_pairs();
    pairs
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// Brings a code to the portals' door, with some of the form's fields changed.
pub async fn redeem(portal: &Portal, code: &str, changed: &[(&str, &str)]) -> Answer {
    let mut form = BTreeMap::from([
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", RETURN),
        ("client_id", "portale-uno"),
        ("code_verifier", VERIFIER),
    ]);
    form.extend(changed.iter().copied());
    form.retain(|_, value| !value.is_empty());
    let request = portal.request(Method::POST, "/accesso/token");
    let body = serde_urlencoded::to_string(&form).expect("a form");
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    portal.send(request.body(body)).await
}

pub async fn asks_about(portal: &Portal, person: &str, token: Option<&str>) -> Answer {
    let request = portal
        .request(Method::POST, PATH)
        .header("Purpose-Id", PURPOSE)
        .json(&json!({ "codice_fiscale": person }));
    portal
        .send(match token {
            Some(token) => request.header("Citizen-Token", token),
            None => request,
        })
        .await
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a payload");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).expect("base64url"))
        .expect("JSON")
}

fn province() -> Province {
    let province = Province::with(with_log_in);
    province.pki.card("carta", CITIZEN);
    province.pki.card("altra", ANOTHER);
    province
}

#[tokio::test]
async fn a_citizen_logs_in_and_sees_their_own_record_and_nobody_elses() {
    let province = province();
    let browser = Browser::with_card(&province, Some("carta"));
    let portal = province.portal("portale-uno");
    let given = redeem(&portal, &browser.code().await, &[]).await;
    assert_eq!(given.status, 200, "{}", given.body);
    assert_eq!(given.header("cache-control"), "no-store");
    assert_eq!(
        (&given.body["token_type"], &given.body["expires_in"]),
        (&json!("Bearer"), &json!(300))
    );
    let id = claims(given.body["id_token"].as_str().expect("a token"));
    for (name, value) in [
        ("iss", json!("https://carte.example")),
        ("aud", json!("portale-uno")),
        ("nonce", json!("numero-della-prova")),
        ("codice_fiscale", json!(CITIZEN)),
        ("family_name", json!("ROSSI")),
        ("given_name", json!("MARIO")),
        ("tipo_carta", json!("cns")),
        ("acr", json!("http://eidas.europa.eu/LoA/high")),
    ] {
        assert_eq!(id[name], value, "{id}");
    }
    assert!(
        id["auth_time"]
            .as_i64()
            .is_some_and(|at| at <= id["iat"].as_i64().unwrap_or(0))
    );

    let token = given.body["access_token"].as_str().expect("a token");
    let own = asks_about(&portal, CITIZEN, Some(token)).await;
    assert_eq!(own.status, 200, "{}", own.body);
    let other = asks_about(&portal, ANOTHER, Some(token)).await;
    assert_eq!(
        (other.status, other.slug()),
        (403, "richiedente-non-dimostrato")
    );
    let nobody = asks_about(&portal, CITIZEN, None).await;
    assert_eq!(
        (nobody.status, nobody.slug()),
        (403, "richiedente-non-dimostrato")
    );
    assert_eq!(
        nobody.body["detail"], other.body["detail"],
        "whether somebody is known shows in none"
    );

    // The record keeps that the citizen was verified, and where from; nobody's code stands in it or in the log.
    let scambio = own.header("x-correlation-id");
    let row = province
        .operator("operatore-uno")
        .get(&format!("/record?scambio={scambio}"))
        .await;
    let tokens = row.body["items"][0]["tokens"].clone();
    assert_eq!(
        (&tokens[0]["kind"], &tokens[0]["pattern"]),
        (&json!("citizen"), &json!("verificata"))
    );
    let scambio = given.header("x-correlation-id");
    let log_in = province
        .operator("operatore-uno")
        .get(&format!("/record?scambio={scambio}"))
        .await;
    let tokens_given = log_in.body["items"][0]["tokens"].clone();
    assert_eq!(
        (&tokens_given[0]["kind"], &tokens_given[0]["pattern"]),
        (&json!("log_in"), &json!("cns"))
    );
    assert_eq!(tokens_given[0]["token_id"], tokens[0]["token_id"]);
    assert_eq!(tokens_given[0]["person"], tokens[0]["person"]);
    assert!(!province.log().contains(CITIZEN) && !row.body.to_string().contains(CITIZEN));
}

#[tokio::test]
async fn a_code_is_good_once_and_its_second_use_takes_the_token_back() {
    let mut province = province();
    let portal = province.portal("portale-uno");
    let code = Browser::with_card(&province, Some("carta")).code().await;
    for (changed, error) in [
        (
            [("redirect_uri", "https://sportello.example/ritorno?da=cart")],
            "invalid_grant",
        ),
        (
            [(
                "code_verifier",
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            )],
            "invalid_grant",
        ),
        ([("code", "c29sbyBkZWkgYnl0ZQ")], "invalid_grant"),
        ([("client_id", "portale-due")], "invalid_client"),
        ([("grant_type", "password")], "unsupported_grant_type"),
        ([("code_verifier", "")], "invalid_request"),
    ] {
        let refused = redeem(&portal, &code, &changed).await;
        assert_eq!(
            (refused.status, refused.slug()),
            (400, "accesso-non-riuscito"),
            "{changed:?}"
        );
        assert_eq!(refused.body["error"], error, "{changed:?}");
        // As libraries read it: RFC 6749, 5.2.
        assert_eq!(refused.header("content-type"), "application/json");
        assert_eq!(refused.header("cache-control"), "no-store");
        let described = refused.body["error_description"].as_str().expect("a text");
        let may_stand = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(described.bytes().all(may_stand), "{described}");
    }
    let of_other = redeem(
        &province.portal("portale-due"),
        &code,
        &[("client_id", "portale-due")],
    )
    .await;
    assert_eq!(of_other.body["error"], "unauthorized_client");

    let given = redeem(&portal, &code, &[]).await;
    let token = given.body["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    assert_eq!(asks_about(&portal, CITIZEN, Some(&token)).await.status, 200);
    province.crash_and_restart();
    let portal = province.portal("portale-uno");
    assert_eq!(asks_about(&portal, CITIZEN, Some(&token)).await.status, 200);
    let again = redeem(&portal, &code, &[]).await;
    assert_eq!(
        again.body["error"], "invalid_grant",
        "also after a power cut"
    );
    let taken_back = asks_about(&portal, CITIZEN, Some(&token)).await;
    assert_eq!(
        (taken_back.status, taken_back.slug()),
        (401, "token-non-valido")
    );
}

#[tokio::test]
async fn a_token_serves_only_the_portal_and_the_certificate_that_it_was_given_to() {
    let province = Province::with(|files| {
        with_log_in(files);
        files.replace(
            "concessioni/solo-nomi-di-cantu.toml",
            "chi = \"sistema\"",
            "chi = { interessato = \"high\" }",
        );
    });
    province.pki.card("carta", CITIZEN);
    let code = Browser::with_card(&province, Some("carta")).code().await;
    let portal = province.portal("portale-uno");
    let given = redeem(&portal, &code, &[]).await;
    let token = given.body["access_token"].as_str().expect("a token");
    let id_token = given.body["id_token"].as_str().expect("a token");
    let stolen = asks_about(&province.portal("portale-due"), CITIZEN, Some(token)).await;
    assert_eq!((stolen.status, stolen.slug()), (401, "token-non-valido"));
    let (signed, signature) = token.rsplit_once('.').expect("a token");
    let changed = format!("{signed}.{}", signature.chars().rev().collect::<String>());
    let unsigned = format!(
        "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{}.",
        token.split('.').nth(1).expect("claims")
    );
    for wrong in [id_token, &changed, &unsigned, "niente", ""] {
        let refused = asks_about(&portal, CITIZEN, Some(wrong)).await;
        assert_eq!(
            (refused.status, refused.slug()),
            (401, "token-non-valido"),
            "{wrong}"
        );
    }
    let twice = portal
        .request(Method::POST, PATH)
        .header("Purpose-Id", PURPOSE)
        .header("Citizen-Token", token)
        .header("Citizen-Token", token)
        .json(&json!({ "codice_fiscale": CITIZEN }));
    assert_eq!(portal.send(twice).await.status, 401);
    assert!(!province.log().contains(CITIZEN));
}

#[tokio::test]
async fn who_asks_out_of_form_is_told_and_who_is_not_known_is_sent_nowhere() {
    let province = province();
    let browser = Browser::with_card(&province, Some("carta"));
    for unknown in [
        [("redirect_uri", "https://sportello.example/ritorno?da=cartE")],
        [("redirect_uri", "https://sportello.example/ritorno")],
        [("client_id", "portale-due")],
        [("client_id", "nessuno")],
        [("client_id", "")],
    ] {
        let (status, location, page) = browser.asks(&unknown).await;
        assert_eq!((status, location), (400, None), "{unknown:?}");
        assert!(page.contains("Il servizio non è riconosciuto"), "{page}");
    }
    for (wrong, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("scope", "profile"), "invalid_scope"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "corto"), "invalid_request"),
        (("nonce", ""), "invalid_request"),
        (("state", "corto"), "invalid_request"),
        (("prompt", "none"), "interaction_required"),
        (("prompt", "login none"), "interaction_required"),
        (
            ("request_uri", "https://sportello.example/r"),
            "request_not_supported",
        ),
    ] {
        let (status, location, _) = browser.asks(&[wrong]).await;
        let told = parameters(&location.expect("an address"));
        assert_eq!((status, told["error"].as_str()), (303, error), "{wrong:?}");
        assert!(!told.contains_key("code"));
    }
    let (status, location, page) = Browser::with_card(&province, None).asks(&[]).await;
    assert_eq!((status, location), (403, None));
    assert!(page.contains("Nessuna carta"), "{page}");
    province.pki.revoke("altra");
    let (status, ..) = Browser::with_card(&province, Some("portale-uno"))
        .asks(&[])
        .await;
    assert_eq!(status, 403, "no card of a citizen");
}

#[tokio::test]
async fn a_code_is_given_to_a_page_of_its_own_and_not_to_what_another_page_loads_unseen() {
    let province = province();
    let browser = Browser::with_card(&province, Some("carta"));
    let code = browser.asks(&[]).await;
    assert_eq!(
        code.0, 303,
        "a browser that does not say what it loads: {}",
        code.2
    );
    let asked = browser.asked(&[]);
    for (destination, status) in [
        ("document", 303),
        ("iframe", 421),
        ("frame", 421),
        ("image", 421),
        ("empty", 421),
        ("script", 421),
        ("object", 421),
        ("", 421),
    ] {
        let request = browser.client.get(asked.clone());
        let answer = request.header("Sec-Fetch-Dest", destination).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{destination}");
        assert_eq!(answer.headers().contains_key("location"), status == 303);
    }
    // With a portal's wish that the log-in show, it goes on.
    let (status, location, _) = browser.asks(&[("prompt", "login")]).await;
    let told = parameters(&location.expect("an address"));
    assert!(status == 303 && told.contains_key("code"));
}

#[tokio::test]
async fn libraries_find_the_rest_in_the_discovery_document_and_the_keys() {
    let province = province();
    let browser = Browser::with_card(&province, None);
    let (status, _, text) = browser.get("/.well-known/openid-configuration", &[]).await;
    let found: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(status, 200);
    assert_eq!(found["issuer"], "https://carte.example");
    assert_eq!(
        found["authorization_endpoint"],
        "https://carte.example/accesso"
    );
    assert_eq!(found["token_endpoint"], format!("{DOOR}/accesso/token"));
    assert_eq!(found["code_challenge_methods_supported"], json!(["S256"]));
    let (_, _, text) = browser.get("/chiavi.json", &[]).await;
    let keys: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        (&keys["keys"][0]["kty"], &keys["keys"][0]["alg"]),
        (&json!("EC"), &json!("ES256"))
    );
    assert!(!text.contains("\"d\""));
}

#[tokio::test]
async fn codes_and_tokens_end_by_themselves() {
    let province = Province::with(|files| {
        with_log_in(files);
        let short =
            format!("portals_door = \"{DOOR}\"\ncode_lifetime = \"2s\"\ntoken_lifetime = \"2s\"\n");
        files.replace(
            "pontile.toml",
            &format!("portals_door = \"{DOOR}\"\n"),
            &short,
        );
    });
    province.pki.card("carta", CITIZEN);
    let portal = province.portal("portale-uno");
    let browser = Browser::with_card(&province, Some("carta"));
    let late = browser.code().await;
    let ends = tokio::time::Instant::now() + std::time::Duration::from_millis(2_100);
    let given = redeem(&portal, &browser.code().await, &[]).await;
    let token = given.body["access_token"].as_str().expect("a token");
    assert_eq!(asks_about(&portal, CITIZEN, Some(token)).await.status, 200);
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while asks_about(&portal, CITIZEN, Some(token)).await.status == 200 {
        assert!(std::time::Instant::now() < until, "it is still good");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let refused = asks_about(&portal, CITIZEN, Some(token)).await;
    assert_eq!((refused.status, refused.slug()), (401, "token-non-valido"));
    tokio::time::sleep_until(ends).await;
    assert_eq!(
        redeem(&portal, &late, &[]).await.body["error"],
        "invalid_grant"
    );
}

/// Grants the first portal to show citizens their own register, for a purpose of its own.
pub fn with_register(files: &mut Files) {
    with_log_in(files);
    let of_register = crate::harness::files::grant(
        "portale-uno",
        "id = \"registro\"\nversion = 1\noperations = [\"accessi.ricerche\"]\nenti = \"all\"\nfields = [\"accessi\"]\n\
         purposes = [\"trasparenza\"]\n",
    );
    let purposes: String = [
        ("trasparenza", ""),
        ("indagine", "visibility = { esclusa = true, norma = \"C.p.p., art. 329\" }\n"),
        ("accertamento", "visibility = { differita = \"90d\", norma = \"D.P.R. 600/1973, art. 32\" }\n"),
    ]
    .map(|(id, visibility)| {
        format!("[[purpose]]\nid = \"{id}\"\ndescription = \"Prova di {id}\"\nlegal_basis = \"prova\"\n{visibility}")
    })
    .concat();
    files
        .put("concessioni/registro.toml", of_register)
        .append("portali/prove.toml", &purposes)
        .replace(
            "concessioni/solo-nomi-di-cantu.toml",
            &format!("purposes = [\"{PURPOSE}\"]"),
            &format!("purposes = [\"{PURPOSE}\", \"indagine\", \"accertamento\"]"),
        )
        .replace(
            "concessioni/tutto.toml",
            "chi = { interessato = \"high\", verificata = true }",
            "chi = \"sistema\"",
        );
}

pub async fn register(portal: &Portal, token: Option<&str>, body: Value) -> Answer {
    let request = portal
        .request(Method::POST, "/rest/accessi/v1/ricerche")
        .header("Purpose-Id", "trasparenza")
        .json(&body);
    portal
        .send(match token {
            Some(token) => request.header("Citizen-Token", token),
            None => request,
        })
        .await
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in one place")]
async fn a_citizen_reads_who_asked_about_them_and_nothing_of_anybody_else() {
    let province = Province::with(with_register);
    province.pki.card("carta", CITIZEN);
    let (portal, other) = (
        province.portal("portale-uno"),
        province.portal("portale-due"),
    );
    let ask = async |portal: &Portal, purpose: &str, person: &str| {
        let request = portal
            .request(Method::POST, PATH)
            .header("Purpose-Id", purpose)
            .json(&json!({ "codice_fiscale": person }));
        portal.send(request).await.status
    };
    assert_eq!(ask(&portal, PURPOSE, CITIZEN).await, 200);
    for purpose in [PURPOSE, "indagine", "accertamento"] {
        assert_eq!(ask(&other, purpose, CITIZEN).await, 200, "{purpose}");
    }
    ask(&portal, PURPOSE, ANOTHER).await;
    let browser = Browser::with_card(&province, Some("carta"));
    let given = redeem(&portal, &browser.code().await, &[]).await;
    let token = given.body["access_token"].as_str().expect("a token");
    assert_eq!(asks_about(&portal, CITIZEN, Some(token)).await.status, 200);

    let page = register(&portal, Some(token), json!({})).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let told: Vec<(Value, Value)> = page.body["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["richiedente"].clone(), one["da_interessato"].clone()))
        .collect();
    let row = |portal: &str, own: bool| (json!(portal), json!(own));
    assert_eq!(
        told,
        [
            row("portale-uno", true),
            row("portale-due", false),
            row("portale-uno", false)
        ],
        "what a norm keeps back does not show: {}",
        page.body
    );
    let first = &page.body["items"][1];
    for (name, value) in [
        ("codice_istat", json!("013041")),
        ("operazione", json!("anagrafe.ricerche-persona")),
        ("ruoli", json!(["cercato", "interessato"])),
        ("con_risposta", json!(true)),
    ] {
        assert_eq!(first[name], value, "{first}");
    }
    assert_eq!(first["finalita"]["id"], PURPOSE);
    let text = page.body.to_string();
    assert!(
        !text.contains(CITIZEN) && !text.contains("indagine") && !text.contains("accertamento")
    );

    // Page by page what is left out shows neither.
    let first = register(&portal, Some(token), json!({ "limite": 2 })).await;
    assert_eq!(first.body["items"].as_array().map(Vec::len), Some(2));
    let cursor = first.body["cursor"].clone();
    let last = register(
        &portal,
        Some(token),
        json!({ "limite": 2, "cursor": cursor }),
    )
    .await;
    assert_eq!(
        last.body["items"].as_array().map(Vec::len),
        Some(1),
        "{}",
        last.body
    );
    assert!(last.body.get("cursor").is_none(), "{}", last.body);
    let later = register(
        &portal,
        Some(token),
        json!({ "dal": "2099-01-01T00:00:00Z" }),
    )
    .await;
    assert_eq!(later.body["items"], json!([]));
}

#[tokio::test]
async fn nobody_but_the_citizen_reads_their_register() {
    let province = Province::with(with_register);
    let portal = province.portal("portale-uno");
    let without = register(&portal, None, json!({})).await;
    assert_eq!(
        (without.status, without.slug()),
        (403, "richiedente-non-dimostrato")
    );
    let forged = register(&portal, Some("a.b.c"), json!({})).await;
    assert_eq!((forged.status, forged.slug()), (401, "token-non-valido"));
    let other = register(&province.portal("portale-due"), None, json!({})).await;
    assert_eq!((other.status, other.slug()), (403, "non-autorizzato"));
    for (body, field) in [
        (json!({ "dal": "ieri" }), "dal"),
        (json!({ "cursor": "uno" }), "cursor"),
        (json!({ "limite": 201 }), "limite"),
        (json!({ "codice_fiscale": CITIZEN }), "corpo"),
    ] {
        let wrong = register(&portal, None, body).await;
        assert_eq!(
            (wrong.status, wrong.slug()),
            (400, "campo-non-valido"),
            "{field}"
        );
        let detail = wrong.body["detail"].as_str().unwrap_or_default();
        assert!(
            detail.contains(field) && !detail.contains(CITIZEN),
            "{detail}"
        );
    }
}
