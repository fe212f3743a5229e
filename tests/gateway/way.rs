//! The main job: three municipalities, three languages, one contract.

use pontile::contract::provenienza::Fonte;
use pontile::contract::risposta::{RispostaFamiglia, RispostaPersona, RispostaPosizione};

use crate::harness::portal::Answer;
use crate::harness::province::Province;

/// The three enti with their well-known resident.
const RESIDENTS: [(&str, &str, &str); 3] = [
    ("013075", "RSSMRA80A01C933H", "ROSSI"),
    ("013041", "BNCNNA75T71B639E", "BIANCHI"),
    ("013095", "FOXLAX01B28D416I", "FO"),
];

fn granted(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    for header in [
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    ] {
        assert!(
            answer.header(header).parse::<u64>().is_ok(),
            "{header}: {:?}",
            answer.header(header)
        );
    }
}

#[tokio::test]
async fn a_person_is_found_through_soap_rest_and_sql() {
    let province = Province::start();
    let portal = province.portal("portale-uno");
    for (ente, codice_fiscale, cognome) in RESIDENTS {
        let answer = portal.persona(ente, codice_fiscale).await;
        granted(&answer);
        let risposta: RispostaPersona =
            serde_json::from_value(answer.body.clone()).expect("the contract's form");
        assert_eq!(
            risposta.persona.codice_fiscale.as_deref(),
            Some(codice_fiscale)
        );
        assert_eq!(risposta.persona.cognome.as_deref(), Some(cognome));
        assert_eq!(risposta.provenienza.ente, ente);
        assert_eq!(risposta.provenienza.fonte, Fonte::GestionaleComunale);
        assert!(!risposta.provenienza.da_cache && !risposta.provenienza.scaduta);
        assert!(risposta.avvertenza.contains("ANPR"));
        let missing = &risposta.campi_non_disponibili;
        assert!(
            !missing.contains(&"data_decesso".to_owned()),
            "who lives has no day of death, but the product has the field"
        );
    }
}

#[tokio::test]
async fn a_tax_position_is_found_in_all_three_municipalities_for_both_taxes() {
    let province = Province::start();
    let portal = province.portal("portale-uno");
    for (ente, codice_fiscale, _) in RESIDENTS {
        for tributo in ["IMU", "TARI"] {
            let answer = portal.posizione(ente, codice_fiscale, tributo, 2025).await;
            granted(&answer);
            let risposta: RispostaPosizione =
                serde_json::from_value(answer.body.clone()).expect("the contract's form");
            let contribuente = risposta.posizione.contribuente.expect("the taxpayer");
            assert_eq!(
                contribuente.codice_fiscale.as_deref(),
                Some(codice_fiscale),
                "{ente} {tributo}"
            );
            let objects = risposta.posizione.immobili.map_or(0, |all| all.len())
                + risposta.posizione.utenze.map_or(0, |all| all.len());
            assert!(objects > 0, "{ente} {tributo}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_family_names_its_members_where_the_product_knows_them() {
    let province = Province::start();
    let portal = province.portal("portale-uno");
    for (ente, codice_fiscale, _) in [RESIDENTS[0], RESIDENTS[2]] {
        let answer = portal.famiglia(ente, codice_fiscale).await;
        granted(&answer);
        let risposta: RispostaFamiglia =
            serde_json::from_value(answer.body.clone()).expect("the contract's form");
        let codes: Vec<_> = risposta
            .famiglia
            .componenti
            .iter()
            .filter_map(|persona| persona.codice_fiscale.as_deref())
            .collect();
        assert!(
            codes.contains(&codice_fiscale) && codes.len() > 1,
            "{ente}: {}",
            answer.body
        );
    }
    let not_offered = portal.famiglia(RESIDENTS[1].0, RESIDENTS[1].1).await;
    assert_eq!(
        (not_offered.status, &not_offered.body["lato"]),
        (501, &"ente".into()),
        "{}",
        not_offered.body
    );
}

#[tokio::test]
async fn a_person_nobody_knows_is_not_found_and_an_unknown_ente_is_another_matter() {
    let province = Province::start();
    let portal = province.portal("portale-uno");
    let mut slugs = Vec::new();
    for (ente, ..) in RESIDENTS {
        let answer = portal.persona(ente, "DLCMGR90M55E951Y").await;
        assert_eq!(answer.status, 404, "{ente}: {}", answer.body);
        slugs.push(answer.slug().to_owned());
    }
    let unknown_ente = portal.persona("999999", "RSSMRA80A01C933H").await;
    assert_eq!(unknown_ente.status, 404);
    assert!(slugs.windows(2).all(|pair| pair[0] == pair[1]), "{slugs:?}");
    assert_ne!(unknown_ente.slug(), slugs[0]);
}
