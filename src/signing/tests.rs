//! Signers of every kind of key, and those that are refused.

use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use serde_json::{Map, Value};

use super::{PemSigner, Signer, SigningError, sign_token};
use crate::jose::{Algorithm, Expected, Token};

fn pem(key: &PKey<Private>) -> Vec<u8> {
    key.private_key_to_pem_pkcs8().expect("a PEM text")
}

fn rsa(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).expect("a key")).expect("a key")
}

fn elliptic(curve: Nid) -> PKey<Private> {
    let group = EcGroup::from_curve_name(curve).expect("a curve");
    PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key")
}

async fn goes_round(key: &PKey<Private>, algorithm: Algorithm) {
    let signer = PemSigner::of_pem(&pem(key), Vec::new(), Some(algorithm)).expect("a signer");
    let claims: Map<String, Value> = Map::from_iter([("sub".to_owned(), Value::from("uno"))]);
    let token = sign_token(&signer, Map::new(), &claims)
        .await
        .expect("signed");
    let expected = Expected {
        algorithms: &[algorithm],
        types: &[],
        untyped: true,
    };
    let read = Token::read(&token, &expected).expect("readable");
    let opened = read.verify(signer.public_key()).expect("verified");
    assert_eq!(opened.text("sub"), Ok(Some("uno")), "{algorithm:?}");
}

#[tokio::test]
async fn what_every_algorithm_signs_is_verified() {
    let key = rsa(2048);
    for algorithm in [Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512] {
        goes_round(&key, algorithm).await;
    }
    goes_round(&elliptic(Nid::X9_62_PRIME256V1), Algorithm::Es256).await;
    goes_round(&elliptic(Nid::SECP384R1), Algorithm::Es384).await;
    goes_round(&elliptic(Nid::SECP521R1), Algorithm::Es512).await;
}

#[test]
fn the_usual_algorithm_is_that_of_the_key() {
    let usual = |key: PKey<Private>| {
        PemSigner::of_pem(&pem(&key), Vec::new(), None)
            .expect("a signer")
            .algorithm()
    };
    assert_eq!(usual(rsa(2048)), Algorithm::Rs256);
    assert_eq!(usual(elliptic(Nid::SECP384R1)), Algorithm::Es384);
}

#[test]
fn weak_foreign_and_locked_keys_are_refused() {
    let load = |text: &[u8], algorithm| {
        PemSigner::of_pem(text, Vec::new(), algorithm).expect_err("refused")
    };
    assert_eq!(load(&pem(&rsa(1024)), None), SigningError::KeyNotAccepted);
    assert_eq!(
        load(&pem(&elliptic(Nid::SECP256K1)), None),
        SigningError::KeyNotAccepted
    );
    assert_eq!(
        load(&pem(&rsa(2048)), Some(Algorithm::Es256)),
        SigningError::KeyMismatch(Algorithm::Es256)
    );
    let cipher = openssl::symm::Cipher::aes_256_cbc();
    let locked = rsa(2048)
        .private_key_to_pem_pkcs8_passphrase(cipher, b"parola")
        .expect("a PEM text");
    assert!(matches!(load(&locked, None), SigningError::Unreadable(_)));
    assert!(matches!(load(b"niente", None), SigningError::Unreadable(_)));
}
