//! Bad weather: locks, slow statements, callers that go away, servers that stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pontile::connectors::call::Transcript;
use pontile::connectors::error::{Kind, Retry};
use pontile::connectors::sql::database::Database;

use crate::harness::mariadb::MariaDb;
use crate::harness::postgres::{self, Postgres};
use crate::harness::server::free_port;
use crate::office::Office;
use crate::town::{Town, ask, lines, settings, statement, within};

const ALL: &str = "SELECT id FROM vw_anagrafe";
/// Minutes of work that hold neither much memory nor disk.
const SLOW: &str = "SELECT count(*) AS quanti FROM centinaia a CROSS JOIN centinaia b CROSS JOIN centinaia c \
                    CROSS JOIN centinaia d CROSS JOIN centinaia e WHERE a.id + b.id + c.id + d.id + e.id < 0";

async fn with_work() -> Vec<Town> {
    let mut towns = Vec::new();
    for town in Town::all().await {
        let town = town.with_registry().await;
        let rows: Vec<String> = (0..300).map(|id| format!("({id})")).collect();
        town.office()
            .await
            .run(&format!(
                "CREATE TABLE centinaia (id INTEGER); INSERT INTO centinaia VALUES {}",
                rows.join(",")
            ))
            .await;
        towns.push(town);
    }
    towns
}

#[tokio::test]
async fn a_lock_is_a_time_out_and_not_an_empty_answer() {
    for town in Town::all().await {
        let town = town.with_registry().await;
        let database = town.database();
        assert_eq!(ask(&database, ALL, &[]).await.expect(town.name).len(), 4);
        let mut office = town.office().await;
        office
            .run(town.choose(
                "BEGIN EXCLUSIVE",
                "BEGIN; LOCK TABLE anagrafe IN ACCESS EXCLUSIVE MODE",
                "LOCK TABLES anagrafe WRITE",
            ))
            .await;
        let error = ask(&database, ALL, &[]).await.expect_err(town.name);
        assert_eq!(error.kind, Kind::TimedOut, "{}: {error}", town.name);
        assert!(error.is_outage());
        assert!(matches!(error.retry, Retry::After(_)), "{}", town.name);
        let code = town.choose("5", "55P03", "1205");
        assert_eq!(error.code.as_deref(), Some(code), "{}", town.name);
        office
            .run(town.choose("COMMIT", "COMMIT", "UNLOCK TABLES"))
            .await;
        assert_eq!(ask(&database, ALL, &[]).await.expect(town.name).len(), 4);
    }
}

#[tokio::test]
async fn a_statement_is_cut_off_at_the_callers_deadline_and_the_next_one_is_answered() {
    for town in with_work().await {
        let database = town.database();
        for _ in 0..3 {
            let begun = Instant::now();
            let mut transcript = Transcript::begin();
            let rows = database
                .rows(&statement(SLOW), &[], within(400), 1 << 20, &mut transcript)
                .await;
            let error = rows.expect_err(town.name);
            assert_eq!(
                (error.kind, error.retry),
                (Kind::TimedOut, Retry::Now),
                "{}",
                town.name
            );
            assert!(
                begun.elapsed() < Duration::from_millis(1_500),
                "{}",
                town.name
            );
            assert_eq!(ask(&database, ALL, &[]).await.expect(town.name).len(), 4);
        }
        assert_nothing_runs(&town).await;
    }
}

#[tokio::test]
async fn a_statement_whose_caller_went_away_ends_too() {
    for town in with_work().await {
        let database = town.database();
        let slow = ask(&database, SLOW, &[]);
        let gone = tokio::time::timeout(Duration::from_millis(300), slow).await;
        gone.expect_err(town.name);
        assert_eq!(ask(&database, ALL, &[]).await.expect(town.name).len(), 4);
        assert_nothing_runs(&town).await;
    }
}

/// Whatever was cut off ends in the database too, within its own limit of 1.8 s.
async fn assert_nothing_runs(town: &Town) {
    let mut office = town.office().await;
    if matches!(office, Office::Sqlite(_)) {
        // A statement that still runs would hold its lock.
        office
            .run("PRAGMA busy_timeout = 2000; BEGIN EXCLUSIVE; COMMIT")
            .await;
        return;
    }
    let until = Instant::now() + Duration::from_secs(4);
    loop {
        let running = office
            .number(town.choose(
                "",
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'lettore' \
                 AND state = 'active'",
                "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND user = 'lettore' \
                 AND command <> 'Sleep'",
            ))
            .await;
        if running == 0 {
            return;
        }
        assert!(Instant::now() < until, "{}: {running} still run", town.name);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn the_database_ends_a_slow_statement_by_itself() {
    for town in with_work().await.into_iter().skip(1) {
        let database = town.database();
        let begun = Instant::now();
        let error = ask(&database, SLOW, &[]).await.expect_err(town.name);
        let code = town.choose("", "57014", "1969");
        assert_eq!(
            (error.kind, error.code.as_deref()),
            (Kind::TimedOut, Some(code)),
            "{}: {error}",
            town.name
        );
        assert!(
            begun.elapsed() < Duration::from_millis(2_500),
            "{}",
            town.name
        );
    }
}

#[tokio::test]
async fn two_questions_run_at_once_and_a_third_waits() {
    for town in with_work().await {
        let database = Arc::new(town.database());
        let slow = || async {
            let mut transcript = Transcript::begin();
            database
                .rows(
                    &statement(SLOW),
                    &[],
                    within(1_000),
                    1 << 20,
                    &mut transcript,
                )
                .await
                .expect_err(town.name)
                .kind
        };
        let third = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let mut transcript = Transcript::begin();
            let early = database
                .rows(&statement(ALL), &[], within(200), 1 << 20, &mut transcript)
                .await
                .expect_err(town.name);
            let late = ask(&database, ALL, &[]).await.expect(town.name);
            (early.kind, late.len())
        };
        let (one, two, third) = tokio::join!(slow(), slow(), third);
        assert_eq!(
            (one, two),
            (Kind::TimedOut, Kind::TimedOut),
            "{}",
            town.name
        );
        assert_eq!(third, (Kind::Busy, 4), "{}", town.name);
    }
}

#[tokio::test]
async fn a_stopped_postgresql_is_unreachable_until_it_is_back() {
    let Some(mut server) = Postgres::start(&["fsync=off"]) else {
        return;
    };
    let administration = server.administration("postgres");
    let mut office = Office::open(&administration).await;
    office.run("CREATE TABLE t (id INTEGER)").await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = server.address(postgres::ADMINISTRATOR, "postgres");
    let mut settings = settings(&address, folder.path());
    std::fs::write(folder.path().join("password"), postgres::PASSWORD).expect("a file");
    settings.bounds.connect_deadline.0 = Duration::from_millis(500);
    let database = Database::new(&settings).expect("a sound instance");
    stopped_and_back(
        &database,
        &mut server,
        Postgres::stop,
        Postgres::start_again,
    )
    .await;
}

#[tokio::test]
async fn a_stopped_mariadb_is_unreachable_until_it_is_back() {
    let Some(mut server) = MariaDb::start(&[]) else {
        return;
    };
    let mut office = Office::open(&server.administration("mysql")).await;
    office
        .run("CREATE DATABASE comune; CREATE TABLE comune.t (id INTEGER)")
        .await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = server.address(postgres::ADMINISTRATOR, "comune");
    let mut settings = settings(&address, folder.path());
    std::fs::write(folder.path().join("password"), postgres::PASSWORD).expect("a file");
    settings.bounds.connect_deadline.0 = Duration::from_millis(500);
    let database = Database::new(&settings).expect("a sound instance");
    stopped_and_back(&database, &mut server, MariaDb::stop, MariaDb::start_again).await;
}

async fn stopped_and_back<S>(
    database: &Database,
    server: &mut S,
    stop: fn(&mut S),
    start_again: fn(&mut S),
) {
    let sql = "SELECT id FROM t";
    ask(database, sql, &[]).await.expect("a server");
    stop(server);
    for _ in 0..3 {
        let error = ask(database, sql, &[]).await.expect_err("no server");
        assert_eq!(
            (error.kind, error.retry),
            (Kind::Unreachable, Retry::Now),
            "{error}"
        );
    }
    start_again(server);
    ask(database, sql, &[]).await.expect("the server is back");

    // Nobody asked meanwhile: the connection that rests is dead, and nobody notices.
    stop(server);
    start_again(server);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    ask(database, sql, &[]).await.expect("the server is back");
}

#[tokio::test]
async fn nobody_listening_and_nobody_answering_are_unreachable() {
    let folder = tempfile::tempdir().expect("a folder");
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let silent_port = silent.local_addr().expect("an address").port();
    for scheme in ["postgres", "mysql"] {
        for port in [free_port(), silent_port] {
            let mut settings = settings(&format!("{scheme}://a@127.0.0.1:{port}/c"), folder.path());
            settings.bounds.connect_deadline.0 = Duration::from_millis(300);
            let database = Database::new(&settings).expect("a sound instance");
            let begun = Instant::now();
            let error = ask(&database, ALL, &[]).await.expect_err("no server");
            assert_eq!(
                (error.kind, error.retry),
                (Kind::Unreachable, Retry::Now),
                "{error}"
            );
            assert!(begun.elapsed() < Duration::from_secs(2));
        }
    }
}

#[tokio::test]
async fn a_file_that_was_replaced_is_read_anew() {
    let town = Town::with_file().with_registry().await;
    let database = town.database();
    assert_eq!(ask(&database, ALL, &[]).await.expect("rows").len(), 4);
    let fresh = Town::with_file().with_registry().await;
    fresh
        .office()
        .await
        .run("DELETE FROM anagrafe WHERE id > 1")
        .await;
    let file = |town: &Town| town.folder().join("comune.db");
    let beside = town.folder().join("nuovo.db");
    std::fs::copy(file(&fresh), &beside).expect("a copy");
    std::fs::rename(&beside, file(&town)).expect("a replacement");
    assert_eq!(ask(&database, ALL, &[]).await.expect("rows").len(), 1);
    std::fs::remove_file(file(&town)).expect("a removal");
    let error = ask(&database, ALL, &[]).await.expect_err("no file");
    assert_eq!(error.kind, Kind::Unreachable);
}

#[tokio::test]
async fn a_column_of_another_type_is_read_at_the_second_try_at_the_latest() {
    let sql = "SELECT quanti FROM vw_numeri";
    for town in Town::all().await {
        let mut office = town.office().await;
        office
            .run("CREATE VIEW vw_numeri AS SELECT 7 AS quanti")
            .await;
        let database = town.database();
        let read = ask(&database, sql, &[]).await;
        assert_eq!(lines(&read.expect(town.name)), [r#"{"quanti":"7"}"#]);
        office
            .run("DROP VIEW vw_numeri; CREATE VIEW vw_numeri AS SELECT 'sette' AS quanti")
            .await;
        let read = match ask(&database, sql, &[]).await {
            Err(error) if error.retry == Retry::Now => ask(&database, sql, &[]).await,
            read => read,
        };
        assert_eq!(
            lines(&read.expect(town.name)),
            [r#"{"quanti":"sette"}"#],
            "{}",
            town.name
        );
    }
}
