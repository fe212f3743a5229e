//! Statements against records, kind by kind: what is denied, and what only cannot be told.

use serde_json::{Value, json};

use super::*;
use crate::contract::codice_fiscale::CodiceFiscale;
use crate::contract::dichiarazioni::Conferma;
use crate::contract::persona::Sesso;

const COMO: &str = "013075";

fn como() -> CodiceIstat {
    CodiceIstat::parse(COMO).expect("six digits")
}

fn person(record: Value) -> Persona {
    serde_json::from_value(record).expect("a record in the contract's form")
}

/// The only statement's word.
fn word(declared: &Dichiarazioni, record: Value) -> EsitoDichiarazione {
    let esiti = compare(declared, &person(record), None, &como());
    let written = serde_json::to_value(&esiti).expect("serializable");
    let mut words = written.as_object().expect("an object").values();
    let word = words.next().expect("one statement");
    serde_json::from_value(word.clone()).expect("a word")
}

fn why(esito: EsitoDichiarazione) -> Option<MotivoNonVerificabile> {
    assert_eq!(
        esito.motivo.is_some(),
        esito.esito == Conferma::NonVerificabile
    );
    esito.motivo
}

#[test]
fn what_the_product_does_not_have_is_no_no() {
    let declared = Dichiarazioni {
        cognome: Some("Rossi".to_owned()),
        nome: Some("Mario".to_owned()),
        sesso: Some(Sesso::M),
        data_nascita: "1980-01-01".parse().ok(),
        in_vita: Some(true),
        stato_anagrafico: Some(StatoAnagrafico::Residente),
        cittadinanza: Some("ITA".to_owned()),
        stato_civile: Some("2".to_owned()),
        ..Dichiarazioni::default()
    };
    let esiti = compare(&declared, &Persona::default(), None, &como());
    let written = serde_json::to_value(&esiti).expect("serializable");
    let words = written.as_object().expect("an object");
    assert_eq!(words.len(), 8);
    for (kind, word) in words {
        let told = json!({ "esito": "non_verificabile", "motivo": "dato_non_disponibile" });
        assert_eq!(*word, told, "{kind}");
    }
}

#[test]
fn dates_and_sex_are_exact() {
    let declared = |day: &str| Dichiarazioni {
        data_nascita: day.parse().ok(),
        ..Dichiarazioni::default()
    };
    let record = || json!({ "data_nascita": "1980-01-01", "sesso": "M" });
    assert_eq!(word(&declared("1980-01-01"), record()), YES);
    assert_eq!(word(&declared("1980-01-10"), record()), NO);
    for (sesso, told) in [(Sesso::M, YES), (Sesso::F, NO)] {
        let declared = Dichiarazioni {
            sesso: Some(sesso),
            ..Dichiarazioni::default()
        };
        assert_eq!(word(&declared, record()), told);
    }
}

#[test]
fn who_left_is_not_denied_to_be_alive_and_who_died_is() {
    let living = |alive, record: Value| {
        let declared = Dichiarazioni {
            in_vita: Some(alive),
            ..Dichiarazioni::default()
        };
        word(&declared, record)
    };
    let standing = |stato: &str| json!({ "stato_anagrafico": stato });
    for (alive, record, told) in [
        (true, standing("residente"), YES),
        (false, standing("residente"), NO),
        (true, standing("aire"), YES),
        (true, standing("deceduto"), NO),
        (false, standing("deceduto"), YES),
        (true, json!({ "data_decesso": "2020-01-01" }), NO),
        (true, standing("emigrato"), NOT_THEIRS_TO_SAY),
        (false, standing("irreperibile"), NOT_THEIRS_TO_SAY),
        (true, standing("non_dichiarato"), NOT_KNOWN),
    ] {
        assert_eq!(living(alive, record.clone()), told, "{alive} {record}");
    }
}

#[test]
fn how_somebody_stands_is_denied_only_where_it_is_another_thing() {
    let compared = |declared, known: &str| {
        let declared = Dichiarazioni {
            stato_anagrafico: Some(declared),
            ..Dichiarazioni::default()
        };
        word(&declared, json!({ "stato_anagrafico": known }))
    };
    assert_eq!(compared(StatoAnagrafico::Residente, "residente"), YES);
    assert_eq!(compared(StatoAnagrafico::Residente, "emigrato"), NO);
    assert_eq!(compared(StatoAnagrafico::Emigrato, "aire"), UNSURE);
    assert_eq!(compared(StatoAnagrafico::Emigrato, "deceduto"), NO);
    assert_eq!(compared(StatoAnagrafico::Aire, "non_dichiarato"), NOT_KNOWN);
}

#[test]
fn residence_is_said_of_the_ente_itself_and_of_no_other() {
    let lives = |comune: &str, street: Option<&str>, number: Option<&str>, record: Value| {
        let declared = Dichiarazioni {
            residenza: Some(ResidenzaDichiarata {
                comune: CodiceIstat::parse(comune).expect("six digits"),
                indirizzo: street.map(str::to_owned),
                numero_civico: number.map(str::to_owned),
            }),
            ..Dichiarazioni::default()
        };
        word(&declared, record)
    };
    let resident = || {
        json!({
            "stato_anagrafico": "residente",
            "residenza": { "comune": { "codice_istat": COMO }, "indirizzo": "VIA ROMA", "numero_civico": "12" },
        })
    };
    assert_eq!(lives(COMO, None, None, resident()), YES);
    assert_eq!(lives(COMO, Some("via roma 12"), None, resident()), YES);
    assert_eq!(lives(COMO, None, Some("14"), resident()), NO);
    assert_eq!(lives(COMO, Some("Via Milano"), None, resident()), NO);
    assert_eq!(lives(COMO, Some("Piazza Roma"), None, resident()), UNSURE);
    assert_eq!(lives("013041", Some("via roma 12"), None, resident()), NO);
    // A product that keeps no municipality speaks of its own.
    let without = || json!({ "stato_anagrafico": "residente" });
    assert_eq!(lives(COMO, None, None, without()), YES);
    assert_eq!(lives(COMO, Some("Via Roma"), None, without()), NOT_KNOWN);
    // Whoever left lives not here; where else, this ente does not say, whatever address it keeps.
    let gone = || json!({ "stato_anagrafico": "emigrato", "residenza": { "comune": { "codice_istat": "013041" } } });
    assert_eq!(lives(COMO, None, None, gone()), NO);
    assert_eq!(lives("013041", None, None, gone()), NOT_THEIRS_TO_SAY);
    for stato in ["deceduto", "irreperibile"] {
        let record = json!({ "stato_anagrafico": stato });
        assert_eq!(lives(COMO, None, None, record), NOT_THEIRS_TO_SAY);
    }
    assert_eq!(lives(COMO, None, None, json!({})), NOT_KNOWN);
}

#[test]
fn of_several_citizenships_only_the_italian_one_is_denied() {
    let compared = |declared: &str, known: Value| {
        let declared = Dichiarazioni {
            cittadinanza: Some(declared.to_owned()),
            ..Dichiarazioni::default()
        };
        word(&declared, json!({ "cittadinanza": known }))
    };
    assert_eq!(compared("ITA", json!({ "codice_stato": "ITA" })), YES);
    assert_eq!(compared("ITA", json!({ "codice_stato": "ROU" })), NO);
    assert_eq!(compared("FRA", json!({ "codice_stato": "ITA" })), UNSURE);
    assert_eq!(
        compared("ITA", json!({ "descrizione": "ITALIANA" })),
        UNSURE
    );
}

#[test]
fn codes_are_compared_as_numbers_and_an_unknown_one_denies_nothing() {
    let compared = |declared: &str, known: &str| {
        let declared = Dichiarazioni {
            stato_civile: Some(declared.to_owned()),
            ..Dichiarazioni::default()
        };
        word(&declared, json!({ "stato_civile": { "codice": known } }))
    };
    for (declared, known, told) in [
        ("2", "2", YES),
        ("2", "02", YES),
        ("2", "4", NO),
        ("2", "9", UNSURE),
        ("2", "CON", UNSURE),
    ] {
        assert_eq!(compared(declared, known), told, "{declared} {known}");
    }
}

#[test]
fn a_member_is_denied_only_where_every_other_is_known() {
    let code = |text: &str| CodiceFiscale::parse(text).expect("a code");
    let belongs = |declared: &str, relation: Option<&str>, family: Value| {
        let declared = Dichiarazioni {
            componenti: vec![ComponenteDichiarato {
                codice_fiscale: code(declared),
                relazione_parentela: relation.map(str::to_owned),
            }],
            ..Dichiarazioni::default()
        };
        let family: Vec<Persona> = serde_json::from_value(family).expect("a family");
        compare(&declared, &Persona::default(), Some(&family), &como()).componenti[0]
    };
    let member = "RSSMRA80A01C933H";
    let family = || json!([{ "codice_fiscale": member, "relazione_parentela": { "codice": "3" } }]);
    assert_eq!(belongs(member, None, family()), YES);
    assert_eq!(belongs(member, Some("3"), family()), YES);
    assert_eq!(belongs(member, Some("2"), family()), NO);
    assert_eq!(belongs("BNCLSU83C43C933C", None, family()), NO);
    assert_eq!(belongs("RSSMRA80A01C93PD", None, family()), UNSURE);
    let nameless = json!([{ "codice_fiscale": member }, {}]);
    assert_eq!(belongs("BNCLSU83C43C933C", None, nameless.clone()), UNSURE);
    assert_eq!(belongs(member, Some("3"), nameless), NOT_KNOWN);
    let dead = json!([{ "codice_fiscale": member, "data_decesso": "2020-01-01" }]);
    assert_eq!(belongs(member, None, dead), UNSURE);
    let unknown = json!([{ "codice_fiscale": member, "relazione_parentela": { "codice": "99" } }]);
    assert_eq!(
        why(belongs(member, Some("3"), unknown)),
        Some(MotivoNonVerificabile::NonConfrontabile)
    );
}
