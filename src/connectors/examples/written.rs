//! How examples write what goes to a back end and what comes from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

use crate::connectors::exchange::{FilesRequest, Request, SqlRequest};
use crate::connectors::http::{HttpRequest, HttpResponse};
use crate::connectors::mapping::Mapping;
use crate::connectors::sql::row::SqlRow;

/// What a request's file ends in.
pub fn request_ending(request: &Request<'_>) -> &'static str {
    match request {
        Request::Http(_) => "http",
        Request::Sql(_) | Request::Files(_) => "txt",
    }
}

/// What is sent, as the examples write it.
pub fn request(request: &Request<'_>) -> String {
    match request {
        Request::Http(request) => http_request(request),
        Request::Sql(request) => statement(request),
        Request::Files(request) => search(request),
    }
}

/// Request line, headers, blank line, body.
pub fn http_request(request: &HttpRequest) -> String {
    let mut text = format!("{} {}\n", request.method, request.path);
    for (name, value) in &request.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        text.extend([name.as_str(), ": ", &value, "\n"]);
    }
    text += "\n";
    text += &String::from_utf8_lossy(&request.body);
    text.trim_end().to_owned()
}

/// The statement's file and what is bound.
fn statement(request: &SqlRequest<'_>) -> String {
    let values = request.values.iter();
    let values = values.map(|(name, value)| format!("\n:{name} = {}", json!(value)));
    format!("{}{}", request.query.file, values.collect::<String>())
}

/// The table, what is searched in it, and what is taken or added.
fn search(request: &FilesRequest<'_>) -> String {
    let mut text = request.table.to_owned();
    for (word, conditions) in [("o", &request.any_of), ("solo", &request.only)] {
        for (column, value) in conditions {
            text += &format!("\n{word} {column} = {}", json!(value));
        }
    }
    for (table, column) in request.with {
        text += &format!("\ncon {table} per {column}");
    }
    text
}

/// Reads an answer: status line, headers, blank line, body. `Err` says what is wrong with it.
pub fn http_response(text: &str) -> Result<HttpResponse, String> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split_whitespace().nth(1));
    let status = status.and_then(|status| status.parse().ok());
    let mut headers = HeaderMap::new();
    for line in lines {
        let header = line.split_once(':').and_then(|(name, value)| {
            let name = HeaderName::try_from(name.trim()).ok()?;
            Some((name, HeaderValue::from_str(value.trim()).ok()?))
        });
        let (name, value) = header.ok_or("una riga dell'intestazione non è «nome: valore»")?;
        headers.insert(name, value);
    }
    Ok(HttpResponse {
        status: status.ok_or("la prima riga deve essere come «HTTP/1.1 200 OK»")?,
        headers,
        body: Bytes::from(body.trim_end().to_owned()),
    })
}

/// Writes an answer whose text is already decoded: of the headers only those that mappings and rules look at.
pub fn write_http_response(status: u16, headers: &HeaderMap, text: &str) -> String {
    let reason = http::StatusCode::from_u16(status).ok();
    let reason = reason
        .and_then(|status| status.canonical_reason())
        .unwrap_or("");
    let mut written = format!("HTTP/1.1 {status} {reason}").trim_end().to_owned() + "\n";
    for name in [CONTENT_TYPE, RETRY_AFTER] {
        let Some(value) = headers.get(&name).and_then(|value| value.to_str().ok()) else {
            continue;
        };
        // The file itself is of UTF-8, whatever the bytes were.
        let value = match value.split_once(';') {
            Some((kind, _)) if name == CONTENT_TYPE => format!("{}; charset=utf-8", kind.trim()),
            _ => value.to_owned(),
        };
        written += &format!("{name}: {value}\n");
    }
    format!("{written}\n{}\n", text.trim_end())
}

/// Reads rows: JSON lines, one object per row; columns not written are NULL.
pub fn rows(text: &str, mapping: &Mapping) -> Result<Vec<SqlRow>, String> {
    let mut names: Vec<String> = mapping.shape.columns().map(str::to_lowercase).collect();
    let mut read = Vec::new();
    for (number, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let row: Result<BTreeMap<String, Option<String>>, _> = serde_json::from_str(line);
        let row =
            row.map_err(|_| format!("la riga {} non è un oggetto JSON di testi", number + 1))?;
        let row: BTreeMap<String, Option<String>> = row
            .into_iter()
            .map(|(name, text)| (name.to_lowercase(), text))
            .collect();
        for name in row.keys() {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        read.push(row);
    }
    let names: Arc<[String]> = names.into();
    let rows = read.into_iter().map(|row| {
        let values = names.iter().map(|name| row.get(name).cloned().flatten());
        SqlRow::new(Arc::clone(&names), values.collect())
    });
    Ok(rows.collect())
}

/// Writes rows as JSON lines.
pub fn write_rows(rows: &[SqlRow]) -> String {
    rows.iter().map(|row| format!("{}\n", json!(row))).collect()
}
