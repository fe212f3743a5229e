//! One connection of the login host: handshake, one request, one page, end.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use chrono::Utc;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::api::http::{Head, Line, Response};
use crate::trust::wanted;
use crate::trust::{Distrust, Peer, PeerCertificate, Trust, Verdict};

use super::card::Card;
use super::forwarded::Misuse;
use super::page::{self, Told};
use super::{Host, Refusal, authorize, card, forwarded};
use crate::oidc::Provider;

/// The label in metrics, as the configuration names the section.
const LABEL: &str = "login";

/// Takes a socket in and answers its one request. Why not is counted.
pub(super) async fn serve(host: Arc<Host>, socket: TcpStream, closing: watch::Receiver<bool>) {
    let metrics = &host.gateway.telemetry.metrics;
    let Ok(address) = socket.peer_addr() else {
        return;
    };
    let Some(_place) = host.gate.enter(address.ip()) else {
        metrics.handshake_rejected(LABEL, "no_place");
        return;
    };
    let Some(trust) = host.gateway.snapshot().login_trust.clone() else {
        return;
    };
    match shake_hands(&host, &trust, socket).await {
        Err(reason) => metrics.handshake_rejected(LABEL, reason),
        Ok(shown) => {
            metrics.handshake_accepted(LABEL);
            // The client is gone or does not read.
            let _ = answer(&host, &trust, shown, closing).await;
        }
    }
}

/// What a handshake showed.
struct Shown {
    line: Line,
    /// The card's certificate; none where no card was shown.
    peer: Result<Option<Peer>, Refusal>,
    /// The host that was asked for by SNI.
    is_ours: bool,
    address: IpAddr,
}

/// The citizen types the PIN meanwhile, hence a time of its own.
async fn shake_hands(host: &Host, trust: &Trust, socket: TcpStream) -> Result<Shown, &'static str> {
    let door = &host.login.door;
    let address = socket.peer_addr().map_err(|_| "hung_up")?.ip();
    let handshake = TlsAcceptor::from(trust.server_config()).accept(socket);
    let stream = match tokio::time::timeout(door.handshake_timeout.0, handshake).await {
        Err(_) => return Err("timeout"),
        Ok(Err(_)) => return Err("protocol"),
        Ok(Ok(stream)) => stream,
    };
    let tls = stream.get_ref().1;
    let peer = match tls.peer_certificates() {
        None | Some([]) => Ok(None),
        Some(chain) => trust.peer(chain).map(Some).ok_or(Refusal::Unreadable),
    };
    let is_ours = tls.server_name() == Some(host.login.name.as_str());
    Ok(Shown {
        line: Line::new(stream, door.slow_client_timeout.0, door.idle_timeout.0),
        peer,
        is_ours,
        address,
    })
}

async fn answer(
    host: &Host,
    trust: &Trust,
    mut shown: Shown,
    mut closing: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut closing = Box::pin(async move {
        // An error tells that nobody is left to close: the same.
        let _ = closing.changed().await;
    });
    let (response, to_head) = match shown.line.head(&mut closing).await {
        Ok(None) => return Ok(()),
        Err(_) => (page::of(Told::NotUnderstood), false),
        Ok(Some(head)) => {
            let response = if shown.is_ours && names(&head, &host.login.name) {
                let proxy = host.login.proxy.as_ref();
                match forwarded::card(proxy, shown.address, trust, &shown.peer, &head) {
                    Ok(card) => route(host, trust, &card, &head),
                    Err(misuse) => misused(host, misuse),
                }
            } else {
                // Else a browser could send here, over a connection with a card, what is meant for another host.
                page::of(Told::Misdirected)
            };
            (response, head.method() == "HEAD")
        }
    };
    shown.line.send(&response.written(true, to_head)).await?;
    shown.line.end(true).await;
    Ok(())
}

/// No card is read where a header says what it may not.
fn misused(host: &Host, misuse: Misuse) -> Response {
    let metrics = &host.gateway.telemetry.metrics;
    metrics.handshake_rejected(LABEL, misuse.name());
    page::of(match misuse {
        Misuse::Unlisted => Told::ForwardedByStranger,
        Misuse::Twice => Told::ForwardedTwice,
    })
}

/// Whether `Host` is ours, whatever the port.
fn names(head: &Head, name: &str) -> bool {
    let written = head
        .field("host")
        .and_then(|host| std::str::from_utf8(host).ok());
    let host = written.map(|host| match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|one| one.is_ascii_digit()) => host,
        _ => host,
    });
    host.is_some_and(|host| host.eq_ignore_ascii_case(name))
}

fn route(
    host: &Host,
    trust: &Trust,
    peer: &Result<Option<Peer>, Refusal>,
    head: &Head,
) -> Response {
    match (head.method(), head.path()) {
        ("GET" | "HEAD", "/stile.css") => page::style(),
        ("GET" | "HEAD", "/") => page::of(match judge(host, trust, peer) {
            Ok(card) => Told::Recognized(card.kind),
            Err(refusal) => Told::Refused(refusal),
        }),
        // A frame, an image or a script of some page asks unseen, with the card that the browser has open: only a page of its own may.
        ("GET", "/accesso") if !is_page(head) => page::of(Told::Misdirected),
        ("GET", "/accesso") => authorize::answer(host, head.query(), || judge(host, trust, peer)),
        ("GET" | "HEAD", "/.well-known/openid-configuration") => {
            document(host, Provider::discovery)
        }
        ("GET" | "HEAD", "/chiavi.json") => document(host, Provider::key_set),
        (
            _,
            "/" | "/stile.css" | "/accesso" | "/.well-known/openid-configuration" | "/chiavi.json",
        ) => page::of(Told::MethodUnknown),
        _ => page::of(Told::NoSuchPage),
    }
}

/// Whether what comes is to be a page of its own, as far as the browser says.
fn is_page(head: &Head) -> bool {
    let destination = head.field("sec-fetch-dest");
    destination.is_none_or(|destination| destination == b"document")
}

/// A document of the log-in, where there is one.
fn document(host: &Host, of: impl FnOnce(&Provider) -> serde_json::Value) -> Response {
    match &host.gateway.snapshot().oidc {
        Some(provider) => page::document(&of(provider)),
        None => page::of(Told::NoSuchPage),
    }
}

/// A card of a recognized issuer whose revocation list nobody has says where it is; a host that is not configured is never asked.
fn want_lists(host: &Host, trust: &Trust, peer: &PeerCertificate) {
    let unknown = Verdict::Refused(Distrust::RevocationUnknown);
    let snapshot = host.gateway.snapshot();
    let lists = snapshot
        .card_issuers
        .as_ref()
        .and_then(|issuers| issuers.revocation_lists.as_ref());
    if let Some(lists) = lists
        && trust.judge(peer, Utc::now()) == unknown
    {
        let named = peer.chain.iter().flat_map(|one| wanted::addresses_of(one));
        let allowed = named.filter(|address| lists.allows(address));
        host.gateway.wanted_lists.want(allowed);
    }
}

/// Judges the card under the trust of the handshake; only the kind of the outcome is counted and logged.
fn judge(
    host: &Host,
    trust: &Trust,
    peer: &Result<Option<Peer>, Refusal>,
) -> Result<Card, Refusal> {
    let judged = match peer {
        Ok(Some(peer)) => card::judge(trust, peer, Utc::now()),
        Ok(None) => Err(Refusal::NotSeen),
        Err(refusal) => Err(*refusal),
    };
    if let (Err(Refusal::Unverifiable), Ok(Some(peer))) = (&judged, peer) {
        want_lists(host, trust, peer);
    }
    if let Err(refusal) = &judged {
        let reason = refusal.name();
        host.gateway
            .telemetry
            .metrics
            .handshake_rejected(LABEL, reason);
        if refusal.is_ours() {
            tracing::error!(
                reason,
                "carte non verificabili: va sistemata la configurazione"
            );
        }
    }
    judged
}
