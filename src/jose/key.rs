//! Public keys: from certificates, PEM and JWK (RFC 7517), with their thumbprints (RFC 7638).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ParsedPublicKey, RsaPublicKeyComponents};
use openssl::bn::{BigNum, BigNumContext};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::x509::X509;
use serde_json::{Map, Value, json};

use super::algorithm::{Algorithm, Curve};
use super::error::JoseError;
use super::json::text;
use super::{decode, encode, json};

/// RSA moduli that are accepted, in bits (RFC 8725, 3.5 and RFC 7518, 3.3 for the least).
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Keys that a set may hold at most.
const MOST_KEYS: usize = 1000;

/// A public key, read once for many signatures.
pub struct PublicKey {
    numbers: Numbers,
    /// As its JWK names it.
    key_id: Option<String>,
    /// The one algorithm that its JWK allows.
    algorithm: Option<Algorithm>,
    parsed: Vec<(Algorithm, ParsedPublicKey)>,
}

/// The key itself, numbers big-endian.
enum Numbers {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    Ec {
        curve: Curve,
        x: Vec<u8>,
        y: Vec<u8>,
    },
}

/// Keys as a `jwks_uri` publishes them (RFC 7517, 5). Those that we cannot use are left out, as the norm has it.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Vec<Arc<PublicKey>>,
}

impl PublicKey {
    /// The key of a certificate, DER.
    pub fn of_certificate(der: &[u8]) -> Result<PublicKey, JoseError> {
        let certificate = X509::from_der(der).map_err(|_| JoseError::Malformed("x5c"))?;
        let key = certificate
            .public_key()
            .map_err(|_| JoseError::KeyNotAccepted)?;
        PublicKey::of_openssl(&key)
    }

    /// The key of a PEM text: a public key or a certificate, the first of several.
    pub fn of_pem(text: &[u8]) -> Result<PublicKey, JoseError> {
        if let Ok(certificate) = X509::from_pem(text) {
            let key = certificate
                .public_key()
                .map_err(|_| JoseError::KeyNotAccepted)?;
            return PublicKey::of_openssl(&key);
        }
        let key = PKey::public_key_from_pem(text).map_err(|_| JoseError::KeyNotAccepted)?;
        PublicKey::of_openssl(&key)
    }

    fn of_openssl(key: &PKey<Public>) -> Result<PublicKey, JoseError> {
        let refused = |_| JoseError::KeyNotAccepted;
        let numbers = match key.id() {
            Id::RSA => {
                let rsa = key.rsa().map_err(refused)?;
                Numbers::Rsa {
                    modulus: rsa.n().to_vec(),
                    exponent: rsa.e().to_vec(),
                }
            }
            Id::EC => {
                let ec = key.ec_key().map_err(refused)?;
                let curve = match ec.group().curve_name() {
                    Some(Nid::X9_62_PRIME256V1) => Curve::P256,
                    Some(Nid::SECP384R1) => Curve::P384,
                    Some(Nid::SECP521R1) => Curve::P521,
                    _ => return Err(JoseError::KeyNotAccepted),
                };
                let mut x = BigNum::new().map_err(refused)?;
                let mut y = BigNum::new().map_err(refused)?;
                let mut context = BigNumContext::new().map_err(refused)?;
                ec.public_key()
                    .affine_coordinates(ec.group(), &mut x, &mut y, &mut context)
                    .map_err(refused)?;
                let length = i32::try_from(curve.bytes()).map_err(|_| JoseError::KeyNotAccepted)?;
                Numbers::Ec {
                    curve,
                    x: x.to_vec_padded(length).map_err(refused)?,
                    y: y.to_vec_padded(length).map_err(refused)?,
                }
            }
            _ => return Err(JoseError::KeyNotAccepted),
        };
        PublicKey::of_numbers(numbers, None, None)
    }

    /// The key of a JWK. One with private or secret parts is refused: whoever sends it has lost it.
    pub fn of_jwk(members: &Map<String, Value>) -> Result<PublicKey, JoseError> {
        if ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]
            .iter()
            .any(|private| members.contains_key(*private))
        {
            return Err(JoseError::KeyNotAccepted);
        }
        if text(members, "use")?.is_some_and(|usage| usage != "sig") {
            return Err(JoseError::KeyNotAccepted);
        }
        let algorithm = text(members, "alg")?
            .map(|name| Algorithm::named(name).ok_or(JoseError::KeyNotAccepted))
            .transpose()?;
        let number = |name: &'static str| -> Result<Vec<u8>, JoseError> {
            let written = text(members, name)?.ok_or(JoseError::Missing(name))?;
            decode(written)
        };
        let numbers = match text(members, "kty")? {
            Some("RSA") => Numbers::Rsa {
                modulus: number("n")?,
                exponent: number("e")?,
            },
            Some("EC") => {
                let curve = text(members, "crv")?
                    .and_then(Curve::named)
                    .ok_or(JoseError::KeyNotAccepted)?;
                Numbers::Ec {
                    curve,
                    x: number("x")?,
                    y: number("y")?,
                }
            }
            _ => return Err(JoseError::KeyNotAccepted),
        };
        let key_id = text(members, "kid")?.map(str::to_owned);
        PublicKey::of_numbers(numbers, key_id, algorithm)
    }

    fn of_numbers(
        numbers: Numbers,
        key_id: Option<String>,
        algorithm: Option<Algorithm>,
    ) -> Result<PublicKey, JoseError> {
        let parsed = numbers.parsed()?;
        if algorithm.is_some_and(|wanted| parsed.iter().all(|(one, _)| *one != wanted)) {
            return Err(JoseError::KeyNotAccepted);
        }
        Ok(PublicKey {
            numbers,
            key_id,
            algorithm,
            parsed,
        })
    }

    /// As its JWK names it.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The algorithms of the key.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> + '_ {
        self.parsed
            .iter()
            .map(|(algorithm, _)| *algorithm)
            .filter(|algorithm| self.algorithm.is_none_or(|only| only == *algorithm))
    }

    /// Verifies a signature over the bytes.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        bytes: &[u8],
        signature: &[u8],
    ) -> Result<(), JoseError> {
        if self.algorithm.is_some_and(|only| only != algorithm) {
            return Err(JoseError::KeyMismatch);
        }
        let (_, parsed) = self
            .parsed
            .iter()
            .find(|(one, _)| *one == algorithm)
            .ok_or(JoseError::KeyMismatch)?;
        parsed
            .verify_sig(bytes, signature)
            .map_err(|_| JoseError::SignatureWrong)
    }

    /// Its thumbprint with SHA-256 (RFC 7638).
    pub fn thumbprint(&self) -> [u8; 32] {
        let required = match &self.numbers {
            Numbers::Rsa { modulus, exponent } => format!(
                r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
                encode(exponent),
                encode(modulus)
            ),
            Numbers::Ec { curve, x, y } => format!(
                r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#,
                curve.name(),
                encode(x),
                encode(y)
            ),
        };
        let mut thumbprint = [0; 32];
        thumbprint.copy_from_slice(digest(&SHA256, required.as_bytes()).as_ref());
        thumbprint
    }

    /// The key as JWK, named by its thumbprint, for the given algorithm.
    pub fn to_jwk(&self, algorithm: Algorithm) -> Value {
        let named = encode(self.thumbprint());
        let algorithm = algorithm.name();
        match &self.numbers {
            Numbers::Rsa { modulus, exponent } => json!({
                "kty": "RSA", "n": encode(modulus), "e": encode(exponent),
                "kid": named, "use": "sig", "alg": algorithm,
            }),
            Numbers::Ec { curve, x, y } => json!({
                "kty": "EC", "crv": curve.name(), "x": encode(x), "y": encode(y),
                "kid": named, "use": "sig", "alg": algorithm,
            }),
        }
    }

    /// Whether both are the same key, whatever they are called.
    pub fn is_same(&self, other: &PublicKey) -> bool {
        self.thumbprint() == other.thumbprint()
    }
}

impl Numbers {
    /// The key made ready for each algorithm that it has.
    fn parsed(&self) -> Result<Vec<(Algorithm, ParsedPublicKey)>, JoseError> {
        match self {
            Numbers::Rsa { modulus, exponent } => {
                let leading = modulus.first().ok_or(JoseError::KeyNotAccepted)?;
                let bits = modulus.len() * 8 - leading.leading_zeros() as usize;
                if *leading == 0 || !RSA_BITS.contains(&bits) {
                    return Err(JoseError::KeyNotAccepted);
                }
                let components = RsaPublicKeyComponents {
                    n: modulus.as_slice(),
                    e: exponent.as_slice(),
                };
                let mut parsed = Vec::new();
                for algorithm in Algorithm::ALL {
                    if let Some(parameters) = algorithm.rsa() {
                        let key = components
                            .to_parsed_public_key(parameters)
                            .map_err(|_| JoseError::KeyNotAccepted)?;
                        parsed.push((algorithm, key));
                    }
                }
                Ok(parsed)
            }
            Numbers::Ec { curve, x, y } => {
                if x.len() != curve.bytes() || y.len() != curve.bytes() {
                    return Err(JoseError::KeyNotAccepted);
                }
                // The uncompressed point of SEC 1; one that is not on the curve is refused here.
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                let key = ParsedPublicKey::new(curve.verification(), point)
                    .map_err(|_| JoseError::KeyNotAccepted)?;
                Ok(vec![(curve.algorithm(), key)])
            }
        }
    }
}

impl KeySet {
    /// Reads a set. It must be one; keys in it that are of no use to us are left out.
    pub fn read(text: &[u8]) -> Result<KeySet, JoseError> {
        let members = json::object(text)?;
        let Some(Value::Array(keys)) = members.get("keys") else {
            return Err(JoseError::Malformed("keys"));
        };
        if keys.len() > MOST_KEYS {
            return Err(JoseError::TooLong);
        }
        let usable = keys.iter().filter_map(Value::as_object);
        Ok(KeySet {
            keys: usable
                .filter_map(|key| PublicKey::of_jwk(key).ok())
                .map(Arc::new)
                .collect(),
        })
    }

    /// The key of that name.
    pub fn get(&self, key_id: &str) -> Option<&Arc<PublicKey>> {
        self.keys.iter().find(|key| key.key_id() == Some(key_id))
    }

    /// All of them.
    pub fn keys(&self) -> &[Arc<PublicKey>] {
        &self.keys
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PublicKey")
            .field("thumbprint", &encode(self.thumbprint()))
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
