//! The views, in SQLite always and in PostgreSQL and MariaDB where an address is given.

use std::time::Duration;

use simulators::dialects::d9::database::DatabaseError;
use simulators::dialects::d9::{READER, ViewFault, disturb, seed};
use simulators::population::{DEFAULT_SEED, Population, day};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection, Row};

fn population() -> Population {
    Population::generate(DEFAULT_SEED, day(2026, 11, 22))
}

pub struct Views {
    url: String,
    connection: SqliteConnection,
    _folder: tempfile::TempDir,
}

pub async fn views() -> Views {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("como.db").display());
    seed(&url, &population(), Some("unused")).await.unwrap();
    let connection = SqliteConnection::connect(&url).await.unwrap();
    Views {
        url,
        connection,
        _folder: folder,
    }
}

impl Views {
    /// The first column of every row as text.
    pub async fn ask(&mut self, sql: &str) -> Result<Vec<Option<String>>, sqlx::Error> {
        let sql = AssertSqlSafe(sql.replacen("SELECT ", "SELECT CAST(", 1).replacen(
            " FROM ",
            " AS TEXT) FROM ",
            1,
        ));
        let rows = sqlx::query(sql).fetch_all(&mut self.connection).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    async fn one(&mut self, sql: &str) -> String {
        self.ask(sql).await.unwrap().remove(0).unwrap()
    }
}

#[actix_web::test]
async fn the_registry_view_has_the_quirks_that_the_readme_lists() {
    let mut views = views().await;
    let mario = "FROM vw_anagrafe WHERE CODICEFISCALE = 'RSSMRA80A01C933H'";
    assert_eq!(
        views.one(&format!("SELECT IDCOMUNENASCITA {mario}")).await,
        "13075"
    );
    assert_eq!(
        views.one(&format!("SELECT COGNOME {mario}")).await,
        format!("{:<40}", "ROSSI")
    );
    assert_eq!(
        views.one(&format!("SELECT DATANASCITA {mario}")).await,
        "1980-01-01"
    );
    let family = "(SELECT IDFAMIGLIA FROM vw_anagrafe WHERE CODICEFISCALE = 'RSSMRA80A01C933H')";
    let members = format!("SELECT IDPARENTELA FROM vw_anagrafe WHERE IDFAMIGLIA = {family}");
    assert_eq!(views.ask(&members).await.unwrap().len(), 3);
    assert_eq!(
        views
            .one("SELECT count(*) FROM vw_anagrafe WHERE CODICEFISCALE IS NULL")
            .await,
        "1"
    );
    assert_eq!(
        views
            .one("SELECT count(*) FROM vw_anagrafe WHERE length(CODICEFISCALE) = 20")
            .await,
        "1"
    );
    let lower = "SELECT count(*) FROM vw_anagrafe WHERE CODICEFISCALE = lower(CODICEFISCALE)";
    assert_eq!(views.one(lower).await, "1");
    let odd = "SELECT count(*) FROM vw_anagrafe WHERE SESSO IS NULL OR SESSO = 'X'";
    assert_ne!(views.one(odd).await, "0");
    let back = "SELECT RESIDENTE FROM vw_anagrafe WHERE DATAEMIGRAZIONE = DATAIMMIGRAZIONE";
    assert_eq!(views.one(back).await, "S");
    assert_eq!(
        views
            .one("SELECT LOCALITAESTERA FROM vw_anagrafe WHERE AIRE = 'S'")
            .await,
        "LUGANO"
    );
    let dead = "SELECT DATAMORTE FROM vw_anagrafe WHERE DATAMORTE IS NOT NULL AND RESIDENTE = 'N'";
    assert_eq!(views.one(dead).await, "2026-11-15");
    let twice = "SELECT count(*) FROM vw_anagrafe WHERE COGNOME LIKE 'REISCRITTI %'";
    assert_eq!(views.one(twice).await, "2");
}

#[actix_web::test]
async fn the_tax_views_fit_together() {
    let mut views = views().await;
    let subject = "(SELECT ID_ORIG FROM vw_tributi_soggetti WHERE COD_FISC = 'RSSMRA80A01C933H')";
    for (sql, expected) in [
        (
            "SELECT count(*) FROM vw_imu_immobili WHERE YEA_RIF = '2026' AND ID_ORIG_SOGG_CNT",
            "2",
        ),
        (
            "SELECT SUP_TOT FROM vw_tari_utenze WHERE ID_ORIG_SOGG",
            "85.00",
        ),
        (
            "SELECT count(*) FROM vw_imu_dovuto WHERE ID_ORIG_SOGG_CNT",
            "10",
        ),
        (
            "SELECT count(*) FROM vw_imu_versamenti WHERE ID_ORIG_SOGG_ICI",
            "9",
        ),
        (
            "SELECT IMP_RESIDUO_EU FROM vw_tari_avvisi WHERE ANNO = '2026' AND ID_ORIG_SOGG",
            "103.00",
        ),
        (
            "SELECT count(*) FROM vw_tari_versamenti WHERE ID_ORIG_SOGG",
            "9",
        ),
    ] {
        assert_eq!(
            views.one(&format!("{sql} = {subject}")).await,
            expected,
            "{sql}"
        );
    }
    let instalments =
        "SELECT count(*) FROM vw_tari_rate r JOIN vw_tari_avvisi a ON a.ID_ORIG = r.ID_EXT_AVVISO";
    let notices: u32 = views
        .one("SELECT count(*) FROM vw_tari_avvisi")
        .await
        .parse()
        .unwrap();
    assert_eq!(views.one(instalments).await, (2 * notices).to_string());
    assert_eq!(
        views
            .one("SELECT count(*) FROM vw_imu_immobili WHERE PRC_POSS = '33.3'")
            .await,
        "15"
    );
    assert_eq!(
        views
            .one("SELECT CAT FROM vw_imu_immobili WHERE CAT LIKE 'D%'")
            .await,
        "D01 "
    );
}

#[actix_web::test]
async fn the_view_can_be_emptied_changed_locked_and_restored() {
    let mut views = views().await;
    let everyone = "SELECT count(*) FROM vw_anagrafe WHERE CODICEFISCALE IS NOT NULL OR 1 = 1";
    let before = views.one(everyone).await;
    disturb(&views.url, ViewFault::Empty, || ()).await.unwrap();
    assert_eq!(views.one(everyone).await, "0");
    disturb(&views.url, ViewFault::RenameColumn, || ())
        .await
        .unwrap();
    assert!(views.ask(everyone).await.is_err());
    disturb(&views.url, ViewFault::Restore, || ())
        .await
        .unwrap();
    assert_eq!(views.one(everyone).await, before);
    let (tell, told) = tokio::sync::oneshot::channel();
    let url = views.url.clone();
    let lock = ViewFault::Lock(Duration::from_millis(300));
    let held = tokio::spawn(async move { disturb(&url, lock, || tell.send(()).unwrap()).await });
    told.await.unwrap();
    sqlx::query("PRAGMA busy_timeout = 0")
        .execute(&mut views.connection)
        .await
        .unwrap();
    assert!(views.ask(everyone).await.is_err());
    held.await.unwrap().unwrap();
    assert_eq!(views.one(everyone).await, before);
}

#[actix_web::test]
async fn seeding_twice_gives_the_same_views() {
    let mut views = views().await;
    let before = views.one("SELECT count(*) FROM vw_anagrafe").await;
    seed(&views.url, &population(), None).await.unwrap();
    assert_eq!(views.one("SELECT count(*) FROM vw_anagrafe").await, before);
}

#[actix_web::test]
async fn an_unknown_kind_of_database_is_refused() {
    let refused = seed("oracle://x", &population(), None).await;
    assert!(matches!(refused, Err(DatabaseError::UnknownScheme)));
}

/// Runs where `SIMULATORS_TEST_POSTGRES` or `SIMULATORS_TEST_MYSQL` holds an owner's address of an empty database.
#[actix_web::test]
async fn the_reader_of_a_server_reads_the_views_and_nothing_else() {
    for variable in ["SIMULATORS_TEST_POSTGRES", "SIMULATORS_TEST_MYSQL"] {
        let Ok(url) = std::env::var(variable) else {
            continue;
        };
        seed(&url, &population(), Some("prova")).await.unwrap();
        disturb(&url, ViewFault::Empty, || ()).await.unwrap();
        disturb(&url, ViewFault::RenameColumn, || ()).await.unwrap();
        disturb(&url, ViewFault::Restore, || ()).await.unwrap();
        disturb(&url, ViewFault::Lock(Duration::from_millis(10)), || ())
            .await
            .unwrap();
        let (scheme, rest) = url.split_once("://").unwrap();
        let reader = format!(
            "{scheme}://{READER}:prova@{}",
            rest.rsplit_once('@').unwrap().1
        );
        let mut database = simulators::dialects::d9::database::Database::open(&reader)
            .await
            .unwrap();
        let read =
            "SELECT IDPERSONA FROM vw_anagrafe WHERE upper(CODICEFISCALE) = 'RSSMRA80A01C933H'";
        database.run(read).await.unwrap();
        database
            .run("SELECT RENDITA, PRC_POSS FROM vw_imu_immobili")
            .await
            .unwrap();
        assert!(database.run("SELECT 1 FROM ana_persone").await.is_err());
        assert!(database.run("DELETE FROM vw_anagrafe").await.is_err());
    }
}
