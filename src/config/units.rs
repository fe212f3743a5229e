//! Durations and sizes with units: `250ms`, `10s`, `5m`, `2h`, `30d`; `512B`, `64KiB`, `32MiB`, `1GiB`.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::reading::value::Value;
use super::reading::{Read, Reader};

/// A length of time, written with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Span(pub Duration);

/// A number of bytes, written with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Size(pub u64);

fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|character: char| !character.is_ascii_digit())?;
    Some((text[..end].parse().ok()?, text[end..].trim()))
}

impl Span {
    /// Parses `<number><unit>`; units `ms`, `s`, `m`, `h`, `d`.
    pub fn parse(text: &str) -> Option<Span> {
        let (number, unit) = split(text.trim())?;
        let milliseconds = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        number
            .checked_mul(milliseconds)
            .map(|total| Span(Duration::from_millis(total)))
    }
}

impl Size {
    /// Parses `<number><unit>`; units `B`, `KiB`, `MiB`, `GiB`.
    pub fn parse(text: &str) -> Option<Size> {
        let (number, unit) = split(text.trim())?;
        let bytes = match unit {
            "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return None,
        };
        number.checked_mul(bytes).map(Size)
    }
}

impl Read for Span {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let expected = "una durata: un numero intero e ms, s, m, h o d, come \"30s\"";
        value.parse(reader, expected, Span::parse)
    }
}

impl Read for Size {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let expected = "una dimensione: un numero intero e B, KiB, MiB o GiB, come \"64KiB\"";
        value.parse(reader, expected, Size::parse)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_millis();
        let (number, unit) = [
            (86_400_000, "d"),
            (3_600_000, "h"),
            (60_000, "m"),
            (1_000, "s"),
        ]
        .into_iter()
        .find(|(size, _)| milliseconds > 0 && milliseconds.is_multiple_of(*size))
        .map_or((milliseconds, "ms"), |(size, unit)| {
            (milliseconds / size, unit)
        });
        write!(formatter, "{number}{unit}")
    }
}
