//! The private key on a token: the one of its name, kept there for good, made to sign and nothing else.

use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::{KeyName, TokenError};
use crate::jose::Algorithm;

/// A private key that may be used.
#[derive(Debug, Clone)]
pub(super) struct PrivateKey {
    pub(super) handle: ObjectHandle,
    pub(super) kind: Kind,
    /// `CKA_ID`, by which its public key and certificate are found.
    pub(super) id: Vec<u8>,
    /// Whether the PIN must be given for every signature, as on qualified cards.
    pub(super) always_authenticate: bool,
}

/// Kinds of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rsa,
    /// On P-256: others are told apart when their signature is tried.
    Elliptic,
}

impl Kind {
    /// The algorithm where none is named.
    pub(super) fn usual(self) -> Algorithm {
        match self {
            Kind::Rsa => Algorithm::Rs256,
            Kind::Elliptic => Algorithm::Es256,
        }
    }

    /// Whether its keys sign by that algorithm.
    pub(super) fn signs(self, algorithm: Algorithm) -> bool {
        match algorithm {
            Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512 => self == Kind::Rsa,
            Algorithm::Es256 => self == Kind::Elliptic,
            Algorithm::Es384 | Algorithm::Es512 => false,
        }
    }

    /// The one mechanism that every token has: the digest is made before.
    pub(super) fn mechanism(self) -> Mechanism<'static> {
        match self {
            Kind::Rsa => Mechanism::RsaPkcs,
            Kind::Elliptic => Mechanism::Ecdsa,
        }
    }

    /// Its type and name.
    pub(super) fn mechanism_type(self) -> (MechanismType, &'static str) {
        match self {
            Kind::Rsa => (MechanismType::RSA_PKCS, "CKM_RSA_PKCS"),
            Kind::Elliptic => (MechanismType::ECDSA, "CKM_ECDSA"),
        }
    }
}

/// The mechanism by which the token makes the digest too.
///
/// Between the start of a signature and its bytes a PIN can be given only where the bytes may come in parts, and the bare
/// mechanisms take them whole.
pub(super) fn digesting(algorithm: Algorithm) -> Mechanism<'static> {
    match algorithm {
        Algorithm::Rs256 => Mechanism::Sha256RsaPkcs,
        Algorithm::Rs384 => Mechanism::Sha384RsaPkcs,
        Algorithm::Rs512 => Mechanism::Sha512RsaPkcs,
        Algorithm::Es256 => Mechanism::EcdsaSha256,
        Algorithm::Es384 => Mechanism::EcdsaSha384,
        Algorithm::Es512 => Mechanism::EcdsaSha512,
    }
}

impl PrivateKey {
    /// Finds the key, in a session that is logged in: before, a token shows none.
    pub(super) fn find(session: &Session, name: &KeyName) -> Result<PrivateKey, TokenError> {
        let named = match name {
            KeyName::Label(label) => Attribute::Label(label.clone().into_bytes()),
            KeyName::Id(id) => Attribute::Id(id.clone()),
        };
        let found = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY), named])?;
        let [handle] = found[..] else {
            return Err(TokenError::Keys(found.len()));
        };
        Stated::of(session, handle)?.accepted(handle)
    }
}

/// What the token states of a key; a token may leave out what it does not know.
#[derive(Default)]
struct Stated {
    kind: Option<KeyType>,
    id: Vec<u8>,
    sensitive: Option<bool>,
    always_sensitive: Option<bool>,
    extractable: Option<bool>,
    never_extractable: Option<bool>,
    sign: Option<bool>,
    decrypt: Option<bool>,
    unwrap: Option<bool>,
    derive: Option<bool>,
    always_authenticate: Option<bool>,
}

impl Stated {
    const ASKED: [AttributeType; 11] = [
        AttributeType::KeyType,
        AttributeType::Id,
        AttributeType::Sensitive,
        AttributeType::AlwaysSensitive,
        AttributeType::Extractable,
        AttributeType::NeverExtractable,
        AttributeType::Sign,
        AttributeType::Decrypt,
        AttributeType::Unwrap,
        AttributeType::Derive,
        AttributeType::AlwaysAuthenticate,
    ];

    fn of(session: &Session, key: ObjectHandle) -> Result<Stated, TokenError> {
        let mut stated = Stated::default();
        for attribute in session.get_attributes(key, &Stated::ASKED)? {
            match attribute {
                Attribute::KeyType(kind) => stated.kind = Some(kind),
                Attribute::Id(id) => stated.id = id,
                Attribute::Sensitive(value) => stated.sensitive = Some(value),
                Attribute::AlwaysSensitive(value) => stated.always_sensitive = Some(value),
                Attribute::Extractable(value) => stated.extractable = Some(value),
                Attribute::NeverExtractable(value) => stated.never_extractable = Some(value),
                Attribute::Sign(value) => stated.sign = Some(value),
                Attribute::Decrypt(value) => stated.decrypt = Some(value),
                Attribute::Unwrap(value) => stated.unwrap = Some(value),
                Attribute::Derive(value) => stated.derive = Some(value),
                Attribute::AlwaysAuthenticate(value) => stated.always_authenticate = Some(value),
                _ => {}
            }
        }
        Ok(stated)
    }

    /// What keeps the key on the token must be stated; what it may do beyond signing must not be.
    fn accepted(self, handle: ObjectHandle) -> Result<PrivateKey, TokenError> {
        let kind = match self.kind {
            Some(KeyType::RSA) => Kind::Rsa,
            Some(KeyType::EC) => Kind::Elliptic,
            _ => return Err(TokenError::KeyUnsuitable("non è RSA né ECDSA")),
        };
        let demands = [
            (self.extractable == Some(false), "si può estrarre dal token"),
            (
                self.sensitive == Some(true),
                "il token la mostra in chiaro (CKA_SENSITIVE)",
            ),
            (
                self.never_extractable == Some(true),
                "si è potuta estrarre dal token (CKA_NEVER_EXTRACTABLE)",
            ),
            (
                self.always_sensitive == Some(true),
                "è stata in chiaro, o non è nata sul token (CKA_ALWAYS_SENSITIVE)",
            ),
            (self.sign == Some(true), "non firma (CKA_SIGN)"),
            (
                self.decrypt != Some(true)
                    && self.unwrap != Some(true)
                    && self.derive != Some(true),
                "non serve solo a firmare (CKA_DECRYPT, CKA_UNWRAP, CKA_DERIVE)",
            ),
        ];
        if let Some((_, why)) = demands.into_iter().find(|(met, _)| !met) {
            return Err(TokenError::KeyUnsuitable(why));
        }
        Ok(PrivateKey {
            handle,
            kind,
            id: self.id,
            always_authenticate: self.always_authenticate == Some(true),
        })
    }
}
