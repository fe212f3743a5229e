//! Reads the heads of requests: headers, path segments and queries, each checked; what is wrong is told by name, never by value.

use actix_web::HttpRequest;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, IF_NONE_MATCH,
};

use crate::broker::error::Malformed;
use crate::contract::catalogo::{LIMITE_MASSIMO, LIMITE_PREDEFINITO};
use crate::contract::luogo::CodiceIstat;
use crate::contract::question::Parameters;

/// Bytes of path, query and headers at most.
pub(super) const LARGEST_HEAD: usize = 16 << 10;

/// The header that names the purpose of a request.
pub const PURPOSE_ID: &str = "Purpose-Id";

/// Something of the form expected elsewhere.
pub(super) fn wrong(field: &str, reason: impl Into<String>) -> Malformed {
    Malformed::Field {
        field: field.to_owned(),
        reason: reason.into(),
    }
}

/// Refuses heads that are out of proportion.
pub(super) fn size(request: &HttpRequest) -> Result<(), Malformed> {
    let headers: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    let whole = headers + request.uri().path().len() + request.query_string().len();
    if whole <= LARGEST_HEAD {
        Ok(())
    } else {
        Err(Malformed::HeadTooLarge {
            limit: LARGEST_HEAD,
        })
    }
}

/// The purpose, where one is named: 1 to 64 letters, digits and `._:-`.
pub(super) fn purpose(headers: &HeaderMap) -> Result<Option<String>, Malformed> {
    let mut named = headers.get_all(PURPOSE_ID);
    let (Some(purpose), None) = (named.next(), named.next()) else {
        return if headers.contains_key(PURPOSE_ID) {
            Err(wrong(PURPOSE_ID, "si indica una volta sola"))
        } else {
            Ok(None)
        };
    };
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._:-".contains(byte);
    match purpose.to_str() {
        Ok(text) if (1..=64).contains(&text.len()) && text.as_bytes().iter().all(allowed) => {
            Ok(Some(text.to_owned()))
        }
        _ => Err(wrong(
            PURPOSE_ID,
            "ha da 1 a 64 lettere, cifre o segni . _ : -",
        )),
    }
}

/// Whether the request asks for an answer that is not from the cache.
pub(super) fn wants_fresh(headers: &HeaderMap) -> bool {
    headers
        .get_all(CACHE_CONTROL)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|directive| directive.trim().eq_ignore_ascii_case("no-cache"))
}

/// The entity tags that the portal knows.
pub(super) fn known_etag(headers: &HeaderMap) -> Option<String> {
    headers
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

/// The body must be JSON in UTF-8, not compressed.
pub(super) fn is_json(headers: &HeaderMap) -> Result<(), Malformed> {
    let text = |name| {
        headers
            .get(name)
            .map_or(Some(""), |value| value.to_str().ok())
    };
    let encoding = text(CONTENT_ENCODING)
        .is_some_and(|value| value.is_empty() || value.eq_ignore_ascii_case("identity"));
    let mut parts = text(CONTENT_TYPE).unwrap_or("").split(';').map(str::trim);
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

/// The ente that the path names.
pub(super) fn ente(request: &HttpRequest) -> Result<CodiceIstat, Malformed> {
    let segment = request.match_info().get("codice_istat").unwrap_or("");
    CodiceIstat::parse(segment).ok_or_else(|| wrong("codice_istat", "ha sei cifre"))
}

/// Personal data never stand in a query, and nothing else is expected there.
pub(super) fn no_query(request: &HttpRequest) -> Result<(), Malformed> {
    if request.query_string().is_empty() {
        Ok(())
    } else {
        Err(wrong(
            "parametri",
            "questa risorsa non ne prevede nell'indirizzo",
        ))
    }
}

/// The page asked for: `cursor` and `limit`, each at most once.
pub(super) fn page(request: &HttpRequest) -> Result<Parameters, Malformed> {
    let (mut cursor, mut limit) = (None, None);
    for pair in request
        .query_string()
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
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
