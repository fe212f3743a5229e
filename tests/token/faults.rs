//! What a card or a reader may do: be slow, go and come back, refuse its PIN, sign wrongly.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pontile::signing::{Signer, SigningError, TokenError, TokenKey, TokenSigner, TokenState};

use super::tokens::{Made, PIN, Place, in_own_process};
use super::{goes_round, open, runtime};

fn faulty(place: &Place) -> TokenKey {
    TokenKey {
        module: place.faulty_module(),
        ..place.key("sigillo", PIN)
    }
}

fn refused(place: &Place) -> SigningError {
    open(&faulty(place)).expect_err("refused")
}

#[test]
fn a_wrong_pin_costs_one_try_however_often_it_is_opened() {
    in_own_process(
        "faults::a_wrong_pin_costs_one_try_however_often_it_is_opened",
        &[Made::p256("sigillo")],
        |place| {
            place.faults("refuse-pin");
            for _ in 0..5 {
                assert_eq!(refused(place), SigningError::Token(TokenError::PinRefused));
            }
            assert_eq!(place.pins_tried(), 1);
        },
    );
}

#[test]
fn a_pin_that_was_mistaken_before_is_not_tried() {
    in_own_process(
        "faults::a_pin_that_was_mistaken_before_is_not_tried",
        &[Made::p256("sigillo")],
        |place| {
            for fault in ["pin-low", "pin-final", "pin-locked"] {
                place.faults(fault);
                let told = refused(place);
                let at_risk = matches!(told, SigningError::Token(TokenError::PinAtRisk(_)));
                assert!(at_risk, "{fault}: {told:?}");
            }
            assert_eq!(place.pins_tried(), 0);
            place.faults("");
            open(&faulty(place)).expect("a signer");
            assert_eq!(place.pins_tried(), 1);
        },
    );
}

#[test]
fn a_token_that_went_signs_again_after_one_login_when_it_is_back() {
    in_own_process(
        "faults::a_token_that_went_signs_again_after_one_login_when_it_is_back",
        &[Made::p256("sigillo")],
        |place| {
            let signer = open(&faulty(place)).expect("a signer");
            let runtime = runtime();
            runtime.block_on(goes_round(&signer));
            place.faults("away");
            for _ in 0..3 {
                let told = runtime.block_on(signer.sign(b"uno"));
                assert_eq!(told, Err(SigningError::Token(TokenError::Absent)));
            }
            assert_eq!(signer.state(), TokenState::Away(TokenError::Absent));
            assert_eq!(place.pins_tried(), 1);
            place.faults("");
            signs_within(&signer, Duration::from_secs(5));
            assert_eq!(signer.state(), TokenState::Ready);
            assert_eq!(place.pins_tried(), 2);
        },
    );
}

#[test]
fn a_token_that_comes_back_with_another_pin_is_tried_once_and_left_alone() {
    in_own_process(
        "faults::a_token_that_comes_back_with_another_pin_is_tried_once_and_left_alone",
        &[Made::p256("sigillo")],
        |place| {
            let signer = open(&faulty(place)).expect("a signer");
            let runtime = runtime();
            place.faults("away");
            runtime
                .block_on(signer.sign(b"uno"))
                .expect_err("it is away");
            place.faults("refuse-pin");
            runtime.block_on(async { tokio::time::sleep(Duration::from_millis(1200)).await });
            for _ in 0..5 {
                let told = runtime.block_on(signer.sign(b"uno"));
                assert_eq!(told, Err(SigningError::Token(TokenError::PinRefused)));
            }
            assert_eq!(signer.state(), TokenState::Stopped(TokenError::PinRefused));
            assert_eq!(place.pins_tried(), 2);
        },
    );
}

#[test]
fn no_signature_leaves_that_does_not_verify() {
    in_own_process(
        "faults::no_signature_leaves_that_does_not_verify",
        &[Made::rsa("sigillo")],
        |place| {
            let signer = open(&faulty(place)).expect("a signer");
            let sign = || runtime().block_on(signer.sign(b"uno"));
            place.faults("wrong");
            assert_eq!(sign(), Err(SigningError::NotSigned));
            place.faults("fail");
            let told = sign();
            let failed = matches!(told, Err(SigningError::Token(TokenError::Failed(_))));
            assert!(failed, "{told:?}");
            place.faults("");
            sign().expect("a token that failed once is tried again");
            assert_eq!(place.pins_tried(), 1);
        },
    );
}

#[test]
fn a_slow_token_is_measured_and_what_exceeds_it_is_refused_at_once() {
    in_own_process(
        "faults::a_slow_token_is_measured_and_what_exceeds_it_is_refused_at_once",
        &[Made::p256("sigillo")],
        |place| {
            place.faults("slow=500");
            let slow = TokenKey {
                sessions: 1,
                queue: 100,
                deadline: Duration::from_secs(3),
                ..faulty(place)
            };
            let signer = Arc::new(open(&slow).expect("a signer"));
            assert!((1.0..=2.0).contains(&signer.rate()), "{}", signer.rate());
            let (signed, busy) = runtime().block_on(ask_many(&signer, 40));
            assert!((4..=6).contains(&signed), "{signed}");
            assert_eq!(signed + busy, 40);
        },
    );
}

#[test]
fn who_waits_for_a_token_that_hangs_is_told_at_the_deadline() {
    in_own_process(
        "faults::who_waits_for_a_token_that_hangs_is_told_at_the_deadline",
        &[Made::p256("sigillo")],
        |place| {
            let key = TokenKey {
                deadline: Duration::from_millis(300),
                ..faulty(place)
            };
            let signer = open(&key).expect("a signer");
            place.faults("slow=3000");
            let begun = Instant::now();
            let runtime = runtime();
            let told = runtime.block_on(signer.sign(b"uno"));
            assert!(matches!(told, Err(SigningError::Busy { .. })), "{told:?}");
            assert!(begun.elapsed() < Duration::from_secs(1));
            // It has not let go of the token: nobody else takes its place meanwhile.
            assert_eq!(signer.waiting(), 1);
        },
    );
}

/// How many of so many at once are signed, and how many are refused as too many.
async fn ask_many(signer: &Arc<TokenSigner>, askers: usize) -> (usize, usize) {
    let asked: Vec<_> = (0..askers)
        .map(|number| {
            let signer = Arc::clone(signer);
            tokio::spawn(async move { signer.sign(&number.to_be_bytes()).await })
        })
        .collect();
    let (mut signed, mut busy) = (0, 0);
    for one in asked {
        match one.await.expect("no panic") {
            Ok(_) => signed += 1,
            Err(error) => {
                assert!(matches!(error, SigningError::Busy { .. }), "{error:?}");
                busy += 1;
            }
        }
    }
    (signed, busy)
}

fn signs_within(signer: &TokenSigner, time: Duration) {
    let begun = Instant::now();
    let runtime = runtime();
    while runtime.block_on(signer.sign(b"uno")).is_err() {
        assert!(begun.elapsed() < time, "{:?}", signer.state());
        runtime.block_on(async { tokio::time::sleep(Duration::from_millis(100)).await });
    }
}
