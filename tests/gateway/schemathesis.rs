//! Everything that schemathesis can think of, against the served documents: no answer outside the contract.
//!
//! `make test` installs schemathesis into a virtual environment and names its program in `PONTILE_SCHEMATHESIS`.

use std::process::Command;

use crate::harness::portal::PURPOSE;
use crate::harness::province::Province;

#[test]
fn the_served_documents_hold_against_generated_requests() {
    let Some(program) = std::env::var_os("PONTILE_SCHEMATHESIS") else {
        assert!(
            std::env::var_os("CI").is_none(),
            "PONTILE_SCHEMATHESIS is not set"
        );
        eprintln!("skipped: PONTILE_SCHEMATHESIS names no program (make test sets it)");
        return;
    };
    let province = Province::with(|files| {
        let verifications = crate::declarations::all_kinds("portale-uno");
        files.put("concessioni/controlli.toml", verifications);
        files.replace(
            "portali/prove.toml",
            "per_second = 1000, burst = 1000",
            "per_second = 100000, burst = 100000",
        );
        files.replace("pontile.toml", "request_deadline = \"5s\"", "request_deadline = \"5s\"\nrequests_per_address = 100000\nrequests_per_connection = 100000");
    });
    // An ente that does not offer an operation, or none of the fields asked for, is a documented 501 and no fault of ours.
    let expected =
        "[checks]\nnot_a_server_error.expected-statuses = [\"2xx\", \"3xx\", \"4xx\", 501]\n";
    std::fs::write(province.path("schemathesis.toml"), expected).expect("a writable folder");
    let mut failures = Vec::new();
    for domain in [
        "catalogo", "anagrafe", "tributi", "accessi", "anpr", "evidenze",
    ] {
        let output = Command::new(&program)
            .current_dir(province.folder())
            .args([
                "run",
                &format!("https://localhost:{}/docs/{domain}.yaml", port(&province)),
            ])
            .args([
                "--url",
                &format!("https://localhost:{}/rest/{domain}/v1", port(&province)),
            ])
            .args(["--header", &format!("Purpose-Id:{PURPOSE}")])
            .args([
                "--max-examples",
                "60",
                "--seed",
                "1",
                "--workers",
                "1",
                "--no-color",
            ])
            // No schema can say that a check character must fit, or that one of two fields excludes the other; and a token
            // that is sent besides the certificate, which stays, counts only where it was agreed.
            .args(["--exclude-checks", "positive_data_acceptance,ignored_auth"])
            .args(["--generation-database", "none", "--warnings", "off"])
            .arg("--tls-verify")
            .arg(province.pki.path("root.pem"))
            .arg("--request-cert")
            .arg(province.pki.path("portale-uno.pem"))
            .arg("--request-cert-key")
            .arg(province.pki.path("portale-uno.key"))
            .output()
            .expect("schemathesis runs");
        if !output.status.success() {
            let (out, err) = (
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr),
            );
            failures.push(format!("── {domain}\n{out}{err}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn port(province: &Province) -> &str {
    province.portal_door().rsplit(':').next().expect("a port")
}
