//! How often something may happen.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};
use tokio::time::Instant;

/// A token bucket: `burst` at once, `per_second` in the long run.
#[derive(Debug)]
pub(crate) struct Bucket {
    tokens: f64,
    burst: f64,
    per_second: f64,
    filled_at: Instant,
}

impl Bucket {
    pub(crate) fn new(per_second: f64, burst: u32, now: Instant) -> Self {
        let burst = f64::from(burst);
        Self {
            tokens: burst,
            burst,
            per_second,
            filled_at: now,
        }
    }

    /// Takes a token; if there is none, says after what time there will be one.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        self.take_many(1.0, now)
    }

    /// As [`take`](Self::take), of several tokens, at most a burst.
    pub(crate) fn take_many(&mut self, count: f64, now: Instant) -> Result<(), Duration> {
        self.fill(now);
        if self.tokens >= count {
            self.tokens -= count;
            return Ok(());
        }
        let wait = (count - self.tokens) / self.per_second;
        Err(Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX))
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.tokens = passed.mul_add(self.per_second, self.tokens).min(self.burst);
        self.filled_at = now;
    }

    fn is_full(&mut self, now: Instant) -> bool {
        self.fill(now);
        self.tokens >= self.burst
    }
}

/// A token bucket for each key.
///
/// At most `most` are kept. When there would be more, those that are full again are forgotten, since
/// a new one is the same; if that makes little room, all are: a crowd that large gets one burst more
/// rather than ever more memory.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    per_second: f64,
    burst: u32,
    most: usize,
    known: HashMap<K, Bucket>,
}

impl<K: Eq + Hash> Buckets<K> {
    pub(crate) fn new(per_second: f64, burst: u32, most: usize) -> Self {
        Self {
            per_second,
            burst,
            most,
            known: HashMap::new(),
        }
    }

    /// As [`Bucket::take`], from the key's bucket.
    pub(crate) fn take(&mut self, key: K, now: Instant) -> Result<(), Duration> {
        if self.known.len() >= self.most && !self.known.contains_key(&key) {
            self.known.retain(|_, bucket| !bucket.is_full(now));
            if self.known.len() > self.most / 2 {
                self.known.clear();
            }
        }
        self.known
            .entry(key)
            .or_insert_with(|| Bucket::new(self.per_second, self.burst, now))
            .take(now)
    }
}

/// Whom an address stands for: with IPv6 one customer has a whole /64 (RFC 6177).
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_the_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(5.0, 10, start);
        let taken = |bucket: &mut Bucket, at| (0..20).filter(|_| bucket.take(at).is_ok()).count();
        assert_eq!(taken(&mut bucket, start), 10);
        assert_eq!(taken(&mut bucket, start + Duration::from_secs(1)), 5);
        assert_eq!(taken(&mut bucket, start + Duration::from_secs(3600)), 10);
    }

    #[test]
    fn who_waits_as_long_as_it_says_is_let_through() {
        let start = Instant::now();
        let mut bucket = Bucket::new(0.5, 1, start);
        bucket.take(start).unwrap();
        let wait = bucket.take(start).unwrap_err();
        assert_eq!(wait, Duration::from_secs(2));
        assert!(bucket.take(start + wait / 2).is_err());
        assert!(bucket.take(start + wait).is_ok());
    }

    #[test]
    fn keys_do_not_take_from_each_other() {
        let now = Instant::now();
        let mut buckets = Buckets::new(1.0, 1, 10);
        assert!(buckets.take("ana", now).is_ok());
        assert!(buckets.take("ana", now).is_err());
        assert!(buckets.take("ben", now).is_ok());
    }

    #[test]
    fn no_more_buckets_are_kept_than_were_allowed() {
        let start = Instant::now();
        let mut buckets = Buckets::new(1.0, 2, 100);
        for key in 0..1000 {
            let _ = buckets.take(key, start);
            assert!(buckets.known.len() <= 100, "{}", buckets.known.len());
        }
        let mut buckets = Buckets::new(1.0, 2, 100);
        for key in 0..100 {
            let _ = buckets.take(key, start);
        }
        let later = start + Duration::from_secs(60);
        let (_, _) = (buckets.take(7, later), buckets.take(7, later));
        let _ = buckets.take(1000, later);
        assert!(
            buckets.take(7, later).is_err(),
            "one in use is not forgotten"
        );
        assert_eq!(buckets.known.len(), 2);
    }

    #[test]
    fn an_address_stands_for_its_network() {
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("2001:db8::1", "2001:db8::ffff:2", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
        ] {
            let of = |text: &str| network(text.parse().unwrap());
            assert_eq!(of(one) == of(other), same, "{one} {other}");
        }
    }
}
