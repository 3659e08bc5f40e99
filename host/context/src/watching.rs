//! Watching a source while it plays: sound and pictures in, contexts out.
//!
//! One task owns all of it: the feed, the listener, and what is asked of models. Nothing of it
//! outlives the task, and nothing in it waits for anything without listening to the rest.

mod understanding;

use crate::{
    Ended,
    ears::{Ears, Listeners, listeners},
    looking::Looking,
    names::{Names, Roll},
    seeing::Sight,
    summing::{SummedBy, Summing},
    telling::Telling,
};
use chatter_bus::SharedBus;
use chatter_media::{Condition, Feed, Part, Pictures};
use chatter_protocol::{Clock, RoomId};
use chatter_speech::{Heard, Hearing, ListenConfig, Listener, Model, StartError};
use metrics::{Gauge, gauge};
use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout_at},
};
use tokio_util::sync::CancellationToken;
use understanding::Understanding;

/// How much of the stream has come, but was not listened to yet.
const BEHIND: &str = "chatter_context_behind_seconds";
/// After the end of the sound so long for what is still to be heard of it.
const LAST_WORDS: Duration = Duration::from_secs(60);
/// Pictures a second: enough to see a flash.
const PER_SECOND: f32 = 4.0;
/// The longer side of pictures that are only compared, in pixels.
const SIDE: u16 = 64;
/// The longer side of pictures that are described, in pixels.
const DESCRIBED_SIDE: u16 = 512;

/// What makes words of sound.
#[derive(Clone, Debug)]
pub struct Speech {
    /// What it is, for people.
    pub name: String,
    /// The model, which all rooms share.
    pub model: Model,
    /// How it is listened.
    pub config: ListenConfig,
}

/// What a source is understood with.
#[derive(Clone, Debug, Default)]
pub struct Senses {
    /// What makes words of sound, as soon as it is there; without it only sound and pictures tell what happens.
    pub ears: Option<Arc<dyn Ears>>,
    /// Who describes pictures.
    pub sight: Option<Sight>,
    /// Who sums up; where nobody does, the stream's own sentences do.
    pub summaries: Option<SummedBy>,
    /// Whose names are listened for, beside those of the people who write in the chat.
    pub names: Option<Roll>,
}

/// Who makes words of sound.
pub(crate) trait Listening: Send {
    fn hear(&mut self, at_ms: u64, samples: Vec<f32>);
    fn gap(&mut self, to_ms: u64);
    fn end(&mut self);
    /// None once it has ended. Dropping the future loses nothing.
    fn next(&mut self) -> impl Future<Output = Option<Heard>> + Send;
}

/// A listener of its own thread, and what it hears.
pub(crate) struct Words {
    listener: Listener,
    hearing: Hearing,
}

impl Words {
    /// Begins to listen.
    pub(crate) fn start(speech: &Speech) -> Result<Self, StartError> {
        let (listener, hearing) = Listener::start(&speech.model, speech.config.clone())?;
        Ok(Self { listener, hearing })
    }
}

impl Listening for Words {
    fn hear(&mut self, at_ms: u64, samples: Vec<f32>) {
        self.listener.hear(at_ms, samples);
    }

    fn gap(&mut self, to_ms: u64) {
        self.listener.gap(to_ms);
    }

    fn end(&mut self) {
        self.listener.end();
    }

    async fn next(&mut self) -> Option<Heard> {
        self.hearing.next().await
    }
}

/// The pictures that a source is to give.
pub(crate) fn pictures(senses: &Senses) -> Pictures {
    Pictures {
        per_second: PER_SECOND,
        side: if senses.sight.is_some() {
            DESCRIBED_SIDE
        } else {
            SIDE
        },
    }
}

/// What stands around one play of a source.
#[derive(Clone)]
pub(crate) struct Around {
    pub(crate) room: RoomId,
    pub(crate) bus: SharedBus,
    pub(crate) clock: Clock,
    pub(crate) cancel: CancellationToken,
    /// How far the hearing is behind, in milliseconds, for whoever tells of it.
    pub(crate) behind_ms: Arc<AtomicU64>,
    /// Who spoke in the chat lately.
    pub(crate) people: Option<Roll>,
}

/// Tells a room what a feed gives, from its position on, until its end or until it is cancelled.
pub(crate) async fn watch<L: Listening>(
    feed: Feed,
    listening: Option<L>,
    listeners: Listeners<L>,
    senses: &Senses,
    from_ms: u64,
    around: Around,
) -> Ended {
    let Around {
        room,
        bus,
        clock,
        cancel,
        behind_ms,
        people,
    } = around;
    let watching = Watching {
        telling: Telling::new(room.clone(), bus, clock.clone()),
        understanding: Understanding::new(
            room.clone(),
            clock,
            Names::new(senses.names.clone(), people),
            Looking::new(room.clone(), senses.sight.clone(), feed.speed()),
            listening.is_some(),
            from_ms,
        ),
        summing: senses.summaries.clone().map(Summing::new),
        condition: feed.condition(),
        played: true,
        turned: false,
        feed,
        listening,
        listeners,
        behind: Behind {
            gauge: gauge!(BEHIND, "room" => room.to_string()),
            ms: behind_ms,
        },
    };
    let ended = cancel.run_until_cancelled(watching.run(&cancel)).await;
    ended.unwrap_or(Ended::Cancelled)
}

struct Watching<L> {
    behind: Behind,
    feed: Feed,
    condition: watch::Receiver<Condition>,
    /// Whether it played by the latest context.
    played: bool,
    /// Whether that is so no more, or so again.
    turned: bool,
    listening: Option<L>,
    listeners: Listeners<L>,
    telling: Telling,
    summing: Option<Summing>,
    understanding: Understanding,
}

impl<L: Listening> Watching<L> {
    async fn run(mut self, cancel: &CancellationToken) -> Ended {
        loop {
            let wake = self.wake();
            tokio::select! {
                () = at(wake) => {
                    if self.tell(cancel).await.is_none() {
                        return Ended::Cancelled;
                    }
                }
                part = self.feed.next() => match part {
                    Part::Ended => break,
                    part => self.part(part),
                },
                Ok(()) = self.condition.changed() => {
                    self.turned = self.feed.plays() != self.played;
                }
                heard = heard(&mut self.listening) => self.heard(heard),
                Some(listening) = self.listeners.begun.recv() => {
                    self.listening = Some(listening);
                    self.understanding.listens();
                }
                seen = self.understanding.looking.next() => self.understanding.seen(seen),
                summary = summed_up(&mut self.summing) => {
                    if let Some(live) = &mut self.understanding.live {
                        live.sum_up(summary);
                    }
                }
            }
        }
        self.end(cancel).await
    }

    /// When the next context is due, if there is anything to tell of.
    fn wake(&self) -> Option<Instant> {
        let live = self.understanding.live.as_ref()?;
        let now = Instant::now();
        let (words, event) = live.news();
        // Whoever plays the recording beside the chat pauses with it.
        let event = event || self.turned;
        let untold = live.window().has_untold() && !event;
        let wake = self
            .telling
            .wake(words.then_some(now), event.then_some(now), untold);
        // The first one is due at once.
        Some(wake.unwrap_or(now))
    }

    /// None if it was cancelled meanwhile.
    async fn tell(&mut self, cancel: &CancellationToken) -> Option<()> {
        let Some(live) = &mut self.understanding.live else {
            return Some(());
        };
        self.telling.now();
        self.played = self.feed.plays();
        self.turned = false;
        let window = live.told();
        window.play(self.feed.playing(window.position_ms()));
        self.telling.tell(window, cancel).await?;
        if self
            .summing
            .as_mut()
            .is_some_and(|summing| summing.look(live.window()))
        {
            live.sum_up(None);
        }
        let behind_ms = self.understanding.behind_ms();
        self.behind.set(behind_ms);
        Some(())
    }

    fn part(&mut self, part: Part) {
        if let Some(listening) = &mut self.listening {
            match &part {
                Part::Sound { at_ms, samples } => listening.hear(*at_ms, samples.clone()),
                Part::Gap { to_ms, .. } => listening.gap(*to_ms),
                Part::Picture { .. } | Part::Ended => {}
            }
        }
        self.understanding.part(part);
    }

    fn heard(&mut self, heard: Option<Heard>) {
        let room = &self.understanding.room;
        match heard {
            Some(Heard::Stopped { why }) => {
                tracing::error!(%room, %why, "words are heard no more; what sound alone tells goes on");
                self.deaf(why);
            }
            None => self.deaf("the listener has ended".into()),
            Some(heard) => self.understanding.heard(heard),
        }
    }

    fn deaf(&mut self, why: String) {
        self.listening = None;
        // Nobody may be there who begins another.
        let _ = self.listeners.lost.try_send(why);
        self.understanding.is_deaf();
    }

    /// What is still to be heard, and then the end.
    async fn end(mut self, cancel: &CancellationToken) -> Ended {
        let until = Instant::now() + LAST_WORDS;
        if let Some(listening) = &mut self.listening {
            listening.end();
        }
        // No other is begun, and nobody is told that this one ends.
        self.listeners = listeners().0;
        while self.listening.is_some() {
            let wake = self.wake();
            tokio::select! {
                () = at(wake) => {
                    if self.tell(cancel).await.is_none() {
                        return Ended::Cancelled;
                    }
                }
                heard = timeout_at(until, heard(&mut self.listening)) => match heard {
                    Ok(heard) => self.heard(heard),
                    Err(_) => self.listening = None,
                },
            }
        }
        let Some(live) = &mut self.understanding.live else {
            return Ended::Finished;
        };
        live.end();
        loop {
            if let Some(wake) = self.wake() {
                sleep_until(wake).await;
            }
            if self.tell(cancel).await.is_none() {
                return Ended::Cancelled;
            }
            let live = self.understanding.live.as_ref();
            // What the bus does not take now is lost: nobody waits for the end for ever.
            if live.is_none_or(|live| !live.window().has_untold()) || Instant::now() >= until {
                return Ended::Finished;
            }
        }
    }
}

/// How far the hearing is behind. Nobody is behind a source that is watched no more.
struct Behind {
    gauge: Gauge,
    ms: Arc<AtomicU64>,
}

impl Behind {
    fn set(&self, behind_ms: u64) {
        self.gauge.set(behind_ms as f64 / 1000.0);
        self.ms.store(behind_ms, Ordering::Relaxed);
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.set(0);
    }
}

async fn at(wake: Option<Instant>) {
    match wake {
        Some(wake) => sleep_until(wake).await,
        None => pending().await,
    }
}

async fn heard<L: Listening>(listening: &mut Option<L>) -> Option<Heard> {
    match listening {
        Some(listening) => listening.next().await,
        None => pending().await,
    }
}

async fn summed_up(summing: &mut Option<Summing>) -> Option<String> {
    match summing {
        Some(summing) => summing.next().await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests;
