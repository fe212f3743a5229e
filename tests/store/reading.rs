//! What is recorded can be read, searched and exported.

use std::sync::Arc;

use chrono::{Duration, Utc};
use pontile::contract::document::Role;
use pontile::store::{Month, Person, RecordFilter, SubjectKeys};
use serde_json::{Value, json};

use crate::place::Place;
use crate::sample::{self, COMO, LUIGI, MARIO, turn_of_month};

#[tokio::test]
async fn a_record_is_read_as_it_was_written() {
    for place in Place::all() {
        let store = place.open().await;
        let record = sample::answered(&store, turn_of_month() + Duration::microseconds(123_456));
        let (scambio, origin) = (record.scambio, record.origin.unwrap());
        let digest = hex::encode(record.reply.unwrap().digest);
        let (cercato, _) = store.subject_keys().digest(COMO, MARIO);
        sample::commit(&store, record).await.expect("recorded");
        let rows = store.list(&RecordFilter::default()).await.expect("listed");
        let mut row = serde_json::to_value(&rows[0]).expect("JSON");
        for column in [
            "request_digest",
            "backend_request_digest",
            "backend_answer_digest",
        ] {
            assert_eq!(
                row[column].as_str().expect("a digest").len(),
                64,
                "{column}"
            );
            row.as_object_mut().expect("an object").remove(column);
        }
        let subjects = row["subjects"].take();
        assert_eq!(
            row,
            json!({
                "scambio": scambio.to_string(), "node": "prova-1", "generation": 7, "snapshot_digest": "07".repeat(32),
                "begun": format!("{}-01T00:00:00.123456Z", Month::of(Utc::now())),
                "ended": format!("{}-01T00:00:00.124690Z", Month::of(Utc::now())),
                "portal": "sportello-como", "certificate": "09".repeat(32), "ente": COMO,
                "operation": "anagrafe.ricerche-famiglia", "purpose": "C001", "purpose_origin": "intestazione",
                "grant_id": "anagrafe-como", "grant_version": 3, "outcome": "risposto", "side": null, "status": 200,
                "time_admission": 1, "time_limits": 2, "time_cache": 3, "time_dispatch": 4, "adapter": "civilia",
                "adapter_version": "1.0.0", "cache": "scaduta", "age_seconds": 61, "origin": origin.to_string(), "parent": null, "place": 1,
                "request_bytes": 7, "backend_request_bytes": 13, "backend_answer_bytes": 12, "reply_bytes": 5,
                "reply_digest": digest, "withheld": false, "subjects": null,
            })
        );
        assert_eq!(subjects.as_array().expect("persons").len(), 3);
        assert_eq!(
            subjects[0],
            json!({ "role": "cercato", "digest": hex::encode(cercato), "key_version": 1 })
        );
        store.close().await;
    }
}

#[tokio::test]
async fn a_refused_exchange_has_its_record_too() {
    for place in Place::all() {
        let store = place.open().await;
        sample::commit(&store, sample::refused(Utc::now()))
            .await
            .expect("recorded");
        let rows = store.list(&RecordFilter::default()).await.expect("listed");
        assert_eq!(rows[0].text("outcome"), "portale-sconosciuto");
        assert_eq!(rows[0].value("portal"), &Value::Null);
        assert_eq!(rows[0].value("reply_digest"), &Value::Null);
        assert!(rows[0].subjects.is_empty());
        store.close().await;
    }
}

#[tokio::test]
async fn a_list_is_filtered_and_goes_on_after_its_cursor() {
    for place in Place::all() {
        let store = place.open().await;
        let begin = turn_of_month() - Duration::seconds(10);
        let mut numbers = Vec::new();
        for second in 0..20 {
            let begun = begin + Duration::seconds(second);
            let record = if second % 4 == 0 {
                sample::refused(begun)
            } else {
                sample::answered(&store, begun)
            };
            numbers.push(sample::commit(&store, record).await.expect("recorded"));
        }
        numbers.reverse();
        let found = |filter: RecordFilter| {
            let store = store.clone();
            async move {
                let rows = store.list(&filter).await.expect("listed");
                rows.iter().map(|row| row.scambio).collect::<Vec<_>>()
            }
        };
        assert_eq!(
            found(RecordFilter::default()).await,
            numbers,
            "the newest first, over the turn of the month"
        );
        let mut paged = Vec::new();
        loop {
            let filter = RecordFilter {
                before: paged.last().copied(),
                limit: 7,
                ..RecordFilter::default()
            };
            let page = found(filter).await;
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(paged, numbers);
        let refused = RecordFilter {
            outcome: Some("portale-sconosciuto".to_owned()),
            ..RecordFilter::default()
        };
        assert_eq!(found(refused).await.len(), 5);
        let of_portal = RecordFilter {
            portal: Some("sportello-como".to_owned()),
            ente: Some(COMO.to_owned()),
            ..RecordFilter::default()
        };
        assert_eq!(found(of_portal).await.len(), 15);
        let elsewhere = RecordFilter {
            ente: Some("013041".to_owned()),
            ..RecordFilter::default()
        };
        assert!(found(elsewhere).await.is_empty());
        let between = RecordFilter {
            from: Some(begin + Duration::seconds(5)),
            to: Some(begin + Duration::seconds(8)),
            ..RecordFilter::default()
        };
        assert_eq!(found(between).await, numbers[12..15]);
        let one = RecordFilter {
            scambio: Some(numbers[3]),
            ..RecordFilter::default()
        };
        assert_eq!(found(one).await, [numbers[3]]);
        store.close().await;
    }
}

#[tokio::test]
async fn a_person_is_found_under_old_and_new_secrets_and_only_at_the_ente() {
    for place in Place::all() {
        let store = place.open().await;
        let asked = |ente: &str, code: &str| RecordFilter {
            persons: vec![Person {
                ente: ente.to_owned(),
                code: code.to_owned(),
            }],
            ..RecordFilter::default()
        };
        let last_month = turn_of_month() - Duration::days(1);
        let before = sample::commit(&store, sample::answered(&store, last_month))
            .await
            .expect("recorded");
        SubjectKeys::rotate(&place.settings.subject_key).expect("rotated");
        store.subject_keys().reload().expect("reloaded");
        let mut alone = sample::answered(&store, Utc::now());
        alone.subjects = vec![store.subject_keys().subject(COMO, MARIO, Role::Cercato)];
        let after = sample::commit(&store, alone).await.expect("recorded");
        let mario = store
            .list(&asked(COMO, &MARIO.to_lowercase()))
            .await
            .expect("listed");
        assert_eq!(
            mario.iter().map(|row| row.scambio).collect::<Vec<_>>(),
            [after, before]
        );
        assert_eq!(mario[0].subjects[0].key_version, 2);
        let luigi = store.list(&asked(COMO, LUIGI)).await.expect("listed");
        assert_eq!(
            luigi.iter().map(|row| row.scambio).collect::<Vec<_>>(),
            [before]
        );
        assert!(
            store
                .list(&asked("013041", MARIO))
                .await
                .expect("listed")
                .is_empty()
        );
        store.close().await;
    }
}

#[tokio::test]
async fn an_export_holds_one_ente_as_json_lines_in_order() {
    for place in Place::all() {
        let store = place.open().await;
        let begin = turn_of_month() - Duration::seconds(10);
        let mut expected = Vec::new();
        for second in 0..20 {
            let mut record = sample::answered(&store, begin + Duration::seconds(second));
            if second % 2 == 0 {
                let context = Arc::get_mut(&mut record.context).expect("its only holder");
                context.ente = Some("013041".into());
            } else if second > 2 && second < 18 {
                expected.push(record.scambio.to_string());
            }
            sample::commit(&store, record).await.expect("recorded");
        }
        let mut lines = Vec::new();
        let (from, to) = (begin + Duration::seconds(3), begin + Duration::seconds(18));
        let exported = store
            .export(COMO, from, to, &mut lines)
            .await
            .expect("exported");
        assert_eq!(exported, expected.len() as u64);
        let text = String::from_utf8(lines).expect("UTF-8");
        let rows: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let numbers: Vec<&str> = rows
            .iter()
            .filter_map(|row| row["scambio"].as_str())
            .collect();
        assert_eq!(numbers, expected);
        assert!(
            rows.iter()
                .all(|row| row["ente"] == COMO && row["subjects"].as_array().unwrap().len() == 3)
        );
        assert!(!text.contains(MARIO), "no fiscal code in clear");
        store.close().await;
    }
}

#[tokio::test]
async fn a_person_is_found_among_more_enti_than_a_statement_may_have_values() {
    for place in Place::all() {
        let store = place.open().await;
        let recorded = sample::commit(&store, sample::answered(&store, Utc::now()))
            .await
            .expect("recorded");
        // SQLite takes 32,766 values a statement, PostgreSQL 65,535.
        let elsewhere = (100_000..170_000).map(|number| number.to_string());
        let enti = elsewhere.chain([COMO.to_owned()]);
        let filter = RecordFilter {
            persons: enti
                .map(|ente| Person {
                    ente,
                    code: MARIO.to_owned(),
                })
                .collect(),
            ..RecordFilter::default()
        };
        let found = store.list(&filter).await.expect("listed");
        let found: Vec<_> = found.iter().map(|row| row.scambio).collect();
        assert_eq!(found, [recorded]);
        store.close().await;
    }
}
