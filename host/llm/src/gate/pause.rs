//! Until when a provider wants to be left alone.

use crate::failure::Failure;
use std::time::Duration;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// Holds everybody back: it is the provider that is overloaded, and not whoever was told so.
#[derive(Debug, Default)]
pub(crate) struct Pause(watch::Sender<Option<Instant>>);

impl Pause {
    pub(crate) fn until(&self, until: Instant) {
        self.0.send_modify(|pause| {
            *pause = Some(pause.map_or(until, |pause| pause.max(until)));
        });
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.borrow().is_some_and(|pause| pause > Instant::now())
    }

    /// Whether it ends so late that less than `least` is left until then.
    fn ends_beyond(&self, until: Instant, least: Duration) -> bool {
        let pause = *self.0.borrow();
        pause.is_some_and(|pause| pause > Instant::now() && pause + least > until)
    }

    /// Waits until it is over; fails at once if that is too late.
    pub(crate) async fn is_over(&self, until: Instant, least: Duration) -> Result<(), Failure> {
        loop {
            if self.ends_beyond(until, least) {
                return Err(Failure::Paused);
            }
            let pause = *self.0.borrow();
            match pause {
                // It may be a longer one by then.
                Some(pause) if pause > Instant::now() => sleep_until(pause).await,
                _ => return Ok(()),
            }
        }
    }

    /// Waits until there is one that ends too late.
    pub(crate) async fn is_beyond(&self, until: Instant, least: Duration) {
        let mut news = self.0.subscribe();
        while !self.ends_beyond(until, least) {
            // The sender is here.
            let _ = news.changed().await;
        }
    }
}
