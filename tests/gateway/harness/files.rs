//! The configuration files of a test's province: the least that serves three enti, to be revised by each test.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::pki::Pki;
use super::portal::PURPOSE;

/// Files by their path below the province's folder.
pub struct Files {
    texts: BTreeMap<String, String>,
    /// Where the simulated back ends are.
    pub back_ends: BackEnds,
}

/// Where the back ends of a province are.
#[derive(Clone)]
pub struct BackEnds {
    /// Civilia SOAP.
    pub d1: String,
    /// Civilia Next.
    pub d6: String,
    /// Requests that are accepted first and carried out later.
    pub d8: String,
    /// The national platform with its e-service.
    pub pdnd: String,
    /// Those that only the whole province asks, by the port that the example has for them.
    pub others: Vec<(u16, String)>,
    /// The SQLite file with the views of Como.
    pub view: String,
}

impl Files {
    /// The files of a province whose certificates are in `pki`.
    pub fn new(pki: &Pki, back_ends: &BackEnds) -> Files {
        let files = [
            ("pontile.toml", main_file(pki)),
            ("portali/prove.toml", portals(pki)),
            ("concessioni/tutto.toml", grant_of_all()),
            ("concessioni/solo-nomi-di-cantu.toml", grant_of_names()),
            ("operatori/prove.toml", operators()),
            ("enti/prove.toml", enti()),
            ("istanze/prove.toml", instances(back_ends)),
            ("segreti/cantu-civilia", "civilia-prova".to_owned()),
            ("segreti/cantu-next", "cantu-prova".to_owned()),
            ("segreti/erba-next", "erba-prova".to_owned()),
        ];
        Files {
            texts: files.map(|(path, text)| (path.to_owned(), text)).into(),
            back_ends: back_ends.clone(),
        }
    }

    /// Replaces text that must be there.
    pub fn replace(&mut self, file: &str, from: &str, to: &str) -> &mut Files {
        let text = self
            .texts
            .get_mut(file)
            .unwrap_or_else(|| panic!("no file {file}"));
        assert!(text.contains(from), "{file} does not contain {from:?}");
        *text = text.replace(from, to);
        self
    }

    /// Writes a file anew.
    pub fn put(&mut self, file: &str, text: String) -> &mut Files {
        self.texts.insert(file.to_owned(), text);
        self
    }

    /// Adds text at the end of a file, which is made if there is none.
    pub fn append(&mut self, file: &str, text: &str) -> &mut Files {
        let content = self.texts.entry(file.to_owned()).or_default();
        content.push('\n');
        content.push_str(text);
        self
    }

    /// Binds Erba to the product that accepts requests and carries them out later, asked often enough for a test.
    pub fn erba_answers_later(&mut self, gives_up: &str) -> &mut Files {
        let address = self.back_ends.d8.clone();
        self.replace("enti/prove.toml", "\"erba-next\"", "\"erba-standard\"")
            .replace(
                "enti/prove.toml",
                "instance = \"erba-standard\"",
                "instance = \"erba-standard\"\nvalues = { codice_ipa = \"c_d416\" }",
            )
            .append(
                "istanze/prove.toml",
                &format!(
                    "[[instance]]\nname = \"erba-standard\"\nadapter = \"richiesta-standard\"\naddress = \"{address}\"\n\
                     [instance.deferred]\nfirst = \"200ms\"\nleast = \"200ms\"\nmost = \"400ms\"\ngives_up = \"{gives_up}\"\n\
                     [instance.bounds]\nconnect_deadline = \"1s\"\nanswer_deadline = \"2s\"\n"
                ),
            )
    }

    /// Binds the taxes of Como to the office that takes declarations, and grants the first portal to make them.
    pub fn como_takes_declarations(&mut self) -> &mut Files {
        let mut known = self.back_ends.others.iter();
        let address = known.find(|(port, _)| *port == 18105);
        let address = address.expect("the simulated tax office").1.clone();
        self.replace(
            "enti/prove.toml",
            "[ente.servizi.tributi]\ninstance = \"como-vista\"",
            "[ente.servizi.tributi]\ninstance = \"como-tributi\"",
        )
        .replace(
            "concessioni/tutto.toml",
            "\"tributi.ricerche-posizione\"]",
            "\"tributi.ricerche-posizione\", \"tributi.variazioni-superficie\"]",
        )
        .replace("concessioni/tutto.toml", "\"versamenti\"]", "\"versamenti\", \"pratica\"]")
        .put("segreti/como-tributi", "d5-prova-c933000000000000000000000000000".to_owned())
        .append(
            "istanze/prove.toml",
            &format!(
                "[[instance]]\nname = \"como-tributi\"\nadapter = \"tributi-impronta\"\naddress = \"{address}/c933\"\n\
                 secrets = {{ passphrase = {{ file = \"../segreti/como-tributi\" }} }}\n\
                 [instance.values]\nutente = \"6339333300000000000000000000000000000000\"\n\
                 intermediario_pec = \"caf.fittizio@pec.example\"\noperatore_nome = \"PROVINCIA DI COMO\"\n\
                 operatore_codice_fiscale = \"00000000000\"\noperatore_email = \"pontile@pec.example\"\n\
                 [instance.deferred]\nfirst = \"300ms\"\nmost = \"500ms\"\ngives_up = \"3s\"\n\
                 [instance.bounds]\nconnect_deadline = \"1s\"\nanswer_deadline = \"2s\"\n"
            ),
        )
    }

    /// Writes all files below a folder, those that stay the same excepted: a running gateway watches its secrets.
    pub fn write(&self, folder: &Path) {
        for (path, text) in &self.texts {
            let path = folder.join(path);
            if fs::read_to_string(&path).is_ok_and(|written| written == *text) {
                continue;
            }
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for the file");
            fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}

fn main_file(pki: &Pki) -> String {
    let adapters = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    let file = |name: &str| pki.path(name).display().to_string();
    let door = format!(
        "address = \"127.0.0.1:0\"\ncertificate = \"{}\"\nkey = \"{}\"\nauthorities = [\"{root}\"]\nrevocations = [\"{}\"]\nworkers = 2",
        file("server.pem"),
        file("server.key"),
        file("root.crl.pem"),
        root = file("root.pem"),
    );
    format!(
        "[node]\ndevelopment = true\n\n[files]\nadapters = \"{}\"\n\n[portal_door]\n{door}\nrequest_deadline = \"5s\"\n\n[operator_door]\n{door}\n\n\
         [record]\ndatabase = \"sqlite:record\"\nsubject_key = \"persone.key\"\nfree_disk = \"1MiB\"\ndeadline = \"3s\"\n\n[log]\nfile = \"pontile.log\"\n",
        adapters.display()
    )
}

fn portals(pki: &Pki) -> String {
    let fingerprint = fingerprint(&pki.read("portale-due.pem"));
    format!(
        r#"
[[purpose]]
id = "{PURPOSE}"
description = "Prove automatiche"
legal_basis = "nessuna: dati inventati"

[[portal]]
name = "portale-uno"
certificates = [{{ subject = "CN=portale-uno,O=Provincia di Como (sviluppo),C=IT" }}]
rate = {{ per_second = 1000, burst = 1000 }}

[[portal]]
name = "portale-due"
certificates = [{{ fingerprint = "{fingerprint}" }}]
rate = {{ per_second = 1000, burst = 1000 }}
"#
    )
}

fn grant_of_all() -> String {
    grant(
        "portale-uno",
        &format!(
            r#"
id = "tutto"
version = 1
operations = ["catalogo.enti", "catalogo.ente", "catalogo.servizi", "anagrafe.ricerche-persona", "anagrafe.ricerche-famiglia", "tributi.ricerche-posizione"]
enti = "all"
fields = ["codice_fiscale", "cognome", "nome", "sesso", "data_nascita", "luogo_nascita", "stato_anagrafico", "data_decesso", "residenza", "cittadinanza", "stato_civile", "relazione_parentela", "contribuente", "immobili", "utenze", "dovuto", "versamenti"]
purposes = ["{PURPOSE}"]
fresh = true
"#
        ),
    )
}

fn grant_of_names() -> String {
    grant(
        "portale-due",
        &format!(
            r#"
id = "solo-nomi-di-cantu"
version = 3
operations = ["anagrafe.ricerche-persona"]
enti = {{ only = ["013041"] }}
fields = ["codice_fiscale", "cognome", "nome"]
purposes = ["{PURPOSE}"]
"#
        ),
    )
}

/// A grant's file: what it allows, with all that such a document must say.
pub fn grant(portal: &str, allows: &str) -> String {
    format!(
        r#"portal = "{portal}"
{allows}
chi = "sistema"
from = "2020-01-01"
to = "2099-12-31"
agreed = {{ by = "Prove automatiche", on = "2020-01-01" }}
base_giuridica = "dpr445_art43"
nomina = {{ protocollo = "prova/1", on = "2020-01-01" }}
dpo = "dpo@provincia.example"
convenzione = [{{ enti = "all", protocollo = "prova/2", from = "2020-01-01", to = "2099-12-31" }}]
"#
    )
}

fn operators() -> String {
    "[[operator]]\nname = \"operatore-uno\"\nroles = [\"operatore\", \"sicurezza\"]\ncertificates = [{ subject = \"CN=operatore-uno,O=Provincia di Como (sviluppo),C=IT\" }]\n"
        .to_owned()
}

fn enti() -> String {
    let ente = |istat: &str, belfiore: &str, name: &str, anagrafe: &str, tributi: &str| {
        format!(
            "[[ente]]\ncodice_istat = \"{istat}\"\ncodice_belfiore = \"{belfiore}\"\ncodice_ipa = \"c_{}\"\ndenominazione = \"{name}\"\n\
             [ente.servizi.anagrafe]\ninstance = \"{anagrafe}\"\n[ente.servizi.tributi]\ninstance = \"{tributi}\"\n\n",
            belfiore.to_lowercase()
        )
    };
    [
        ente("013075", "C933", "Como", "como-vista", "como-vista"),
        ente("013041", "B639", "Cantù", "cantu-civilia", "cantu-next"),
        ente("013095", "D416", "Erba", "erba-next", "erba-next"),
        "[[ente]]\ncodice_istat = \"013003\"\ncodice_belfiore = \"A143\"\ncodice_ipa = \"c_a143\"\ndenominazione = \"Albavilla\"\n".to_owned(),
    ]
    .concat()
}

fn instances(back_ends: &BackEnds) -> String {
    format!(
        r#"
[[instance]]
name = "como-vista"
adapter = "vista-comune"
address = "sqlite:{view}"
[instance.bounds]
connect_deadline = "1s"
answer_deadline = "3s"

[[instance]]
name = "cantu-civilia"
adapter = "civilia-soap"
address = "{d1}"
values = {{ utente = "gw" }}
secrets = {{ password = {{ file = "../segreti/cantu-civilia" }} }}
[instance.bounds]
connect_deadline = "900ms"
answer_deadline = "2s"

[[instance]]
name = "cantu-next"
adapter = "civilia-next"
address = "{d6}"
values = {{ tenant = "b6390000-0000-4000-8000-000000013041", client_id = "gw-cantu", resource = "http://api.civilianext.example" }}
secrets = {{ client_secret = {{ file = "../segreti/cantu-next" }} }}
[instance.bounds]
connect_deadline = "1s"
answer_deadline = "2s"

[[instance]]
name = "erba-next"
adapter = "civilia-next"
address = "{d6}"
values = {{ tenant = "d4160000-0000-4000-8000-000000013095", client_id = "gw-erba", resource = "http://api.civilianext.example" }}
secrets = {{ client_secret = {{ file = "../segreti/erba-next" }} }}
[instance.bounds]
connect_deadline = "1s"
answer_deadline = "2s"
"#,
        view = back_ends.view,
        d1 = back_ends.d1,
        d6 = back_ends.d6,
    )
}

/// SHA-256 of the first certificate of a PEM file, hexadecimal.
fn fingerprint(pem: &[u8]) -> String {
    let certificate = openssl::x509::X509::from_pem(pem).expect("a certificate");
    let digest = certificate
        .digest(openssl::hash::MessageDigest::sha256())
        .expect("a digest");
    hex::encode(digest)
}
