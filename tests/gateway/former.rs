//! Municipalities that ended: their codes say who followed them, on every route, and the exchange is on record.

use serde_json::{Value, json};

use crate::harness::province::Province;

const UGGIATE_CON_RONAGO: &str = "\n[[ente]]\ncodice_istat = \"013256\"\ncodice_belfiore = \"M435\"\ncodice_ipa = \"c_m435\"\ndenominazione = \"Uggiate con Ronago\"\n";
const RONAGO: &str = "013199";

#[tokio::test]
async fn a_former_code_is_gone_on_every_route_with_its_successor_and_the_day_and_is_on_record() {
    let province = Province::with(|files| {
        files.append("enti/prove.toml", UGGIATE_CON_RONAGO);
    });
    let portal = province.portal("portale-uno");
    let catalogue = format!("/rest/catalogo/v1/enti/{RONAGO}");
    let answers = [
        portal.persona(RONAGO, "RSSMRA80A01C933H").await,
        portal.famiglia(RONAGO, "RSSMRA80A01C933H").await,
        portal
            .posizione(RONAGO, "RSSMRA80A01C933H", "IMU", 2025)
            .await,
        portal.get(&catalogue).await,
        portal.get(&format!("{catalogue}/servizi")).await,
    ];
    for answer in &answers {
        assert_eq!(
            (answer.status, answer.slug()),
            (410, "ente-cessato"),
            "{}",
            answer.body
        );
        assert_eq!(
            answer.body["successori"],
            json!([{ "codice_istat": "013256", "denominazione": "Uggiate con Ronago", "dal": "2024-01-01" }])
        );
        assert_eq!(answer.body["lato"], "portale");
    }
    let operator = province.operator("operatore-uno");
    let scambio = answers[0].header("x-correlation-id");
    let rows = operator.get(&format!("/record?scambio={scambio}")).await;
    let row = &rows.body["items"][0];
    assert_eq!(
        (&row["ente"], &row["outcome"], &row["status"]),
        (&json!(RONAGO), &json!("ente-cessato"), &json!(410)),
        "{row}"
    );

    // Where the successor is not configured its public name stands; who was never a municipality stays unknown.
    let bellagio = portal.persona("013070", "RSSMRA80A01C933H").await;
    assert_eq!(bellagio.body["successori"][0]["denominazione"], "BELLAGIO");
    assert_eq!(
        portal.persona("013999", "RSSMRA80A01C933H").await.status,
        404
    );
}

#[tokio::test]
async fn the_catalogue_tells_whom_an_ente_followed_and_a_former_one_still_configured_is_served() {
    let mut province = Province::with(|files| {
        files.append("enti/prove.toml", UGGIATE_CON_RONAGO);
    });
    let portal = province.portal("portale-uno");
    let ente = portal.get("/rest/catalogo/v1/enti/013256").await;
    assert_eq!(
        ente.body["predecessori"],
        json!([
            { "codice_istat": "013199", "codice_belfiore": "H521", "denominazione": "RONAGO", "dal": "2024-01-01" },
            { "codice_istat": "013228", "codice_belfiore": "L487", "denominazione": "UGGIATE-TREVANO", "dal": "2024-01-01" },
        ])
    );
    let como = portal.get("/rest/catalogo/v1/enti/013075").await;
    assert_eq!(como.body["predecessori"], Value::Null);

    let kept = UGGIATE_CON_RONAGO
        .replace("013256", RONAGO)
        .replace("M435", "H521")
        .replace("m435", "h521");
    province.files.append("enti/prove.toml", &kept);
    province.rewrite_and_reload();
    assert_eq!(
        portal
            .get(&format!("/rest/catalogo/v1/enti/{RONAGO}"))
            .await
            .status,
        200
    );
}
