//! Where lines end up: standard output, or a file that is set aside daily and deleted in time.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Months, NaiveDate, Utc};

use super::LogSettings;
use super::queue::lines;

pub(super) enum Sink {
    Stdout,
    File(DailyFile),
}

/// A file that holds the lines of one day (UTC); past days stand beside it with their date behind the name.
pub(super) struct DailyFile {
    path: PathBuf,
    file: File,
    day: Option<NaiveDate>,
    keep_months: u32,
    failing: bool,
}

impl Sink {
    pub(super) fn open(settings: &LogSettings) -> io::Result<Sink> {
        let Some(path) = &settings.file else {
            return Ok(Sink::Stdout);
        };
        let file = append_to(path)?;
        let metadata = file.metadata()?;
        // A file left by a process of yesterday is yesterday's. Pipes and devices have no days: they must not be renamed.
        let day = metadata
            .is_file()
            .then(|| metadata.modified())
            .transpose()?
            .map(|modified| DateTime::<Utc>::from(modified).date_naive());
        Ok(Sink::File(DailyFile {
            path: path.clone(),
            file,
            day,
            keep_months: settings.keep_months,
            failing: false,
        }))
    }

    /// Writes whole lines; an error tells how many are lost.
    pub(super) fn write(&mut self, text: &[u8]) -> Result<(), u64> {
        let written = match self {
            Sink::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(text).and_then(|()| stdout.flush())
            }
            Sink::File(file) => file.write(text, Utc::now().date_naive()),
        };
        written.map_err(|_| lines(text))
    }

    pub(super) fn reopen(&mut self) {
        if let Sink::File(file) = self {
            file.reopen();
        }
    }
}

impl DailyFile {
    fn write(&mut self, text: &[u8], today: NaiveDate) -> io::Result<()> {
        if let Some(day) = self.day
            && day != today
        {
            self.set_aside(day, today);
        }
        let written = self.file.write_all(text);
        if written.is_err() != self.failing {
            self.failing = !self.failing;
            // The log cannot say it itself.
            match &written {
                Err(error) => eprintln!("pontile: cannot write {}: {error}", self.path.display()),
                Ok(()) => eprintln!("pontile: writing {} again", self.path.display()),
            }
        }
        written
    }

    fn set_aside(&mut self, day: NaiveDate, today: NaiveDate) {
        let aside = dated(&self.path, day);
        self.day = Some(today);
        // Another process may have done it already: during an upgrade two write the same file.
        if !aside.exists() && std::fs::rename(&self.path, &aside).is_err() {
            return;
        }
        self.reopen();
        if let Some(oldest) = today.checked_sub_months(Months::new(self.keep_months)) {
            delete_before(&self.path, oldest);
        }
    }

    /// Keeps the open file if no other can be had: lines in a renamed file are better than lines nowhere.
    fn reopen(&mut self) {
        match append_to(&self.path) {
            Ok(file) => self.file = file,
            Err(error) => eprintln!("pontile: cannot open {}: {error}", self.path.display()),
        }
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o640)
        .open(path)
}

fn dated(path: &Path, day: NaiveDate) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{day}"));
    PathBuf::from(name)
}

fn delete_before(path: &Path, oldest: NaiveDate) {
    let (Some(folder), Some(name)) = (
        path.parent(),
        path.file_name().and_then(|name| name.to_str()),
    ) else {
        return;
    };
    // The folder of a bare file name is the empty path.
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let day = entry.file_name().to_str().and_then(|entry| {
            let date = entry.strip_prefix(name)?.strip_prefix('.')?;
            date.parse::<NaiveDate>().ok()
        });
        if day.is_some_and(|day| day < oldest) {
            // What cannot be deleted today is tried again tomorrow.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn opened(path: &Path, on: &str) -> DailyFile {
        DailyFile {
            path: path.to_owned(),
            file: append_to(path).unwrap(),
            day: Some(day(on)),
            keep_months: 6,
            failing: false,
        }
    }

    #[test]
    fn a_days_lines_are_set_aside_when_the_next_day_begins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pontile.log");
        let mut file = opened(&path, "2026-03-01");
        file.write(b"one\n", day("2026-03-01")).unwrap();
        file.write(b"two\n", day("2026-03-02")).unwrap();
        let aside = std::fs::read_to_string(folder.path().join("pontile.log.2026-03-01")).unwrap();
        assert_eq!(aside, "one\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two\n");
    }

    #[test]
    fn files_past_their_time_are_deleted_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pontile.log");
        let kept = [
            "pontile.log.2026-03-02",
            "pontile.log.old",
            "other.log.2020-01-01",
            "pontile.log.2020-01-01.gz",
        ];
        for name in kept
            .iter()
            .chain(&["pontile.log.2026-03-01", "pontile.log.2020-01-01"])
        {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let mut file = opened(&path, "2026-09-01");
        file.write(b"new\n", day("2026-09-02")).unwrap();
        let mut found: Vec<String> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        let mut expected: Vec<String> = kept.iter().map(|name| (*name).to_owned()).collect();
        expected.extend([
            "pontile.log".to_owned(),
            "pontile.log.2026-09-01".to_owned(),
        ]);
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn two_processes_that_share_a_file_lose_no_line_at_midnight() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pontile.log");
        let mut old = opened(&path, "2026-03-01");
        let mut new = opened(&path, "2026-03-01");
        old.write(b"a\n", day("2026-03-02")).unwrap();
        new.write(b"b\n", day("2026-03-02")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\nb\n");
    }
}
