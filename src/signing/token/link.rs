//! A token that is in and logged in, with its key found: until it is taken away.

use std::sync::Arc;

use cryptoki::error::Error;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use parking_lot::Mutex;

use super::key::{PrivateKey, digesting};
use super::module::Module;
use super::wording::to_sign;
use super::{TokenError, TokenKey};
use crate::jose::Algorithm;

/// A token that is logged in.
pub(super) struct Link {
    module: Arc<Module>,
    slot: Slot,
    pub(super) key: PrivateKey,
    /// The login ends with the last session: this one stays open and does nothing.
    pub(super) keeper: Mutex<Session>,
    free: Mutex<Vec<Session>>,
}

impl Link {
    /// Finds the token, logs in and finds the key.
    pub(super) fn open(module: &Arc<Module>, wanted: &TokenKey) -> Result<Link, TokenError> {
        let (slot, token) = module.find(&wanted.token)?;
        let session = module.pkcs11.open_ro_session(slot)?;
        module.log_in(&session, &token, UserType::User, &wanted.pin)?;
        let key = PrivateKey::find(&session, &wanted.key)?;
        let (mechanism, name) = key.kind.mechanism_type();
        let known = module.pkcs11.get_mechanism_info(slot, mechanism);
        if !key.always_authenticate && !known.is_ok_and(|info| info.sign()) {
            return Err(TokenError::Mechanism(name));
        }
        Ok(Link {
            module: Arc::clone(module),
            slot,
            key,
            keeper: Mutex::new(session),
            free: Mutex::default(),
        })
    }

    /// Signs in a session of its own, which goes back only if it did.
    pub(super) fn sign(
        &self,
        wanted: &TokenKey,
        algorithm: Algorithm,
        bytes: &[u8],
    ) -> Result<Vec<u8>, Unsigned> {
        let free = self.free.lock().pop();
        let session = match free {
            Some(session) => session,
            None => self.module.pkcs11.open_ro_session(self.slot)?,
        };
        let signature = if self.key.always_authenticate {
            session.sign_init(&digesting(algorithm), self.key.handle)?;
            self.authenticate(&session, wanted)?;
            session.sign_update(bytes)?;
            session.sign_final()?
        } else {
            let mechanism = self.key.kind.mechanism();
            session.sign(&mechanism, self.key.handle, &to_sign(algorithm, bytes))?
        };
        self.free.lock().push(session);
        Ok(signature)
    }

    /// Gives the PIN for the signature that has begun.
    fn authenticate(&self, session: &Session, wanted: &TokenKey) -> Result<(), Unsigned> {
        let token = self.module.pkcs11.get_token_info(self.slot)?;
        let user = UserType::ContextSpecific;
        self.module
            .log_in(session, &token, user, &wanted.pin)
            .map_err(Unsigned::Refused)
    }
}

/// Why there is no signature.
pub(super) enum Unsigned {
    /// By the module's word.
    Module(Error),
    /// By ours.
    Refused(TokenError),
}

impl From<Error> for Unsigned {
    fn from(error: Error) -> Unsigned {
        Unsigned::Module(error)
    }
}
