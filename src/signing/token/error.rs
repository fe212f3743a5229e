//! Why a token cannot be used, and which failures mean that it was taken away.

use cryptoki::error::{Error, RvError};

/// Why a token, or a key on it, cannot be used. No text shows a PIN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The library is no PKCS#11 module, or does not start.
    #[error("il modulo PKCS#11 non si avvia: {0}")]
    Module(String),
    /// No token of that name is in.
    #[error("il token non è inserito")]
    Absent,
    /// More than one token of that name is in.
    #[error("i token con quel nome sono {0}: va indicato il numero di serie")]
    Several(usize),
    /// The PIN was mistaken before, or is locked or not set: it is not tried.
    #[error(
        "il PIN non viene provato, perché {0}: va verificato a mano, fuori dal gateway, prima di riavviare"
    )]
    PinAtRisk(&'static str),
    /// The token refused the PIN. It is not tried again in this process, with whatever PIN.
    #[error("il token ha rifiutato il PIN: non viene più provato fino al riavvio")]
    PinRefused,
    /// The PIN cannot be read.
    #[error("{0}")]
    PinUnreadable(String),
    /// Not exactly one private key has that name.
    #[error("le chiavi private con quel nome sono {0}, deve essercene una")]
    Keys(usize),
    /// A key of that name is there.
    #[error("sul token c'è già una chiave con quel nome: va scelto un altro nome, o tolta a mano")]
    KeyThere,
    /// The key's attributes do not keep it on the token, or let it do more than sign.
    #[error("la chiave non va bene: {0}")]
    KeyUnsuitable(&'static str),
    /// The token does not know the portable mechanism of the key.
    #[error("il token non firma con {0}")]
    Mechanism(&'static str),
    /// Neither a certificate nor the public key can be found.
    #[error("manca il certificato, e sul token non c'è la chiave pubblica")]
    NoPublicKey,
    /// The module reports a failure.
    #[error("il token ha risposto {0}")]
    Failed(String),
}

impl TokenError {
    /// Whether nothing but a person and a new start helps.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, TokenError::PinRefused | TokenError::PinAtRisk(_))
    }
}

impl From<Error> for TokenError {
    fn from(error: Error) -> TokenError {
        match &error {
            Error::Pkcs11(RvError::PinIncorrect | RvError::PinLocked, _) => TokenError::PinRefused,
            Error::Pkcs11(RvError::TokenNotPresent | RvError::DeviceRemoved, _) => {
                TokenError::Absent
            }
            // Not its text, which explains the code in a paragraph.
            Error::Pkcs11(code, function) => TokenError::Failed(format!("{code:?} a {function:?}")),
            other => TokenError::Failed(other.to_string()),
        }
    }
}

/// Whether the token was taken away, or has forgotten its sessions. Modules differ in what they say then.
pub(super) fn means_lost(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::TokenNotPresent
                | RvError::TokenNotRecognized
                | RvError::DeviceRemoved
                | RvError::DeviceError
                | RvError::SessionHandleInvalid
                | RvError::SessionClosed
                | RvError::UserNotLoggedIn
                | RvError::KeyHandleInvalid
                | RvError::ObjectHandleInvalid
                | RvError::SlotIdInvalid
                | RvError::CryptokiNotInitialized,
            _
        )
    )
}
