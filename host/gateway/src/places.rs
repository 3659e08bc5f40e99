//! How many viewers there are, or others who take a place for a while, in all and from where.

use crate::{problem::Problem, proxies::Proxies, rate};
use axum::http::{StatusCode, header};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// After how many seconds to ask for a place again.
const AGAIN_S: &str = "5";

/// The viewers of a gateway.
#[derive(Debug)]
pub(crate) struct Places {
    most: usize,
    most_from_one: usize,
    proxies: Proxies,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// By network, of those that are bounded.
    from: HashMap<IpAddr, usize>,
}

impl Places {
    pub(crate) fn new(most: usize, most_from_one: usize, proxies: Proxies) -> Self {
        Self {
            most,
            most_from_one,
            proxies,
            taken: Mutex::default(),
        }
    }

    /// Takes a place for a viewer from an address, for as long as the result lives.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Result<Place, Problem> {
        let network = self.bounded(address);
        let mut taken = self.lock();
        if taken.all >= self.most {
            return Err(full("the gateway is full: try again later"));
        }
        if let Some(network) = network {
            let from = taken.from.entry(network).or_default();
            if *from >= self.most_from_one {
                let detail = "too many connections from this address: close some, then try again";
                return Err(Problem::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too_many_connections",
                    detail,
                )
                .header(header::RETRY_AFTER, AGAIN_S));
            }
            *from += 1;
        }
        taken.all += 1;
        Ok(Place {
            places: Arc::clone(self),
            network,
        })
    }

    /// The network of an address, if what comes from there is bounded.
    pub(crate) fn bounded(&self, address: IpAddr) -> Option<IpAddr> {
        let is_bounded = !may_be_a_proxy(address) && !self.proxies.contain(address);
        is_bounded.then(|| rate::network(address))
    }

    /// How many there are.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        self.lock().all
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// There is no place for one more viewer.
pub(crate) fn full(detail: &'static str) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "full", detail)
        .header(header::RETRY_AFTER, AGAIN_S)
}

/// Whether many people may come from an address for a good reason: it is this machine, or in a private
/// network (RFC 1918, RFC 4193), on the link, or behind a carrier's translator (RFC 6598).
fn may_be_a_proxy(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            // 100.64.0.0/10
            let is_shared = v4.to_bits() >> 22 == 0x6440_0000 >> 22;
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || is_shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// A viewer's place.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    network: Option<IpAddr>,
}

impl Place {
    /// From where the viewer is, if what comes from there is bounded.
    pub(crate) fn network(&self) -> Option<IpAddr> {
        self.network
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all -= 1;
        if let Some(network) = self.network
            && let Some(from) = taken.from.get_mut(&network)
        {
            *from -= 1;
            if *from == 0 {
                taken.from.remove(&network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_may_come_from_where_proxies_are() {
        for (address, may) in [
            ("127.0.0.1", true),
            ("10.1.2.3", true),
            ("::ffff:192.168.0.1", true),
            ("169.254.0.1", true),
            ("100.64.0.0", true),
            ("100.127.255.255", true),
            ("fe80::1", true),
            ("100.63.255.255", false),
            ("100.128.0.0", false),
            ("192.0.2.1", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(may_be_a_proxy(address.parse().unwrap()), may, "{address}");
            let place =
                Arc::new(Places::new(1, 1, Proxies::default())).take(address.parse().unwrap());
            assert_eq!(place.unwrap().network().is_none(), may, "{address}");
        }
    }

    #[test]
    fn places_are_bounded_in_all_and_by_network_and_come_back() {
        // Who comes (+) or goes (-), and whether there was a place.
        let places = Arc::new(Places::new(5, 2, Proxies::default()));
        let mut here: Vec<(&str, Place)> = Vec::new();
        for (what, let_in) in [
            ("+192.0.2.1", true),
            ("+192.0.2.1", true),
            ("+192.0.2.1", false),
            ("+::ffff:192.0.2.1", false),
            ("+2001:db8::1", true),
            ("+2001:db8::2", true),
            ("+2001:db8::3", false),
            ("+2001:db8:0:1::1", true),
            ("+127.0.0.1", false),
            ("-192.0.2.1", true),
            ("+2001:db8::3", false),
            ("+192.0.2.1", true),
            ("-192.0.2.1", true),
            ("+127.0.0.1", true),
            ("-2001:db8::1", true),
            ("+127.0.0.1", true),
            ("-2001:db8::2", true),
            ("+10.1.2.3", true),
            ("+fd00::1", false),
        ] {
            let (sign, address) = what.split_at(1);
            if sign == "+" {
                let place = places.take(address.parse().unwrap());
                assert_eq!(place.is_ok(), let_in, "{what}");
                here.extend(place.ok().map(|place| (address, place)));
            } else {
                let at = here.iter().position(|(who, _)| *who == address).unwrap();
                here.remove(at);
            }
        }
        here.clear();
        let taken = places.lock();
        assert_eq!((taken.all, taken.from.len()), (0, 0));
    }
}
