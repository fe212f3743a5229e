//! The simulated PDND: bodies register there, agree on purposes, and ask for vouchers as its documentation says.

use chrono::Utc;
use openssl::rsa::Rsa;
use pontile::jose::{Algorithm, PublicKey, encode};
use pontile::signing::{PemSigner, sign_token};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::simulators::Simulators;

/// `aud` of assertions, and `iss` of vouchers.
pub const AUDIENCE: &str = "auth.simulata.example/client-assertion";
pub const ISSUER: &str = "auth.simulata.example";

/// A client of the platform with its key.
pub struct Client {
    pub id: String,
    pub consumer: String,
    /// Its private key, PEM.
    pub key: String,
    signer: PemSigner,
    public: PublicKey,
}

impl Client {
    /// A client of that body, which nobody knows yet.
    pub fn of(consumer: &str) -> Client {
        let key = Rsa::generate(2048).expect("a key");
        let pem = key.private_key_to_pem().expect("PEM");
        Client {
            id: Uuid::new_v4().to_string(),
            consumer: consumer.to_owned(),
            signer: PemSigner::of_pem(&pem, Vec::new(), Some(Algorithm::Rs256)).expect("a signer"),
            public: PublicKey::of_pem(&key.public_key_to_pem().expect("PEM")).expect("a key"),
            key: String::from_utf8(pem).expect("PEM is text"),
        }
    }

    /// Has the platform know it.
    pub async fn register(&self, simulators: &Simulators) {
        let key = self.public.to_jwk(Algorithm::Rs256);
        let client = json!({ "client_id": self.id, "consumer_id": self.consumer, "key": key });
        control(simulators, "clients", &client).await;
    }

    /// A voucher for a purpose, bound to the holder of that proof where there is one.
    pub async fn voucher(
        &self,
        simulators: &Simulators,
        purpose: &str,
        proof: Option<&str>,
    ) -> String {
        let now = Utc::now().timestamp();
        let claims = json!({
            "iss": self.id, "sub": self.id, "aud": AUDIENCE, "jti": Uuid::new_v4().to_string(), "iat": now, "exp": now + 60,
            "purposeId": purpose,
        });
        let header = json!({ "typ": "JWT", "kid": encode(self.public.thumbprint()) });
        let claims = object(claims);
        let assertion = sign_token(&self.signer, object(header), &claims);
        let body = format!(
            "client_id={}&grant_type=client_credentials&client_assertion={}\
             &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer",
            self.id,
            assertion.await.expect("signed")
        );
        let mut request = reqwest::Client::new()
            .post(token_address(simulators))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        if let Some(proof) = proof {
            request = request.header("DPoP", proof);
        }
        let answer: Value = request
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        answer["access_token"]
            .as_str()
            .unwrap_or_else(|| panic!("no voucher: {answer}"))
            .to_owned()
    }
}

/// Where vouchers are asked for.
pub fn token_address(simulators: &Simulators) -> String {
    format!("{}/token.oauth2", simulators.address("pdnd"))
}

/// The keys that the platform publishes.
pub async fn published_keys(simulators: &Simulators) -> String {
    let address = format!("{}/.well-known/jwks.json", simulators.address("pdnd"));
    let answer = reqwest::get(address).await.expect("an answer");
    answer.text().await.expect("a text")
}

/// A body agrees on a purpose of an e-service of that producer.
pub async fn agree(simulators: &Simulators, purpose: Value) {
    control(simulators, "purposes", &purpose).await;
}

/// Signs with a new key from now on, the old ones unpublished.
pub async fn rotate(simulators: &Simulators, algorithm: &str) {
    let rotation = json!({ "algorithm": algorithm });
    control(simulators, "rotation", &rotation).await;
}

/// Vouchers live so many seconds from now on.
pub async fn vouchers_live(simulators: &Simulators, seconds: u32) {
    control(simulators, "settings", &json!({ "life": seconds })).await;
}

async fn control(simulators: &Simulators, what: &str, order: &Value) {
    let address = format!("{}/control/pdnd/{what}", simulators.address("control"));
    let answer = reqwest::Client::new().post(address).json(order).send();
    let answer = answer.await.expect("the control port");
    assert!(answer.status().is_success(), "{what}: {}", answer.status());
}

/// The members of an object.
pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}
