//! The metrics page.

use std::time::Duration;

use super::*;
use crate::telemetry::exchange::tests::{answered, failed};

fn health() -> Health {
    Health {
        degraded: None,
        lag: Duration::from_millis(3),
        waiting: 2,
        last_commit: Duration::from_millis(1),
        commits: 10,
        records: 25,
        slots_in_use: 4,
        slots: 4096,
        free_disk: Some(1 << 30),
    }
}

fn samples(page: &str) -> Vec<&str> {
    page.lines().filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn the_ente_stands_on_outcomes_only() {
    let metrics = Metrics::new();
    metrics.observe_exchange(&answered());
    metrics.observe_exchange(&failed());
    let page = metrics.render();
    assert!(page.contains(r#"pontile_exchanges_total{ente="013075",operation="anagrafe.ricerche-persona",outcome="risposto"} 1"#), "{page}");
    assert!(page.contains(r#"pontile_exchanges_total{ente="013075",operation="anagrafe.ricerche-persona",outcome="ente"} 1"#), "{page}");
    assert!(
        page.contains(r#"pontile_refusals_total{problem="ente-non-raggiungibile"} 1"#),
        "{page}"
    );
    for sample in samples(&page) {
        assert!(
            !sample.contains("013075") || sample.starts_with("pontile_exchanges_total{"),
            "{sample}"
        );
    }
}

#[test]
fn durations_are_by_operation_adapter_and_stage() {
    let metrics = Metrics::new();
    metrics.observe_exchange(&answered());
    let page = metrics.render();
    let labels = r#"adapter="civilia-next",operation="anagrafe.ricerche-persona""#;
    assert!(
        page.contains(&format!(
            "pontile_exchange_duration_seconds_count{{{labels}}} 1"
        )),
        "{page}"
    );
    for stage in ["admission", "limits", "cache", "dispatch", "record"] {
        assert!(
            page.contains(&format!(
                "pontile_stage_duration_seconds_count{{{labels},stage=\"{stage}\"}} 1"
            )),
            "{stage}"
        );
    }
    assert!(
        page.contains(&format!(
            "pontile_stage_duration_seconds_bucket{{{labels},stage=\"dispatch\",le=\"0.025\"}} 1"
        )),
        "{page}"
    );
    assert!(
        page.contains(&format!(
            "pontile_stage_duration_seconds_bucket{{{labels},stage=\"dispatch\",le=\"0.01\"}} 0"
        )),
        "{page}"
    );
}

#[test]
fn a_stage_that_was_not_reached_has_no_duration() {
    let metrics = Metrics::new();
    let mut refused = failed();
    refused.times.dispatch = Duration::ZERO;
    metrics.observe_exchange(&refused);
    assert!(metrics.render().contains("stage=\"dispatch\"} 0"));
}

#[test]
fn every_metric_is_documented() {
    let metrics = Metrics::new();
    metrics.observe_exchange(&answered());
    metrics.observe_exchange(&failed());
    metrics.limit_refused("portal");
    metrics.handshake_accepted("portal");
    metrics.handshake_rejected("portal", "expired");
    metrics.request_unread("portal", "not_http");
    metrics.connection_opened("portal");
    metrics.instance("cantu", BreakerState::Open, 0, 0);
    metrics.instance_clock("cantu", 7);
    metrics.night_copy(&crate::telemetry::metrics::NightCopySeen {
        instance: "notturni",
        ente: "013003",
        age_days: Some(1),
        rows: 200,
        rejected: 2,
        is_missing: false,
    });
    metrics.keys(&[crate::telemetry::metrics::KeySeen {
        key: "modi",
        is_ready: true,
        rate: 2.5,
        waiting: 1,
    }]);
    metrics.seals(3, std::time::Duration::from_millis(2_500));
    metrics.night_delivery("in_vigore");
    metrics.open_requests(&[crate::telemetry::metrics::OpenRequestsSeen {
        way: "manuale",
        state: "inoltrata",
        count: 2,
        oldest_seconds: 60,
    }]);
    metrics.request_ended("manuale", "completata", "013003");
    metrics.record(&health());
    metrics.certificate_days_left("portal_door", 12.5);
    metrics.snapshot_in_force(3);
    metrics.reloaded("accepted");
    metrics.card_issuer_fetched("trust_list", "new");
    metrics.lines_dropped(2);
    let page = metrics.render();
    let documented = include_str!("../../../docs/logging.md");
    let families = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let names: Vec<&str> = families
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert!(names.len() > 20, "{names:?}");
    for name in &names {
        assert!(
            documented.contains(&format!("| `{name}` |")),
            "docs/logging.md does not list {name}"
        );
    }
    for line in documented
        .lines()
        .filter(|line| line.starts_with("| `pontile_"))
    {
        let name = line.split('`').nth(1).unwrap();
        assert!(
            names.contains(&name),
            "docs/logging.md lists {name}, which is no metric"
        );
    }
}

#[test]
fn gauges_and_counters_show_what_was_set_last() {
    let metrics = Metrics::new();
    metrics.instance("cantu", BreakerState::HalfOpen, 2, 1);
    metrics.instance("erba", BreakerState::Open, 0, 0);
    metrics.instance_removed("erba");
    metrics.lines_dropped(5);
    metrics.lines_dropped(5);
    metrics.certificate_days_left("old", 1.0);
    metrics.certificates_forgotten();
    metrics.connection_opened("portal");
    metrics.connection_opened("portal");
    metrics.connection_closed("portal");
    let page = metrics.render();
    assert!(page.contains(r#"pontile_breaker_state{instance="cantu"} 1"#));
    assert!(page.contains(r#"pontile_instance_calls{instance="cantu",state="under_way"} 2"#));
    assert!(!page.contains("erba"));
    assert!(page.contains("pontile_log_lines_dropped_total 5"));
    assert!(!page.contains("pontile_certificate_days_left"));
    assert!(page.contains(r#"pontile_connections{door="portal"} 1"#));
}

#[test]
fn the_process_tells_its_memory_files_and_processor_time() {
    let page = Metrics::new().render();
    let value = |name: &str| -> f64 {
        let line = page.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!(value("pontile_process_resident_bytes ") > 1e6);
    assert!(value("pontile_process_open_files ") >= 3.0);
    assert!(value("pontile_process_cpu_seconds ") >= 0.0);
}

#[test]
fn the_records_totals_grow_with_the_stores() {
    let metrics = Metrics::new();
    metrics.record(&health());
    metrics.record(&Health {
        commits: 11,
        degraded: Some(crate::store::Degraded::DiskLow),
        ..health()
    });
    let page = metrics.render();
    assert!(page.contains("pontile_record_commits_total 11"), "{page}");
    assert!(page.contains("pontile_record_exchanges_total 25"));
    assert!(page.contains("pontile_record_degraded 1"));
    assert!(page.contains(r#"pontile_record_slots{state="taken"} 4"#));
}
