//! A statement of an adapter: one `SELECT` with named placeholders, translated at load into what each database wants.
//!
//! Values are only ever bound: the text that reaches a database is fixed when the adapter is loaded.

use std::path::Path;
use std::sync::Arc;

use crate::config::mistake::Mistake;

use super::tokens::{Kind, Token, Wrong, tokens};

/// A checked statement.
#[derive(Debug, Clone)]
pub struct Statement {
    /// With `$1`, `$2`: one number per name (PostgreSQL, SQLite).
    pub(super) numbered: Arc<str>,
    /// With `?` for every occurrence (MySQL, MariaDB).
    pub(super) marked: Arc<str>,
    /// For every `?` the index of its name.
    pub(super) marks: Vec<usize>,
    placeholders: Vec<Placeholder>,
}

/// A name to which a value is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    /// The name, without its colon.
    pub name: String,
    /// Where it stands first in the file, in bytes.
    pub offset: usize,
}

/// Words that write, lock or hide columns, with what to say about them.
const REFUSED: [(&str, &str); 8] = [
    ("INSERT", WRITES),
    ("UPDATE", WRITES),
    ("DELETE", WRITES),
    ("MERGE", WRITES),
    ("INTO", WRITES),
    ("LOCK", LOCKS),
    ("SHARE", LOCKS),
    ("TABLE", COLUMNS),
];
const WRITES: &str = "si legge soltanto: nessun comando che scrive";
const LOCKS: &str = "si legge soltanto: nessun blocco di righe o tabelle";
const COLUMNS: &str =
    "le colonne vanno nominate una per una: con «*» un cambio della vista passerebbe inosservato";

impl Statement {
    /// Reads the text of a file; every mistake in it is reported.
    ///
    /// Placeholders are `:name`, of lower-case letters, digits, `_` and `.`; a cast `::type` is none, nor is what stands
    /// between quotes or in comments. What the databases would read differently (backslashes between quotes, comments
    /// that MariaDB executes, `?`, `$`, `@`, `#`) is refused.
    pub fn parse(file: &Path, text: &str) -> Result<Statement, Vec<Mistake>> {
        let mut wrong = Vec::new();
        let tokens = tokens(text, &mut wrong);
        check(&tokens, &mut wrong);
        if !wrong.is_empty() {
            let mut mistakes: Vec<Mistake> = wrong
                .into_iter()
                .map(|(offset, what)| Mistake::at(file, text, offset, what))
                .collect();
            mistakes.sort();
            return Err(mistakes);
        }
        Ok(translate(text, &tokens))
    }

    /// The placeholders, each name once, in the order in which they first stand.
    pub fn placeholders(&self) -> &[Placeholder] {
        &self.placeholders
    }
}

fn translate(text: &str, tokens: &[Token<'_>]) -> Statement {
    let mut placeholders: Vec<Placeholder> = Vec::new();
    let (mut numbered, mut marked) = (String::new(), String::new());
    let mut marks = Vec::new();
    // A closing semicolon is left out: not every driver takes it.
    let last = tokens.last().filter(|last| last.is_symbol(";"));
    let end = last.map_or(text.len(), |last| last.start);
    let mut copied = 0;
    for token in tokens {
        if token.kind != Kind::Placeholder {
            continue;
        }
        let known = placeholders.iter().position(|one| one.name == token.text);
        let index = known.unwrap_or_else(|| {
            placeholders.push(Placeholder {
                name: token.text.to_owned(),
                offset: token.start,
            });
            placeholders.len() - 1
        });
        for written in [&mut numbered, &mut marked] {
            written.push_str(&text[copied..token.start]);
        }
        numbered.push('$');
        numbered.push_str(&(index + 1).to_string());
        marked.push('?');
        marks.push(index);
        copied = token.end;
    }
    for written in [&mut numbered, &mut marked] {
        written.push_str(&text[copied..end]);
    }
    Statement {
        numbered: numbered.into(),
        marked: marked.into(),
        marks,
        placeholders,
    }
}

fn check(tokens: &[Token<'_>], wrong: &mut Vec<Wrong>) {
    match tokens.first() {
        Some(first) if first.is_word("SELECT") || first.is_word("WITH") => {}
        first => {
            let text = "serve una sola lettura, che comincia con SELECT o WITH";
            wrong.push((first.map_or(0, |first| first.start), text.to_owned()));
        }
    }
    let mut ends = tokens
        .iter()
        .skip_while(|token| !token.is_symbol(";"))
        .skip(1);
    if let Some(second) = ends.next() {
        wrong.push((second.start, "un solo comando per file".to_owned()));
    }
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| &tokens[index]);
        let after = tokens.get(index + 1);
        let is_column = before.is_some_and(|before| before.is_symbol("."));
        let refused = REFUSED.iter().find(|(word, _)| token.is_word(word));
        if let Some((_, text)) = refused.filter(|_| !is_column) {
            wrong.push((token.start, (*text).to_owned()));
        }
        if token.is_symbol("*") && !counts_or_multiplies(before, after) {
            wrong.push((token.start, COLUMNS.to_owned()));
        }
    }
}

/// Whether a `*` is that of `count(*)`, or stands between two factors.
fn counts_or_multiplies(before: Option<&Token<'_>>, after: Option<&Token<'_>>) -> bool {
    let (Some(before), Some(after)) = (before, after) else {
        return false;
    };
    let is_factor = |token: &Token<'_>, bracket: &str| match token.kind {
        Kind::Symbol => token.is_symbol(bracket),
        _ => !["SELECT", "DISTINCT", "ALL", "FROM"]
            .iter()
            .any(|word| token.is_word(word)),
    };
    before.is_symbol("(") && after.is_symbol(")")
        || is_factor(before, ")") && (is_factor(after, "(") || after.is_symbol("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Statement, Vec<Mistake>> {
        Statement::parse(Path::new("ricerca.sql"), text)
    }

    fn refusals(text: &str) -> Vec<String> {
        let mistakes = parse(text).expect_err(text);
        mistakes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_database_gets_its_own_marks_and_every_name_is_listed_once() {
        let text = "-- :commento\nSELECT ':x' AS \"b:y\", c::text /* :no */\nFROM v WHERE d = :cf AND e = :capture.riga\n OR f = :cf;\n";
        let statement = parse(text).expect("a good statement");
        let names: Vec<_> = statement.placeholders().iter().collect();
        assert!(text[names[0].offset..].starts_with(":cf AND"));
        assert!(text[names[1].offset..].starts_with(":capture.riga\n"));
        let names: Vec<_> = names.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["cf", "capture.riga"]);
        let numbered = &*statement.numbered;
        assert!(
            numbered.ends_with("d = $1 AND e = $2\n OR f = $1"),
            "{numbered}"
        );
        assert!(numbered.starts_with("-- :commento\nSELECT ':x' AS \"b:y\", c::text /* :no */"));
        assert!(statement.marked.ends_with("d = ? AND e = ?\n OR f = ?"));
        assert_eq!(statement.marks, [0, 1, 0]);
    }

    #[test]
    fn a_placeholder_may_be_cast_and_stand_between_brackets() {
        let statement = parse("SELECT a FROM v WHERE b IN (:uno,:due) AND c = :tre::date")
            .expect("a good statement");
        assert!(
            statement
                .numbered
                .ends_with("b IN ($1,$2) AND c = $3::date")
        );
    }

    #[test]
    fn counting_and_multiplying_are_no_unnamed_columns() {
        for text in [
            "SELECT count(*) AS quanti FROM v",
            "SELECT a * 2 AS b, (a) * (b) AS c, a*-1 AS d FROM v",
            "WITH x AS (SELECT 1 AS uno) SELECT uno FROM x",
            "SELECT v.update, \"INTO\", 'DELETE' AS che FROM v",
        ] {
            parse(text).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"));
        }
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        assert_eq!(
            refusals("SELECT *,\n  :Nome, v.* FROM v;\nDELETE FROM v"),
            [
                "ricerca.sql:1:8: le colonne vanno nominate una per una: con «*» un cambio della vista passerebbe inosservato",
                "ricerca.sql:2:3: un segnaposto si scrive :nome, con minuscole, cifre, «_» e «.»",
                "ricerca.sql:2:12: le colonne vanno nominate una per una: con «*» un cambio della vista passerebbe inosservato",
                "ricerca.sql:3:1: si legge soltanto: nessun comando che scrive",
                "ricerca.sql:3:1: un solo comando per file",
            ]
        );
    }

    #[test]
    fn what_is_not_one_plain_read_is_refused() {
        for text in [
            "",
            "-- nulla",
            "INSERT INTO v VALUES (1)",
            "WITH x AS (DELETE FROM v RETURNING a) SELECT a FROM x",
            "SELECT a INTO t FROM v",
            "SELECT a FROM v FOR UPDATE",
            "SELECT a FROM v FOR SHARE",
            "SELECT a FROM v LOCK IN SHARE MODE",
            "WITH x AS (TABLE v) SELECT a FROM x",
            "SELECT a FROM v; SELECT b FROM v",
            "SELECT a FROM v;;",
            "SELECT DISTINCT ON (a) * FROM v",
            "SELECT a, * FROM v",
            "SELECT a FROM (SELECT * FROM v) x",
            "SELECT a FROM v WHERE b = 'aperto",
            "SELECT a FROM v WHERE b = \"aperto",
            "SELECT a FROM v /* aperto",
            "SELECT a FROM v /*/ aperto",
            "SELECT a /*! , b */ FROM v",
            "SELECT a /*M! , b */ FROM v",
            "SELECT a /* uno /* due */ FROM v",
            "SELECT a--b\n FROM v",
            "SELECT a FROM v # commento",
            "SELECT a FROM v WHERE b = 'x\\'' OR 'y'",
            "SELECT a FROM v WHERE b = E'x'",
            "SELECT a FROM v WHERE b = ?",
            "SELECT a FROM v WHERE b = $1",
            "SELECT a FROM v WHERE b = @x",
            "SELECT a FROM v WHERE b := 1",
            "SELECT a FROM v WHERE b = :1",
            "SELECT a FROM v WHERE b = :",
            "SELECT a FROM v WHERE b = :cF",
            "SELECT a FROM v WHERE b = x:cf",
            "SELECT a FROM v WHERE b = :cf(1)",
            "SELECT a FROM v WHERE b = :cf:altro",
            "SELECT a FROM v WHERE b = :cf'x'",
            "SELECT a FROM v WHERE b = $$x$$",
        ] {
            refusals(text);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_reading(text in "[a-zSELCT:;*'\"`/$?!. \\-\n\\\\àé(){}]{0,60}") {
            let _ = parse(&text);
            let _ = parse(&format!("SELECT {text}"));
        }

        #[test]
        fn quoted_text_is_never_translated(text in "[a-z :?$;*/-]{0,20}") {
            let statement = parse(&format!("SELECT '{text}' AS a FROM v WHERE b = :cf"));
            let expected = format!("SELECT '{text}' AS a FROM v WHERE b = $1");
            proptest::prop_assert_eq!(&*statement.expect("a good statement").numbered, expected);
        }
    }
}
