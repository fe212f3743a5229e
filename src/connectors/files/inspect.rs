//! The first pass over a file: its digest, its charset, whether it is whole, whether it is text at all.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};

use super::lines::{FileCharset, Lines, is_utf8};
use crate::store::night::Paced;

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// SHA-256 of its bytes, in hexadecimal.
    pub digest: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// What its bytes are.
    pub charset: FileCharset,
    /// Whether its last line has its end.
    pub last_line_ends: bool,
}

/// A file that cannot be read as lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// An archive.
    Archive,
    /// UTF-16, by its byte order mark.
    Utf16,
}

/// Counts and digests what goes through it.
struct Digesting<R> {
    source: R,
    context: Context,
    bytes: u64,
    last: u8,
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.context.update(&buffer[..read]);
        self.bytes += read as u64;
        if let Some(last) = buffer[..read].last() {
            self.last = *last;
        }
        Ok(read)
    }
}

/// Reads a file once, at the pace of the background.
pub fn inspect(path: &Path) -> io::Result<Result<Inspected, Unusable>> {
    inspect_bytes(Paced::new(File::open(path)?))
}

/// Reads the bytes of a file once.
///
/// The charset is UTF-8 where the file says so by a byte order mark or most lines beyond ASCII are UTF-8, else Windows-1252;
/// lines that do not fit are rejected later, never read as something else.
pub fn inspect_bytes(mut bytes: impl Read) -> io::Result<Result<Inspected, Unusable>> {
    let mut head = [0; 4];
    let length = read_head(&mut bytes, &mut head)?;
    let head = &head[..length];
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"\x1F\x8B") || head == b"7z\xBC\xAF" {
        return Ok(Err(Unusable::Archive));
    }
    if head.starts_with(b"\xFE\xFF") || head.starts_with(b"\xFF\xFE") {
        return Ok(Err(Unusable::Utf16));
    }
    let mut context = Context::new(&SHA256);
    context.update(head);
    let marked = head.starts_with(b"\xEF\xBB\xBF");
    let mut source = BufReader::with_capacity(
        1 << 16,
        Digesting {
            source: bytes,
            context,
            bytes: length as u64,
            last: head.last().copied().unwrap_or_default(),
        },
    );
    let (mut fitting, mut others) = (0_u64, 0_u64);
    let mut lines = Lines::new(io::Cursor::new(head.to_vec()).chain(&mut source));
    while let Some(line) = lines.bytes()? {
        match line {
            Some(line) if line.is_ascii() => {}
            Some(line) if is_utf8(line) => fitting += 1,
            Some(_) => others += 1,
            None => {}
        }
    }
    let read = source.into_inner();
    Ok(Ok(Inspected {
        digest: hex::encode(read.context.finish()),
        bytes: read.bytes,
        charset: if marked || fitting > others || others == 0 {
            FileCharset::Utf8
        } else {
            FileCharset::Cp1252
        },
        last_line_ends: read.bytes == 0 || read.last == b'\n',
    }))
}

fn read_head(bytes: &mut impl Read, head: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < head.len() {
        match bytes.read(&mut head[length..])? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}
