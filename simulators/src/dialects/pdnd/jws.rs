//! Compact JSON Web Signatures: taken apart, verified with a JWK, signed with a key of this process.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

/// A token taken apart; nothing of it is verified yet.
pub struct Token {
    pub header: Map<String, Value>,
    pub claims: Map<String, Value>,
    input: String,
    signature: Vec<u8>,
}

/// A key that signs.
pub enum SigningKey {
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair),
}

impl Token {
    pub fn read(text: &str) -> Option<Token> {
        let parts: Vec<&str> = text.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            return None;
        };
        Some(Token {
            header: object(header)?,
            claims: object(claims)?,
            input: format!("{header}.{claims}"),
            signature: BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    pub fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }

    pub fn number(&self, claim: &str) -> Option<i64> {
        self.claims.get(claim)?.as_i64()
    }

    /// Whether the header says exactly this much and no more.
    pub fn header_is(&self, wanted: &[&str]) -> bool {
        self.header.len() == wanted.len()
            && wanted.iter().all(|name| self.header.contains_key(*name))
    }

    pub fn header_text(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    /// Whether the key of this JWK signed it, by the algorithm in its header.
    pub fn is_signed_by(&self, jwk: &Value) -> bool {
        self.check(jwk).is_some()
    }

    fn check(&self, jwk: &Value) -> Option<()> {
        let number = |name: &str| BASE64_URL_SAFE_NO_PAD.decode(jwk[name].as_str()?).ok();
        let input = self.input.as_bytes();
        match (self.header_text("alg")?, jwk["kty"].as_str()?) {
            ("RS256", "RSA") => {
                let (n, e) = (number("n")?, number("e")?);
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, input, &self.signature)
                    .ok()
            }
            ("ES256", "EC") if jwk["crv"] == "P-256" => {
                let point = [vec![4], number("x")?, number("y")?].concat();
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                key.verify(input, &self.signature).ok()
            }
            _ => None,
        }
    }
}

impl SigningKey {
    pub fn generate(algorithm: &str) -> Option<SigningKey> {
        match algorithm {
            "RS256" => {
                let key = RsaKeyPair::generate(KeySize::Rsa2048).ok()?;
                Some(SigningKey::Rsa(Box::new(key)))
            }
            "ES256" => {
                let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
                Some(SigningKey::Ec(key))
            }
            _ => None,
        }
    }

    pub fn algorithm(&self) -> &'static str {
        match self {
            SigningKey::Rsa(_) => "RS256",
            SigningKey::Ec(_) => "ES256",
        }
    }

    /// Its public part.
    pub fn jwk(&self) -> Value {
        let mut jwk = match self {
            SigningKey::Rsa(key) => {
                let (n, e) = numbers_of(key.public_key().as_ref()).unwrap_or_default();
                json!({ "kty": "RSA", "n": encoded(n), "e": encoded(e) })
            }
            SigningKey::Ec(key) => {
                let point = key.public_key().as_ref();
                let (x, y) = (&point[1..33], &point[33..65]);
                json!({ "kty": "EC", "crv": "P-256", "x": encoded(x), "y": encoded(y) })
            }
        };
        jwk["kid"] = json!(thumbprint(&jwk));
        jwk["use"] = json!("sig");
        jwk["alg"] = json!(self.algorithm());
        jwk
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let written = |value: &Value| encoded(value.to_string());
        let input = format!("{}.{}", written(header), written(claims));
        let random = SystemRandom::new();
        let signature = match self {
            SigningKey::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                let signed = key.sign(&RSA_PKCS1_SHA256, &random, input.as_bytes(), &mut signature);
                signed.map(|()| signature).unwrap_or_default()
            }
            SigningKey::Ec(key) => {
                let signed = key.sign(&random, input.as_bytes());
                signed.map(|one| one.as_ref().to_vec()).unwrap_or_default()
            }
        };
        format!("{input}.{}", encoded(signature))
    }
}

/// SHA-256 of a key's required members (RFC 7638); empty for a key of another kind.
pub fn thumbprint(jwk: &Value) -> String {
    let members: &[&str] = match jwk["kty"].as_str() {
        Some("RSA") => &["e", "kty", "n"],
        Some("EC") => &["crv", "kty", "x", "y"],
        _ => return String::new(),
    };
    let members: Vec<String> = members
        .iter()
        .map(|name| format!("\"{name}\":{}", jwk[*name]))
        .collect();
    encoded(digest(
        &SHA256,
        format!("{{{}}}", members.join(",")).as_bytes(),
    ))
}

pub fn encoded(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// Modulus and exponent of a DER `RSAPublicKey` (RFC 8017, A.1.1).
fn numbers_of(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (both, _) = element(der)?;
    let (modulus, rest) = element(both)?;
    let (exponent, _) = element(rest)?;
    let plain = |number: &[u8]| {
        number
            .iter()
            .copied()
            .skip_while(|byte| *byte == 0)
            .collect()
    };
    Some((plain(modulus), plain(exponent)))
}

/// The content of the first DER element, and what follows it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::from(*der.get(1)?);
    let (length, from) = if length < 128 {
        (length, 2)
    } else {
        let bytes = der.get(2..2 + (length - 128))?;
        let length = bytes
            .iter()
            .fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
        (length, 2 + bytes.len())
    };
    Some((der.get(from..from + length)?, der.get(from + length..)?))
}
