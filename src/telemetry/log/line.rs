//! One JSON object on one line, written by hand: a general serializer costs more than all the rest of the log.

use std::time::Duration;

use chrono::{DateTime, Datelike, Timelike, Utc};

/// A line in the making, at the end of a buffer. The names of its fields come as they are written, `,"status":` before a
/// number and `,"portal":"` before a text: each in one piece, since a line is many small ones.
pub(super) struct Line<'a>(&'a mut Vec<u8>);

impl<'a> Line<'a> {
    /// Begins a line with its instant, in the form that `tracing-subscriber` gives it.
    pub(super) fn begin(buffer: &'a mut Vec<u8>, at: DateTime<Utc>) -> Line<'a> {
        buffer.extend_from_slice(b"{\"timestamp\":\"");
        push_instant(buffer, at);
        buffer.push(b'"');
        Line(buffer)
    }

    /// Adds a text that may hold anything.
    pub(super) fn text(&mut self, name: &'static str, value: &str) -> &mut Line<'a> {
        self.name(name);
        push_escaped(self.0, value);
        self.0.push(b'"');
        self
    }

    /// Adds a text if there is one.
    pub(super) fn maybe(&mut self, name: &'static str, value: Option<&str>) -> &mut Line<'a> {
        if let Some(value) = value {
            self.text(name, value);
        }
        self
    }

    /// Adds ASCII that needs no escaping: digits, letters, dashes.
    pub(super) fn plain(&mut self, name: &'static str, value: &[u8]) -> &mut Line<'a> {
        self.name(name);
        self.0.extend_from_slice(value);
        self.0.push(b'"');
        self
    }

    /// Adds a whole number.
    pub(super) fn number(&mut self, name: &'static str, value: u64) -> &mut Line<'a> {
        self.name(name);
        push_decimal(self.0, value, 1);
        self
    }

    /// Adds a duration in whole microseconds.
    pub(super) fn microseconds(&mut self, name: &'static str, value: Duration) -> &mut Line<'a> {
        self.number(name, u64::try_from(value.as_micros()).unwrap_or(u64::MAX))
    }

    /// Ends the line.
    pub(super) fn end(&mut self) {
        self.0.extend_from_slice(b"}\n");
    }

    fn name(&mut self, name: &'static str) {
        self.0.extend_from_slice(name.as_bytes());
    }
}

fn push_instant(buffer: &mut Vec<u8>, at: DateTime<Utc>) {
    let (date, time) = (at.date_naive(), at.time());
    // A year of the common era, and a leap second that counts on beyond 999 999 microseconds, fit as they are.
    push_decimal(buffer, u64::from(date.year().unsigned_abs()), 4);
    for (before, value) in [
        (b'-', date.month()),
        (b'-', date.day()),
        (b'T', time.hour()),
        (b':', time.minute()),
        (b':', time.second()),
    ] {
        let [tens, ones] = [value / 10, value % 10].map(|digit| b'0' + (digit % 10) as u8);
        buffer.extend_from_slice(&[before, tens, ones]);
    }
    buffer.push(b'.');
    push_decimal(buffer, u64::from(time.nanosecond() / 1000).min(999_999), 6);
    buffer.push(b'Z');
}

/// Appends a number with at least `width` digits.
fn push_decimal(buffer: &mut Vec<u8>, mut value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    while value > 0 {
        first -= 1;
        digits[first] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    buffer.extend_from_slice(&digits[first.min(digits.len() - width)..]);
}

#[expect(
    clippy::needless_bitwise_bool,
    reason = "a branch per byte would be slower"
)]
fn push_escaped(buffer: &mut Vec<u8>, text: &str) {
    // Without a branch per byte, so that many bytes are looked at in one step; nearly no text has one to escape.
    let escaped = text.bytes().fold(false, |escaped, byte| {
        escaped | (byte < b' ') | (byte == b'"') | (byte == b'\\')
    });
    if !escaped {
        buffer.extend_from_slice(text.as_bytes());
        return;
    }
    let mut rest = text.as_bytes();
    while let Some(at) = rest
        .iter()
        .position(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\')
    {
        buffer.extend_from_slice(&rest[..at]);
        match rest[at] {
            b'"' => buffer.extend_from_slice(b"\\\""),
            b'\\' => buffer.extend_from_slice(b"\\\\"),
            b'\n' => buffer.extend_from_slice(b"\\n"),
            control => {
                buffer.extend_from_slice(b"\\u00");
                buffer.extend_from_slice(hex::encode([control]).as_bytes());
            }
        }
        rest = &rest[at + 1..];
    }
    buffer.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(fill: impl FnOnce(&mut Line<'_>)) -> serde_json::Value {
        let mut buffer = Vec::new();
        let mut line = Line::begin(&mut buffer, DateTime::UNIX_EPOCH);
        fill(&mut line);
        line.end();
        assert_eq!(
            super::super::queue::lines(&buffer),
            1,
            "one line, one line break"
        );
        serde_json::from_slice(&buffer).unwrap()
    }

    #[test]
    fn instants_have_microseconds_and_end_with_z() {
        let mut buffer = Vec::new();
        push_instant(&mut buffer, "2026-03-04T05:06:07.000089Z".parse().unwrap());
        assert_eq!(buffer, b"2026-03-04T05:06:07.000089Z");
    }

    #[test]
    fn fields_without_a_value_are_left_out() {
        let line = line(|line| {
            line.maybe(r#","portal":""#, None)
                .maybe(r#","ente":""#, Some("013075"));
        });
        assert_eq!(
            line,
            serde_json::json!({"timestamp": "1970-01-01T00:00:00.000000Z", "ente": "013075"})
        );
    }

    proptest! {
        #[test]
        fn any_text_and_any_number_come_back_from_a_json_reader(text: String, number: u64) {
            let line = line(|line| {
                line.text(r#","cause":""#, &text).number(r#","bytes":"#, number).plain(r#","trace":""#, b"00ff");
            });
            prop_assert_eq!(line["cause"].as_str(), Some(text.as_str()));
            prop_assert_eq!(line["bytes"].as_u64(), Some(number));
            prop_assert_eq!(line["trace"].as_str(), Some("00ff"));
        }

        #[test]
        fn any_instant_is_written_as_chrono_writes_it(seconds in 0_i64..4_000_000_000, nanoseconds in 0_u32..1_000_000_000) {
            let at = DateTime::from_timestamp(seconds, nanoseconds).unwrap();
            let mut buffer = Vec::new();
            push_instant(&mut buffer, at);
            prop_assert_eq!(String::from_utf8(buffer).unwrap(), at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true));
        }
    }
}
