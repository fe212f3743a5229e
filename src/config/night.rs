//! `[night]` and `[instance.night]`: the copies that nightly files become, and when and how an instance's files are fetched.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::calendar::{DAY, minutes};
use super::reading::table::Table;
use super::reading::value::Value;
use super::reading::{FromTable, Read, Reader};
use super::secret::SecretReference;
use super::units::Span;

/// Where night copies are kept, and what seals them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Night {
    /// The folder of the copies, of the reports and of files on their way.
    pub folder: PathBuf,
    /// The master keys, each with its number; absent: the file `notturni.key` beside `[record] subject_key`. A file there is
    /// created by `pontile migrate`.
    pub master_key: Option<SecretReference>,
}

/// When and how the files of an instance are fetched, and what is accepted; without one, the defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NightFiles {
    /// Times of the day at which a new file is looked for.
    pub times: Vec<DayTime>,
    /// How long until the next look while there is none.
    pub retry: Span,
    /// A day's file that is not in force by then is missing: an alarm.
    pub expected_by: DayTime,
    /// A file without its marker must have kept its size for so long.
    pub settle: Span,
    /// Up to this age answers are as good as new; whole days, from the date in the file's name.
    pub fresh: Span,
    /// Beyond this age there are no answers; between the two they are marked `scaduta`.
    pub oldest: Span,
    /// After so long a copy is deleted.
    pub retention: Span,
    /// How many rows in a hundred may be fewer than in the copy before.
    pub most_lost: u32,
    /// How many lines in a hundred may be rejected.
    pub most_rejected: u32,
    /// The public key of the SFTP server, `<type> <base64>` as in `known_hosts`.
    pub host_key: Option<String>,
}

/// A time of the day, Europe/Rome: minutes after midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct DayTime(pub u16);

impl Night {
    /// Where the master keys stand.
    pub fn master_keys(&self, subject_key: &std::path::Path) -> SecretReference {
        let beside = || SecretReference::File(subject_key.with_file_name("notturni.key"));
        self.master_key.clone().unwrap_or_else(beside)
    }
}

impl Default for NightFiles {
    fn default() -> Self {
        let span = |seconds| Span(Duration::from_secs(seconds));
        NightFiles {
            times: vec![DayTime(4 * 60)],
            retry: span(15 * 60),
            expected_by: DayTime(7 * 60),
            settle: span(60),
            fresh: span(2 * 86_400),
            oldest: span(7 * 86_400),
            retention: span(30 * 86_400),
            most_lost: 10,
            most_rejected: 2,
            host_key: None,
        }
    }
}

impl FromTable for Night {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let folder = table.required("folder", reader);
        let master_key = table.optional("master_key", reader);
        table.finish(reader);
        Some(Night {
            folder: folder?,
            master_key,
        })
    }
}

impl FromTable for NightFiles {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let shipped = NightFiles::default();
        let times = table.or("times", shipped.times, reader);
        let retry = table.or("retry", shipped.retry, reader);
        let expected_by = table.or("expected_by", shipped.expected_by, reader);
        let settle = table.or("settle", shipped.settle, reader);
        let fresh = table.or("fresh", shipped.fresh, reader);
        let oldest = table.or("oldest", shipped.oldest, reader);
        let retention = table.or("retention", shipped.retention, reader);
        let most_lost = table.or("most_lost", shipped.most_lost, reader);
        let most_rejected = table.or("most_rejected", shipped.most_rejected, reader);
        let host_key = table.optional("host_key", reader);
        table.finish(reader);
        Some(NightFiles {
            times: times?,
            retry: retry?,
            expected_by: expected_by?,
            settle: settle?,
            fresh: fresh?,
            oldest: oldest?,
            retention: retention?,
            most_lost: most_lost?,
            most_rejected: most_rejected?,
            host_key,
        })
    }
}

impl Read for DayTime {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        value.parse(reader, "un'ora del giorno, come \"3:30\"", |text| {
            minutes(text).filter(|minutes| *minutes < DAY).map(DayTime)
        })
    }
}
