//! The command line as operators meet it: what is printed, and the exit codes that scripts rely on.

mod pki;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Why commands are run here.
const WHY: &str = "prova dei comandi";

/// A folder with a configuration that needs no back end.
struct Installation(tempfile::TempDir);

impl Installation {
    fn new() -> Installation {
        let folder = tempfile::tempdir().expect("a folder");
        let pki = pki::shared();
        let door = format!(
            "address = \"127.0.0.1:0\"\ncertificate = \"{pki}/server.pem\"\nkey = \"{pki}/server.key\"\n\
             authorities = [\"{pki}/root.pem\"]\nrevocations = [\"{pki}/root.crl.pem\"]\n",
            pki = pki.display()
        );
        let text = format!(
            "[portal_door]\n{door}\n[operator_door]\n{door}\n\
             [record]\ndatabase = \"sqlite:record\"\nsubject_key = \"subject.key\"\nfree_disk = \"1MiB\"\n"
        );
        fs::write(folder.path().join("pontile.toml"), text).expect("the file is written");
        Installation(folder)
    }

    fn config(&self) -> PathBuf {
        self.0.path().join("pontile.toml")
    }

    fn pontile(&self, arguments: &[&str]) -> Output {
        pontile(&self.config(), arguments, "")
    }
}

fn pontile(config: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pontile"))
        .arg("--config")
        .arg(config)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("pontile starts");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    // A command that reads nothing may be gone before this is written.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("pontile ends")
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn succeeded(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", words(&output.stderr));
    words(&output.stdout)
}

fn failed(output: &Output, code: i32) -> String {
    assert_eq!(
        output.status.code(),
        Some(code),
        "{}",
        words(&output.stderr)
    );
    assert!(output.stdout.is_empty(), "{}", words(&output.stdout));
    words(&output.stderr)
}

#[test]
fn check_says_what_a_sound_configuration_holds() {
    let printed = succeeded(&Installation::new().pontile(&["check"]));
    assert!(
        printed.contains("0 portali, 0 concessioni, 0 enti"),
        "{printed}"
    );
    assert!(printed.contains("Impronta: "), "{printed}");
}

#[test]
fn check_prints_every_mistake_and_ends_with_2() {
    let installation = Installation::new();
    let mut text = fs::read_to_string(installation.config()).expect("the file");
    text = text.replace("[portal_door]", "[portal_dor]") + "[cache]\nsize = 1\nlongst = \"1m\"\n";
    fs::write(installation.config(), text).expect("the file is written");
    let told = failed(&installation.pontile(&["check"]), 2);
    for part in [
        "«portal_dor»: forse «portal_door»?",
        "serve una dimensione",
        "«longst»: forse «longest»?",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[test]
fn check_warns_of_back_ends_that_are_asked_in_clear() {
    let installation = Installation::new();
    let adapters = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    fs::write(installation.0.path().join("segreto"), "segreto-di-prova").expect("a secret");
    let sound = fs::read_to_string(installation.config()).expect("the file");
    for (address, warned) in [
        ("http://10.1.2.3:8080/demografici", true),
        ("http://gestionale.comune.example/", true),
        ("http://127.0.0.1:8080/", false),
        ("http://[::1]:8080/", false),
        ("http://localhost:8080/", false),
        ("https://gestionale.comune.example/", false),
    ] {
        let text = format!(
            "{sound}\n[files]\nadapters = \"{}\"\n[[instance]]\nname = \"erba-next\"\nadapter = \"civilia-next\"\n\
             address = \"{address}\"\nvalues = {{ tenant = \"d4160000-0000-4000-8000-000000013095\", client_id = \"gw-erba\", \
             resource = \"http://api.civilianext.example\" }}\nsecrets = {{ client_secret = {{ file = \"segreto\" }} }}\n",
            adapters.display()
        );
        fs::write(installation.config(), text).expect("the file is written");
        let told = succeeded(&installation.pontile(&["check"]));
        assert_eq!(
            told.contains("erba-next è interrogata in chiaro"),
            warned,
            "{address}: {told}"
        );
    }
}

#[test]
fn a_secret_that_cannot_be_read_is_told_without_showing_it() {
    let installation = Installation::new();
    let adapters = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    let secret = installation.0.path().join("segreto");
    fs::write(&secret, "").expect("an empty secret");
    let text = fs::read_to_string(installation.config()).expect("the file");
    let more = format!(
        "[files]\nadapters = \"{}\"\n[[instance]]\nname = \"uno\"\nadapter = \"civilia-soap\"\naddress = \"http://localhost\"\n\
         secrets = {{ password = {{ file = \"segreto\" }}, altra = {{ environment = \"PONTILE_TEST_NON_C_E\" }} }}\n",
        adapters.display()
    );
    fs::write(installation.config(), format!("{more}\n{text}")).expect("the file is written");
    let told = failed(&installation.pontile(&["check"]), 2);
    assert!(told.contains("è vuoto"), "{told}");
    assert!(told.contains("variabile PONTILE_TEST_NON_C_E"), "{told}");
}

#[test]
fn certificates_lists_what_ends_the_soonest_first_and_fails_once_something_has() {
    let installation = Installation::new();
    let adapters = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    fs::write(installation.0.path().join("segreto"), "x").expect("a secret");
    let text = fs::read_to_string(installation.config()).expect("the file");
    let with_secret = |until: &str| {
        let more = format!(
            "[files]\nadapters = \"{}\"\n[[instance]]\nname = \"uno\"\nadapter = \"civilia-soap\"\n\
             address = \"http://localhost\"\nvalues = {{ utente = \"gw\" }}\n\
             secrets = {{ password = {{ file = \"segreto\", until = \"{until}\" }} }}\n",
            adapters.display()
        );
        fs::write(installation.config(), format!("{more}\n{text}")).expect("written");
    };
    with_secret("2999-12-31");
    let all = succeeded(&installation.pontile(&["certificates"]));
    let last = all.lines().last().expect("a line");
    assert!(
        last.ends_with("2999-12-31 23:00Z  uno  secret  password"),
        "{all}"
    );
    assert!(all.contains("portal_door  revocation_list"), "{all}");
    let soon = succeeded(&installation.pontile(&["certificates", "--within", "0"]));
    assert_eq!(soon, "Nulla.\n");
    with_secret("2020-01-31");
    let over = installation.pontile(&["certificates", "--within", "1"]);
    assert_eq!(over.status.code(), Some(1));
    let told = words(&over.stdout);
    assert!(
        told.contains("SCADUTO  2020-01-31 23:00Z  uno  secret  password"),
        "{told}"
    );
    with_secret("domani");
    assert!(failed(&installation.pontile(&["certificates"]), 2).contains("serve un giorno"));
}

#[test]
fn wrong_usage_ends_with_2_and_help_with_0() {
    let installation = Installation::new();
    failed(&installation.pontile(&["registra"]), 2);
    failed(&installation.pontile(&["record", "list", "--person"]), 2);
    failed(
        &installation.pontile(&["record", "export", "--ente", "Como"]),
        2,
    );
    failed(&installation.pontile(&["portal", "new", "Con Spazi"]), 2);
    succeeded(&installation.pontile(&["--help"]));
}

#[test]
fn portal_new_reads_the_certificate_and_its_block_is_a_portal() {
    let installation = Installation::new();
    let certificate = pki::shared().join("portale-uno.pem");
    let certificate = certificate.to_str().expect("UTF-8");
    for more in [&[][..], &["--by-subject"]] {
        let arguments = [
            &["portal", "new", "nuovo", "--certificate", certificate],
            more,
        ]
        .concat();
        let block = succeeded(&installation.pontile(&arguments));
        let folder = installation.0.path().join("portali");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("nuovo.toml"), block).expect("the block is written");
        let printed = succeeded(&installation.pontile(&["check"]));
        assert!(printed.contains("1 portali"), "{printed}");
    }
}

#[test]
fn the_record_is_made_once_listed_and_exported() {
    let installation = Installation::new();
    let told = failed(&installation.pontile(&["record", "list"]), 1);
    assert!(told.contains("registrazione"), "{told}");
    assert!(told.contains("pontile migrate"), "{told}");
    let made = succeeded(&installation.pontile(&["migrate"]));
    assert!(made.contains("Creata la chiave"), "{made}");
    assert!(made.contains("Creato il file del mese"), "{made}");
    let again = succeeded(&installation.pontile(&["migrate"]));
    assert!(!again.contains("Creat"), "{again}");
    assert_eq!(succeeded(&installation.pontile(&["record", "list"])), "");
    let checked = succeeded(&installation.pontile(&["evidence", "check"]));
    assert!(checked.starts_with("Radici: 0 "), "{checked}");
    let person = [
        "record", "list", "--ente", "013075", "--person", "--reason", WHY,
    ];
    let found = pontile(&installation.config(), &person, "RSSMRA80A01C933H\n");
    assert_eq!(succeeded(&found), "");
    let wrong = pontile(&installation.config(), &person, "RSSMRA80A01C933A\n");
    let told = failed(&wrong, 2);
    assert!(!told.contains("RSSMRA"), "the code is not repeated: {told}");
    let exported = installation.pontile(&["record", "export", "--ente", "013075", "--reason", WHY]);
    assert_eq!(succeeded(&exported), "");
    assert!(words(&exported.stderr).contains("0 scambi"));
}

#[test]
fn a_record_that_is_gone_is_begun_anew_only_when_told_so() {
    let installation = Installation::new();
    succeeded(&installation.pontile(&["migrate"]));
    let record = installation.0.path().join("record");
    for entry in fs::read_dir(&record).expect("the folder").flatten() {
        if entry
            .path()
            .extension()
            .is_some_and(|kind| kind == "sqlite")
        {
            fs::remove_file(entry.path()).expect("removed");
        }
    }
    for gone in ["the month's file", "the whole folder"] {
        let told = failed(&installation.pontile(&["migrate"]), 1);
        assert!(told.contains("--begin-anew"), "{gone}: {told}");
        failed(&installation.pontile(&["serve"]), 1);
        assert_eq!(installation.pontile(&["doctor"]).status.code(), Some(1));
        let made = succeeded(&installation.pontile(&["migrate", "--begin-anew", "--reason", WHY]));
        assert!(made.contains("Creato il file del mese"), "{gone}: {made}");
        succeeded(&installation.pontile(&["migrate"]));
        succeeded(&installation.pontile(&["record", "list"]));
        fs::remove_dir_all(&record).expect("removed");
    }
}

#[test]
fn salts_are_erased_neither_without_a_span_nor_without_a_reason() {
    let installation = Installation::new();
    succeeded(&installation.pontile(&["migrate"]));
    for wrong in [
        &["record", "erase-salts"][..],
        &[
            "record",
            "erase-salts",
            "--before",
            "ottobre",
            "--reason",
            WHY,
        ],
        &[
            "record",
            "erase-salts",
            "--scambio",
            "1",
            "--yes",
            "--reason",
            WHY,
        ],
        &["record", "erase-salts", "--yes", "--reason", WHY],
        &["record", "erase-salts", "--before", "2026-10", "--yes"],
        &[
            "record",
            "erase-salts",
            "--before",
            "2026-10",
            "--yes",
            "--reason",
            "breve",
        ],
    ] {
        failed(&installation.pontile(wrong), 2);
    }
}

#[test]
fn salts_are_erased_only_when_confirmed_and_the_log_knows() {
    let installation = Installation::new();
    let text = fs::read_to_string(installation.config()).expect("the file");
    fs::write(
        installation.config(),
        format!("{text}[log]\nfile = \"pontile.log\"\n"),
    )
    .expect("the file is written");
    succeeded(&installation.pontile(&["migrate"]));
    let erase = [
        "record",
        "erase-salts",
        "--before",
        "2026-10",
        "--reason",
        WHY,
    ];
    for answer in ["", "no\n"] {
        let output = pontile(&installation.config(), &erase, answer);
        let told = failed(&output, 1);
        assert!(told.contains("2026-10-01T00:00:00.000Z"), "{told}");
        assert!(told.contains("Nulla è stato cancellato"), "{told}");
    }
    let told = succeeded(&pontile(&installation.config(), &erase, "sì\n"));
    assert!(told.contains("0 scambi"), "{told}");
    let at_once = [
        "record",
        "erase-salts",
        "--before",
        "2026-10-01T00:00:00Z",
        "--yes",
        "--reason",
        WHY,
    ];
    succeeded(&installation.pontile(&at_once));
    let log = fs::read_to_string(installation.0.path().join("pontile.log")).expect("a log");
    assert_eq!(
        log.matches("sali della registrazione cancellati").count(),
        2,
        "{log}"
    );
}

#[test]
fn keys_are_rotated_where_there_is_a_record_and_the_file_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let installation = Installation::new();
    failed(
        &installation.pontile(&["keys", "rotate", "--reason", WHY]),
        1,
    );
    succeeded(&installation.pontile(&["migrate"]));
    let told = succeeded(&installation.pontile(&["keys", "rotate", "--reason", WHY]));
    assert!(told.contains("Aggiunta la versione 2"), "{told}");
    assert!(told.contains("SIGHUP"), "{told}");
    let key = installation.0.path().join("subject.key");
    let mode = fs::metadata(&key).expect("the key").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let versions = fs::read_to_string(&key).expect("the key");
    let versions = versions.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(versions.count(), 2);
    succeeded(&installation.pontile(&["record", "list"]));
}

#[test]
fn a_missing_configuration_or_a_stopped_gateway_is_named() {
    let installation = Installation::new();
    let nowhere = installation.0.path().join("altrove.toml");
    for command in [
        &["check"][..],
        &["serve"],
        &["migrate"],
        &["doctor"],
        &["record", "list"],
    ] {
        let told = failed(&pontile(&nowhere, command, ""), 2);
        assert!(told.contains("altrove.toml"), "{command:?}: {told}");
    }
    let text = fs::read_to_string(installation.config()).expect("the file");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = closed.local_addr().expect("its address").to_string();
    drop(closed);
    let operators = text.rfind("127.0.0.1:0").expect("the operators' door");
    let text = format!(
        "{}{}",
        &text[..operators],
        text[operators..].replacen("127.0.0.1:0", &address, 1)
    );
    fs::write(installation.config(), text).expect("written");
    let pki = pki::shared();
    let file = |name: &str| pki.join(name).display().to_string();
    let (certificate, key) = (file("operatore-uno.pem"), file("operatore-uno.key"));
    let purge = [
        "cache",
        "purge",
        "--certificate",
        &certificate,
        "--key",
        &key,
    ];
    let told = failed(&installation.pontile(&purge), 1);
    assert!(told.contains("porta degli operatori"), "{told}");
    let missing = [
        "cache",
        "purge",
        "--certificate",
        "non-c-e.pem",
        "--key",
        &key,
    ];
    let told = failed(&installation.pontile(&missing), 1);
    assert!(told.contains("non-c-e.pem"), "{told}");
    let certificate = ["portal", "new", "uno", "--certificate", "non-c-e.pem"];
    let told = failed(&installation.pontile(&certificate), 1);
    assert!(told.contains("non-c-e.pem"), "{told}");
    failed(&installation.pontile(&["backup"]), 2);
    failed(
        &installation.pontile(&["restore", "/non/c/e", "--reason", WHY]),
        1,
    );
}

#[test]
fn every_command_has_a_help_that_says_what_it_does() {
    let installation = Installation::new();
    for command in [
        &["serve"][..],
        &["check"],
        &["migrate"],
        &["doctor"],
        &["certificates"],
        &["cache", "purge"],
        &["record", "list"],
        &["record", "export"],
        &["record", "erase-salts"],
        &["logbook"],
        &["logbook", "list"],
        &["logbook", "verify"],
        &["breach"],
        &["pdnd"],
        &["pdnd", "tracing"],
        &["breach", "report"],
        &["keys", "export"],
        &["keys", "rotate"],
        &["backup"],
        &["restore"],
        &["portal", "new"],
        &["openapi"],
    ] {
        let help = succeeded(&installation.pontile(&[command, &["--help"]].concat()));
        assert!(help.contains("Usage: pontile"), "{command:?}: {help}");
        assert!(!help.starts_with("Usage"), "{command:?} has no description");
    }
}

#[test]
fn a_backup_is_verified_and_restored_where_no_record_is() {
    let installation = Installation::new();
    succeeded(&installation.pontile(&["migrate"]));
    let folder = installation.0.path().join("copia");
    let folder = folder.to_str().expect("UTF-8");
    let told = succeeded(&installation.pontile(&["backup", folder]));
    assert!(told.contains("non è nella copia"), "{told}");
    failed(&installation.pontile(&["backup", folder]), 1);
    succeeded(&installation.pontile(&["restore", folder, "--verify-only"]));
    failed(
        &installation.pontile(&["restore", folder, "--reason", WHY]),
        1,
    );
    let record = installation.0.path().join("record");
    fs::rename(&record, record.with_extension("prima")).expect("the record is moved away");
    let told = succeeded(&installation.pontile(&["restore", folder, "--reason", WHY]));
    assert!(told.contains("ripristinata: 0 scambi"), "{told}");
    succeeded(&installation.pontile(&["record", "list"]));
}

#[test]
fn doctor_fails_without_a_record_and_not_with_one() {
    let installation = Installation::new();
    let before = installation.pontile(&["doctor"]);
    assert_eq!(before.status.code(), Some(1));
    assert!(words(&before.stdout).contains("ERRORE     registrazione"));
    succeeded(&installation.pontile(&["migrate"]));
    let told = succeeded(&installation.pontile(&["doctor"]));
    assert!(told.contains("bene       registrazione"), "{told}");
    assert!(told.contains("scadenze: "), "{told}");
}

#[test]
fn serve_refuses_a_database_that_was_not_made() {
    let told = failed(&Installation::new().pontile(&["serve"]), 1);
    assert!(told.contains("migrate"), "{told}");
}

#[test]
fn the_documents_are_written_into_the_folder() {
    let installation = Installation::new();
    let folder = installation.0.path().join("openapi");
    succeeded(&installation.pontile(&["openapi", folder.to_str().expect("UTF-8")]));
    for domain in ["catalogo", "anagrafe", "tributi"] {
        let text = fs::read_to_string(folder.join(format!("{domain}.yaml"))).expect("a document");
        assert!(text.starts_with("openapi: "), "{domain}");
    }
}

/// A running `serve`, ended when it goes out of scope.
struct Serving(std::process::Child);

impl Serving {
    fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.0.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn serve_tells_the_service_manager_when_it_is_ready_reloads_and_stops() {
    let installation = Installation::new();
    succeeded(&installation.pontile(&["migrate"]));
    let path = installation.0.path().join("notify");
    let manager = std::os::unix::net::UnixDatagram::bind(&path).expect("a socket");
    let patience = std::time::Duration::from_secs(20);
    manager
        .set_read_timeout(Some(patience))
        .expect("a deadline");
    let told = || {
        let mut buffer = [0; 512];
        let length = manager.recv(&mut buffer).expect("a word in time");
        words(&buffer[..length])
    };
    let mut serving = Serving(
        Command::new(env!("CARGO_BIN_EXE_pontile"))
            .arg("--config")
            .arg(installation.config())
            .arg("serve")
            .env("NOTIFY_SOCKET", &path)
            .stdout(Stdio::null())
            .spawn()
            .expect("pontile starts"),
    );
    assert_eq!(told().trim(), "READY=1");
    serving.signal("HUP");
    let reloading = told();
    assert!(reloading.contains("RELOADING=1"), "{reloading}");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    assert_eq!(told().trim(), "READY=1");
    serving.signal("TERM");
    assert_eq!(told().trim(), "STOPPING=1");
    assert_eq!(serving.0.wait().expect("it ends").code(), Some(0));
}

#[test]
fn serve_says_which_address_is_taken() {
    let installation = Installation::new();
    succeeded(&installation.pontile(&["migrate"]));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let text = fs::read_to_string(installation.config()).expect("the file");
    let text = text.replacen("127.0.0.1:0", &address, 1);
    fs::write(installation.config(), text).expect("the file is written");
    let output = installation.pontile(&["serve"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        words(&output.stderr).contains(&address),
        "{}",
        words(&output.stderr)
    );
}

#[test]
fn what_commands_do_stands_in_the_logbook_and_a_changed_row_is_noticed() {
    let installation = Installation::new();
    succeeded(&installation.pontile(&["migrate"]));
    let empty = succeeded(&installation.pontile(&["logbook", "verify"]));
    assert!(empty.contains("vuoto"), "{empty}");
    succeeded(&installation.pontile(&["keys", "rotate", "--reason", WHY]));
    let export = ["record", "export", "--ente", "013075", "--reason", WHY];
    succeeded(&installation.pontile(&export));
    let listed = succeeded(&installation.pontile(&["logbook", "list"]));
    let rows: Vec<&str> = listed.lines().collect();
    assert_eq!(rows.len(), 2, "{listed}");
    assert!(rows[0].contains("pontile record export"), "{listed}");
    assert!(
        rows[0].contains("013075") && rows[0].ends_with(WHY),
        "{listed}"
    );
    assert!(rows[1].contains("pontile keys rotate persone"), "{listed}");
    let whole = succeeded(&installation.pontile(&["logbook", "verify"]));
    assert!(whole.contains("dalla riga 1 alla 2"), "{whole}");
    let file = installation.0.path().join("record/richieste.sqlite");
    let database = rusqlite::Connection::open(file).expect("the database");
    database
        .execute(
            "UPDATE operator_logbook SET reason = 'altro motivo' WHERE number = 1",
            [],
        )
        .expect("changed");
    drop(database);
    let told = failed(&installation.pontile(&["logbook", "verify"]), 1);
    assert!(told.contains("la riga 1 manca o non è"), "{told}");
}

/// The newest row of the logbook.
fn newest_row(installation: &Installation) -> serde_json::Value {
    let listed = succeeded(&installation.pontile(&["logbook", "list", "--json", "--limit", "1"]));
    serde_json::from_str(listed.trim()).expect("JSON")
}

/// The digest of a row, as lines of the technical log tell it.
fn told_digest(lines: &str, number: &serde_json::Value) -> Option<serde_json::Value> {
    let lines = lines.lines().map(serde_json::from_str);
    let mut lines = lines.filter_map(Result::<serde_json::Value, _>::ok);
    lines
        .find(|line| line["message"] == "giornale degli operatori" && line["number"] == *number)
        .map(|line| line["digest"].clone())
}

#[test]
fn the_digest_of_what_a_command_did_stands_in_the_technical_log() {
    let installation = Installation::new();
    succeeded(&installation.pontile(&["migrate"]));
    let export = ["record", "export", "--ente", "013075", "--reason", WHY];
    let exported = installation.pontile(&export);
    assert_eq!(succeeded(&exported), "", "the log is no part of an export");
    let row = newest_row(&installation);
    // Without a file, and without a journal, it is told on standard error.
    if !Path::new("/run/systemd/journal/socket").exists() {
        let told = told_digest(&words(&exported.stderr), &row["number"]);
        assert_eq!(told.as_ref(), Some(&row["digest"]));
    }
    let mut text = fs::read_to_string(installation.config()).expect("the file");
    text.push_str("[log]\nfile = \"pontile.log\"\n");
    fs::write(installation.config(), text).expect("the file is written");
    let exported = installation.pontile(&export);
    assert_eq!(succeeded(&exported), "");
    let log = installation.0.path().join("pontile.log");
    let log = fs::read_to_string(log).expect("the log");
    let row = newest_row(&installation);
    assert_eq!(row["number"], 2);
    let told = told_digest(&log, &row["number"]);
    assert_eq!(told.as_ref(), Some(&row["digest"]), "{log}");
    assert!(!words(&exported.stderr).contains("digest"));
}

#[allow(
    clippy::disallowed_methods,
    reason = "nothing else runs on this thread"
)]
#[test]
fn what_the_gateway_forgets_of_the_logbook_is_a_row_whose_digest_is_told_too() {
    let installation = Installation::new();
    let mut text = fs::read_to_string(installation.config()).expect("the file");
    text.push_str("[log]\nfile = \"pontile.log\"\n");
    fs::write(installation.config(), text).expect("the file is written");
    succeeded(&installation.pontile(&["migrate"]));
    let export = ["record", "export", "--ente", "013075", "--reason", WHY];
    for _ in 0..2 {
        succeeded(&installation.pontile(&export));
    }
    let file = installation.0.path().join("record/richieste.sqlite");
    let database = rusqlite::Connection::open(file).expect("the database");
    let aged = database.execute("UPDATE operator_logbook SET at = 0 WHERE number = 1", []);
    assert_eq!(aged.expect("aged"), 1);
    drop(database);
    let _serving = Serving(
        Command::new(env!("CARGO_BIN_EXE_pontile"))
            .arg("--config")
            .arg(installation.config())
            .arg("serve")
            .stdout(Stdio::null())
            .spawn()
            .expect("pontile starts"),
    );
    let log = installation.0.path().join("pontile.log");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let told = loop {
        let lines = fs::read_to_string(&log).unwrap_or_default();
        if let Some(told) = told_digest(&lines, &serde_json::json!(3)) {
            break told;
        }
        assert!(std::time::Instant::now() < until, "{lines}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    let row = newest_row(&installation);
    assert_eq!(
        (&row["digest"], &row["operator"]),
        (&told, &serde_json::json!("pontile"))
    );
    let whole = succeeded(&installation.pontile(&["logbook", "verify"]));
    assert!(whole.contains("dalla riga 2 alla 3"), "{whole}");
}

#[test]
fn a_logbook_that_was_written_anew_is_noticed_by_the_log_that_was_gathered() {
    let installation = Installation::new();
    let mut text = fs::read_to_string(installation.config()).expect("the file");
    text.push_str("[log]\nfile = \"pontile.log\"\n");
    fs::write(installation.config(), text).expect("the file is written");
    succeeded(&installation.pontile(&["migrate"]));
    let export = ["record", "export", "--ente", "013075", "--reason", WHY];
    for _ in 0..2 {
        succeeded(&installation.pontile(&export));
    }
    let gathered = installation.0.path().join("raccolto.log");
    fs::copy(installation.0.path().join("pontile.log"), &gathered).expect("gathered");
    let gathered = gathered.to_str().expect("UTF-8");
    let compare = ["logbook", "verify", "--log", gathered];
    let same = succeeded(&installation.pontile(&compare));
    assert!(same.contains("sono le stesse: 2"), "{same}");
    let file = installation.0.path().join("record/richieste.sqlite");
    let database = rusqlite::Connection::open(file).expect("the database");
    database
        .execute_batch(
            "DELETE FROM operator_logbook; UPDATE logbook_end SET number = 0, digest = zeroblob(32)",
        )
        .expect("changed");
    drop(database);
    for _ in 0..2 {
        succeeded(&installation.pontile(&export));
    }
    let whole = succeeded(&installation.pontile(&compare[..2]));
    assert!(
        whole.contains("dalla riga 1 alla 2"),
        "to itself it is whole: {whole}"
    );
    let told = failed(&installation.pontile(&compare), 1);
    assert!(told.contains("riscritto: la riga 1"), "{told}");
    failed(
        &installation.pontile(&["logbook", "verify", "--log", "non-c-e.log"]),
        1,
    );
}

#[test]
fn an_emptied_logbook_is_not_whole() {
    let installation = Installation::new();
    succeeded(&installation.pontile(&["migrate"]));
    succeeded(&installation.pontile(&["keys", "rotate", "--reason", WHY]));
    let file = installation.0.path().join("record/richieste.sqlite");
    let database = rusqlite::Connection::open(file).expect("the database");
    let emptied = database.execute("DELETE FROM operator_logbook", []);
    assert_eq!(emptied.expect("emptied"), 1);
    drop(database);
    let told = failed(&installation.pontile(&["logbook", "verify"]), 1);
    assert!(told.contains("la riga 1 manca o non è"), "{told}");
}

#[test]
fn nobody_names_themselves_in_the_logbook_or_forges_a_line_of_it() {
    let installation = Installation::new();
    succeeded(&installation.pontile(&["migrate"]));
    let forged = "anna)\n9  2026-01-01T00:00:00Z  bruno\u{1b}[1A";
    let done = Command::new(env!("CARGO_BIN_EXE_pontile"))
        .arg("--config")
        .arg(installation.config())
        .args(["record", "export", "--ente", "013075", "--reason", WHY])
        .env("SUDO_USER", forged)
        .output()
        .expect("pontile runs");
    succeeded(&done);
    let row = newest_row(&installation);
    let operator = row["operator"].as_str().expect("an operator");
    assert!(
        operator.starts_with("uid ") && !operator.contains("anna"),
        "{operator}"
    );
    // As a program that believed the environment would have written it.
    let file = installation.0.path().join("record/richieste.sqlite");
    let database = rusqlite::Connection::open(file).expect("the database");
    let changed = database.execute("UPDATE operator_logbook SET operator = ?1", [forged]);
    assert_eq!(changed.expect("changed"), 1);
    drop(database);
    let listed = succeeded(&installation.pontile(&["logbook", "list"]));
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(
        listed.contains("anna)\\u000a9") && !listed.contains('\u{1b}'),
        "{listed}"
    );
}

#[test]
fn a_breach_is_summed_up_and_persons_are_told_only_with_the_entes_key() {
    let installation = Installation::new();
    succeeded(&installation.pontile(&["migrate"]));
    let report = [
        "breach",
        "report",
        "--from",
        "2026-01-01T00:00:00Z",
        "--reason",
        WHY,
    ];
    let told = succeeded(&installation.pontile(&report));
    assert!(told.contains("0 scambi, 0 con risposta"), "{told}");
    let key = installation.0.path().join("como.key");
    let key = key.to_str().expect("UTF-8");
    let export = [
        "keys", "export", "--ente", "013075", "--output", key, "--reason", WHY,
    ];
    succeeded(&installation.pontile(&export));
    failed(&installation.pontile(&export), 1);
    let resolve = [&report[..], &["--ente-key", key]].concat();
    let resolved = pontile(&installation.config(), &resolve, "RSSMRA80A01C933H\n");
    assert!(!succeeded(&resolved).contains("RSSMRA"));
    assert!(words(&resolved.stderr).contains("0 delle 1 persone cercate"));
    let other = [&resolve[..], &["--ente", "013041"]].concat();
    failed(&pontile(&installation.config(), &other, ""), 2);
    let listed = succeeded(&installation.pontile(&["logbook", "list", "--json"]));
    let rows: Vec<serde_json::Value> = listed
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let noted = |position: usize| {
        (
            rows[position]["action"].as_str(),
            rows[position]["ente"].as_str(),
        )
    };
    assert_eq!(noted(0), (Some("pontile breach report"), Some("013075")));
    let first = rows.len() - 1;
    assert_eq!(noted(first), (Some("pontile breach report"), None));
    let wrong = pontile(&installation.config(), &resolve, "RSSMRA80A01C933A\n");
    let told = failed(&wrong, 2);
    assert!(
        told.contains("riga 1") && !told.contains("RSSMRA"),
        "{told}"
    );
    failed(
        &installation.pontile(&["breach", "report", "--from", "2026-01-01T00:00:00Z"]),
        2,
    );
}
