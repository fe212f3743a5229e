//! The schema's versions: the migrations in the binary, and whether a database has those that this program needs.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};

use super::dialect::Dialect;
use super::error::StoreError;

/// The version that this program works with: the number of its newest migration.
pub const VERSION: i64 = 16;

/// The migrations: number, name, and the text for each language.
const MIGRATIONS: &[(i64, &str, &str, &str)] = &[
    (
        1,
        "record",
        include_str!("../../migrations/sqlite/0001_record.sql"),
        include_str!("../../migrations/postgres/0001_record.sql"),
    ),
    (
        2,
        "richiesta",
        include_str!("../../migrations/sqlite/0002_richiesta.sql"),
        include_str!("../../migrations/postgres/0002_richiesta.sql"),
    ),
    (
        3,
        "parent",
        include_str!("../../migrations/sqlite/0003_parent.sql"),
        include_str!("../../migrations/postgres/0003_parent.sql"),
    ),
    (
        4,
        "open",
        include_str!("../../migrations/sqlite/0004_open.sql"),
        include_str!("../../migrations/postgres/0004_open.sql"),
    ),
    (
        5,
        "token",
        include_str!("../../migrations/sqlite/0005_token.sql"),
        include_str!("../../migrations/postgres/0005_token.sql"),
    ),
    (
        6,
        "grants",
        include_str!("../../migrations/sqlite/0006_grants.sql"),
        include_str!("../../migrations/postgres/0006_grants.sql"),
    ),
    (
        9,
        "logbook",
        include_str!("../../migrations/sqlite/0009_logbook.sql"),
        include_str!("../../migrations/postgres/0009_logbook.sql"),
    ),
    (
        10,
        "voucher",
        include_str!("../../migrations/sqlite/0010_voucher.sql"),
        include_str!("../../migrations/postgres/0010_voucher.sql"),
    ),
    (
        12,
        "trail",
        include_str!("../../migrations/sqlite/0012_trail.sql"),
        include_str!("../../migrations/postgres/0012_trail.sql"),
    ),
    (
        13,
        "protected",
        include_str!("../../migrations/sqlite/0013_protected.sql"),
        include_str!("../../migrations/postgres/0013_protected.sql"),
    ),
    (
        14,
        "representation",
        include_str!("../../migrations/sqlite/0014_representation.sql"),
        include_str!("../../migrations/postgres/0014_representation.sql"),
    ),
    (
        15,
        "changed_code",
        include_str!("../../migrations/sqlite/0015_changed_code.sql"),
        include_str!("../../migrations/postgres/0015_changed_code.sql"),
    ),
    (
        16,
        "evidence",
        include_str!("../../migrations/sqlite/0016_evidence.sql"),
        include_str!("../../migrations/postgres/0016_evidence.sql"),
    ),
];

/// What a database says of itself, in its table `schema`.
pub(super) const QUESTION: &str = "SELECT version, works_with FROM schema WHERE id = 1";

/// Applies what is missing. Migrations of a newer program are left alone.
pub(super) async fn migrate<C: Migrate>(
    dialect: Dialect,
    connection: &mut C,
) -> Result<(), StoreError> {
    let migrations = MIGRATIONS.iter().map(|(version, name, sqlite, postgres)| {
        let text: &'static str = match dialect {
            Dialect::Sqlite => sqlite,
            Dialect::Postgres => postgres,
        };
        Migration::new(
            *version,
            (*name).into(),
            MigrationType::Simple,
            text.into_sql_str(),
            false,
        )
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.set_ignore_missing(true);
    migrator
        .run_direct(None, connection, false)
        .await
        .map_err(|error: MigrateError| StoreError::Schema(format!("migrazione: {error}")))
}

/// Whether this program works with a database of that version; `place` names it.
pub(super) fn judge(place: &str, version: i64, works_with: i64) -> Result<(), StoreError> {
    if version < VERSION {
        return Err(StoreError::Schema(format!(
            "{place} ha lo schema {version}, questo programma chiede il {VERSION}: eseguire `pontile migrate`"
        )));
    }
    if works_with > VERSION {
        return Err(StoreError::Schema(format!(
            "{place} ha lo schema {version}, per programmi con lo schema {works_with} o successivo, e questo ha il \
             {VERSION}: installare la versione più recente"
        )));
    }
    Ok(())
}

/// The refusal of a database without our tables.
pub(super) fn missing(place: &str) -> StoreError {
    StoreError::Schema(format!(
        "{place} non contiene ancora una registrazione: eseguire `pontile migrate`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_migrations_folders_is_in_the_binary() {
        for folder in ["sqlite", "postgres"] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("migrations")
                .join(folder);
            let mut files: Vec<String> = std::fs::read_dir(path)
                .expect("the folder")
                .map(|entry| {
                    entry
                        .expect("an entry")
                        .file_name()
                        .into_string()
                        .expect("UTF-8")
                })
                .collect();
            files.sort();
            let listed: Vec<String> = MIGRATIONS
                .iter()
                .map(|(version, name, ..)| format!("{version:04}_{name}.sql"))
                .collect();
            assert_eq!(files, listed, "{folder}");
        }
        assert_eq!(
            MIGRATIONS.last().map(|(version, ..)| *version),
            Some(VERSION)
        );
    }

    #[test]
    fn a_schema_is_refused_when_older_and_when_too_new_and_accepted_when_only_extended() {
        assert!(judge("it", VERSION, VERSION).is_ok());
        assert!(judge("it", VERSION + 1, VERSION).is_ok());
        assert!(judge("it", VERSION - 1, VERSION - 1).is_err());
        assert!(judge("it", VERSION + 2, VERSION + 1).is_err());
    }
}
