//! Bad weather at thirty municipalities of the province: the others do not notice.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::json;

use crate::comuni::{as_in_the_example, bound_to, comuni, copies_made, resident};
use crate::harness::portal::{Answer, PURPOSE, Portal};
use crate::harness::province::Province;
use crate::harness::simulators::Simulators;

/// ISTAT and Belfiore code of a municipality.
type Comune = (String, String);

const WEATHER: [&str; 3] = ["hang", "drop", "garbage"];
const DIALECTS: [&str; 7] = ["d1", "d2", "d3", "d4", "d4b", "d6", "d7"];

/// Whether nobody else depends on the registry's system, and its bad weather is ours to make: no view, no nightly file, nothing
/// that answers later.
fn stands_alone(instance: &str) -> bool {
    let apart = ["unione-", "notturni-"];
    let later = ["-vista", "-standard", "-sportello"];
    !apart.iter().any(|begin| instance.starts_with(begin))
        && !later.iter().any(|end| instance.ends_with(end))
}

/// A registry question whose answer is in no cache.
async fn ask(portal: &Portal, (istat, belfiore): &Comune) -> Answer {
    let path = format!("/rest/anagrafe/v1/enti/{istat}/ricerche-persona");
    let request = portal
        .request(Method::POST, &path)
        .header("Purpose-Id", PURPOSE)
        .header("Cache-Control", "no-cache")
        .json(&json!({ "codice_fiscale": resident(belfiore) }));
    portal.send(request).await
}

/// Spoils what every system of the municipality answers.
async fn spoil(simulators: &Simulators, (_, belfiore): &Comune, weather: &str) {
    let orders = DIALECTS.map(|dialect| {
        simulators.fault(json!({ "dialect": dialect, "ente": belfiore, "fault": weather }))
    });
    join_all(orders).await;
}

/// Asks again and again until the others are through; every status that came.
async fn press(portal: &Portal, comune: &Comune, over: &AtomicBool) -> Vec<u16> {
    let mut statuses = Vec::new();
    while statuses.is_empty() || !over.load(Ordering::Relaxed) {
        statuses.push(ask(portal, comune).await.status);
        // Who is refused at once asks as people do, not as fast as this machine can.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    statuses
}

#[tokio::test]
async fn thirty_municipalities_in_bad_weather_cost_the_others_no_answer() {
    let province = Province::with(as_in_the_example);
    let portal = &province.portal("portale-uno");
    let all = comuni(portal).await;
    assert_eq!(all.len(), 147);
    copies_made(&province).await;
    let alone = bound_to(stands_alone);
    let spoilt: Vec<&Comune> = alone.iter().step_by(3).take(30).collect();
    assert_eq!(spoilt.len(), 30);
    for (comune, weather) in spoilt.iter().zip(WEATHER.iter().cycle()) {
        spoil(&province.simulators, comune, weather).await;
    }
    let others: Vec<&Comune> = all.iter().filter(|one| !spoilt.contains(one)).collect();
    assert_eq!(others.len(), 117);

    let over = AtomicBool::new(false);
    // Two at each, so that half of what is spoilt waits while the other half is refused.
    let pressing = join_all(
        spoilt
            .iter()
            .chain(&spoilt)
            .map(|comune| press(portal, comune, &over)),
    );
    let asking = async {
        let rounds = others.iter().cycle().take(3 * others.len());
        let answers: Vec<_> = futures_util::stream::iter(rounds)
            .map(|comune| async move { (comune, ask(portal, comune).await) })
            .buffer_unordered(8)
            .collect()
            .await;
        over.store(true, Ordering::Relaxed);
        answers
    };
    let (pressed, answers) = join(pressing, asking).await;

    assert_eq!(answers.len(), 3 * 117);
    let refused: Vec<String> = answers
        .iter()
        // Some take requests on and answer later.
        .filter(|(_, answer)| ![200, 202].contains(&answer.status))
        .map(|((istat, _), answer)| format!("{istat}: {} {}", answer.status, answer.body))
        .collect();
    assert!(
        refused.is_empty(),
        "{}\n{}",
        refused.len(),
        refused.join("\n")
    );
    // Else the weather was none.
    let told = |statuses: &Vec<u16>| statuses.iter().all(|status| (502..=504).contains(status));
    assert!(pressed.iter().all(told), "{pressed:?}");
}
