//! How a product lays its nightly files out: which files there are, what their names look like, what stands where in a line.

use std::ops::Range;

use super::pattern::NamePattern;
use crate::connectors::mapping::dates::DateForm;
use crate::connectors::mapping::numbers::NumberForm;

/// The files of an adapter.
#[derive(Debug)]
pub struct Layouts {
    /// Whether a file counts only beside a file of its name and `.ok`.
    pub marker: Marker,
    /// Whether a last line without its end means that the file is not whole.
    pub last_line_ends: bool,
    /// The files; those of one name fill one table.
    pub files: Vec<FileLayout>,
}

/// Whether the sender leaves a marker beside each file that is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// A file without it is not whole.
    Required,
    /// It is waited for no longer than the file keeps growing.
    Optional,
}

/// One kind of file.
#[derive(Debug)]
pub struct FileLayout {
    /// The table that it fills.
    pub name: String,
    /// Its names.
    pub patterns: Vec<NamePattern>,
    /// Whether a night without it has nothing to offer.
    pub required: bool,
    /// How its lines are read.
    pub form: Form,
    /// The columns that a line gives.
    pub columns: Vec<String>,
    /// Columns that are parts of another one: which, what parts it, and where the parts stand.
    pub split: Vec<Split>,
    /// The columns by which rows are found.
    pub keys: Vec<usize>,
    /// What a value must be; a line with another is rejected.
    pub checks: Vec<(usize, Check)>,
}

/// A column whose text holds several.
#[derive(Debug)]
pub struct Split {
    /// The column.
    pub of: usize,
    /// What parts it.
    pub by: char,
    /// The first of the columns that it gives, which stand one after the other.
    pub first: usize,
    /// How many they are.
    pub count: usize,
}

/// How lines are read.
#[derive(Debug)]
pub enum Form {
    /// Each field at its characters; shorter lines are filled up with blanks.
    Fixed {
        /// Characters of a line; longer ones are rejected.
        length: usize,
        /// The fields.
        fields: Vec<Range<usize>>,
    },
    /// Fields parted by a character.
    Delimited {
        /// The character.
        separator: char,
        /// What stands in the first field; absent: anything.
        record: Option<String>,
        /// What else may stand there, since the same file fills other tables.
        others: Others,
        /// How many fields the newest version has, and which of them older versions lack: their number tells them apart.
        fields: usize,
        /// For each older version, the places that it lacks, ascending.
        lacking: Vec<Vec<usize>>,
    },
}

/// Records of a file that are of other tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Others {
    /// Those that other tables take.
    pub taken: Vec<String>,
    /// Whether another table rejects what nobody takes, so that it is rejected once.
    pub rejects: bool,
}

/// What a value must be.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// There.
    Present,
    /// A date in this form, or none.
    Date(DateForm),
    /// A number in this form, or none.
    Number(NumberForm),
}

impl Layouts {
    /// The layout of a table.
    pub fn table(&self, name: &str) -> Option<&FileLayout> {
        self.files.iter().find(|file| file.name == name)
    }

    /// The names of the tables, each once.
    pub fn tables(&self) -> Vec<&FileLayout> {
        let mut tables: Vec<&FileLayout> = Vec::new();
        for file in &self.files {
            if tables.iter().all(|known| known.name != file.name) {
                tables.push(file);
            }
        }
        tables
    }
}

impl FileLayout {
    /// Whether rows are found by that column.
    pub fn is_key(&self, column: &str) -> bool {
        self.keys.iter().any(|key| self.columns[*key] == column)
    }
}
