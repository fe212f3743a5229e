//! Credentials hashed with the time: clocks that are too far apart.

use chrono::{Datelike, Utc};
use chrono_tz::Europe::Rome;
use serde_json::json;

use crate::bindings::{CANTU, taxes_by_the_clock};
use crate::harness::province::Province;

#[tokio::test]
async fn c16_a_skewed_clock_is_detected_and_reported() {
    let province = Province::with(taxes_by_the_clock);
    let portal = province.portal("portale-uno");
    let year = u16::try_from(Utc::now().with_timezone(&Rome).year()).unwrap();
    let good = portal.posizione(CANTU.0, CANTU.1, "IMU", year).await;
    assert_eq!(good.status, 200, "{}", good.body);
    province
        .simulators
        .fault(json!({ "dialect": "d5", "fault": "clock_skew", "ms": 900_000 }))
        .await;
    let refused = portal.posizione(CANTU.0, CANTU.1, "TARI", year).await;
    assert_eq!(
        (refused.status, refused.slug()),
        (502, "gestionale-in-errore")
    );
    assert_eq!(refused.body["lato"], "gateway", "{}", refused.body);
    for told in [
        "clocks too far apart",
        "l'orologio del gestionale è troppo lontano dal nostro",
    ] {
        crate::log::tells(&province, told).await;
    }
    let operator = province.operator("operatore-uno");
    let request = operator.request(reqwest::Method::GET, "/metrics");
    let page = request.send().await.unwrap().text().await.unwrap();
    let ahead = page
        .lines()
        .find_map(|line| {
            line.strip_prefix("pontile_instance_clock_ahead_seconds{instance=\"cantu-tributi\"} ")
        })
        .unwrap_or_else(|| panic!("{page}"));
    let ahead: i64 = ahead.parse().unwrap();
    assert!((890..=905).contains(&ahead), "{ahead}");
    let doctor = province.pontile(&["doctor"]);
    let findings = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let line = findings
        .lines()
        .find(|line| line.contains("sistemi: cantu-tributi"));
    let line = line.unwrap_or_else(|| panic!("{findings}"));
    assert!(
        line.contains("ATTENZIONE") && line.contains("ahead of ours"),
        "{line}"
    );
}
