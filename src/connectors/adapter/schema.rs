//! The JSON Schema of `adapter.toml`, so that editors complete and validate it; a test holds it to what the reader knows.

use serde_json::{Map, Value, json};

use super::{MOST_CALLS, Method};
use crate::connectors::template::stamps::{DATES, TIMES};
use crate::contract::operation::Operation;
use crate::contract::posizione::Tributo;

/// Where the schema stands below the adapters' root, and what the first line of an `adapter.toml` names.
pub const FILE: &str = "adapter.schema.json";

/// The protocols, as `[connector.…]` writes them.
const CONNECTORS: [&str; 5] = ["soap", "rest", "sql", "files", "manual"];

/// The schema (draft 7, which the editors' servers understand): one whole form of the file for each connector.
pub fn schema() -> Value {
    let forms: Vec<Value> = CONNECTORS
        .iter()
        .map(|name| json!({"$ref": format!("#/definitions/{name}")}))
        .collect();
    let mut definitions = Map::new();
    for name in CONNECTORS {
        definitions.insert(name.to_owned(), document(name));
        if name == "manual" {
            definitions.insert(format!("{name}-operation"), manual_operation());
            continue;
        }
        definitions.insert(format!("{name}-step"), step(name, false));
        definitions.insert(format!("{name}-operation"), operation(name));
    }
    for name in ["soap", "rest"] {
        definitions.insert(format!("{name}-login"), step(name, true));
    }
    definitions.insert("declared".to_owned(), declared());
    definitions.insert("basic".to_owned(), basic());
    definitions.insert("now".to_owned(), now());
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "adapter.toml of Pontile: how one vendor's product answers our operations",
        "oneOf": forms,
        "definitions": definitions,
    })
}

/// A table: its keys with their schemas, those that must be there marked by `!`; no others.
fn table(description: &str, keys: &[(&str, Value)]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (key, schema) in keys {
        let name = key.trim_end_matches('!');
        if key.ends_with('!') {
            required.push(name);
        }
        properties.insert(name.to_owned(), schema.clone());
    }
    json!({
        "type": "object",
        "description": description,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn document(connector: &str) -> Value {
    let declared = |about: &str| map(about, json!({"$ref": "#/definitions/declared"}));
    let operations: Map<String, Value> = Operation::ALL
        .into_iter()
        .filter(|operation| operation.is_answered_by_adapters())
        .map(|operation| {
            (
                operation.name().to_owned(),
                json!({"$ref": format!("#/definitions/{connector}-operation")}),
            )
        })
        .collect();
    let mut keys = vec![
        ("vendor!", text("Who makes the product.")),
        (
            "product!",
            text("The product, as its maker calls it, with the version that was seen."),
        ),
        (
            "version!",
            text("The adapter's own version: told to portals as the provenance of an answer."),
        ),
        (
            "connector!",
            table(
                "How the product is spoken to.",
                &[(&format!("{connector}!"), self::connector(connector))],
            ),
        ),
        (
            "instance",
            declared("Values that the configuration gives for each instance: {{instance.x}}."),
        ),
        (
            "ente",
            declared("Values that the configuration gives for each ente: {{ente.x}}."),
        ),
        (
            "secret",
            declared("Secrets of each instance, given by reference: {{secret.x}}."),
        ),
        ("now", json!({"$ref": "#/definitions/now"})),
        (
            "sha256",
            map(
                "Texts with placeholders of which the SHA-256 is sent, in small hexadecimal digits: {{sha256.x}}.",
                text("The text."),
            ),
        ),
        (
            "operations!",
            json!({
                "type": "object",
                "description": "The operations that the product answers.",
                "properties": operations,
                "additionalProperties": false,
            }),
        ),
    ];
    if ["soap", "rest"].contains(&connector) {
        let login = json!({"$ref": format!("#/definitions/{connector}-login")});
        keys.push(("token", login));
    }
    table("An adapter.", &keys)
}

fn connector(name: &str) -> Value {
    let fallback = json!({
        "description": "What bytes are that are not the declared UTF-8; absent: refused.",
        "enum": ["iso-8859-1", "windows-1252"],
    });
    let concurrency = json!({
        "description": "The most calls at a time that the product can stand.",
        "type": "integer",
        "minimum": 1,
    });
    let basic = json!({"$ref": "#/definitions/basic"});
    match name {
        "soap" => table(
            "SOAP over HTTP.",
            &[
                (
                    "path!",
                    text("Path below the instance's address, with placeholders."),
                ),
                ("version", word("Of SOAP; absent: 1.1.", &["1.1", "1.2"])),
                (
                    "quoted_action",
                    json!({"description": "Whether SOAPAction stands in quotes; absent: it does.", "type": "boolean"}),
                ),
                ("fallback_charset", fallback),
                ("basic", basic),
                ("concurrency", concurrency),
            ],
        ),
        "rest" => table(
            "HTTP with JSON or XML.",
            &[
                (
                    "format",
                    word("Of the answers; absent: json.", &["json", "xml"]),
                ),
                (
                    "headers",
                    map(
                        "Headers of every call but the login, with placeholders.",
                        text("The value."),
                    ),
                ),
                ("fallback_charset", fallback),
                ("basic", basic),
                ("concurrency", concurrency),
            ],
        ),
        "sql" => table("A database.", &[]),
        "files" => night_files(),
        _ => table(
            "An officer of the ente, who answers on the operators' page.",
            &[],
        ),
    }
}

fn night_files() -> Value {
    let file = table(
        "One kind of file.",
        &[
            ("table!", text("The table that it fills.")),
            (
                "names!",
                json!({
                    "description": "Its names, with {{ente.…}}, the date as yyyyMMdd once, and *.",
                    "type": "array",
                    "items": {"type": "string"},
                    "minItems": 1,
                }),
            ),
            ("layout!", text("The file of its layout: *.layout.toml.")),
            (
                "required",
                json!({"description": "Whether a night without it has nothing to offer; absent: it is so.", "type": "boolean"}),
            ),
        ],
    );
    table(
        "Nightly files, which become a night copy.",
        &[
            (
                "marker",
                word(
                    "Whether each file must have a file of its name and .ok; absent: optional.",
                    &["required", "optional"],
                ),
            ),
            (
                "last_line_ends",
                json!({"description": "Whether a last line without its end means that the file is not whole; absent: it does.", "type": "boolean"}),
            ),
            (
                "file!",
                json!({"description": "The files.", "type": "array", "items": file, "minItems": 1}),
            ),
        ],
    )
}

#[expect(clippy::too_many_lines, reason = "a document written out")]
fn operation(connector: &str) -> Value {
    table(
        "How the product answers the operation.",
        &[
            (
                "keep",
                span("How long an answer may be kept; absent: never."),
            ),
            (
                "repeatable!",
                json!({"description": "Whether the same call may be made twice.", "type": "boolean"}),
            ),
            (
                "usual_delay",
                span("How long an answer usually takes, for the capability document."),
            ),
            (
                "together",
                json!({
                    "description": "Whether calls that use nothing of one another are made at the same time, within the instance's concurrency; absent: false.",
                    "type": "boolean",
                }),
            ),
            (
                "fonte",
                word(
                    "What kind of source answers; absent: gestionale_comunale.",
                    &["gestionale_comunale", "copia_notturna"],
                ),
            ),
            (
                "years",
                word(
                    "Of which years of tributi.ricerche-posizione the product tells; absent: all.",
                    &["all", "current"],
                ),
            ),
            (
                "deferred",
                table(
                    "The back end accepts a request and carries it out later: the portal gets 202 and picks the answer up.",
                    &[
                        (
                            "accept!",
                            text(
                                "The step that hands the request over; those after it ask for its answer.",
                            ),
                        ),
                        ("first!", span("When the answer is asked for first.")),
                        ("least!", span("The shortest time between two questions.")),
                        ("most!", span("The longest.")),
                        ("gives_up!", gives_up()),
                    ],
                ),
            ),
            (
                "write",
                table(
                    "Of a write, which must have it: how it is carried out once and looked for afterwards.",
                    &[
                        (
                            "step!",
                            text(
                                "The step that changes something; those before it only read, those after it ask what became of it.",
                            ),
                        ),
                        (
                            "first",
                            span(
                                "When it is asked first what became of a write of unknown outcome.",
                            ),
                        ),
                        ("most", span("The longest time between two questions.")),
                        (
                            "conclusive",
                            span(
                                "A write that is not there so long after it was sent was not carried out.",
                            ),
                        ),
                    ],
                ),
            ),
            (
                "steps",
                json!({
                    "description": format!("The calls, in their order; at most {MOST_CALLS} for one question."),
                    "type": "array",
                    "items": {"$ref": format!("#/definitions/{connector}-step")},
                }),
            ),
        ],
    )
}

fn gives_up() -> Value {
    span("When a request without an answer is given up; at most 30d.")
}

/// What an officer answers.
fn manual_operation() -> Value {
    table(
        "What an officer fills in.",
        &[
            (
                "usual_delay",
                span("How long an answer usually takes, for the capability document."),
            ),
            (
                "fields!",
                json!({
                    "description": "The fields of the contract that the officer fills in.",
                    "type": "array",
                    "items": {"type": "string"},
                }),
            ),
            (
                "deferred!",
                table("Until when.", &[("gives_up!", gives_up())]),
            ),
        ],
    )
}

/// A call, or the login.
fn step(connector: &str, is_login: bool) -> Value {
    let mut keys = vec![
        (
            "tributo",
            word(
                "The tax that the step is for; absent: every tax.",
                &[Tributo::Imu.name(), Tributo::Tari.name()],
            ),
        ),
        (
            "for_each",
            text(
                "Made once for each value that an earlier step captured under this name with `every`.",
            ),
        ),
        (
            "repeatable",
            json!({
                "description": "Whether the back end may get the step twice, where the operation is repeatable; absent: it may.",
                "type": "boolean",
            }),
        ),
        (
            "response!",
            text("The file that says how the answer is read: *.response.toml."),
        ),
    ];
    if !is_login {
        keys.push((
            "name!",
            json!({
                "description": "The step's name, for mistakes and examples.",
                "type": "string",
                "pattern": "^[a-z0-9-]{1,64}$",
            }),
        ));
    }
    match connector {
        "soap" => keys.extend([
            ("path", text("Path below the instance's address, with placeholders; absent: the connector's.")),
            ("action", text("SOAPAction; action of SOAP 1.2.")),
            ("inner", map("Files of documents that stand inside the request, or in one another: {{inner.x}}, in base64 {{base64.x}}.", text("The file."))),
            ("request!", text("The file of the envelope: *.request.xml.")),
        ]),
        "rest" => keys.extend([
            ("method", word("Absent: GET.", &[Method::Get.name(), Method::Post.name()])),
            ("path!", text("Path and query below the instance's address, with placeholders.")),
            ("request", text("The file of the body: .json, .xml or .form.")),
        ]),
        "files" => keys.extend([
            ("from!", text("The table whose rows are searched.")),
            ("where!", map("Rows are found where one of these columns has its value, with placeholders.", text("The value."))),
            ("only", map("Of them only rows are taken where each of these columns has its value.", text("The value."))),
            ("with", map("Tables whose columns are added.", text("The column by which their rows are found."))),
        ]),
        _ => keys.extend([
            ("statement!", text("The file of the statement: *.sql.")),
            ("floor", text("The file of a statement that counts the view's rows, asked when nothing is found.")),
            ("at_least", text("Fewer rows than these mean that the view is being built anew.")),
        ]),
    }
    table(
        if is_login {
            "The login; its response captures `token`."
        } else {
            "One call."
        },
        &keys,
    )
}

fn declared() -> Value {
    table(
        "A value that the configuration gives.",
        &[
            (
                "about!",
                text("What it is, for who writes the configuration."),
            ),
            (
                "default",
                text("What holds where the configuration gives none."),
            ),
            (
                "integer",
                json!({"description": "Whether it is a whole number.", "type": "boolean"}),
            ),
        ],
    )
}

fn basic() -> Value {
    table(
        "HTTP Basic credentials.",
        &[
            ("user!", text("The user, with placeholders.")),
            ("password!", text("The password, with placeholders.")),
        ],
    )
}

fn now() -> Value {
    let forms = |forms: &[(&'static str, &str)]| -> Vec<&'static str> {
        forms.iter().map(|(name, _)| *name).collect()
    };
    table(
        "How the product writes the instant of a request, in Italian time: {{now.date}}, {{now.time}}.",
        &[
            ("date!", word("The day.", &forms(&DATES))),
            ("time!", word("The time of day.", &forms(&TIMES))),
            (
                "tolerance!",
                span("How far it may be from the product's own clock."),
            ),
        ],
    )
}

fn text(description: &str) -> Value {
    json!({"description": description, "type": "string", "minLength": 1})
}

fn word(description: &str, words: &[&str]) -> Value {
    json!({"description": description, "enum": words})
}

fn span(description: &str) -> Value {
    json!({"description": description, "type": "string", "pattern": "^[0-9]+ *(ms|s|m|h|d)$"})
}

fn map(description: &str, of: Value) -> Value {
    json!({"description": description, "type": "object", "additionalProperties": of})
}
