//! How often something may happen.

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

    /// Takes a token, if there is one.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.tokens = passed.mul_add(self.per_second, self.tokens).min(self.burst);
        self.filled_at = now;
        let some = self.tokens >= 1.0;
        if some {
            self.tokens -= 1.0;
        }
        some
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_burst_then_the_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(5.0, 10, start);
        let taken = (0..20).filter(|_| bucket.take(start)).count();
        assert_eq!(taken, 10);
        let later = start + Duration::from_secs(1);
        let taken = (0..20).filter(|_| bucket.take(later)).count();
        assert_eq!(taken, 5);
        let much_later = later + Duration::from_secs(3600);
        let taken = (0..20).filter(|_| bucket.take(much_later)).count();
        assert_eq!(taken, 10);
    }
}
