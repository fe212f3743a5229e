//! Durations and sizes with units: `250ms`, `10s`, `5m`, `2h`, `30d`; `512B`, `64KiB`, `32MiB`, `1GiB`.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// A length of time, written with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// A number of bytes, written with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Span::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{text}` is no duration: write a whole number and ms, s, m, h or d, like \"30s\""
            ))
        })
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Size::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{text}` is no size: write a whole number and B, KiB, MiB or GiB, like \"64KiB\""
            ))
        })
    }
}
