//! Drift, end to end: a new release of a back end changes its answers, and operators are told which fields.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::harness::process::program;
use crate::harness::province::Province;

const ERBA: &str = "013095";
/// First answers of a step only teach what is usual.
const LESSONS: usize = 20;

/// Codes of people of Erba, each asked about once: what comes from the cache is not looked at.
fn people() -> Vec<String> {
    let output = Command::new(program("simulators"))
        .args(["people", "--ente", "D416"])
        .output()
        .unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    let people = listed
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    // Ordinary people: those of a case are told in ways of their own.
    people
        .filter(|person| person["casi"].as_array().is_some_and(Vec::is_empty))
        .filter_map(|person| person["codice_fiscale"].as_str().map(str::to_owned))
        .collect()
}

async fn metric(province: &Province, change: &str) -> u64 {
    let operator = province.operator("operatore-uno");
    let request = operator.request(reqwest::Method::GET, "/metrics");
    let page = request.send().await.unwrap().text().await.unwrap();
    let line = page.lines().find(|line| {
        line.starts_with("pontile_adapter_drift_total{")
            && line.contains("civilia-next")
            && line.contains(change)
    });
    let line = line.unwrap_or_else(|| panic!("{change}: {page}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

fn told(province: &Province) -> String {
    let output = province.pontile_at_the_door(&["adapter", "drift"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn fields_that_a_new_release_changes_are_in_the_metric_and_told_by_the_command() {
    let province = Province::start();
    let portal = province.portal("portale-uno");
    let people = people();
    let (taught, asked) = people.split_at(LESSONS + 1);
    for code in taught {
        let answer = portal.persona(ERBA, code).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        // One answer a second is looked at.
        tokio::time::sleep(Duration::from_millis(1050)).await;
    }
    for change in ["appeared", "vanished", "changed"] {
        assert_eq!(metric(&province, change).await, 0, "{change}");
    }

    let order = serde_json::json!({ "dialect": "d6", "fault": "schema_change" });
    province.simulators.fault(order).await;
    let answer = portal.persona(ERBA, &asked[0]).await;
    assert_eq!(
        answer.status, 200,
        "nothing of it is read: {:?}",
        answer.body
    );
    for change in ["appeared", "vanished", "changed"] {
        assert_eq!(metric(&province, change).await, 1, "{change}");
    }
    let told = told(&province);
    for part in [
        "civilia-next",
        "versioneScheda: comparso",
        "procedimentoInCorso: sparito",
        "codiceCertificabilita: da ",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains(&asked[0]), "{told}");
}
