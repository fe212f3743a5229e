//! Export of sampled exchanges as OpenTelemetry spans, over OTLP/HTTP, in batches, by a thread of its own.

use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor,
};

use crate::contract::operation::Operation;
use crate::contract::side::Side;

use super::exchange::ExchangeSeen;

/// The path of traces at a collector (OTLP/HTTP).
const PATH: &str = "/v1/traces";

/// Spans that may wait for the collector; more are dropped, serving never waits.
const QUEUE: usize = 8192;

/// A collector that does not answer within this time loses the batch.
const PATIENCE: Duration = Duration::from_secs(5);

/// The export, from its thread's start to its last batch.
#[derive(Debug)]
pub struct Traces {
    batches: BatchSpanProcessor,
    scope: InstrumentationScope,
}

impl Traces {
    /// Starts the export to a collector, `http(s)://host:port` with the usual path or another one.
    pub fn start(endpoint: &str, node: &str) -> Result<Traces, ExporterBuildError> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(with_path(endpoint))
            .with_timeout(PATIENCE)
            .build()?;
        let bounds = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_scheduled_delay(Duration::from_secs(1))
            .build();
        let mut batches = BatchSpanProcessor::builder(exporter)
            .with_batch_config(bounds)
            .build();
        let resource = Resource::builder_empty()
            .with_service_name(env!("CARGO_PKG_NAME"))
            .with_attributes([
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
                KeyValue::new("service.instance.id", node.to_owned()),
            ])
            .build();
        batches.set_resource(&resource);
        Ok(Traces {
            batches,
            scope: InstrumentationScope::builder(env!("CARGO_PKG_NAME")).build(),
        })
    }

    /// Exports an exchange if its trace is sampled: a span, and a child for each stage that it reached.
    pub fn exchange(&self, seen: &ExchangeSeen<'_>) {
        if !seen.trace.sampled {
            return;
        }
        let begun = SystemTime::from(seen.begun);
        let own = SpanId::from_bytes(seen.trace.span_id);
        let mut stage_begins = begun;
        for (stage, took) in seen.times.stages() {
            if !took.is_zero() {
                let mut span = self.span(
                    seen,
                    SpanId::from_bytes(rand::random()),
                    own,
                    stage.into(),
                    stage_begins,
                    took,
                );
                if stage == "dispatch" {
                    span.span_kind = SpanKind::Client;
                }
                self.batches.on_end(span);
                stage_begins += took;
            }
        }
        let parent = seen
            .trace
            .parent
            .map_or(SpanId::INVALID, SpanId::from_bytes);
        let name = seen.operation.map_or("exchange", Operation::name);
        let mut span = self.span(seen, own, parent, name.into(), begun, seen.times.total);
        span.span_kind = SpanKind::Server;
        span.parent_span_is_remote = seen.trace.parent.is_some();
        span.attributes = attributes(seen);
        if matches!(seen.side, Some(Side::Gateway | Side::Ente)) {
            span.status = Status::error(seen.outcome);
        }
        self.batches.on_end(span);
    }

    fn span(
        &self,
        seen: &ExchangeSeen<'_>,
        own: SpanId,
        parent: SpanId,
        name: std::borrow::Cow<'static, str>,
        begun: SystemTime,
        took: Duration,
    ) -> SpanData {
        let trace = TraceId::from_bytes(seen.trace.trace_id);
        SpanData {
            span_context: SpanContext::new(
                trace,
                own,
                TraceFlags::SAMPLED,
                false,
                TraceState::NONE,
            ),
            parent_span_id: parent,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name,
            start_time: begun,
            end_time: begun + took,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: self.scope.clone(),
        }
    }

    /// Sends what waits and ends the export. Blocks for some seconds at most, so not on a thread that serves.
    pub fn shut_down(&self) {
        if let Err(error) = self.batches.shutdown_with_timeout(PATIENCE) {
            tracing::warn!(cause = %error, "the last traces were not exported");
        }
    }
}

fn attributes(seen: &ExchangeSeen<'_>) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("pontile.scambio", seen.scambio.to_string()),
        KeyValue::new("pontile.generation", seen.generation.cast_signed()),
        KeyValue::new("pontile.outcome", seen.outcome),
        KeyValue::new("http.response.status_code", i64::from(seen.status)),
    ];
    let named = [
        ("pontile.portal", seen.portal),
        ("pontile.ente", seen.ente),
        ("pontile.adapter", seen.adapter),
        ("pontile.side", seen.side.map(Side::name)),
        ("pontile.cache", seen.cache),
    ];
    attributes.extend(
        named
            .into_iter()
            .filter_map(|(name, value)| Some(KeyValue::new(name, value?.to_owned()))),
    );
    attributes
}

/// The endpoint with the standard path, unless it has one of its own.
fn with_path(endpoint: &str) -> String {
    let authority = endpoint.find("://").map_or(0, |scheme| scheme + 3);
    match endpoint[authority..].find('/') {
        None => format!("{endpoint}{PATH}"),
        Some(path) if authority + path == endpoint.len() - 1 => {
            format!("{}{PATH}", &endpoint[..endpoint.len() - 1])
        }
        Some(_) => endpoint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    use super::*;
    use crate::telemetry::exchange::tests::{answered, failed};

    /// Takes one export and gives its head and body.
    fn collector() -> (String, JoinHandle<(String, Vec<u8>)>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let receiver = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line == "\r\n" {
                    break;
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
            reader.into_inner().write_all(answer).unwrap();
            (head, body)
        });
        (endpoint, receiver)
    }

    fn holds(body: &[u8], part: &[u8]) -> bool {
        body.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn a_sampled_exchange_reaches_the_collector_with_its_stages() {
        let (endpoint, receiver) = collector();
        let traces = Traces::start(&endpoint, "nodo-1").unwrap();
        let seen = answered();
        traces.exchange(&seen);
        traces.shut_down();
        let (head, body) = receiver.join().unwrap();
        assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
        assert!(
            head.to_ascii_lowercase()
                .contains("content-type: application/x-protobuf"),
            "{head}"
        );
        assert!(holds(&body, &seen.trace.trace_id) && holds(&body, &seen.trace.span_id));
        assert!(
            holds(&body, &seen.trace.parent.unwrap()),
            "the portal's span is the parent"
        );
        for text in [
            "pontile",
            "nodo-1",
            "anagrafe.ricerche-persona",
            "portale-uno",
            "013075",
            "civilia-next",
        ] {
            assert!(holds(&body, text.as_bytes()), "{text}");
        }
        for (stage, _) in seen.times.stages() {
            assert!(holds(&body, stage.as_bytes()), "{stage}");
        }
    }

    #[test]
    fn only_sampled_exchanges_are_exported() {
        let (endpoint, receiver) = collector();
        let traces = Traces::start(&endpoint, "nodo-1").unwrap();
        let mut unsampled = answered();
        unsampled.trace.sampled = false;
        traces.exchange(&unsampled);
        traces.exchange(&failed());
        traces.shut_down();
        let (_, body) = receiver.join().unwrap();
        assert!(holds(&body, b"ente-non-raggiungibile") && !holds(&body, b"risposto"));
    }

    #[test]
    fn a_collector_that_is_away_delays_nobody() {
        let closed = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let traces = Traces::start(&format!("http://{closed}"), "nodo-1").unwrap();
        let begun = std::time::Instant::now();
        for _ in 0..20_000 {
            traces.exchange(&answered());
        }
        assert!(
            begun.elapsed() < Duration::from_secs(2),
            "{:?}",
            begun.elapsed()
        );
    }

    #[test]
    fn the_standard_path_is_added_where_there_is_none() {
        assert_eq!(
            with_path("http://collector:4318"),
            "http://collector:4318/v1/traces"
        );
        assert_eq!(
            with_path("http://collector:4318/"),
            "http://collector:4318/v1/traces"
        );
        assert_eq!(
            with_path("https://collector/otlp/v1/traces"),
            "https://collector/otlp/v1/traces"
        );
    }
}
