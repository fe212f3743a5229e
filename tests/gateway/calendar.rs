//! Back ends that are closed by their calendar: nobody calls them, portals are told when they open, copies stay good.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::harness::files::Files;
use crate::harness::province::Province;

const CANTU: (&str, &str) = ("013041", "BNCNNA75T71B639E");
const ERBA: (&str, &str) = ("013095", "FOXLAX01B28D416I");
const D1_OPERATION: &str = "ByCodiceFiscaleETipoPersona";

/// A maintenance of Cantù's registry from an hour ago until then.
fn close_until(files: &mut Files, end: DateTime<Utc>) {
    let begin = Utc::now() - TimeDelta::hours(1);
    let calendar = format!(
        "values = {{ utente = \"gw\" }}\ncalendar = {{ weekly = [\"gio 20-22\"], once = [{{ from = \"{}\", to = \"{}\", reason = \"trasloco\" }}] }}",
        begin.to_rfc3339(),
        end.to_rfc3339()
    );
    files.replace(
        "istanze/prove.toml",
        "values = { utente = \"gw\" }",
        &calendar,
    );
}

#[tokio::test]
async fn a_closed_back_end_is_not_called_and_the_portal_is_told_when_it_opens() {
    let end = Utc::now() + TimeDelta::hours(30);
    let province = Province::with(|files| close_until(files, end));
    let portal = province.portal("portale-uno");
    let refused = portal.persona(CANTU.0, CANTU.1).await;
    assert_eq!(
        (refused.status, refused.slug(), &refused.body["lato"]),
        (503, "gestionale-chiuso", &json!("ente")),
        "{}",
        refused.body
    );
    let wait: i64 = refused
        .header("retry-after")
        .parse()
        .expect("whole seconds");
    let left = (end - Utc::now()).num_seconds();
    // The end may touch the weekly window, which would make it longer and never shorter.
    assert!(
        (left - 1..=left + 2 * 3600 + 1).contains(&wait),
        "{wait} {left}"
    );
    assert_eq!(province.simulators.count("d1", D1_OPERATION).await, 0);
    assert_eq!(portal.persona(ERBA.0, ERBA.1).await.status, 200);

    let services = portal
        .get(&format!("/rest/catalogo/v1/enti/{}/servizi", CANTU.0))
        .await;
    let registry = &services.body["items"][0];
    let closures = registry["chiusure_previste"].as_array().expect("closures");
    assert!(
        (3..=4).contains(&closures.len()),
        "one for once and every Thursday of two weeks: {registry}"
    );
    let once = |one: &&Value| one["descrizione"] == "trasloco";
    let once = closures.iter().find(once).expect("the one for once");
    let told: DateTime<Utc> = once["al"].as_str().unwrap().parse().expect("an instant");
    assert_eq!(told, end);
    assert_eq!(once["motivo"], "manutenzione");
}

#[tokio::test]
async fn while_it_is_closed_a_kept_answer_is_given_and_after_its_lifetime_only_within_the_bound() {
    for (bound, status) in [("1h", 200), ("0s", 503)] {
        let mut province = Province::with(|files| {
            let cache = format!("[cache]\nlongest = \"4s\"\nstale_on_error = \"{bound}\"\n");
            files.append("pontile.toml", &cache);
        });
        let portal = province.portal("portale-uno");
        assert_eq!(portal.persona(CANTU.0, CANTU.1).await.status, 200);
        let kept_since = std::time::Instant::now();
        close_until(&mut province.files, Utc::now() + TimeDelta::hours(2));
        province.rewrite_and_reload();
        let fresh = portal.persona(CANTU.0, CANTU.1).await;
        if kept_since.elapsed() < std::time::Duration::from_secs(3) {
            assert_eq!(fresh.status, 200, "{}", fresh.body);
            assert_eq!(fresh.body["provenienza"]["scaduta"], json!(false));
        }
        tokio::time::sleep(std::time::Duration::from_secs(4)).await;
        let later = portal.persona(CANTU.0, CANTU.1).await;
        assert_eq!(later.status, status, "{bound}: {}", later.body);
        if status == 200 {
            assert_eq!(later.body["provenienza"]["scaduta"], json!(true));
        }
        assert_eq!(province.simulators.count("d1", D1_OPERATION).await, 1);
    }
}

/// Cantù's registry stands closed; a night copy may answer in its place where there are files.
fn with_a_night_copy(files: &mut Files, delivered: &str) {
    close_until(files, Utc::now() + TimeDelta::hours(2));
    files
        .append("pontile.toml", "[night]\nfolder = \"copie\"\n")
        .replace(
            "enti/prove.toml",
            "instance = \"cantu-civilia\"\n",
            "instance = \"cantu-civilia\"\nwhile_closed = \"cantu-notturni\"\n",
        )
        .append(
            "istanze/prove.toml",
            &format!(
                "[[instance]]\nname = \"cantu-notturni\"\nadapter = \"tracciato-anagrafe\"\naddress = \"folder:{delivered}\"\n\
                 [instance.night]\nsettle = \"0s\"\n[instance.bounds]\nconnect_deadline = \"1s\"\nanswer_deadline = \"2s\"\n"
            ),
        );
}

/// Someone who stands in the nightly files of Cantù.
fn deliver(folder: &std::path::Path) {
    let status = std::process::Command::new(crate::harness::process::program("simulators"))
        .args(["night-files", "--markers", "--ente", "B639", "--folder"])
        .arg(folder)
        .status()
        .expect("the simulators run");
    assert!(status.success());
}

#[tokio::test]
async fn while_it_is_closed_the_night_copy_answers_where_the_ente_allows_it() {
    let delivered = tempfile::tempdir().unwrap();
    deliver(delivered.path());
    let folder = delivered.path().display().to_string();
    let province = Province::with(|files| with_a_night_copy(files, &folder));
    let portal = province.portal("portale-uno");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let answer = loop {
        let answer = portal.persona(CANTU.0, CANTU.1).await;
        if answer.status == 200 || std::time::Instant::now() > until {
            break answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    };
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let told = &answer.body["provenienza"];
    assert_eq!(told["fonte"], json!("copia_notturna"));
    let today = Utc::now().with_timezone(&chrono_tz::Europe::Rome);
    assert_eq!(
        told["data_riferimento"],
        json!(today.date_naive().to_string())
    );
    assert_eq!(told["adattatore"]["nome"], json!("tracciato-anagrafe"));
    assert_eq!(province.simulators.count("d1", D1_OPERATION).await, 0);

    let path = format!("/rest/catalogo/v1/enti/{}/servizi", CANTU.0);
    let offered = portal.get(&path).await;
    let registry = &offered.body["items"][0];
    let copy = &registry["copia_quando_chiuso"];
    assert_eq!(copy["adattatore"]["nome"], json!("tracciato-anagrafe"));
    assert_eq!(copy["eta_massima_secondi"], json!(7 * 86_400));
    let fields = copy["campi_disponibili"].as_array().expect("fields");
    assert!(fields.contains(&json!("cognome")), "{copy}");
    let planned = registry["chiusure_previste"].as_array().expect("closures");
    assert!(planned.iter().any(|one| one["descrizione"] == "trasloco"));
}

#[tokio::test]
async fn while_it_is_closed_and_no_copy_is_there_yet_nobody_is_told_not_found() {
    let delivered = tempfile::tempdir().unwrap();
    let folder = delivered.path().display().to_string();
    let province = Province::with(|files| with_a_night_copy(files, &folder));
    let portal = province.portal("portale-uno");
    let refused = portal.persona(CANTU.0, CANTU.1).await;
    assert_eq!(refused.status, 503, "{:?}", refused.body);
    let wait: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=2 * 3600).contains(&wait), "{wait}");
    assert_eq!(province.simulators.count("d1", D1_OPERATION).await, 0);
}
