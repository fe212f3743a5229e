//! Lines of a file of any size, one at a time: of each only as much is held as a line may have.

use std::io::{self, BufRead};

use encoding_rs::WINDOWS_1252;

/// Bytes that a line may have; longer ones are passed over.
pub const LONGEST_LINE: usize = 64 << 10;

/// What the bytes of a file are; nothing else is ever supposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileCharset {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// Windows-1252.
    Cp1252,
}

/// Why a line has no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoText {
    /// It is longer than a line may be.
    TooLong,
    /// Its bytes are no text in the file's charset, or hold control characters.
    Charset,
}

/// Reads lines.
pub struct Lines<R> {
    source: R,
    buffer: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// The lines of a source.
    pub fn new(source: R) -> Lines<R> {
        Lines {
            source,
            buffer: Vec::new(),
            number: 0,
        }
    }

    /// The number of the last line read, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The next line without its end; `None`: there is none. The inner `None` is a line that is too long.
    pub fn bytes(&mut self) -> io::Result<Option<Option<&[u8]>>> {
        self.buffer.clear();
        let (mut any, mut too_long) = (false, false);
        loop {
            let chunk = self.source.fill_buf()?;
            if chunk.is_empty() {
                break;
            }
            any = true;
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(chunk.len());
            too_long |= self.buffer.len() + taken > LONGEST_LINE;
            if !too_long {
                self.buffer.extend_from_slice(&chunk[..taken]);
            }
            self.source.consume(end.map_or(taken, |end| end + 1));
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.number += 1;
        if self.number == 1 && self.buffer.starts_with(b"\xEF\xBB\xBF") {
            self.buffer.drain(..3);
        }
        if self.buffer.last() == Some(&b'\r') {
            self.buffer.pop();
        }
        Ok(Some((!too_long).then_some(&self.buffer)))
    }
}

/// The text of a line.
pub fn text(
    line: Option<&[u8]>,
    charset: FileCharset,
) -> Result<std::borrow::Cow<'_, str>, NoText> {
    let line = line.ok_or(NoText::TooLong)?;
    let text = match charset {
        FileCharset::Utf8 => std::str::from_utf8(line)
            .map_err(|_| NoText::Charset)?
            .into(),
        // A line of UTF-8 in a file of Windows-1252 would be read as other letters.
        FileCharset::Cp1252 if !line.is_ascii() && is_utf8(line) => return Err(NoText::Charset),
        FileCharset::Cp1252 => WINDOWS_1252.decode_without_bom_handling(line).0,
    };
    // The five bytes that Windows-1252 does not have come out as control characters too.
    if text
        .chars()
        .any(|letter| letter.is_control() && letter != '\t')
    {
        return Err(NoText::Charset);
    }
    Ok(text)
}

/// Whether the bytes are UTF-8.
pub fn is_utf8(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_ok()
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn lines(bytes: &[u8]) -> Vec<Option<Vec<u8>>> {
        // A buffer of a few bytes: lines go over its end.
        let mut lines = Lines::new(BufReader::with_capacity(7, bytes));
        let mut read = Vec::new();
        while let Some(line) = lines.bytes().expect("read") {
            read.push(line.map(<[u8]>::to_vec));
        }
        read
    }

    #[test]
    fn marks_of_byte_order_and_carriage_returns_are_no_text() {
        let read = lines(b"\xEF\xBB\xBFuno\r\ndue e ancora\n\ntre");
        let expected = [&b"uno"[..], b"due e ancora", b"", b"tre"];
        assert_eq!(read, expected.map(|line| Some(line.to_vec())));
    }

    #[test]
    fn a_line_without_end_is_passed_over_and_never_held() {
        let mut bytes = vec![b'x'; 10 * LONGEST_LINE];
        bytes.extend_from_slice(b"\nuno\n");
        let mut lines = Lines::new(BufReader::new(&bytes[..]));
        assert_eq!(lines.bytes().expect("read"), Some(None));
        assert!(lines.buffer.capacity() <= 2 * LONGEST_LINE);
        assert_eq!(lines.bytes().expect("read"), Some(Some(&b"uno"[..])));
        assert_eq!(lines.number(), 2);
    }

    #[test]
    fn letters_are_those_of_one_charset_or_the_line_has_no_text() {
        let cp1252 = FileCharset::Cp1252;
        assert_eq!(
            text(Some(b"NICCOL\xD2 \x80"), cp1252).as_deref(),
            Ok("NICCOLÒ €")
        );
        assert_eq!(
            text(Some("NICCOLÒ".as_bytes()), cp1252),
            Err(NoText::Charset)
        );
        assert_eq!(text(Some(b"NICCOL\x81"), cp1252), Err(NoText::Charset));
        let utf8 = FileCharset::Utf8;
        assert_eq!(text(Some(b"NICCOL\xD2"), utf8), Err(NoText::Charset));
        assert_eq!(text(Some(b"A\0B"), utf8), Err(NoText::Charset));
        assert_eq!(text(None, utf8), Err(NoText::TooLong));
    }
}
