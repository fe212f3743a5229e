//! Files of the night recorded: some lines of them, as wide and in the same charset, of nobody that was in them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::captured::nothing_of;
use crate::office::Office;
use crate::process::program;

/// A workplace with the night's files of a municipality, of one adapter.
struct Evening {
    office: Office,
    adapter: &'static str,
}

/// Whom nobody else is called like.
const ANNA: &str = "BNCNNA75T71B639E";

impl Evening {
    fn of(adapter: &'static str, faults: &[&str]) -> Evening {
        let office = Office::new(&[adapter]);
        let folder = office.path("consegne");
        fs::create_dir(&folder).unwrap();
        let mut command = Command::new(program("simulators"));
        command
            .args(["night-files", "--ente", "B639", "--folder"])
            .arg(&folder);
        for fault in faults {
            command.args(["--fault", fault]);
        }
        assert!(command.status().unwrap().success());
        office.configure(&format!(
            "[[instance]]\nname = \"notte\"\nadapter = \"{adapter}\"\naddress = \"folder:{}\"\n\
             [[ente]]\ncodice_istat = \"013041\"\ncodice_belfiore = \"B639\"\ncodice_ipa = \"c_b639\"\ndenominazione = \"Cantù\"\n\
             [ente.servizi.{}]\ninstance = \"notte\"\n",
            folder.display(),
            if adapter.ends_with("tributi") { "tributi" } else { "anagrafe" },
        ));
        Evening { office, adapter }
    }

    fn delivered(&self, begin: &str) -> Vec<u8> {
        let files = fs::read_dir(self.office.path("consegne"))
            .unwrap()
            .flatten();
        let mut names = files.map(|file| file.path());
        let is_it = |path: &std::path::PathBuf| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with(begin)
        };
        fs::read(names.find(is_it).unwrap()).unwrap()
    }

    fn examples(&self) -> std::path::PathBuf {
        self.office
            .path("adapters")
            .join(self.adapter)
            .join("examples")
    }
}

/// What somebody could be known by: codes, names, streets and birthdays of the file, as its columns have them.
fn originals(of: &[u8], columns: impl Fn(&str) -> Vec<String>) -> BTreeSet<String> {
    let text = encoding_rs::WINDOWS_1252
        .decode_without_bom_handling(of)
        .0
        .into_owned();
    let all = text.lines().flat_map(columns);
    all.filter(|text| text.len() > 6).collect()
}

/// What a line of a fixed-width file has in these columns.
fn at(line: &str, from: usize, length: usize) -> String {
    let column: String = line.chars().skip(from).take(length).collect();
    column.trim().to_owned()
}

fn json_of(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one night, told in one place")]
fn a_fixed_width_file_becomes_an_example_of_the_same_widths_and_charset() {
    let evening = Evening::of("tracciato-anagrafe", &["cp1252"]);
    let office = &evening.office;
    office.done(
        &[
            "record",
            "--instance",
            "notte",
            "--case",
            "dal-vivo",
            "--lines",
            "12",
        ],
        ANNA,
    );
    let night = evening.examples().join("_night/dal-vivo");
    let of_people = fs::read_dir(&night)
        .unwrap()
        .flatten()
        .map(|file| file.path());
    let mut of_people = of_people.filter(|path| path.to_string_lossy().contains("ANA_PER_B639_"));
    let written = fs::read(of_people.next().expect("the file of the people")).unwrap();
    let lines: Vec<&[u8]> = written
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(lines.len(), 12);
    assert!(
        String::from_utf8(written.clone()).is_err(),
        "it is of Windows-1252 still"
    );
    let delivered = evening.delivered("ANA_PER_");
    let widths: BTreeSet<usize> = delivered
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::len)
        .collect();
    assert!(
        lines.iter().all(|line| widths.contains(&line.len())),
        "as wide as they came"
    );
    let copy = json_of(&night.join("4-copy.json"));
    let of_people = copy
        .as_object()
        .unwrap()
        .iter()
        .find(|(name, _)| name.starts_with("ANA_PER"))
        .unwrap()
        .1;
    assert_eq!(of_people["codifica"], "CP1252");
    assert_eq!(
        of_people["tabelle"]["persone"].as_array().unwrap().len(),
        12
    );

    // Surname and name, code, spouse: nothing of them stands anywhere.
    let words = originals(&delivered, |line| {
        vec![at(line, 1, 100), at(line, 101, 16), at(line, 541, 16)]
    });
    // Marks of registration and of family are digits between digits of other columns: nobody's stands in their columns. The day of
    // birth is left out, since a made-up one may be somebody's.
    let marks = |of: &[u8]| originals(of, |line| vec![at(line, 343, 10), at(line, 530, 10)]);
    let (delivered_marks, written_marks) = (marks(&delivered), marks(&written));
    assert!(words.len() > 200 && delivered_marks.len() > 100 && !written_marks.is_empty());
    let both: Vec<_> = written_marks.intersection(&delivered_marks).collect();
    assert!(both.is_empty(), "{both:?}");
    let case = evening
        .examples()
        .join("anagrafe.ricerche-persona/dal-vivo");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    nothing_of(&words, &[night.clone(), case.clone()]);
    nothing_of(
        &["19751231", "1975-12-31", "BIANCHI"],
        &[night, case.clone()],
    );

    // The same question is answered by the same made-up person in both.
    let asked = json_of(&case.join("1-portal-request.json"))["codice_fiscale"].clone();
    let rows = of_people["tabelle"]["persone"].as_array().unwrap();
    let found = rows
        .iter()
        .find(|row| row["codice_fiscale"] == asked)
        .expect("the one who was asked about");
    let answer = json_of(&case.join("4-portal-answer.json"));
    assert_eq!(found["cognome"], answer["cognome"]);
    office.done(&["test", "tracciato-anagrafe"], "");
}

#[test]
fn a_delimited_file_becomes_an_example_with_its_records_and_what_belongs_to_whom_was_asked_about() {
    let evening = Evening::of("tracciato-tributi", &["crlf"]);
    let office = &evening.office;
    let question = format!("{{\"codice_fiscale\":\"{ANNA}\",\"tributo\":\"TARI\",\"anno\":2026}}");
    let asked = [
        "record",
        "--instance",
        "notte",
        "--operation",
        "tributi.ricerche-posizione",
        "--case",
        "dal-vivo",
    ];
    office.done(&asked, &question);
    let night = evening.examples().join("_night/dal-vivo");
    let copy = json_of(&night.join("4-copy.json"));
    let tarsu = copy
        .as_object()
        .unwrap()
        .iter()
        .find(|(name, _)| name.starts_with("TARSU"))
        .unwrap();
    let written = fs::read_to_string(night.join(format!("3-delivered.{}", tarsu.0))).unwrap();
    assert!(written.contains("\r\n") && written.lines().count() <= 20);
    let case = evening
        .examples()
        .join("tributi.ricerche-posizione/dal-vivo");
    let asked = json_of(&case.join("1-portal-request.json"))["codice_fiscale"].clone();
    let tables = &tarsu.1["tabelle"];
    let them = tables["tarsu-soggetti"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["cod_fisc"] == asked);
    let them = them.expect("the one who was asked about");
    let utilities = tables["tarsu-utenze"].as_array().unwrap();
    assert!(
        utilities
            .iter()
            .any(|row| row["id_orig_sogg_cnt"] == them["id_orig_sogg"]),
        "and theirs: {tables}"
    );

    let originals = originals(&evening.delivered("TARSU_"), |line| {
        let fields: Vec<&str> = line.split('|').collect();
        if fields[0] != "TRTRIBTARSUSOGG" {
            return Vec::new();
        }
        vec![
            fields[3].to_owned(),
            fields[4].to_owned(),
            fields[11].to_owned(),
        ]
    });
    assert!(originals.len() > 50, "{}", originals.len());
    let originals: Vec<&str> = originals.iter().map(String::as_str).collect();
    nothing_of(&originals, &[night, case]);
    office.done(&["test", "tracciato-tributi"], "");
}

#[test]
fn a_probe_of_nightly_files_answers_from_a_copy_that_is_gone_afterwards() {
    let evening = Evening::of("tracciato-anagrafe", &[]);
    let told = evening.office.done(&["probe", "--instance", "notte"], ANNA);
    assert!(
        told.contains("elenco dei file") && told.contains("trovato, 1 voci"),
        "{told}"
    );
    assert!(!told.contains("BIANCHI"), "{told}");
    fs::remove_dir_all(evening.office.path("consegne")).unwrap();
    fs::create_dir(evening.office.path("consegne")).unwrap();
    let told = evening
        .office
        .refused(&["probe", "--instance", "notte"], ANNA, 1);
    assert!(
        told.contains("file notturni: non ce ne sono di interi"),
        "{told}"
    );
    let left = fs::read_dir(evening.office.path("tmp")).unwrap().count();
    assert_eq!(left, 0, "a copy was left behind");
}
