//! How long exchanges are kept: never without end, and dropped by whole months.

use chrono::{DateTime, Months, NaiveTime, Utc};

use crate::config::record::Retention;

use super::database::Database;
use super::error::StoreError;
use super::month::Month;
use super::richieste::MOST_REQUEST_DAYS;

/// Months for which exchanges may be kept at most.
pub const MOST_EXCHANGE_MONTHS: u32 = 120;

/// Months for which technical logs may be kept at most.
pub const MOST_LOG_MONTHS: u32 = 24;

/// Months for which what operators did is kept at least (Garante, 27 November 2008, 4.5) and at most.
pub const LEAST_OPERATORS_MONTHS: u32 = 6;
pub const MOST_OPERATORS_MONTHS: u32 = 120;

/// Refuses a retention without end, or of nothing.
pub(super) fn check(retention: Retention) -> Result<(), StoreError> {
    let bounds = [
        (
            "exchanges_months",
            retention.exchanges_months,
            1..=MOST_EXCHANGE_MONTHS,
        ),
        ("logs_months", retention.logs_months, 1..=MOST_LOG_MONTHS),
        (
            "operators_months",
            retention.operators_months,
            LEAST_OPERATORS_MONTHS..=MOST_OPERATORS_MONTHS,
        ),
        (
            "requests_days",
            retention.requests_days,
            1..=MOST_REQUEST_DAYS,
        ),
    ];
    for (name, value, bounds) in bounds {
        if !bounds.contains(&value) {
            return Err(StoreError::Settings(format!(
                "[retention] {name} = {value}: scrivere da {} a {}: nulla si conserva senza fine",
                bounds.start(),
                bounds.end()
            )));
        }
    }
    Ok(())
}

/// The first month that is kept: every exchange younger than the retention is in it or later.
pub(super) fn first_kept(retention: Retention, now: DateTime<Utc>) -> Month {
    let months = i32::try_from(retention.exchanges_months.min(MOST_EXCHANGE_MONTHS)).unwrap_or(1);
    Month::of(now).plus(-months)
}

/// Until when what operators did is forgotten: by whole days, since each time is noted.
pub(super) fn operators_end(retention: Retention, now: DateTime<Utc>) -> DateTime<Utc> {
    months_before(now, retention.operators_months)
        .date_naive()
        .and_time(NaiveTime::MIN)
        .and_utc()
}

/// Since when it must be known which grants were in force: as long as an exchange under them is kept.
pub(super) fn grants_end(retention: Retention, now: DateTime<Utc>) -> DateTime<Utc> {
    first_kept(retention, now).begins()
}

fn months_before(now: DateTime<Utc>, months: u32) -> DateTime<Utc> {
    now.checked_sub_months(Months::new(months))
        .unwrap_or(DateTime::UNIX_EPOCH)
}

/// Drops the months that are too old; returns them. Exchanges under way never wait for it.
pub(super) async fn prune(
    database: &Database,
    retention: Retention,
    now: DateTime<Utc>,
) -> Result<Vec<Month>, StoreError> {
    let first = first_kept(retention, now);
    let dropped = match database {
        Database::Sqlite(segments) => segments.drop_before(first).await?,
        Database::Postgres(server) => server.drop_before(first).await?,
    };
    for month in &dropped {
        tracing::info!(%month, "gli scambi di un mese sono oltre la conservazione e sono stati eliminati");
    }
    Ok(dropped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_without_end_or_of_nothing_is_refused() {
        let of = |exchanges_months, logs_months| Retention {
            exchanges_months,
            logs_months,
            operators_months: 24,
            requests_days: 7,
        };
        for requests_days in [0, 31] {
            let bad = Retention {
                requests_days,
                ..of(24, 6)
            };
            assert!(check(bad).is_err(), "{bad:?}");
        }
        assert!(check(of(24, 6)).is_ok());
        assert!(check(of(120, 24)).is_ok());
        for bad in [of(0, 6), of(121, 6), of(24, 0), of(24, 25), of(u32::MAX, 6)] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn every_exchange_younger_than_the_retention_is_kept() {
        let retention = Retention {
            exchanges_months: 24,
            logs_months: 6,
            operators_months: 24,
            requests_days: 7,
        };
        let first = |now: &str| first_kept(retention, now.parse().expect("an instant")).to_string();
        assert_eq!(first("2026-11-30T23:59:59Z"), "2024-11");
        assert_eq!(first("2026-12-01T00:00:00Z"), "2024-12");
        assert_eq!(first("2027-01-15T00:00:00Z"), "2025-01");
    }
}
