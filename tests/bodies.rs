//! The bodies of requests: what is read, what is refused, and that no refusal repeats a value.

use pontile::api::body::question;
use pontile::broker::error::Malformed;
use pontile::contract::luogo::CodiceIstat;
use pontile::contract::operation::Operation;
use pontile::contract::question::{Parameters, Question, Soggetto};

fn ask(operation: Operation, body: &str) -> Result<Question, Malformed> {
    question(
        operation,
        CodiceIstat::parse("013075").expect("six digits"),
        body.as_bytes(),
    )
}

/// The field at fault; `corpo` for the body as a whole, `json` if it is none.
fn fault(operation: Operation, body: &str) -> String {
    match ask(operation, body).expect_err(body) {
        Malformed::Field { field, .. } => field,
        Malformed::NotJson { .. } => "json".to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_person_is_asked_about_with_the_fields_that_are_wanted() {
    let asked = ask(
        Operation::RicercaPersona,
        r#" {"codice_fiscale":"RSSMRA80A01C933H","campi":["nome","cognome"]} "#,
    )
    .expect("a question");
    let Parameters::Persona { codice_fiscale } = &asked.parameters else {
        panic!("{asked:?}")
    };
    assert_eq!(codice_fiscale.as_str(), "RSSMRA80A01C933H");
    let campi: Vec<&str> = asked
        .campi
        .expect("fields")
        .names(Operation::RicercaPersona)
        .collect();
    assert_eq!(campi, ["cognome", "nome"]);
    assert_eq!(
        ask(
            Operation::RicercaFamiglia,
            r#"{"codice_fiscale":"RSSMRA80A01C933H"}"#
        )
        .expect("a question")
        .campi,
        None
    );
}

#[test]
fn a_taxpayer_is_named_by_one_code_or_the_other() {
    let person = ask(
        Operation::RicercaPosizione,
        r#"{"codice_fiscale":"RSSMRA80A01C933H","tributo":"IMU","anno":2025}"#,
    )
    .expect("a question");
    assert!(matches!(
        person.parameters,
        Parameters::Posizione {
            soggetto: Soggetto::CodiceFiscale(_),
            anno: 2025,
            ..
        }
    ));
    let company = ask(
        Operation::RicercaPosizione,
        r#"{"partita_iva":"00977350206","tributo":"TARI","anno":1990}"#,
    )
    .expect("a question");
    assert!(matches!(
        company.parameters,
        Parameters::Posizione {
            soggetto: Soggetto::PartitaIva(_),
            anno: 1990,
            ..
        }
    ));
    assert_eq!(
        fault(
            Operation::RicercaPosizione,
            r#"{"tributo":"IMU","anno":2025}"#
        ),
        "codice_fiscale"
    );
    assert_eq!(
        fault(
            Operation::RicercaPosizione,
            r#"{"codice_fiscale":"RSSMRA80A01C933H","partita_iva":"00977350206","tributo":"IMU","anno":2025}"#
        ),
        "partita_iva"
    );
}

#[test]
fn the_field_at_fault_is_named_for_a_person() {
    for (body, field) in [
        ("{}", "codice_fiscale"),
        (r#"{"codice_fiscale":null}"#, "codice_fiscale"),
        (r#"{"codice_fiscale":7}"#, "codice_fiscale"),
        (
            r#"{"codice_fiscale":["RSSMRA80A01C933H"]}"#,
            "codice_fiscale",
        ),
        (r#"{"codice_fiscale":"RSSMRA80A01C933A"}"#, "codice_fiscale"),
        (r#"{"codice_fiscale":"rssmra80a01c933h"}"#, "codice_fiscale"),
        (
            r#"{"codice_fiscale":" RSSMRA80A01C933H"}"#,
            "codice_fiscale",
        ),
        (
            r#"{"codice_fiscale":"RSSMRA80A01C93\u0000H"}"#,
            "codice_fiscale",
        ),
        (
            r#"{"codice_fiscale":"RSSMRA80A01C933H","campi":null}"#,
            "campi",
        ),
        (
            r#"{"codice_fiscale":"RSSMRA80A01C933H","campi":[]}"#,
            "campi",
        ),
        (
            r#"{"codice_fiscale":"RSSMRA80A01C933H","campi":"nome"}"#,
            "campi",
        ),
        (
            r#"{"codice_fiscale":"RSSMRA80A01C933H","campi":["nome","nome"]}"#,
            "campi",
        ),
        (
            r#"{"codice_fiscale":"RSSMRA80A01C933H","campi":["immobili"]}"#,
            "campi",
        ),
        (
            r#"{"codice_fiscale":"RSSMRA80A01C933H","altro":1}"#,
            "corpo",
        ),
        (r#"["RSSMRA80A01C933H",["nome"]]"#, "corpo"),
        ("null", "corpo"),
        (r#""RSSMRA80A01C933H""#, "corpo"),
    ] {
        assert_eq!(fault(Operation::RicercaPersona, body), field, "{body}");
    }
}

#[test]
fn the_field_at_fault_is_named_for_a_taxpayer() {
    for (body, field) in [
        (
            r#"{"partita_iva":"00977350206","tributo":"imu","anno":2025}"#,
            "tributo",
        ),
        (r#"{"partita_iva":"00977350206","anno":2025}"#, "tributo"),
        (
            r#"{"partita_iva":"00977350207","tributo":"IMU","anno":2025}"#,
            "partita_iva",
        ),
        (
            r#"{"partita_iva":977350206,"tributo":"IMU","anno":2025}"#,
            "partita_iva",
        ),
        (r#"{"partita_iva":"00977350206","tributo":"IMU"}"#, "anno"),
        (
            r#"{"partita_iva":"00977350206","tributo":"IMU","anno":"2025"}"#,
            "anno",
        ),
        (
            r#"{"partita_iva":"00977350206","tributo":"IMU","anno":2025.5}"#,
            "anno",
        ),
        (
            r#"{"partita_iva":"00977350206","tributo":"IMU","anno":1989}"#,
            "anno",
        ),
        (
            r#"{"partita_iva":"00977350206","tributo":"IMU","anno":9999}"#,
            "anno",
        ),
        (
            r#"{"partita_iva":"00977350206","tributo":"IMU","anno":-1}"#,
            "anno",
        ),
        (
            r#"{"partita_iva":"00977350206","tributo":"IMU","anno":1e400}"#,
            "json",
        ),
    ] {
        assert_eq!(fault(Operation::RicercaPosizione, body), field, "{body}");
    }
}

#[test]
fn what_is_not_json_is_told_by_its_place() {
    for body in [
        "",
        "{",
        "{\"codice_fiscale\":\"RSSMRA80A01C933H\"} x",
        "{\"codice_fiscale\":\"RSSMRA80A01C933H\",}",
        "{'codice_fiscale':1}",
        "\u{feff}{}",
        "{\"codice_fiscale\":\"a\tb\"}",
        "{\"codice_fiscale\":\"RSSMRA80A01C933H\",\"codice_fiscale\":\"RSSMRA80A01C933H\"}",
        "{\"codice_fiscale\":NaN}",
        "{\"codice_fiscale\":\"\\ud800\"}",
    ] {
        assert_eq!(fault(Operation::RicercaPersona, body), "json", "{body}");
    }
    let deep = format!(
        "{{\"codice_fiscale\":{}{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    assert_eq!(fault(Operation::RicercaPersona, &deep), "json");
    let bytes = [b"{\"codice_fiscale\":\"".as_slice(), &[0xff, 0xfe], b"\"}"].concat();
    let ente = CodiceIstat::parse("013075").expect("six digits");
    assert!(matches!(
        question(Operation::RicercaPersona, ente, &bytes),
        Err(Malformed::NotJson { line: 1, .. })
    ));
    assert_eq!(
        ask(Operation::RicercaPersona, "{\n  \"codice_fiscale\": x\n}"),
        Err(Malformed::NotJson {
            line: 2,
            column: 21
        })
    );
}

#[test]
fn no_refusal_repeats_what_was_received() {
    for body in [
        r#"{"codice_fiscale":"SEGRETO"}"#,
        r#"{"SEGRETO":1}"#,
        r#"{"codice_fiscale":"RSSMRA80A01C933H","campi":["SEGRETO"]}"#,
        r#"{"codice_fiscale":"RSSMRA80A01C933H","SEGRETO":"SEGRETO"}"#,
        "SEGRETO",
        r#""SEGRETO""#,
    ] {
        let refusal = ask(Operation::RicercaPersona, body).expect_err(body);
        assert!(!format!("{refusal:?}").contains("SEGRETO"), "{refusal:?}");
    }
}

#[test]
fn a_whole_number_is_a_year_however_it_is_written() {
    for (written, is_year) in [
        ("2025", true),
        ("2025.0", true),
        ("2.025e3", true),
        ("2025.5", false),
        ("2025.0001", false),
        ("\"2025.0\"", false),
        ("-2025.0", false),
        ("2025e300", false),
    ] {
        let body = format!(r#"{{"partita_iva":"00977350206","tributo":"IMU","anno":{written}}}"#);
        if is_year {
            let asked = ask(Operation::RicercaPosizione, &body).expect(written);
            let Parameters::Posizione { anno, .. } = asked.parameters else {
                panic!("{asked:?}")
            };
            assert_eq!(anno, 2025, "{written}");
        } else {
            let field = fault(Operation::RicercaPosizione, &body);
            assert_eq!(field, "anno", "{written}");
        }
    }
}

#[test]
fn an_unknown_field_brings_the_admitted_names_and_never_its_own() {
    for unknown in [
        "sconosciuto",
        ", expected `cognome`",
        "unknown field `nome`",
    ] {
        for (operation, admitted) in [
            (Operation::RicercaPersona, "codice_fiscale, campi"),
            (Operation::RicercaFamiglia, "codice_fiscale, campi"),
            (
                Operation::RicercaPosizione,
                "codice_fiscale, partita_iva, tributo, anno, campi",
            ),
        ] {
            let body = serde_json::json!({ unknown: 1 }).to_string();
            let Err(Malformed::Field { field, reason }) = ask(operation, &body) else {
                panic!("{body}")
            };
            let expected = format!("contiene un campo non previsto; sono ammessi: {admitted}");
            assert_eq!((&*field, reason), ("corpo", expected), "{body}");
        }
    }
}
