//! The tokens of recorded exchanges, as they are read.

use serde::Serialize;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::dialect::{Bind, Dialect, Values};
use super::read::{RecordRow, scambio};

/// A token that a recorded exchange came with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenRow {
    /// `id_auth`, `integrity`, `audit`.
    pub kind: String,
    /// The pattern that it proved, by its name in the norm.
    pub pattern: String,
    /// Its `jti`.
    pub token_id: Option<String>,
    /// The `kid` that it named.
    pub key_id: Option<String>,
    /// The thumbprint (RFC 7638) of the key that signed it, hexadecimal.
    pub thumbprint: String,
    /// The keyed digest of the person whom an evidence names, hexadecimal.
    pub person: Option<String>,
    /// The version of the digest's secret.
    pub person_key: Option<i64>,
    /// Of a voucher: who consumes.
    pub consumer: Option<String>,
    /// Of a voucher: which e-service.
    pub eservice: Option<String>,
}

/// The statement that finds the tokens of these exchanges.
pub(super) fn tokens_of(
    rows: &[RecordRow],
    dialect: Dialect,
    to: &mut impl Bind,
) -> AssertSqlSafe<String> {
    let mut sql =
        "SELECT scambio, kind, pattern, token_id, key_id, thumbprint, person, person_key, consumer, eservice \
                   FROM exchange_token WHERE scambio IN ("
            .to_owned();
    for (index, row) in rows.iter().enumerate() {
        sql.push_str(if index == 0 { "" } else { ", " });
        dialect.placeholder(index + 1, &mut sql);
        to.bytes(Some(row.scambio.as_bytes()));
    }
    AssertSqlSafe(sql + ") ORDER BY scambio, kind")
}

/// One of its rows.
pub(super) fn token(row: &impl Values) -> Result<(Uuid, TokenRow), sqlx::Error> {
    let token = TokenRow {
        kind: row.text(1)?.unwrap_or_default(),
        pattern: row.text(2)?.unwrap_or_default(),
        token_id: row.text(3)?,
        key_id: row.text(4)?,
        thumbprint: row.bytes(5)?.map(hex::encode).unwrap_or_default(),
        person: row.bytes(6)?.map(hex::encode),
        person_key: row.number(7)?,
        consumer: row.text(8)?,
        eservice: row.text(9)?,
    };
    Ok((scambio(row, 0)?, token))
}
