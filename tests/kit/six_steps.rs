//! The six steps of `adapters/README.md`, walked as a new integrator would, with a product that speaks like none before:
//! JSON with XML in a string, a key in a header, dates with dots.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};

use crate::office::Office;

const KEY: &str = "chiave-vera-del-comune";
const CODE: &str = "BNCNNA75T71B639E";

/// A product that answers for one person.
fn product() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(&stream));
        }
    });
    address
}

fn answer(stream: &TcpStream) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut has_key) = (0, false);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let lower = line.to_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            has_key |= lower.starts_with("x-chiave:") && line.contains(KEY);
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
        let person = "<?xml version=\"1.0\"?><Scheda><Persona matricola=\"77123\"><Cf>BNCNNA75T71B639E</Cf><Cognome>BIANCHI</Cognome>\
            <Nome>ANNA</Nome><Nato>31.12.1975</Nato><Stato>R</Stato><Via>PIAZZA DEI CAMPIONI</Via><Telefono>031555123</Telefono></Persona></Scheda>";
        let found = if asked["codice"] == CODE {
            person
        } else {
            "<Scheda/>"
        };
        let (status, body) = if has_key {
            ("200 OK", json!({"stato": 0, "contenuto": found}))
        } else {
            ("401 Unauthorized", json!({"stato": 9}))
        };
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut writer = stream;
        if writer.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

/// The names and dialects that `--dialect list` tells.
fn dialects(office: &Office) -> Vec<String> {
    let told = office.done(&["new", "x", "--dialect", "list"], "");
    let lines = told.lines().filter(|line| line.starts_with("  "));
    let words = lines.flat_map(|line| line[2..].get(..26).unwrap_or_default().split([' ', ',']));
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_dialect_begins_with_a_folder_that_passes_as_it_is_written() {
    let office = Office::new(&[]);
    // Also where there is no folder of adapters yet.
    fs::remove_dir_all(office.path("adapters")).unwrap();
    let dialects = dialects(&office);
    for dialect in (1..=10).map(|number| format!("d{number}")) {
        assert!(dialects.contains(&dialect), "{dialect}: {dialects:?}");
    }
    for dialect in &dialects {
        let product = format!("prodotto-{dialect}");
        office.done(&["new", &product, "--dialect", dialect], "");
        assert!(office.path("adapters").join(&product).is_dir());
        let checked = office.done(&["check", &product], "");
        assert!(checked.contains(&product), "{checked}");
        let tested = office.done(&["test", &product], "");
        assert!(!tested.contains("manca"), "{tested}");
        // Nothing is sent to an officer.
        assert!(
            dialect.ends_with("manual") || !tested.contains("nessun esempio"),
            "{tested}"
        );
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "six steps from beginning to end")]
fn a_new_product_is_added_in_six_steps_without_touching_the_program() {
    let office = Office::new(&[]);
    let file = |name: &str| office.path("adapters/municipio-x").join(name);

    // 1. A folder that works already, then line by line what the product is.
    office.done(&["new", "municipio-x", "--dialect", "rest"], "");
    office.done(&["check", "municipio-x"], "");
    office.done(&["test", "municipio-x"], "");
    let adapter = fs::read_to_string(file("adapter.toml")).unwrap();
    let adapter = adapter
        .replace("X-Api-Key", "X-Chiave")
        .replace("/anagrafe/ricerca?sede={{instance.sede}}", "/scheda")
        .replace(
            "[instance.sede]\nabout   = \"codice della sede\"\ndefault = \"1\"\n",
            "",
        );
    fs::write(file("adapter.toml"), adapter).unwrap();
    // 2. What is sent and how answers are read, with a slip of the hand first.
    fs::write(
        file("ricerca.request.json"),
        "{\"codice\":\"{{codice_fiscale}}\"}\n",
    )
    .unwrap();
    let response = r#"nested = ["contenuto"]
rows   = "contenuto/Scheda/Persona"
none   = "not_found"
asked  = "Cf"

[[outcomes]]
when = [{ path = "stato", is_not = "0" }, { path = "stato", present = true }]
then = "failed"
code = "stato"

[fields]
codice_fiscale   = { path = "Cf", text = "upper" }
cognome          = "Cognome"
nome             = "Nome"
data_nascita     = { path = "Nato", date = "dd.MM.yyyy" }
stato_anagrafico = { path = "Stato", table = { R = "residente" }, otherwise = "non_dichiarato" }

[fields.residenza]
indirizzo = "Via"
"#;
    fs::write(
        file("ricerca.response.toml"),
        response.replace("dd.MM.yyyy", "gg.MM.aaaa"),
    )
    .unwrap();
    let told = office.refused(&["check", "municipio-x"], "", 2);
    assert!(
        told.contains("ricerca.response.toml:15:") && told.contains("dd.MM.yyyy"),
        "{told}"
    );
    fs::write(file("ricerca.response.toml"), response).unwrap();
    office.done(&["check", "municipio-x"], "");
    // 3. Examples from the product itself, of made-up people; those of the template go.
    fs::remove_dir_all(file("examples/anagrafe.ricerche-persona")).unwrap();
    office.configure(&format!(
        "[[instance]]\nname = \"x\"\nadapter = \"municipio-x\"\naddress = \"{}\"\nsecrets = {{ chiave = {{ file = \"chiave\" }} }}\n\
         [[ente]]\ncodice_istat = \"013041\"\ncodice_belfiore = \"B639\"\ncodice_ipa = \"c_b639\"\ndenominazione = \"Cantù\"\n\
         [ente.servizi.anagrafe]\ninstance = \"x\"\n",
        product()
    ));
    fs::write(office.path("chiave"), KEY).unwrap();
    office.done(&["record", "--instance", "x", "--case", "found"], CODE);
    office.done(
        &["record", "--instance", "x", "--case", "not-found"],
        "RSSMRA80A01C933H",
    );
    let recorded = fs::read_to_string(file(
        "examples/anagrafe.ricerche-persona/found/3-back-end-response.ricerca.http",
    ))
    .unwrap();
    for original in [
        "BIANCHI",
        "ANNA",
        CODE,
        "31.12.1975",
        "77123",
        "031555123",
        "CAMPIONI",
        KEY,
    ] {
        assert!(!recorded.contains(original), "{original}: {recorded}");
    }
    // 4. Replay, and look at what comes from where.
    let tested = office.done(&["test", "municipio-x"], "");
    assert!(
        tested.contains("2 esempi") && !tested.contains("manca"),
        "{tested}"
    );
    let found = file("examples/anagrafe.ricerche-persona/found");
    let explained = office.done(&["explain", found.to_str().unwrap()], "");
    assert!(
        explained.contains("date dd.MM.yyyy") && explained.contains("Persona/Telefono"),
        "{explained}"
    );
    let tools = office.done(&["explain", "--json", found.to_str().unwrap()], "");
    let tools: Value = serde_json::from_str(&tools).unwrap();
    assert!(
        tools["exchanges"][0]["fields"].as_array().unwrap().len() >= 5,
        "{tools}"
    );
    // What differs is told field by field.
    let answer = found.join("4-portal-answer.json");
    let text = fs::read_to_string(&answer).unwrap();
    fs::write(&answer, text.replace("residente", "aire")).unwrap();
    let told = office.refused(&["test", "municipio-x"], "", 1);
    assert!(
        told.contains("stato_anagrafico: atteso \"aire\", ottenuto \"residente\""),
        "{told}"
    );
    office.done(&["test", "municipio-x", "--write"], "");
    office.done(&["test", "municipio-x"], "");
    // 5. notes.md is there to be filled; 6. the product answers in its instance.
    assert!(
        fs::read_to_string(file("notes.md"))
            .unwrap()
            .contains("[E]")
    );
    let probed = office.done(&["probe", "--instance", "x"], CODE);
    assert!(
        probed.contains("trovato, 1 voci") && !probed.contains("BIANCHI"),
        "{probed}"
    );
}
