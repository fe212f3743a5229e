//! What the authorization server knows: clients with their keys, purposes with their e-services, its own keys, what was used before.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};

use super::jws::{SigningKey, Token, thumbprint};

/// `iss` of vouchers, and the beginning of the audience of assertions.
pub const ISSUER: &str = "auth.simulata.example";

/// The office; everything is forgotten at the end of the process.
#[derive(Default)]
pub struct Office {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    clients: BTreeMap<String, Client>,
    purposes: BTreeMap<String, Purpose>,
    /// The newest signs; all are published.
    keys: Vec<SigningKey>,
    used: HashSet<String>,
    /// Seconds that a voucher lives.
    life: Option<i64>,
}

/// What `POST /control/pdnd/clients` takes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    pub client_id: String,
    /// The body that it belongs to.
    pub consumer_id: String,
    /// Its public key (JWK).
    pub key: Value,
}

/// What `POST /control/pdnd/purposes` takes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    pub purpose_id: String,
    pub consumer_id: String,
    pub eservice_id: String,
    pub descriptor_id: String,
    pub producer_id: String,
    /// `aud` of its vouchers.
    pub audience: String,
    /// The municipality (Belfiore code) whose registry the simulated e-service shows; none = the e-service is somebody else's.
    pub ente: Option<String>,
    /// Whether the simulated e-service demands evidence to which the voucher is bound (AUDIT_REST_02).
    #[serde(default)]
    pub audit: bool,
}

/// What `POST /control/pdnd/settings` takes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Seconds that a voucher lives.
    pub life: i64,
}

/// What `POST /control/pdnd/rotation` takes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// `RS256` or `ES256`.
    pub algorithm: String,
    /// Whether the keys of before are still published.
    #[serde(default)]
    pub keep: bool,
}

impl Office {
    /// Registers a client; its key's name, which is its thumbprint.
    pub fn register(&self, client: Client) -> String {
        let kid = thumbprint(&client.key);
        self.lock().clients.insert(client.client_id.clone(), client);
        kid
    }

    pub fn agree(&self, purpose: Purpose) {
        let mut state = self.lock();
        state.purposes.insert(purpose.purpose_id.clone(), purpose);
    }

    pub fn settle(&self, settings: &Settings) {
        self.lock().life = Some(settings.life);
    }

    /// Signs with a new key from now on; `None`: no such algorithm.
    pub fn rotate(&self, rotation: &Rotation) -> Option<()> {
        let fresh = SigningKey::generate(&rotation.algorithm)?;
        let mut state = self.lock();
        if !rotation.keep {
            state.keys.clear();
        }
        state.keys.push(fresh);
        Some(())
    }

    pub fn client(&self, id: &str) -> Option<Client> {
        self.lock().clients.get(id).cloned()
    }

    /// The public key of that name, of whichever client.
    pub fn client_key(&self, kid: &str) -> Option<Value> {
        let state = self.lock();
        let mut keys = state.clients.values().map(|client| &client.key);
        keys.find(|key| thumbprint(key) == kid).cloned()
    }

    pub fn purpose(&self, id: &str) -> Option<Purpose> {
        self.lock().purposes.get(id).cloned()
    }

    pub fn life(&self) -> i64 {
        self.lock().life.unwrap_or(600)
    }

    /// Whether that token of single use comes for the first time.
    pub fn is_first(&self, kind: &str, id: &str) -> bool {
        self.lock().used.insert(format!("{kind} {id}"))
    }

    /// The published keys.
    pub fn key_set(&self) -> Value {
        let state = self.with_key();
        let keys: Vec<Value> = state.keys.iter().map(SigningKey::jwk).collect();
        json!({ "keys": keys })
    }

    /// A voucher with these claims.
    pub fn sign(&self, claims: &Value) -> Option<String> {
        let state = self.with_key();
        let key = state.keys.last()?;
        let header = json!({
            "alg": key.algorithm(), "use": "sig", "typ": "at+jwt", "kid": key.jwk()["kid"],
        });
        Some(key.sign(&header, claims))
    }

    /// The claims of a voucher that a published key signed and that holds now; for whom it is, is the e-service's to look at.
    pub fn voucher(&self, text: &str, now: i64) -> Result<Token, &'static str> {
        let token = Token::read(text).ok_or("no token")?;
        if !token.header_is(&["alg", "use", "typ", "kid"])
            || token.header_text("typ") != Some("at+jwt")
        {
            return Err("no voucher");
        }
        let state = self.with_key();
        let mut keys = state.keys.iter().map(SigningKey::jwk);
        let key = keys.find(|key| key["kid"].as_str() == token.header_text("kid"));
        if !key.is_some_and(|key| token.is_signed_by(&key)) {
            return Err("signed by no published key");
        }
        let at = |name: &str| token.number(name);
        let holds = at("nbf").is_some_and(|from| from <= now + 5)
            && at("exp").is_some_and(|until| now < until);
        match holds && token.text("iss") == Some(ISSUER) {
            true => Ok(token),
            false => Err("out of its time"),
        }
    }

    /// A first key is made when it is needed: most runs of the simulators need none.
    fn with_key(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        if state.keys.is_empty() {
            state.keys.extend(SigningKey::generate("RS256"));
        }
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
