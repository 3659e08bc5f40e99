//! One process of ffmpeg, listened to from its first sound to its last.

use crate::{
    Condition, PIECE, Part,
    arguments::{PULLED, TICK as TICK_BYTES},
    clock::{Pace, Take},
    picture::{self, Album},
    play::{Player, TICK},
    process::{Ending, Process},
    said::Said,
};
use std::time::Duration;
use tokio::{
    io::AsyncReadExt,
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};
use tokio_util::task::AbortOnDropHandle;

/// The bytes of a piece of sound.
const PIECE_BYTES: usize = PIECE * 2;

/// How long it may take until what ffmpeg said before its first sound is read.
const SAID: Duration = Duration::from_secs(2);

/// How long whoever pushes may take to say under which name.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// What became of a process.
#[derive(Debug)]
pub(crate) struct Run {
    /// How much it told, on the stream's clock; of a recording that is how far it came.
    pub(crate) lasted_ms: u64,
    pub(crate) exit: Exit,
    pub(crate) ending: Ending,
}

/// Why a process is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It ended.
    Over,
    /// It was ended since nothing came from the beginning on.
    NeverBegan,
    /// It was ended since nothing came any more.
    Silent,
    /// It was ended since what came is not what was asked for.
    Refused,
    /// It was ended since it turned out to have a length.
    Recording,
}

/// What is yet to be found out when the source opens.
#[derive(Clone, Copy)]
pub(crate) enum Opening<'a> {
    /// Nothing.
    Known,
    /// Whether it has a length.
    MayEnd,
    /// Whether it was pushed under this name.
    Key(&'a str),
}

/// Listens to a process until its end.
pub(crate) async fn watch(player: &mut Player, mut process: Process, opening: Opening<'_>) -> Run {
    let album = Album::default();
    let pictures = process.pictures.take().zip(player.shape.pictures);
    let _pictures = pictures.map(|(from, wanted)| {
        AbortOnDropHandle::new(tokio::spawn(picture::read(from, wanted, album.clone())))
    });
    let mut listening = Listening {
        bytes: if player.shape.sound {
            PIECE_BYTES
        } else {
            TICK_BYTES
        },
        buffer: Vec::with_capacity(PIECE_BYTES),
        came: Instant::now(),
        lasted: 0,
    };
    let exit = listening
        .listen(player, &mut process, &album, opening)
        .await;
    let lasted_ms = listening.passed_ms();
    let ending = match exit {
        Exit::Over => process.end().await,
        Exit::NeverBegan | Exit::Silent | Exit::Refused | Exit::Recording => {
            let said = process.said.borrow().clone();
            process.stop().await;
            Ending {
                by_itself: true,
                well: false,
                said,
            }
        }
    };
    Run {
        lasted_ms,
        exit,
        ending,
    }
}

impl Player {
    /// Tells a piece of sound when its time has come, unless it comes too late or too early; whether
    /// it was told.
    pub(crate) async fn piece(&mut self, samples: Vec<f32>) -> bool {
        if matches!(self.clock.pace(), Pace::File { .. }) {
            self.teller.queue.room().await;
        }
        loop {
            match self.clock.take(samples.len(), Instant::now()) {
                Take::Wait(due) => sleep_until(due).await,
                Take::Drop => return false,
                Take::Tell { at_ms, gap } => {
                    self.gap(gap);
                    // Whoever hears it is told no other condition.
                    self.tell(Condition::Playing {
                        silent: !self.shape.sound,
                    });
                    self.teller.queue.push(Part::Sound { at_ms, samples });
                    return true;
                }
            }
        }
    }
}

struct Listening {
    /// How many bytes are a piece.
    bytes: usize,
    /// What has come of the next piece.
    buffer: Vec<u8>,
    /// When something came last, or could have been taken.
    came: Instant,
    /// Samples that were told or dropped.
    lasted: u64,
}

impl Listening {
    async fn listen(
        &mut self,
        player: &mut Player,
        process: &mut Process,
        album: &Album,
        opening: Opening<'_>,
    ) -> Exit {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut begun = false;
        loop {
            if self.buffer.len() == self.bytes {
                self.take(player, album).await;
                continue;
            }
            tokio::select! {
                read = async {
                    let mut rest = (&mut process.sound).take((self.bytes - self.buffer.len()) as u64);
                    rest.read_buf(&mut self.buffer).await
                } => {
                    if !matches!(read, Ok(1..)) {
                        break;
                    }
                    self.came = Instant::now();
                    if !begun {
                        begun = true;
                        if let Some(exit) = Self::begin(process, opening).await {
                            return exit;
                        }
                    }
                }
                _ = tick.tick() => {
                    player.idle();
                    if let Some(exit) = self.is_stuck(player, process, album, opening, begun) {
                        return exit;
                    }
                }
            }
        }
        // The last piece, if it is shorter than the others.
        if self.bytes == PIECE_BYTES && self.buffer.len() >= 2 {
            self.take(player, album).await;
        }
        self.see(player, album);
        Exit::Over
    }

    /// The first sound is there. Why it is not to be told, if that is so.
    async fn begin(process: &mut Process, opening: Opening<'_>) -> Option<Exit> {
        if matches!(opening, Opening::Known) {
            return None;
        }
        // What comes first was said before.
        let mapped = process.said.wait_for(|said| said.mapped);
        let said = match timeout(SAID, mapped).await {
            Ok(Ok(said)) => said.clone(),
            _ => Said::default(),
        };
        match opening {
            Opening::Known => {}
            Opening::MayEnd => return said.duration_ms.map(|_| Exit::Recording),
            Opening::Key(key) if said.pushed.as_deref() == Some(key) => {}
            Opening::Key(_) => return Some(Exit::Refused),
        }
        None
    }

    /// Whether it is of no use to wait any longer.
    fn is_stuck(
        &self,
        player: &Player,
        process: &Process,
        album: &Album,
        opening: Opening<'_>,
        begun: bool,
    ) -> Option<Exit> {
        let patience = player.options.patience;
        let mut came = self.came;
        if matches!(player.clock.pace(), Pace::File { .. }) {
            // Of a stretch without sound ffmpeg tells only pictures.
            came = album.came().map_or(came, |picture| picture.max(came));
        }
        let silent = came.elapsed();
        if !begun {
            if let Opening::Key(key) = opening {
                match &process.said.borrow().pushed {
                    Some(pushed) if pushed != key => return Some(Exit::Refused),
                    None if silent >= HANDSHAKE => return Some(Exit::NeverBegan),
                    _ => {}
                }
            }
            return (silent >= patience.start).then_some(Exit::NeverBegan);
        }
        let times = match (opening, player.clock.pace()) {
            // Whoever pushes would have to come again, and who else comes takes the place.
            (Opening::Key(_), _) => 20,
            (_, Pace::Pulled) => PULLED,
            _ => 1,
        };
        if silent >= patience.give_up * times {
            return Some(Exit::Silent);
        }
        if silent >= patience.stall {
            player.tell(Condition::Stalled);
        }
        None
    }

    /// Tells a piece when its time has come.
    async fn take(&mut self, player: &mut Player, album: &Album) {
        let samples = match self.bytes {
            PIECE_BYTES => samples_of(&self.buffer),
            _ => vec![0.0; PIECE],
        };
        self.buffer.clear();
        self.lasted += samples.len() as u64;
        let told = player.piece(samples).await;
        self.came = Instant::now();
        if told {
            self.see(player, album);
        } else {
            // What could be seen then is as late.
            while album.due(self.passed_ms()).is_some() {}
        }
    }

    /// Up to where it was told or dropped.
    fn passed_ms(&self) -> u64 {
        self.lasted * 1000 / u64::from(crate::SAMPLE_RATE)
    }

    /// Tells the pictures whose time has come.
    fn see(&self, player: &Player, album: &Album) {
        while let Some(picture) = album.due(self.passed_ms()) {
            let told_ms = player.clock.told_ms();
            let at_ms = match (player.clock.pace(), player.clock.base_ms()) {
                (Pace::File { .. }, Some(base_ms)) => (base_ms + picture.after_ms).min(told_ms),
                // How late it is nobody knows.
                _ => told_ms,
            };
            player.teller.queue.push(Part::Picture {
                at_ms,
                width: picture.width,
                height: picture.height,
                rgb: picture.rgb,
            });
        }
    }
}

/// 16-bit numbers, little-endian, as samples.
pub(crate) fn samples_of(bytes: &[u8]) -> Vec<f32> {
    let pairs = bytes.chunks_exact(2);
    pairs
        .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32768.0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_within_one() {
        let bytes = [0, 0, 0, 0x40, 0, 0x80, 0xff, 0x7f, 9];
        assert_eq!(samples_of(&bytes), [0.0, 0.5, -1.0, 32767.0 / 32768.0]);
    }
}
