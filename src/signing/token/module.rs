//! A PKCS#11 module: loaded and initialised once in the process, and what it remembers of its tokens' PINs.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use parking_lot::Mutex;
use secrecy::ExposeSecret;

use super::{TokenError, TokenName};
use crate::config::key::TokenKey;
use crate::config::secret::SecretReference;

/// `C_Initialize` belongs to the process: a second one fails, and a reload must not end what the old snapshot still uses.
static LOADED: LazyLock<Mutex<HashMap<PathBuf, Arc<Module>>>> = LazyLock::new(Mutex::default);

/// A module, initialised.
pub(super) struct Module {
    pub(super) pkcs11: Pkcs11,
    /// Serial numbers of the tokens that refused a PIN. Held while a PIN is tried, so that two cannot be tried at once.
    refused: Mutex<HashSet<String>>,
}

impl Module {
    /// The module of that file, started if it was not.
    pub(super) fn of(file: &Path) -> Result<Arc<Module>, TokenError> {
        let started = |error: &dyn std::fmt::Display| TokenError::Module(error.to_string());
        let file = file.canonicalize().map_err(|error| started(&error))?;
        let mut loaded = LOADED.lock();
        if let Some(module) = loaded.get(&file) {
            return Ok(Arc::clone(module));
        }
        let pkcs11 = Pkcs11::new(&file).map_err(|error| started(&error))?;
        pkcs11
            .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
            .map_err(|error| started(&error))?;
        let module = Arc::new(Module {
            pkcs11,
            refused: Mutex::default(),
        });
        loaded.insert(file, Arc::clone(&module));
        Ok(module)
    }

    /// The one token of that name that is in.
    pub(super) fn find(&self, name: &TokenName) -> Result<(Slot, TokenInfo), TokenError> {
        let mut found = Vec::new();
        for slot in self.pkcs11.get_slots_with_token()? {
            // Another token that goes at this moment is no reason to fail.
            let Ok(info) = self.pkcs11.get_token_info(slot) else {
                continue;
            };
            let is_it = match name {
                TokenName::Label(label) => info.label().trim_end() == label,
                TokenName::Serial(serial) => info.serial_number().trim() == serial,
            };
            if is_it {
                found.push((slot, info));
            }
        }
        match found.len() {
            0 => Err(TokenError::Absent),
            1 => found.pop().ok_or(TokenError::Absent),
            several => Err(TokenError::Several(several)),
        }
    }

    /// Logs in, once, and never again on this token once it has refused a PIN: a third mistake locks a card for good.
    pub(super) fn log_in(
        &self,
        session: &Session,
        token: &TokenInfo,
        user: UserType,
        pin: &SecretReference,
    ) -> Result<(), TokenError> {
        let serial = token.serial_number().to_owned();
        let mut refused = self.refused.lock();
        if refused.contains(&serial) {
            return Err(TokenError::PinRefused);
        }
        if let Some(risk) = risk(token) {
            return Err(TokenError::PinAtRisk(risk));
        }
        let pin = pin
            .read()
            .map_err(|error| TokenError::PinUnreadable(error.to_string()))?;
        let pin = cryptoki::types::AuthPin::from(pin.expose_secret().to_owned());
        match session.login(user, Some(&pin)) {
            // The login is the application's: another key on this token was opened before.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(Error::Pkcs11(code, _)) if refuses(code) => {
                refused.insert(serial);
                Err(TokenError::PinRefused)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether a key's token is in and its PIN may be tried; it is not tried here.
pub fn inspect(key: &TokenKey) -> Result<(), TokenError> {
    let (_, token) = Module::of(&key.module)?.find(&key.token)?;
    match risk(&token) {
        Some(risk) => Err(TokenError::PinAtRisk(risk)),
        None => Ok(()),
    }
}

/// Whether any token has refused its PIN in this process.
pub fn pin_was_refused() -> bool {
    let loaded = LOADED.lock();
    let mut modules = loaded.values();
    modules.any(|module| !module.refused.lock().is_empty())
}

/// Whether that is the token's word on the PIN itself.
fn refuses(code: RvError) -> bool {
    matches!(
        code,
        RvError::PinIncorrect
            | RvError::PinInvalid
            | RvError::PinLenRange
            | RvError::PinExpired
            | RvError::PinLocked
    )
}

/// Why the PIN must not be tried.
fn risk(token: &TokenInfo) -> Option<&'static str> {
    if token.user_pin_locked() {
        Some("è bloccato")
    } else if token.user_pin_final_try() {
        Some("resta un solo tentativo")
    } else if token.user_pin_count_low() {
        Some("è già stato sbagliato")
    } else if token.user_pin_to_be_changed() {
        Some("va prima cambiato")
    } else if !token.user_pin_initialized() {
        Some("non è ancora stato scelto")
    } else {
        None
    }
}
