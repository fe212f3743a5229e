//! What a recording captures beside plain questions: logins, answers that come later. Nothing of the originals is left in it.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::office::{Office, bytes};
use crate::recording::{Desk, desks};
use crate::simulators::Simulators;

const PERSONA: &str = "anagrafe.ricerche-persona";
const ANNA: &str = "BNCNNA75T71B639E";
/// Of Anna Bianchi, as the simulated town halls know her: code, name, street, birthday however it is written.
const OF_ANNA: [&str; 9] = [
    ANNA,
    "BIANCHI",
    "CAMPIONI",
    "1975-12-31",
    "31/12/1975",
    "31-12-1975",
    "31.12.1975",
    "19751231",
    "31121975",
];

/// Stands between the gateway and a back end, and keeps what goes through it.
struct Ear {
    address: String,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Ear {
    fn before(back_end: &str) -> Ear {
        let (host, path) = back_end
            .trim_start_matches("http://")
            .split_once('/')
            .unwrap_or((back_end.trim_start_matches("http://"), ""));
        let (host, path) = (host.to_owned(), path.to_owned());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/{path}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(&host).unwrap();
                carry(&client, &server, &kept);
                carry(&server, &client, &kept);
            }
        });
        Ear {
            address: address.trim_end_matches('/').to_owned(),
            heard,
        }
    }

    /// All texts between these two that went through.
    fn between(&self, begin: &str, end: &str) -> Vec<String> {
        let heard = String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned();
        let parts = heard.split(begin).skip(1);
        let mut found: Vec<String> = parts
            .filter_map(|part| Some(part.split_once(end)?.0.to_owned()))
            .filter(|text| !text.is_empty())
            .collect();
        found.sort();
        found.dedup();
        found
    }
}

fn carry(from: &TcpStream, to: &TcpStream, kept: &Arc<Mutex<Vec<u8>>>) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    let kept = Arc::clone(kept);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            kept.lock().unwrap().extend_from_slice(&buffer[..length]);
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}

fn desk_of(adapter: &str, simulators: &Simulators) -> (Desk, Ear) {
    let mut desk = desks(simulators, "")
        .into_iter()
        .find(|desk| desk.adapter == adapter)
        .unwrap();
    let ear = Ear::before(&desk.address);
    desk.address.clone_from(&ear.address);
    (desk, ear)
}

fn open(desk: &Desk) -> Office {
    let office = Office::new(&[desk.adapter]);
    office.configure(&desk.configuration());
    fs::write(office.path("segreto"), desk.secret.1).unwrap();
    office
}

/// Nothing of these stands in any file of these folders, as it is or in small letters, in whichever charset.
pub fn nothing_of(originals: &[&str], folders: &[PathBuf]) {
    let mut files = 0;
    for (path, bytes) in folders.iter().flat_map(|folder| bytes(folder)) {
        files += 1;
        let text = String::from_utf8_lossy(&bytes).to_uppercase();
        for original in originals.iter().filter(|original| !original.is_empty()) {
            let name = path.display();
            assert!(
                !text.contains(&original.to_uppercase()),
                "{original} in {name}: {text}"
            );
        }
    }
    assert!(files >= 3, "{folders:?}");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json_of(path: &Path) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}

#[test]
fn a_login_becomes_an_example_of_its_own_with_neither_password_nor_token() {
    let simulators = Simulators::start();
    for (adapter, code, token) in [
        ("docarea-token", ANNA, ("<strDST>", "</strDST>")),
        (
            "civilia-next",
            "FOXLAX01B28D416I",
            ("\"access_token\":\"", "\""),
        ),
    ] {
        let (desk, ear) = desk_of(adapter, &simulators);
        let office = open(&desk);
        let asked = ["record", "--instance", "banco", "--case", "dal-vivo"];
        let told = office.done(&asked, code);
        assert!(told.contains("_login/dal-vivo"), "{told}");
        let tokens = ear.between(token.0, token.1);
        assert!(!tokens.is_empty(), "{adapter}: no token went over the wire");
        let examples = office.path("adapters").join(adapter).join("examples");
        let login = examples.join("_login/dal-vivo");
        assert_eq!(
            json_of(&login.join("4-outcome.json"))["token"],
            json!("TOKEN")
        );
        let folders = [login, examples.join(PERSONA).join("dal-vivo")];
        nothing_of(&[desk.secret.1, code], &folders);
        nothing_of(
            &tokens.iter().map(String::as_str).collect::<Vec<_>>(),
            &folders,
        );
        nothing_of(&OF_ANNA, &folders);
        office.done(&["test", adapter], "");
        // The same login once more is no other example.
        let asked = ["record", "--instance", "banco", "--case", "ancora"];
        office.done(&asked, code);
        assert!(!examples.join("_login/ancora").exists());
    }
}

#[test]
fn a_refused_login_becomes_an_example_although_the_question_was_never_asked() {
    let simulators = Simulators::start();
    let (desk, _) = desk_of("docarea-token", &simulators);
    let office = open(&desk);
    fs::write(office.path("segreto"), "una-parola-sbagliata").unwrap();
    // The project has such an example already, and the same is not written twice.
    let known = "adapters/docarea-token/examples/_login/credentials-refused";
    fs::remove_dir_all(office.path(known)).unwrap();
    let asked = ["record", "--instance", "banco", "--case", "respinto"];
    office.done(&asked, ANNA);
    let examples = office.path("adapters/docarea-token/examples");
    assert!(!examples.join(PERSONA).join("respinto").exists());
    let login = examples.join("_login/respinto");
    assert_eq!(
        json_of(&login.join("4-outcome.json"))["errore"],
        json!("credentials refused")
    );
    nothing_of(&["una-parola-sbagliata", ANNA], &[login]);
    office.done(&["test", "docarea-token"], "");
}

#[test]
fn each_question_for_an_answer_that_comes_later_is_an_exchange_of_the_example() {
    let simulators = Simulators::start();
    let (mut desk, ear) = desk_of("richiesta-standard", &simulators);
    let more = "[instance.deferred]\nfirst = \"50ms\"\nleast = \"400ms\"\nmost = \"400ms\"\n";
    desk.more = more.to_owned();
    let office = open(&desk);
    let code = "FOXLAX01B28D416I";
    office.done(
        &["record", "--instance", "banco", "--case", "dal-vivo"],
        code,
    );
    let found = office
        .path("adapters/richiesta-standard/examples")
        .join(PERSONA)
        .join("dal-vivo");
    let last = (2..20)
        .take_while(|number| {
            found
                .join(format!("3-back-end-response.esito-{number}.http"))
                .exists()
        })
        .last();
    let last = last.expect("more than one question for the answer");
    assert!(read(&found.join("3-back-end-response.esito.http")).contains("ACCETTATA"));
    assert!(
        found
            .join(format!("2-back-end-request.esito-{last}.http"))
            .exists()
    );
    let answer = json_of(&found.join("4-portal-answer.json"));
    assert_eq!(
        answer["codice_fiscale"],
        json_of(&found.join("1-portal-request.json"))["codice_fiscale"]
    );
    let numbers = ear.between("<IDOperazione>", "</IDOperazione>");
    assert_eq!(numbers.len(), 1, "one request, one number: {numbers:?}");
    let originals = [numbers[0].as_str(), code, "DEGLI ASPARAGI"];
    nothing_of(&originals, std::slice::from_ref(&found));
    let live = office.done(&["probe", "--instance", "banco", "--show"], code);
    let live: Value = serde_json::from_str(live.rsplit("\n\n").next().unwrap()).unwrap();
    for place in ["/codice_fiscale", "/data_nascita", "/residenza/indirizzo"] {
        let original = live
            .pointer(place)
            .and_then(Value::as_str)
            .unwrap_or_default();
        assert!(original.len() > 5, "{place}: {live}");
        nothing_of(&[original], std::slice::from_ref(&found));
    }
    office.done(&["test", "richiesta-standard"], "");
    let explained = office.done(&["explain", found.to_str().unwrap()], "");
    assert!(explained.contains(&format!("esito-{last}")), "{explained}");
}

#[test]
fn an_answer_that_never_comes_becomes_an_example_of_having_none_yet() {
    let simulators = Simulators::start();
    let fault = json!({ "dialect": "d8", "fault": "never_completes" });
    tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(simulators.fault(fault));
    let (mut desk, _) = desk_of("richiesta-standard", &simulators);
    desk.more =
        "[instance.deferred]\nfirst = \"50ms\"\nleast = \"200ms\"\nmost = \"200ms\"\n".to_owned();
    let office = open(&desk);
    let asked = [
        "record",
        "--instance",
        "banco",
        "--case",
        "mai",
        "--patience",
        "700ms",
    ];
    office.done(&asked, "FOXLAX01B28D416I");
    let folder = office
        .path("adapters/richiesta-standard/examples")
        .join(PERSONA)
        .join("mai");
    assert!(folder.join("3-back-end-response.esito-2.http").exists());
    assert_eq!(
        json_of(&folder.join("4-portal-answer.json"))["errore"],
        json!("not answered yet")
    );
    office.done(&["test", "richiesta-standard"], "");
}
