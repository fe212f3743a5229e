//! Two versions of the program on one schema, and the schemas that are refused.

use chrono::Utc;
use pontile::store::{Month, Person, RecordFilter, Store, StoreError, SubjectKeys, VERSION};
use sqlx::{AssertSqlSafe, Connection};

use crate::place::{Place, RETENTION};
use crate::sample::{self, COMO, MARIO};

/// Carries out statements at the record's place, as a later migration would.
async fn change(place: &Place, statements: &str) {
    let sql = AssertSqlSafe(statements.to_owned());
    if let Some(postgres) = &place.postgres {
        let address = postgres.administration("postgres");
        let mut connection = sqlx::PgConnection::connect(&address)
            .await
            .expect("connected");
        sqlx::raw_sql(sql)
            .execute(&mut connection)
            .await
            .expect("changed");
    } else {
        let file = place.file(Month::of(Utc::now()));
        let address = format!("sqlite:{}", file.display());
        let mut connection = sqlx::SqliteConnection::connect(&address)
            .await
            .expect("connected");
        sqlx::raw_sql(sql)
            .execute(&mut connection)
            .await
            .expect("changed");
        connection.close().await.expect("closed");
    }
}

async fn refusal(place: &Place) -> String {
    match Store::open(&place.settings, RETENTION, "prova-1").await {
        Err(error @ StoreError::Schema(_)) => error.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was opened"),
    }
}

/// What `pontile migrate` of the next version does in its expanding half: it adds, and enters itself in the list.
async fn expand(place: &Place) {
    let checksum = if place.is_sqlite() {
        "X'00'"
    } else {
        "'\\x00'"
    };
    let later = VERSION + 1;
    change(
        place,
        &format!(
            "ALTER TABLE exchange ADD COLUMN signature TEXT; \
             ALTER TABLE exchange_context ADD COLUMN level TEXT NOT NULL DEFAULT 'base'; \
             ALTER TABLE exchange_subject ADD COLUMN kind TEXT NOT NULL DEFAULT 'persona'; \
             ALTER TABLE quota ADD COLUMN reserved BIGINT NOT NULL DEFAULT 0; \
             CREATE TABLE seal (scambio BIGINT NOT NULL PRIMARY KEY); \
             UPDATE schema SET version = {later}; \
             INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES ({later}, 'seals', TRUE, {checksum}, 1)"
        ),
    )
    .await;
}

/// How many exchanges an older program sees: all of them, and those in which Mario was asked about.
async fn seen(store: &Store) -> (usize, usize) {
    let about_mario = RecordFilter {
        persons: vec![Person {
            ente: COMO.to_owned(),
            code: MARIO.to_owned(),
        }],
        ..RecordFilter::default()
    };
    let all = store.list(&RecordFilter::default()).await.expect("listed");
    let his = store.list(&about_mario).await.expect("listed");
    (all.len(), his.len())
}

async fn record_one(store: &Store, what: &str) {
    sample::commit(store, sample::answered(store, Utc::now()))
        .await
        .expect(what);
}

#[tokio::test]
async fn an_older_program_goes_on_beside_a_newer_one_that_has_migrated() {
    for place in Place::all() {
        let older = place.open().await;
        record_one(&older, "recorded before").await;
        assert_eq!(seen(&older).await, (1, 1));

        expand(&place).await;
        record_one(&older, "the running program goes on writing").await;
        change(&place, "UPDATE exchange SET signature = 'firma'").await;
        assert_eq!(
            seen(&older).await,
            (2, 2),
            "and reads what a newer one wrote"
        );
        older.close().await;

        // The unit of the service migrates before each start, the older program's too.
        Store::migrate(&place.settings)
            .await
            .expect("the older program leaves the newer migration alone");
        let older = place.open_again("prova-1").await;
        record_one(&older, "it starts again").await;
        assert_eq!(seen(&older).await, (3, 3));
        older.close().await;

        // Fails if the restart took anything of the newer version away.
        change(
            &place,
            "UPDATE exchange SET signature = signature; UPDATE exchange_context SET level = level; DELETE FROM seal",
        )
        .await;
    }
}

#[tokio::test]
async fn a_schema_that_this_program_cannot_work_with_is_refused() {
    for place in Place::all() {
        SubjectKeys::create(&place.settings.subject_key).expect("a key file");
        assert!(refusal(&place).await.contains("pontile migrate"));
        // A key file without a record would look like a record that was lost.
        std::fs::remove_file(&place.settings.subject_key).expect("removed");
        place.open().await.close().await;
        change(
            &place,
            &format!(
                "UPDATE schema SET version = {0}, works_with = {0}",
                VERSION + 1
            ),
        )
        .await;
        assert!(refusal(&place).await.contains("versione più recente"));
        change(
            &place,
            &format!(
                "UPDATE schema SET version = {0}, works_with = {0}",
                VERSION - 1
            ),
        )
        .await;
        assert!(refusal(&place).await.contains("pontile migrate"));
    }
}

#[tokio::test]
async fn migrating_twice_changes_nothing() {
    for place in Place::all() {
        let first = Store::migrate(&place.settings).await.expect("migrated");
        assert!(first.key_made);
        let second = Store::migrate(&place.settings).await.expect("migrated");
        assert!(!second.key_made);
        assert_eq!(first.months, second.months);
        assert!(first.months.contains(&Month::of(Utc::now())));
    }
}

#[tokio::test]
async fn a_key_file_that_the_record_was_not_written_with_is_refused() {
    for place in Place::all() {
        let store = place.open().await;
        sample::commit(&store, sample::answered(&store, Utc::now()))
            .await
            .expect("recorded");
        store.close().await;
        std::fs::remove_file(&place.settings.subject_key).expect("lost");
        SubjectKeys::create(&place.settings.subject_key).expect("another");
        let refused = Store::open(&place.settings, RETENTION, "prova-1").await;
        assert!(matches!(refused, Err(StoreError::SubjectKey { .. })));
    }
}

#[tokio::test]
async fn a_server_that_does_not_synchronize_is_refused() {
    let Some(postgres) = crate::harness::postgres::Postgres::start(&["fsync=off"]) else {
        return;
    };
    let place = Place::of(postgres);
    Store::migrate(&place.settings).await.expect("migrated");
    let refused = Store::open(&place.settings, RETENTION, "prova-1").await;
    assert!(matches!(refused, Err(StoreError::Settings(reason)) if reason.contains("fsync")));
}
