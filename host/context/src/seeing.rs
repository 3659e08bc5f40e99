//! Having pictures described, one at a time.
//!
//! | kind | known by | confidence |
//! | --- | --- | --- |
//! | `victory`, `defeat` | a screen that says so; once while it stays, or if only the caption tells, until it was gone for 60 s | 0.8; 0.5 if only the caption tells |
//! | `score` | a table of results; again when what is written in it is something else, or it was gone for 3 min, 20 s after the last at the earliest | 0.7; 0.5 |

use chatter_llm::{Screen, Seen, Seer};
use chatter_protocol::{RoomId, context::Scene};
use metrics::counter;
use std::{
    fmt,
    future::{Future, pending},
    pin::Pin,
    sync::Arc,
    time::Duration,
};
use tokio::time::Instant;

use crate::{event::Event, text::shorten};

/// Pictures that were to be described, and what came of it.
const LOOKS: &str = "chatter_context_looks_total";
/// After a change of scene it is looked no sooner than this after the last time.
const AFTER_CHANGE: Duration = Duration::from_secs(2);
/// Between a look that is due and the next picture.
const SLACK: Duration = Duration::from_secs(1);
/// The longest pause while nobody answers.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// The longest caption, and the longest on-screen text, in characters.
const MAX_CHARS: usize = 300;
/// Scores are told no closer than this, in milliseconds: a clock on the board changes each time.
const SCORES_APART_MS: u64 = 20_000;
/// A table in which the same is written is another one if it was not seen for so long, in milliseconds. Of a caption
/// without numbers nothing else is known.
const SCORE_STAYS_MS: u64 = 180_000;
/// Captions of a screen that stays don't always say so: it is another one if none did for so long, in milliseconds.
const GUESS_STAYS_MS: u64 = 60_000;
/// How sure a screen is that only a caption tells of.
const GUESSED: f64 = 0.5;

/// Who describes pictures, and how often.
#[derive(Clone)]
pub struct Sight {
    /// Who.
    pub seer: Arc<dyn Seer>,
    /// How often at most, but for changes of scene.
    pub every: Duration,
    /// How long an answer may take.
    pub deadline: Duration,
}

impl fmt::Debug for Sight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sight({}, every {:?})", self.seer.describe(), self.every)
    }
}

/// What is to be seen now, and what happened.
pub(crate) type Looked = (Option<Scene>, Option<Event>);

type Look = Pin<Box<dyn Future<Output = (u64, Result<Seen, String>)> + Send>>;

/// What is being looked at.
pub(crate) struct Seeing {
    room: RoomId,
    sight: Sight,
    /// How fast the stream plays.
    speed: f64,
    looking: Option<Look>,
    last: Option<Instant>,
    has_changed: bool,
    /// In a row.
    failures: u32,
    screen: Screen,
    /// When a victory, and when a defeat, was seen last, in milliseconds.
    won_ms: Option<u64>,
    lost_ms: Option<u64>,
    /// The latest that was told.
    score: Option<Score>,
}

/// A score that was told.
#[derive(Debug)]
struct Score {
    at_ms: u64,
    /// When it was seen last, in milliseconds.
    seen_ms: u64,
    written: String,
}

impl Seeing {
    /// Of a room's stream that plays at this speed.
    pub(crate) fn new(room: RoomId, sight: Sight, speed: f64) -> Self {
        Self {
            room,
            sight,
            speed,
            looking: None,
            last: None,
            has_changed: false,
            failures: 0,
            screen: Screen::Other,
            won_ms: None,
            lost_ms: None,
            score: None,
        }
    }

    /// After so long on the stream's clock the next picture should have been described, in milliseconds.
    pub(crate) fn lasts_ms(&self) -> u64 {
        let Sight {
            every, deadline, ..
        } = self.sight;
        let lasts = every.max(deadline) + deadline + SLACK;
        (lasts.as_secs_f64() * 1000.0 * self.speed) as u64
    }

    /// The scene is another one.
    pub(crate) fn changed(&mut self) {
        self.has_changed = true;
    }

    /// There is a picture; it is looked at if it is time for one.
    pub(crate) fn picture(&mut self, at_ms: u64, width: u32, height: u32, rgb: Vec<u8>) {
        let pause = match self.failures {
            0 if self.has_changed => AFTER_CHANGE.min(self.sight.every),
            failures => self
                .sight
                .every
                .saturating_mul(1 << failures.min(16))
                .min(LONGEST_PAUSE.max(self.sight.every)),
        };
        if self.looking.is_some() || self.last.is_some_and(|last| last.elapsed() < pause) {
            return;
        }
        self.last = Some(Instant::now());
        self.has_changed = false;
        let Sight { seer, deadline, .. } = self.sight.clone();
        self.looking = Some(Box::pin(async move {
            let png = tokio::task::spawn_blocking(move || png(width, height, &rgb)).await;
            let seen = match png {
                Ok(Ok(png)) => seer.look(&png, deadline).await.map_err(|it| it.to_string()),
                Ok(Err(error)) => Err(format!("a picture can't be encoded: {error}")),
                Err(error) => Err(format!("a picture can't be encoded: {error}")),
            };
            (at_ms, seen)
        }));
    }

    /// What was seen next, and what happened with it. Never ends if nobody looks; dropping the future
    /// loses nothing.
    pub(crate) async fn next(&mut self) -> Looked {
        let (at_ms, seen) = match &mut self.looking {
            Some(looking) => looking.await,
            None => pending().await,
        };
        self.looking = None;
        let end = if seen.is_ok() { "described" } else { "failed" };
        counter!(LOOKS, "end" => end).increment(1);
        match seen {
            Ok(seen) => {
                if self.failures > 0 {
                    tracing::info!(room = %self.room, "pictures are described again");
                }
                self.failures = 0;
                self.seen(at_ms, seen)
            }
            Err(why) => {
                if self.failures == 0 {
                    tracing::warn!(room = %self.room, %why, "a picture is not described; the next tries come with growing pauses");
                }
                self.failures = self.failures.saturating_add(1);
                (None, None)
            }
        }
    }

    fn seen(&mut self, at_ms: u64, seen: Seen) -> Looked {
        let Seen {
            caption,
            on_screen_text,
            screen,
            is_guessed,
        } = seen;
        let scene = Scene {
            at_ms,
            caption: shorten(&caption, MAX_CHARS),
            on_screen_text: shorten(&on_screen_text, MAX_CHARS),
        };
        let before = std::mem::replace(&mut self.screen, screen);
        // Whether it was not there before, and if it is guessed not for long.
        let is_new = |seen_ms: &mut Option<u64>, has_changed: bool| {
            let stays = |last: u64| is_guessed && at_ms < last.saturating_add(GUESS_STAYS_MS);
            let is_there = seen_ms.replace(at_ms).is_some_and(stays);
            has_changed && !is_there
        };
        let (kind, text, confidence) = match screen {
            // A screen that stays is one victory.
            Screen::Win if is_new(&mut self.won_ms, before != screen) => {
                ("victory", &scene.caption, 0.8)
            }
            Screen::Lose if is_new(&mut self.lost_ms, before != screen) => {
                ("defeat", &scene.caption, 0.8)
            }
            Screen::Score if self.is_new_score(&scene, before == screen) => {
                let is_written = !scene.on_screen_text.is_empty();
                let text = if is_written {
                    &scene.on_screen_text
                } else {
                    &scene.caption
                };
                ("score", text, 0.7)
            }
            _ => return (Some(scene), None),
        };
        let confidence = if is_guessed { GUESSED } else { confidence };
        let event = Event::new(kind, text, at_ms, confidence);
        (Some(scene), Some(event))
    }

    /// Whether another score is to be seen than the one that was told last; it counts as told then. A table that was
    /// there before stays however long nobody looked.
    fn is_new_score(&mut self, scene: &Scene, was_there: bool) -> bool {
        let (at_ms, written) = (scene.at_ms, written(scene));
        if let Some(told) = &mut self.score {
            if told.written == written {
                let seen_ms = std::mem::replace(&mut told.seen_ms, at_ms);
                if was_there || at_ms < seen_ms.saturating_add(SCORE_STAYS_MS) {
                    return false;
                }
            }
            if at_ms < told.at_ms.saturating_add(SCORES_APART_MS) {
                return false;
            }
        }
        self.score = Some(Score {
            at_ms,
            seen_ms: at_ms,
            written,
        });
        true
    }
}

/// What is written on a board, without what models write in another way each time; of a caption alone its numbers.
fn written(scene: &Scene) -> String {
    let words = |text: &str, counts: fn(char) -> bool| {
        let text = text.to_lowercase();
        let words = text.split(|c: char| !counts(c)).filter(|it| !it.is_empty());
        words.collect::<Vec<_>>().join(" ")
    };
    match words(&scene.on_screen_text, char::is_alphanumeric) {
        nothing if nothing.is_empty() => words(&scene.caption, char::is_numeric),
        written => written,
    }
}

/// A picture as PNG.
fn png(width: u32, height: u32, rgb: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.write_header()?.write_image_data(rgb)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use chatter_llm::SeeError;
    use std::sync::Mutex;

    /// Answers in order, and keeps what it was shown.
    struct Scripted {
        answers: Mutex<Vec<Result<Seen, SeeError>>>,
        shown: Mutex<Vec<Vec<u8>>>,
    }

    #[async_trait]
    impl Seer for Scripted {
        async fn look(&self, png: &[u8], _: Duration) -> Result<Seen, SeeError> {
            self.shown.lock().unwrap().push(png.to_vec());
            self.answers.lock().unwrap().remove(0)
        }

        fn describe(&self) -> String {
            "scripted".into()
        }
    }

    fn seen(screen: Screen) -> Result<Seen, SeeError> {
        Ok(Seen {
            caption: "A boat.".into(),
            screen,
            ..Seen::default()
        })
    }

    fn seeing(answers: Vec<Result<Seen, SeeError>>) -> (Seeing, Arc<Scripted>) {
        let seer = Arc::new(Scripted {
            answers: Mutex::new(answers),
            shown: Mutex::default(),
        });
        let sight = Sight {
            seer: Arc::clone(&seer) as Arc<dyn Seer>,
            every: Duration::from_secs(10),
            deadline: Duration::from_secs(8),
        };
        let room = RoomId::new("main/lobby").unwrap();
        (Seeing::new(room, sight, 1.0), seer)
    }

    #[test]
    fn what_was_seen_lasts_until_the_next_picture_can_be_described() {
        // Every, deadline, speed; how long it lasts at least, all in seconds.
        for (every, deadline, speed, least) in [
            (15, 10, 1.0, 25),
            (300, 10, 1.0, 310),
            (15, 120, 1.0, 240),
            (15, 10, 20.0, 500),
        ] {
            let (mut seeing, _) = seeing(Vec::new());
            seeing.sight.every = Duration::from_secs(every);
            seeing.sight.deadline = Duration::from_secs(deadline);
            seeing.speed = speed;
            let lasts_s = seeing.lasts_ms() / 1000;
            assert!(
                (least..=least + 20).contains(&lasts_s),
                "every {every} s, within {deadline} s, at {speed}: {lasts_s} s"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_looked_every_so_often_and_soon_after_a_change() {
        let (mut seeing, seer) = seeing((0..9).map(|_| seen(Screen::Other)).collect());
        // At which second the scene changes; at which a look is begun.
        for second in 0..30 {
            if second == 13 {
                seeing.changed();
            }
            seeing.picture(second * 1000, 2, 1, vec![0, 1, 2, 3, 4, 5]);
            if seeing.looking.is_some() {
                let (scene, _) = seeing.next().await;
                assert_eq!(scene.map(|scene| scene.at_ms), Some(second * 1000));
                assert!([0, 10, 13, 23].contains(&second), "{second}");
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let shown = seer.shown.lock().unwrap();
        assert_eq!(shown.len(), 4);
        let mut reader = png::Decoder::new(std::io::Cursor::new(&shown[0]))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; 6];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, [0, 1, 2, 3, 4, 5]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_answer_is_asked_less_and_less() {
        let failed = || Err(SeeError::Unavailable("away".into()));
        let (mut seeing, seer) = seeing((0..9).map(|_| failed()).collect());
        for second in 0..200 {
            seeing.changed();
            seeing.picture(second * 1000, 1, 1, vec![0; 3]);
            if seeing.looking.is_some() {
                assert_eq!(seeing.next().await, (None, None));
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        // At 0, 20, 60, 140 s.
        assert_eq!(seer.shown.lock().unwrap().len(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_victory_is_told_once_as_long_as_its_screen_stays() {
        let answers = [
            Screen::Other,
            Screen::Win,
            Screen::Win,
            Screen::Lose,
            Screen::Other,
        ];
        let (mut seeing, _) = seeing(answers.into_iter().map(seen).collect());
        let mut kinds = Vec::new();
        for at_ms in 0..5 {
            seeing.picture(at_ms, 1, 1, vec![0; 3]);
            let (_, event) = seeing.next().await;
            kinds.extend(event.map(|event| event.kind));
            tokio::time::sleep(Duration::from_secs(11)).await;
        }
        assert_eq!(kinds, ["victory", "defeat"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_victory_that_captions_tell_of_is_told_once_though_not_all_of_them_do() {
        use Screen::{Lose, Other, Win};
        // At which second what is seen, whether it is guessed, and what is told.
        let looks = [
            (0, Win, true, Some("victory")),
            (15, Other, true, None),
            (30, Win, true, None),
            (45, Win, true, None),
            (60, Win, true, None),
            (75, Other, true, None),
            (100, Win, true, None),
            (115, Lose, true, Some("defeat")),
            (159, Win, true, None),
            (175, Other, true, None),
            (219, Win, true, Some("victory")),
            // Of what a model says itself each counts.
            (235, Other, false, None),
            (250, Win, false, Some("victory")),
        ];
        let answers = looks.iter().map(|&(_, screen, is_guessed, _)| {
            seen(screen).map(|seen| Seen { is_guessed, ..seen })
        });
        let (mut seeing, _) = seeing(answers.collect());
        let mut second = 0;
        for (at, screen, _, expected) in looks {
            tokio::time::sleep(Duration::from_secs(at - second)).await;
            second = at;
            seeing.picture(second * 1000, 1, 1, vec![0; 3]);
            let (_, event) = seeing.next().await;
            let told = event.as_ref().map(|it| &*it.kind);
            assert_eq!(told, expected, "{screen:?} at {second} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_score_is_told_when_another_one_is_written() {
        let board = |caption: &str, text: &str, is_guessed| {
            Ok(Seen {
                caption: caption.into(),
                on_screen_text: text.into(),
                screen: Screen::Score,
                is_guessed,
            })
        };
        // At which second it is seen, and what is told.
        let looks = [
            (
                0,
                board("A table.", "ANA 3 : 2 BEN", false),
                Some(("ANA 3 : 2 BEN", 0.7)),
            ),
            (30, board("A board.", "Ana 3-2 Ben", false), None),
            (60, seen(Screen::Other), None),
            (90, board("A table.", "ANA 3 : 2 BEN", false), None),
            (
                120,
                board("A table.", "ANA 4 : 2 BEN", false),
                Some(("ANA 4 : 2 BEN", 0.7)),
            ),
            // Too soon, and told when it is still there.
            (131, board("A table.", "ANA 5 : 2 BEN", false), None),
            (
                142,
                board("A table.", "ANA 5 : 2 BEN", false),
                Some(("ANA 5 : 2 BEN", 0.7)),
            ),
            (
                170,
                board("A scoreboard: 6 to 2.", "", true),
                Some(("A scoreboard: 6 to 2.", 0.5)),
            ),
            (200, board("The scoreboard says 6 to 2.", "", true), None),
            // Of which no more is known than that it is there: one that stays, and one that comes back.
            (
                230,
                board("A leaderboard.", "", true),
                Some(("A leaderboard.", 0.5)),
            ),
            (320, board("A leaderboard with names.", "", true), None),
            (499, board("A leaderboard.", "", true), None),
            (510, seen(Screen::Other), None),
            (
                680,
                board("A leaderboard again.", "", true),
                Some(("A leaderboard again.", 0.5)),
            ),
            (900, board("A leaderboard.", "", true), None),
        ];
        let answers = looks.iter().map(|(_, seen, _)| seen.clone()).collect();
        let (mut seeing, _) = seeing(answers);
        let mut second = 0;
        for (at, _, expected) in looks {
            tokio::time::sleep(Duration::from_secs(at - second)).await;
            second = at;
            seeing.picture(second * 1000, 1, 1, vec![0; 3]);
            let (_, event) = seeing.next().await;
            let told = event.as_ref().map(|it| (it.text.as_str(), it.confidence));
            assert_eq!(told, expected, "at {second} s");
            assert!(event.is_none_or(|it| it.kind == "score"));
        }
    }
}
