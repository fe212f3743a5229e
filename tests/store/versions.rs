//! Two versions of the program on one schema, and the schemas that are refused.

use chrono::Utc;
use pontile::store::{Month, RecordFilter, Store, StoreError, SubjectKeys, VERSION};
use sqlx::{AssertSqlSafe, Connection};

use crate::place::{Place, RETENTION};
use crate::sample;

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

#[tokio::test]
async fn an_older_program_goes_on_writing_after_a_later_migration_added_columns() {
    for place in Place::all() {
        let store = place.open().await;
        sample::commit(&store, sample::answered(&store, Utc::now()))
            .await
            .expect("recorded");
        let later = VERSION + 1;
        change(&place, &format!(
            "ALTER TABLE exchange ADD COLUMN signature TEXT; ALTER TABLE exchange_context ADD COLUMN level TEXT NOT NULL DEFAULT 'base'; \
             UPDATE schema SET version = {later}"
        ))
        .await;
        sample::commit(&store, sample::answered(&store, Utc::now()))
            .await
            .expect("the running program goes on");
        store.close().await;
        let store = place.open_again("prova-1").await;
        sample::commit(&store, sample::answered(&store, Utc::now()))
            .await
            .expect("and starts again");
        assert_eq!(
            store
                .list(&RecordFilter::default())
                .await
                .expect("listed")
                .len(),
            3
        );
        store.close().await;
    }
}

#[tokio::test]
async fn a_schema_that_this_program_cannot_work_with_is_refused() {
    for place in Place::all() {
        SubjectKeys::create(&place.settings.subject_key).expect("a key file");
        assert!(refusal(&place).await.contains("pontile migrate"));
        place.open().await.close().await;
        change(
            &place,
            &format!(
                "UPDATE schema SET version = {0}, works_with = {0}",
                VERSION + 1
            ),
        )
        .await;
        assert!(refusal(&place).await.contains("newer version"));
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
