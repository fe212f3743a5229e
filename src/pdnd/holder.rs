//! The key to which our vouchers are bound, and the proofs that we hold it (DPoP, RFC 9449).

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::jose::encode;
use crate::signing::{PemSigner, Signer, SigningError, sign_token};

/// A key on P-256 that lives as long as the process and is known to nobody else.
pub struct Holder {
    signer: PemSigner,
}

impl Holder {
    /// A fresh key.
    pub fn generate() -> Result<Holder, SigningError> {
        let signer = PemSigner::generate()?;
        Ok(Holder { signer })
    }

    /// A proof for one request; `address`: without query; `voucher`: the one that goes with it, none where one is asked for.
    pub async fn proof(
        &self,
        method: &str,
        address: &str,
        voucher: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<String, SigningError> {
        let mut key = self.signer.public_key().to_jwk(self.signer.algorithm());
        if let Some(members) = key.as_object_mut() {
            members.retain(|name, _| ["kty", "crv", "x", "y"].contains(&name.as_str()));
        }
        let header = Map::from_iter([
            ("typ".to_owned(), Value::from("dpop+jwt")),
            ("jwk".to_owned(), key),
        ]);
        let mut claims = Map::from_iter([
            ("htm".to_owned(), Value::from(method)),
            ("htu".to_owned(), Value::from(address)),
            ("iat".to_owned(), Value::from(at.timestamp())),
            ("jti".to_owned(), Value::from(Uuid::new_v4().to_string())),
        ]);
        if let Some(voucher) = voucher {
            let told = encode(digest(&SHA256, voucher.as_bytes()));
            claims.insert("ath".to_owned(), Value::from(told));
        }
        sign_token(&self.signer, header, &claims).await
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Holder")
    }
}
