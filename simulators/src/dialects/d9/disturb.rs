//! Faults of the registry view: empty, changed, locked.

use std::time::Duration;

use super::READER;
use super::database::{Database, DatabaseError};
use super::registry_rows::empty_table;

/// What happens to `vw_anagrafe`.
#[derive(Debug, Clone, Copy)]
pub enum ViewFault {
    /// The nightly rebuild: the view answers no row.
    Empty,
    /// `CODICEFISCALE` becomes `COD_FISCALE`, without notice.
    RenameColumn,
    /// The base table is held for that long.
    Lock(Duration),
    Restore,
}

/// Brings the fault about; `held` is called when a lock is in force.
pub async fn disturb(
    url: &str,
    fault: ViewFault,
    held: impl FnOnce(),
) -> Result<(), DatabaseError> {
    let mut database = Database::open(url).await?;
    let table = empty_table();
    let unchanged = |name: &str| name.to_owned();
    let renamed = |name: &str| match name {
        "CODICEFISCALE" => "CODICEFISCALE AS COD_FISCALE".to_owned(),
        other => other.to_owned(),
    };
    let view = match fault {
        ViewFault::Empty => table.view_with(unchanged, " WHERE 1 = 0"),
        ViewFault::RenameColumn => table.view_with(renamed, ""),
        ViewFault::Restore => table.view_statement(),
        ViewFault::Lock(time) => {
            let (take, give_back) = match &database {
                Database::Sqlite(_) => ("BEGIN EXCLUSIVE".to_owned(), "COMMIT"),
                Database::Postgres(_) => (
                    format!("BEGIN; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", table.name),
                    "COMMIT",
                ),
                Database::Mysql(_) => {
                    (format!("LOCK TABLES {} WRITE", table.name), "UNLOCK TABLES")
                }
            };
            database.run(&take).await?;
            held();
            tokio::time::sleep(time).await;
            database.run(give_back).await?;
            return database.close().await;
        }
    };
    replace(&mut database, table.view, &view).await?;
    database.close().await
}

/// Makes the view anew. PostgreSQL forgets the reader's right with the old view.
async fn replace(
    database: &mut Database,
    view: &str,
    statement: &str,
) -> Result<(), DatabaseError> {
    database.run(&format!("DROP VIEW IF EXISTS {view}")).await?;
    database.run(statement).await?;
    if matches!(database, Database::Postgres(_)) {
        let grant = format!(
            "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{READER}') THEN \
             GRANT SELECT ON {view} TO {READER}; END IF; END $$"
        );
        database.run(&grant).await?;
    }
    Ok(())
}
