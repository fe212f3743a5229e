//! A statement cut into what SQLite, PostgreSQL and MariaDB read alike; what they would read differently is refused.

/// A piece of a statement; blanks and comments are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its text; of a placeholder without the colon.
    pub text: &'a str,
    /// Where it begins.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
}

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A keyword or a bare name.
    Word,
    /// A literal or a quoted name.
    Quoted,
    /// A number.
    Number,
    /// `:name`.
    Placeholder,
    /// Anything else: one character, or `::`.
    Symbol,
}

/// What is wrong at a byte of the text.
pub type Wrong = (usize, String);

impl Token<'_> {
    /// Whether it is this bare word, in any case.
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is this symbol.
    pub fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }
}

/// Cuts a text into tokens; every mistake is noted.
pub fn tokens<'a>(text: &'a str, wrong: &mut Vec<Wrong>) -> Vec<Token<'a>> {
    let mut cutter = Cutter { text, at: 0, wrong };
    let mut found = Vec::new();
    while let Some(first) = cutter.rest().chars().next() {
        if let Some(token) = cutter.next(first) {
            found.push(token);
        }
    }
    found
}

struct Cutter<'a, 'w> {
    text: &'a str,
    at: usize,
    wrong: &'w mut Vec<Wrong>,
}

impl<'a> Cutter<'a, '_> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn refuse(&mut self, text: impl Into<String>) {
        self.wrong.push((self.at, text.into()));
    }

    fn take(&mut self, kind: Kind, length: usize) -> Token<'a> {
        let start = self.at;
        self.at += length;
        Token {
            kind,
            text: &self.text[start..self.at],
            start,
            end: self.at,
        }
    }

    /// Moves on by one token, blank or comment.
    fn next(&mut self, first: char) -> Option<Token<'a>> {
        let rest = self.rest();
        if first.is_whitespace() {
            self.at += first.len_utf8();
            None
        } else if rest.starts_with("--") {
            self.line_comment(rest);
            None
        } else if rest.starts_with("/*") {
            self.block_comment(rest);
            None
        } else if matches!(first, '\'' | '"' | '`') {
            Some(self.quoted(rest, first))
        } else if rest.starts_with("::") {
            Some(self.take(Kind::Symbol, 2))
        } else if first == ':' {
            self.placeholder(rest)
        } else if first.is_alphabetic() || first == '_' {
            Some(self.word(rest))
        } else if first.is_ascii_digit() {
            let length = length_of(rest, |c| c.is_ascii_alphanumeric() || c == '.');
            Some(self.take(Kind::Number, length))
        } else {
            self.symbol(first)
        }
    }

    fn line_comment(&mut self, rest: &str) {
        if !rest[2..].is_empty() && !rest[2..].starts_with(char::is_whitespace) {
            self.refuse("dopo «--» serve uno spazio: per MariaDB non sarebbe un commento");
        }
        self.at += rest.find('\n').unwrap_or(rest.len());
    }

    fn block_comment(&mut self, rest: &str) {
        // The star that opens the comment cannot close it: `/*/` is still open.
        let Some(length) = rest[2..].find("*/") else {
            self.refuse("il commento non è chiuso");
            self.at = self.text.len();
            return;
        };
        let inside = &rest[2..2 + length];
        if inside.starts_with('!') || inside.starts_with("M!") {
            self.refuse("MariaDB eseguirebbe questo commento");
        }
        if inside.contains("/*") {
            self.refuse(
                "un commento non ne contiene altri: i database non sono d'accordo su dove finisce",
            );
        }
        self.at += length + 4;
    }

    fn quoted(&mut self, rest: &'a str, quote: char) -> Token<'a> {
        let mut end = 1;
        loop {
            let Some(close) = rest[end..].find(quote) else {
                self.refuse(format!("manca «{quote}» di chiusura"));
                return self.take(Kind::Quoted, rest.len());
            };
            end += close + 1;
            if !rest[end..].starts_with(quote) {
                break;
            }
            end += 1;
        }
        if rest[..end].contains('\\') {
            self.refuse("una barra rovesciata fra apici vale cose diverse nei diversi database");
        }
        self.take(Kind::Quoted, end)
    }

    fn placeholder(&mut self, rest: &'a str) -> Option<Token<'a>> {
        const FORM: &str = "un segnaposto si scrive :nome, con minuscole, cifre, «_» e «.»";
        let length = length_of(&rest[1..], |c| {
            c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.')
        });
        let name = rest[1..=length].trim_end_matches('.');
        let after = rest[1 + name.len()..].chars().next();
        let joined = |c: char| c.is_alphanumeric() || matches!(c, '_' | '(' | '\'' | '"' | '`');
        let cast = rest[1 + name.len()..].starts_with("::");
        let touches = self.text[..self.at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let named = name.starts_with(|c: char| c.is_ascii_lowercase());
        if !named || touches || after.is_some_and(|c| joined(c) || (c == ':' && !cast)) {
            self.refuse(FORM);
            self.at += 1 + length;
            return None;
        }
        let token = self.take(Kind::Placeholder, 1 + name.len());
        Some(Token {
            text: name,
            ..token
        })
    }

    fn word(&mut self, rest: &'a str) -> Token<'a> {
        let length = length_of(rest, |c| c.is_alphanumeric() || c == '_');
        if rest[length..].starts_with('\'') {
            self.refuse("un testo fra apici non ha prefissi");
        }
        self.take(Kind::Word, length)
    }

    fn symbol(&mut self, first: char) -> Option<Token<'a>> {
        if matches!(first, '?' | '$' | '@' | '#' | '\\' | '{' | '}') || first.is_control() {
            let shown = first.escape_default();
            self.refuse(format!(
                "«{shown}» qui non si usa: i parametri si scrivono :nome"
            ));
            self.at += first.len_utf8();
            return None;
        }
        Some(self.take(Kind::Symbol, first.len_utf8()))
    }
}

fn length_of(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|character| !belongs(character))
        .unwrap_or(text.len())
}
