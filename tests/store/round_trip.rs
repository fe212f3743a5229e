//! What is recorded can be read again.

use chrono::Utc;
use pontile::store::RecordFilter;

use crate::sample;

#[tokio::test]
async fn a_record_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = sample::open(&sample::sqlite(folder.path())).await;
    let record = sample::record(&store, Utc::now());
    let scambio = record.scambio;
    let slot = store.reserve().expect("a slot");
    slot.commit(record).await.expect("recorded");
    let rows = store.list(&RecordFilter::default()).await.expect("listed");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].scambio, scambio);
    println!("{}", serde_json::to_string_pretty(&rows).unwrap());
    store.close().await;
}
