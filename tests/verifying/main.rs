//! Documents signed by others, forged and sound, and what is said of them.

mod in_pdf;
mod surgery;
mod vectors;
mod workshop;

use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use openssl_cms::{SignedData, der};
use pontile::contract::firma::{
    Codifica, Copertura, Fiducia, Firma, Indicazione, Integrita, Livello, Revoca, SottoIndicazione,
    TipoCertificato,
};
use pontile::documents::verifying::grounds::Grounds;
use pontile::documents::verifying::{NotVerified, extract};

use workshop::{CONTENT, Workshop, judge};

/// id-aa-signatureTimeStampToken, 1.2.840.113549.1.9.16.2.14.
const TIME_STAMP: &[u8] = &[
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0e,
];
/// 1.2.840.113549.1.9.6.
const COUNTER_SIGNATURE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x06];

const DER: &str = "-nodetach -outform DER";

fn signature(file: &[u8]) -> Vec<u8> {
    let message = SignedData::read(file).expect("a message");
    message.signers[0].signature.clone()
}

fn verdict(one: &Firma) -> (Indicazione, Option<SottoIndicazione>, Integrita) {
    (one.indicazione, one.sotto_indicazione, one.integrita)
}

const PASSED: (Indicazione, Option<SottoIndicazione>, Integrita) =
    (Indicazione::TotalPassed, None, Integrita::Integra);

fn failed(why: SottoIndicazione) -> (Indicazione, Option<SottoIndicazione>, Integrita) {
    (Indicazione::TotalFailed, Some(why), Integrita::Violata)
}

fn undecided(why: SottoIndicazione) -> (Indicazione, Option<SottoIndicazione>, Integrita) {
    (Indicazione::Indeterminate, Some(why), Integrita::Integra)
}

#[test]
fn a_document_is_read_in_every_coat_that_people_send() {
    let workshop = Workshop::new();
    let binary = workshop.signed(DER);
    let text = BASE64_STANDARD.encode(&binary);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).expect("text"))
        .collect();
    let wrapped = format!("\u{feff}{}\r\n", lines.join("\r\n"));
    let rows = [
        (binary.clone(), Codifica::Binaria),
        (
            workshop.signed("-nodetach -stream -outform DER"),
            Codifica::Binaria,
        ),
        (workshop.signed("-nodetach -outform PEM"), Codifica::Pem),
        (wrapped.into_bytes(), Codifica::Base64),
        (text.into_bytes(), Codifica::Base64),
    ];
    for (file, encoding) in rows {
        let report = workshop.judge(&file);
        let one = &report.buste[0].firme[0];
        assert_eq!(report.codifica, encoding);
        assert_eq!(verdict(one), PASSED, "{encoding:?} {:?}", one.motivi);
        assert_eq!(one.livello, Some(Livello::B));
        assert_eq!(report.buste[0].copertura, Copertura::ContenutoIntero);
        assert_eq!(report.buste[0].byte_contenuto, Some(CONTENT.len() as u64));
        assert!(report.avvertenze.is_empty(), "{:?}", report.avvertenze);
        assert_eq!(extract(file).as_deref(), Ok(CONTENT));
    }
    let report = workshop.judge(&[&binary[..], b"coda"].concat());
    assert_eq!(verdict(&report.buste[0].firme[0]), PASSED);
    assert_eq!(report.buste[0].byte_in_coda, 4);
    assert_eq!(report.avvertenze.len(), 1);
}

#[test]
fn integrity_identity_and_qualification_are_three_answers() {
    let workshop = Workshop::new();
    let one = workshop.one(&workshop.signed(DER));
    assert_eq!(one.integrita, Integrita::Integra);
    assert_eq!(one.identita.fiducia, Fiducia::AutoritaConfigurata);
    assert_eq!(one.identita.revoca, Revoca::NonRevocato);
    let code = one.identita.codice_fiscale.expect("a fiscal code");
    assert_eq!(code.as_str(), "RSSMRA80A01C933H");
    assert_eq!(one.qualifica.certificato, TipoCertificato::Sconosciuto);
    assert!(one.ora_dichiarata.is_some());
}

#[test]
fn without_authority_or_revocation_list_nothing_passes() {
    let workshop = Workshop::new();
    let file = workshop.signed(DER);
    let nobody = Grounds::new(Vec::new(), None, Vec::new()).expect("grounds");
    let unlisted = Grounds::new(vec![workshop.certificate("ca")], None, Vec::new());
    let rows = [
        (nobody, SottoIndicazione::NoCertificateChainFound),
        (unlisted.expect("grounds"), SottoIndicazione::TryLater),
    ];
    for (grounds, expected) in rows {
        let report = judge(&file, None, &grounds).expect("a report");
        assert_eq!(verdict(&report.buste[0].firme[0]), undecided(expected));
    }
}

#[test]
fn a_detached_signature_wants_its_content_and_no_other() {
    let workshop = Workshop::new();
    let file = workshop.signed("-outform DER");
    let judged = |content| {
        let report = judge(&file, content, &workshop.grounds()).expect("a report");
        let layer = &report.buste[0];
        (layer.copertura, verdict(&layer.firme[0]))
    };
    let missing = (
        Indicazione::Indeterminate,
        Some(SottoIndicazione::SignedDataNotFound),
        Integrita::NonVerificabile,
    );
    assert_eq!(judged(None), (Copertura::ContenutoMancante, missing));
    let sound = (Copertura::ContenutoSeparato, PASSED);
    assert_eq!(judged(Some(CONTENT)), sound);
    let other = failed(SottoIndicazione::HashFailure);
    assert_eq!(
        judged(Some(b"altro")),
        (Copertura::ContenutoSeparato, other)
    );
    assert_eq!(extract(file), Err(NotVerified::NoContent));
}

#[test]
fn layers_are_judged_each_and_opened_to_the_fifth() {
    let workshop = Workshop::new();
    workshop.write("layer", &workshop.signed(DER));
    let file = workshop.signed_by("bruno", "layer", DER);
    let report = workshop.judge(&file);
    let subjects = report.buste.iter().map(|layer| {
        assert_eq!(verdict(&layer.firme[0]), PASSED);
        layer.firme[0].identita.soggetto.clone().expect("a subject")
    });
    let subjects: Vec<String> = subjects.collect();
    assert_eq!(subjects[0], "CN=Bruno");
    assert!(subjects[1].contains("CN=Anna"), "{subjects:?}");
    assert_eq!(extract(file.clone()).as_deref(), Ok(CONTENT));
    let mut deep = file;
    for _ in 0..4 {
        workshop.write("layer", &deep);
        deep = workshop.signed_by("bruno", "layer", DER);
    }
    let report = workshop.judge(&deep);
    assert_eq!((report.buste.len(), report.avvertenze.len()), (5, 1));
}

#[test]
fn parallel_signers_get_a_verdict_each() {
    let workshop = Workshop::new();
    let both = workshop.signed(&format!("-signer bruno.pem -inkey bruno.key {DER}"));
    let forged = surgery::signer(&both, |parts| flip_last(&mut parts[5]));
    let layer = &workshop.judge(&forged).buste[0];
    let mut verdicts: Vec<_> = layer.firme.iter().map(verdict).collect();
    verdicts.sort_by_key(|(indication, ..)| *indication);
    assert_eq!(
        verdicts,
        [PASSED, failed(SottoIndicazione::SigCryptoFailure)]
    );
}

#[test]
fn what_was_changed_after_signing_fails_for_its_reason() {
    let workshop = Workshop::new();
    let file = workshop.signed(DER);
    let content = surgery::message(&file, |parts| {
        let at = memchr::memmem::find(&parts[2], b"Domanda").expect("the content");
        parts[2][at] = b'd';
    });
    let signature = surgery::signer(&file, |parts| flip_last(&mut parts[5]));
    let attribute = surgery::signed_attributes(&file, |attributes| {
        let has = |one: &Vec<u8>| memchr::memmem::find(one, &[0x09, 0x05, 0x31]).is_some();
        let time = attributes
            .iter_mut()
            .find(|one| has(one))
            .expect("signing time");
        let last = time.len() - 2;
        time[last] = if time[last] == b'0' { b'1' } else { b'0' };
    });
    let twice = surgery::signed_attributes(&file, |attributes| {
        attributes.push(attributes[0].clone());
    });
    let content_type = surgery::message(&file, |parts| {
        let last = parts[2]
            .iter()
            .position(|byte| *byte == 0x07)
            .expect("pkcs-7");
        parts[2][last + 1] = 0x02;
    });
    let rows = [
        (content, SottoIndicazione::HashFailure),
        (signature, SottoIndicazione::SigCryptoFailure),
        (attribute, SottoIndicazione::SigCryptoFailure),
        (twice, SottoIndicazione::FormatFailure),
        (content_type, SottoIndicazione::FormatFailure),
    ];
    for (file, expected) in rows {
        let one = workshop.one(&file);
        assert_eq!(verdict(&one), failed(expected), "{:?}", one.motivi);
        assert_eq!(one.livello, None);
    }
}

fn flip_last(bytes: &mut [u8]) {
    *bytes.last_mut().expect("bytes") ^= 1;
}

#[test]
fn attributes_out_of_order_are_verified_as_der_sorts_them() {
    let workshop = Workshop::new();
    let file = workshop.signed(DER);
    let unsorted = surgery::signed_attributes(&file, |attributes| attributes.reverse());
    assert_ne!(file, unsorted);
    assert_eq!(verdict(&workshop.one(&unsorted)), PASSED);
}

#[test]
fn signed_attributes_do_not_pass_for_a_content() {
    let workshop = Workshop::new();
    let file = workshop.signed(DER);
    let message = SignedData::read(&file).expect("a message");
    let attributes = message.signers[0].signed_as_der();
    let bare = surgery::signer(&file, |parts| drop(parts.remove(3)));
    let forged = surgery::message(&bare, |parts| {
        let mut content = surgery::fields(&parts[2]);
        content[1] = der::value(der::CONTEXT_0, &der::value(der::OCTETS, &attributes));
        parts[2] = surgery::join(der::SEQUENCE, &content);
    });
    let one = workshop.one(&forged);
    assert_eq!(verdict(&one), failed(SottoIndicazione::FormatFailure));
}

#[test]
fn a_certificate_other_than_the_one_signed_is_nobodys() {
    let workshop = Workshop::new();
    let twin = workshop.twin("anna").to_der().expect("DER");
    let forged = surgery::message(&workshop.signed(DER), |parts| {
        parts[3] = der::value(der::CONTEXT_0, &twin);
    });
    let one = workshop.one(&forged);
    let expected = Some(SottoIndicazione::NoSigningCertificateFound);
    assert_eq!(
        (one.indicazione, one.sotto_indicazione),
        (Indicazione::Indeterminate, expected)
    );
    assert_eq!(one.identita.soggetto, None);
}

#[test]
fn old_digests_leave_it_undecided() {
    let workshop = Workshop::new();
    let one = workshop.one(&workshop.signed(&format!("-md sha1 {DER}")));
    let expected = undecided(SottoIndicazione::CryptoConstraintsFailureNoPoe);
    assert_eq!(verdict(&one), expected);
}

#[test]
fn stamps_count_for_the_signature_that_they_are_of() {
    let workshop = Workshop::new();
    let file = workshop.signed(DER);
    let stamped =
        |of: &[u8], by| surgery::with_unsigned(&file, TIME_STAMP, &workshop.stamp(of, by));
    let own = workshop.one(&stamped(&signature(&file), "tsa"));
    assert_eq!(verdict(&own), PASSED);
    assert_eq!(own.livello, Some(Livello::T));
    assert_eq!(own.marche[0].indicazione, Indicazione::TotalPassed);
    assert_eq!(Some(own.ora_provata), own.marche[0].ora);
    let foreign = workshop.one(&stamped(b"un'altra firma", "tsa"));
    assert_eq!(verdict(&foreign), PASSED);
    assert_eq!(foreign.livello, Some(Livello::B));
    assert_eq!(foreign.marche[0].indicazione, Indicazione::TotalFailed);
    let why = foreign.marche[0].sotto_indicazione;
    assert_eq!(why, Some(SottoIndicazione::HashFailure));
    assert_ne!(Some(foreign.ora_provata), foreign.marche[0].ora);
    let broken = workshop.one(&surgery::with_unsigned(&file, TIME_STAMP, &[0x30, 0]));
    let why = broken.marche[0].sotto_indicazione;
    assert_eq!(why, Some(SottoIndicazione::FormatFailure));
}

#[tokio::test]
async fn revocation_counts_at_the_moment_that_is_proven() {
    let workshop = Workshop::new();
    let file = workshop.signed(DER);
    let token = workshop.stamp(&signature(&file), "tsa");
    let stamped = surgery::with_unsigned(&file, TIME_STAMP, &token);
    // A stamp of the very second of the revocation would prove nothing.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    workshop.revoke("anna");
    assert_eq!(verdict(&workshop.one(&stamped)), PASSED);
    let late = workshop.one(&file);
    assert_eq!(verdict(&late), undecided(SottoIndicazione::RevokedNoPoe));
    assert_eq!(late.identita.revoca, Revoca::Revocato);
    workshop.revoke("tsa");
    let unproven = workshop.one(&stamped);
    assert_eq!(
        verdict(&unproven),
        undecided(SottoIndicazione::RevokedNoPoe)
    );
}

#[test]
fn a_counter_signature_is_judged_over_the_signature_that_it_countersigns() {
    let workshop = Workshop::new();
    let file = workshop.signed(&format!("-certfile bruno.pem {DER}"));
    let counter = |of: &[u8]| {
        workshop.write("countersigned", of);
        let signed = workshop.signed_by("bruno", "countersigned", DER);
        let message = surgery::fields(&surgery::fields(&surgery::fields(&signed)[1])[0]);
        surgery::fields(message.last().expect("signers")).remove(0)
    };
    let sound = counter(&signature(&file));
    let one = workshop.one(&surgery::with_unsigned(&file, COUNTER_SIGNATURE, &sound));
    assert_eq!(verdict(&one.controfirme[0]), PASSED);
    let foreign = counter(b"un'altra firma");
    let one = workshop.one(&surgery::with_unsigned(&file, COUNTER_SIGNATURE, &foreign));
    assert_eq!(verdict(&one), PASSED);
    let verdict = verdict(&one.controfirme[0]);
    assert_eq!(verdict, failed(SottoIndicazione::HashFailure));
}

#[test]
fn other_files_and_broken_messages_are_refused() {
    let workshop = Workshop::new();
    let file = workshop.signed(DER);
    let cut = &file[..file.len() / 2];
    let rows: [(&[u8], NotVerified); 4] = [
        (b"", NotVerified::Form),
        (b"%PDF-1.7", NotVerified::Form),
        (b"<?xml version='1.0'?><a/>", NotVerified::Form),
        (cut, NotVerified::Broken),
    ];
    for (file, expected) in rows {
        let found = judge(file, None, &workshop.grounds());
        assert_eq!(found, Err(expected));
    }
}

#[test]
fn the_commands_judge_and_open_without_a_configuration() {
    let workshop = Workshop::new();
    workshop.write("document.p7m", &workshop.signed(DER));
    let pontile = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_pontile"))
            .args(arguments)
            .current_dir(workshop.path(""))
            .output()
            .expect("pontile runs")
    };
    let grounds = ["--anchors", "ca.pem", "--revocation-lists", "ca.crl"];
    let sound = pontile(&[&["verify", "document.p7m"], &grounds[..]].concat());
    let report: serde_json::Value = serde_json::from_slice(&sound.stdout).expect("JSON");
    let told = String::from_utf8_lossy(&sound.stderr);
    assert!(sound.status.success(), "{told}");
    let one = &report["buste"][0]["firme"][0];
    assert_eq!(one["indicazione"], "TOTAL-PASSED");
    // What somebody added behind all signatures nobody has signed.
    let behind = [&workshop.signed(DER)[..], b"altro"].concat();
    workshop.write("behind.p7m", &behind);
    let longer = pontile(&[&["verify", "behind.p7m"], &grounds[..]].concat());
    let told = String::from_utf8_lossy(&longer.stderr);
    assert_eq!(longer.status.code(), Some(1));
    assert!(told.contains("gli ultimi 5 byte"), "{told}");
    let unknown = pontile(&["verify", "document.p7m", "--at", "2026-01-01T00:00:00Z"]);
    assert_eq!(unknown.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&unknown.stdout).expect("JSON");
    assert_eq!(report["verificato_al"], "2026-01-01T00:00:00Z");
    assert_eq!(
        pontile(&["verify", "document.p7m", "--anchors", "content"])
            .status
            .code(),
        Some(2)
    );
    let opened = pontile(&["extract", "document.p7m", "opened"]);
    assert!(opened.status.success());
    assert_eq!(workshop.read("opened"), CONTENT);
    // Nothing is overwritten.
    assert_eq!(
        pontile(&["extract", "document.p7m", "opened"])
            .status
            .code(),
        Some(1)
    );
}

#[test]
fn no_changed_byte_passes_for_another_content_and_none_stops_the_reader() {
    let workshop = Workshop::new();
    let grounds = workshop.grounds();
    let file = workshop.signed(DER);
    for place in 0..file.len() {
        let mut changed = file.clone();
        changed[place] ^= 0x15;
        let Ok(report) = judge(&changed, None, &grounds) else {
            continue;
        };
        let mut all = report.firme().into_iter();
        if all.any(|one| one.indicazione == Indicazione::TotalPassed) {
            assert_eq!(extract(changed).as_deref(), Ok(CONTENT), "{place}");
        }
        let _ = judge(&file[..place], None, &grounds);
    }
}
