//! Every way to fail: its problem document, kept as a snapshot, and its page in `docs/problems`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use pontile::api::problem::{Problem, TABLE, describe};
use pontile::broker::error::{
    AskerFault, ExchangeError, Fault, LogInFault, Malformed, ModiError, TokenKind, VoucherElsewhere,
};
use pontile::config::grant::days::Standing;
use pontile::config::modi::Pattern;
use pontile::connectors::error::{ConnectorError, Kind, Retry};
use pontile::contract::catalogo::ComuneSuccessore;
use pontile::contract::operation::Operation;
use pontile::contract::pratica::Motivo;
use pontile::jose::JoseError;
use pontile::signing::{SigningError, TokenError};
use pontile::trust::Distrust;
use uuid::Uuid;

const KINDS: [Kind; 23] = [
    Kind::NotFound,
    Kind::Ambiguous,
    Kind::Unreachable,
    Kind::TimedOut,
    Kind::CredentialsRefused,
    Kind::Unavailable,
    Kind::TooManyCalls,
    Kind::Failed,
    Kind::Unintelligible,
    Kind::AnswerUnproven,
    Kind::Oversized,
    Kind::Unsupported,
    Kind::BreakerOpen,
    Kind::Busy,
    Kind::Closed,
    Kind::NotYet,
    Kind::ClockSkew,
    Kind::NotSigned,
    Kind::Gateway,
    Kind::Refused,
    Kind::Duplicate,
    Kind::OutcomeUnknown,
    Kind::NotCarriedOut,
];

/// Text of a back end, which no portal may ever see.
const RAW: &str = "ORA-01017 utente RSSMRA80A01C933H";

#[expect(clippy::too_many_lines, reason = "one of each")]
fn failures() -> Vec<ExchangeError> {
    let mut failures = vec![
        ExchangeError::CertificateUntrusted(Distrust::Revoked),
        ExchangeError::CertificateUntrusted(Distrust::RevocationListEnded),
        ExchangeError::PortalUnknown,
        ExchangeError::Token(ModiError::new(
            TokenKind::Integrity,
            Fault::Absent(Pattern::IntegrityRest01),
        )),
        ExchangeError::Token(ModiError::new(
            TokenKind::Identity,
            Fault::Jose(JoseError::Missing("exp")),
        )),
        ExchangeError::Token(ModiError::new(TokenKind::Integrity, Fault::Replayed)),
        ExchangeError::Token(ModiError::new(TokenKind::Integrity, Fault::DigestWrong)),
        ExchangeError::Malformed(Malformed::NoSuchResource),
        ExchangeError::Malformed(Malformed::MethodNotAllowed { allowed: "POST" }),
        ExchangeError::Malformed(Malformed::NotHttp),
        ExchangeError::Malformed(Malformed::HeadTooLarge { limit: 16_384 }),
        ExchangeError::Malformed(Malformed::MediaType),
        ExchangeError::Malformed(Malformed::TooLarge { limit: 65_536 }),
        ExchangeError::Malformed(Malformed::TooSlow),
        ExchangeError::Malformed(Malformed::NotJson { line: 2, column: 7 }),
        ExchangeError::Malformed(Malformed::Field {
            field: "anno".into(),
            reason: "è un anno dal 1990 al prossimo".into(),
        }),
        ExchangeError::PurposeMissing,
        ExchangeError::KeyMissing,
        ExchangeError::KeyReused,
        ExchangeError::WriteUnderWay,
        ExchangeError::NotGranted,
        ExchangeError::GrantNotInForce(Standing::NotYet),
        ExchangeError::GrantNotInForce(Standing::Ended),
        ExchangeError::GrantRevoked,
        ExchangeError::AskerNotShown(AskerFault::AnotherPerson),
        ExchangeError::LogIn(LogInFault::CodeNotGood),
        ExchangeError::VoucherElsewhere(VoucherElsewhere::Service),
        ExchangeError::VoucherElsewhere(VoucherElsewhere::Purpose),
        ExchangeError::Token(ModiError::new(TokenKind::Voucher, Fault::VoucherAbsent)),
        ExchangeError::Token(ModiError::new(TokenKind::Citizen, Fault::AnotherHolder)),
        ExchangeError::FreshNotGranted,
        ExchangeError::RateLimited {
            retry_after: Duration::from_millis(1_200),
        },
        ExchangeError::QuotaSpent {
            retry_after: Duration::from_hours(2),
        },
        ExchangeError::TooManyEnti { most: 100 },
        ExchangeError::EnteUnknown,
        ExchangeError::EnteEnded(vec![ComuneSuccessore {
            codice_istat: "013256".into(),
            denominazione: "Uggiate con Ronago".into(),
            dal: "2024-01-01".parse().expect("a day"),
        }]),
        ExchangeError::NotOffered(Operation::RicercaPersona),
        ExchangeError::RequestUnknown,
        ExchangeError::RequestOpen {
            retry_after: Duration::from_secs(30),
        },
        ExchangeError::TooManyOpen { most: 1000 },
        ExchangeError::RequestExpired,
        ExchangeError::NotCarriedOut(Motivo::MaiArrivata),
        ExchangeError::ReplyToNotAllowed,
        ExchangeError::NotRecorded(RAW.into()),
        ExchangeError::NoCapacity("stopping"),
        ExchangeError::NotSigned(SigningError::Busy {
            again_in: Duration::from_secs(12),
        }),
        ExchangeError::NotSigned(SigningError::Token(TokenError::Absent)),
        ExchangeError::NotSigned(SigningError::KeyNotAccepted),
        ExchangeError::SealOverdue,
        ExchangeError::EvidenceUnknown,
        ExchangeError::EvidenceUnsealed,
        ExchangeError::DeadlinePassed,
        ExchangeError::Internal(RAW.into()),
    ];
    failures.extend(KINDS.map(|kind| {
        ExchangeError::BackEnd(ConnectorError::permanent(kind, RAW).with_code("ORA-01017"))
    }));
    failures.push(ExchangeError::BackEnd(ConnectorError::ambiguous(3)));
    failures
}

#[test]
fn every_problem_document_is_as_it_was_published() {
    let text: Vec<String> = failures()
        .iter()
        .map(|failure| {
            let refusal = describe(failure, &Uuid::nil());
            let body: serde_json::Value = serde_json::from_slice(&refusal.body).expect("JSON");
            assert_eq!(body["status"], refusal.status);
            format!(
                "{failure:?}\nRetry-After: {:?}\n{body:#}\n",
                refusal.retry_after
            )
        })
        .collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn no_problem_shows_what_a_back_end_or_the_gateway_said() {
    for failure in failures() {
        let refusal = describe(&failure, &Uuid::nil());
        let body = String::from_utf8(refusal.body.to_vec()).expect("UTF-8");
        assert!(!body.contains("ORA-") && !body.contains("RSSMRA"), "{body}");
    }
}

#[test]
fn every_problem_has_its_page_and_every_page_its_problem() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/problems");
    let pages: BTreeSet<String> = fs::read_dir(&folder)
        .expect("docs/problems")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    let slugs: BTreeSet<String> = TABLE.iter().map(|row| format!("{}.md", row.slug)).collect();
    assert_eq!(pages, slugs);
    for row in &TABLE {
        let page = fs::read_to_string(folder.join(format!("{}.md", row.slug))).expect("a page");
        for part in [
            &format!("# {}\n", row.title),
            &format!(
                "problemi/{}` · Stato HTTP {} · lato `{}`",
                row.slug,
                row.status,
                row.side.name()
            ),
            "## Che cosa è successo",
            "## Che cosa fa il portale",
            "## Che cosa fa il gestore del gateway",
            "## Che cosa fa il fornitore del gestionale",
        ] {
            assert!(page.contains(part), "{}.md lacks: {part}", row.slug);
        }
        assert_eq!(
            page.contains("`Retry-After`\n"),
            row.retry_after.is_some(),
            "{}.md",
            row.slug
        );
    }
}

#[test]
fn every_row_of_the_table_is_reached_by_some_failure_and_no_other() {
    let reached: BTreeSet<&str> = failures()
        .iter()
        .map(|failure| Problem::of(failure).slug)
        .collect();
    let rows: BTreeSet<&str> = TABLE.iter().map(|row| row.slug).collect();
    assert_eq!(reached, rows);
}

#[test]
fn refusals_that_pass_tell_when_to_come_again() {
    for row in &TABLE {
        assert_eq!(
            row.retry_after.is_some(),
            matches!(row.status, 429 | 503)
                || [
                    "gestionale-in-errore",
                    "richiesta-in-corso",
                    "prova-in-attesa",
                    "scrittura-in-corso"
                ]
                .contains(&row.slug),
            "{}",
            row.slug
        );
    }
    let patient = ConnectorError {
        retry: Retry::After(Duration::from_secs(90)),
        ..ConnectorError::permanent(Kind::Unavailable, "")
    };
    let refusal = describe(&ExchangeError::BackEnd(patient), &Uuid::nil());
    assert_eq!(refusal.retry_after, Some(Duration::from_secs(90)));
}
