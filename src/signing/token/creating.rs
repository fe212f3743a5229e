//! Makes a key on a token, with the attributes that we demand of one: tools differ in what they set unasked.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass};
use cryptoki::session::{Session, UserType};

use super::key::PrivateKey;
use super::module::Module;
use super::{KeyName, TokenError, TokenKey, public};

/// DER of the object identifier of P-256 (RFC 5480, 2.1.1.1).
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// Kinds of keys that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewKey {
    /// RSA of so many bits.
    Rsa(u64),
    /// On P-256.
    P256,
}

/// Makes the key where the configuration will look for it; its public key, PEM. One that is there already is left alone, and refused.
pub fn create(wanted: &TokenKey, kind: NewKey) -> Result<Vec<u8>, TokenError> {
    let module = Module::of(&wanted.module)?;
    let (slot, token) = module.find(&wanted.token)?;
    let session = module.pkcs11.open_rw_session(slot)?;
    module.log_in(&session, &token, UserType::User, &wanted.pin)?;
    let (label, id) = match &wanted.key {
        KeyName::Label(label) => (label.clone().into_bytes(), fresh_id()),
        KeyName::Id(id) => (wanted.name.clone().into_bytes(), id.clone()),
    };
    let named = match &wanted.key {
        KeyName::Label(_) => Attribute::Label(label.clone()),
        KeyName::Id(_) => Attribute::Id(id.clone()),
    };
    let there = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY), named])?;
    if !there.is_empty() {
        return Err(TokenError::KeyThere);
    }
    generate(&session, kind, label, id)?;
    let key = PrivateKey::find(&session, &wanted.key)?;
    public::pem(&session, &key)?.ok_or(TokenError::NoPublicKey)
}

fn generate(
    session: &Session,
    kind: NewKey,
    label: Vec<u8>,
    id: Vec<u8>,
) -> Result<(), TokenError> {
    let named = [
        Attribute::Token(true),
        Attribute::Label(label),
        Attribute::Id(id),
    ];
    let mut private = named.to_vec();
    private.extend([
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        Attribute::Decrypt(false),
        Attribute::Unwrap(false),
        Attribute::Derive(false),
    ]);
    let mut public = named.to_vec();
    public.push(Attribute::Verify(true));
    let mechanism = match kind {
        NewKey::Rsa(bits) => {
            public.push(Attribute::ModulusBits(bits.into()));
            public.push(Attribute::PublicExponent(vec![1, 0, 1]));
            Mechanism::RsaPkcsKeyPairGen
        }
        NewKey::P256 => {
            public.push(Attribute::EcParams(P256.to_vec()));
            Mechanism::EccKeyPairGen
        }
    };
    session.generate_key_pair(&mechanism, &public, &private)?;
    Ok(())
}

/// Key and certificate are joined by their id: none that another key of the token could have.
fn fresh_id() -> Vec<u8> {
    rand::random::<[u8; 8]>().to_vec()
}
