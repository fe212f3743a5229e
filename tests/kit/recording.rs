//! Live exchanges of every simulated dialect, recorded: what is written passes `adapter test` and holds nobody's data.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use pontile::connectors::examples::disguise::people::GIVEN_NAMES;
use pontile::contract::codice_fiscale::CodiceFiscale;
use serde_json::{Value, json};

use crate::office::{Office, texts};
use crate::process::program;
use crate::simulators::{Simulators, seed_view};

/// A dialect's simulator with the adapter that speaks to it.
pub struct Desk {
    pub adapter: &'static str,
    pub address: String,
    ente: (&'static str, &'static str),
    values: &'static str,
    ente_values: &'static str,
    /// Name and value.
    pub secret: (&'static str, &'static str),
    operations: &'static [&'static str],
    /// Tables of the instance.
    pub more: String,
}

/// People are called like them too (and like the made-up ones, who are made up for one recording), and then their names tell nothing.
const MUNICIPALITIES: [&str; 3] = ["CANTÙ", "COMO", "ERBA"];

const PERSONA: &str = "anagrafe.ricerche-persona";
const FAMIGLIA: &str = "anagrafe.ricerche-famiglia";
const POSIZIONE: &str = "tributi.ricerche-posizione";

#[expect(clippy::too_many_lines, reason = "a table: one entry a dialect")]
pub fn desks(simulators: &Simulators, view: &str) -> Vec<Desk> {
    let at = |dialect: &str| simulators.address(dialect);
    let como = ("013075", "C933");
    let cantu = ("013041", "B639");
    let erba = ("013095", "D416");
    vec![
        Desk {
            adapter: "civilia-soap",
            address: at("d1"),
            ente: cantu,
            values: "utente = \"gw\"",
            ente_values: "",
            secret: ("password", "civilia-prova"),
            operations: &[PERSONA],
            more: String::new(),
        },
        Desk {
            adapter: "dataset-due-passi",
            address: at("d2") + "/c933",
            ente: como,
            values: "utente = \"gw\"",
            ente_values: "",
            secret: ("password", "d2-prova-c933"),
            operations: &[PERSONA, FAMIGLIA, POSIZIONE],
            more: String::new(),
        },
        Desk {
            adapter: "docarea-token",
            address: at("d3"),
            ente: cantu,
            values: "utente = \"gw\"",
            ente_values: "codice = \"B639\"",
            secret: ("password", "d3-prova-b639"),
            operations: &[PERSONA, FAMIGLIA, POSIZIONE],
            more: String::new(),
        },
        Desk {
            adapter: "sici-rpc",
            address: at("d4"),
            ente: como,
            values: "utente = \"gw\"",
            ente_values: "codice = \"C933\"",
            secret: ("password", "d4-prova-c933"),
            operations: &[PERSONA, FAMIGLIA],
            more: String::new(),
        },
        Desk {
            adapter: "richiesta-letterale",
            address: at("d4b") + "/d416",
            ente: erba,
            values: "utente = \"gw-d416\"",
            ente_values: "",
            secret: ("", ""),
            operations: &[PERSONA],
            more: String::new(),
        },
        Desk {
            adapter: "civilia-next",
            address: at("d6"),
            ente: erba,
            values: "tenant = \"d4160000-0000-4000-8000-000000013095\", client_id = \"gw-erba\", resource = \"http://api.civilianext.example\"",
            ente_values: "",
            secret: ("client_secret", "erba-prova"),
            operations: &[PERSONA, FAMIGLIA, POSIZIONE],
            more: String::new(),
        },
        Desk {
            adapter: "schermate-rpc",
            address: at("d7"),
            ente: cantu,
            values: "utente = \"gw\"",
            ente_values: "banca_dati = \"b639\"",
            secret: ("password", "d7-prova-b639"),
            operations: &[PERSONA, FAMIGLIA, POSIZIONE],
            more: String::new(),
        },
        Desk {
            adapter: "richiesta-standard",
            address: at("d8"),
            ente: erba,
            values: "",
            ente_values: "codice_ipa = \"c_d416\"",
            secret: ("", ""),
            operations: &[PERSONA, FAMIGLIA, POSIZIONE],
            // Half a second passes until an answer is there.
            more: "[instance.deferred]\nfirst = \"600ms\"\nleast = \"300ms\"\nmost = \"300ms\"\n"
                .to_owned(),
        },
        Desk {
            adapter: "busta-people",
            address: at("d8"),
            ente: erba,
            values: "mittente = \"provincia-di-prova\"",
            ente_values: "codice_ipa = \"c_d416\"",
            secret: ("", ""),
            operations: &[PERSONA, FAMIGLIA, POSIZIONE],
            more: String::new(),
        },
        Desk {
            adapter: "vista-comune",
            address: format!("sqlite:{view}"),
            ente: como,
            values: "",
            ente_values: "",
            secret: ("", ""),
            operations: &[PERSONA, FAMIGLIA, POSIZIONE],
            more: String::new(),
        },
    ]
}

impl Desk {
    pub fn configuration(&self) -> String {
        let (name, _) = self.secret;
        let secrets = if name.is_empty() {
            String::new()
        } else {
            format!("secrets = {{ {name} = {{ file = \"segreto\" }} }}\n")
        };
        let domain = |domain: &str| {
            format!(
                "[ente.servizi.{domain}]\ninstance = \"banco\"\nvalues = {{ {} }}\n",
                self.ente_values
            )
        };
        let taxes = if self.operations.contains(&POSIZIONE) {
            domain("tributi")
        } else {
            String::new()
        };
        format!(
            "[[instance]]\nname = \"banco\"\nadapter = \"{}\"\naddress = \"{}\"\nvalues = {{ {} }}\n{secrets}bounds = {{ concurrency = 1 }}\n{}\
             [[ente]]\ncodice_istat = \"{}\"\ncodice_belfiore = \"{}\"\ncodice_ipa = \"c_prova\"\ndenominazione = \"Prova\"\n{}{taxes}",
            self.adapter,
            self.address,
            self.values,
            self.more,
            self.ente.0,
            self.ente.1,
            domain("anagrafe"),
        )
    }
}

/// The registered people of an ente who have a code.
fn people(ente: &str) -> Vec<Value> {
    let output = Command::new(program("simulators"))
        .args(["people", "--ente", ente])
        .output()
        .unwrap();
    let people = String::from_utf8(output.stdout).unwrap();
    let people = people
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    people
        .filter(|person| {
            person["codice_fiscale"]
                .as_str()
                .is_some_and(|code| CodiceFiscale::parse(code).is_ok())
        })
        .collect()
}

fn text<'p>(person: &'p Value, key: &str) -> &'p str {
    person[key].as_str().unwrap_or_default()
}

/// Those whom the recording asks for: the first, one of each case, and somebody of a family.
fn chosen(people: &[Value]) -> Vec<&Value> {
    let mut cases = BTreeSet::new();
    let of_a_new_case = |person: &&Value| {
        let known = person["casi"].as_array().into_iter().flatten();
        let new: Vec<String> = known
            .map(ToString::to_string)
            .filter(|case| cases.insert(case.clone()))
            .collect();
        !new.is_empty()
    };
    let mut chosen: Vec<&Value> = people.iter().filter(of_a_new_case).collect();
    chosen.extend(
        people
            .iter()
            .filter(|person| person["casi"].as_array().is_some_and(Vec::is_empty))
            .take(4),
    );
    let mut codes = BTreeSet::new();
    chosen.retain(|person| codes.insert(text(person, "codice_fiscale").to_uppercase()));
    chosen
}

fn question(operation: &str, code: &str) -> String {
    if operation == POSIZIONE {
        return json!({"codice_fiscale": code, "tributo": "IMU", "anno": 2026}).to_string()
            + "\n"
            + &json!({"codice_fiscale": code, "tributo": "TARI", "anno": 2026}).to_string();
    }
    code.to_owned()
}

/// Whether a word stands in a text as such, whatever the case.
fn stands_in(word: &str, text: &str) -> bool {
    let part = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    text.match_indices(word).any(|(start, found)| {
        !part(text[..start].chars().next_back())
            && !part(text[start + found.len()..].chars().next())
    })
}

/// The documents in base64 of a text.
pub fn out_of_base64(text: &str) -> String {
    let letters = |letter: char| letter.is_ascii_alphanumeric() || "+/=".contains(letter);
    let runs = text
        .split(|letter| !letters(letter))
        .filter(|run| run.len() > 40);
    let decoded = runs.filter_map(|run| BASE64_STANDARD.decode(run).ok());
    decoded
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned() + " ")
        .collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one way from beginning to end")]
fn what_is_recorded_of_every_dialect_passes_the_test_and_names_nobody() {
    let simulators = Simulators::start();
    let view = tempfile::tempdir().unwrap();
    let view = view.path().join("viste.db");
    seed_view(&view);
    let mut recorded = BTreeMap::new();
    let mut wrong = Vec::new();
    for desk in desks(&simulators, view.to_str().unwrap()) {
        let office = Office::new(&[desk.adapter]);
        office.configure(&desk.configuration());
        fs::write(office.path("segreto"), desk.secret.1).unwrap();
        let people = people(desk.ente.1);
        for operation in desk.operations {
            // Every case once; for families and taxes the first of them will do.
            let most = if *operation == PERSONA {
                usize::MAX
            } else {
                10
            };
            for (number, person) in chosen(&people).into_iter().take(most).enumerate() {
                let arguments = [
                    "record",
                    "--instance",
                    "banco",
                    "--operation",
                    operation,
                    "--case",
                    &format!("dal-vivo-{number}"),
                ];
                let output = office.pontile(
                    &arguments,
                    &question(operation, text(person, "codice_fiscale")),
                );
                if !output.status.success() {
                    wrong.push(format!(
                        "{} {operation} {}: {}",
                        desk.adapter,
                        person["casi"],
                        String::from_utf8_lossy(&output.stderr)
                    ));
                }
                *recorded.entry(desk.adapter).or_insert(0) += 1;
            }
        }
        let tested = office.pontile(&["test", desk.adapter], "");
        if !tested.status.success() {
            wrong.push(String::from_utf8(tested.stdout).unwrap());
        }
        let folder = office.path("adapters").join(desk.adapter).join("examples");
        let written: Vec<_> = texts(&folder)
            .into_iter()
            .filter(|(path, _)| path.to_string_lossy().contains("/dal-vivo-"))
            .collect();
        if written.len() <= 20 {
            wrong.push(format!("{}: only {} files", desk.adapter, written.len()));
        }
        let mut filled = 0;
        for (path, text) in &written {
            // What is in base64 is looked at as well.
            let upper = format!("{text} {}", out_of_base64(text)).to_uppercase();
            filled += usize::from(
                path.ends_with("4-portal-answer.json") && text.contains("codice_fiscale"),
            );
            assert!(
                desk.secret.1.is_empty() || !text.contains(desk.secret.1),
                "{}: the secret",
                path.display()
            );
            for person in &people {
                let code = person["codice_fiscale"].as_str().unwrap().to_uppercase();
                if upper.contains(&code) {
                    wrong.push(format!("{}: a code", path.display()));
                }
            }
            for person in chosen(&people) {
                for name in ["cognome", "nome"] {
                    let name = person[name].as_str().unwrap_or_default().to_uppercase();
                    let tells = name.chars().count() >= 4
                        && !MUNICIPALITIES.contains(&name.as_str())
                        && !GIVEN_NAMES
                            .iter()
                            .any(|(man, woman)| name == *man || name == *woman);
                    if tells && stands_in(&name, &upper) {
                        wrong.push(format!("{}: {name}", path.display()));
                    }
                }
            }
        }
        if filled <= 3 {
            wrong.push(format!(
                "{}: only {filled} answers with somebody in them",
                desk.adapter
            ));
        }
    }
    assert!(wrong.is_empty(), "{recorded:?}\n{}", wrong.join("\n"));
}

#[test]
fn one_person_is_the_same_one_in_all_files_of_a_recording_and_the_code_fits_the_birthday() {
    let simulators = Simulators::start();
    let desk = desks(&simulators, "")
        .into_iter()
        .find(|desk| desk.adapter == "docarea-token")
        .unwrap();
    let office = Office::new(&[desk.adapter]);
    office.configure(&desk.configuration());
    fs::write(office.path("segreto"), desk.secret.1).unwrap();
    let code = "BNCNNA75T71B639E";
    let asked = [
        "record",
        "--instance",
        "banco",
        "--operation",
        FAMIGLIA,
        "--case",
        "insieme",
    ];
    office.done(&asked, &format!("{code}\n{code}\n"));
    let examples = office
        .path("adapters/docarea-token/examples")
        .join(FAMIGLIA);
    let read = |case: &str, file: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(examples.join(case).join(file)).unwrap()).unwrap()
    };
    let question = read("insieme", "1-portal-request.json");
    assert_eq!(question, read("insieme-2", "1-portal-request.json"));
    let family = read("insieme", "4-portal-answer.json");
    assert_eq!(family, read("insieme-2", "4-portal-answer.json"));
    let asked = question["codice_fiscale"].as_str().unwrap();
    assert_ne!(asked, code);
    let members = family.as_array().unwrap();
    assert!(
        members
            .iter()
            .any(|member| member["codice_fiscale"] == asked),
        "{family}"
    );
    for member in members {
        let code = member["codice_fiscale"].as_str().unwrap();
        assert!(CodiceFiscale::parse(code).is_ok());
        let born = member["data_nascita"].as_str().unwrap();
        assert_eq!(code[6..8], born[2..4], "{member}");
        let day: u32 = code[9..11].parse().unwrap();
        assert_eq!(day % 40, born[8..10].parse::<u32>().unwrap(), "{member}");
        assert_eq!(day > 40, member["sesso"] == "F");
    }
}

#[test]
fn a_probe_tells_what_answers_and_shows_nobody_unless_told_so() {
    let simulators = Simulators::start();
    let desk = desks(&simulators, "")
        .into_iter()
        .find(|desk| desk.adapter == "docarea-token")
        .unwrap();
    let office = Office::new(&[desk.adapter]);
    office.configure(&desk.configuration());
    fs::write(office.path("segreto"), desk.secret.1).unwrap();
    let code = "BNCNNA75T71B639E";
    let told = office.done(&["probe", "--instance", "banco"], code);
    for part in [
        "docarea-token",
        "collegamento",
        "senza TLS",
        "anagrafe: stato 200",
        "trovato, 1 voci",
        "campi pieni",
        "codice_fiscale, cognome",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    for personal in [code, "BIANCHI", "ANNA", "1975"] {
        assert!(!told.contains(personal), "{told}");
    }
    let shown = office.done(&["probe", "--instance", "banco", "--show"], code);
    assert!(shown.contains(code) && shown.contains("BIANCHI"), "{shown}");
    let nobody = office.done(&["probe", "--instance", "banco"], "RSSMRA80A01F205X");
    assert!(nobody.contains("not found"), "{nobody}");
    let wrong = office.refused(&["probe", "--instance", "banco"], "RSSMRA80A01C933A", 2);
    assert!(!wrong.contains("RSSMRA"), "{wrong}");
    fs::write(office.path("segreto"), "sbagliato").unwrap();
    let refused = office.refused(&["probe", "--instance", "banco"], code, 1);
    assert!(refused.contains("credentials refused"), "{refused}");
}
