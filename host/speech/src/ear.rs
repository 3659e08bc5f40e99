//! A listener without its thread: what it does with sound, and when.

mod inference;
mod tongue;

use crate::{
    Heard, ListenConfig, Model, Word,
    engine::Failed,
    gate::{Edge, Frame, Gate},
    pace::Pace,
    prompt::Prompt,
    utterance::{LEAD_MS, LONGEST_PAUSE_MS, Utterance, milliseconds, samples},
};
use std::{
    collections::VecDeque,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};
use tongue::Tongue;

/// Sound that comes so much too early or late for what was before it is not its continuation.
const JUMP_MS: u64 = 80;
/// Of more sound with a voice in it than this, which waits to be listened to, the oldest is dropped,
const MOST_WAITING_MS: u64 = 20_000;
/// down to this.
const LEFT_WAITING_MS: u64 = 8_000;
/// A voice that pauses for so long is listened to at once: what it said is complete for now.
const PAUSE_MS: u64 = 224;
/// In quiet, how far [`Heard::Until`] moves before it is told again.
const UNTIL_MS: u64 = 250;
/// What listens to one room. It does nothing by itself: whoever has it hands it sound and, when an
/// inference is [due](Self::due), lets it [listen](Self::listen), which takes its time. That is what a
/// [`Listener`](crate::Listener) does on its thread; in simulated time, others may.
#[derive(Debug)]
pub struct Ear {
    model: Model,
    config: ListenConfig,
    stop: Arc<AtomicBool>,
    gate: Gate,
    pace: Pace,
    tongue: Tongue,
    /// What the latest window was taken down in.
    language: Option<String>,
    /// Whether what was done last was looking for the language again.
    looked_again: bool,
    /// Sound since the voice before, or before the first.
    lead: Vec<f32>,
    /// What is to be listened to, the oldest first; to the last one, more may come.
    utterances: VecDeque<Utterance>,
    /// What was listened to last, to its end: a voice that goes on soon is heard better together with it.
    resting: Option<Utterance>,
    /// Whether the latest voice ended by itself, rather than with the sound.
    may_go_on: bool,
    /// Whether no voice began since the sound was broken off.
    after_gap: bool,
    /// Where the next piece of sound should begin.
    next_ms: Option<u64>,
    /// Where what the gate has looked at ends.
    looked_to_ms: u64,
    /// What was confirmed last.
    prompt: Prompt,
    told_until: u64,
    told: Vec<Heard>,
}

impl Ear {
    /// Begins with nothing heard.
    ///
    /// # Errors
    ///
    /// If there is no memory for the detector, or the model does not know the language.
    pub fn new(model: &Model, config: ListenConfig) -> Result<Self, ListenError> {
        let language = config.language.clone();
        if let Some(language) = language.as_ref().filter(|code| !model.knows(code)) {
            return Err(ListenError::Language {
                language: language.clone(),
                only: model.only_language(),
            });
        }
        let detector = (model.0.detector)().map_err(|Failed(why)| ListenError::Detector(why))?;
        Ok(Self {
            pace: Pace::new(config.hop_ms),
            tongue: Tongue::new(language.or_else(|| model.only_language().map(str::to_owned))),
            language: None,
            looked_again: false,
            model: model.clone(),
            config,
            stop: Arc::default(),
            gate: Gate::new(detector),
            lead: Vec::new(),
            utterances: VecDeque::new(),
            resting: None,
            may_go_on: false,
            after_gap: false,
            next_ms: None,
            looked_to_ms: 0,
            prompt: Prompt::default(),
            told_until: 0,
            told: Vec::new(),
        })
    }

    /// Setting it ends an inference that runs, and all to come.
    pub(crate) fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// Takes in sound that begins at a time of the stream's clock.
    ///
    /// # Errors
    ///
    /// If the voice activity detector fails; nothing more can be done then.
    pub fn hear(&mut self, at_ms: u64, sound: &[f32]) -> Result<(), ListenError> {
        if self
            .next_ms
            .is_some_and(|next| next.abs_diff(at_ms) > JUMP_MS)
        {
            self.end()?;
        }
        let end_ms = at_ms + milliseconds(sound.len());
        self.next_ms = Some(end_ms);
        // What is no number would spread over everything that is computed with it.
        let clean: Vec<f32> = sound
            .iter()
            .map(|s| if s.is_finite() { *s } else { 0.0 })
            .collect();
        let frames = self.gate.hear(&clean).map_err(failed)?;
        self.look(frames, end_ms.saturating_sub(self.gate.waiting_ms()));
        self.drop_what_is_too_much();
        self.tell_until(UNTIL_MS);
        Ok(())
    }

    /// Nothing came from one time to another.
    ///
    /// # Errors
    ///
    /// As [`hear`](Self::hear).
    pub fn gap(&mut self, to_ms: u64) -> Result<(), ListenError> {
        self.end()?;
        self.looked_to_ms = self.looked_to_ms.max(to_ms);
        self.tell_until(UNTIL_MS);
        Ok(())
    }

    /// The sound is over, or goes on elsewhere.
    ///
    /// # Errors
    ///
    /// As [`hear`](Self::hear).
    pub fn end(&mut self) -> Result<(), ListenError> {
        let Some(end_ms) = self.next_ms.take() else {
            return Ok(());
        };
        let (frames, edge) = self.gate.finish().map_err(failed)?;
        self.look(frames, end_ms);
        if let Some(Edge::Ends { ago }) = edge {
            self.close(ago);
        }
        self.lead.clear();
        // Whatever comes next is not its continuation.
        self.may_go_on = false;
        self.after_gap = true;
        if let Some(resting) = self.resting.take() {
            self.rest(resting);
        }
        Ok(())
    }

    /// Whether there is enough new sound for an inference, or as much as there will be for now; or else whether
    /// the language is to be looked for again.
    #[must_use]
    pub fn due(&self) -> bool {
        self.has_news() || self.looks_again()
    }

    fn has_news(&self) -> bool {
        self.utterances.front().is_some_and(|first| {
            first.whole || first.new_ms() >= self.pace.hop_ms() || self.pauses(first)
        })
    }

    /// Whether the voice pauses and was not listened to up to there. Only from half a hop on: who speaks with
    /// many pauses is not asked more often than the machine can bear.
    fn pauses(&self, first: &Utterance) -> bool {
        let quiet_ms = self.gate.quiet_ms();
        let new_ms = first.new_ms();
        !first.whole
            && quiet_ms >= PAUSE_MS
            && new_ms > quiet_ms
            && 2 * new_ms >= self.pace.hop_ms()
    }

    /// Listens to the oldest of what waits, when it is this room's turn at the model; or looks for the language
    /// again.
    pub fn listen(&mut self) {
        let model = self.model.clone();
        let stop = Arc::clone(&self.stop);
        let seats = &model.0.seats;
        self.looked_again = self.looks_again();
        seats.with(&stop, |recogniser| match self.looked_again {
            true => self.look_again(&mut **recogniser),
            false => self.infer(&mut **recogniser),
        });
    }

    /// Says how long it took to [listen](Self::listen), so that the pace can be kept.
    pub fn took(&mut self, time: Duration) {
        if self.looked_again {
            return;
        }
        if let Some(hop_ms) = self.pace.took(time) {
            let behind_ms = self.waiting_ms();
            self.told.push(Heard::Pace { hop_ms, behind_ms });
        }
    }

    /// What it has to tell since it was last asked.
    pub fn told(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.told)
    }

    /// Takes in frames, of which the last ends at a time.
    fn look(&mut self, frames: Vec<Frame>, end_ms: u64) {
        let mut left: usize = frames.iter().map(|frame| frame.samples.len()).sum();
        for Frame { samples: new, edge } in frames {
            left -= new.len();
            self.looked_to_ms = end_ms.saturating_sub(milliseconds(left));
            match self.utterances.back_mut().filter(|last| !last.whole) {
                Some(open) => open.sound.extend_from_slice(&new),
                None => self.lead.extend_from_slice(&new),
            }
            match edge {
                Some(Edge::Begins { ago }) => self.open(ago),
                Some(Edge::Ends { ago }) => self.close(ago),
                None => {}
            }
            let surplus = self.lead.len().saturating_sub(samples(MOST_KEPT_MS));
            self.lead.drain(..surplus);
        }
    }

    fn open(&mut self, ago: usize) {
        let mut sound = std::mem::take(&mut self.lead);
        let length = sound.len().min(ago + samples(LEAD_MS));
        let start_ms = self.looked_to_ms.saturating_sub(milliseconds(length));
        let at_ms = self.looked_to_ms.saturating_sub(milliseconds(ago));
        self.told.push(Heard::Voice { at_ms });
        let before = self.utterances.pop_back().or_else(|| self.resting.take());
        if let Some(mut before) = before {
            let window_ms = self.config.window_ms;
            if self.may_go_on && before.goes_on(start_ms, length, &sound, window_ms) {
                self.utterances.push_back(before);
                return;
            }
            self.rest(before);
        }
        let sound = sound.split_off(sound.len() - length);
        let lead = length.saturating_sub(ago);
        let after_gap = std::mem::take(&mut self.after_gap);
        self.utterances
            .push_back(Utterance::new(start_ms, sound, lead, after_gap));
    }

    /// What is not gone on with: if it was listened to, its words are what was said before; else it waits.
    fn rest(&mut self, mut before: Utterance) {
        if before.is_done {
            self.prompt.add(&before.agreement.trim(u64::MAX));
        } else {
            self.utterances.push_back(before);
        }
    }

    fn close(&mut self, ago: usize) {
        self.may_go_on = true;
        let at_ms = self.looked_to_ms.saturating_sub(milliseconds(ago));
        self.told.push(Heard::Quiet { at_ms });
        let is_first = self.utterances.len() == 1;
        let Some(last) = self.utterances.back_mut().filter(|last| !last.whole) else {
            return;
        };
        let was_heard = last.was_heard(ago);
        let is_voice = last.is_voice(ago);
        self.lead = last.close(ago);
        if !is_voice {
            // It may be how the next one begins.
            let none = self.utterances.pop_back();
            self.lead
                .splice(..0, none.into_iter().flat_map(|none| none.sound));
        } else if was_heard && is_first {
            let words = last.agreement.finish();
            last.is_done = true;
            self.resting = self.utterances.pop_back();
            self.tell(words);
        }
    }

    fn tell(&mut self, words: Vec<Word>) {
        if !words.is_empty() {
            self.told.push(Heard::Words(words));
        }
    }

    /// How much sound with a voice in it waits to be listened to.
    fn waiting_ms(&self) -> u64 {
        self.utterances.iter().map(Utterance::new_ms).sum()
    }

    fn drop_what_is_too_much(&mut self) {
        if self.waiting_ms() <= MOST_WAITING_MS {
            return;
        }
        let Some(from_ms) = self.utterances.front().map(Utterance::until_ms) else {
            return;
        };
        let mut to_ms = from_ms;
        while self.waiting_ms() > LEFT_WAITING_MS {
            let others = self.waiting_ms() - self.utterances.front().map_or(0, Utterance::new_ms);
            let Some(first) = self.utterances.front_mut() else {
                break;
            };
            if first.whole && others >= LEFT_WAITING_MS {
                to_ms = first.end_ms();
                self.utterances.pop_front();
            } else {
                first.skip_to(LEFT_WAITING_MS.saturating_sub(others));
                to_ms = first.start_ms;
            }
        }
        self.prompt = Prompt::default();
        self.told.push(Heard::Missed { from_ms, to_ms });
    }

    /// Tells how far everything has been told, if that is so much further than it was.
    fn tell_until(&mut self, step_ms: u64) {
        let at_ms = match self.utterances.front() {
            Some(first) => first.until_ms(),
            None => self.looked_to_ms.saturating_sub(MOST_LEAD_MS),
        };
        if at_ms > self.told_until + step_ms {
            self.told_until = at_ms;
            self.told.push(Heard::Until { at_ms });
        }
    }
}

/// Sound that may turn out to belong to a voice: until the gate notices one, and its lead.
const MOST_LEAD_MS: u64 = LEAD_MS + 160;

/// Of sound without a voice so much is kept: what a voice that goes on is heard together with.
const MOST_KEPT_MS: u64 = LONGEST_PAUSE_MS + MOST_LEAD_MS;

/// Why a room can't be listened to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    /// The model does not know the language.
    #[error("the model does not know the language {language:?}{}", only.map_or(String::new(), |only| format!(", only {only:?}")))]
    Language {
        /// Which.
        language: String,
        /// The one that it knows, if it is but one.
        only: Option<&'static str>,
    },
    /// The voice activity detector failed.
    #[error("the voice activity detector failed: {0}")]
    Detector(String),
}

fn failed(error: Failed) -> ListenError {
    ListenError::Detector(error.0)
}

#[cfg(test)]
mod tests;
