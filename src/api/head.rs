//! Reads what the heads of requests say: headers, path segments and queries, each checked; what is wrong is told by name, never by value.

use uuid::Uuid;

use crate::broker::error::Malformed;
use crate::contract::catalogo::{LIMITE_MASSIMO, LIMITE_PREDEFINITO};
use crate::contract::luogo::CodiceIstat;
use crate::contract::question::Parameters;

use super::http::Head;

/// The header that names the purpose of a request.
pub const PURPOSE_ID: &str = "Purpose-Id";

/// The header that names where an answer is to be delivered that comes later (ModI, NONBLOCK_PUSH_REST).
pub const X_REPLY_TO: &str = "X-ReplyTo";

/// The header under which a write is carried out once (draft-ietf-httpapi-idempotency-key-header).
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The headers in which tokens travel: ModI's, and that of the citizen.
pub const TOKENS: [&str; 4] = [
    "Authorization",
    "Agid-JWT-Signature",
    "Agid-JWT-TrackingEvidence",
    "Citizen-Token",
];

/// Something of the form expected elsewhere.
pub(super) fn wrong(field: &str, reason: impl Into<String>) -> Malformed {
    Malformed::Field {
        field: field.to_owned(),
        reason: reason.into(),
    }
}

/// Every header, names in small letters, where one of them carries a token; else none.
pub(super) fn fields_with_tokens(head: &Head) -> Vec<(String, Vec<u8>)> {
    let carries = TOKENS.iter().any(|name| head.field(name).is_some());
    if !carries {
        return Vec::new();
    }
    // No header can be called so: what a proof of possession is about.
    let request = [(":method", head.method()), (":path", head.path())];
    let request = request.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    let sent = head.all();
    let sent = sent.map(|(name, value)| (name.to_ascii_lowercase(), value.to_vec()));
    sent.chain(request).collect()
}

/// The purpose, where one is named: 1 to 64 letters, digits and `._:-`.
pub(super) fn purpose(head: &Head) -> Result<Option<String>, Malformed> {
    let mut named = head.fields(PURPOSE_ID);
    let Some(purpose) = named.next() else {
        return Ok(None);
    };
    if named.next().is_some() {
        return Err(wrong(PURPOSE_ID, "si indica una volta sola"));
    }
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._:-".contains(byte);
    match std::str::from_utf8(purpose) {
        Ok(text) if (1..=64).contains(&text.len()) && purpose.iter().all(allowed) => {
            Ok(Some(text.to_owned()))
        }
        _ => Err(wrong(
            PURPOSE_ID,
            "ha da 1 a 64 lettere, cifre o segni . _ : -",
        )),
    }
}

/// Where the portal wants an answer delivered that comes later: an address of at most 500 characters.
pub(super) fn reply_to(head: &Head) -> Result<Option<String>, Malformed> {
    let mut named = head.fields(X_REPLY_TO);
    let Some(address) = named.next() else {
        return Ok(None);
    };
    if named.next().is_some() {
        return Err(wrong(X_REPLY_TO, "si indica una volta sola"));
    }
    match std::str::from_utf8(address) {
        Ok(text) if (1..=500).contains(&text.len()) => Ok(Some(text.to_owned())),
        _ => Err(wrong(X_REPLY_TO, "è un indirizzo di al più 500 caratteri")),
    }
}

/// The key of a write: 8 to 128 letters, digits and `._:-`, in quotation marks (a string of RFC 9651) or without.
pub(super) fn idempotency_key(head: &Head) -> Result<Option<String>, Malformed> {
    let mut named = head.fields(IDEMPOTENCY_KEY);
    let Some(key) = named.next() else {
        return Ok(None);
    };
    if named.next().is_some() {
        return Err(wrong(IDEMPOTENCY_KEY, "si indica una volta sola"));
    }
    let quoted = key
        .strip_prefix(b"\"")
        .and_then(|key| key.strip_suffix(b"\""));
    let key = quoted.unwrap_or(key);
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._:-".contains(byte);
    match std::str::from_utf8(key) {
        Ok(text) if (8..=128).contains(&text.len()) && key.iter().all(allowed) => {
            Ok(Some(text.to_owned()))
        }
        _ => Err(wrong(
            IDEMPOTENCY_KEY,
            "ha da 8 a 128 lettere, cifre o segni . _ : -, meglio se un UUID",
        )),
    }
}

/// The number of a request that outlives its call.
pub(super) fn richiesta(segment: &str) -> Result<Uuid, Malformed> {
    Uuid::try_parse(segment).map_err(|_| wrong("id", "è il numero dato con la risposta 202 (UUID)"))
}

/// Whether the request asks for an answer that is not from the cache.
pub(super) fn wants_fresh(head: &Head) -> bool {
    head.fields("cache-control")
        .flat_map(|value| value.split(|byte| *byte == b','))
        .any(|directive| directive.trim_ascii().eq_ignore_ascii_case(b"no-cache"))
}

/// The entity tags that the portal knows.
pub(super) fn known_etag(head: &Head) -> Option<String> {
    let value = head.field("if-none-match")?;
    std::str::from_utf8(value).ok().map(str::to_owned)
}

/// The body must be JSON in UTF-8, not compressed.
pub(super) fn is_json(head: &Head) -> Result<(), Malformed> {
    // What nearly all say.
    if head.field("content-type") == Some(b"application/json")
        && head.field("content-encoding").is_none()
    {
        return Ok(());
    }
    let text = |name| {
        head.field(name)
            .map_or(Some(""), |value| std::str::from_utf8(value).ok())
    };
    let encoding = text("content-encoding")
        .is_some_and(|value| value.is_empty() || value.eq_ignore_ascii_case("identity"));
    let mut parts = text("content-type").unwrap_or("").split(';').map(str::trim);
    let json = parts
        .next()
        .is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    let utf8 = parts.all(|parameter| {
        let value = parameter
            .split_once('=')
            .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
        value.is_none_or(|(_, charset)| {
            charset
                .trim()
                .trim_matches('"')
                .eq_ignore_ascii_case("utf-8")
        })
    });
    if json && utf8 && encoding {
        Ok(())
    } else {
        Err(Malformed::MediaType)
    }
}

/// Whether the portal names that media type among those that it takes.
pub(super) fn accepts(head: &Head, media_type: &str) -> bool {
    let accepted = head.field("accept").unwrap_or_default();
    let accepted = std::str::from_utf8(accepted).unwrap_or_default();
    accepted.split(',').any(|media| {
        let name = media.split(';').next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case(media_type)
    })
}

/// The ente that the path names.
pub(super) fn ente(segment: &str) -> Result<CodiceIstat, Malformed> {
    CodiceIstat::parse(segment).ok_or_else(|| wrong("codice_istat", "ha sei cifre"))
}

/// Personal data never stand in a query, and nothing else is expected there.
pub(super) fn no_query(head: &Head) -> Result<(), Malformed> {
    if head.query().is_empty() {
        Ok(())
    } else {
        Err(wrong(
            "parametri",
            "questa risorsa non ne prevede nell'indirizzo",
        ))
    }
}

/// The page asked for: `cursor` and `limit`, each at most once.
pub(super) fn page(head: &Head) -> Result<Parameters, Malformed> {
    let (mut cursor, mut limit) = (None, None);
    let pairs = head.query().split('&');
    for pair in pairs.filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let place = match name {
            "cursor" => &mut cursor,
            "limit" => &mut limit,
            _ => return Err(wrong("parametri", "sono ammessi solo cursor e limit")),
        };
        if place.replace(value).is_some() {
            return Err(wrong(name, "si indica una volta sola"));
        }
    }
    let dopo = cursor
        .map(|value| {
            CodiceIstat::parse(value)
                .ok_or_else(|| wrong("cursor", "è il valore dato dalla pagina precedente"))
        })
        .transpose()?;
    let limite = limit.map_or(Ok(LIMITE_PREDEFINITO), |value: &str| {
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        value
            .parse::<u16>()
            .ok()
            .filter(|limit| digits && (1..=LIMITE_MASSIMO).contains(limit))
            .ok_or_else(|| {
                wrong(
                    "limit",
                    format!("è un numero intero da 1 a {LIMITE_MASSIMO}"),
                )
            })
    })?;
    Ok(Parameters::Pagina { dopo, limite })
}
