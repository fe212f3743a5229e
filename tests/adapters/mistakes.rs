//! An adapter with mistakes is refused whole: all of them at once, each with file, line and column.

use std::path::Path;

use pontile::connectors::adapter::Adapter;

/// A good adapter of few lines, which each test spoils in its own way.
const ADAPTER: &str = r#"vendor = "Prova"
product = "Prova"
version = "1.0.0"

[connector.rest]

[instance.utente]
about = "l'utente"

[operations."anagrafe.ricerche-persona"]
keep = "5m"
repeatable = true

[[operations."anagrafe.ricerche-persona".steps]]
name = "uno"
method = "POST"
path = "/x?cf={{codice_fiscale}}"
request = "uno.request.json"
response = "uno.response.toml"
"#;
const REQUEST: &str = r#"{"cf": "{{codice_fiscale}}", "tutto": {{wants.residenza}}}"#;
const RESPONSE: &str = r#"rows = "."
none = "not_found"
asked = "cf"

[fields]
codice_fiscale = "cf"
data_nascita = { path = "nato", date = "yyyy-MM-dd" }
"#;

/// The mistakes of an adapter of these files, without the folder's own path.
fn mistakes(adapter: &str, request: &str, response: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("adapter.toml", adapter);
    write("uno.request.json", request);
    write("uno.response.toml", response);
    told(folder.path())
}

fn told(folder: &Path) -> Vec<String> {
    let prefix = format!("{}/", folder.display());
    match Adapter::load(folder) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes
            .iter()
            .map(|mistake| mistake.to_string().replace(&prefix, ""))
            .collect(),
    }
}

/// The only mistake that one change makes.
fn spoilt(text: &str, good: &str, bad: &str) -> String {
    assert!(text.contains(good), "{good}");
    let spoil = |file: &str| {
        if file == text {
            file.replace(good, bad)
        } else {
            file.to_owned()
        }
    };
    let mistakes = mistakes(&spoil(ADAPTER), &spoil(REQUEST), &spoil(RESPONSE));
    assert_eq!(mistakes.len(), 1, "{bad}: {mistakes:#?}");
    mistakes[0].clone()
}

#[test]
fn the_good_adapter_has_no_mistake() {
    assert_eq!(mistakes(ADAPTER, REQUEST, RESPONSE), Vec::<String>::new());
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn each_mistake_is_told_where_it_stands() {
    for (text, good, bad, place, words) in [
        (
            RESPONSE,
            "codice_fiscale = \"cf\"",
            "residenza.cap = \"cap\"",
            "uno.response.toml:5:1",
            "«stato_anagrafico»",
        ),
        (
            ADAPTER,
            "version = ",
            "lingua = \"it\"\nversion = ",
            "adapter.toml:3:1",
            "«lingua»",
        ),
        (
            ADAPTER,
            "[connector.rest]",
            "[connector.rest]\nconcurrency = 0",
            "adapter.toml:6:15",
            "almeno una chiamata",
        ),
        (
            ADAPTER,
            "[connector.rest]",
            "[connector.rest]\n\n[now]\ndate = \"dd/MM/yyyy\"\ntime = \"hh:mm\"\ntolerance = \"5m\"",
            "adapter.toml:9:8",
            "HH:mm:ss.SSS",
        ),
        (
            ADAPTER,
            "[connector.rest]",
            "[connector.rest]\n\n[sha256]\nuno = \"{{now.date}}\"",
            "adapter.toml:8:7",
            "manca [now]",
        ),
        (
            REQUEST,
            "{{codice_fiscale}}",
            "{{sha256.password}}",
            "uno.request.json:1:9",
            "manca [sha256.password]",
        ),
        (
            ADAPTER,
            "keep = \"5m\"",
            "years = \"current\"",
            "adapter.toml:11:9",
            "\"all\"",
        ),
        (
            RESPONSE,
            "asked = \"cf\"",
            "asked = \"cf\"\n[[outcomes]]\nskewed = true\nstatus = [401]\nthen = \"clock_skew\"",
            "uno.response.toml:5:10",
            "vuole [now]",
        ),
        (
            ADAPTER,
            "response = \"uno",
            "for_each = \"numero\"\nresponse = \"uno",
            "adapter.toml:19:12",
            "«every»",
        ),
        (
            RESPONSE,
            "rows = ",
            "nested = [\"a\"]\nrows = ",
            "uno.response.toml:1:11",
            "nessun percorso",
        ),
        (
            ADAPTER,
            "keep = \"5m\"",
            "keep = \"5 minuti\"",
            "adapter.toml:11:8",
            "durata",
        ),
        (
            ADAPTER,
            "repeatable = true",
            "repeatable = \"sì\"",
            "adapter.toml:12:14",
            "true o false",
        ),
        (
            ADAPTER,
            "anagrafe.ricerche-persona",
            "anagrafe.persone",
            "adapter.toml:10:13",
            "operazione sconosciuta",
        ),
        (
            ADAPTER,
            "{{codice_fiscale}}",
            "{{codice}}",
            "adapter.toml:17:8",
            "«codice»",
        ),
        (
            ADAPTER,
            "method = \"POST\"",
            "method = \"PUT\"",
            "adapter.toml:16:10",
            "«PUT»",
        ),
        (
            ADAPTER,
            "uno.request.json",
            "../x.json",
            "adapter.toml:18:11",
            "nome di un file",
        ),
        (
            REQUEST,
            "{{codice_fiscale}}",
            "{{instance.password}}",
            "uno.request.json:1:9",
            "non è dichiarato",
        ),
        (
            REQUEST,
            "{{wants.residenza}}",
            "{{wants.statura}}",
            "uno.request.json:1:",
            "«statura»",
        ),
        (
            REQUEST,
            "{{wants.residenza}}",
            "{{instance.utente}}",
            "uno.request.json:1:",
            "fra virgolette",
        ),
        (REQUEST, "{\"cf\"", "{cf", "uno.request.json:1:", "JSON"),
        (
            RESPONSE,
            "codice_fiscale = \"cf\"",
            "codice_fiscal = \"cf\"",
            "uno.response.toml:6:1",
            "forse «codice_fiscale»",
        ),
        (
            RESPONSE,
            "data_nascita = { path = \"nato\", date = \"yyyy-MM-dd\" }",
            "data_nascita = \"nato\"",
            "uno.response.toml:7:16",
            "manca «date»",
        ),
        (
            RESPONSE,
            "date = \"yyyy-MM-dd\"",
            "date = \"ieri\"",
            "uno.response.toml:7:",
            "«ieri»",
        ),
        (
            RESPONSE,
            "none = \"not_found\"\n",
            "",
            "uno.response.toml:1:1",
            "«none»",
        ),
        (
            RESPONSE,
            "rows = \".\"",
            "rows = \"a//b\"",
            "uno.response.toml:1:8",
            "senza spazi",
        ),
        (
            RESPONSE,
            "codice_fiscale = \"cf\"",
            "codice_fiscale = 7",
            "uno.response.toml:6:18",
            "numero intero",
        ),
        (
            RESPONSE,
            "codice_fiscale = \"cf\"",
            "sesso = { path = \"s\", table = { M = \"X\" }, unknown = \"omit\" }",
            "uno.response.toml:6:9",
            "«X» non può stare",
        ),
        (
            RESPONSE,
            "codice_fiscale = \"cf\"",
            "sesso = { path = \"s\", table = { M = \"M\" } }",
            "uno.response.toml:6:",
            "unknown",
        ),
        (
            RESPONSE,
            "codice_fiscale = \"cf\"",
            "stato_anagrafico = { value = \"vivo\" }",
            "uno.response.toml:6:20",
            "«vivo» non può stare",
        ),
    ] {
        let mistake = spoilt(text, good, bad);
        assert!(mistake.starts_with(place), "{bad}: {mistake}");
        assert!(mistake.contains(words), "{bad}: {mistake}");
    }
}

#[test]
fn all_mistakes_of_all_files_are_told_at_once() {
    let adapter = ADAPTER.replace("repeatable = true", "repeatable = 1\nripetibile = true");
    let request = REQUEST.replace("codice_fiscale", "codice");
    let response = RESPONSE
        .replace("not_found", "niente")
        .replace("codice_fiscale = \"cf\"", "altezza = \"cf\"\ncognome = 3");
    let told = mistakes(&adapter, &request, &response);
    let begins = |place: &str| told.iter().any(|mistake| mistake.starts_with(place));
    for place in [
        "adapter.toml:12:14",
        "adapter.toml:13:1",
        "uno.request.json:1:9",
        "uno.response.toml:2:8",
        "uno.response.toml:6:1",
        "uno.response.toml:7:11",
    ] {
        assert!(begins(place), "{place} is missing in {told:#?}");
    }
}

#[test]
fn a_file_that_nothing_names_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("adapter.toml", ADAPTER),
        ("uno.request.json", REQUEST),
        ("uno.response.toml", RESPONSE),
        ("due.request.json", "{}"),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let told = told(folder.path());
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("due.request.json: "), "{told:?}");
}

#[test]
fn the_digest_changes_with_every_file() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("adapter.toml", ADAPTER);
    write("uno.request.json", REQUEST);
    write("uno.response.toml", RESPONSE);
    let digest = || Adapter::load(folder.path()).unwrap().digest().to_owned();
    let first = digest();
    assert_eq!(first, digest());
    write("notes.md", "# Note");
    let second = digest();
    assert_ne!(first, second);
    write("uno.response.toml", &RESPONSE.replace("nato", "nascita"));
    assert_ne!(second, digest());
}
