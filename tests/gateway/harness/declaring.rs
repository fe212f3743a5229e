//! Declarations of a change of area, as a portal sends them for somebody who has a home in Como.

use chrono::Datelike;
use serde_json::{Value, json};

use super::portal::{Answer, PURPOSE, Portal};
use super::province::Province;

pub const COMO: &str = "013075";
/// Has a home in Como for which the waste tax is paid.
pub const PERSON: &str = "RSSMRA80A01C933H";
pub const PATH: &str = "/rest/tributi/v1/enti/013075/variazioni-superficie";
pub const WRITE: &str = "setVariazioneSuperficie";

pub fn province() -> Province {
    Province::with(|files| {
        files.como_takes_declarations();
    })
}

pub async fn declare(portal: &Portal, key: &str, body: &Value) -> Answer {
    let request = portal
        .request(reqwest::Method::POST, PATH)
        .header("Purpose-Id", PURPOSE)
        .header("Idempotency-Key", key)
        .json(body);
    portal.send(request).await
}

pub fn this_year() -> u16 {
    u16::try_from(chrono::Utc::now().year()).unwrap()
}

/// The person's first home, by its number at the office, with its area.
pub async fn home(portal: &Portal) -> (String, String) {
    let position = portal.posizione(COMO, PERSON, "TARI", this_year()).await;
    assert_eq!(position.status, 200, "{:?}", position.body);
    let utenze = position.body["posizione"]["utenze"].as_array().unwrap();
    let home = utenze
        .iter()
        .find(|one| one["domestica"] == json!(true))
        .unwrap();
    let text = |name: &str| home[name].as_str().unwrap().to_owned();
    (text("identificativo"), text("superficie_mq"))
}

pub fn declaration(utenza: &str, protocol: &str) -> Value {
    json!({
        "codice_fiscale": PERSON, "utenza": utenza, "superficie_mq": "61.5", "data_decorrenza": "2026-11-01",
        "data_dichiarazione": "2026-11-20", "protocollo": { "numero": protocol, "data": "2026-11-20" },
    })
}

/// Waits until the write is at its end, whose outcome was unknown, and picks up its result.
pub async fn result(portal: &Portal, location: &str) -> Answer {
    portal.result(location, "esito_ignoto").await
}

pub async fn executed(province: &Province) -> u64 {
    let calls = province.simulators.calls().await;
    let rows = calls["executed"].as_array();
    let rows = rows.unwrap_or_else(|| panic!("what was executed is not in {calls}"));
    rows.iter()
        .filter(|row| row["operation"] == json!(WRITE))
        .filter_map(|row| row["count"].as_u64())
        .sum()
}

pub async fn on_writing(province: &Province, fault: &str) {
    let order = json!({ "dialect": "d5", "operation": WRITE, "fault": fault });
    province.simulators.fault(order).await;
}
