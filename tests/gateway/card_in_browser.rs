//! Debian's Chromium logs in with a card that lives in SoftHSM, and the example portal shows the citizen what is theirs.
//!
//! With `PONTILE_PICTURES` the pages are pictured into that folder, as the documentation shows them.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::example_portal::{CITIZEN, free_port, province, start};
use crate::harness::chromium::Chromium;
use crate::harness::process::{Process, pause};
use crate::harness::province::Province;
use crate::harness::soft_card::{PIN, PROGRAMS, Reader, SoftCard, are_installed};
use crate::independent::libraries;

/// The portal with its gateway, both running.
struct Running {
    province: Province,
    issuer: String,
    portal: String,
    _process: Process,
}

/// `None`, told, where what it takes is not installed.
fn running(programs: &[&str]) -> Option<Running> {
    let libraries = libraries()?;
    if !are_installed(&PROGRAMS) || !are_installed(programs) {
        return None;
    }
    let port = free_port();
    let (province, gateway, issuer) = province(port);
    let (process, portal) = start(&libraries, &province, (&gateway, &issuer), port);
    Some(Running {
        province,
        issuer,
        portal,
        _process: process,
    })
}

fn picture(browser: &mut Chromium, name: &str) {
    if let Some(folder) = std::env::var_os("PONTILE_PICTURES") {
        browser.picture(&PathBuf::from(folder).join(name));
    }
}

/// What the portal's page must show: the log-in, the registry record and the taxes, both from the gateway.
fn shows_what_is_theirs(page: &str) {
    assert!(
        page.contains("ANNA BIANCHI") && page.contains(CITIZEN),
        "{page}"
    );
    assert_eq!(page.matches("HTTP 200").count(), 2, "{page}");
    assert!(
        page.contains("provenienza") && page.contains("immobili"),
        "{page}"
    );
}

#[test]
fn a_citizen_logs_in_with_chromium_and_a_card_whose_pin_is_typed_at_the_reader() {
    let Some(running) = running(&[]) else { return };
    let card = SoftCard::new(&running.province.pki, "carta", Reader::WithPinPad);
    card.choose_at(&running.issuer);
    let settings = card.settings();
    let mut browser = Chromium::start(&card.home(), None, &[("SOFTHSM2_CONF", settings.as_path())]);

    browser.leave_for(&running.issuer);
    browser.reads("La carta è riconosciuta");
    picture(&mut browser, "carta-riconosciuta.png");
    browser.leave_for(&running.portal);
    browser.reads("Entra con la carta");
    picture(&mut browser, "entra.png");
    browser.follow_link();
    shows_what_is_theirs(&browser.reads("Posizione IMU"));
    picture(&mut browser, "i-miei-dati.png");
    assert!(!running.province.log().contains(CITIZEN));
}

#[test]
fn a_citizen_logs_in_with_chromium_and_types_the_pin_into_its_dialogue() {
    let Some(running) = running(&["Xvfb", "xdotool"]) else {
        return;
    };
    let card = SoftCard::new(&running.province.pki, "carta", Reader::Plain);
    let screen = Screen::start();
    let settings = card.settings();
    let environment = [("SOFTHSM2_CONF", settings.as_path())];
    let mut browser = Chromium::start(&card.home(), Some(&screen.display), &environment);

    browser.leave_for(&running.portal);
    browser.reads("Entra con la carta");
    browser.follow_link();
    let until = Instant::now() + Duration::from_mins(1);
    while !screen.shows("Unlock Security Device") {
        assert!(Instant::now() < until, "no dialogue asks for the PIN");
        pause();
    }
    screen.keys(&["type", PIN]);
    // The PIN's Return, then that of the choice between certificates, whenever it shows.
    while !browser.text().contains("Posizione IMU") {
        assert!(Instant::now() < until, "{}", browser.text());
        screen.keys(&["key", "Return"]);
        pause();
    }
    shows_what_is_theirs(&browser.text());
}

/// A screen that nobody sees.
struct Screen {
    display: String,
    _process: Process,
}

impl Screen {
    fn start() -> Screen {
        let mut command = Command::new("Xvfb");
        command.args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "1000x800x24",
            "-nolisten",
            "tcp",
        ]);
        let (process, number) =
            Process::start("Xvfb", &mut command, |line| line.parse::<u16>().is_ok());
        Screen {
            display: format!(":{number}"),
            _process: process,
        }
    }

    /// Whether a window has that title.
    fn shows(&self, title: &str) -> bool {
        self.keys(&["search", "--onlyvisible", "--name", title])
    }

    fn keys(&self, words: &[&str]) -> bool {
        let mut command = Command::new("xdotool");
        let told = command.args(words).env("DISPLAY", &self.display).output();
        told.expect("xdotool starts").status.success()
    }
}
