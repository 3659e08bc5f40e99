//! Media that ffmpeg makes, and what a feed tells of them.

use chatter_media::{Condition, Feed, Options, Part, Patience, Source};
use chatter_protocol::RoomId;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

/// On a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Runs ffmpeg with these words.
pub(crate) fn ffmpeg(folder: &Path, words: &str) {
    ffmpeg_to(Stdio::null(), folder, words);
}

/// As [`ffmpeg`]; what it puts out goes there.
pub(crate) fn ffmpeg_to(out: impl Into<Stdio>, folder: &Path, words: &str) {
    let made = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-y"])
        .args(words.split_whitespace())
        .current_dir(folder)
        .stdout(out)
        .status();
    let made = made.expect("ffmpeg is needed: sudo apt-get install ffmpeg");
    assert!(made.success(), "ffmpeg {words}");
}

pub(crate) fn options() -> Options {
    Options::new(RoomId::new("main/lobby").unwrap())
}

/// As fast as it goes.
pub(crate) fn fast() -> Options {
    Options {
        speed: 1000.0,
        ..options()
    }
}

/// What a feed told until it ended.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) sound: Vec<(u64, Vec<f32>)>,
    pub(crate) pictures: Vec<(u64, u32, u32, Vec<u8>)>,
    pub(crate) gaps: Vec<(u64, u64)>,
    pub(crate) end_ms: u64,
}

impl Told {
    /// Takes in a part, and checks that it begins where the one before ended.
    pub(crate) fn add(&mut self, part: Part) {
        match part {
            Part::Sound { at_ms, samples } => {
                if self.sound.is_empty() && self.gaps.is_empty() {
                    self.end_ms = at_ms;
                }
                assert_eq!(
                    at_ms, self.end_ms,
                    "sound begins where what was before ended"
                );
                assert!(samples.iter().all(|sample| sample.abs() <= 1.0));
                self.end_ms += samples.len() as u64 / 16;
                self.sound.push((at_ms, samples));
            }
            Part::Picture {
                at_ms,
                width,
                height,
                rgb,
            } => {
                assert!(at_ms <= self.end_ms + 100, "{at_ms} after {}", self.end_ms);
                assert_eq!(rgb.len(), (width * height * 3) as usize);
                self.pictures.push((at_ms, width, height, rgb));
            }
            Part::Gap { from_ms, to_ms } => {
                assert_eq!(
                    from_ms, self.end_ms,
                    "a gap begins where what was before ended"
                );
                assert!(to_ms > from_ms);
                self.end_ms = to_ms;
                self.gaps.push((from_ms, to_ms));
            }
            Part::Ended => {}
        }
    }

    pub(crate) fn samples(&self) -> Vec<f32> {
        self.sound
            .iter()
            .flat_map(|(_, samples)| samples)
            .copied()
            .collect()
    }
}

/// The next part, if it comes before the test gives up.
pub(crate) async fn next(feed: &mut Feed) -> Part {
    match tokio::time::timeout(LONG, feed.next()).await {
        Ok(part) => part,
        Err(_) => panic!("nothing is told: {feed:?}"),
    }
}

/// All that a source tells, and how it ended.
pub(crate) async fn all(source: &Source, options: Options) -> (Told, Condition) {
    let mut feed = source.open(options);
    let told = until_end(&mut feed).await;
    let condition = feed.condition().borrow().clone();
    (told, condition)
}

pub(crate) async fn until_end(feed: &mut Feed) -> Told {
    let mut told = Told::default();
    loop {
        match next(feed).await {
            Part::Ended => return told,
            part => told.add(part),
        }
    }
}

/// Listens until the condition is of this kind.
pub(crate) async fn until(feed: &mut Feed, told: &mut Told, is: impl Fn(&Condition) -> bool) {
    let mut condition = feed.condition();
    let waiting = async {
        loop {
            tokio::select! {
                biased;
                found = condition.wait_for(|now| is(now)) => { found.unwrap(); return }
                part = feed.next() => told.add(part),
            }
        }
    };
    let waited = tokio::time::timeout(LONG, waiting).await;
    assert!(
        waited.is_ok(),
        "the source is still {}",
        *feed.condition().borrow()
    );
}

/// Sends a process a signal.
pub(crate) fn signal(child: &tokio::process::Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// How loud a tone of this frequency is in the samples, by Goertzel's algorithm: 1 for a sine of full
/// scale.
pub(crate) fn loudness(samples: &[f32], hertz: f32) -> f32 {
    let turn = 2.0 * std::f32::consts::PI * hertz / 16_000.0;
    let (mut before, mut last) = (0.0f32, 0.0f32);
    for sample in samples {
        (before, last) = (last, sample + 2.0 * turn.cos() * last - before);
    }
    let power = before * before + last * last - 2.0 * turn.cos() * before * last;
    power.max(0.0).sqrt() * 2.0 / samples.len() as f32
}

/// Impatient enough for a test.
pub(crate) fn hasty() -> Options {
    Options {
        patience: Patience {
            stall: Duration::from_millis(600),
            pause: Duration::from_millis(100),
            longest_pause: Duration::from_millis(500),
            ..Patience::default()
        },
        ..options()
    }
}

pub(crate) fn is_playing(now: &Condition) -> bool {
    *now == Condition::Playing { silent: false }
}

pub(crate) fn is_waiting(now: &Condition) -> bool {
    matches!(now, Condition::Waiting { .. })
}

/// Takes in what is told for so long.
pub(crate) async fn listen(feed: &mut Feed, told: &mut Told, until_ms: u64) {
    while told.end_ms < until_ms {
        match next(feed).await {
            Part::Ended => panic!("it ended: {feed:?}"),
            part => told.add(part),
        }
    }
}
