//! publiccode.yml keeps the rules of its standard (publiccode.yml 0.4), which the Italian catalogue of public software checks.
#![allow(clippy::panic, reason = "a test that cannot go on must say so at once")]

use yaml_serde::Value;

/// Of the standard's categories those that can describe a gateway for municipalities.
const CATEGORIES: [&str; 9] = [
    "application-development",
    "civic-engagement",
    "compliance-management",
    "data-collection",
    "digital-citizenship",
    "identity-management",
    "it-management",
    "it-security",
    "taxes-management",
];

const SCOPES: [&str; 3] = ["government", "local-authorities", "tax"];

fn publiccode() -> Value {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/publiccode.yml"))
        .expect("publiccode.yml");
    yaml_serde::from_str(&text).expect("valid YAML")
}

/// The text at a path of keys.
fn text<'a>(document: &'a Value, path: &[&str]) -> &'a str {
    at(document, path)
        .as_str()
        .unwrap_or_else(|| panic!("{path:?} is no text"))
}

fn texts<'a>(document: &'a Value, path: &[&str]) -> Vec<&'a str> {
    let list = at(document, path).as_sequence();
    let list = list.unwrap_or_else(|| panic!("{path:?} is no list"));
    list.iter()
        .map(|entry| entry.as_str().expect("a text"))
        .collect()
}

fn at<'a>(document: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(document, |value, key| {
        value
            .get(*key)
            .unwrap_or_else(|| panic!("{path:?}: {key} is missing"))
    })
}

#[test]
fn what_the_standard_demands_is_there_and_among_what_it_allows() {
    let document = publiccode();
    assert_eq!(text(&document, &["publiccodeYmlVersion"]), "0.4");
    assert_eq!(text(&document, &["name"]), "Pontile");
    assert!(text(&document, &["url"]).starts_with("https://"));
    assert!(!texts(&document, &["platforms"]).is_empty());
    for category in texts(&document, &["categories"]) {
        assert!(CATEGORIES.contains(&category), "{category}");
    }
    for scope in texts(&document, &["intendedAudience", "scope"]) {
        assert!(SCOPES.contains(&scope), "{scope}");
    }
    let status = text(&document, &["developmentStatus"]);
    assert!(["concept", "development", "beta", "stable", "obsolete"].contains(&status));
    assert_eq!(text(&document, &["softwareType"]), "standalone/backend");
    assert_eq!(
        text(&document, &["legal", "license"]),
        env!("CARGO_PKG_LICENSE")
    );
    assert!(at(&document, &["localisation", "localisationReady"]).is_bool());
    assert!(!texts(&document, &["localisation", "availableLanguages"]).is_empty());
    assert!(!text(&document, &["IT", "riuso", "codiceIPA"]).is_empty());
}

#[test]
fn an_internal_maintenance_names_whom_to_ask() {
    let document = publiccode();
    assert_eq!(text(&document, &["maintenance", "type"]), "internal");
    let contacts = at(&document, &["maintenance", "contacts"]).as_sequence();
    let contacts = contacts.expect("a list");
    assert!(!contacts.is_empty());
    for contact in contacts {
        assert!(!text(contact, &["name"]).is_empty());
    }
}

#[test]
fn each_language_describes_the_product_within_the_lengths_allowed() {
    let document = publiccode();
    let descriptions = at(&document, &["description"]).as_mapping();
    let descriptions = descriptions.expect("a table");
    for language in texts(&document, &["localisation", "availableLanguages"]) {
        assert!(descriptions.contains_key(language), "{language}");
    }
    for (language, description) in descriptions {
        let length = |key| text(description, &[key]).chars().count();
        assert!(length("shortDescription") <= 150, "{language:?}");
        assert!(
            (150..=10_000).contains(&length("longDescription")),
            "{language:?}"
        );
        let features = texts(description, &["features"]);
        assert!(!features.is_empty());
        assert!(
            features
                .iter()
                .all(|feature| feature.chars().count() <= 100)
        );
    }
}
