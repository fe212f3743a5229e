//! The simulated town halls and their knobs.

use std::process::Command;

use serde_json::{Value, json};

use super::process::{Process, program};

/// The simulators' process.
pub struct Simulators {
    _process: Process,
    addresses: Value,
    client: reqwest::Client,
}

impl Simulators {
    /// Starts them on free ports.
    pub fn start() -> Simulators {
        let mut command = Command::new(program("simulators"));
        let (process, line) = Process::start("simulators", command.arg("serve"), |line| {
            line.starts_with('{')
        });
        let addresses = serde_json::from_str(&line).expect("the simulators' addresses");
        Simulators {
            _process: process,
            addresses,
            client: reqwest::Client::new(),
        }
    }

    /// The address of a dialect.
    pub fn address(&self, dialect: &str) -> String {
        self.addresses[dialect]
            .as_str()
            .unwrap_or_else(|| panic!("no address of {dialect}"))
            .to_owned()
    }

    /// Switches a fault on: `{"dialect","ente","fault",…}`.
    pub async fn fault(&self, fault: Value) {
        let answer = self.order(&fault).await;
        assert!(
            answer.get("error").is_none(),
            "the simulators refuse {fault}: {answer}"
        );
    }

    /// What the simulators say to the order of a fault: its number, or why it makes no sense.
    pub async fn order(&self, fault: &Value) -> Value {
        let order = self.client.post(self.control("faults")).json(fault);
        let response = order.send().await.expect("the control port");
        response.json().await.expect("JSON")
    }

    /// Switches every fault off.
    pub async fn mend(&self) {
        let response = self
            .client
            .delete(self.control("faults"))
            .send()
            .await
            .expect("the control port");
        assert!(response.status().is_success());
    }

    /// The counters of calls.
    pub async fn calls(&self) -> Value {
        self.client
            .get(self.control("calls"))
            .send()
            .await
            .expect("the control port")
            .json()
            .await
            .expect("JSON")
    }

    /// Sets the counters to zero.
    pub async fn forget_calls(&self) {
        self.client
            .delete(self.control("calls"))
            .send()
            .await
            .expect("the control port");
    }

    /// How often an operation of a dialect was called, over all enti.
    pub async fn count(&self, dialect: &str, operation: &str) -> u64 {
        let calls = self.calls().await;
        let rows = calls["calls"]
            .as_array()
            .unwrap_or_else(|| panic!("no list of calls in {calls}"));
        rows.iter()
            .filter(|row| row["dialect"] == json!(dialect) && row["operation"] == json!(operation))
            .filter_map(|row| row["count"].as_u64())
            .sum()
    }

    fn control(&self, what: &str) -> String {
        format!("{}/control/{what}", self.address("control"))
    }
}

/// Fills an SQLite file with the views of Como.
pub fn seed_view(path: &std::path::Path) {
    let output = Command::new(program("simulators"))
        .args(["seed-view", "--url", &format!("sqlite:{}", path.display())])
        .output()
        .expect("the simulators run");
    assert!(
        output.status.success(),
        "seed-view: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
