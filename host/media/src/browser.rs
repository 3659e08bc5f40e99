//! The sound that a page shares: pieces on a topic of the room, said by the gateway that the page is
//! connected to.

use crate::{
    Condition, PIECE,
    play::{Player, TICK},
    run::samples_of,
};
use chatter_bus::{Heard, Subscription};
use chatter_protocol::{SoundPiece, Topic, TopicKind};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

/// Whoever has been silent for so long may be followed by another one. Two pages share at once only
/// at two gateways; the first one is heard.
const SILENT: Duration = Duration::from_secs(2);

/// How long the bus may take to let one listen.
const BUS: Duration = Duration::from_secs(5);

impl Player {
    /// Listens to whoever shares. Never ends but by a failure.
    pub(crate) async fn browser(&mut self) -> Condition {
        let Some(bus) = self.options.bus.clone() else {
            return Condition::Failed {
                why: "there is no bus that a page's sound could come over".into(),
            };
        };
        let topic = Topic::new(TopicKind::StreamSound, self.options.room.clone());
        loop {
            let topics = [topic.clone()];
            match timeout(BUS, bus.subscribe(&topics)).await {
                Ok(Ok(heard)) => {
                    self.backoff.reset();
                    self.hear(heard).await;
                    self.pause("the bus is gone".into()).await;
                }
                Ok(Err(error)) => self.pause(error.to_string()).await,
                Err(_) => self.pause("the bus does not answer".into()).await,
            }
        }
    }

    async fn hear(&mut self, mut heard: Subscription) {
        let nobody = Condition::Waiting {
            why: format!("nobody shares sound at /share/{}", self.options.room),
        };
        self.tell(nobody.clone());
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sharer = None;
        let mut came = Instant::now();
        let mut samples: Vec<f32> = Vec::with_capacity(2 * PIECE);
        loop {
            tokio::select! {
                next = heard.next() => {
                    let payload = match next {
                        None => return,
                        // The clock tells what is missing.
                        Some(Heard::Lagged { .. }) => continue,
                        Some(Heard::Message { payload, .. }) => payload,
                    };
                    let Some(piece) = SoundPiece::decode(&payload) else {
                        continue;
                    };
                    if sharer != Some(piece.sharer) {
                        if sharer.is_some() && came.elapsed() < SILENT {
                            continue;
                        }
                        sharer = Some(piece.sharer);
                        samples.clear();
                        self.count_start();
                        self.clock.restart();
                    }
                    came = Instant::now();
                    samples.extend(samples_of(piece.pcm));
                    while samples.len() >= PIECE {
                        let rest = samples.split_off(PIECE);
                        self.piece(std::mem::replace(&mut samples, rest)).await;
                    }
                }
                _ = tick.tick() => {
                    self.idle();
                    if sharer.is_some() && came.elapsed() >= self.options.patience.stall {
                        // Who comes back is told where it is then, not where it was.
                        sharer = None;
                        self.tell(nobody.clone());
                    }
                }
            }
        }
    }
}
