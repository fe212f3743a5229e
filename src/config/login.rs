//! `[login]`: the host at which citizens show their cards, with its own listener; absent where nobody does.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::door::Door;
use super::reading::table::Table;
use super::reading::{FromTable, Reader};
use super::units::{Size, Span};

/// Largest body: a form of a few fields.
const BODY: Size = Size(16 << 10);

/// The login host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Its own name, told by SNI and by `Host`.
    pub name: String,
    /// Listener and trust: the authorities are those whose cards are recognized.
    pub door: Door,
}

impl FromTable for Login {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let name: Option<String> = table.required("name", reader);
        let place = table
            .values("name")
            .next()
            .map(super::reading::value::Value::place);
        let address: Option<SocketAddr> = table.required("address", reader);
        let certificate: Option<PathBuf> = table.required("certificate", reader);
        let key: Option<PathBuf> = table.required("key", reader);
        let authorities: Option<Vec<PathBuf>> = table.required("authorities", reader);
        let revocations: Option<Vec<PathBuf>> = table.required("revocations", reader);
        let connections = table.or("connections", 200, reader);
        let connections_per_address = table.or("connections_per_address", 20, reader);
        let pin_timeout = table.or("pin_timeout", seconds(120), reader);
        let slow_client_timeout = table.or("slow_client_timeout", seconds(10), reader);
        let shutdown_grace = table.or("shutdown_grace", seconds(5), reader);
        table.finish(reader);
        let name = name?;
        if !is_host(&name) {
            if let Some(place) = place {
                reader.mistake(
                    &place,
                    "serve un nome di host in minuscolo, come \"carte.provincia.example\"",
                );
            }
            return None;
        }
        let slow_client_timeout = slow_client_timeout?;
        Some(Login {
            name,
            door: Door {
                address: address?,
                certificate: certificate?,
                key: key?,
                authorities: authorities?,
                revocations: revocations?,
                connections: connections?,
                connections_per_address: connections_per_address?,
                // One request a connection, so the limits on connections are those on requests.
                requests_per_address: 1,
                requests_per_connection: 1,
                handshake_timeout: pin_timeout?,
                slow_client_timeout,
                idle_timeout: slow_client_timeout,
                request_deadline: slow_client_timeout,
                body_size: BODY,
                shutdown_grace: shutdown_grace?,
                workers: 1,
            },
        })
    }
}

fn seconds(number: u64) -> Span {
    Span(Duration::from_secs(number))
}

/// Letters, digits, hyphens and dots, as SNI carries it.
fn is_host(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'-')
    };
    name.len() <= 253 && name.split('.').all(label)
}
