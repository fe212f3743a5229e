//! Tokens that are read, and each way in which one is refused.

use chrono::{DateTime, TimeDelta, Utc};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use serde_json::{Value, json};

use super::{
    Algorithm, Audience, Claims, Expected, JoseError, KeySet, PublicKey, TimeRules, Token,
};
use super::{decode, encode, object};

const ANY: Expected<'static> = Expected {
    algorithms: &Algorithm::ALL,
    types: &["JWT"],
    untyped: true,
};

fn rsa(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).expect("a key")).expect("a key")
}

fn public(key: &PKey<Private>) -> Result<PublicKey, JoseError> {
    PublicKey::of_pem(&key.public_key_to_pem().expect("a PEM text"))
}

/// A token as somebody else makes it, from texts that need not be sound.
fn made(header: &str, payload: &str, key: &PKey<Private>) -> String {
    let input = format!("{}.{}", encode(header), encode(payload));
    let mut signer = Signer::new(MessageDigest::sha256(), key).expect("a signer");
    let signature = signer
        .sign_oneshot_to_vec(input.as_bytes())
        .expect("a signature");
    format!("{input}.{}", encode(signature))
}

fn refused(header: &str) -> JoseError {
    let text = format!("{}.{}.{}", encode(header), encode("{}"), encode("x"));
    Token::read(&text, &ANY).map(|_| ()).expect_err(header)
}

fn claims(value: &Value) -> Claims {
    let Value::Object(members) = value else {
        panic!("an object")
    };
    Claims::new(members.clone())
}

#[test]
fn a_token_opens_for_its_key_alone() {
    let (key, other) = (rsa(2048), rsa(2048));
    let text = made(r#"{"alg":"RS256","typ":"JWT"}"#, r#"{"sub":"uno"}"#, &key);
    let token = Token::read(&text, &ANY).expect("readable");
    let opened = token
        .verify(&public(&key).expect("a key"))
        .expect("its key");
    assert_eq!(opened.required("sub"), Ok("uno"));
    assert_eq!(
        token.verify(&public(&other).expect("a key")),
        Err(JoseError::SignatureWrong)
    );
}

#[test]
fn a_changed_byte_closes_the_token() {
    let key = rsa(2048);
    let public = public(&key).expect("a key");
    let text = made(r#"{"alg":"RS256"}"#, r#"{"sub":"uno"}"#, &key);
    let changed = text.replacen(&encode(r#"{"sub":"uno"}"#), &encode(r#"{"sub":"due"}"#), 1);
    let token = Token::read(&changed, &ANY).expect("readable");
    assert_eq!(token.verify(&public), Err(JoseError::SignatureWrong));
}

#[test]
fn what_signs_nothing_or_with_a_shared_secret_is_refused() {
    assert_eq!(refused(r#"{"alg":"none"}"#), JoseError::Unsigned);
    assert_eq!(refused(r#"{"alg":"nOnE"}"#), JoseError::Unsigned);
    assert_eq!(refused(r#"{"alg":"HS256"}"#), JoseError::SharedSecret);
    assert_eq!(refused(r#"{"alg":"HS512"}"#), JoseError::SharedSecret);
    assert_eq!(
        refused(r#"{"alg":"PS256"}"#),
        JoseError::AlgorithmNotAccepted
    );
    assert_eq!(
        refused(r#"{"alg":"rs256"}"#),
        JoseError::AlgorithmNotAccepted
    );
    assert_eq!(refused(r#"{"alg":7}"#), JoseError::Malformed("alg"));
    assert_eq!(refused("{}"), JoseError::Missing("alg"));
}

#[test]
fn only_the_algorithms_and_types_of_the_place_are_read() {
    let narrow = Expected {
        algorithms: &[Algorithm::Es256],
        types: &["at+jwt"],
        untyped: false,
    };
    let read = |header: &str| {
        let text = format!("{}.{}.{}", encode(header), encode("{}"), encode("x"));
        Token::read(&text, &narrow).map(|_| ())
    };
    assert_eq!(
        read(r#"{"alg":"RS256","typ":"at+jwt"}"#),
        Err(JoseError::AlgorithmNotAccepted)
    );
    assert_eq!(
        read(r#"{"alg":"ES256","typ":"JWT"}"#),
        Err(JoseError::TypeNotAccepted)
    );
    assert_eq!(read(r#"{"alg":"ES256"}"#), Err(JoseError::TypeNotAccepted));
    assert_eq!(
        read(r#"{"alg":"ES256","typ":"application/AT+JWT"}"#),
        Ok(())
    );
}

#[test]
fn extensions_that_must_be_understood_are_refused() {
    let header = r#"{"alg":"RS256","crit":["exp"],"exp":1}"#;
    assert_eq!(refused(header), JoseError::CriticalUnknown);
    assert_eq!(
        refused(r#"{"alg":"RS256","b64":false}"#),
        JoseError::CriticalUnknown
    );
}

#[test]
fn a_member_that_stands_twice_is_refused_in_header_and_claims() {
    assert_eq!(
        refused(r#"{"alg":"RS256","alg":"none"}"#),
        JoseError::DuplicateMember
    );
    let key = rsa(2048);
    let text = made(r#"{"alg":"RS256"}"#, r#"{"sub":"a","su\u0062":"b"}"#, &key);
    let token = Token::read(&text, &ANY).expect("readable");
    assert_eq!(
        token.verify(&public(&key).expect("a key")),
        Err(JoseError::DuplicateMember)
    );
}

#[test]
fn depth_length_and_form_are_bounded() {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(40), "]".repeat(40));
    assert_eq!(object(deep.as_bytes()), Err(JoseError::TooDeep));
    let deepest = "[".repeat(100_000);
    assert_eq!(
        object(format!("{{\"a\":{deepest}").as_bytes()),
        Err(JoseError::TooDeep)
    );
    assert_eq!(object(b"[]"), Err(JoseError::NotAnObject));
    assert_eq!(object(b"{} {}"), Err(JoseError::NotAnObject));
    assert_eq!(object(b"{\"a\":\"\xff\"}"), Err(JoseError::NotAnObject));
    let read = |text: &str| Token::read(text, &ANY).map(|_| ());
    assert_eq!(read(&"a".repeat(20_000)), Err(JoseError::TooLong));
    assert_eq!(read("a.b"), Err(JoseError::NotCompact));
    assert_eq!(read("a.b.c.d"), Err(JoseError::NotCompact));
    assert_eq!(read("a=.b.c"), Err(JoseError::Base64));
    assert_eq!(read("a b.b.c"), Err(JoseError::Base64));
}

#[test]
fn base64url_has_one_way_to_write_each_byte() {
    assert_eq!(decode("AQAB"), Ok(vec![1, 0, 1]));
    for wrong in ["AQ==", "AR", "A+==", "A/AB", "AQAB\n", "A"] {
        assert_eq!(decode(wrong), Err(JoseError::Base64), "{wrong}");
    }
}

#[test]
fn weak_keys_and_keys_off_the_curve_are_refused() {
    assert_eq!(
        public(&rsa(1024)).map(|_| ()),
        Err(JoseError::KeyNotAccepted)
    );
    let group = EcGroup::from_curve_name(Nid::SECP256K1).expect("a curve");
    let foreign = PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key");
    assert_eq!(public(&foreign).map(|_| ()), Err(JoseError::KeyNotAccepted));
    let jwk = |value: Value| PublicKey::of_jwk(value.as_object().expect("an object")).map(|_| ());
    let off = json!({"kty":"EC","crv":"P-256","x":encode([1; 32]),"y":encode([1; 32])});
    assert_eq!(jwk(off), Err(JoseError::KeyNotAccepted));
    let secret = json!({"kty":"oct","k":"AQAB"});
    assert_eq!(jwk(secret), Err(JoseError::KeyNotAccepted));
}

#[test]
fn the_thumbprint_is_that_of_the_norms_example() {
    // RFC 7638, 3.1.
    let jwk = json!({
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29"
    });
    let key = PublicKey::of_jwk(jwk.as_object().expect("an object")).expect("a key");
    assert_eq!(
        encode(key.thumbprint()),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
    assert_eq!(key.key_id(), Some("2011-04-29"));
    assert_eq!(key.algorithms().collect::<Vec<_>>(), [Algorithm::Rs256]);
}

#[test]
fn a_set_leaves_out_the_keys_that_are_of_no_use() {
    let key = public(&rsa(2048)).expect("a key");
    let good = key.to_jwk(Algorithm::Rs256);
    let name = good["kid"].as_str().expect("a name").to_owned();
    let set = json!({"keys": [{"kty":"OKP","crv":"Ed25519","x":"AQAB"}, good]});
    let set = KeySet::read(set.to_string().as_bytes()).expect("a set");
    assert_eq!(set.keys().len(), 1);
    assert!(set.get(&name).is_some_and(|found| found.is_same(&key)));
    assert!(set.get("../../etc/passwd").is_none());
}

#[test]
fn the_key_of_another_algorithm_opens_nothing() {
    let key = rsa(2048);
    let public = public(&key).expect("a key");
    let text = made(r#"{"alg":"ES256"}"#, "{}", &key);
    let token = Token::read(&text, &ANY).expect("readable");
    assert_eq!(token.verify(&public), Err(JoseError::KeyMismatch));
}

#[test]
fn times_are_judged_with_skew_for_the_beginning_only() {
    let now: DateTime<Utc> = "2026-01-15T09:30:00Z".parse().expect("an instant");
    let rules = TimeRules {
        skew: TimeDelta::seconds(5),
        oldest: Some(TimeDelta::minutes(5)),
    };
    let at = now.timestamp();
    let judged = |value: Value| claims(&value).check_times(&rules, now);
    assert!(judged(json!({"iat": at, "nbf": at, "exp": at + 60})).is_ok());
    assert!(judged(json!({"iat": at + 5, "exp": at + 60})).is_ok());
    assert!(judged(json!({"iat": at as f64 - 0.5, "exp": at + 60})).is_ok());
    let refused = |value: Value| judged(value).expect_err("refused");
    assert_eq!(refused(json!({"iat": at})), JoseError::Missing("exp"));
    assert_eq!(refused(json!({"exp": at + 60})), JoseError::Missing("iat"));
    assert_eq!(refused(json!({"iat": at, "exp": at})), JoseError::Expired);
    assert_eq!(
        refused(json!({"iat": at + 6, "exp": at + 60})),
        JoseError::IssuedInFuture
    );
    assert_eq!(
        refused(json!({"iat": at - 301, "exp": at + 60})),
        JoseError::TooOld
    );
    assert_eq!(
        refused(json!({"iat": at, "nbf": at + 6, "exp": at + 60})),
        JoseError::NotYetValid
    );
    assert_eq!(
        refused(json!({"iat": at, "exp": "domani"})),
        JoseError::Malformed("exp")
    );
    assert_eq!(
        refused(json!({"iat": at, "exp": 1e300})),
        JoseError::Malformed("exp")
    );
}

#[test]
fn the_audience_is_ours_and_ours_alone_unless_others_may_stand_beside() {
    let ours = ["https://a.example/v1".to_owned()];
    let judged = |value: Value, shared| {
        claims(&value).check_audience(&Audience {
            ours: &ours,
            shared,
        })
    };
    assert_eq!(judged(json!({"aud": ours[0]}), false), Ok(()));
    assert_eq!(judged(json!({"aud": [ours[0]]}), false), Ok(()));
    let both = json!({"aud": ["https://b.example", ours[0]]});
    assert_eq!(judged(both.clone(), false), Err(JoseError::AudienceShared));
    assert_eq!(judged(both, true), Ok(()));
    assert_eq!(judged(json!({}), true), Err(JoseError::Missing("aud")));
    assert_eq!(
        judged(json!({"aud": "https://a.example/v1/"}), true),
        Err(JoseError::AudienceWrong)
    );
    assert_eq!(
        judged(json!({"aud": []}), true),
        Err(JoseError::AudienceWrong)
    );
    assert_eq!(
        judged(json!({"aud": [1]}), true),
        Err(JoseError::Malformed("aud"))
    );
}
