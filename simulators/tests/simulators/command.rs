//! The `simulators serve` command and its options.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use simulators::dialects::{LISTENING, password};

use crate::client::exchange;
use crate::d1;

/// The process, ended with the test.
struct Served {
    process: Child,
    addresses: Value,
}

impl Served {
    fn start(options: &[&str]) -> Served {
        let mut process = Command::new(env!("CARGO_BIN_EXE_simulators"))
            .arg("serve")
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let addresses = serde_json::from_str(&line).unwrap();
        Served { process, addresses }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[actix_web::test]
async fn ports_aliases_and_standing_faults_are_options() {
    let served = Served::start(&[
        "--port",
        "d1=0",
        "--ente-alias",
        "A143=B639",
        "--fault",
        r#"{"dialect":"d1","ente":"C933","fault":"not_found"}"#,
    ]);
    for dialect in LISTENING {
        assert!(
            served.addresses[dialect.name].is_string(),
            "{}",
            dialect.name
        );
    }
    let address = served.addresses["d1"].as_str().unwrap();
    let ask = async |ente: &str, code: &str| {
        let body = d1::by_code_in(ente, &password("d1", ente), "PersonaFisica", code);
        let host = address.strip_prefix("http://").unwrap();
        let stream = tokio::net::TcpStream::connect(host).await.unwrap();
        exchange(stream, d1::ENDPOINT, "", &body)
            .await
            .answer()
            .status
    };
    assert_eq!(ask("A143", "BNCNNA75T71B639E").await, 200);
    assert_eq!(ask("A143", "FOXLAX01B28D416I").await, 500);
    assert_eq!(ask("C933", "RSSMRA80A01C933H").await, 500);
    assert_eq!(ask("A153", "RSSMRA80A01C933H").await, 200);
}

#[test]
fn options_that_make_no_sense_are_refused_before_anything_listens() {
    for options in [
        ["--port", "d12=1"],
        ["--port", "d9=1"],
        ["--port", "d1=x"],
        ["--ente-alias", "A143=A153"],
        ["--ente-alias", "X999=C933"],
        ["--fault", r#"{"dialect":"d1","fault":"expired_token"}"#],
        ["--fault", "x"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_simulators"))
            .arg("serve")
            .args(options)
            .output()
            .unwrap();
        assert!(!output.status.success(), "{options:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}
