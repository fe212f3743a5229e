//! Rows found by bound values, counts, bounds, the transcript.

use chrono::NaiveDate;
use pontile::connectors::call::Transcript;
use pontile::connectors::error::{Kind, Retry};
use pontile::connectors::sql::row::SqlValue;

use crate::town::{Town, ask, lines, statement, text, within};

const BY_CODE: &str =
    "SELECT id, cognome AS Cognome, nato FROM vw_anagrafe WHERE cf = :cf ORDER BY id";

#[tokio::test]
async fn nobody_one_person_or_two_rows_are_found_by_the_bound_code() {
    for town in Town::all().await {
        let town = town.with_registry().await;
        let database = town.database();
        for (code, expected) in [
            (
                "RSSMRA80A01C933H",
                vec![r#"{"id":"1","cognome":"ROSSI","nato":"1980-01-01"}"#],
            ),
            (
                "BNCNNA75T71C933X",
                vec![
                    r#"{"id":"2","cognome":"BIANCHI","nato":"1975-12-31"}"#,
                    r#"{"id":"3","cognome":"BIANCHI","nato":"1975-12-31"}"#,
                ],
            ),
            ("VRDLGU80A01C933K", vec![]),
            ("x' OR '1' = '1", vec![]),
            ("\\' OR 1 = 1 -- ", vec![]),
        ] {
            let rows = ask(&database, BY_CODE, &[("cf", text(code))]).await;
            assert_eq!(lines(&rows.expect(town.name)), expected, "{}", town.name);
        }
    }
}

#[tokio::test]
async fn every_kind_of_value_is_bound_and_a_name_may_stand_twice() {
    let sql = "SELECT id FROM vw_anagrafe WHERE nato = :nato AND (cf = :cf OR cf <> :cf) AND id > :dopo \
               AND (cognome <> :assente OR :dopo = 2) ORDER BY id";
    for town in Town::all().await {
        let town = town.with_registry().await;
        let values = [
            ("dopo", SqlValue::Integer(2)),
            ("assente", SqlValue::Null),
            ("altro", SqlValue::Null),
            ("cf", text("BNCNNA75T71C933X")),
            (
                "nato",
                SqlValue::Date(NaiveDate::from_ymd_opt(1975, 12, 31).expect("a day")),
            ),
        ];
        let rows = ask(&town.database(), sql, &values).await;
        let rows = rows.expect(town.name);
        assert_eq!(lines(&rows), [r#"{"id":"3"}"#], "{}", town.name);
        assert_eq!(rows[0].text("id"), Some("3"));
        assert!(rows[0].has("id") && !rows[0].has("cf"));
    }
}

#[tokio::test]
async fn the_same_statement_takes_values_of_other_kinds_the_next_time() {
    let sql = "SELECT id FROM vw_anagrafe WHERE id = :id";
    for town in Town::all().await {
        let town = town.with_registry().await;
        let database = town.database();
        for (value, found) in [
            (SqlValue::Null, 0),
            (SqlValue::Integer(1), 1),
            (SqlValue::Null, 0),
            (SqlValue::Integer(4), 1),
        ] {
            let rows = ask(&database, sql, &[("id", value)]).await;
            assert_eq!(rows.expect(town.name).len(), found, "{}", town.name);
        }
    }
}

#[tokio::test]
async fn a_value_that_nobody_gave_is_our_own_fault() {
    let town = Town::with_file().with_registry().await;
    let error = ask(&town.database(), BY_CODE, &[("codice", text("x"))])
        .await
        .expect_err("no value");
    assert_eq!(
        (error.kind, error.to_string().as_str()),
        (Kind::Gateway, "gateway fault: no value for :cf")
    );
}

#[tokio::test]
async fn the_transcript_takes_in_what_goes_and_what_comes() {
    for town in Town::all().await {
        let town = town.with_registry().await;
        let database = town.database();
        let mut sizes = Vec::new();
        for code in ["RSSMRA80A01C933H", "VRDLGU80A01C933K"] {
            let mut transcript = Transcript::begin();
            let values = [("cf", text(code))];
            database
                .rows(
                    &statement(BY_CODE),
                    &values,
                    within(5_000),
                    1 << 20,
                    &mut transcript,
                )
                .await
                .expect(town.name);
            let (sent, received) = transcript.finish();
            sizes.push((
                sent.map(|digest| digest.bytes),
                received.map(|digest| digest.bytes),
            ));
        }
        let line = r#"{"id":"1","cognome":"ROSSI","nato":"1980-01-01"}"#.len() as u64 + 1;
        let sent = BY_CODE.len() as u64 - 3 + 2 + r#"["RSSMRA80A01C933H"]"#.len() as u64;
        assert_eq!(
            sizes,
            [(Some(sent), Some(line)), (Some(sent), None)],
            "{}",
            town.name
        );
    }
}

#[tokio::test]
async fn an_empty_view_counts_zero_and_a_full_one_its_rows() {
    let count = statement("SELECT count(*) AS quanti FROM vw_anagrafe");
    for town in Town::all().await {
        let town = town.with_registry().await;
        let database = town.database();
        let counted = database.count(&count, &[], within(5_000)).await;
        assert_eq!(counted.expect(town.name), 4);
        town.office().await.run("DELETE FROM anagrafe").await;
        let counted = database.count(&count, &[], within(5_000)).await;
        assert_eq!(counted.expect(town.name), 0);
        for no_count in [
            "SELECT id FROM vw_anagrafe",
            "SELECT 'molti' AS quanti",
            "SELECT 1 AS uno, 2 AS due",
            "SELECT -1 AS quanti",
        ] {
            let counted = database
                .count(&statement(no_count), &[], within(5_000))
                .await;
            let error = counted.expect_err(no_count);
            assert_eq!(error.kind, Kind::Unintelligible, "{}", town.name);
        }
    }
}

#[tokio::test]
async fn too_many_bytes_or_rows_are_refused_and_the_next_question_is_answered() {
    let many = "SELECT a.id FROM decine a CROSS JOIN decine b CROSS JOIN decine c CROSS JOIN decine d \
                CROSS JOIN anagrafe e";
    for town in Town::all().await {
        let town = town.with_registry().await;
        let mut office = town.office().await;
        office
            .run("CREATE TABLE decine (id INTEGER); INSERT INTO decine VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)")
            .await;
        let database = town.database();
        for (sql, max_bytes) in [
            ("SELECT id, cf, cognome, nato FROM vw_anagrafe", 100),
            (many, 1 << 30),
        ] {
            let mut transcript = Transcript::begin();
            let rows = database
                .rows(
                    &statement(sql),
                    &[],
                    within(5_000),
                    max_bytes,
                    &mut transcript,
                )
                .await;
            let error = rows.expect_err(town.name);
            assert_eq!(
                (error.kind, error.retry),
                (Kind::Oversized, Retry::Never),
                "{}",
                town.name
            );
        }
        let rows = ask(&database, BY_CODE, &[("cf", text("RSSMRA80A01C933H"))]).await;
        assert_eq!(rows.expect(town.name).len(), 1);
    }
}

#[tokio::test]
async fn latin_1_databases_are_read_and_searched_as_unicode() {
    let latin = [
        Town::with_postgres("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0").await,
        Town::with_mariadb("CHARACTER SET latin1").await,
    ];
    for town in latin.into_iter().flatten() {
        let mut office = town.office().await;
        office
            .run("CREATE TABLE luoghi (nome VARCHAR(20)); INSERT INTO luoghi VALUES ('CANTÙ'), ('NICCOLÒ')")
            .await;
        let rows = ask(
            &town.database(),
            "SELECT nome FROM luoghi WHERE nome = :nome",
            &[("nome", text("CANTÙ"))],
        )
        .await;
        assert_eq!(
            lines(&rows.expect(town.name)),
            [r#"{"nome":"CANTÙ"}"#],
            "{}",
            town.name
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_can_be_asked_from_any_thread() {
    let town = Town::with_file().with_registry().await;
    let database = std::sync::Arc::new(town.database());
    let askers = (0..8).map(|_| {
        let database = std::sync::Arc::clone(&database);
        tokio::spawn(async move {
            let values = [("cf", text("RSSMRA80A01C933H"))];
            ask(&database, BY_CODE, &values)
                .await
                .map(|rows| rows.len())
        })
    });
    for asker in askers.collect::<Vec<_>>() {
        assert_eq!(asker.await.expect("no panic").expect("a row"), 1);
    }
}
