//! Keys on PKCS#11 tokens, with SoftHSM in the place of a card.

mod faults;
mod tokens;

use std::time::Duration;

use cryptoki::object::Attribute;
use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::X509;
use pontile::jose::{Algorithm, Expected, Token};
use pontile::signing::{
    KeyName, Signer, SigningError, TokenError, TokenKey, TokenSigner, TokenState, sign_token,
};
use serde_json::{Map, Value};
use tokens::{Made, PIN, Place, in_own_process};

fn open(key: &TokenKey) -> Result<TokenSigner, SigningError> {
    TokenSigner::open(key, Vec::new(), None)
}

fn refusal(place: &Place, label: &str) -> SigningError {
    open(&place.key(label, PIN)).expect_err("refused")
}

async fn goes_round(signer: &TokenSigner) {
    let claims: Map<String, Value> = Map::from_iter([("sub".to_owned(), Value::from("uno"))]);
    let token = sign_token(signer, Map::new(), &claims)
        .await
        .expect("signed");
    let expected = Expected {
        algorithms: &[signer.algorithm()],
        types: &[],
        untyped: true,
    };
    let read = Token::read(&token, &expected).expect("readable");
    let opened = read.verify(signer.public_key()).expect("verified");
    assert_eq!(opened.text("sub"), Ok(Some("uno")));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

#[test]
fn what_rsa_and_p256_keys_on_a_token_sign_is_verified() {
    let keys = [
        Made::rsa("sigillo"),
        Made::rsa("lungo").of_bits(3072),
        Made::p256("curva"),
    ];
    in_own_process(
        "what_rsa_and_p256_keys_on_a_token_sign_is_verified",
        &keys,
        |place| {
            let runtime = runtime();
            for algorithm in [Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512] {
                let key = place.key("sigillo", PIN);
                let signer =
                    TokenSigner::open(&key, Vec::new(), Some(algorithm)).expect("a signer");
                runtime.block_on(goes_round(&signer));
            }
            let usual = |label, algorithm| {
                let signer = open(&place.key(label, PIN)).expect("a signer");
                assert_eq!(signer.algorithm(), algorithm);
                assert_eq!(signer.state(), TokenState::Ready);
                runtime.block_on(goes_round(&signer));
            };
            usual("lungo", Algorithm::Rs256);
            usual("curva", Algorithm::Es256);
            let by_id = TokenKey {
                key: KeyName::Id(b"curva".to_vec()),
                ..place.key("curva", PIN)
            };
            open(&by_id).expect("a signer");
            let foreign = TokenSigner::open(&by_id, Vec::new(), Some(Algorithm::Rs256));
            assert_eq!(
                foreign.expect_err("refused"),
                SigningError::KeyMismatch(Algorithm::Rs256)
            );
        },
    );
}

#[test]
fn a_refused_pin_is_never_tried_again_not_even_corrected() {
    in_own_process(
        "a_refused_pin_is_never_tried_again_not_even_corrected",
        &[Made::p256("sigillo")],
        |place| {
            let refused = SigningError::Token(TokenError::PinRefused);
            let wrong = open(&place.key("sigillo", "000000")).expect_err("refused");
            assert_eq!(wrong, refused);
            // That the right one fails too proves that the token is not asked.
            assert_eq!(self::refusal(place, "sigillo"), refused);
        },
    );
}

#[test]
fn keys_that_could_leave_the_token_or_do_more_than_sign_are_refused() {
    let keys = [
        Made::rsa("estraibile").but(Attribute::Extractable(true)),
        Made::rsa("in-chiaro").but(Attribute::Sensitive(false)),
        Made::rsa("decifra").but(Attribute::Decrypt(true)),
        Made::p256("deriva").but(Attribute::Derive(true)),
        Made::p256("doppia"),
        Made::p256("doppia"),
    ];
    in_own_process(
        "keys_that_could_leave_the_token_or_do_more_than_sign_are_refused",
        &keys,
        |place| {
            for (label, named) in [
                ("estraibile", "estrarre"),
                ("in-chiaro", "chiaro"),
                ("decifra", "solo a firmare"),
                ("deriva", "solo a firmare"),
            ] {
                match refusal(place, label) {
                    SigningError::Token(TokenError::KeyUnsuitable(why)) => {
                        assert!(why.contains(named), "{label}: {why}");
                    }
                    other => panic!("{label}: {other:?}"),
                }
            }
            let keys = |label| refusal(place, label);
            assert_eq!(keys("doppia"), SigningError::Token(TokenError::Keys(2)));
            assert_eq!(keys("nessuna"), SigningError::Token(TokenError::Keys(0)));
            let absent = TokenKey {
                token: pontile::signing::TokenName::Label("altro".to_owned()),
                ..place.key("doppia", PIN)
            };
            assert_eq!(
                open(&absent).expect_err("refused"),
                SigningError::Token(TokenError::Absent)
            );
        },
    );
}

#[test]
fn a_certificate_must_be_the_keys() {
    in_own_process(
        "a_certificate_must_be_the_keys",
        &[Made::p256("sigillo"), Made::p256("altra")],
        |place| {
            let signer = open(&place.key("sigillo", PIN)).expect("a signer");
            let certificate = certificate_of(&signer);
            let certified =
                |label| TokenSigner::open(&place.key(label, PIN), vec![certificate.clone()], None);
            assert_eq!(certified("sigillo").expect("a signer").chain().len(), 1);
            assert_eq!(
                certified("altra").expect_err("refused"),
                SigningError::CertificateOfAnother
            );
        },
    );
}

#[test]
fn many_signatures_share_few_sessions_and_what_is_too_much_is_refused_at_once() {
    in_own_process(
        "many_signatures_share_few_sessions_and_what_is_too_much_is_refused_at_once",
        &[Made::rsa("sigillo")],
        |place| {
            let runtime = runtime();
            let ask = |signer: TokenSigner, askers: usize| {
                let signer = std::sync::Arc::new(signer);
                runtime.block_on(async move {
                    let asked: Vec<_> = (0..askers)
                        .map(|number| {
                            let signer = std::sync::Arc::clone(&signer);
                            tokio::spawn(async move { signer.sign(&number.to_be_bytes()).await })
                        })
                        .collect();
                    let mut busy = 0;
                    for one in asked {
                        match one.await.expect("no panic") {
                            Ok(signature) => assert_eq!(signature.len(), 256),
                            Err(SigningError::Busy { again_in }) => {
                                assert!(again_in >= Duration::from_secs(1));
                                busy += 1;
                            }
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                    assert_eq!(signer.waiting(), 0);
                    busy
                })
            };
            let roomy = TokenKey {
                sessions: 4,
                queue: 64,
                deadline: Duration::from_mins(1),
                ..place.key("sigillo", PIN)
            };
            assert_eq!(ask(open(&roomy).expect("a signer"), 64), 0);
            let narrow = TokenKey {
                sessions: 1,
                queue: 2,
                ..roomy
            };
            let signer = open(&narrow).expect("a signer");
            assert!(signer.rate() > 1.0, "{}", signer.rate());
            assert!(ask(signer, 64) > 0);
        },
    );
}

#[test]
fn a_key_that_wants_the_pin_for_each_signature_gets_it() {
    in_own_process(
        "a_key_that_wants_the_pin_for_each_signature_gets_it",
        &[Made::rsa("firma").but(Attribute::AlwaysAuthenticate(true))],
        |place| {
            let signer = open(&place.key("firma", PIN)).expect("a signer");
            let runtime = runtime();
            runtime.block_on(goes_round(&signer));
            runtime.block_on(goes_round(&signer));
        },
    );
}

/// A certificate for the signer's key, signed by a throw-away authority.
fn certificate_of(signer: &TokenSigner) -> Vec<u8> {
    let jwk = signer.public_key().to_jwk(signer.algorithm());
    let number = |name: &str| {
        let bytes = pontile::jose::decode(jwk[name].as_str().expect("a number")).expect("bytes");
        openssl::bn::BigNum::from_slice(&bytes).expect("a number")
    };
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("a curve");
    let key = EcKey::from_public_key_affine_coordinates(&group, &number("x"), &number("y"))
        .and_then(PKey::from_ec_key)
        .expect("a key");
    let authority = PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key");
    let mut certificate = X509::builder().expect("a builder");
    certificate.set_pubkey(&key).expect("set");
    let (from, to) = (Asn1Time::days_from_now(0), Asn1Time::days_from_now(1));
    certificate
        .set_not_before(&from.expect("a time"))
        .expect("set");
    certificate
        .set_not_after(&to.expect("a time"))
        .expect("set");
    certificate
        .sign(&authority, MessageDigest::sha256())
        .expect("signed");
    certificate.build().to_der().expect("DER")
}
