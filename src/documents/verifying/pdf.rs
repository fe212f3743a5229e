//! Signatures in PDF files (PAdES, ISO 32000-2, 12.8): which bytes each is over, and what was added since.
//!
//! Signature dictionaries are found by their own text, which must stand in the file as it is for a byte range to leave out their `Contents`. What a
//! viewer shows is not interpreted: whatever follows the bytes that were signed is told as such.

use memchr::memmem;
use openssl_cms::SignedData;

use crate::contract::firma::SottoIndicazione;

use super::finding::Finding;

const BYTE_RANGE: &[u8] = b"/ByteRange";
const SUB_FILTER: &[u8] = b"/SubFilter";

/// Signatures of a file at most, and bytes of a signature's dictionary beside its `Contents`.
const SIGNATURES: usize = 64;
const DICTIONARY: usize = 64 << 10;

/// One signature dictionary.
pub(super) struct Found<'a> {
    /// What it is.
    pub(super) kind: Kind,
    /// The message in its `Contents`, and the bytes that it is over; or why there are none.
    pub(super) signed: Result<Signed<'a>, Finding>,
}

/// The kinds of signature (`SubFilter`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A CMS signature of the file.
    Signature,
    /// A time stamp on the file.
    TimeStamp,
}

/// A signature's message and the bytes that it is over.
pub(super) struct Signed<'a> {
    pub(super) message: SignedData,
    before: &'a [u8],
    behind: &'a [u8],
    /// Where the signed bytes end.
    pub(super) end: usize,
    /// Whether that is the end of the file.
    pub(super) is_whole: bool,
}

impl Signed<'_> {
    /// The signed bytes.
    pub(super) fn content(&self) -> Vec<u8> {
        [self.before, self.behind].concat()
    }
}

/// Whether it is a PDF file.
pub(super) fn is_pdf(file: &[u8]) -> bool {
    memmem::find(&file[..file.len().min(1024)], b"%PDF-").is_some()
}

/// The signature dictionaries of a file, in its order; `None` where there are more than anybody makes in earnest.
pub(super) fn signatures(file: &[u8]) -> Option<Vec<Found<'_>>> {
    let places: Vec<usize> = memmem::find_iter(file, BYTE_RANGE).collect();
    (places.len() <= SIGNATURES).then(|| {
        let found = places.into_iter().map(|place| read(file, place));
        found.collect()
    })
}

/// Whether it carries what long-term validation could use.
pub(super) fn has_security_store(file: &[u8]) -> bool {
    memmem::find(file, b"/DSS").is_some()
}

fn read(file: &[u8], place: usize) -> Found<'_> {
    let failed = |reason: &str| Finding::failed(SottoIndicazione::FormatFailure, reason);
    let mut kind = Kind::Signature;
    let signed = ranges(&file[place + BYTE_RANGE.len()..])
        .ok_or_else(|| failed("ByteRange non ha quattro numeri"))
        .and_then(|ranges| {
            let parts = parts(file, ranges).map_err(failed)?;
            kind = kind_of(file, place, &parts).map_err(failed)?;
            let message = message(parts.contents, kind).map_err(failed)?;
            Ok(Signed {
                message,
                before: parts.before,
                behind: parts.behind,
                end: parts.end,
                is_whole: parts.end == file.len(),
            })
        });
    Found { kind, signed }
}

/// `[0 840 960 240]`, whatever white space is between.
fn ranges(text: &[u8]) -> Option<[usize; 4]> {
    let text = text[..text.len().min(256)].trim_ascii_start();
    let text = text.strip_prefix(b"[")?;
    let end = memchr::memchr(b']', text)?;
    let mut numbers = text[..end]
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .map(|word| std::str::from_utf8(word).ok()?.parse().ok());
    let mut next = || numbers.next().flatten();
    let found = [next()?, next()?, next()?, next()?];
    numbers.next().is_none().then_some(found)
}

/// A file as a byte range divides it.
struct Parts<'a> {
    before: &'a [u8],
    contents: &'a [u8],
    behind: &'a [u8],
    /// Where `contents` begins, with its bracket.
    gap: usize,
    end: usize,
}

/// All but the `Contents`, from the file's beginning to the end of a revision.
fn parts(
    file: &[u8],
    [from, before, behind, length]: [usize; 4],
) -> Result<Parts<'_>, &'static str> {
    if from != 0 {
        return Err("ByteRange non comincia all'inizio del file");
    }
    let end = behind
        .checked_add(length)
        .filter(|end| *end <= file.len() && before < behind)
        .ok_or("ByteRange esce dal file, o si sovrappone")?;
    let parts = Parts {
        before: &file[..before],
        contents: file[before..behind]
            .strip_prefix(b"<")
            .and_then(|hex| hex.strip_suffix(b">"))
            .ok_or("ByteRange non lascia fuori il solo valore di Contents")?,
        behind: &file[behind..end],
        gap: before,
        end,
    };
    if !parts.before.trim_ascii_end().ends_with(b"/Contents") {
        return Err("ByteRange non lascia fuori il valore di Contents");
    }
    let is_at_an_end = parts.behind.trim_ascii_end().ends_with(b"%%EOF");
    match end == file.len() || is_at_an_end {
        true => Ok(parts),
        false => Err("ByteRange non finisce alla fine di una revisione del file"),
    }
}

/// The dictionary around both the byte range and the `Contents`, and its `SubFilter`.
fn kind_of(file: &[u8], place: usize, parts: &Parts<'_>) -> Result<Kind, &'static str> {
    let elsewhere = "Contents e ByteRange non stanno nello stesso oggetto";
    let behind_gap = parts.gap + parts.contents.len() + 2;
    let (first, last) = (
        place.min(parts.gap),
        (place + BYTE_RANGE.len()).max(behind_gap),
    );
    let earliest = first.saturating_sub(DICTIONARY);
    let begin = memmem::rfind(&file[earliest..first], b" obj").ok_or(elsewhere)? + earliest;
    let latest = file.len().min(last + DICTIONARY);
    let end = memmem::find(&file[last..latest], b"endobj").ok_or(elsewhere)? + last;
    if place > parts.gap && place < behind_gap {
        return Err(elsewhere);
    }
    let dictionary = [&file[begin..parts.gap], &file[behind_gap..end]].concat();
    if memmem::find(&dictionary, b"endobj").is_some() {
        return Err(elsewhere);
    }
    let once = |key: &[u8]| memmem::find_iter(&dictionary, key).count() == 1;
    if !once(BYTE_RANGE) || !once(SUB_FILTER) || !once(b"/Contents") {
        return Err("il dizionario della firma ha voci doppie, o senza SubFilter");
    }
    let at = memmem::find(&dictionary, SUB_FILTER).unwrap_or_default() + SUB_FILTER.len();
    let name = dictionary[at..].trim_ascii_start();
    let is = |wanted: &[u8]| {
        let rest = name.strip_prefix(wanted);
        rest.is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_alphanumeric))
    };
    match () {
        () if is(b"/ETSI.CAdES.detached") || is(b"/adbe.pkcs7.detached") => Ok(Kind::Signature),
        () if is(b"/ETSI.RFC3161") => Ok(Kind::TimeStamp),
        () => Err("il tipo di firma (SubFilter) non è tra quelli che si verificano"),
    }
}

/// The message, with the zeros behind it that keep its place.
fn message(hex: &[u8], kind: Kind) -> Result<SignedData, &'static str> {
    let unreadable = "Contents non contiene una busta crittografica";
    let digits: Vec<u8> = hex
        .iter()
        .copied()
        .filter(|one| !one.is_ascii_whitespace())
        .collect();
    let bytes = hex::decode(digits).map_err(|_| unreadable)?;
    let message = SignedData::read(&bytes).map_err(|_| unreadable)?;
    let behind = &bytes[bytes.len() - message.trailing..];
    if behind.iter().any(|byte| *byte != 0) {
        return Err("in Contents c'è altro oltre alla busta crittografica");
    }
    match (kind, message.signers.len(), message.content().is_some()) {
        (_, count, _) if count != 1 => Err("la busta nel PDF non ha una sola firma"),
        (Kind::Signature, _, true) => Err("la busta nel PDF ha un contenuto proprio"),
        _ => Ok(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_ranges_are_four_numbers() {
        assert_eq!(ranges(b" [0 1\r\n 22  3 ]"), Some([0, 1, 22, 3]));
        for text in [
            &b"[0 1 2]"[..],
            b"[0 1 2 3 4]",
            b"[0 1 2 -3]",
            b"0 1 2 3",
            b"[0 1 2 3",
        ] {
            assert_eq!(ranges(text), None, "{text:?}");
        }
    }
}
