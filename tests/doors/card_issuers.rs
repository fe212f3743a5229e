//! Whose cards are recognized follows what issuers and their supervisor publish: read from files, fetched outside requests, the last good copy kept.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use pontile::card_issuers;
use pontile::login::{self, OpenHost};
use pontile::snapshot::{self, Kept};
use rustls::version::TLS12;

use crate::harness::{Client, Doors};
use crate::publisher::{Authority, DEPRECATED, Draft, RECOGNISED, Shelf};

const HOST: &str = "[login]\nname = \"localhost\"\naddress = \"127.0.0.1:0\"\n\
                    certificate = \"pki/server.pem\"\nkey = \"pki/server.key\"\n";

async fn open(sections: impl FnOnce(&Path) -> String) -> (Doors, OpenHost) {
    let doors = Doors::prepared(|pki| format!("{HOST}{}", sections(pki))).await;
    let kept = Kept::new().expect("randomness");
    let built = snapshot::build(&doors.config(), &[], 1, &kept).expect("a configuration");
    let settings = built.settings.login.expect("a login host");
    let host = login::serve(Arc::clone(&doors.gateway), settings).expect("an open host");
    (doors, host)
}

fn list<'a>(sequence: u64, services: &[(&'a Authority, &'static str)]) -> Draft<'a> {
    Draft {
        sequence,
        issued: Utc::now(),
        next_update: Utc::now() + TimeDelta::days(10),
        services: services.to_vec(),
    }
}

/// What somebody with that card reads; the whole page.
async fn page(doors: &Doors, address: SocketAddr, card: &str) -> String {
    let client = Client::new(&doors.pki, card, &[&TLS12]);
    let mut line = client.connect(address).await.expect("a handshake");
    line.get("/").await.expect("a page").body
}

/// Comes again until the page says so, looking at the files meanwhile as the gateway does.
async fn until(doors: &Doors, address: SocketAddr, card: &str, words: &str) {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        let page = page(doors, address, card).await;
        if page.contains(words) {
            return;
        }
        assert!(Instant::now() < end, "never «{words}»: {page}");
        tokio::time::sleep(Duration::from_millis(100)).await;
        doors.reloader.look_at_files();
    }
}

async fn until_counted(doors: &Doors, what: &str, result: &str, count: f64) {
    let end = Instant::now() + Duration::from_mins(1);
    let (what, result) = (format!("what=\"{what}\""), format!("result=\"{result}\""));
    let counted = || doors.metric(&["card_issuer_fetches_total", &what, &result]);
    while counted() < count {
        assert!(Instant::now() < end, "{what} {result}: {}", counted());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The names of authorities that a browser is told, so that it offers the right certificates.
fn hints(address: SocketAddr) -> String {
    let client = Command::new("openssl")
        .args([
            "s_client",
            "-tls1_2",
            "-servername",
            "localhost",
            "-connect",
        ])
        .arg(address.to_string())
        .stdin(Stdio::null())
        .output()
        .expect("openssl starts");
    let told = String::from_utf8_lossy(&client.stdout).into_owned();
    let (_, names) = told
        .split_once("Acceptable client certificate CA names\n")
        .unwrap_or_default();
    let (names, _) = names.split_once("Requested").unwrap_or_default();
    names.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_are_recognized_by_the_trusted_list_and_a_bad_list_changes_nothing() {
    let (doors, host) = open(|pki| {
        let regione = Authority::new(pki, "regione");
        let passata = Authority::new(pki, "passata");
        Authority::new(pki, "firmatario");
        regione.issue("nostra", None);
        passata.issue("di-ieri", None);
        let services = [(&regione, RECOGNISED), (&passata, DEPRECATED)];
        fs::write(
            pki.join("elenco.xml"),
            list(7, &services).signed(pki, "firmatario"),
        )
        .expect("a list");
        fs::write(pki.join("regione.crl"), regione.revocations(86_400)).expect("a list");
        "revocations = [\"pki/regione.crl\"]\n\
         [login.trust_list]\nfile = \"pki/elenco.xml\"\nsigners = [\"pki/firmatario.pem\"]\n"
            .to_owned()
    })
    .await;
    let recognized = page(&doors, host.address, "nostra").await;
    assert!(
        recognized.contains("La carta è riconosciuta"),
        "{recognized}"
    );
    let of_yesterday = page(&doors, host.address, "di-ieri").await;
    assert!(
        of_yesterday.contains("Emittente non riconosciuto"),
        "{of_yesterday}"
    );
    let ends = doors.gateway.snapshot().ends();
    assert!(
        ends.iter().any(|end| end.what.name() == "trust_list"),
        "{ends:?}"
    );

    let file = doors.pki.join("elenco.xml");
    let good = fs::read_to_string(&file).expect("the list");
    fs::write(&file, good.replace(DEPRECATED, RECOGNISED)).expect("a changed list");
    doors.reloader.look_at_files();
    let mistakes = doors
        .reloader
        .reload()
        .expect_err("a list that nobody signed");
    assert!(
        mistakes[0].to_string().contains("nessuno dei firmatari"),
        "{mistakes:?}"
    );
    let still = page(&doors, host.address, "nostra").await;
    assert!(still.contains("La carta è riconosciuta"), "{still}");
    let of_yesterday = page(&doors, host.address, "di-ieri").await;
    assert!(
        of_yesterday.contains("Emittente non riconosciuto"),
        "{of_yesterday}"
    );
    host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn past_its_next_update_and_the_grace_the_trusted_list_admits_nobody() {
    let (doors, host) = open(|pki| {
        let regione = Authority::new(pki, "regione");
        Authority::new(pki, "firmatario");
        regione.issue("nostra", None);
        let mut draft = list(7, &[(&regione, RECOGNISED)]);
        draft.next_update = Utc::now() + TimeDelta::seconds(2);
        fs::write(pki.join("elenco.xml"), draft.signed(pki, "firmatario")).expect("a list");
        fs::write(pki.join("regione.crl"), regione.revocations(86_400)).expect("a list");
        "revocations = [\"pki/regione.crl\"]\n\
         [login.trust_list]\nfile = \"pki/elenco.xml\"\nsigners = [\"pki/firmatario.pem\"]\ngrace = \"1s\"\n"
            .to_owned()
    })
    .await;
    until(
        &doors,
        host.address,
        "nostra",
        "Ora le carte non si possono verificare",
    )
    .await;
    doors
        .reloader
        .reload()
        .expect("a list that is out of date keeps nothing from starting");
    until(
        &doors,
        host.address,
        "nostra",
        "Ora le carte non si possono verificare",
    )
    .await;
    host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, told in one place")]
async fn a_fetched_list_brings_new_authorities_and_their_names_and_an_older_or_false_one_does_not_replace_it()
 {
    let shelf = Shelf::default();
    let (doors, host) = open(|pki| {
        let port = shelf.serve(Some(pki)).port();
        let regione = Authority::new(pki, "regione");
        let nuova = Authority::new(pki, "nuova");
        Authority::new(pki, "firmatario");
        nuova.issue("nuova-carta", None);
        let revocations = |authority: &Authority| {
            let file = pki.join(format!("{}.crl", authority.name));
            fs::write(file, authority.revocations(86_400)).expect("a list");
        };
        revocations(&regione);
        revocations(&nuova);
        shelf.put("/TSL.xml", list(7, &[(&regione, RECOGNISED)]).signed(pki, "firmatario"));
        let newer = list(8, &[(&regione, RECOGNISED), (&nuova, RECOGNISED)]);
        shelf.put("/new.xml", newer.signed(pki, "firmatario"));
        shelf.put("/false.xml", list(9, &[(&regione, RECOGNISED)]).signed(pki, "regione"));
        format!(
            "revocations = [\"pki/regione.crl\", \"pki/nuova.crl\"]\n\
             [login.trust_list]\nfile = \"elenco.xml\"\nsigners = [\"pki/firmatario.pem\"]\n\
             address = \"https://localhost:{port}/TSL.xml\"\naddress_authorities = \"pki/root.pem\"\nevery = \"1s\"\n"
        )
    })
    .await;
    // Nobody knows yet whose cards are recognized: that is not the card's fault.
    let page = page(&doors, host.address, "nuova-carta").await;
    assert!(
        page.contains("Ora le carte non si possono verificare"),
        "{page}"
    );
    let keeper = tokio::spawn(card_issuers::keep(Arc::clone(&doors.gateway)));
    until(
        &doors,
        host.address,
        "nuova-carta",
        "Emittente non riconosciuto",
    )
    .await;
    let told = hints(host.address);
    assert!(told.contains("regione"), "{told:?}");
    assert!(!told.contains("nuova"), "{told:?}");
    let old = shelf.get("/TSL.xml");
    shelf.put("/TSL.xml", shelf.get("/new.xml"));
    until(
        &doors,
        host.address,
        "nuova-carta",
        "La carta è riconosciuta",
    )
    .await;
    let told = hints(host.address);
    assert!(told.contains("nuova"), "{told:?}");
    // One that is older, one that somebody else signed, and none.
    let file = doors.config().with_file_name("elenco.xml");
    let kept = fs::read(&file).expect("the list");
    for (times, next) in [
        (1.0, Some(old)),
        (2.0, Some(shelf.get("/false.xml"))),
        (3.0, None),
    ] {
        match next {
            Some(next) => shelf.put("/TSL.xml", next),
            None => shelf.remove("/TSL.xml"),
        }
        until_counted(&doors, "trust_list", "failed", times).await;
        assert_eq!(fs::read(&file).expect("the list"), kept);
    }
    until(
        &doors,
        host.address,
        "nuova-carta",
        "La carta è riconosciuta",
    )
    .await;
    keeper.abort();
    host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, told in one place")]
async fn the_revocation_list_that_a_card_names_is_fetched_renewed_and_past_its_grace_refuses_the_cards()
 {
    let shelf = Shelf::default();
    let port = shelf.serve(None).port();
    let at = format!("http://localhost:{port}/regione.crl");
    let named = at.clone();
    let (doors, host) = open(move |pki| {
        let regione = Authority::new(pki, "regione");
        regione.issue("nostra", Some(&named));
        regione.issue("persa", Some(&named));
        regione.issue("altrove", Some("http://127.0.0.1:9/regione.crl"));
        format!(
            "authorities = [\"pki/regione.pem\"]\n[login.revocation_lists]\nfolder = \"revoche\"\n\
             hosts = [\"localhost:{port}\"]\nevery = \"1s\"\ngrace = \"4s\"\n"
        )
    })
    .await;
    let regione = Authority {
        folder: doors.pki.clone(),
        name: "regione",
    };
    shelf.put("/regione.crl", regione.revocations(86_400));
    let keeper = tokio::spawn(card_issuers::keep(Arc::clone(&doors.gateway)));
    until(&doors, host.address, "nostra", "La carta è riconosciuta").await;
    let ends = doors.gateway.snapshot().ends();
    let fetched = ends
        .iter()
        .find(|end| end.what.name() == "fetched_revocation_list");
    assert!(
        fetched.is_some_and(|end| end.name.contains("localhost")),
        "{ends:?}"
    );
    assert_eq!(
        fs::read_dir(doors.config().with_file_name("revoche"))
            .expect("a folder")
            .count(),
        2
    );

    regione.revoke("persa");
    shelf.put("/regione.crl", regione.revocations(5));
    until(&doors, host.address, "persa", "Carta revocata").await;

    // From now on nothing good comes: a list that another authority signed, then none.
    Authority::new(&doors.pki, "altra");
    let altra = Authority {
        folder: doors.pki.clone(),
        name: "altra",
    };
    shelf.put("/regione.crl", altra.revocations(86_400));
    until_counted(&doors, "revocation_list", "failed", 1.0).await;
    let within_grace = page(&doors, host.address, "nostra").await;
    assert!(
        within_grace.contains("La carta è riconosciuta"),
        "{within_grace}"
    );
    shelf.remove("/regione.crl");
    until(
        &doors,
        host.address,
        "nostra",
        "Ora le carte non si possono verificare",
    )
    .await;
    // A restart in that state keeps nothing from starting, and admits nobody.
    doors.reloader.reload().expect("a configuration");
    until(
        &doors,
        host.address,
        "nostra",
        "Ora le carte non si possono verificare",
    )
    .await;
    shelf.put("/regione.crl", regione.revocations(86_400));
    until(&doors, host.address, "nostra", "La carta è riconosciuta").await;
    keeper.abort();
    host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_of_a_host_that_is_not_configured_is_asked_nor_one_that_a_stranger_names() {
    let shelf = Shelf::default();
    let port = shelf.serve(None).port();
    let at = format!("http://localhost:{port}/elsewhere.crl");
    let (doors, host) = open(|pki| {
        let regione = Authority::new(pki, "regione");
        let ignota = Authority::new(pki, "ignota");
        regione.issue(
            "altrove",
            Some(&format!("http://127.0.0.1:{port}/regione.crl")),
        );
        ignota.issue("estranea", Some(&at));
        shelf.put("/regione.crl", regione.revocations(86_400));
        shelf.put("/elsewhere.crl", ignota.revocations(86_400));
        format!(
            "authorities = [\"pki/regione.pem\"]\n[login.revocation_lists]\nfolder = \"revoche\"\n\
             hosts = [\"localhost:{port}\"]\nevery = \"1s\"\n"
        )
    })
    .await;
    let keeper = tokio::spawn(card_issuers::keep(Arc::clone(&doors.gateway)));
    let elsewhere = page(&doors, host.address, "altrove").await;
    assert!(
        elsewhere.contains("Ora le carte non si possono verificare"),
        "{elsewhere}"
    );
    let stranger = page(&doors, host.address, "estranea").await;
    assert!(
        stranger.contains("Emittente non riconosciuto"),
        "{stranger}"
    );
    // What may be asked is, and with it whatever was noted before.
    let may_be_asked = format!("http://localhost:{port}/bell");
    doors.gateway.wanted_lists.want([may_be_asked]);
    until_counted(&doors, "revocation_list", "failed", 1.0).await;
    assert_eq!(shelf.asked(), ["/bell"]);
    keeper.abort();
    host.close().await;
}
