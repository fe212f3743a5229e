//! A mistake in a file, with its place; every check collects all of them before it refuses.

use std::fmt;
use std::path::PathBuf;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The file.
    pub file: PathBuf,
    /// Line, from 1; 0 where the whole file is meant.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong and what would be right.
    pub text: String,
}

impl Mistake {
    /// A mistake at a byte offset of the file's text.
    pub fn at(
        file: impl Into<PathBuf>,
        source: &str,
        offset: usize,
        text: impl Into<String>,
    ) -> Mistake {
        let before = &source[..source.floor_char_boundary(offset)];
        let line = before.matches('\n').count() + 1;
        let column = before
            .chars()
            .rev()
            .take_while(|character| *character != '\n')
            .count()
            + 1;
        Mistake {
            file: file.into(),
            line,
            column,
            text: text.into(),
        }
    }

    /// A mistake of the whole file.
    pub fn of_file(file: impl Into<PathBuf>, text: impl Into<String>) -> Mistake {
        Mistake {
            file: file.into(),
            line: 0,
            column: 0,
            text: text.into(),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(formatter, "{}: {}", self.file.display(), self.text),
            line => write!(
                formatter,
                "{}:{line}:{}: {}",
                self.file.display(),
                self.column,
                self.text
            ),
        }
    }
}
