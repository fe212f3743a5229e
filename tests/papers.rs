//! What the papers for security and privacy officers name is there: files, tests, configuration keys, commands.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("a file of the repository is text")
}

/// The threat model, every privacy paper and what becomes of back ends' peculiarities.
fn papers() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join("docs/privacy")).expect("docs/privacy is there");
    let mut papers: Vec<PathBuf> = folder.map(|entry| entry.expect("a file").path()).collect();
    papers.push(root().join("docs/threat-model.md"));
    papers.push(root().join("docs/back-ends.md"));
    papers.sort();
    papers
}

/// What stands between backquotes on one line.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Whether it is written as a path in this repository.
fn is_a_path(word: &str) -> bool {
    let folders = [
        "src/",
        "tests/",
        "docs/",
        "config/",
        "packaging/",
        "scripts/",
        "fuzz/",
        "migrations/",
        "adapters/",
        "simulators/",
        "benches/",
    ];
    folders.iter().any(|folder| word.starts_with(folder))
}

/// What a paper names and the repository lacks.
fn missing(text: &str) -> Vec<String> {
    let mut missing = Vec::new();
    for word in quoted(text).filter(|word| is_a_path(word)) {
        let (path, test) = match word.split_once("::") {
            Some((path, test)) => (path, Some(test)),
            None => (word, None),
        };
        let there =
            root().join(path).exists() && test.is_none_or(|test| holds_test(&read(path), test));
        if !there {
            missing.push(word.to_owned());
        }
    }
    missing
}

/// Whether a file has a function of that name right below a test's attributes.
fn holds_test(file: &str, test: &str) -> bool {
    let is_named = |line: &str| {
        let line = line.trim_start();
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.strip_prefix("fn ")
            .and_then(|rest| rest.strip_prefix(test))
            .is_some_and(|rest| rest.starts_with('('))
    };
    let lines: Vec<&str> = file.lines().collect();
    lines.iter().enumerate().any(|(at, line)| {
        let above = lines[..at].iter().rev();
        let mut attributes = above.take_while(|line| line.trim_start().starts_with("#["));
        is_named(line) && attributes.any(|line| line.contains("test"))
    })
}

#[test]
fn every_file_and_test_that_the_papers_name_is_there() {
    for paper in papers() {
        let text = fs::read_to_string(&paper).expect("a paper is text");
        assert_eq!(missing(&text), Vec::<String>::new(), "{}", paper.display());
    }
}

#[test]
fn a_name_that_is_not_there_is_noticed() {
    let text = "`src/none.rs`, `tests/papers.rs::no_such_test`, `tests/papers.rs::root`, `tests/papers.rs`, \
                `tests/papers.rs::a_name_that_is_not_there_is_noticed`";
    assert_eq!(
        missing(text),
        [
            "src/none.rs",
            "tests/papers.rs::no_such_test",
            "tests/papers.rs::root"
        ]
    );
}

#[test]
fn every_threat_has_a_number_of_its_own_a_control_and_a_word_on_its_proof() {
    let text = read("docs/threat-model.md");
    let (_, threats) = text.split_once("\n## Threats\n").expect("the threats");
    let mut numbers = Vec::new();
    for row in threats.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 3, "{row}");
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{row}");
        if cells[0] != "threat" {
            numbers.push(cells[0].split(' ').next().unwrap_or_default());
        }
    }
    let mut unique = numbers.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), numbers.len(), "{numbers:?}");
}

#[test]
fn every_peculiarity_of_a_back_end_is_dealt_with_and_proven_or_refused_with_its_reason() {
    let text = read("docs/back-ends.md");
    let rows = text.lines().filter(|line| line.starts_with("| "));
    let mut count = 0;
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [what, handled, proof] = cells[..] else {
            panic!("three cells: {row}");
        };
        let refused = handled.starts_with("Refused: ") || handled.starts_with("Not ");
        assert!(!what.is_empty() && !handled.is_empty(), "{row}");
        assert!(
            refused || !proof.is_empty(),
            "neither proven nor refused: {row}"
        );
        count += 1;
    }
    assert!(count > 100, "{count} rows");
}

/// Keys are written `[section] key`; the manual shows each, some in a comment.
#[test]
fn every_configuration_key_that_the_papers_name_stands_in_the_manual() {
    let manual = read("config/pontile.default.toml");
    let sections = |line: &str| {
        let line = line.trim_start_matches(['#', ' ']).trim_end();
        let name = line.trim_start_matches('[').trim_end_matches(']');
        (line.starts_with('[') && line.ends_with(']')).then(|| name.to_owned())
    };
    for paper in papers() {
        let text = fs::read_to_string(&paper).expect("a paper is text");
        let keys = quoted(&text).filter_map(|word| word.strip_prefix('[')?.split_once("] "));
        for (section, key) in keys {
            let mut current = String::new();
            let is_there = manual.lines().any(|line| {
                if let Some(name) = sections(line) {
                    current = name;
                }
                let line = line.trim_start_matches(['#', ' ']);
                current == section
                    && line
                        .strip_prefix(key)
                        .is_some_and(|rest| rest.starts_with(" ="))
            });
            assert!(is_there, "[{section}] {key} in {}", paper.display());
        }
    }
}

#[test]
fn every_command_that_the_papers_name_is_one() {
    for paper in papers() {
        let text = fs::read_to_string(&paper).expect("a paper is text");
        let shown = text.lines().map(str::trim_start);
        let shown = shown.filter(|line| line.starts_with("pontile "));
        for command in quoted(&text).chain(shown) {
            let Some(rest) = command.strip_prefix("pontile ") else {
                continue;
            };
            let words = rest.split(' ').take_while(|word| {
                !word.is_empty()
                    && word
                        .chars()
                        .all(|one| one.is_ascii_lowercase() || one == '-')
                    && !word.starts_with('-')
            });
            let flags = rest.split(' ').filter(|word| word.starts_with("--"));
            let arguments: Vec<&str> = words.take(2).collect();
            let help = std::process::Command::new(env!("CARGO_BIN_EXE_pontile"))
                .args(&arguments)
                .arg("--help")
                .output()
                .expect("pontile starts");
            assert!(help.status.success(), "{command} in {}", paper.display());
            let help = String::from_utf8_lossy(&help.stdout);
            for flag in flags {
                assert!(
                    help.contains(flag),
                    "{flag} of {command} in {}",
                    paper.display()
                );
            }
        }
    }
}
