//! Who may ask for what at the operators' door: every path with each role, in all enti and in one.

use std::collections::BTreeSet;

use pontile::operators;
use serde_json::json;

use crate::harness::{Doors, Line};
use crate::operators::{JSON, admit};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// Roles and enti of the operator who asks; the officers' role is always of some enti.
const WHO: [(&str, &str); 7] = [
    ("lettore", ""),
    ("lettore", "013075"),
    ("operatore", ""),
    ("operatore", "013075"),
    ("addetto", "013075"),
    ("sicurezza", ""),
    ("sicurezza", "013075"),
];

const ALL: [u16; 7] = [200; 7];
const NOBODY_UNLESS_EVERYWHERE: [u16; 7] = [200, 403, 200, 403, 403, 200, 403];
const READERS: [u16; 7] = [200, 200, 200, 200, 403, 200, 200];
const OPERATORS: [u16; 7] = [403, 403, 200, 200, 403, 403, 403];
const OPERATORS_EVERYWHERE: [u16; 7] = [403, 403, 200, 403, 403, 403, 403];
const SECURITY: [u16; 7] = [403, 403, 403, 403, 403, 200, 200];
const SECURITY_EVERYWHERE: [u16; 7] = [403, 403, 403, 403, 403, 200, 403];

/// What only officers get, with this status.
const fn officers(status: u16) -> [u16; 7] {
    [403, 403, 403, 403, status, 403, 403]
}

/// A request, its resource, and the status for each of [`WHO`].
struct Row {
    resource: &'static str,
    method: &'static str,
    path: String,
    body: String,
    expected: [u16; 7],
}

fn row(
    resource: &'static str,
    method: &'static str,
    (path, body): (&str, String),
    expected: [u16; 7],
) -> Row {
    Row {
        resource,
        method,
        path: format!("{resource}{path}"),
        body,
        expected,
    }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<Row> {
    let plain = |resource, expected| row(resource, "GET", ("", String::new()), expected);
    let get = |resource, path, expected| row(resource, "GET", (path, String::new()), expected);
    let post = |resource, body: serde_json::Value, expected| {
        row(resource, "POST", ("", body.to_string()), expected)
    };
    let why = "reclamo prot. 12";
    let person =
        |ente: &str| json!({ "ente": ente, "codice_fiscale": "RSSMRA80A01C933H", "motivo": why });
    let export = |ente: &str| json!({ "ente": ente, "motivo": why });
    let of = |ente: &str| json!({ "ente": ente });
    // A number under which nothing waits, and none.
    let (nothing, none) = ("0198c7a2-6f00-7cc3-98c4-dc0c0c07398f", "tutte");
    let form = |resource, path| {
        row(
            resource,
            "POST",
            (path, "esito=rifiuto".to_owned()),
            officers(404),
        )
    };
    vec![
        plain("/vivo", ALL),
        plain("/pronto", READERS),
        plain("/metrics", NOBODY_UNLESS_EVERYWHERE),
        plain("/istanze", NOBODY_UNLESS_EVERYWHERE),
        plain("/deriva", NOBODY_UNLESS_EVERYWHERE),
        plain("/notturni", NOBODY_UNLESS_EVERYWHERE),
        plain("/scadenze", NOBODY_UNLESS_EVERYWHERE),
        plain("/record", READERS),
        get("/record", "?ente=013075", READERS),
        get("/record", "?ente=013041", NOBODY_UNLESS_EVERYWHERE),
        post("/record/ricerche", person("013075"), SECURITY),
        post("/record/ricerche", person("013041"), SECURITY_EVERYWHERE),
        post("/record/esportazioni", export("013075"), SECURITY),
        post(
            "/record/esportazioni",
            export("013041"),
            SECURITY_EVERYWHERE,
        ),
        plain("/giornale", SECURITY),
        post("/cache/purge", of("013075"), OPERATORS),
        post("/cache/purge", of("013041"), OPERATORS_EVERYWHERE),
        post("/cache/purge", json!({}), OPERATORS_EVERYWHERE),
        row(
            "/ricarica",
            "POST",
            ("", String::new()),
            OPERATORS_EVERYWHERE,
        ),
        plain("/richieste", officers(200)),
        plain("/richieste/stile.css", officers(200)),
        get("/richieste/", nothing, officers(404)),
        form("/richieste/", none),
        get("/scritture/", nothing, officers(404)),
        form("/scritture/", none),
        plain("/protezioni", officers(200)),
        row(
            "/protezioni",
            "POST",
            ("", "atto=uno&atto=due".to_owned()),
            officers(400),
        ),
        get("/protezioni/", "1", officers(404)),
        form("/protezioni/", none),
        plain("/rappresentanze", officers(200)),
        row(
            "/rappresentanze",
            "POST",
            ("", "atto=uno&atto=due".to_owned()),
            officers(400),
        ),
        get("/rappresentanze/", "1", officers(404)),
        form("/rappresentanze/", none),
        plain("/codici-cambiati", officers(200)),
        row(
            "/codici-cambiati",
            "POST",
            ("", "atto=uno&atto=due".to_owned()),
            officers(400),
        ),
        get("/codici-cambiati/", "1", officers(404)),
        form("/codici-cambiati/", none),
    ]
}

async fn status(line: &mut Line, row: &Row) -> u16 {
    let headers = match (row.body.as_str(), row.body.starts_with('{')) {
        ("", _) => "",
        (_, true) => JSON,
        (_, false) => FORM,
    };
    let answer = line
        .request(row.method, &row.path, headers, &row.body)
        .await;
    let answer = answer.expect("an answer");
    if answer.status == 403 {
        assert_eq!(answer.slug(), "non-autorizzato", "{}", row.path);
    }
    answer.status
}

#[tokio::test]
async fn every_path_is_open_to_its_roles_in_their_enti_and_to_nobody_else() {
    let doors = Doors::open().await;
    let rows = rows();
    for (position, (role, ente)) in WHO.into_iter().enumerate() {
        let enti = match ente {
            "" => String::new(),
            ente => format!("enti = [\"{ente}\"]"),
        };
        admit(&doors, &format!("roles = [\"{role}\"]\n{enti}"));
        let mut line = doors.operator("operatore-due").await;
        for row in &rows {
            let found = status(&mut line, row).await;
            let (method, path) = (row.method, &row.path);
            assert_eq!(
                found, row.expected[position],
                "{role} {ente}: {method} {path} {}",
                row.body
            );
        }
    }
}

#[tokio::test]
async fn every_path_of_the_door_is_tried_and_takes_no_other_method() {
    let tried: BTreeSet<_> = rows()
        .iter()
        .map(|row| (row.resource, row.method))
        .collect();
    let open: BTreeSet<_> = operators::resources()
        .flat_map(|(path, methods)| methods.iter().map(move |method| (path, *method)))
        .collect();
    assert_eq!(tried, open);
    let doors = Doors::open().await;
    let mut line = doors.operator("operatore-uno").await;
    for (path, methods) in operators::resources() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if methods.contains(&method) {
                continue;
            }
            let answer = line.request(method, path, "", "").await.expect("an answer");
            assert_eq!(answer.status, 405, "{method} {path}");
        }
    }
}
