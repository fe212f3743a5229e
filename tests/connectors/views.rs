//! The views of Como: a rebuilt, a changed and a locked view are outages, never «not found».

use std::path::Path;
use std::process::Command;

use pontile::connectors::error::Kind;

use crate::asking::{Town, shown};
use crate::harness::mariadb::MariaDb;
use crate::harness::postgres::Postgres;
use crate::process::program;
use crate::simulators::seed_view;

const COMO: &str = "RSSMRA80A01C933H";
/// The password of the account that reads.
const PASSWORD: &str = "lettura-di-prova";
/// Someone of another municipality.
const STRANGER: &str = "FOXLAX01B28D416I";

/// The views on one kind of database.
struct Views {
    name: &'static str,
    town: Town,
    /// Where the office changes them.
    url: String,
    _server: Box<dyn std::any::Any>,
}

impl Views {
    /// On every database that is installed here.
    fn everywhere() -> Vec<Views> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("como.db");
        seed_view(&file);
        let mut all = vec![Views {
            name: "SQLite",
            town: town(&file),
            url: format!("sqlite:{}", file.display()),
            _server: Box::new(folder),
        }];
        if let Some(server) = Postgres::start(&["fsync=off"]) {
            let url = server.administration("postgres");
            let address = server.address("pontile_lettura", "postgres");
            all.push(Views::on("PostgreSQL", url, address, Box::new(server)));
        }
        if let Some(server) = MariaDb::start(&[]) {
            let url = server.administration("mysql");
            let address = server.address("pontile_lettura", "mysql");
            all.push(Views::on("MariaDB", url, address, Box::new(server)));
        }
        all
    }

    fn on(
        name: &'static str,
        url: String,
        address: String,
        server: Box<dyn std::any::Any>,
    ) -> Views {
        simulators(&["seed-view", "--url", &url, "--read-only-password", PASSWORD]);
        Views {
            name,
            town: Town::como(address, Some(PASSWORD)),
            url,
            _server: server,
        }
    }

    fn fault(&self, fault: &str) {
        simulators(&["view-fault", "--url", &self.url, fault]);
    }
}

fn simulators(arguments: &[&str]) {
    let mut command = Command::new(program("simulators"));
    let status = command.args(arguments).status().unwrap();
    assert!(status.success(), "{arguments:?}");
}

fn town(file: &Path) -> Town {
    Town::como(format!("sqlite:{}", file.display()), None)
}

#[tokio::test]
async fn an_empty_view_is_an_outage_on_every_database_and_its_return_is_noticed() {
    for views in Views::everywhere() {
        let (name, town) = (views.name, &views.town);
        let answer = town.persona(COMO).await.expect(name);
        assert_eq!(shown(&answer)["cognome"], "ROSSI", "{name}");
        let error = town.persona(STRANGER).await.expect_err(name);
        assert_eq!(error.kind, Kind::NotFound, "a full view, {name}: {error}");
        views.fault("empty");
        for person in [COMO, STRANGER] {
            let error = town.persona(person).await.expect_err(name);
            assert_eq!(error.kind, Kind::Unavailable, "rebuilt, {name}: {error}");
        }
        views.fault("restore");
        town.persona(COMO).await.expect(name);
    }
}

#[tokio::test]
async fn a_vanished_column_fails_closed_on_every_database_asked_and_probed() {
    for views in Views::everywhere() {
        let (name, town) = (views.name, &views.town);
        let probe = || town.instance.probe(&town.adapter);
        probe().await.expect(name);
        views.fault("rename-column");
        let error = town.persona(COMO).await.expect_err(name);
        assert_eq!(error.kind, Kind::Unintelligible, "{name}: {error}");
        let probed = probe().await.expect_err(name);
        assert_eq!(probed.kind, Kind::Unintelligible, "{name}: {probed}");
        views.fault("restore");
        town.persona(COMO).await.expect(name);
        probe().await.expect(name);
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_unreachable_and_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("altro.db");
    let error = town(&file).persona(COMO).await.expect_err("no file");
    assert_eq!(error.kind, Kind::Unreachable, "{error}");
    assert!(!file.exists());
}
