//! What libraries of portals read to know the rest: the discovery document and the keys.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Provider;
use super::tokens::LEVEL;

impl Provider {
    /// OpenID Connect Discovery 1.0, with RFC 8414, 8705 and 9207.
    pub fn discovery(&self) -> Value {
        let issuer = &self.settings.issuer;
        let token_endpoint = format!("{}/accesso/token", self.settings.portals_door);
        let algorithms = self.own.signers().map(|signer| signer.algorithm().name());
        let algorithms: BTreeSet<&str> = algorithms.collect();
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/accesso"),
            "token_endpoint": token_endpoint,
            "jwks_uri": format!("{issuer}/chiavi.json"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms,
            "scopes_supported": ["openid"],
            "token_endpoint_auth_methods_supported": ["tls_client_auth"],
            "code_challenge_methods_supported": ["S256"],
            "claims_supported": [
                "sub", "auth_time", "acr", "amr", "codice_fiscale", "family_name", "given_name", "tipo_carta",
            ],
            "acr_values_supported": [LEVEL],
            "ui_locales_supported": ["it"],
            "tls_client_certificate_bound_access_tokens": true,
            "authorization_response_iss_parameter_supported": true,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
            "mtls_endpoint_aliases": { "token_endpoint": token_endpoint },
        })
    }

    /// The keys that signed tokens which may still live (RFC 7517).
    pub fn key_set(&self) -> Value {
        let keys = self.keys();
        let keys: Vec<Value> = keys.map(|(algorithm, key)| key.to_jwk(algorithm)).collect();
        json!({ "keys": keys })
    }
}
