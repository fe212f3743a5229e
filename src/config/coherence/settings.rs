//! What holds within the sections.

use std::time::Duration;

use tracing_subscriber::EnvFilter;

use crate::config::door::Door;
use crate::config::mistake::Mistake;
use crate::config::reading::places::Places;
use crate::config::written::Sections;

/// Months that nothing may be kept beyond.
const LONGEST_EXCHANGES: u32 = 120;
const LONGEST_LOGS: u32 = 24;
const SHORTEST_OPERATORS: u32 = 6;
const LONGEST_OPERATORS: u32 = 120;

/// Days that no request may be kept beyond its end.
const LONGEST_REQUESTS: u32 = 30;

struct Checks<'a> {
    places: &'a Places,
    mistakes: Vec<Mistake>,
}

impl Checks<'_> {
    fn require(&mut self, holds: bool, path: &str, text: impl Into<String>) {
        if !holds {
            self.mistakes.push(self.places.mistake(path, text));
        }
    }
}

/// Checks the sections that could be read.
pub fn check(sections: &Sections, places: &Places) -> Vec<Mistake> {
    let mut checks = Checks {
        places,
        mistakes: Vec::new(),
    };
    for (name, door) in [
        ("portal_door", &sections.portal_door),
        ("operator_door", &sections.operator_door),
    ] {
        if let Some(door) = door {
            check_door(name, door, &mut checks);
            check_authorities(name, door, &mut checks);
        }
    }
    if let Some(login) = &sections.login {
        check_door("login", &login.door, &mut checks);
        if login.issuers.trust_list.is_none() {
            check_authorities("login", &login.door, &mut checks);
        }
        checks.require(
            login.oidc.is_none() || sections.signer.is_some(),
            "login.oidc",
            "i token chiedono la chiave di Pontile in [signer]",
        );
    }
    check_together(sections, &mut checks);
    check_record(sections, &mut checks);
    check_telemetry(sections, &mut checks);
    checks.mistakes
}

fn check_door(name: &str, door: &Door, checks: &mut Checks<'_>) {
    let path = |key: &str| format!("{name}.{key}");
    for (key, number) in [
        ("connections", door.connections),
        ("connections_per_address", door.connections_per_address),
        ("requests_per_address", door.requests_per_address as usize),
        (
            "requests_per_connection",
            door.requests_per_connection as usize,
        ),
    ] {
        checks.require(
            number > 0,
            &path(key),
            "con 0 non entra nessuno: serve almeno 1",
        );
    }
    for (key, span) in [
        ("handshake_timeout", door.handshake_timeout),
        ("slow_client_timeout", door.slow_client_timeout),
        ("idle_timeout", door.idle_timeout),
        ("request_deadline", door.request_deadline),
    ] {
        checks.require(
            !span.0.is_zero(),
            &path(key),
            "serve una durata maggiore di zero",
        );
    }
    checks.require(
        door.connections_per_address <= door.connections,
        &path("connections_per_address"),
        format!("supera le connessioni in tutto ({})", door.connections),
    );
    checks.require(
        door.body_size.0 >= 1024,
        &path("body_size"),
        "serve almeno 1KiB",
    );
    checks.require(
        door.body_size.0 <= 16 << 20,
        &path("body_size"),
        "al più 16MiB: nessuna operazione ne chiede di più",
    );
}

fn check_authorities(name: &str, door: &Door, checks: &mut Checks<'_>) {
    checks.require(
        !door.authorities.is_empty(),
        &format!("{name}.authorities"),
        "serve almeno un'autorità",
    );
}

fn check_together(sections: &Sections, checks: &mut Checks<'_>) {
    if let (Some(portals), Some(operators)) = (&sections.portal_door, &sections.operator_door) {
        checks.require(
            portals.address != operators.address || portals.address.port() == 0,
            "operator_door.address",
            "è lo stesso indirizzo della porta dei portali",
        );
    }
    if let (Some(record), Some(door)) = (&sections.record, &sections.portal_door) {
        checks.require(
            record.deadline.0 < door.request_deadline.0,
            "record.deadline",
            format!(
                "deve essere minore di portal_door.request_deadline ({})",
                door.request_deadline
            ),
        );
    }
    if let Some(node) = &sections.node {
        checks.require(node.nodes > 0, "node.nodes", "serve almeno 1: questo nodo");
        checks.require(
            (1..=1000).contains(&node.enti_at_once),
            "node.enti_at_once",
            "da 1 a 1000",
        );
        let on_sqlite =
            |record: &crate::config::record::RecordSettings| record.database.starts_with("sqlite:");
        checks.require(
            node.nodes <= 1 || !sections.record.as_ref().is_some_and(on_sqlite),
            "node.nodes",
            "più nodi chiedono PostgreSQL in record.database: SQLite è di un nodo solo",
        );
    }
    if let Some(cache) = &sections.cache {
        checks.require(
            cache.longest.0 <= Duration::from_hours(24),
            "cache.longest",
            "al più \"1d\": in memoria stanno dati personali",
        );
        checks.require(
            cache.stale_on_error.0 <= Duration::from_hours(24),
            "cache.stale_on_error",
            "al più \"1d\": in memoria stanno dati personali",
        );
    }
}

fn check_record(sections: &Sections, checks: &mut Checks<'_>) {
    if let Some(record) = &sections.record {
        let scheme = record.database.split(':').next().unwrap_or_default();
        checks.require(
            ["sqlite", "postgres", "postgresql"].contains(&scheme),
            "record.database",
            "serve sqlite:<cartella> oppure postgres://…",
        );
        checks.require(
            scheme != "sqlite" || record.password.is_none(),
            "record.password",
            "SQLite non ha password",
        );
        checks.require(record.slots > 0, "record.slots", "serve almeno 1");
        checks.require(
            !record.deadline.0.is_zero(),
            "record.deadline",
            "serve una durata maggiore di zero",
        );
    }
    if let Some(retention) = &sections.retention {
        checks.require(
            (1..=LONGEST_REQUESTS).contains(&retention.requests_days),
            "retention.requests_days",
            format!(
                "da 1 a {LONGEST_REQUESTS} giorni: una conservazione senza termine non è ammessa"
            ),
        );
        for (key, months, bounds) in [
            (
                "retention.exchanges_months",
                retention.exchanges_months,
                1..=LONGEST_EXCHANGES,
            ),
            (
                "retention.logs_months",
                retention.logs_months,
                1..=LONGEST_LOGS,
            ),
            (
                "retention.operators_months",
                retention.operators_months,
                SHORTEST_OPERATORS..=LONGEST_OPERATORS,
            ),
        ] {
            let (from, to) = (bounds.start(), bounds.end());
            let text =
                format!("da {from} a {to} mesi: una conservazione senza termine non è ammessa");
            checks.require(bounds.contains(&months), key, text);
        }
    }
}

fn check_telemetry(sections: &Sections, checks: &mut Checks<'_>) {
    if let Some(log) = &sections.log {
        checks.require(
            EnvFilter::builder().parse(&log.filter).is_ok(),
            "log.filter",
            "non è un filtro: serve un livello come \"info\", o \"pontile=debug,info\"",
        );
    }
    if let Some(traces) = &sections.traces {
        checks.require(traces.percent <= 100, "traces.percent", "da 0 a 100");
        let is_http =
            |endpoint: &String| endpoint.starts_with("http://") || endpoint.starts_with("https://");
        checks.require(
            traces.endpoint.as_ref().is_none_or(is_http),
            "traces.endpoint",
            "serve un indirizzo http:// o https://",
        );
    }
}
