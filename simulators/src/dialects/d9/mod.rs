//! D9: read-only database views ("Piacenza" and "Ravenna" shapes); registry and taxes of Como in SQLite, PostgreSQL or MariaDB.

pub mod database;
mod disturb;
mod imu_rows;
mod registry_rows;
mod tables;
mod tari_rows;
mod tax_rows;

pub use disturb::{ViewFault, disturb};

use database::{Database, DatabaseError};
use tables::Table;

use crate::population::Population;
use crate::population::places::{COMO, Ente};

/// Database account that may read the views and nothing else.
pub const READER: &str = "pontile_lettura";
/// Rows of one INSERT.
const BATCH: usize = 200;

/// Makes (or makes anew) tables and views and fills them with Como's people.
pub async fn seed(
    url: &str,
    population: &Population,
    reader_password: Option<&str>,
) -> Result<(), DatabaseError> {
    let mut database = Database::open(url).await?;
    let tables = tables(population);
    for table in &tables {
        database.run(&table.drop_statements(&database)).await?;
        database.run(&table.create_statement(&database)).await?;
    }
    database.run("BEGIN").await?;
    for table in &tables {
        for rows in table.rows.chunks(BATCH) {
            database
                .run(&table.insert_statement(&database, rows))
                .await?;
        }
    }
    database.run("COMMIT").await?;
    for table in &tables {
        database.run(&table.view_statement()).await?;
    }
    if let Some(password) = reader_password {
        let views: Vec<_> = tables.iter().map(|table| table.view).collect();
        database.admit_reader(READER, password, &views).await?;
    }
    database.close().await
}

/// Every table with its rows; each has one view of the same columns.
fn tables(population: &Population) -> Vec<Table> {
    let Some(como) = Ente::find(COMO.belfiore) else {
        return Vec::new();
    };
    let mut tables = vec![registry_rows::table(population, como)];
    tables.extend(tax_rows::tables(population, como));
    tables
}
