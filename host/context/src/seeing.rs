//! Having pictures described, one at a time.

use chatter_llm::{Screen, Seen, Seer};
use chatter_protocol::context::Scene;
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
/// The longest pause while nobody answers.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// The longest caption, and the longest on-screen text, in characters.
const MAX_CHARS: usize = 300;

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
    sight: Sight,
    looking: Option<Look>,
    last: Option<Instant>,
    has_changed: bool,
    /// In a row.
    failures: u32,
    screen: Screen,
}

impl Seeing {
    pub(crate) fn new(sight: Sight) -> Self {
        Self {
            sight,
            looking: None,
            last: None,
            has_changed: false,
            failures: 0,
            screen: Screen::Other,
        }
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
                    tracing::info!("pictures are described again");
                }
                self.failures = 0;
                self.seen(at_ms, seen)
            }
            Err(why) => {
                if self.failures == 0 {
                    tracing::warn!(%why, "a picture is not described; the next tries come with growing pauses");
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
        } = seen;
        let scene = Scene {
            at_ms,
            caption: shorten(&caption, MAX_CHARS),
            on_screen_text: shorten(&on_screen_text, MAX_CHARS),
        };
        let before = std::mem::replace(&mut self.screen, screen);
        let kind = match screen {
            Screen::Win => "victory",
            Screen::Lose => "defeat",
            Screen::Other => return (Some(scene), None),
        };
        // A screen that stays is one victory.
        let event = (before != screen).then(|| Event::new(kind, &scene.caption, at_ms, 0.8));
        (Some(scene), event)
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
            on_screen_text: String::new(),
            screen,
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
        (Seeing::new(sight), seer)
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
}
