//! Writes the documentation page out of the documents: operations, parameters, answers, schemas, problems.

use std::fmt::Write;

use serde_json::Value;

use crate::api::documents::{Document, documents};
use crate::api::problem::TABLE;

/// The page.
pub(super) fn written() -> String {
    let mut page = String::from(
        "<!doctype html>\n<html lang=\"it\">\n<head>\n<meta charset=\"utf-8\">\n<title>Pontile: documentazione per i portali</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<link rel=\"stylesheet\" href=\"/docs/stile.css\">\n</head>\n<body>\n\
         <h1>Pontile: documentazione per i portali</h1>\n<ul>\n",
    );
    for document in documents() {
        let name = document.domain.name();
        let title = escaped(&document.api.info.title);
        line(
            &mut page,
            &format!(
                "<li><a href=\"#{name}\">{title}</a> (<a href=\"/docs/{name}.yaml\">OpenAPI</a>)</li>"
            ),
        );
    }
    page.push_str("<li><a href=\"#problemi\">Problemi</a></li>\n</ul>\n");
    for document in documents() {
        domain(&mut page, document);
    }
    problems(&mut page);
    page.push_str("</body>\n</html>\n");
    page
}

fn domain(page: &mut String, document: &Document) {
    // As JSON the document can be walked without naming the dozens of types that it is made of.
    let api = serde_json::to_value(&document.api).unwrap_or_default();
    let name = document.domain.name();
    line(
        page,
        &format!("<h2 id=\"{name}\">{}</h2>", text(&api["info"]["title"])),
    );
    line(
        page,
        &format!("<p>{}</p>", text(&api["info"]["description"])),
    );
    for (path, item) in members(&api["paths"]) {
        for (method, operation) in members(item) {
            line(
                page,
                &format!(
                    "<h3><span class=\"metodo\">{}</span> <code>/rest/{name}/v1{}</code></h3>",
                    method.to_uppercase(),
                    escaped(path)
                ),
            );
            line(
                page,
                &format!(
                    "<p><strong>{}.</strong> {}</p>",
                    text(&operation["summary"]),
                    text(&operation["description"])
                ),
            );
            parameters(page, &api, operation);
            body(page, operation);
            answers(page, operation);
        }
    }
    for (schema, content) in members(&api["components"]["schemas"]) {
        properties(page, name, schema, content);
    }
}

fn parameters(page: &mut String, api: &Value, operation: &Value) {
    let Some(parameters) = operation["parameters"].as_array() else {
        return;
    };
    table(page, "Parametri", ["Nome", "Dove", "Descrizione"]);
    for parameter in parameters {
        let parameter = resolved(api, parameter);
        row(
            page,
            [
                &code(&parameter["name"]),
                &text(&parameter["in"]),
                &text(&parameter["description"]),
            ],
        );
    }
    page.push_str("</table>\n");
}

fn body(page: &mut String, operation: &Value) {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    if let Some(reference) = schema["$ref"].as_str() {
        let name = last_segment(reference);
        line(
            page,
            &format!(
                "<p>Corpo: <code>{}</code>. {}</p>",
                escaped(name),
                text(&operation["requestBody"]["description"])
            ),
        );
    }
}

fn answers(page: &mut String, operation: &Value) {
    let statuses: Vec<String> = members(&operation["responses"])
        .map(|(status, response)| match schema_of(response) {
            Some(schema) => format!("{status} <code>{}</code>", escaped(schema)),
            None => status.clone(),
        })
        .collect();
    line(page, &format!("<p>Risposte: {}.</p>", statuses.join(", ")));
}

fn schema_of(response: &Value) -> Option<&str> {
    let (_, content) = response["content"].as_object()?.iter().next()?;
    content["schema"]["$ref"].as_str().map(last_segment)
}

fn properties(page: &mut String, domain: &str, name: &str, schema: &Value) {
    // A rule over several fields stands beside the object that has them; its description tells it too.
    let schema = schema["allOf"].get(0).unwrap_or(schema);
    line(
        page,
        &format!(
            "<h4 id=\"{domain}-{0}\"><code>{0}</code></h4>",
            escaped(name)
        ),
    );
    line(page, &format!("<p>{}</p>", text(&schema["description"])));
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values.iter().map(code).collect();
        line(page, &format!("<p>Valori: {}.</p>", values.join(", ")));
    }
    if schema["properties"].is_object() {
        table(page, "Campi", ["Nome", "Tipo", "Descrizione"]);
        for (field, content) in members(&schema["properties"]) {
            let field = format!("<code>{}</code>", escaped(field));
            row(
                page,
                [&field, &kind(content), &text(&content["description"])],
            );
        }
        page.push_str("</table>\n");
    }
}

/// The type of a property in a word or two.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return format!("<code>{}</code>", escaped(last_segment(reference)));
    }
    if let Some(any) = schema["oneOf"].as_array().and_then(|any| any.last()) {
        return kind(any);
    }
    let word = match &schema["type"] {
        Value::Array(types) => types.first().and_then(Value::as_str).unwrap_or(""),
        one => one.as_str().unwrap_or(""),
    };
    match word {
        "array" => format!("lista di {}", kind(&schema["items"])),
        "string" => schema["format"]
            .as_str()
            .map_or("testo".to_owned(), |format| {
                format!("testo ({})", escaped(format))
            }),
        "integer" => "numero intero".to_owned(),
        "boolean" => "vero o falso".to_owned(),
        other => escaped(other),
    }
}

fn problems(page: &mut String) {
    page.push_str("<h2 id=\"problemi\">Problemi</h2>\n");
    table(
        page,
        "Tipi di problema",
        ["Tipo", "Stato, lato", "Che cosa è successo e che cosa fare"],
    );
    for problem in &TABLE {
        let kind = format!("<code>{}</code>", problem.slug);
        let status = format!("{}, {}", problem.status, problem.side.name());
        row(
            page,
            [
                &kind,
                &status,
                &format!("{} {}", escaped(&problem.detail), escaped(problem.remedy)),
            ],
        );
    }
    page.push_str("</table>\n");
}

fn line(page: &mut String, text: &str) {
    writeln!(page, "{text}").expect("writing to a String cannot fail");
}

fn table(page: &mut String, caption: &str, [first, second, third]: [&str; 3]) {
    line(
        page,
        &format!(
            "<table>\n<caption>{caption}</caption>\n<tr><th scope=\"col\">{first}</th><th scope=\"col\">{second}</th><th scope=\"col\">{third}</th></tr>"
        ),
    );
}

fn row(page: &mut String, [first, second, third]: [&str; 3]) {
    line(
        page,
        &format!("<tr><td>{first}</td><td>{second}</td><td>{third}</td></tr>"),
    );
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn resolved<'a>(api: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix('#'));
    pointer
        .and_then(|pointer| api.pointer(pointer))
        .unwrap_or(value)
}

fn last_segment(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

fn text(value: &Value) -> String {
    escaped(value.as_str().unwrap_or(""))
}

fn code(value: &Value) -> String {
    format!("<code>{}</code>", text(value))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
