//! Stage 3: have they calls left. GCRA per portal and per portal and operation, then the day's quota.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use foldhash::HashMap;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use parking_lot::{Mutex, RwLock};

use crate::config::grant::days::{Days, Standing};
use crate::config::limits::Rate;
use crate::contract::operation::Operation;
use crate::gateway::Gateway;
use crate::store::quota::{QuotaKey, rome_day};

use super::authorization::{Permit, PurposeOrigin};
use super::error::ExchangeError;
use super::record::Trail;
use super::reply::LimitStatus;

/// The limits' state; it survives a change of configuration, a bucket only as long as its rate stays.
pub struct Limits {
    /// By portal.
    buckets: RwLock<HashMap<String, Vec<Arc<Bucket>>>>,
    clock: DefaultClock,
    nodes: u32,
    /// The day of the exchange before, nearly always that of the next one: calendars cost more than looking here.
    day: Mutex<Option<Days>>,
}

struct Bucket {
    /// None for the portal as a whole.
    operation: Option<Operation>,
    rate: Rate,
    cells: RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>,
    quota: Quota,
}

impl Limits {
    /// Empty limits for a node that shares the configured rates with `nodes - 1` others.
    pub fn new(nodes: u32) -> Limits {
        Limits {
            buckets: RwLock::default(),
            clock: DefaultClock::default(),
            nodes: nodes.max(1),
            day: Mutex::default(),
        }
    }

    /// The day of an instant in Europe/Rome.
    fn day_of(&self, at: DateTime<Utc>) -> Days {
        let mut kept = self.day.lock();
        match &*kept {
            Some(day) if day.standing(at) == Standing::InForce => day.clone(),
            _ => {
                let day = rome_day(at);
                kept.insert(Days::new(day..=day)).clone()
            }
        }
    }

    fn bucket(&self, portal: &str, operation: Option<Operation>, rate: Rate) -> Arc<Bucket> {
        let fits = |known: &&Arc<Bucket>| known.operation == operation && known.rate == rate;
        let buckets = self.buckets.read();
        if let Some(bucket) = buckets.get(portal).and_then(|own| own.iter().find(fits)) {
            return Arc::clone(bucket);
        }
        drop(buckets);
        let quota = share(rate, self.nodes);
        let cells = RateLimiter::direct(quota).with_middleware::<StateInformationMiddleware>();
        let bucket = Arc::new(Bucket {
            operation,
            rate,
            cells,
            quota,
        });
        let mut buckets = self.buckets.write();
        let own = buckets.entry(portal.to_owned()).or_default();
        own.retain(|known| known.operation != operation);
        own.push(Arc::clone(&bucket));
        bucket
    }

    /// Takes one cell; the error says when the next one is there.
    fn take(&self, bucket: &Bucket) -> Result<LimitStatus, (LimitStatus, Duration)> {
        let limit = bucket.quota.burst_size().get();
        match bucket.cells.check() {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity().min(limit);
                let missing = bucket.quota.replenish_interval() * (limit - remaining);
                Ok(LimitStatus {
                    limit,
                    remaining,
                    reset: whole_seconds(missing),
                })
            }
            Err(refused) => {
                let wait = refused.wait_time_from(self.clock.now());
                let missing = bucket.quota.replenish_interval() * limit;
                Err((
                    LimitStatus {
                        limit,
                        remaining: 0,
                        reset: whole_seconds(missing),
                    },
                    wait,
                ))
            }
        }
    }

    /// Takes so many cells at once or none.
    fn take_many(&self, bucket: &Bucket, cells: NonZeroU32) -> Result<LimitStatus, ExchangeError> {
        let limit = bucket.quota.burst_size().get();
        let state = bucket
            .cells
            .check_n(cells)
            .map_err(|_| ExchangeError::TooManyEnti { most: limit })?
            .map_err(|refused| ExchangeError::RateLimited {
                retry_after: refused.wait_time_from(self.clock.now()),
            })?;
        let remaining = state.remaining_burst_capacity().min(limit);
        let missing = bucket.quota.replenish_interval() * (limit - remaining);
        Ok(LimitStatus {
            limit,
            remaining,
            reset: whole_seconds(missing),
        })
    }

    /// Counts a refused exchange against its portal, so that refusals are not free either.
    pub(super) fn charge(&self, portal: &str, rate: Rate) -> LimitStatus {
        let bucket = self.bucket(portal, None, rate);
        self.take(&bucket).unwrap_or_else(|(status, _)| status)
    }
}

/// Admits the exchange or says when to come again.
pub(super) async fn admit(
    gateway: &Gateway,
    permit: &Permit,
    trail: &mut Trail,
) -> Result<(), ExchangeError> {
    admit_to_rates(gateway, permit, trail)?;
    admit_to_quota(gateway, permit, trail).await
}

/// Admits a look at a request that outlives its call: it was counted against the day's quota when it was opened.
pub(super) fn admit_to_rates(
    gateway: &Gateway,
    permit: &Permit,
    trail: &mut Trail,
) -> Result<(), ExchangeError> {
    let limits = &gateway.limits;
    let portal = permit.portal();
    let whole = limits.bucket(&portal.name, None, portal.rate);
    let operation = permit
        .rate()
        .map(|rate| limits.bucket(&portal.name, Some(permit.operation()), rate));
    for bucket in std::iter::once(whole).chain(operation) {
        match limits.take(&bucket) {
            Ok(status) => trail.limited(status),
            Err((status, retry_after)) => {
                trail.limited(status);
                let limit = bucket.operation.map_or("portal", |_| "operation");
                gateway.telemetry.metrics.limit_refused(limit);
                return Err(ExchangeError::RateLimited { retry_after });
            }
        }
    }
    Ok(())
}

/// Admits a question to several enti, each part as if it were asked alone: all of them, or the whole must come again.
///
/// The quotas come first, since a place in them can be given back and a rate's cell cannot.
pub(super) async fn admit_all(
    gateway: &Gateway,
    whole: &Permit,
    trail: &mut Trail,
    parts: impl Iterator<Item = (&Permit, &mut Trail)>,
) -> Result<(), ExchangeError> {
    let mut asked = 0;
    for (permit, part) in parts {
        admit_to_quota(gateway, permit, part).await?;
        asked += 1;
    }
    let Some(cells) = NonZeroU32::new(asked) else {
        return Ok(());
    };
    let limits = &gateway.limits;
    let portal = whole.portal();
    let operation = whole
        .rate()
        .map(|rate| limits.bucket(&portal.name, Some(whole.operation()), rate));
    let of_portal = limits.bucket(&portal.name, None, portal.rate);
    for bucket in operation.into_iter().chain([of_portal]) {
        let taken = limits.take_many(&bucket, cells);
        if taken.is_err() {
            let limit = bucket.operation.map_or("portal", |_| "operation");
            gateway.telemetry.metrics.limit_refused(limit);
        }
        trail.limited(taken?);
    }
    Ok(())
}

/// What the day's quota counts: each operation by itself; under a voucher its purpose, over all operations of the e-service, as the PDND
/// agrees on volumes.
fn counted(permit: &Permit) -> Cow<'static, str> {
    match permit.purpose() {
        Some(purpose) if purpose.origin == PurposeOrigin::Voucher => {
            QuotaKey::of_purpose(&purpose.id)
        }
        _ => permit.operation().name().into(),
    }
}

pub(super) async fn admit_to_quota(
    gateway: &Gateway,
    permit: &Permit,
    trail: &mut Trail,
) -> Result<(), ExchangeError> {
    let (Some(limit), Some(ente)) = (permit.grant().daily_quota, permit.ente()) else {
        return Ok(());
    };
    let today = gateway.limits.day_of(trail.begun());
    let key = QuotaKey {
        portal: permit.portal().name.as_str().into(),
        counted: counted(permit),
        ente: ente.codice_istat.as_str().into(),
        day: today.from,
    };
    let until_midnight = until_end(&today, trail.begun());
    let reset = whole_seconds(until_midnight);
    match gateway.store.quotas().admit(key, limit).await {
        Ok(hold) => {
            trail.limited(LimitStatus {
                limit,
                remaining: hold.remaining(),
                reset,
            });
            trail.counted(hold);
            Ok(())
        }
        Err(refused) if refused.is_spent() => {
            trail.limited(LimitStatus {
                limit,
                remaining: 0,
                reset,
            });
            gateway.telemetry.metrics.limit_refused("quota");
            Err(ExchangeError::QuotaSpent {
                retry_after: until_midnight,
            })
        }
        Err(unknown) => Err(ExchangeError::NotRecorded(unknown.to_string())),
    }
}

/// This node's part of a configured rate.
fn share(rate: Rate, nodes: u32) -> Quota {
    let interval = Duration::from_secs(1) * nodes / rate.per_second.get();
    let burst = NonZeroU32::new(rate.burst.get() / nodes).unwrap_or(NonZeroU32::MIN);
    Quota::with_period(interval.max(Duration::from_nanos(1)))
        .expect("the period is at least one nanosecond")
        .allow_burst(burst)
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// Time to the end of a day.
fn until_end(day: &Days, now: DateTime<Utc>) -> Duration {
    (day.ends() - now).to_std().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_second: u32, burst: u32) -> Rate {
        let number = |value| NonZeroU32::new(value).expect("not zero");
        Rate {
            per_second: number(per_second),
            burst: number(burst),
        }
    }

    #[test]
    fn a_rate_is_divided_among_the_nodes() {
        let quota = share(rate(10, 20), 4);
        assert_eq!(quota.burst_size().get(), 5);
        assert_eq!(quota.replenish_interval(), Duration::from_millis(400));
    }

    #[test]
    fn the_burst_is_admitted_and_the_next_one_is_told_when_to_come() {
        let limits = Limits::new(1);
        let bucket = limits.bucket("uno", None, rate(1, 2));
        assert_eq!(limits.take(&bucket).map(|status| status.remaining), Ok(1));
        assert_eq!(limits.take(&bucket).map(|status| status.remaining), Ok(0));
        let (status, wait) = limits.take(&bucket).expect_err("the burst is spent");
        assert_eq!(status.remaining, 0);
        assert!(wait > Duration::from_millis(500) && wait <= Duration::from_secs(1));
    }

    #[test]
    fn a_bucket_survives_a_reload_and_is_new_when_its_rate_changes() {
        let limits = Limits::new(1);
        let first = limits.bucket("uno", None, rate(1, 2));
        assert!(Arc::ptr_eq(&first, &limits.bucket("uno", None, rate(1, 2))));
        assert!(!Arc::ptr_eq(
            &first,
            &limits.bucket("uno", None, rate(2, 2))
        ));
    }

    #[test]
    fn midnight_is_that_of_rome_in_summer_and_winter() {
        let limits = Limits::new(1);
        for (at, day, hours) in [
            ("2026-07-01T21:00:00Z", "2026-07-01", 1),
            ("2026-07-01T21:59:59.999Z", "2026-07-01", 0),
            ("2026-07-01T22:00:00Z", "2026-07-02", 24),
            ("2026-07-01T21:00:00Z", "2026-07-01", 1),
            ("2026-12-01T22:00:00Z", "2026-12-01", 1),
            // The day on which the clocks go back has 25 hours.
            ("2026-10-24T22:00:00Z", "2026-10-25", 25),
        ] {
            let at: DateTime<Utc> = at.parse().expect("an instant");
            let today = limits.day_of(at);
            assert_eq!(today.from.to_string(), day, "{at}");
            assert_eq!(until_end(&today, at).as_secs() / 3600, hours, "{at}");
        }
    }
}
