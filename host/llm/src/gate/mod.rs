//! What stands between a crowd and a server that it asks: everybody in turn, so many at a time, and nobody while it is
//! down or wants to be left alone.

mod pause;

use crate::{
    About,
    failure::Failure,
    queue::{Place, Queue},
};
use chatter_http::{Breaker, Change, Extent, News, Pass, Patience, Watch};
use chatter_protocol::{TenantId, memory::Scope};
use metrics::{Gauge, Histogram, gauge, histogram};
use pause::Pause;
use rand::RngExt as _;
use std::{sync::Arc, time::Duration};
use tokio::{
    select,
    time::{Instant, sleep},
};

/// When it is left alone, and for how long.
pub(crate) const PATIENCE: Patience = Patience {
    failures: 5,
    first_rest: Duration::from_secs(5),
    longest_rest: Duration::from_secs(60),
};

/// How often it is tried at most for one who asks.
const TRIES: u32 = 2;

/// The longest that it is left alone because it asked for it. A server may be wrong too.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What is said of a kind of server, and how long one has patience with it.
pub(crate) struct Terms {
    /// For operators: `the language model`.
    pub(crate) what: &'static str,
    /// What happens for as long as it does not answer.
    pub(crate) meanwhile: &'static str,
    /// How long one waits before the second time, if it says nothing of it: up to half as long again, so that not all
    /// come back at once.
    pub(crate) backoff: Duration,
    /// What has to be left of the deadline for another try to be worth it.
    pub(crate) least: Duration,
    /// Who had less time than this, and than half of what there was, says nothing of it by not being answered.
    pub(crate) fair_chance: Duration,
    /// The metrics: how long a try took.
    pub(crate) seconds: &'static str,
    /// How long requests waited for their place.
    pub(crate) queued: Option<&'static str>,
    /// How many wait for a place.
    pub(crate) queue: &'static str,
    /// Whether it is asked: 0 yes, 1 by one request to try, 2 no.
    pub(crate) breaker: &'static str,
}

impl Terms {
    /// How long who may wait for `most` has to wait for the silence to say something.
    fn fair_chance(&self, most: Option<Duration>) -> Duration {
        most.map_or(self.fair_chance, |most| self.fair_chance.min(most / 2))
    }

    fn backoff(&self) -> Duration {
        self.backoff
            .mul_f64(1.0 + rand::rng().random::<f64>() / 2.0)
    }

    /// What an answer that took so long says of the server, if it says anything.
    pub(crate) fn judge<T>(
        &self,
        pass: Pass<'_, TenantId, ()>,
        answer: &Result<T, Failure>,
        took: Duration,
        most: Option<Duration>,
    ) -> Option<Change> {
        match answer {
            // What it refuses or declines is of the request.
            Ok(_) | Err(Failure::Refused(_) | Failure::Declined { .. } | Failure::Busy { .. }) => {
                pass.good(Instant::now())
            }
            // It was not asked, or answered as it was asked: whoever asks must not have a say in whether others may.
            Err(Failure::Paused | Failure::Unfit(_) | Failure::Empty { .. }) => None,
            Err(Failure::TimedOut) if took < self.fair_chance(most) => None,
            Err(_) => pass.bad(Instant::now(), ()),
        }
    }
}

/// One try: what came of it, and whether it may be another thing the next time. Of who is overloaded, or can't be
/// reached, it always may.
pub(crate) struct Try<T> {
    pub(crate) answer: Result<T, Failure>,
    pub(crate) is_worth_another: bool,
}

impl<T> From<Result<T, Failure>> for Try<T> {
    fn from(answer: Result<T, Failure>) -> Self {
        Self {
            answer,
            is_worth_another: false,
        }
    }
}

/// The way to one server.
pub(crate) struct Gate {
    name: Arc<str>,
    about: About,
    terms: Terms,
    queue: Queue,
    breaker: Breaker<TenantId>,
    pause: Pause,
    watch: Watch,
    level: Gauge,
    took: Histogram,
    queued: Histogram,
}

impl Gate {
    /// To a server of that name, with places for so many at once and for so many who wait.
    pub(crate) fn new(
        name: Arc<str>,
        about: About,
        terms: Terms,
        concurrency: usize,
        queue: usize,
    ) -> Self {
        let level = gauge!(terms.breaker, "provider" => name.to_string());
        level.set(0.0);
        let length = gauge!(terms.queue, "provider" => name.to_string());
        let seconds = |metric| histogram!(metric, "provider" => name.to_string());
        Self {
            queue: Queue::new(concurrency, queue, length),
            breaker: Breaker::new(PATIENCE),
            pause: Pause::default(),
            watch: Watch::default(),
            level,
            took: seconds(terms.seconds),
            queued: terms.queued.map_or_else(Histogram::noop, seconds),
            name,
            about,
            terms,
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn about(&self) -> &About {
        &self.about
    }

    /// Whether it wants to be left alone.
    pub(crate) fn is_paused(&self) -> bool {
        self.pause.is_on()
    }

    /// Whether it does not answer this tenant.
    pub(crate) fn is_out(&self, tenant: &TenantId) -> bool {
        self.breaker.outage(tenant, Instant::now()).is_some()
    }

    /// Whether it answers nobody: so operators were told, and no answer has been good since.
    pub(crate) fn is_out_for_all(&self) -> bool {
        self.watch.fails_all()
    }

    /// Asks it by `once`, before `until`: when it is somebody's turn, and a second time where that helps. No try takes
    /// longer than `most`, if that is bounded.
    pub(crate) async fn ask<T, F>(
        &self,
        asker: &Scope,
        until: Instant,
        most: Option<Duration>,
        once: impl Fn() -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Try<T>>,
    {
        // Who comes while it is down doesn't wait in the queue first.
        let tenant = asker.room.tenant();
        if self.breaker.rests(&tenant, Instant::now()) {
            self.show();
            return Err(Failure::Resting);
        }
        let (mut pass, mut tries) = (None, 0);
        loop {
            // A place is held for as long as something is asked, and no longer.
            let place = self.place(asker, until).await?;
            let leave = match pass.take() {
                Some(leave) => leave,
                None => {
                    let leave = self.breaker.pass(tenant.clone(), Instant::now());
                    self.show();
                    leave.map_err(|_| Failure::Resting)?
                }
            };
            let began = Instant::now();
            if began >= until {
                return Err(Failure::Full);
            }
            tries += 1;
            let Try {
                answer,
                is_worth_another,
            } = once().await;
            drop(place);
            self.took.record(began.elapsed());
            let wait = match &answer {
                Err(Failure::Busy { after, .. }) => {
                    let wait = after.unwrap_or_else(|| self.terms.backoff());
                    let wait = wait.min(LONGEST_PAUSE);
                    self.pause.until(Instant::now() + wait);
                    Some(wait)
                }
                Err(Failure::NotConnected(_)) => Some(self.terms.backoff()),
                Err(_) if is_worth_another => Some(self.terms.backoff()),
                _ => None,
            };
            let again = wait
                .filter(|wait| tries < TRIES && Instant::now() + *wait + self.terms.least <= until);
            let Some(wait) = again else {
                let change = self.terms.judge(leave, &answer, began.elapsed(), most);
                self.show();
                self.tell(&tenant, &answer, change);
                return answer;
            };
            pass = Some(leave);
            sleep(wait).await;
        }
    }

    /// A place, at a time when it may be asked.
    async fn place(&self, asker: &Scope, until: Instant) -> Result<Place, Failure> {
        let (came, least) = (Instant::now(), self.terms.least);
        loop {
            self.pause.is_over(until, least).await?;
            let place = select! {
                place = self.queue.place(asker, until) => place.ok_or(Failure::Full),
                // Another one is asked rather than to wait for a place that would be of no use.
                () = self.pause.is_beyond(until, least) => Err(Failure::Paused),
            }?;
            // Somebody who was asking may have been told meanwhile to come later.
            if !self.pause.is_on() {
                self.queued.record(came.elapsed());
                return Ok(place);
            }
        }
    }

    /// Whether it is asked, as [`Terms::breaker`] says it.
    pub(crate) fn level(&self) -> f64 {
        self.breaker.level(Instant::now())
    }

    fn show(&self) {
        self.level.set(self.level());
    }

    /// Tells the operator what has changed. What the server says stays out of it but for its one
    /// short line: the key can't stand there.
    fn tell<T>(&self, tenant: &TenantId, answer: &Result<T, Failure>, change: Option<Change>) {
        let is_good = match answer {
            Ok(_) | Err(Failure::Declined { .. }) => true,
            // Of having no time nothing is learned, and what comes of a request alone is no outage.
            Err(
                Failure::Paused | Failure::Refused(_) | Failure::Unfit(_) | Failure::Empty { .. },
            ) => return,
            Err(_) => false,
        };
        let now = Instant::now();
        let extent = match answer {
            // It says so of itself, whoever asks.
            Err(Failure::Busy { .. }) => Extent::All,
            _ => self.breaker.extent(now),
        };
        let About { model, place, .. } = &self.about;
        let Terms {
            what, meanwhile, ..
        } = self.terms;
        match (self.watch.note(extent, is_good, now), answer) {
            (Some(News::Failed(extent)), Err(failure)) => tracing::warn!(
                provider = %self.name, model, server = place,
                tenant = (extent == Extent::Some).then(|| tenant.as_str()),
                "{what} does not answer: {failure}; {meanwhile}"
            ),
            (Some(News::Recovered(after)), _) => tracing::info!(
                provider = %self.name, model, server = place,
                "{what} answers again, after {after:.1?}"
            ),
            _ => {}
        }
        if let Some(Change::Opened(rest) | Change::StaysOpen(rest)) = change {
            tracing::debug!(provider = %self.name, %tenant, ?rest, "it is left alone");
        }
    }
}
