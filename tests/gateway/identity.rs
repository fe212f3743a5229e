//! Stage 1: the certificate decides who calls, at every request.

use crate::harness::portal::Portal;
use crate::harness::province::Province;

const PERSON: (&str, &str) = ("013041", "BNCNNA75T71B639E");

#[tokio::test]
async fn a_portal_is_known_by_subject_or_by_fingerprint() {
    let province = Province::start();
    for certificate in ["portale-uno", "portale-due"] {
        assert_eq!(
            province
                .portal(certificate)
                .persona(PERSON.0, PERSON.1)
                .await
                .status,
            200,
            "{certificate}"
        );
    }
}

#[tokio::test]
async fn a_valid_certificate_of_no_portal_gets_a_problem_and_not_a_closed_socket() {
    let province = Province::start();
    for certificate in ["sconosciuto", "operatore-uno"] {
        let answer = province
            .portal(certificate)
            .persona(PERSON.0, PERSON.1)
            .await;
        assert_eq!(answer.status, 403, "{certificate}: {}", answer.body);
        assert_eq!(answer.body["lato"], "portale");
        assert!(!answer.header("x-ratelimit-limit").is_empty());
    }
}

#[tokio::test]
async fn certificates_that_are_expired_revoked_foreign_or_meant_for_something_else_end_at_the_handshake()
 {
    let province = Province::start();
    for certificate in [
        "scaduto",
        "revocato",
        "estraneo",
        "non-cliente",
        "senza-firma",
    ] {
        let portal = province.portal(certificate);
        let outcome = portal
            .request(reqwest::Method::GET, "/rest/catalogo/v1/enti")
            .send()
            .await;
        assert!(outcome.is_err(), "{certificate} was admitted: {outcome:?}");
    }
    let metrics = province.operator("operatore-uno");
    let text = metrics
        .request(reqwest::Method::GET, "/metrics")
        .send()
        .await
        .expect("metrics")
        .text()
        .await
        .expect("text");
    let rejected: f64 = text
        .lines()
        .filter(|line| line.contains("handshake") && line.contains("portal"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum();
    assert!(
        rejected >= 5.0,
        "rejected handshakes are not counted:\n{text}"
    );
}

#[tokio::test]
async fn a_portal_without_a_certificate_is_not_admitted() {
    let province = Province::start();
    let root = reqwest::Certificate::from_pem(&province.pki.read("root.pem")).expect("the root");
    let client = reqwest::Client::builder()
        .tls_certs_only([root])
        .build()
        .expect("a client");
    let outcome = client
        .get(format!(
            "https://{}/rest/catalogo/v1/enti",
            province.portal_door()
        ))
        .send()
        .await;
    assert!(outcome.is_err(), "{outcome:?}");
}

async fn out_at_once(portal: &Portal) {
    let answer = portal.persona(PERSON.0, PERSON.1).await;
    assert!(
        [401, 403].contains(&answer.status),
        "{}: {}",
        answer.status,
        answer.body
    );
    assert_eq!(answer.body["lato"], "portale");
}

#[tokio::test]
async fn a_portal_revoked_after_its_connection_was_made_is_out_at_once_on_that_connection() {
    let mut province = Province::start();
    let portal = province.portal("portale-uno");
    assert_eq!(portal.persona(PERSON.0, PERSON.1).await.status, 200);
    province.pki.revoke("portale-uno");
    province.reload();
    out_at_once(&portal).await;
    assert_eq!(
        province
            .portal("portale-due")
            .persona(PERSON.0, PERSON.1)
            .await
            .status,
        200,
        "the others go on"
    );
}

#[tokio::test]
async fn a_revocation_needs_nobodys_signal() {
    let province = Province::start();
    let portal = province.portal("portale-uno");
    assert_eq!(portal.persona(PERSON.0, PERSON.1).await.status, 200);
    province.pki.revoke("portale-uno");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(15);
    while portal.persona(PERSON.0, PERSON.1).await.status == 200 {
        assert!(
            std::time::Instant::now() < until,
            "the revoked portal still gets answers"
        );
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    out_at_once(&portal).await;
}

#[tokio::test]
async fn a_portal_removed_from_the_configuration_is_out_at_once() {
    let mut province = Province::start();
    let portal = province.portal("portale-uno");
    assert_eq!(portal.persona(PERSON.0, PERSON.1).await.status, 200);
    province
        .files
        .replace("portali/prove.toml", "CN=portale-uno,", "CN=portale-tre,");
    province.rewrite_and_reload();
    out_at_once(&portal).await;
}

#[tokio::test]
async fn a_configuration_with_a_mistake_is_refused_and_the_old_one_goes_on() {
    let mut province = Province::start();
    let portal = province.portal("portale-uno");
    province
        .files
        .append("enti/prove.toml", "[[ente]]\ncodice_istat = \"sei\"\n");
    province.rewrite_and_reload();
    assert_eq!(portal.persona(PERSON.0, PERSON.1).await.status, 200);
    let ready = province.operator("operatore-uno").get("/pronto").await;
    assert_eq!(ready.body["generazione"], 1, "{}", ready.body);
}

#[tokio::test]
async fn a_header_that_names_a_certificate_makes_nobody_of_its_sender() {
    let province = Province::start();
    let portal = province.portal("portale-due");
    let other = province.pki.read("portale-uno.pem");
    let der = openssl::x509::X509::from_pem(&other).expect("a certificate");
    let der = base64::Engine::encode(
        &base64::prelude::BASE64_STANDARD,
        der.to_der().expect("DER"),
    );
    let mut request = portal
        .request(
            reqwest::Method::POST,
            "/rest/anagrafe/v1/enti/013095/ricerche-persona",
        )
        .header("Purpose-Id", crate::harness::portal::PURPOSE)
        .json(&serde_json::json!({ "codice_fiscale": "FOXLAX01B28D416I" }));
    for (name, value) in [
        ("Client-Cert", format!(":{der}:")),
        ("X-SSL-Client-Cert", der.clone()),
        ("X-Forwarded-Client-Cert", format!("Cert=\"{der}\"")),
    ] {
        request = request.header(name, value);
    }
    // The first portal may ask Erba, the second may not.
    let answer = portal.send(request).await;
    assert_eq!((answer.status, answer.slug()), (403, "non-autorizzato"));
}
