//! The national platform gives vouchers to assertions that are right to the letter, and to no others.

use serde_json::{Value, json};
use simulators::dialects::pdnd::jws::{SigningKey, Token, thumbprint};
use simulators::faults::FaultKind;

use crate::client::{Answer, Outcome, Town, town};

const CLIENT: &str = "e58035ce-c753-4f72-b613-46f8a17b71cc";
const PURPOSE: &str = "5b8f2f0e-1111-4a55-9f0c-000000000001";

/// A voucher for the e-service.
pub async fn token(town: &Town) -> String {
    let key = agreed(town).await;
    let now = chrono::Utc::now().timestamp();
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": thumbprint(&key.jwk()) });
    let claims = json!({
        "iss": CLIENT, "sub": CLIENT, "aud": "auth.simulata.example/client-assertion", "jti": "prova",
        "iat": now, "exp": now + 60, "purposeId": PURPOSE,
    });
    let answer = request(town, &key.sign(&header, &claims)).await;
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

/// Asks the e-service about a person of Erba.
pub async fn ask(town: &Town, voucher: &str) -> Outcome {
    let path = "POST /e-service/Demografici/Anagrafe/RicercaIndividui";
    let headers = format!("Authorization: Bearer {voucher}\r\n");
    let body = r#"{"codicefiscale":"FOXLAX01B28D416I"}"#;
    town.call("pdnd", path, &headers, body).await
}

pub fn assert_shown(fault: FaultKind, answer: &Answer) {
    let status = match fault {
        FaultKind::AuthFail | FaultKind::ExpiredToken => 401,
        FaultKind::TooManyRequests => 429,
        FaultKind::InternalError => 500,
        other => panic!("{other:?} is none of the platform's"),
    };
    assert_eq!(answer.status, status);
}

/// Registers a client with a fresh key, which agrees on a purpose.
async fn agreed(town: &Town) -> SigningKey {
    let key = SigningKey::generate("RS256").unwrap();
    let client = json!({ "client_id": CLIENT, "consumer_id": "scuola", "key": key.jwk() });
    let purpose = json!({
        "purpose_id": PURPOSE, "consumer_id": "scuola", "eservice_id": "erba", "descriptor_id": "erba-1",
        "producer_id": "provincia", "audience": "https://erba.example", "ente": "D416",
    });
    for (what, order) in [("clients", client), ("purposes", purpose)] {
        let path = format!("POST /control/pdnd/{what}");
        let answer = town.control(&path, &order.to_string()).await;
        assert!(answer.status < 300, "{what}");
    }
    key
}

async fn request(town: &Town, assertion: &str) -> Answer {
    let body = format!(
        "grant_type=client_credentials&client_assertion={assertion}\
         &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
    );
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let answer = town.call("pdnd", "POST /token.oauth2", form, &body);
    answer.await.answer()
}

/// A town with the platform, where a client is registered and has agreed on a purpose.
struct Platform {
    town: Town,
    key: SigningKey,
}

impl Platform {
    async fn start() -> Platform {
        let town = town().await;
        let key = agreed(&town).await;
        Platform { town, key }
    }

    /// An assertion with some members of header and claims changed; `null` leaves one out.
    fn assertion(&self, number: usize, header: &Value, claims: &Value) -> String {
        let now = chrono::Utc::now().timestamp();
        let mut whole = json!({ "alg": "RS256", "typ": "JWT", "kid": thumbprint(&self.key.jwk()) });
        change(&mut whole, header);
        let mut all = json!({
            "iss": CLIENT, "sub": CLIENT, "aud": "auth.simulata.example/client-assertion", "jti": format!("prova-{number}"),
            "iat": now, "exp": now + 60, "purposeId": PURPOSE,
        });
        change(&mut all, claims);
        self.key.sign(&whole, &all)
    }

    async fn ask(&self, assertion: &str) -> Answer {
        request(&self.town, assertion).await
    }

    async fn show(&self, voucher: &str) -> Answer {
        ask(&self.town, voucher).await.answer()
    }
}

fn change(members: &mut Value, changed: &Value) {
    let members = members.as_object_mut().unwrap();
    members.extend(changed.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
}

#[actix_web::test]
async fn an_assertion_that_is_right_gets_a_voucher_of_a_published_key() {
    let platform = Platform::start().await;
    let digest = json!({ "digest": { "alg": "SHA256", "value": "ab".repeat(32) } });
    for (number, claims) in [json!({}), digest.clone()].iter().enumerate() {
        let assertion = platform.assertion(number, &json!({}), claims);
        let answer = platform.ask(&assertion).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let given = answer.json();
        assert_eq!(
            (&given["token_type"], &given["expires_in"]),
            (&json!("Bearer"), &json!(600))
        );
        let text = given["access_token"].as_str().unwrap();
        let voucher = Token::read(text).unwrap();
        assert_eq!(voucher.text("consumerId"), Some("scuola"));
        assert_eq!(voucher.claims.get("digest"), claims.get("digest"));
        let keys = platform
            .town
            .call("pdnd", "GET /.well-known/jwks.json", "", "");
        let keys = keys.await.answer().json();
        assert!(voucher.is_signed_by(&keys["keys"][0]));
        assert_eq!(platform.show(text).await.status, 200);
        assert_eq!(
            platform.ask(&assertion).await.status,
            400,
            "an assertion serves once"
        );
    }
    let rotated = platform
        .town
        .control("POST /control/pdnd/rotation", r#"{"algorithm":"ES256"}"#);
    assert_eq!(rotated.await.status, 204);
    let assertion = platform.assertion(9, &json!({}), &json!({}));
    let fresh = platform.ask(&assertion).await.json();
    let fresh = fresh["access_token"].as_str().unwrap();
    assert_eq!(
        Token::read(fresh).unwrap().header_text("alg"),
        Some("ES256")
    );
    assert_eq!(platform.show(fresh).await.status, 200);
}

#[actix_web::test]
async fn whatever_else_an_assertion_says_or_lacks_is_refused() {
    let platform = Platform::start().await;
    let now = chrono::Utc::now().timestamp();
    let headers = [
        json!({ "typ": null }),
        json!({ "typ": "at+jwt" }),
        json!({ "alg": "none" }),
        json!({ "alg": "ES256" }),
        json!({ "kid": "0".repeat(43) }),
        json!({ "use": "sig" }),
    ];
    let claims = [
        json!({ "iss": "altro" }),
        json!({ "sub": "altro" }),
        json!({ "aud": "auth.simulata.example" }),
        json!({ "jti": null }),
        json!({ "iat": null }),
        json!({ "iat": now + 60 }),
        json!({ "exp": now - 1 }),
        json!({ "exp": now + 86_400 }),
        json!({ "nbf": now }),
        json!({ "purposeId": null }),
        json!({ "purposeId": "altra" }),
        json!({ "digest": "ab" }),
        json!({ "digest": { "alg": "SHA256", "value": "ab" } }),
        json!({ "scope": "tutto" }),
    ];
    let none = json!({});
    let of_headers = headers.iter().map(|header| (header, &none));
    let of_claims = claims.iter().map(|claims| (&none, claims));
    for (number, (header, claims)) in of_headers.chain(of_claims).enumerate() {
        let assertion = platform.assertion(number, header, claims);
        let answer = platform.ask(&assertion).await;
        assert_eq!(answer.status, 400, "{header} {claims}");
        let code = answer.json()["errors"][0]["code"].clone();
        assert!(code.as_str().unwrap().starts_with("015-"), "{code}");
    }
    let other = SigningKey::generate("RS256").unwrap();
    let forged = Platform {
        key: other,
        ..platform
    };
    let assertion = forged.assertion(90, &json!({}), &json!({}));
    assert_eq!(forged.ask(&assertion).await.status, 400);
    assert_eq!(forged.show("eyJ.eyJ.x").await.status, 401);
}
