//! The limits before identity: connections open, and requests per address and connection. A flood of refusals costs no record.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, Quota, RateLimiter};
use parking_lot::Mutex;

use crate::broker::reply::LimitStatus;
use crate::config::door::Door;

/// Requests per second and address from certificates that are no portal's: their refusals are on record, and must not
/// fill the disk.
const STRANGERS_PER_SECOND: NonZeroU32 = NonZeroU32::new(20).expect("not zero");

/// A door's limits, shared by its workers.
pub(crate) struct Gate {
    addresses: RateLimiter<
        IpAddr,
        DefaultKeyedStateStore<IpAddr>,
        DefaultClock,
        StateInformationMiddleware,
    >,
    strangers: RateLimiter<
        IpAddr,
        DefaultKeyedStateStore<IpAddr>,
        DefaultClock,
        StateInformationMiddleware,
    >,
    per_connection: Quota,
    per_address: Quota,
    open: Mutex<Open>,
    connections: usize,
    connections_per_address: usize,
    clock: DefaultClock,
}

/// The requests of one connection.
pub(super) type ConnectionLimit =
    RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

#[derive(Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A connection's place among those that may be open; given back when it is dropped.
pub(crate) struct Place {
    gate: Arc<Gate>,
    address: IpAddr,
}

/// A request too many.
pub(super) struct TooMany {
    /// `address` or `connection`, for the metrics.
    pub(super) limit: &'static str,
    /// What the limit's headers say.
    pub(super) status: LimitStatus,
    /// When the next request will be admitted.
    pub(super) retry_after: Duration,
}

impl Gate {
    /// The limits that the door sets.
    pub(crate) fn new(door: &Door) -> Gate {
        let per_second =
            |requests: u32| Quota::per_second(NonZeroU32::new(requests).unwrap_or(NonZeroU32::MIN));
        let per_address = per_second(door.requests_per_address);
        Gate {
            addresses: RateLimiter::keyed(per_address).with_middleware(),
            strangers: RateLimiter::keyed(Quota::per_second(STRANGERS_PER_SECOND))
                .with_middleware(),
            per_connection: per_second(door.requests_per_connection),
            per_address,
            open: Mutex::default(),
            connections: door.connections,
            connections_per_address: door.connections_per_address,
            clock: DefaultClock::default(),
        }
    }

    /// A place for a new connection; `None` if all are taken, or those of its address.
    pub(crate) fn enter(self: &Arc<Gate>, address: IpAddr) -> Option<Place> {
        let address = household(address);
        let mut open = self.open.lock();
        if open.all >= self.connections {
            return None;
        }
        let own = open.by_address.entry(address).or_insert(0);
        if *own >= self.connections_per_address {
            return None;
        }
        *own += 1;
        open.all += 1;
        Some(Place {
            gate: Arc::clone(self),
            address,
        })
    }

    /// The limit of one new connection.
    pub(super) fn connection_limit(&self) -> ConnectionLimit {
        // A clock of its own would ask the processor for its identity, which is dear in a virtual machine.
        RateLimiter::direct_with_clock(self.per_connection, self.clock.clone()).with_middleware()
    }

    /// Admits one request, or says when to come again; a stranger's meets a limit of its own. Otherwise tells what the tighter of both limits has left.
    pub(super) fn admit(
        &self,
        connection: &ConnectionLimit,
        address: IpAddr,
        stranger: bool,
    ) -> Result<LimitStatus, TooMany> {
        let too_many = |limit, quota: Quota, refused: NotUntil<_>| TooMany {
            limit,
            status: LimitStatus {
                limit: quota.burst_size().get(),
                remaining: 0,
                reset: 1,
            },
            retry_after: refused.wait_time_from(self.clock.now()),
        };
        let own = connection
            .check()
            .map_err(|refused| too_many("connection", self.per_connection, refused))?;
        let shared = self
            .addresses
            .check_key(&household(address))
            .map_err(|refused| too_many("address", self.per_address, refused))?;
        if stranger {
            self.strangers
                .check_key(&household(address))
                .map_err(|refused| {
                    let quota = Quota::per_second(STRANGERS_PER_SECOND);
                    too_many("stranger", quota, refused)
                })?;
        }
        let left = |quota: Quota, remaining: u32| LimitStatus {
            limit: quota.burst_size().get(),
            remaining: remaining.min(quota.burst_size().get()),
            reset: 1,
        };
        let own = left(self.per_connection, own.remaining_burst_capacity());
        let shared = left(self.per_address, shared.remaining_burst_capacity());
        Ok(if own.remaining < shared.remaining {
            own
        } else {
            shared
        })
    }

    /// Forgets the addresses that have all their requests back.
    pub(super) fn sweep(&self) {
        self.addresses.retain_recent();
        self.addresses.shrink_to_fit();
        self.strangers.retain_recent();
        self.strangers.shrink_to_fit();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.gate.open.lock();
        open.all -= 1;
        if let Entry::Occupied(mut own) = open.by_address.entry(self.address) {
            *own.get_mut() -= 1;
            if *own.get() == 0 {
                own.remove();
            }
        }
    }
}

/// One subscriber has a whole /64 of IPv6 addresses: they count as one.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_subscriber_count_as_one() {
        let address = |text: &str| household(text.parse().expect("an address"));
        assert_eq!(address("2001:db8:1:2:3::4"), address("2001:db8:1:2::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:192.0.2.7"), address("192.0.2.7"));
        assert_ne!(address("192.0.2.7"), address("192.0.2.8"));
    }
}
