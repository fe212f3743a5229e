//! Tokens of D6: given out in two forms, remembered with their tenant and their end.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::web::{Bytes, Data, Form, Path};
use actix_web::{HttpRequest, HttpResponse};
use chrono::Utc;
use serde::Deserialize;
use serde_json::json;

use super::{RESOURCE, TENANTS, Tenant, token_reply};
use crate::delivery::Reply;
use crate::randomness::random_bits;
use crate::world::World;

/// The tokens that are out.
pub struct Tokens {
    life: Duration,
    issued: Mutex<HashMap<String, Issued>>,
}

struct Issued {
    tenant: &'static Tenant,
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

    fn issue(&self, tenant: &'static Tenant, resource: &str) -> String {
        let token = format!("{:016x}{:016x}", random_bits(), random_bits());
        let issued = Issued {
            tenant,
            ends: Instant::now() + self.life,
            usable: resource == RESOURCE,
        };
        self.issued
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(token.clone(), issued);
        token
    }

    /// The tenant of a token that is still good.
    pub fn tenant_of(&self, token: &str) -> Option<&'static Tenant> {
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        issued.retain(|_, token| token.ends > now);
        issued
            .get(token)
            .filter(|token| token.usable)
            .map(|token| token.tenant)
    }
}

fn tenant(id: &str, client_id: &str, secret: &str) -> Option<&'static Tenant> {
    TENANTS
        .iter()
        .find(|tenant| [tenant.id, tenant.client_id, tenant.secret] == [id, client_id, secret])
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
) -> HttpResponse {
    let asker = tenant(&id, &form.client_id, &form.client_secret)
        .filter(|_| form.grant_type == "client_credentials");
    let life = world.tokens.life.as_secs();
    let issue = |tenant| {
        let answer = json!({
            "token_type": "Bearer",
            // The identity provider writes its numbers as text.
            "expires_in": life.to_string(),
            "expires_on": (Utc::now() + world.tokens.life).timestamp().to_string(),
            "resource": form.resource,
            "access_token": world.tokens.issue(tenant, &form.resource),
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
) -> HttpResponse {
    let asked: TokenRequest = serde_json::from_slice(&body).unwrap_or_default();
    let asker = tenant(&asked.tenant_id, &asked.client_id, &asked.secret);
    let issue = |tenant| {
        let token = world.tokens.issue(tenant, &asked.target_resource);
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
