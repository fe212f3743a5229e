//! The arrows between the folders of `src/`, and the places where SQL and HTTP frameworks may be named.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may name; `lib.rs` is checked against the list's keys.
const ALLOWED: &[(&str, &str)] = &[
    (
        "api",
        "broker gateway snapshot contract config trust telemetry",
    ),
    (
        "broker",
        "gateway snapshot connectors contract config trust store digest telemetry oidc pdnd modi signing jose evidence",
    ),
    (
        "connectors",
        "contract config store digest telemetry modi pdnd signing",
    ),
    (
        "operators",
        "api broker reload gateway snapshot connectors contract config trust store telemetry",
    ),
    (
        "login",
        "api broker gateway contract config trust oidc jose",
    ),
    (
        "commands",
        "api broker operators login reload expiry rounds issuer_keys token_keys sealer card_issuers gateway snapshot connectors contract config trust modi documents evidence signing store telemetry",
    ),
    (
        "gateway",
        "broker connectors snapshot config signing store telemetry trust",
    ),
    ("reload", "expiry gateway snapshot config store"),
    ("expiry", "gateway snapshot trust"),
    (
        "rounds",
        "gateway snapshot connectors config store telemetry",
    ),
    ("token_keys", "signing"),
    ("sealer", "gateway documents evidence store"),
    ("issuer_keys", "gateway snapshot config jose download"),
    ("card_issuers", "gateway config trust download"),
    ("download", ""),
    (
        "snapshot",
        "connectors contract config trust oidc pdnd modi documents signing",
    ),
    ("contract", ""),
    ("config", "contract jose"),
    ("trust", "config"),
    ("store", "contract config digest evidence"),
    ("telemetry", "config contract store"),
    ("evidence", "contract"),
    ("digest", ""),
    ("oidc", "config jose signing"),
    ("pdnd", "config jose signing"),
    ("modi", "config trust jose signing"),
    ("documents", "contract trust jose signing"),
    ("signing", "config jose"),
    ("jose", ""),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)
        .expect("a folder of the sources")
        .flatten()
    {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The module that a file belongs to: its folder below `src`, or its own name.
fn module_of(path: &Path) -> String {
    let below = path.strip_prefix(src()).expect("below src");
    let first = below
        .components()
        .next()
        .expect("a name")
        .as_os_str()
        .to_string_lossy()
        .into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The modules of ours that a file names, comments left out.
fn named(text: &str) -> Vec<String> {
    text.lines()
        .map(str::trim_start)
        .filter(|line| !line.starts_with("//"))
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect::<String>()
        })
        .collect()
}

#[test]
fn every_arrow_between_modules_is_allowed() {
    let allowed: BTreeMap<&str, &str> = ALLOWED.iter().copied().collect();
    let mut wrong = Vec::new();
    for path in sources(&src()) {
        let module = module_of(&path);
        if module == "lib" || module == "main" {
            continue;
        }
        let targets = allowed
            .get(module.as_str())
            .unwrap_or_else(|| panic!("{module} is in no code map"));
        for target in named(&fs::read_to_string(&path).expect("readable")) {
            if target != module && !targets.split(' ').any(|one| one == target) {
                wrong.push(format!(
                    "{}: {module} must not name {target}",
                    path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn frameworks_and_sql_stay_where_they_belong() {
    let rules: [(&str, &[&str]); 5] = [
        ("actix", &["api/server.rs"]),
        ("sqlx", &["store/", "connectors/sql"]),
        ("httparse", &["api/http/", "connectors/http/"]),
        (
            "rusqlite",
            &["store/sqlite/", "store/night/", "store/error.rs"],
        ),
        ("quick_xml", &["connectors/"]),
    ];
    let mut wrong = Vec::new();
    for path in sources(&src()) {
        let below = path
            .strip_prefix(src())
            .expect("below src")
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(&path).expect("readable");
        for (library, places) in rules {
            let uses = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .any(|line| {
                    line.contains(&format!("{library}::"))
                        || line.contains(&format!("use {library}"))
                        || line.contains(&format!("{library}_"))
                });
            if uses && !places.iter().any(|place| below.starts_with(place)) {
                wrong.push(format!("{below} names {library}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_code_map_names_every_module() {
    let map = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md"))
        .expect("ARCHITECTURE.md");
    let lib = fs::read_to_string(src().join("lib.rs")).expect("lib.rs");
    let modules = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let missing: Vec<&str> = modules
        .filter(|module| !map.contains(&format!("`src/{module}")))
        .collect();
    assert!(
        missing.is_empty(),
        "ARCHITECTURE.md does not name {missing:?}"
    );
}

#[test]
fn the_first_file_to_read_stays_a_list_of_calls() {
    let lines = fs::read_to_string(src().join("broker/mod.rs"))
        .expect("broker/mod.rs")
        .lines()
        .count();
    assert!(lines <= 92, "broker/mod.rs has {lines} lines");
}

/// A misreading on one side must show on the other: neither knows a line of the other's.
#[test]
fn the_simulators_share_nothing_with_the_gateway() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = |path: &str| fs::read_to_string(root.join(path)).expect("a manifest");
    let names = |manifest: &str, name: &str| {
        let mut lines = manifest.lines().map(str::trim_start);
        lines.any(|line| {
            line.starts_with(&format!("{name} ")) || line.starts_with(&format!("{name}."))
        })
    };
    let theirs = manifest("simulators/Cargo.toml");
    assert!(
        !names(&theirs, "pontile") && !theirs.contains("path ="),
        "{theirs}"
    );
    assert!(!names(&manifest("Cargo.toml"), "simulators"));

    let simulators = root.join("simulators");
    for file in sources(&simulators) {
        let text = fs::read_to_string(&file).expect("a source");
        let shared = ["pontile::", "extern crate pontile", "#[path"];
        for word in shared {
            assert!(!text.contains(word), "{word} in {}", file.display());
        }
        // What is included stands in the simulators' own folder.
        for included in text.split("include_str!(\"").skip(1) {
            let path = included.split('"').next().unwrap_or_default();
            let path = file.parent().expect("a folder").join(path);
            let path = path.canonicalize().expect("an included file");
            assert!(path.starts_with(&simulators), "{}", path.display());
        }
    }
    for file in sources(&src()) {
        let text = fs::read_to_string(&file).expect("a source");
        assert!(!text.contains("simulators::"), "{}", file.display());
    }
}
