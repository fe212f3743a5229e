//! `d10`: nightly files of the registry (fixed width) and of the taxes (delimited), and the ways in which a night goes wrong.

mod registry;
mod taxes;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate};

use crate::population::Population;
use crate::population::served::Served;

/// How a night's files are written.
#[derive(Debug, Clone, Default)]
pub struct Night {
    /// The date in the names.
    pub date: Option<NaiveDate>,
    /// What goes wrong.
    pub faults: Vec<NightFault>,
    /// Whether each file gets its marker.
    pub markers: bool,
    /// Registers so many invented people besides, for measures.
    pub crowd: u32,
}

/// How a night goes wrong, or merely differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NightFault {
    /// The last line of each file is cut in its middle, and no marker comes.
    HalfWritten,
    /// Each file comes once more under another name.
    Doubled,
    /// No file comes.
    Missing,
    /// The names have tomorrow's date.
    Tomorrow,
    /// One row in five is gone.
    ShrunkBy20Percent,
    /// Windows-1252 instead of UTF-8.
    Cp1252,
    /// UTF-8 with a byte order mark.
    Bom,
    /// Lines of version 3, which lack the last field.
    V3Lines,
    /// Lines end where their last filled field ends.
    ShortLines,
    /// Lines end with carriage return and line feed.
    Crlf,
}

impl NightFault {
    pub const ALL: [(&str, NightFault); 10] = [
        ("half_written", NightFault::HalfWritten),
        ("doubled", NightFault::Doubled),
        ("missing", NightFault::Missing),
        ("tomorrow", NightFault::Tomorrow),
        ("shrunk_by_20_percent", NightFault::ShrunkBy20Percent),
        ("cp1252", NightFault::Cp1252),
        ("bom", NightFault::Bom),
        ("v3_lines", NightFault::V3Lines),
        ("short_lines", NightFault::ShortLines),
        ("crlf", NightFault::Crlf),
    ];

    /// The fault of that name.
    pub fn named(name: &str) -> Option<NightFault> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, fault)| *fault)
    }
}

/// A file as lines.
struct Lines {
    name: String,
    lines: Vec<String>,
}

/// Writes the files of a municipality's night into a folder; returns them.
pub fn write(
    folder: &Path,
    population: &Population,
    served: &Served,
    today: NaiveDate,
    night: &Night,
) -> io::Result<Vec<PathBuf>> {
    let has = |fault| night.faults.contains(&fault);
    if has(NightFault::Missing) {
        return Ok(Vec::new());
    }
    let date = night.date.unwrap_or(today);
    let date = if has(NightFault::Tomorrow) {
        date.checked_add_days(Days::new(1)).unwrap_or(date)
    } else {
        date
    };
    let stamp = date.format("%Y%m%d").to_string();
    fs::create_dir_all(folder)?;
    let mut files = registry::files(population, served, &stamp, night.crowd);
    files.extend(taxes::files(population, served, &stamp));
    let mut written = Vec::new();
    for file in files {
        let bytes = bytes(&file, night);
        let mut names = vec![file.name.clone()];
        if has(NightFault::Doubled) {
            names.push(file.name.replace(".txt", "_bis.txt"));
        }
        for name in names {
            let path = folder.join(&name);
            fs::write(&path, &bytes)?;
            if night.markers && !has(NightFault::HalfWritten) {
                fs::write(folder.join(format!("{name}.ok")), b"")?;
            }
            written.push(path);
        }
    }
    Ok(written)
}

fn bytes(file: &Lines, night: &Night) -> Vec<u8> {
    let has = |fault| night.faults.contains(&fault);
    let end = if has(NightFault::Crlf) { "\r\n" } else { "\n" };
    let mut text = String::new();
    for (index, line) in file.lines.iter().enumerate() {
        if has(NightFault::ShrunkBy20Percent) && index % 5 == 4 {
            continue;
        }
        let is_older = has(NightFault::V3Lines) && line.starts_with("TRTRIBTARSUDICH");
        let line = match line.rsplit_once('|') {
            Some((before, _)) if is_older => before,
            _ => line,
        };
        let line = if has(NightFault::ShortLines) {
            line.trim_end_matches(' ')
        } else {
            line
        };
        text.push_str(line);
        text.push_str(end);
    }
    if has(NightFault::HalfWritten) {
        let cut = text.trim_end().rfind('\n').map_or(0, |begin| begin + 12);
        text.truncate(text.floor_char_boundary(cut.min(text.len())));
    }
    if has(NightFault::Cp1252) {
        return text.chars().map(cp1252).collect();
    }
    let mut bytes = Vec::new();
    if has(NightFault::Bom) {
        bytes.extend_from_slice(b"\xEF\xBB\xBF");
    }
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// The letters that the population has are those of Latin-1.
fn cp1252(letter: char) -> u8 {
    u8::try_from(u32::from(letter)).unwrap_or(b'?')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::DEFAULT_SEED;
    use crate::population::served::{Aliases, served};

    fn lines(faults: &[NightFault]) -> Vec<(String, Vec<u8>)> {
        let today = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
        let population = Population::generate(DEFAULT_SEED, today);
        let served = served("A153", &Aliases::new()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let night = Night {
            faults: faults.to_vec(),
            ..Night::default()
        };
        let files = write(folder.path(), &population, &served, today, &night).unwrap();
        let read = |path: PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(path).unwrap())
        };
        files.into_iter().map(read).collect()
    }

    #[test]
    fn every_line_of_the_registry_has_its_length_and_every_tax_line_its_fields() {
        let files = lines(&[]);
        assert_eq!(files.len(), 5);
        for (name, bytes) in files {
            let text = String::from_utf8(bytes).unwrap();
            for line in text.lines() {
                if name.starts_with("ANA_PER") {
                    assert_eq!(line.chars().count(), 665, "{line}");
                } else if name.starts_with("TARSU") {
                    let fields = line.split('|').count();
                    assert!([17, 20].contains(&fields), "{line}");
                }
            }
        }
    }

    #[test]
    fn faults_change_what_they_say() {
        assert!(lines(&[NightFault::Missing]).is_empty());
        let tomorrow = lines(&[NightFault::Tomorrow]);
        assert!(tomorrow.iter().all(|(name, _)| name.contains("20260302")));
        assert_eq!(lines(&[NightFault::Doubled]).len(), 10);
        let half = lines(&[NightFault::HalfWritten]);
        assert!(half.iter().all(|(_, bytes)| bytes.last() != Some(&b'\n')));
        let latin = lines(&[NightFault::Cp1252]);
        assert!(
            latin
                .iter()
                .any(|(_, bytes)| std::str::from_utf8(bytes).is_err())
        );
        #[expect(clippy::naive_bytecount, reason = "a few kilobytes")]
        let count =
            |files: &[(String, Vec<u8>)]| files[0].1.iter().filter(|byte| **byte == b'\n').count();
        let (whole, shrunk) = (
            count(&lines(&[])),
            count(&lines(&[NightFault::ShrunkBy20Percent])),
        );
        assert!(shrunk * 10 < whole * 9, "{shrunk} of {whole}");
    }
}
