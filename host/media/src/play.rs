//! Playing a source: opening it, and opening it again, until it is over.

use crate::{
    Condition, Options, PIECE, SAMPLE_RATE, Source,
    arguments::{self, Begin, Input, Shape, arguments},
    backoff::Backoff,
    clock::{Clock, Gap, Pace},
    condition,
    feed::{Part, Pass, Teller},
    process::{self, Ending, Process},
    run::{self, Exit, Opening, Run},
    source::{Kind, Scheme},
    words,
};
use metrics::{counter, gauge};
use std::{env, fs, path::Path, sync::atomic::Ordering, time::Duration};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

/// How often a recording is opened again, without getting any further, after ffmpeg broke down over a file, or a
/// server answered what it would answer again, or had no more of it.
const TRIES: u32 = 5;

/// All, sound alone, pictures alone: no source holds less, and one that changes is paused for.
const SHAPES: u32 = 3;

/// What has played for so long went well.
const WELL: Duration = Duration::from_secs(10);

/// A recording that ends so much before its length has broken off.
const SHORT_MS: u64 = 2_000;

/// How often it is looked at what the time is, while nothing else happens.
pub(crate) const TICK: Duration = Duration::from_millis(250);

/// Why there was no process to listen to.
enum Trouble {
    /// It can't be started, which may pass.
    Start(String),
    /// There is nothing in the source that could be asked for.
    Nothing(String),
}

impl Trouble {
    fn why(self) -> String {
        match self {
            Self::Start(why) | Self::Nothing(why) => why,
        }
    }
}

/// A source that plays.
pub(crate) struct Player {
    pub(crate) shown: String,
    /// What of its name is repeated nowhere.
    pub(crate) secrets: Vec<String>,
    pub(crate) options: Options,
    pub(crate) teller: Teller,
    pub(crate) clock: Clock,
    pub(crate) shape: Shape,
    pub(crate) backoff: Backoff,
    /// It was opened before, not counting earlier passes.
    pub(crate) was_opened: bool,
}

/// Plays a source until it is over.
pub(crate) async fn play(source: Source, options: Options, teller: Teller) {
    let pace = match &source.0 {
        Kind::File(_) => Pace::File {
            speed: options.speed,
        },
        Kind::Url(url) if Scheme::of(url) == Scheme::Http => Pace::Pulled,
        _ => Pace::Pushed,
    };
    let mut player = Player {
        shown: source.to_string(),
        secrets: source.secrets(),
        clock: Clock::new(pace, options.from_ms),
        shape: whole(&options),
        backoff: Backoff::new(&options.patience),
        was_opened: false,
        options,
        teller,
    };
    let last = match player.options.wrong() {
        Some(why) => Condition::Failed { why },
        None => player.source(&source).await,
    };
    player.tell(last);
    player.teller.queue.end();
}

impl Player {
    /// Plays the source, and says how it ended.
    async fn source(&mut self, source: &Source) -> Condition {
        match &source.0 {
            Kind::File(path) => {
                let program = || process::look_for(&self.options.ffmpeg).err();
                if let Some(why) = unreadable(path).or_else(program) {
                    return Condition::Failed { why };
                }
                self.recording(Input::File(path)).await
            }
            Kind::Url(url) => self.live(Input::Url(url)).await,
            Kind::Microphone(name) => {
                let pulse = env::var_os("PULSE_SERVER").is_some()
                    || env::var_os("XDG_RUNTIME_DIR")
                        .is_some_and(|folder| Path::new(&folder).join("pulse/native").exists());
                let (format, name) = arguments::device(name, env::consts::OS, pulse);
                self.live(Input::Device {
                    format,
                    name: &name,
                })
                .await
            }
            Kind::Listener(listener) => self.listener(listener).await,
            Kind::Browser => self.browser().await,
        }
    }

    /// A source that has a length.
    async fn recording(&mut self, input: Input<'_>) -> Condition {
        let mut pass_ms = self.options.from_ms;
        let mut whole_ms = None;
        let is_file = matches!(input, Input::File(_));
        // In a row, and for reasons that another try hardly changes.
        let mut failures = 0;
        let mut has_played = false;
        loop {
            if is_file {
                self.teller.pass(Pass {
                    began_ms: self.clock.told_ms(),
                    from_ms: pass_ms,
                    length_ms: whole_ms,
                });
            }
            let run = match self.run(input, Begin::At(pass_ms)).await {
                Ok(run) => run,
                Err(Trouble::Nothing(why)) if is_file || failures >= TRIES => {
                    return Condition::Failed { why };
                }
                Err(trouble) => {
                    failures = match trouble {
                        Trouble::Nothing(_) => failures + 1,
                        Trouble::Start(_) => 0,
                    };
                    self.pause(trouble.why()).await;
                    continue;
                }
            };
            let said = &run.ending.said;
            let length_ms = said.duration_ms;
            let mut here_ms = pass_ms + run.lasted_ms;
            if run.lasted_ms > 0 {
                self.backoff.reset();
                failures = 0;
                has_played = true;
            }
            // A file that breaks off or can't be opened has nothing more to give; a server may.
            let mut broke_off = length_ms.is_some_and(|length| here_ms + SHORT_MS < length);
            let pictures_go_on = said.pictures && run.ending.well && said.complaints.is_empty();
            if let Some(length) = length_ms.filter(|_| broke_off && pictures_go_on) {
                self.silence(length - here_ms).await;
                here_ms = length;
                broke_off = false;
            }
            // Some lengths are estimates: opened again there, it has nothing more and nothing is wrong.
            let reopened = pass_ms > 0 && self.backoff.failures() > 0;
            if reopened && run.lasted_ms == 0 && run.ending.well && said.complaints.is_empty() {
                broke_off = false;
            }
            let is_cut = run.has_no_more();
            // Where all that is left can't be decoded, ffmpeg fails.
            let is_end = pass_ms > 0 && (run.ending.well || is_cut && has_played);
            let is_over = is_cut && is_end && failures >= TRIES;
            let again = !run.ending.by_itself
                || run.exit != Exit::Over
                || (broke_off || !said.opened) && !is_file;
            if again && !is_over {
                let otherwise = if is_cut {
                    "there is nothing more in it"
                } else {
                    "the connection broke off"
                };
                let why = run.why(&self.secrets, otherwise);
                if is_file || is_cut || words::is_lasting(run.complaints()) {
                    if failures >= TRIES {
                        return Condition::Failed { why };
                    }
                    failures += 1;
                } else {
                    failures = 0;
                }
                self.pause(why).await;
                pass_ms = here_ms;
                continue;
            }
            let note = length_ms.filter(|_| broke_off);
            let note = note.map(|length| breaks_off(here_ms, length));
            if run.lasted_ms == 0 {
                match length_ms {
                    Some(length) if pass_ms >= length && length > 0 && self.options.looped => {
                        pass_ms %= length;
                        self.was_opened = false;
                        continue;
                    }
                    _ if pass_ms > 0 && self.options.looped => {
                        pass_ms = 0;
                        failures = 0;
                        self.was_opened = false;
                        continue;
                    }
                    _ if is_end => return Condition::Ended { note },
                    _ => {
                        let nothing = "there is nothing in it that can be played";
                        let why = run.why(&self.secrets, nothing);
                        if is_file || failures >= TRIES {
                            return Condition::Failed { why };
                        }
                        failures += 1;
                        self.pause(why).await;
                        continue;
                    }
                }
            }
            if self.options.looped {
                whole_ms = Some(here_ms);
                pass_ms = 0;
                self.was_opened = false;
                continue;
            }
            return Condition::Ended { note };
        }
    }

    /// Its sound ends before its pictures do; that is no film without sound.
    async fn silence(&mut self, for_ms: u64) {
        self.clock.restart();
        let mut left = for_ms as usize * SAMPLE_RATE as usize / 1000;
        while left > 0 {
            let samples = left.min(PIECE);
            self.piece(vec![0.0; samples]).await;
            left -= samples;
        }
    }

    /// A source that may be live; opening it tells.
    async fn live(&mut self, input: Input<'_>) -> Condition {
        // What else is in the way, such as a lack of descriptors, may pass.
        if let Err(why) = process::look_for(&self.options.ffmpeg) {
            return Condition::Failed { why };
        }
        let mut was_live = false;
        let mut begin = Begin::Live;
        loop {
            let run = match self.run(input, begin).await {
                Ok(run) => run,
                Err(trouble) => {
                    self.shape = whole(&self.options);
                    self.pause(trouble.why()).await;
                    continue;
                }
            };
            if run.exit == Exit::Recording {
                if !was_live {
                    // Opened anew as one, which counts as the first time: from where it is to begin, and
                    // with its holes. How often it could not be opened before says nothing about that.
                    self.was_opened = false;
                    self.backoff.reset();
                    self.clock.set_pace(Pace::File {
                        speed: self.options.speed,
                    });
                    return self.recording(input).await;
                }
                // Its encoder ended it as it should, and what is left is a recording of it. What is
                // streamed next has the same address.
                self.settle(&run);
                self.pause("the stream is over; it is looked for again".into())
                    .await;
                continue;
            }
            was_live |= run.lasted_ms > 0;
            // Nobody may have written to it any more.
            begin = match run.exit {
                Exit::Silent if run.ending.said.is_playlist => Begin::Newest,
                Exit::NeverBegan => begin,
                _ => Begin::Live,
            };
            self.settle(&run);
            let gone = "the source is gone";
            let mut why = run.why(&self.secrets, gone);
            if why == words::UNREADABLE && run.lasted_ms > 0 && matches!(input, Input::Url(_)) {
                why = gone.into();
            }
            self.pause(why).await;
        }
    }

    /// A live source is gone. When it comes back, it may hold what it did not hold before.
    pub(crate) fn settle(&mut self, run: &Run) {
        if run.lasted_ms >= WELL.as_millis() as u64 {
            self.backoff.reset();
        }
        self.shape = whole(&self.options);
    }

    /// One process, from its start to its end; another one at once if the source turns out to hold
    /// less than was asked for.
    async fn run(&mut self, input: Input<'_>, begin: Begin) -> Result<Run, Trouble> {
        let opening = match (input, begin) {
            (Input::Url(url), Begin::Live | Begin::Newest) if Scheme::of(url) == Scheme::Http => {
                Opening::MayEnd
            }
            _ => Opening::Known,
        };
        let mut tries = 0;
        loop {
            tries += 1;
            let arguments = arguments(input, self.shape, begin, &self.options.patience);
            let process = Process::start(
                &self.options.ffmpeg,
                &arguments,
                self.shape.pictures.is_some(),
            );
            let process = process.map_err(Trouble::Start)?;
            let run = self.watch(process, opening).await;
            let mut less = || self.ask_for_less(&run.ending).map_err(Trouble::Nothing);
            if run.lasted_ms > 0 || !less()? || tries == SHAPES {
                return Ok(run);
            }
        }
    }

    /// Whether the process ended since the source holds less than was asked for.
    ///
    /// # Errors
    ///
    /// If it holds nothing at all.
    pub(crate) fn ask_for_less(&mut self, ending: &Ending) -> Result<bool, String> {
        let said = &ending.said;
        let missing = ["matches no streams", "does not contain any stream"];
        let is_missing = |complaint: &String| missing.iter().any(|m| complaint.contains(m));
        if !said.opened || !said.complaints.iter().any(is_missing) {
            return Ok(false);
        }
        let whole = whole(&self.options);
        let less = Shape {
            sound: whole.sound && said.sound,
            pictures: whole.pictures.filter(|_| said.pictures),
        };
        if !said.sound && !said.pictures {
            return Err("there is neither sound nor a moving picture in it".into());
        }
        let changed = less != self.shape;
        self.shape = less;
        Ok(changed)
    }

    pub(crate) async fn watch(&mut self, process: Process, opening: Opening<'_>) -> Run {
        self.count_start();
        self.clock.restart();
        run::watch(self, process, opening).await
    }

    /// The source is opened; each time but the first of a pass counts as a restart.
    pub(crate) fn count_start(&mut self) {
        if std::mem::replace(&mut self.was_opened, true) {
            self.teller.restarts.fetch_add(1, Ordering::Relaxed);
            counter!("chatter_source_restarts_total", &self.labels()).increment(1);
        }
    }

    fn labels(&self) -> [(&'static str, String); 2] {
        let room = &self.options.room;
        [
            ("tenant", room.tenant().to_string()),
            ("room", room.room().to_owned()),
        ]
    }

    /// Waits before the next try, while the clock goes on.
    pub(crate) async fn pause(&mut self, why: String) {
        self.tell(Condition::Waiting { why });
        let pause = self.backoff.pause(rand::random());
        self.while_time_passes(sleep(pause)).await;
    }

    /// Waits for something, while the clock goes on.
    pub(crate) async fn while_time_passes<T>(&mut self, what: impl Future<Output = T>) -> T {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tokio::pin!(what);
        loop {
            tokio::select! {
                done = &mut what => return done,
                _ = tick.tick() => self.idle(),
            }
        }
    }

    /// Tells what is too late by now.
    pub(crate) fn idle(&mut self) {
        let gap = self.clock.idle(Instant::now());
        self.gap(gap);
    }

    pub(crate) fn gap(&self, gap: Option<Gap>) {
        if let Some(Gap { from_ms, to_ms }) = gap {
            self.teller.queue.push(Part::Gap { from_ms, to_ms });
        }
    }

    /// Tells how the source does, if that has changed.
    pub(crate) fn tell(&self, now: Condition) {
        let words = now.to_string();
        let plays = matches!(now, Condition::Playing { .. });
        let bad = matches!(
            now,
            Condition::Waiting { .. } | Condition::Stalled | Condition::Failed { .. }
        );
        if !condition::tell(&self.teller.condition, now) {
            return;
        }
        gauge!("chatter_source_plays", &self.labels()).set(if plays { 1.0 } else { 0.0 });
        let (room, source) = (&self.options.room, &self.shown);
        if bad {
            tracing::warn!(%room, %source, "the source is {words}");
        } else {
            tracing::info!(%room, %source, "the source is {words}");
        }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        gauge!("chatter_source_plays", &self.labels()).set(0.0);
    }
}

impl Run {
    /// Why it ended, in words.
    pub(crate) fn why(&self, secrets: &[String], otherwise: &str) -> String {
        match self.exit {
            Exit::NeverBegan => {
                let told = words::explain(self.complaints(), secrets);
                return told.unwrap_or_else(|| "nothing comes from it".into());
            }
            Exit::Refused => return "somebody pushes with another key, and was refused".into(),
            Exit::Silent | Exit::Recording => return "nothing came from it any more".into(),
            Exit::Over => {}
        }
        if !self.ending.by_itself {
            return "ffmpeg was killed".into();
        }
        words::explain(self.complaints(), secrets).unwrap_or_else(|| otherwise.into())
    }

    /// It was opened and read to its end, and there was nothing (more) in it that can be played.
    fn has_no_more(&self) -> bool {
        let Ending { well, said, .. } = &self.ending;
        let is_read = *well || words::is_lasting(self.complaints());
        let is_whole = !words::is_of_the_network(self.complaints());
        said.opened && self.lasted_ms == 0 && is_read && is_whole
    }

    fn complaints(&self) -> impl DoubleEndedIterator<Item = &str> + Clone {
        self.ending.said.complaints.iter().map(String::as_str)
    }
}

fn breaks_off(here_ms: u64, length_ms: u64) -> String {
    let (here_s, length_s) = (here_ms / 1000, length_ms / 1000);
    format!("it breaks off after {here_s} s of {length_s} s")
}

/// All that is wanted of a source.
pub(crate) fn whole(options: &Options) -> Shape {
    Shape {
        sound: true,
        pictures: options.pictures,
    }
}

/// Why a path can't be a recording, before ffmpeg is asked.
fn unreadable(path: &Path) -> Option<String> {
    let shown = path.display();
    match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Some(format!("there is no file {shown}"))
        }
        Err(error) => Some(format!("{shown} can't be read: {error}")),
        Ok(found) if found.is_dir() => Some(format!("{shown} is a folder")),
        Ok(found) if !found.is_file() => Some(format!("{shown} is no ordinary file")),
        Ok(found) if found.len() == 0 => Some(format!("{shown} is empty")),
        Ok(_) => None,
    }
}
