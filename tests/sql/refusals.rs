//! What the database or we refuse: passwords, rights, writing, changed views, unusable instances.

use std::fs;
use std::path::Path;

use pontile::config::instance::InstanceSettings;
use pontile::connectors::error::{Kind, Retry};
use pontile::connectors::sql::database::Database;
use pontile::connectors::sql::statement::Statement;

use crate::town::{PASSWORD, Town, ask, lines, settings, statement, within};

const ALL: &str = "SELECT id FROM vw_anagrafe";

#[tokio::test]
async fn a_wrong_password_is_told_apart_and_a_corrected_one_holds_at_once() {
    for town in Town::all().await.into_iter().skip(1) {
        let town = town.with_registry().await;
        let database = town.database();
        fs::write(town.folder().join("password"), "sbagliata").expect("a file");
        let error = ask(&database, ALL, &[]).await.expect_err(town.name);
        assert_eq!(
            (error.kind, error.retry),
            (Kind::CredentialsRefused, Retry::Never),
            "{}: {error}",
            town.name
        );
        assert!(!format!("{error:?}").contains("sbagliata"), "{error:?}");
        fs::write(town.folder().join("password"), format!("{PASSWORD}\n")).expect("a file");
        assert_eq!(ask(&database, ALL, &[]).await.expect(town.name).len(), 4);
        fs::remove_file(town.folder().join("password")).expect("a file");
        let error = ask(&town.database(), ALL, &[]).await.expect_err(town.name);
        assert_eq!(error.kind, Kind::Gateway, "{}: {error}", town.name);
    }
}

#[tokio::test]
async fn a_view_that_the_account_may_not_read_is_refused_credentials() {
    if let Some(town) = Town::with_postgres("").await {
        let town = town.with_registry().await;
        let revoke = "REVOKE SELECT ON vw_anagrafe FROM lettore";
        town.office().await.run(revoke).await;
        let error = ask(&town.database(), ALL, &[]).await.expect_err("no right");
        assert_eq!(
            (error.kind, error.code.as_deref()),
            (Kind::CredentialsRefused, Some("42501"))
        );
    }
    if let Some(town) = Town::with_mariadb("").await {
        let sql = "SELECT user AS id FROM mysql.user";
        let error = ask(&town.database(), sql, &[]).await.expect_err("no right");
        assert_eq!(
            (error.kind, error.code.as_deref()),
            (Kind::CredentialsRefused, Some("1142"))
        );
    }
}

#[tokio::test]
async fn a_column_that_vanished_is_named_before_and_while_reading() {
    let expected = ["id", "cognome"];
    let sql = statement("SELECT id, cf, cognome FROM vw_anagrafe WHERE id = 1");
    for town in Town::all().await {
        let town = town.with_registry().await;
        let database = town.database();
        let probed = database.probe_columns(&sql, &expected, within(5_000)).await;
        probed.expect(town.name);
        let probed = database
            .probe_columns(&sql, &["id", "sesso", "nato"], within(5_000))
            .await;
        assert_eq!(
            probed.expect_err(town.name).to_string(),
            "unintelligible answer: probe: missing columns: sesso, nato",
            "{}",
            town.name
        );

        ask(
            &database,
            "SELECT id, cf, cognome FROM vw_anagrafe WHERE id = 1",
            &[],
        )
        .await
        .expect(town.name);
        let mut office = town.office().await;
        office
            .run(
                "DROP VIEW vw_anagrafe; \
                 CREATE VIEW vw_anagrafe AS SELECT id, cf AS codice, cognome FROM anagrafe",
            )
            .await;
        let probed = database.probe_columns(&sql, &expected, within(5_000)).await;
        let read = ask(
            &database,
            "SELECT id, cf, cognome FROM vw_anagrafe WHERE id = 1",
            &[],
        )
        .await;
        for error in [probed.expect_err(town.name), read.expect_err(town.name)] {
            assert_eq!(
                (error.kind, error.retry),
                (Kind::Unintelligible, Retry::Never),
                "{}: {error}",
                town.name
            );
            assert!(error.detail.contains("cf"), "{}: {error}", town.name);
        }

        office.run("DROP VIEW vw_anagrafe").await;
        let read = ask(&database, ALL, &[]).await.expect_err(town.name);
        assert_eq!(read.kind, Kind::Unintelligible, "{}: {read}", town.name);
        assert!(read.detail.contains("vw_anagrafe"), "{}: {read}", town.name);

        office
            .run("CREATE VIEW vw_anagrafe AS SELECT cognome, cf, id FROM anagrafe")
            .await;
        let probed = database.probe_columns(&sql, &expected, within(5_000)).await;
        probed.expect(town.name);
        assert_eq!(ask(&database, ALL, &[]).await.expect(town.name).len(), 4);
    }
}

#[tokio::test]
async fn nothing_is_written_neither_by_a_statement_nor_through_one() {
    for town in Town::all().await {
        let town = town.with_registry().await;
        let mut office = town.office().await;
        let database = town.database();
        for writing in [
            "INSERT INTO anagrafe (id) VALUES (9)",
            "DELETE FROM anagrafe",
            "WITH x AS (DELETE FROM anagrafe RETURNING id) SELECT id FROM x",
        ] {
            Statement::parse(Path::new("scrive.sql"), writing).expect_err(writing);
        }
        // A function that writes is read like any other: only the session can refuse it.
        let function = town.choose(
            "",
            "CREATE FUNCTION scrivi() RETURNS integer LANGUAGE sql SECURITY DEFINER AS \
             'INSERT INTO anagrafe (id) VALUES (9) RETURNING id'",
            "CREATE FUNCTION scrivi() RETURNS INTEGER BEGIN INSERT INTO anagrafe (id) VALUES (9); RETURN 9; END",
        );
        if function.is_empty() {
            let rows = ask(&database, "SELECT query_only FROM pragma_query_only", &[]).await;
            assert_eq!(lines(&rows.expect(town.name)), [r#"{"query_only":"1"}"#]);
        } else {
            office.run(function).await;
            let error = ask(&database, "SELECT scrivi() AS id", &[])
                .await
                .expect_err(town.name);
            let code = town.choose("", "25006", "1792");
            assert_eq!(
                (error.kind, error.code.as_deref()),
                (Kind::Failed, Some(code)),
                "{}",
                town.name
            );
        }
        assert_eq!(office.number("SELECT count(*) FROM anagrafe").await, 4);
    }
}

#[tokio::test]
async fn errors_of_the_database_repeat_no_value() {
    for town in Town::all().await.into_iter().skip(1) {
        let town = town.with_registry().await;
        town.office()
            .await
            .run("INSERT INTO anagrafe VALUES (5, 'CNFFDN80A01C933Z', 'CONFIDENZIALE', NULL)")
            .await;
        let sql = town.choose(
            "",
            "SELECT CAST(cf AS INTEGER) AS id FROM anagrafe",
            "SELECT ExtractValue(concat('<a>', cf, '<'), concat('/', cf, '[')) AS id FROM anagrafe",
        );
        let error = ask(&town.database(), sql, &[]).await.expect_err(town.name);
        assert_eq!(error.kind, Kind::Failed, "{}: {error:?}", town.name);
        assert!(!format!("{error:?}").contains("933"), "{error:?}");
    }
}

#[test]
fn an_unusable_instance_is_refused_without_repeating_its_address() {
    let folder = tempfile::tempdir().expect("a folder");
    let with = |address: &str| settings(address, folder.path());
    let tls = |address: &str| {
        let mut settings: InstanceSettings = with(address);
        settings.tls.authorities = Some("ca.pem".into());
        settings
    };
    for (settings, reason) in [
        (with("https://back.example"), "not of a database"),
        (with("postgres://localhost/comune"), "no account"),
        (with("mysql://localhost/comune"), "no account"),
        (
            with("mysql://a@localhost/c?charset=latin1"),
            "only parameters",
        ),
        (
            with("postgres://a@localhost/c?options=-cx=y"),
            "only parameters",
        ),
        (
            with("postgres://a@localhost/c?password=rivelata"),
            "only parameters",
        ),
        (
            with("postgres://a@localhost/c?sslmode=forse"),
            "not well formed",
        ),
        (
            tls("postgres://a@localhost/c?sslmode=disable"),
            "already settles",
        ),
    ] {
        let error = Database::new(&settings).expect_err(reason);
        let text = error.to_string();
        assert!(text.contains(reason), "{text}");
        assert_eq!(error.kind, Kind::Gateway);
        assert!(
            !text.contains("rivelata") && !text.contains("localhost"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_missing_file_is_unreachable_and_is_not_made() {
    let town = Town::with_file();
    let error = ask(&town.database(), ALL, &[]).await.expect_err("no file");
    assert_eq!(
        (error.kind, error.code.as_deref()),
        (Kind::Unreachable, Some("14"))
    );
    assert!(!town.folder().join("comune.db").exists());

    fs::write(town.folder().join("comune.db"), "questo non è un database").expect("a file");
    let error = ask(&town.database(), ALL, &[])
        .await
        .expect_err("no database");
    assert_eq!(error.kind, Kind::Unintelligible, "{error}");
}
