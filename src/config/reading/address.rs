//! Addresses of databases and back ends: a known scheme, no password, a file's path made absolute.

use super::value::Value;
use super::{Read, Reader};

/// An address as connectors and the store take it.
pub struct Address(pub String);

/// Schemes with a host.
const SCHEMES: [&str; 6] = ["http", "https", "postgres", "postgresql", "mysql", "sftp"];

impl Read for Address {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let expected = "un indirizzo http:, https:, sqlite:, postgres:, mysql:, folder: o sftp:, oppure operatori:";
        let Some(text) = value.text() else {
            return value.refuse(reader, expected);
        };
        let read = match text.split_once(':') {
            Some((scheme @ ("sqlite" | "folder"), path)) if !path.is_empty() => {
                let path = value.source().folder.join(path.trim_start_matches("//"));
                Ok(format!("{scheme}:{}", path.display()))
            }
            // Nobody is called: an officer answers on the operators' page.
            Some(("operatori", "")) => Ok(text.to_owned()),
            Some((scheme, rest)) if SCHEMES.contains(&scheme) => {
                with_host(rest).map(|()| text.to_owned())
            }
            _ => Err(format!("serve {expected}")),
        };
        match read {
            Ok(address) => Some(Address(address)),
            // The text may hold a password: it is not repeated.
            Err(reason) => {
                reader.mistake(&value.place(), reason);
                None
            }
        }
    }
}

fn with_host(rest: &str) -> Result<(), String> {
    let rest = rest.strip_prefix("//").unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if user.contains(':') {
        return Err("una password non sta nell'indirizzo: va data per riferimento".to_owned());
    }
    let spoilt = |character: char| character.is_whitespace() || character.is_control();
    if host.is_empty() || host.starts_with(':') || rest.contains(spoilt) {
        return Err("l'indirizzo non ha un nome di host valido".to_owned());
    }
    Ok(())
}
