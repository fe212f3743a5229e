//! The population keeps its promises: same for the same seed, valid codes, every case everywhere.

use std::collections::HashSet;

use super::codice_fiscale::is_valid;
use super::*;

fn population() -> Population {
    Population::generate(DEFAULT_SEED, day(2026, 3, 10))
}

#[test]
fn the_same_seed_gives_the_same_people_and_another_seed_others() {
    let names = |population: &Population| {
        population
            .people
            .iter()
            .map(|p| p.name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&population()), names(&population()));
    assert_ne!(
        names(&population()),
        names(&Population::generate(1, day(2026, 3, 10)))
    );
}

#[test]
fn about_five_hundred_people_live_in_three_municipalities() {
    for ente in &ENTI {
        assert!((165..=180).contains(&population().residents_of(ente).count()));
    }
}

#[test]
fn every_case_exists_in_every_municipality() {
    let everyone = listed(&population());
    for (case, key, _) in Case::ALL {
        assert_eq!(case.key(), key);
        for ente in &ENTI {
            assert!(
                everyone
                    .iter()
                    .any(|one| one.ente == ente.belfiore() && one.casi.contains(&key)),
                "{key} in {}",
                ente.place.name
            );
        }
    }
}

#[test]
fn fiscal_codes_are_valid_and_belong_to_one_person_each() {
    let population = population();
    let mut seen = HashSet::new();
    for person in population
        .people
        .iter()
        .filter(|person| !person.has_case(Case::Reiscritto))
    {
        let Some(code) = &person.codice_fiscale else {
            continue;
        };
        assert!(is_valid(code), "{code}");
        assert!(seen.insert(code.clone()), "{code} twice");
    }
}

#[test]
fn the_quoted_people_have_a_family_and_both_taxes() {
    let population = population();
    for (belfiore, code) in [
        ("C933", "RSSMRA80A01C933H"),
        ("B639", "BNCNNA75T71B639E"),
        ("D416", "FOXLAX01B28D416I"),
    ] {
        let ente = Ente::find(belfiore).unwrap();
        let found = population.by_codice_fiscale(ente, &code.to_lowercase());
        assert_eq!(found.len(), 1);
        assert_eq!(population.family(ente, found[0].family).len(), 3);
        let subjects = population.taxes.subjects_with(ente, code);
        assert_eq!(subjects.len(), 1);
        let subject = subjects[0].id;
        assert_eq!(
            population
                .taxes
                .properties
                .iter()
                .filter(|property| property.subject == subject)
                .count(),
            2
        );
        assert_eq!(
            population
                .taxes
                .notices
                .iter()
                .filter(|notice| notice.subject == subject)
                .count(),
            5
        );
        assert!(
            population
                .taxes
                .dues
                .iter()
                .any(|due| due.subject == subject && due.paid.is_none())
        );
    }
}

#[test]
fn last_week_and_today_move_with_the_day() {
    let dead = |population: &Population| {
        population
            .people
            .iter()
            .find(|person| person.has_case(Case::Deceduto))
            .map(|person| person.status)
    };
    assert_eq!(dead(&population()), Some(Status::Dead(day(2026, 3, 3))));
    assert_eq!(
        dead(&Population::generate(DEFAULT_SEED, day(2030, 1, 8))),
        Some(Status::Dead(day(2030, 1, 1)))
    );
}

#[test]
fn a_re_registered_person_has_two_rows_and_two_tax_ids_may_share_a_code() {
    let population = population();
    for ente in &ENTI {
        let again = population
            .residents_of(ente)
            .find(|person| person.has_case(Case::Reiscritto))
            .unwrap();
        let rows = population.by_codice_fiscale(ente, again.codice_fiscale.as_deref().unwrap());
        assert_eq!(
            rows.iter().map(|row| row.is_resident()).collect::<Vec<_>>(),
            [false, true]
        );
        let double = population
            .residents_of(ente)
            .find(|person| person.has_case(Case::DoppiaPosizione))
            .unwrap();
        assert_eq!(
            population
                .taxes
                .subjects_with(ente, double.codice_fiscale.as_deref().unwrap())
                .len(),
            2
        );
    }
}

#[test]
fn notice_numbers_end_with_their_remainder_by_ninety_three() {
    let nav = taxes::nav(93_005);
    assert_eq!(nav.len(), 18);
    let base: u64 = nav[..16].parse().unwrap();
    assert_eq!(base % 93, nav[16..].parse::<u64>().unwrap());
}
