//! A nightly file as the intake reads it: once to know its charset, then line by line; what must hold whatever its bytes are.

use std::io::BufReader;

use pontile::connectors::adapter::Connector;
use pontile::connectors::files::inspect::{Inspected, inspect_bytes};
use pontile::connectors::files::layout::{Check, FileLayout, Form};
use pontile::connectors::files::lines::{FileCharset, LONGEST_LINE, Lines, text};
use pontile::connectors::files::record::{self, Reject};

use crate::PRODUCTS;

/// Buffers of a few bytes, so that lines and marks go over their ends.
const BUFFERS: [usize; 4] = [1, 3, 64, 1 << 16];

/// The layouts of that form, of every adapter.
pub fn layouts(of: impl Fn(&Form) -> bool) -> Vec<&'static FileLayout> {
    let layouts = PRODUCTS.iter().filter_map(|product| match product.adapter.connector() {
        Connector::Files(layouts) => Some(layouts),
        _ => None,
    });
    layouts.flat_map(|layouts| &layouts.files).filter(|layout| of(&layout.form)).collect()
}

/// Reads the bytes after the first two, which choose the layout and the size of the buffer.
pub fn read(layouts: &[&FileLayout], data: &[u8]) {
    let [layout, buffer, file @ ..] = data else {
        return;
    };
    let layout = layouts[usize::from(*layout) % layouts.len()];
    let buffer = BUFFERS[usize::from(*buffer) % BUFFERS.len()];
    let Ok(inspected) = inspect_bytes(file).expect("bytes in memory") else {
        return;
    };
    holds(&inspected, file);
    let mut lines = Lines::new(BufReader::with_capacity(buffer, file));
    let mut expected = file.split_inclusive(|byte| *byte == b'\n');
    while let Some(line) = lines.bytes().expect("bytes in memory") {
        let written = expected.next().expect("no more lines than were written");
        assert!(line.is_some() || written.len() > LONGEST_LINE, "a line of {} bytes was passed over", written.len());
        assert!(line.is_none_or(|line| line.len() <= LONGEST_LINE), "a line longer than a line may be");
        if let Ok(line) = text(line, inspected.charset) {
            row(&line, layout);
        }
    }
    assert!(expected.next().is_none(), "a line was not read");
}

fn holds(inspected: &Inspected, file: &[u8]) {
    assert_eq!(inspected.bytes, file.len() as u64, "bytes were not counted");
    assert_eq!(inspected.last_line_ends, file.last().is_none_or(|byte| *byte == b'\n'));
    if std::str::from_utf8(file).is_ok() {
        assert_eq!(inspected.charset, FileCharset::Utf8, "UTF-8 was taken for something else");
    }
}

fn row(line: &str, layout: &FileLayout) {
    let read = record::read(line, layout);
    if line.trim().is_empty() {
        assert!(read.is_ok_and(|row| row.is_none()), "a line of blanks is no record");
        return;
    }
    let row = match read {
        Ok(Some(row)) => row,
        Ok(None) => return,
        Err(reason) => {
            let textual = matches!(reason, Reject::CaratteriNonValidi);
            return assert!(!textual, "a text was rejected as none");
        }
    };
    assert_eq!(row.len(), layout.columns.len(), "a row that is not its table's");
    for value in row.iter().flatten() {
        assert!(line.contains(value), "a value that nobody wrote");
        assert!(!value.trim().is_empty() && value.trim_end() == *value, "blanks are no value");
    }
    for (column, check) in &layout.checks {
        assert!(!matches!(check, Check::Present) || row[*column].is_some(), "a field that must be there is not");
    }
    if let Form::Delimited { record: Some(record), .. } = &layout.form {
        assert_eq!(row[0].map(str::trim), Some(record.as_str()), "another record");
    }
}
