//! The canonical values against published vectors and against everything that a property can throw at them.

use std::path::PathBuf;

use pontile::contract::codice_fiscale::{CodeError, CodiceFiscale, PartitaIva};
use pontile::contract::document::{Document, Role};
use pontile::contract::importo::Importo;
use pontile::contract::operation::{FieldSet, Operation};
use pontile::contract::persona::Persona;
use pontile::contract::posizione::{Contribuente, Immobile, Posizione};
use proptest::prelude::*;
use rust_decimal::Decimal;

/// A file of the shared standards' data, where they are at hand.
fn shared(path: &str) -> Option<String> {
    let root = std::env::var_os("PONTILE_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let found = std::fs::read_to_string(root.join("standards").join(path)).ok();
    if found.is_none() {
        eprintln!("skipped: {path} of the shared standards is not here (set PONTILE_SHARED)");
    }
    found
}

#[test]
fn fiscal_codes_agree_with_the_vectors() {
    let Some(vectors) = shared("g-identity/codice-fiscale-vectors.csv") else {
        return;
    };
    let mut checked = 0;
    for line in vectors.lines().skip(1) {
        let columns: Vec<&str> = line.split(',').collect();
        for valid in &columns[5..8] {
            assert!(CodiceFiscale::parse(valid).is_ok(), "{valid}");
        }
        assert_eq!(
            CodiceFiscale::parse(columns[8]).map(|_| ()),
            Err(CodeError::Check),
            "{}",
            columns[8]
        );
        checked += 1;
    }
    assert!(checked > 3, "only {checked} vectors");
}

#[test]
fn vat_numbers_agree_with_the_vectors() {
    let Some(vectors) = shared("g-identity/partita-iva-vectors.csv") else {
        return;
    };
    for line in vectors.lines().skip(1) {
        let columns: Vec<&str> = line.split(',').collect();
        assert!(PartitaIva::parse(columns[1]).is_ok(), "{}", columns[1]);
        assert_eq!(
            PartitaIva::parse(columns[2]).map(|_| ()),
            Err(CodeError::Check),
            "{}",
            columns[2]
        );
    }
}

fn persona() -> Persona {
    serde_json::from_value(serde_json::json!({
        "codice_fiscale": "RSSMRA80A01C933H", "cognome": "ROSSI", "nome": "MARIO", "sesso": "M", "data_nascita": "1980-01-01"
    }))
    .expect("a person")
}

#[test]
fn a_document_is_cut_to_the_allowed_fields() {
    let document = Document::persona(&persona());
    let allowed =
        FieldSet::of(Operation::RicercaPersona, ["nome", "codice_fiscale"]).expect("known fields");
    let mut body = Vec::new();
    document.write_cut(allowed, &mut body);
    assert_eq!(
        String::from_utf8(body).expect("UTF-8"),
        r#"{"codice_fiscale":"RSSMRA80A01C933H","nome":"MARIO"}"#
    );
}

#[test]
fn a_family_is_cut_member_by_member() {
    let document = Document::famiglia(&[persona(), persona()]);
    let allowed = FieldSet::of(Operation::RicercaFamiglia, ["sesso"]).expect("known field");
    let mut body = Vec::new();
    document.write_cut(allowed, &mut body);
    assert_eq!(
        String::from_utf8(body).expect("UTF-8"),
        r#"[{"sesso":"M"},{"sesso":"M"}]"#
    );
    assert_eq!(
        document
            .disclosed(allowed)
            .filter(|person| person.role == Role::Componente)
            .count(),
        2
    );
}

#[test]
fn joint_owners_are_disclosed_only_with_the_properties_that_name_them() {
    let posizione = Posizione {
        contribuente: Some(Contribuente {
            codice_fiscale: Some("RSSMRA80A01C933H".into()),
            ..Contribuente::default()
        }),
        immobili: Some(vec![Immobile {
            contitolari: Some(vec!["BNCNNA75T71B639E".into()]),
            ..Immobile::default()
        }]),
        ..Posizione::default()
    };
    let document = Document::posizione(&posizione);
    let owner_only =
        FieldSet::of(Operation::RicercaPosizione, ["contribuente"]).expect("known field");
    let with_properties = FieldSet::all(Operation::RicercaPosizione);
    assert_eq!(document.disclosed(owner_only).count(), 1);
    assert_eq!(
        document
            .disclosed(with_properties)
            .map(|person| person.role)
            .collect::<Vec<_>>(),
        [Role::Interessato, Role::Contitolare]
    );
}

#[test]
fn operation_names_lead_back_to_their_operation() {
    for operation in Operation::ALL {
        assert_eq!(Operation::named(operation.name()), Some(operation));
        assert!(operation.name().starts_with(operation.domain().name()));
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parsers_panic(text in "\\PC{0,24}") {
        let _ = CodiceFiscale::parse(&text);
        let _ = PartitaIva::parse(&text);
    }

    #[test]
    fn one_wrong_character_is_always_noticed(place in 0usize..15, letter in 0u8..26) {
        let code = b"RSSMRA80A01C933H";
        let mut wrong = code.to_vec();
        wrong[place] = b'A' + letter;
        let wrong = String::from_utf8(wrong).expect("ASCII");
        let same = wrong.as_bytes() == code;
        // Omocodia writes another letter for the same digit and changes the check character with it, so a single change
        // never gives a valid code.
        prop_assert_eq!(CodiceFiscale::parse(&wrong).is_ok(), same);
    }

    #[test]
    fn money_keeps_every_cent(cents in -99_999_999_999_i64..99_999_999_999) {
        let importo = Importo::euro(Decimal::new(cents, 2)).expect("two decimals");
        let written = serde_json::to_value(&importo).expect("serializable");
        let text = written["importo"].as_str().expect("a string").to_owned();
        prop_assert_eq!(text.rsplit_once('.').map(|(_, decimals)| decimals.len()), Some(2));
        prop_assert_eq!(text.parse::<Decimal>().expect("a decimal"), Decimal::new(cents, 2));
        prop_assert_eq!(&written["valuta"], "EUR");
    }

    #[test]
    fn money_with_a_fraction_of_a_cent_is_refused(mills in 1i64..9) {
        prop_assert!(Importo::euro(Decimal::new(1000 + mills, 3)).is_none());
    }
}
