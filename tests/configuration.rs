//! Configuration: good examples load, broken ones give exactly the mistakes in their `expected.txt`.
//!
//! A new broken case is a new folder of data below `tests/configuration/`; `UPDATE_EXPECTED=1` writes its expectation.

mod pki;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use pontile::commands::portal::MODEL;
use pontile::config::instance::Bounds;
use pontile::config::loading::{self, DEFAULTS};
use pontile::config::mistake::Mistake;
use pontile::contract::luogo::CodiceIstat;
use pontile::contract::operation::Domain;
use pontile::snapshot::{self, Built, EnteEntry, Kept};
use pontile::trust::PeerCertificate;

/// A folder of configuration files over the shared PKI.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().expect("a folder"));
        folder.write("pontile.toml", "");
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        fs::write(path, text).expect("the file is written");
    }

    fn build(&self, more: &[(&str, &str)]) -> Result<Built, Vec<String>> {
        let mut environment = doors(&pki::shared());
        environment.extend(
            more.iter()
                .map(|(name, value)| (format!("PONTILE__{name}"), (*value).to_owned())),
        );
        build(&self.0.path().join("pontile.toml"), &environment)
            .map_err(|mistakes| without(self.0.path(), &mistakes))
    }
}

/// Variables that point both doors at a PKI.
fn doors(pki: &Path) -> Vec<(String, String)> {
    let file = |name: &str| format!("{}/{name}", pki.display());
    let values = [
        ("CERTIFICATE", file("server.pem")),
        ("KEY", file("server.key")),
        ("AUTHORITIES", format!("[\"{}\"]", file("root.pem"))),
        ("REVOCATIONS", format!("[\"{}\"]", file("root.crl.pem"))),
    ];
    ["PORTAL_DOOR", "OPERATOR_DOOR"]
        .into_iter()
        .flat_map(|door| {
            values
                .clone()
                .map(|(key, value)| (format!("PONTILE__{door}__{key}"), value))
        })
        .collect()
}

fn build(path: &Path, environment: &[(String, String)]) -> Result<Built, Vec<Mistake>> {
    snapshot::build(
        path,
        environment,
        1,
        &Kept::new().expect("keys for resumption"),
    )
}

fn without(folder: &Path, mistakes: &[Mistake]) -> Vec<String> {
    let prefix = format!("{}/", folder.display());
    mistakes
        .iter()
        .map(|mistake| mistake.to_string().replace(&prefix, ""))
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn codice(text: &str) -> CodiceIstat {
    CodiceIstat::parse(text).expect("a code")
}

#[test]
fn a_broken_configuration_gives_every_mistake_with_its_place() {
    let entries = root()
        .join("tests/configuration")
        .read_dir()
        .expect("the cases are there");
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    folders.sort();
    let mut differing = Vec::new();
    for folder in folders {
        let Err(mistakes) = build(&folder.join("pontile.toml"), &doors(&pki::shared())) else {
            panic!("{} has no mistake", folder.display());
        };
        let found = without(&folder, &mistakes).join("\n") + "\n";
        let expected = folder.join("expected.txt");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&expected, &found).expect("the expectation is written");
        }
        if fs::read_to_string(&expected).unwrap_or_default() != found {
            differing.push(format!("{}:\n{found}", folder.display()));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn the_defaults_lack_nothing_but_certificates() {
    let folder = Folder::with(&[]);
    let written = loading::read(&folder.0.path().join("pontile.toml"), &[]);
    assert_eq!(written.mistakes, []);
    assert!(written.sections.settings().is_some());
    let built = folder.build(&[]).expect("the defaults with certificates");
    assert_eq!(built.snapshot.portals().len(), 0);
}

/// The manual with its commented options and lists written out.
fn manual_uncommented() -> String {
    let lists = DEFAULTS.find("# ───").expect("the part on lists");
    let (sections, lists) = DEFAULTS.split_at(lists);
    let is_option = |line: &str| {
        let rest = line.strip_prefix("# ").unwrap_or_default();
        let key = rest.split(" = ").next().unwrap_or_default();
        rest.contains(" = ")
            && key
                .chars()
                .all(|character| character.is_ascii_lowercase() || character == '_')
    };
    let sections = sections
        .lines()
        .map(|line| if is_option(line) { &line[2..] } else { line })
        .map(str::to_owned);
    let lists = lists.lines().map(|line| {
        let rest = line.strip_prefix("# ").unwrap_or_default();
        let is_toml = rest.starts_with(['[', '#']) || is_option(line);
        if is_toml {
            rest.to_owned()
        } else {
            String::new()
        }
    });
    sections.chain(lists).collect::<Vec<String>>().join("\n")
}

#[test]
fn every_option_that_the_manual_shows_in_a_comment_is_one() {
    let text = manual_uncommented().replace("64 cifre esadecimali", &"ab".repeat(32));
    let folder = Folder::with(&[("pontile.toml", &text)]);
    let written = loading::read(&folder.0.path().join("pontile.toml"), &[]);
    let patterns_without_files = |mistake: &&Mistake| mistake.text.contains("nessun file");
    let others: Vec<_> = written
        .mistakes
        .iter()
        .filter(|mistake| !patterns_without_files(mistake))
        .collect();
    assert!(others.is_empty(), "{others:?}");
    let counts = [
        written.portals.read.len(),
        written.purposes.read.len(),
        written.operators.read.len(),
        written.enti.read.len(),
        written.instances.read.len(),
    ];
    assert_eq!(counts, [1; 5], "one example of each list");
    let shown = &written.instances.read[0].value.bounds;
    let shipped = Bounds {
        per_ente: shown.per_ente,
        rate: shown.rate,
        ..Bounds::default()
    };
    assert_eq!(
        *shown, shipped,
        "the bounds shown are those that are shipped"
    );
}

#[test]
fn the_model_of_a_grant_is_one() {
    let files = [
        ("pontile.toml", manual_uncommented()),
        ("concessioni/asili.toml", MODEL.to_owned()),
    ];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let folder = Folder::with(&files);
    let written = loading::read(&folder.0.path().join("pontile.toml"), &[]);
    assert_eq!(written.grants.read.len(), 1, "{:?}", written.mistakes);
    let of_the_model = pontile::config::coherence::check(&written);
    let of_the_model = of_the_model.iter().map(ToString::to_string);
    let of_the_model: Vec<String> = of_the_model
        .filter(|mistake| mistake.contains("concessioni/"))
        .collect();
    assert_eq!(of_the_model, [""; 0]);
}

#[test]
fn the_environment_prevails_over_the_file_and_the_file_over_the_defaults() {
    let folder = Folder::with(&[(
        "pontile.toml",
        "[cache]\nsize = \"8MiB\"\nlongest = \"5m\"\n",
    )]);
    let built = folder
        .build(&[("CACHE__SIZE", "1MiB"), ("NODE__NAME", "7")])
        .expect("sound");
    assert_eq!(built.settings.cache.size.0, 1 << 20);
    assert_eq!(built.settings.cache.longest.to_string(), "5m");
    assert_eq!(
        built.settings.cache.stale_on_error.0,
        std::time::Duration::ZERO
    );
    assert_eq!(
        built.settings.node.name, "7",
        "a text needs no quotes in the environment"
    );
}

#[test]
fn a_variable_that_means_nothing_is_a_mistake() {
    let folder = Folder::with(&[]);
    let variables = [
        ("CACHE__SIZ", "1MiB"),
        ("CACHE", "1"),
        ("CHACE__SIZE", "1MiB"),
    ];
    let mistakes = folder.build(&variables).expect_err("three mistakes");
    assert_eq!(
        mistakes,
        [
            "PONTILE__CACHE: il nome deve essere PONTILE__SEZIONE__CHIAVE",
            "PONTILE__CACHE__SIZ: chiave sconosciuta «siz»: forse «size»?",
            "PONTILE__CHACE__SIZE: chiave sconosciuta «chace»: forse «cache»?",
        ]
    );
}

/// The example with the secrets that `make run` would make.
fn como_with_its_secrets() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for part in ["config", "adapters"] {
        let copied = std::process::Command::new("cp")
            .args(["-r", &root().join(part).display().to_string()])
            .arg(folder.path())
            .status()
            .expect("cp starts");
        assert!(copied.success(), "{part} could not be copied");
    }
    let secrets = folder.path().join("var/como/segreti");
    fs::create_dir_all(&secrets).expect("a folder");
    let instances = folder.path().join("config/examples/como/istanze");
    for file in instances.read_dir().expect("the instances").flatten() {
        let text = fs::read_to_string(file.path()).expect("an instance's file");
        for named in text.split("segreti/").skip(1) {
            let name = named.split('"').next().expect("a name");
            fs::write(secrets.join(name), "segreto\n").expect("a secret");
        }
    }
    let token = folder.path().join("var/como/token");
    fs::create_dir_all(&token).expect("a folder");
    fs::write(token.join("pin"), "123456").expect("a PIN");
    fs::set_permissions(token.join("pin"), fs::Permissions::from_mode(0o600)).expect("closed");
    folder
}

#[test]
fn the_lists_of_como_are_what_its_script_writes() {
    let folder = como_with_its_secrets();
    let como = folder.path().join("config/examples/como");
    let written = std::process::Command::new(como.join("make.py")).status();
    assert!(written.expect("make.py runs").success());
    for list in ["enti", "istanze"] {
        let same = std::process::Command::new("diff")
            .args([
                "-r",
                &root()
                    .join("config/examples/como")
                    .join(list)
                    .display()
                    .to_string(),
            ])
            .arg(como.join(list))
            .output()
            .expect("diff runs");
        assert!(
            same.status.success(),
            "{}",
            String::from_utf8_lossy(&same.stdout)
        );
    }
}

#[test]
fn the_province_of_como_is_sound() {
    let folder = como_with_its_secrets();
    // With an operator's eyes: the key that signs is on a token, which `make run` makes.
    let built = snapshot::examine(
        &folder.path().join("config/examples/como/pontile.toml"),
        &doors(&pki::shared()),
        &Kept::new().expect("keys for resumption"),
    );
    let snapshot = built.expect("a sound example").snapshot;
    assert_eq!(snapshot.enti().len(), 147);
    let instance = |ente: &EnteEntry, domain| {
        let binding = ente.binding(domain).expect("every ente offers both");
        (
            binding.instance.name.clone(),
            binding.adapter.name().to_owned(),
        )
    };
    let mut sharing: BTreeMap<String, usize> = BTreeMap::new();
    let mut two_suppliers = 0;
    for ente in snapshot.enti() {
        let registry = instance(ente, Domain::Anagrafe);
        let taxes = instance(ente, Domain::Tributi);
        two_suppliers += usize::from(registry.1 != taxes.1);
        *sharing.entry(registry.0).or_default() += 1;
    }
    assert!(
        two_suppliers >= 2,
        "registry and taxes from different suppliers: {two_suppliers}"
    );
    assert_eq!(
        sharing["unione-intelvese-civilia"], 3,
        "one instance for several enti"
    );
    let town = |code: &str| {
        let ente = snapshot.ente(&codice(code)).expect("an ente");
        [Domain::Anagrafe, Domain::Tributi].map(|domain| instance(ente, domain).0)
    };
    assert_eq!(town("013041"), ["cantu-civilia", "cantu-next"]);
    assert_eq!(town("013075"), ["como-vista", "como-vista"]);
    assert_eq!(town("013095"), ["erba-next", "erba-next"]);
    for certificate in ["portale-uno", "portale-due"] {
        let portal = snapshot.portal_of(&peer(certificate)).expect("a portal");
        assert_eq!(portal.name, certificate);
    }
    assert!(snapshot.operator_of(&peer("operatore-due")).is_some());
}

const PORTALS: &str = r#"
[[portal]]
name = "uno"
certificates = [{ subject = "CN=portale-uno,O=Provincia di Como (sviluppo),C=IT" }]
rate = { per_second = 1, burst = 1 }
"#;

const ENTI: &str = r#"
[[ente]]
codice_istat = "013095"
codice_belfiore = "D416"
codice_ipa = "c_d416"
denominazione = "Erba"

[[ente]]
codice_istat = "013041"
codice_belfiore = "B639"
codice_ipa = "c_b639"
denominazione = "Cantù"
"#;

fn peer(name: &str) -> PeerCertificate {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let path = pki::shared().join(format!("{name}.pem"));
    let certificate = CertificateDer::from_pem_file(path).expect("a certificate");
    PeerCertificate::of_chain(&[certificate]).expect("readable")
}

#[test]
fn a_portal_is_found_by_fingerprint_or_subject_and_others_are_nobody() {
    let by_fingerprint = PORTALS.replace("\"uno\"", "\"due\"").replace(
        "subject = \"CN=portale-uno,O=Provincia di Como (sviluppo),C=IT\"",
        &format!(
            "fingerprint = \"{}\"",
            hex::encode_upper(peer("portale-due").fingerprint)
        ),
    );
    let portals = format!("{PORTALS}{by_fingerprint}");
    let folder = Folder::with(&[("portali/prove.toml", &portals)]);
    let snapshot = folder.build(&[]).expect("sound").snapshot;
    let name = |certificate| {
        snapshot
            .portal_of(&peer(certificate))
            .map(|portal| portal.name.clone())
    };
    assert_eq!(name("portale-uno").as_deref(), Some("uno"));
    assert_eq!(name("portale-due").as_deref(), Some("due"));
    assert_eq!(name("sconosciuto"), None);
    assert!(snapshot.operator_of(&peer("portale-uno")).is_none());
}

#[test]
fn enti_are_listed_by_code_whatever_their_order_in_the_files() {
    let folder = Folder::with(&[("enti/prove.toml", ENTI)]);
    let snapshot = folder.build(&[]).expect("sound").snapshot;
    let page = |after: Option<&str>, limit| -> Vec<String> {
        let page = snapshot.enti_after(after.map(codice).as_ref(), limit);
        page.iter().map(|ente| ente.denominazione.clone()).collect()
    };
    assert_eq!(page(None, 10), ["Cantù", "Erba"]);
    assert_eq!(page(None, 1), ["Cantù"]);
    assert_eq!(page(Some("013041"), 10), ["Erba"]);
    assert_eq!(
        page(Some("013050"), 10),
        ["Erba"],
        "a code that is gone still has a place"
    );
    assert!(page(Some("013095"), 10).is_empty());
    let erba = snapshot.ente(&codice("013095")).expect("Erba");
    assert_eq!(erba.codice_belfiore, "D416");
    assert!(erba.binding(Domain::Anagrafe).is_none());
}

#[test]
fn the_digest_tells_a_change_of_content_and_nothing_else() {
    let files = [("portali/a.toml", PORTALS), ("enti/a.toml", ENTI)];
    let digest = |folder: &Folder| folder.build(&[]).expect("sound").snapshot.digest;
    let first = digest(&Folder::with(&files));
    let elsewhere = Folder::with(&[("portali/z.toml", PORTALS), ("enti/z.toml", ENTI)]);
    elsewhere.write("pontile.toml", "# una nota\n[node]\nname = \"altro\"\n");
    assert_eq!(digest(&elsewhere), first);
    elsewhere.write("portali/z.toml", &PORTALS.replace("burst = 1", "burst = 2"));
    assert_ne!(digest(&elsewhere), first);
}

#[test]
fn the_digest_tells_a_new_revocation_list() {
    let copy = tempfile::tempdir().expect("a folder");
    pki::make(copy.path());
    let folder = Folder::with(&[]);
    let digest = || {
        build(&folder.0.path().join("pontile.toml"), &doors(copy.path()))
            .expect("sound")
            .snapshot
            .digest
    };
    let before = digest();
    pki::revoke("portale-due", copy.path());
    assert_ne!(digest(), before);
}

#[test]
fn a_change_of_certificates_needs_no_restart_and_one_of_addresses_does() {
    let folder = Folder::with(&[]);
    let settings = folder.build(&[]).expect("sound").settings;
    let mut next = settings.clone();
    next.portal_door.certificate = PathBuf::from("altro.pem");
    next.operator_door.revocations.clear();
    assert!(settings.sections_needing_restart(&next).is_empty());
    next.operator_door.address.set_port(1);
    next.retention.logs_months = 3;
    assert_eq!(
        settings.sections_needing_restart(&next),
        ["operator_door", "retention"]
    );
}

#[test]
fn without_its_main_file_nothing_else_is_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let mistakes = build(&folder.path().join("pontile.toml"), &[]).expect_err("no file");
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
}

#[test]
fn a_mistake_in_a_value_that_nobody_wrote_names_its_key() {
    let folder = Folder::with(&[(
        "pontile.toml",
        &format!(
            "[portal_door]\nrequest_deadline = \"1s\"\n[files]\nadapters = \"{}\"\n[[instance]]\nname = \"prova\"\nadapter = \"civilia-soap\"\naddress = \"http://127.0.0.1:9\"\n[instance.bounds]\nanswer_deadline = \"500ms\"\n",
            root().join("adapters").display()
        ),
    )]);
    let mistakes = folder.build(&[]).expect_err("mistakes");
    for key in ["record.deadline: ", "bounds.connect_deadline: "] {
        assert!(
            mistakes.iter().any(|mistake| mistake.contains(key)),
            "{key}: {mistakes:#?}"
        );
    }
}

#[test]
fn a_patience_with_a_slow_back_end_stays_within_the_portals_deadline() {
    let mistakes = |after: &str, answer: &str| {
        let folder = Folder::with(&[(
            "pontile.toml",
            &format!(
                "[portal_door]\nrequest_deadline = \"10s\"\n[files]\nadapters = \"{}\"\n[[instance]]\nname = \"prova\"\n\
                 adapter = \"civilia-soap\"\naddress = \"http://127.0.0.1:9\"\ndeferred = {{ {after} }}\n[instance.bounds]\n\
                 answer_deadline = \"{answer}\"\n",
                root().join("adapters").display()
            ),
        )]);
        folder
            .build(&[])
            .expect_err("a folder without certificates")
    };
    let names = |mistakes: &[String], key: &str| mistakes.iter().any(|one| one.contains(key));
    let late = mistakes("after = \"5s\"", "40s");
    assert!(!names(&late, "request_deadline"), "{late:#?}");
    let without = mistakes("", "40s");
    assert!(
        names(&without, "40s non sta entro portal_door.request_deadline"),
        "{without:#?}"
    );
    for (after, answer, key) in [
        (
            "after = \"10s\"",
            "40s",
            "serve più di zero e meno di portal_door",
        ),
        (
            "after = \"0s\"",
            "40s",
            "serve più di zero e meno di portal_door",
        ),
        ("after = \"5s\"", "61s", "è più di un minuto"),
    ] {
        let found = mistakes(after, answer);
        assert!(names(&found, key), "{after} {answer}: {found:#?}");
    }
}
