//! JSON Web Signatures (RFC 7515, 7518, 8725) and Keys (RFC 7517, 7638): read strictly, verified, made. Knows nothing of ours.

mod algorithm;
mod claims;
mod error;
mod json;
mod key;
mod making;
mod token;

#[cfg(test)]
mod tests;

pub use algorithm::{Algorithm, Signing};
pub use claims::{Audience, Claims, TimeRules};
pub use error::JoseError;
pub use key::{KeySet, PublicKey};
pub use making::{complete, signing_input};
pub use token::{Expected, Header, MOST_BYTES, Token};

pub use json::object;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// Base64url as RFC 7515 has it: without padding, without line breaks, unused bits zero.
pub fn decode(text: &str) -> Result<Vec<u8>, JoseError> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| JoseError::Base64)
}

/// Writes bytes as base64url without padding.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
