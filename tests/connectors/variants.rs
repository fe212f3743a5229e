//! What no adapter of the project needs and the next product may: adapters changed in a few lines, as an integrator would.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

use pontile::connectors::adapter::Adapter;
use pontile::connectors::error::Kind;

use crate::asking::{Town, shown};
use crate::simulators::Simulators;

const CANTU: &str = "BNCNNA75T71B639E";
const ERBA: &str = "FOXLAX01B28D416I";
const PERSON: &str = "<CODICEANAGRAFE>1</CODICEANAGRAFE><NOMINATIVO>BIANCHI</NOMINATIVO><NOME>NICCOLÃ’</NOME>\
    <CODICEFISCALE>BNCNNA75T71B639E</CODICEFISCALE><DATANASCITA>1975-12-31T00:00:00</DATANASCITA>";

/// A copy of an adapter with texts of its files replaced, and a file in the place of another.
fn changed(
    name: &str,
    replace: &[(&str, &str, &str)],
    instead: Option<(&str, &str, &str)>,
) -> Adapter {
    let folder = tempfile::tempdir().unwrap();
    let original = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("adapters")
        .join(name);
    let copy = folder.path().join(name);
    fs::create_dir(&copy).unwrap();
    for entry in original.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
        }
    }
    for (file, from, to) in replace {
        let text = fs::read_to_string(copy.join(file)).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        fs::write(copy.join(file), text.replace(from, to)).unwrap();
    }
    if let Some((file, other, text)) = instead {
        fs::remove_file(copy.join(file)).unwrap();
        fs::write(copy.join(other), text).unwrap();
    }
    Adapter::load(&copy).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

/// A back end that answers one request, and tells what it was.
fn answering(status: &str, content_type: &str, body: &str) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut read, mut buffer) = (Vec::new(), [0; 4096]);
        while !read.ends_with(b"Envelope>") {
            let count = stream.read(&mut buffer).unwrap();
            read.extend_from_slice(&buffer[..count]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        tell.send(String::from_utf8(read).unwrap()).unwrap();
    });
    (address, told)
}

fn envelope(namespace: &str, body: &str) -> String {
    format!("<e:Envelope xmlns:e=\"{namespace}\"><e:Body>{body}</e:Body></e:Envelope>")
}

fn result(person: &str) -> String {
    format!(
        "<ByCodiceFiscaleETipoPersonaResponse xmlns=\"http://wsanagrafe.ws.pa.dedagroup.it\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
         <ByCodiceFiscaleETipoPersonaResult>{person}</ByCodiceFiscaleETipoPersonaResult></ByCodiceFiscaleETipoPersonaResponse>"
    )
}

const SOAP_1_1: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SOAP_1_2: &str = "http://www.w3.org/2003/05/soap-envelope";

fn of_soap_1_2() -> Adapter {
    changed(
        "civilia-soap",
        &[
            (
                "adapter.toml",
                "[connector.soap]\n",
                "[connector.soap]\nversion = \"1.2\"\n",
            ),
            ("ricerca.request.xml", SOAP_1_1, SOAP_1_2),
        ],
        None,
    )
}

#[tokio::test]
async fn soap_1_2_is_spoken_with_its_action_in_the_content_type_and_its_faults_are_read() {
    let kind = "application/soap+xml; charset=utf-8";
    let (address, asked) = answering("200 OK", kind, &envelope(SOAP_1_2, &result(PERSON)));
    let mut town = Town::cantu(address);
    town.adapter = of_soap_1_2();
    let answer = town.persona(CANTU).await.expect("found");
    assert_eq!(shown(&answer)["cognome"], "BIANCHI");
    let asked = asked.recv().unwrap();
    let head = asked.to_lowercase();
    assert!(head.contains("content-type: application/soap+xml; charset=utf-8; action=\"http://wsanagrafe.ws.pa.dedagroup.it/bycodicefiscaleetipopersona\""), "{asked}");
    assert!(!head.contains("soapaction"), "{asked}");

    let fault = |text: &str| {
        let reason = format!(
            "<e:Fault><e:Code><e:Value>e:Receiver</e:Value></e:Code><e:Reason><e:Text xml:lang=\"it\">{text}</e:Text></e:Reason></e:Fault>"
        );
        envelope(SOAP_1_2, &reason)
    };
    for (text, expected) in [
        ("Anagrafica non trovata", Kind::NotFound),
        ("Servizio sospeso", Kind::Failed),
    ] {
        let (address, _asked) = answering("500 Internal Server Error", kind, &fault(text));
        let mut town = Town::cantu(address);
        town.adapter = of_soap_1_2();
        let told = town.persona(CANTU).await.expect_err("a fault");
        assert_eq!(told.kind, expected, "{told}");
    }
}

#[tokio::test]
async fn a_person_all_of_whose_elements_are_nil_is_nobody_where_the_adapter_says_so() {
    let nobody = "<CODICEANAGRAFE xsi:nil=\"true\"/><NOMINATIVO xsi:nil=\"true\"/><CODICEFISCALE xsi:nil=\"true\"/>";
    let says_so = "[[outcomes]]\nwhen = [{ path = \"ByCodiceFiscaleETipoPersonaResponse/ByCodiceFiscaleETipoPersonaResult/CODICEFISCALE\", present = false }, \
        { path = \"ByCodiceFiscaleETipoPersonaResponse/ByCodiceFiscaleETipoPersonaResult/NOMINATIVO\", present = false }]\nthen = \"not_found\"\n\n[fields]\n";
    let says_so = changed(
        "civilia-soap",
        &[("ricerca.response.toml", "[fields]\n", says_so)],
        None,
    );
    let body = envelope(SOAP_1_1, &result(nobody));
    let (address, _asked) = answering("200 OK", "text/xml; charset=utf-8", &body);
    let mut town = Town::cantu(address);
    town.adapter = says_so;
    let told = town.persona(CANTU).await.expect_err("nobody");
    assert_eq!(told.kind, Kind::NotFound, "{told}");
    // Without that rule it is no answer, and nobody is told not to be there.
    let (address, _asked) = answering("200 OK", "text/xml; charset=utf-8", &body);
    let told = Town::cantu(address).persona(CANTU).await;
    assert_eq!(told.expect_err("no answer").kind, Kind::Unintelligible);
}

#[tokio::test]
async fn a_name_that_was_encoded_twice_comes_as_it_was_meant() {
    let body = envelope(SOAP_1_1, &result(PERSON));
    let (address, _asked) = answering("200 OK", "text/xml; charset=utf-8", &body);
    let answer = Town::cantu(address).persona(CANTU).await.expect("found");
    assert_eq!(shown(&answer)["nome"], "NICCOLÒ");
}

/// The cloud product gives tokens by a service of its own, too: JSON in, the token within a result.
#[tokio::test]
async fn a_token_within_a_result_is_asked_for_in_json() {
    let simulators = Simulators::start();
    let mut town = Town::erba(simulators.address("d6"));
    town.adapter = changed(
        "civilia-next",
        &[
            (
                "adapter.toml",
                "/{{instance.tenant}}/oauth2/token",
                "/utilities/AuthenticationToken?v=1.0",
            ),
            ("adapter.toml", "token.request.form", "token.request.json"),
            (
                "token.response.toml",
                "\"access_token\"",
                "\"result/token\"",
            ),
        ],
        Some((
            "token.request.form",
            "token.request.json",
            r#"{"targetResource":"{{instance.resource}}","tenantId":"{{instance.tenant}}","clientId":"{{instance.client_id}}","secret":"{{secret.client_secret}}"}"#,
        )),
    );
    let answer = town.persona(ERBA).await.expect("found");
    assert_eq!(shown(&answer)["codice_fiscale"], ERBA);
}
