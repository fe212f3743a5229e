//! Values in their canonical form, whatever the database calls their types.

use pontile::connectors::error::Kind;

use crate::town::{Town, ask, lines};

#[tokio::test]
async fn values_come_in_the_same_form_from_every_database() {
    let names = "c, v, t, n, d, z, m, i, g, b, y, s, x, f, o";
    for town in Town::all().await {
        let table = town.choose(
            "c CHAR(6), v VARCHAR(10), t TEXT, n INTEGER, d TEXT, z TEXT, m TEXT, i INTEGER, g BIGINT, b BOOLEAN, \
             y DATE, s DATETIME, x TEXT, f REAL, o TEXT",
            "c CHAR(6), v VARCHAR(10), t TEXT, n NUMERIC(10), d DECIMAL(12,2), z DECIMAL(12,2), m NUMERIC(4,1), \
             i INTEGER, g BIGINT, b BOOLEAN, y DATE, s TIMESTAMP, x TIMESTAMPTZ, f DOUBLE PRECISION, o TEXT",
            "c CHAR(6), v VARCHAR(10), t TEXT, n NUMERIC(10), d DECIMAL(12,2), z DECIMAL(12,2), m NUMERIC(4,1), \
             i INTEGER, g BIGINT, b BOOLEAN, y DATE, s DATETIME, x TIMESTAMP NULL, f DOUBLE, o TEXT",
        );
        // The office's session on MariaDB is in UTC.
        let instant = town.choose(
            "2024-07-01T00:30:00+02:00",
            "2024-07-01 00:30:00+02",
            "2024-06-30 22:30:00",
        );
        let quoted = town.choose("'", "", "");
        town.office()
            .await
            .run(&format!(
                "CREATE TABLE tipi ({table}); INSERT INTO tipi ({names}) VALUES ('AB', 'CD  ', 'NICCOLÒ', 7, \
                 {quoted}1234.50{quoted}, {quoted}0.00{quoted}, {quoted}-33.3{quoted}, -5, 9007199254740993, true, \
                 '1980-01-31', '2024-02-29 03:04:05', '{instant}', 0.1, NULL); \
                 CREATE VIEW vw_tipi AS SELECT {names} FROM tipi"
            ))
            .await;
        let rows = ask(
            &town.database(),
            &format!("SELECT {names} FROM vw_tipi"),
            &[],
        )
        .await;
        assert_eq!(
            lines(&rows.expect(town.name)),
            [
                r#"{"c":"AB","v":"CD  ","t":"NICCOLÒ","n":"7","d":"1234.50","z":"0.00","m":"-33.3","i":"-5","g":"9007199254740993","b":"true","y":"1980-01-31","s":"2024-02-29T03:04:05","x":"2024-07-01T00:30:00+02:00","f":"0.1","o":null}"#
            ],
            "{}",
            town.name
        );
    }
}

#[tokio::test]
async fn postgresql_has_more_types_than_these() {
    let Some(town) = Town::with_postgres("").await else {
        return;
    };
    let mut office = town.office().await;
    office
        .run(
            "CREATE TYPE sesso AS ENUM ('M', 'F'); CREATE DOMAIN importo AS NUMERIC(12,2); \
             CREATE TABLE tipi (a sesso, b importo, c \"char\", d REAL, e SMALLINT, f DATE, g TIMESTAMP, h NUMERIC, \
             i TIMESTAMP(6), j NAME); \
             INSERT INTO tipi VALUES ('F', 10, 'S', 1.5, -7, 'infinity', '-infinity', 123456789012345678901234567890.5, \
             '2024-01-01 00:00:00.25', 'x')",
        )
        .await;
    let rows = ask(
        &town.database(),
        "SELECT a, b, c, d, e, f, g, h, i, j, b / 3 AS k, NULL AS l FROM tipi",
        &[],
    )
    .await;
    assert_eq!(
        lines(&rows.expect("rows")),
        [
            r#"{"a":"F","b":"10.00","c":"S","d":"1.5","e":"-7","f":"infinity","g":"-infinity","h":"123456789012345678901234567890.5","i":"2024-01-01T00:00:00.250","j":"x","k":"3.3333333333333333","l":null}"#
        ]
    );
}

#[tokio::test]
async fn mariadb_has_more_types_than_these() {
    let Some(town) = Town::with_mariadb("").await else {
        return;
    };
    let mut office = town.office().await;
    office
        .run(
            "SET SESSION sql_mode = ''; \
             CREATE TABLE tipi (a ENUM('M','F'), b BIGINT UNSIGNED, c YEAR, d BIT(1), e TINYINT(1), f DATE, g DATETIME, \
             h VARCHAR(5) COLLATE utf8mb4_bin, i DATETIME(6), j SET('x','y'), k FLOAT, l MEDIUMINT, m CHAR(4) COLLATE utf8mb4_bin, \
             n TINYINT(1)); \
             INSERT INTO tipi VALUES ('F', 18446744073709551615, 2024, 1, 3, '0000-00-00', '0000-00-00 00:00:00', \
             'È', '2024-01-01 00:00:00.25', 'x,y', 1.5, -7, 'A', 0)",
        )
        .await;
    let rows = ask(
        &town.database(),
        "SELECT a, b, c, d, e, f, g, h, i, j, k, l, m, n, NULL AS o, count(*) AS p FROM tipi",
        &[],
    )
    .await;
    assert_eq!(
        lines(&rows.expect("rows")),
        [
            r#"{"a":"F","b":"18446744073709551615","c":"2024","d":"true","e":"3","f":null,"g":null,"h":"È","i":"2024-01-01T00:00:00.250","j":"x,y","k":"1.5","l":"-7","m":"A","n":"false","o":null,"p":"1"}"#
        ]
    );
    office.run("UPDATE tipi SET f = '1980-00-00'").await;
    let error = ask(&town.database(), "SELECT f FROM tipi", &[])
        .await
        .expect_err("no such day");
    assert_eq!(error.kind, Kind::Unintelligible);
}

#[tokio::test]
async fn what_is_not_text_is_refused_by_the_name_of_its_column() {
    for town in Town::all().await {
        let blob = town.choose("x'01FF'", "'\\x01FF'::bytea", "x'01FF'");
        let kind = town.choose("BLOB", "BYTEA", "BLOB");
        town.office()
            .await
            .run(&format!(
                "CREATE TABLE foto (id INTEGER, immagine {kind}); INSERT INTO foto VALUES (1, {blob})"
            ))
            .await;
        let database = town.database();
        for (sql, text) in [
            (
                "SELECT id, immagine AS Foto FROM foto",
                format!(
                    "unintelligible answer: read: a value of column foto, of type {kind}, is not read"
                ),
            ),
            (
                "SELECT id AS uno, id AS UNO FROM foto",
                "unintelligible answer: read: two columns have the name uno".to_owned(),
            ),
        ] {
            let error = ask(&database, sql, &[]).await.expect_err(town.name);
            assert_eq!(error.to_string(), text, "{}", town.name);
        }
        let rows = ask(&database, "SELECT id FROM foto", &[]).await;
        assert_eq!(rows.expect(town.name).len(), 1);
    }
}

#[tokio::test]
async fn numbers_that_are_none_and_text_that_is_no_text_are_refused() {
    if let Some(town) = Town::with_postgres("").await {
        let database = town.database();
        for sql in [
            "SELECT 'NaN'::numeric AS a",
            "SELECT 'NaN'::double precision AS a",
            "SELECT ARRAY[1,2] AS a",
            "SELECT '1 day'::interval AS a",
        ] {
            let error = ask(&database, sql, &[]).await.expect_err(sql);
            assert_eq!(error.kind, Kind::Unintelligible, "{sql}: {error}");
        }
    }
    let town = Town::with_file();
    town.office()
        .await
        .run("CREATE TABLE t (a TEXT); INSERT INTO t VALUES (CAST(x'43414E54D9' AS TEXT))")
        .await;
    let error = ask(&town.database(), "SELECT a FROM t", &[])
        .await
        .expect_err("no UTF-8");
    assert_eq!(error.kind, Kind::Unintelligible);
}
