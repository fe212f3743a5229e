//! What the token holds beside a private key: its certificate, or its public numbers.

use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;

use super::TokenError;
use super::key::{Kind, PrivateKey};
use crate::jose::PublicKey;

/// A DER OCTET STRING of 65 bytes, as `CKA_EC_POINT` wraps a point on P-256.
const WRAPPED_POINT: [u8; 2] = [0x04, 0x41];

/// The certificate under the key's id, DER.
pub(super) fn certificate(
    session: &Session,
    key: &PrivateKey,
) -> Result<Option<Vec<u8>>, TokenError> {
    let found = session.find_objects(&[
        Attribute::Class(ObjectClass::CERTIFICATE),
        Attribute::Id(key.id.clone()),
    ])?;
    let [handle] = found[..] else {
        return Ok(None);
    };
    let stated = session.get_attributes(handle, &[AttributeType::Value])?;
    Ok(stated.into_iter().find_map(|one| match one {
        Attribute::Value(der) => Some(der),
        _ => None,
    }))
}

/// The public key: of RSA it stands with the private one, of a curve under the same id.
pub(super) fn key(session: &Session, key: &PrivateKey) -> Result<Option<PublicKey>, TokenError> {
    Ok(pem(session, key)?.and_then(|pem| PublicKey::of_pem(&pem).ok()))
}

/// The same as a PEM text.
pub(super) fn pem(session: &Session, key: &PrivateKey) -> Result<Option<Vec<u8>>, TokenError> {
    match key.kind {
        Kind::Rsa => rsa(session, key.handle),
        Kind::Elliptic => elliptic(session, key),
    }
}

fn rsa(session: &Session, key: ObjectHandle) -> Result<Option<Vec<u8>>, TokenError> {
    let asked = [AttributeType::Modulus, AttributeType::PublicExponent];
    let (mut modulus, mut exponent) = (None, None);
    for attribute in session.get_attributes(key, &asked)? {
        match attribute {
            Attribute::Modulus(number) => modulus = Some(number),
            Attribute::PublicExponent(number) => exponent = Some(number),
            _ => {}
        }
    }
    let (Some(modulus), Some(exponent)) = (modulus, exponent) else {
        return Ok(None);
    };
    let pem = || -> Result<Vec<u8>, ErrorStack> {
        let key = Rsa::from_public_components(
            BigNum::from_slice(&modulus)?,
            BigNum::from_slice(&exponent)?,
        )?;
        PKey::from_rsa(key)?.public_key_to_pem()
    };
    Ok(pem().ok())
}

fn elliptic(session: &Session, key: &PrivateKey) -> Result<Option<Vec<u8>>, TokenError> {
    let found = session.find_objects(&[
        Attribute::Class(ObjectClass::PUBLIC_KEY),
        Attribute::Id(key.id.clone()),
    ])?;
    let [handle] = found[..] else {
        return Ok(None);
    };
    let stated = session.get_attributes(handle, &[AttributeType::EcPoint])?;
    let point = stated.into_iter().find_map(|one| match one {
        Attribute::EcPoint(point) => Some(point),
        _ => None,
    });
    let pem = |point: &[u8]| -> Result<Vec<u8>, ErrorStack> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
        let point = EcPoint::from_bytes(&group, point, &mut *BigNumContext::new()?)?;
        PKey::from_ec_key(EcKey::from_public_key(&group, &point)?)?.public_key_to_pem()
    };
    Ok(point.and_then(|point| pem(point.strip_prefix(&WRAPPED_POINT).unwrap_or(&point)).ok()))
}
