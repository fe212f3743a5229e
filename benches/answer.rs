//! What reading an answer costs, without sockets: `cargo bench --bench answer` tells the time of turning it into the contract's JSON beside that
//! of a bare loop over the same bytes. Instructions per piece under callgrind:
//! `valgrind --tool=callgrind target/release/deps/answer-… --bench`, then `callgrind_annotate --inclusive=yes`.
#![allow(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on must say so"
)]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use pontile::connectors::adapter::{Adapter, AdapterOperation};
use pontile::connectors::call::{Answer, Call, Proofs, Turn};
use pontile::connectors::conversation::{Conversation, Credentials};
use pontile::connectors::drift::{Drift, Glance};
use pontile::connectors::examples::setting::Setting;
use pontile::connectors::exchange::Request;
use pontile::connectors::http::HttpResponse;
use pontile::contract::codice_fiscale::CodiceFiscale;
use pontile::contract::operation::{FieldSet, Operation};
use pontile::contract::provenienza::{Adattatore, Origine, Provenienza};
use pontile::contract::question::Parameters;
use pontile::contract::risposta;
use quick_xml::events::Event;
use secrecy::SecretString;
use serde::de::IgnoredAny;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exchanges per round, and rounds: the quickest counts.
const EXCHANGES: u32 = 2_000;
const ROUNDS: u32 = 9;

/// Stands for the fiscal code in the answers of the load benchmark.
const PLACE: &str = "@@@@@@@@@@@@@@@@";

fn main() {
    // `cargo test --all-targets` builds and starts benches too, without this argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("measures only when called as `cargo bench --bench answer`");
        return;
    }
    let only = std::env::var("ONLY").unwrap_or_default();
    for (adapter, answer, kind) in [
        (
            "civilia-next",
            "rest.json",
            "application/json; charset=utf-8",
        ),
        ("civilia-soap", "soap.xml", "text/xml; charset=utf-8"),
    ] {
        if adapter.contains(&only) {
            measure(adapter, answer, kind);
        }
    }
}

fn measure(adapter: &str, answer: &str, kind: &'static str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("adapters").join(adapter);
    let adapter = Adapter::load(&folder).expect("an adapter without mistakes");
    let setting = Setting::read(&folder, &adapter).unwrap();
    let code = "FOXLAX01B28D416I";
    let text = std::fs::read_to_string(root.join("benches/replies").join(answer)).unwrap();
    let mut back_end = HttpResponse {
        status: 200,
        headers: http::HeaderMap::new(),
        body: Bytes::from(text.replace(PLACE, code)),
    };
    back_end
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let parameters = Parameters::Persona {
        codice_fiscale: CodiceFiscale::parse(code).unwrap(),
    };
    let exchange = Exchange {
        adapter: &adapter,
        setting: &setting,
        parameters: &parameters,
        token: SecretString::from("TOKEN"),
        back_end,
    };
    Exchange::glance();
    exchange.look();
    // The first one reads tables that are then kept.
    let body = exchange.carry_out();
    let rounds = (0..ROUNDS).map(|_| {
        let began = Instant::now();
        bare(&exchange.back_end);
        let bare = began.elapsed() / EXCHANGES;
        (bare, exchange.turn_into_json())
    });
    let (bare, ours): (Vec<Duration>, Vec<Duration>) = rounds.unzip();
    let quickest = |times: &[Duration]| times.iter().min().copied().unwrap_or_default();
    let (bare, ours) = (quickest(&bare), quickest(&ours));
    println!(
        "{}: {ours:?} from {} bytes read to {} written, a bare loop {bare:?}: {:.2} times",
        adapter.name(),
        exchange.back_end.body.len(),
        body.len(),
        ours.as_secs_f64() / bare.as_secs_f64()
    );
}

/// What the library alone takes to go through the answer: what reading it with a mapping is measured against.
#[inline(never)]
fn bare(back_end: &HttpResponse) {
    let text = std::str::from_utf8(&back_end.body).unwrap();
    for _ in 0..EXCHANGES {
        if text.starts_with('<') {
            let mut reader = quick_xml::Reader::from_str(black_box(text));
            while !matches!(black_box(reader.read_event().unwrap()), Event::Eof) {}
        } else {
            black_box(serde_json::from_str::<IgnoredAny>(black_box(text)).unwrap());
        }
    }
}

struct Exchange<'a> {
    adapter: &'a Adapter,
    setting: &'a Setting,
    parameters: &'a Parameters,
    token: SecretString,
    back_end: HttpResponse,
}

impl Exchange<'_> {
    fn carry_out(&self) -> Vec<u8> {
        self.carry_out_timed(&mut Duration::default())
    }

    /// Adds what the answer took, from its bytes to ours.
    fn carry_out_timed(&self, took: &mut Duration) -> Vec<u8> {
        let operation = Operation::RicercaPersona;
        let known = self.adapter.operation(operation);
        let offered = known.map_or(FieldSet::NONE, AdapterOperation::fields);
        let call = Call {
            operation,
            tenant: &self.setting.tenant,
            parameters: self.parameters,
            fields: offered,
            deadline: Instant::now() + Duration::from_secs(5),
            portal: None,
            turn: Turn::Whole,
            traceparent: None,
            proofs: Proofs::default(),
        };
        let mut conversation = self.begin(&call);
        self.request(&mut conversation);
        let began = Instant::now();
        self.read(&mut conversation);
        let answer = self.finish(conversation);
        let body = Exchange::reply(&answer, &self.origine(&answer), offered);
        *took += began.elapsed();
        body
    }

    /// The time from an answer as it came to the contract's JSON, without what is asked for.
    fn turn_into_json(&self) -> Duration {
        let mut took = Duration::ZERO;
        for _ in 0..EXCHANGES {
            self.carry_out_timed(&mut took);
        }
        took / EXCHANGES
    }

    /// What every exchange pays for drift: whether it is time for a look.
    #[inline(never)]
    fn glance() {
        let glance = Glance::default();
        let now = Instant::now();
        for _ in 0..EXCHANGES {
            black_box(glance.is_due(black_box(now)));
        }
    }

    /// A look, of which an instance has at most one a second.
    #[inline(never)]
    fn look(&self) {
        let operation = Operation::RicercaPersona;
        let drift = Drift::default();
        let known = self.adapter.operation(operation);
        let step = &known.unwrap().steps()[0];
        for _ in 0..EXCHANGES {
            drift.look(self.adapter, operation, step, black_box(&self.back_end));
        }
    }

    fn credentials(&self) -> Credentials<'_> {
        Credentials {
            secrets: &self.setting.secrets,
            token: self.adapter.token().map(|_| &self.token),
        }
    }

    #[inline(never)]
    fn begin<'c>(&'c self, call: &'c Call<'c>) -> Conversation<'c> {
        let settings = &self.setting.settings;
        Conversation::begin(self.adapter, settings, call, self.setting.now).unwrap()
    }

    #[inline(never)]
    fn request(&self, conversation: &mut Conversation<'_>) {
        let step = conversation.step().unwrap();
        let request = conversation.request(step, self.credentials()).unwrap();
        assert!(matches!(black_box(request), Request::Http(_)));
    }

    #[inline(never)]
    fn read(&self, conversation: &mut Conversation<'_>) {
        let step = conversation.step().unwrap();
        let outcome = conversation.answered(step, black_box(&self.back_end), self.credentials());
        outcome.unwrap();
    }

    #[inline(never)]
    fn finish(&self, conversation: Conversation<'_>) -> Answer {
        let received = self.setting.now + Duration::from_nanos(123_456_789);
        conversation.finish(received)
    }

    #[inline(never)]
    fn origine(&self, answer: &Answer) -> Origine {
        Origine::of(&Provenienza {
            ente: self.setting.tenant.codice_istat.to_string(),
            adattatore: Adattatore {
                nome: self.adapter.name().to_owned(),
                versione: self.adapter.version().to_owned(),
            },
            fonte: answer.fonte,
            da_cache: false,
            scaduta: false,
            data_riferimento: answer.data_riferimento,
            rilevato_il: answer.rilevato_il,
        })
    }

    #[inline(never)]
    fn reply(answer: &Answer, origine: &Origine, wanted: FieldSet) -> Vec<u8> {
        let (document, missing) = (&answer.document, answer.unavailable);
        risposta::write(document, wanted, origine, (true, false), missing)
    }
}
