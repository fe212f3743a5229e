//! Tokens of D6: given out in two forms, remembered with their tenant and their end.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::web::{Bytes, Data, Form, Path};
use actix_web::{HttpRequest, HttpResponse};
use chrono::Utc;
use serde::Deserialize;
use serde_json::json;

use super::{DIALECT, RESOURCE, TENANTS, token_reply};
use crate::delivery::Reply;
use crate::dialects::password;
use crate::population::served::Served;
use crate::randomness::random_bits;
use crate::world::World;

/// The tokens that are out.
pub struct Tokens {
    life: Duration,
    issued: Mutex<HashMap<String, Issued>>,
}

/// Whom a token speaks for.
#[derive(Clone, Copy)]
pub struct Account {
    pub served: Served,
    /// Whether it has the registry module; all have taxes.
    pub registry: bool,
}

struct Issued {
    account: Account,
    ends: Instant,
    /// Whether it was asked for the right resource; others are given and then refused.
    usable: bool,
}

impl Tokens {
    pub fn new(life: Duration) -> Self {
        Tokens {
            life,
            issued: Mutex::default(),
        }
    }

    fn issue(&self, account: Account, resource: &str) -> String {
        let token = format!("{:016x}{:016x}", random_bits(), random_bits());
        let issued = Issued {
            account,
            ends: Instant::now() + self.life,
            usable: resource == RESOURCE,
        };
        self.issued
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(token.clone(), issued);
        token
    }

    /// The account of a token that is still good.
    pub fn account_of(&self, token: &str) -> Option<Account> {
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        issued.retain(|_, token| token.ends > now);
        issued
            .get(token)
            .filter(|token| token.usable)
            .map(|token| token.account)
    }
}

/// One of the tenants with credentials of their own, or by the rule: tenant `c9330000-…`, client `gw-c933`, secret `d6-prova-c933`.
fn account(world: &World, id: &str, client_id: &str, secret: &str) -> Option<Account> {
    let own = TENANTS
        .iter()
        .find(|tenant| [tenant.id, tenant.client_id, tenant.secret] == [id, client_id, secret]);
    if let Some(tenant) = own {
        return Some(Account {
            served: world.served(tenant.belfiore)?,
            registry: tenant.registry,
        });
    }
    let served = world.served(client_id.strip_prefix("gw-")?)?;
    let ente = served.belfiore();
    let right = id.starts_with(&ente.to_lowercase()) && secret == password(DIALECT.name, ente);
    right.then_some(Account {
        served,
        registry: true,
    })
}

/// The form of the identity provider.
#[derive(Deserialize)]
pub struct ClientCredentials {
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
    #[serde(default)]
    resource: String,
}

/// `POST /{tenant}/oauth2/token`.
pub async fn oauth2(
    request: HttpRequest,
    id: Path<String>,
    form: Form<ClientCredentials>,
    world: Data<World>,
    tokens: Data<Tokens>,
) -> HttpResponse {
    let asker = account(&world, &id, &form.client_id, &form.client_secret)
        .filter(|_| form.grant_type == "client_credentials");
    let life = tokens.life.as_secs();
    let issue = |account| {
        let answer = json!({
            "token_type": "Bearer",
            // The identity provider writes its numbers as text.
            "expires_in": life.to_string(),
            "expires_on": (Utc::now() + tokens.life).timestamp().to_string(),
            "resource": form.resource,
            "access_token": tokens.issue(account, &form.resource),
        });
        Reply::new(200, answer.to_string())
    };
    let refuse = || {
        let text = "AADSTS7000215: Invalid client secret is provided.";
        Reply::new(
            401,
            json!({ "error": "invalid_client", "error_description": text }).to_string(),
        )
    };
    token_reply(&request, &world, asker, issue, refuse).await
}

/// The body of the supplier's own form.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct TokenRequest {
    target_resource: String,
    tenant_id: String,
    client_id: String,
    secret: String,
}

/// `POST /utilities/AuthenticationToken?v=1.0`.
pub async fn authentication_token(
    request: HttpRequest,
    body: Bytes,
    world: Data<World>,
    tokens: Data<Tokens>,
) -> HttpResponse {
    let asked: TokenRequest = serde_json::from_slice(&body).unwrap_or_default();
    let asker = account(&world, &asked.tenant_id, &asked.client_id, &asked.secret);
    let issue = |account| {
        let token = tokens.issue(account, &asked.target_resource);
        Reply::new(
            200,
            json!({ "result": { "token": token }, "resultDescription": "OK", "message": null })
                .to_string(),
        )
    };
    let refuse = || {
        let answer = json!({ "result": null, "resultDescription": "KO", "message": "Credenziali non valide." });
        Reply::new(200, answer.to_string())
    };
    token_reply(&request, &world, asker, issue, refuse).await
}
