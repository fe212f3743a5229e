//! Generations of the grants are kept as long as the exchanges under them.

use pontile::store::Store;

use crate::place::Place;

/// The numbers of the generations that there are, the oldest first.
async fn numbers(place: &Place) -> Vec<i64> {
    use sqlx::Connection;
    const LOOK: &str = "SELECT generation FROM grant_generation ORDER BY generation";
    if let Some(postgres) = &place.postgres {
        let address = postgres.administration("postgres");
        let connection = sqlx::PgConnection::connect(&address).await;
        let mut connection = connection.expect("connected");
        let found = sqlx::query_scalar(LOOK).fetch_all(&mut connection).await;
        return found.expect("read");
    }
    let file = place.folder.path().join("record/richieste.sqlite");
    let address = format!("sqlite:{}", file.display());
    let connection = sqlx::SqliteConnection::connect(&address).await;
    let mut connection = connection.expect("connected");
    let found = sqlx::query_scalar(LOOK).fetch_all(&mut connection).await;
    connection.close().await.expect("closed");
    found.expect("read")
}

async fn publish(store: &Store, text: &str) -> i64 {
    let documents = serde_json::json!([{ "name": "catalogo.toml", "text": text }]);
    let documents: Vec<pontile::config::grant::Document> =
        serde_json::from_value(documents).expect("documents");
    let published = store.publish_grants("prova-1", &documents).await;
    published.expect("published")
}

#[tokio::test]
async fn grants_that_no_kept_exchange_was_under_are_forgotten() {
    for place in Place::all() {
        let store = place.open().await;
        for text in ["uno", "due", "tre", "quattro"] {
            publish(&store, text).await;
        }
        store.close().await;
        // The second was in force until the third came, just now.
        place
            .change_requests("UPDATE grant_generation SET written = 0 WHERE generation < 3")
            .await;
        let store = place.open_again("prova-1").await;
        for _ in 0..200 {
            if numbers(&place).await.len() < 4 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert_eq!(numbers(&place).await, [2, 3, 4]);
        assert_eq!(publish(&store, "cinque").await, 5);
        store.close().await;
    }
}
