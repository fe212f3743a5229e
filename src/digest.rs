//! Digests of bodies under fresh random salts: an unsalted digest of a body with a fiscal code could be reversed by trying them all.

use aws_lc_rs::digest::{Context, SHA256};

/// SHA-256 over a fresh random salt followed by the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaltedDigest {
    /// The salt, kept apart so that it can be erased.
    pub salt: [u8; 32],
    /// SHA-256(salt ‖ bytes).
    pub digest: [u8; 32],
    /// How many bytes were digested, the salt not counted.
    pub bytes: u64,
}

impl SaltedDigest {
    /// Digests a whole body.
    pub fn of(body: &[u8]) -> SaltedDigest {
        let mut running = RunningDigest::begin();
        running.feed(body);
        running.finish()
    }
}

/// A salted digest in the making.
#[derive(Clone)]
pub struct RunningDigest {
    salt: [u8; 32],
    context: Context,
    bytes: u64,
}

impl RunningDigest {
    /// Draws a fresh salt.
    pub fn begin() -> RunningDigest {
        let salt: [u8; 32] = rand::random();
        let mut context = Context::new(&SHA256);
        context.update(&salt);
        RunningDigest {
            salt,
            context,
            bytes: 0,
        }
    }

    /// Digests more bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// How many bytes were fed.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The digest of all that was fed.
    pub fn finish(self) -> SaltedDigest {
        let mut digest = [0; 32];
        digest.copy_from_slice(self.context.finish().as_ref());
        SaltedDigest {
            salt: self.salt,
            digest,
            bytes: self.bytes,
        }
    }
}
