//! A listener without its thread: what it does with sound, and when.

use crate::{
    Heard, ListenConfig, Model, Word,
    agreement::End,
    engine::{Ask, Failed, LONGEST_MS, Recognise},
    gate::{Edge, Frame, Gate},
    pace::Pace,
    sense,
    utterance::{LEAD_MS, Utterance, milliseconds, samples},
};
use std::{
    collections::VecDeque,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

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
/// The prompt is so much of what was confirmed, in characters: more costs time and gives little.
const PROMPT: usize = 160;
/// What was said longer ago than this is no context any more.
const CONTEXT_MS: u64 = 30_000;
/// The language is looked for in at least so much sound,
const LANGUAGE_MS: u64 = 2_000;
/// and is believed from this probability on; below it, that of this window alone is used.
const LANGUAGE_SURE: f32 = 0.6;
/// After so many windows in a row without any sense in them, the language is looked for anew.
const SENSELESS: u32 = 4;

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
    language: Option<String>,
    senseless: u32,
    /// Sound before a voice.
    lead: Vec<f32>,
    /// What is to be listened to, the oldest first; to the last one, more may come.
    utterances: VecDeque<Utterance>,
    /// What was listened to last, to its end: a voice that goes on soon is heard better together with it.
    resting: Option<Utterance>,
    /// Whether the latest voice ended by itself, rather than with the sound.
    may_go_on: bool,
    /// Where the next piece of sound should begin.
    next_ms: Option<u64>,
    /// Where what the gate has looked at ends.
    looked_to_ms: u64,
    /// What was confirmed last, and when that ended.
    context: (String, u64),
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
            language: language.or_else(|| model.only_language().map(str::to_owned)),
            model: model.clone(),
            config,
            stop: Arc::default(),
            gate: Gate::new(detector),
            senseless: 0,
            lead: Vec::new(),
            utterances: VecDeque::new(),
            resting: None,
            may_go_on: false,
            next_ms: None,
            looked_to_ms: 0,
            context: Default::default(),
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
        if let Some(resting) = self.resting.take() {
            self.rest(resting);
        }
        Ok(())
    }

    /// Whether there is enough new sound for an inference, or as much as there will be for now.
    #[must_use]
    pub fn due(&self) -> bool {
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

    /// Listens to the oldest of what waits, when it is this room's turn at the model.
    pub fn listen(&mut self) {
        let model = self.model.clone();
        let stop = Arc::clone(&self.stop);
        let seats = &model.0.seats;
        seats.with(&stop, |recogniser| self.infer(&mut **recogniser));
    }

    /// Says how long it took to [listen](Self::listen), so that the pace can be kept.
    pub fn took(&mut self, time: Duration) {
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
            let surplus = self.lead.len().saturating_sub(samples(MOST_LEAD_MS));
            self.lead.drain(..surplus);
        }
    }

    fn open(&mut self, ago: usize) {
        let mut sound = std::mem::take(&mut self.lead);
        let surplus = sound.len().saturating_sub(ago + samples(LEAD_MS));
        sound.drain(..surplus);
        let start_ms = self.looked_to_ms.saturating_sub(milliseconds(sound.len()));
        let at_ms = self.looked_to_ms.saturating_sub(milliseconds(ago));
        self.told.push(Heard::Voice { at_ms });
        let before = self.utterances.pop_back().or_else(|| self.resting.take());
        if let Some(mut before) = before {
            let window_ms = self.config.window_ms;
            if self.may_go_on && before.goes_on(start_ms, &sound, window_ms) {
                self.utterances.push_back(before);
                return;
            }
            self.rest(before);
        }
        self.utterances.push_back(Utterance::new(start_ms, sound));
    }

    /// What is not gone on with: if it was listened to, its words are what was said before; else it waits.
    fn rest(&mut self, mut before: Utterance) {
        if before.is_done {
            self.remember(&before.agreement.trim(u64::MAX));
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
        if !last.close(ago) {
            self.utterances.pop_back();
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

    /// Looks at the oldest window once.
    fn infer(&mut self, recogniser: &mut dyn Recognise) {
        let Some(first) = self.utterances.front() else {
            return;
        };
        let length = first.sound.len().min(samples(LONGEST_MS));
        let last = first.whole && length == first.sound.len();
        // As it is now: sound comes in only between inferences.
        let to_ms = first.start_ms + milliseconds(length);
        let end = if last {
            End::Voice
        } else if !first.whole && self.gate.quiet_ms() >= PAUSE_MS {
            End::Pause(to_ms)
        } else {
            End::Speech(to_ms)
        };
        let language = match self.language(recogniser, length, last) {
            Ok(Some(language)) => language,
            Ok(None) => {
                // Enough new sound is waited for again, or the end of the voice.
                if let Some(first) = self.utterances.front_mut() {
                    first.looked_at = length;
                }
                return;
            }
            Err(error) => return self.give_up(&error),
        };
        let Some(first) = self.utterances.front_mut() else {
            return;
        };
        let recent = first.start_ms.saturating_sub(self.context.1) <= CONTEXT_MS;
        let prompt = if recent && self.config.prompted {
            self.context.0.as_str()
        } else {
            ""
        };
        let ask = Ask {
            sound: &first.sound[..length],
            language: &language,
            prompt,
            stop: &self.stop,
        };
        let hypothesis = match recogniser.recognise(&ask) {
            Ok(hypothesis) => hypothesis,
            Err(error) => return self.give_up(&error),
        };
        let had_words = !hypothesis.words.is_empty();
        let guesses = sense::said(hypothesis, milliseconds(length));
        self.senseless = match (had_words, guesses.is_empty()) {
            (true, true) => self.senseless + 1,
            (_, false) => 0,
            (false, true) => self.senseless,
        };
        if guesses.is_empty() {
            // Whatever led there should not lead there again.
            self.context = Default::default();
        }
        let words = guesses.into_iter().map(|guess| Word {
            text: guess.text,
            start_ms: first.start_ms + guess.start_ms,
            end_ms: first.start_ms + guess.end_ms.max(guess.start_ms),
            probability: guess.probability,
        });
        let mut sure = first.agreement.take(words.collect(), end);
        (first.looked_at, first.recognised) = (length, length);
        let (forced, gone) = if last {
            first.is_done = true;
            Default::default()
        } else {
            first.trim(self.config.window_ms)
        };
        sure.extend(forced);
        self.tell(sure);
        self.remember(&gone);
        if last {
            self.resting = self.utterances.pop_front();
        }
        self.tell_until(0);
    }

    /// The language that the window is taken down in; none if there is too little sound yet to tell.
    fn language(
        &mut self,
        recogniser: &mut dyn Recognise,
        length: usize,
        last: bool,
    ) -> Result<Option<String>, Failed> {
        let is_open = self.config.language.is_none() && self.model.only_language().is_none();
        let known = self
            .language
            .as_ref()
            .filter(|_| !is_open || self.senseless < SENSELESS);
        if let Some(known) = known {
            return Ok(Some(known.clone()));
        }
        let Some(first) = self.utterances.front() else {
            return Ok(None);
        };
        if milliseconds(length) < LANGUAGE_MS && !last {
            return Ok(None);
        }
        let (language, probability) = recogniser.language(&first.sound[..length], &self.stop)?;
        if probability >= LANGUAGE_SURE && milliseconds(length) >= LANGUAGE_MS {
            self.senseless = 0;
            if self.language.as_ref() != Some(&language) {
                self.language = Some(language.clone());
                self.told.push(Heard::Language(language.clone()));
            }
        }
        Ok(Some(language))
    }

    /// The model failed: what it should have listened to is missed.
    fn give_up(&mut self, error: &Failed) {
        if self.stop.load(std::sync::atomic::Ordering::Relaxed) {
            return;
        }
        tracing::warn!(%error, "speech could not be recognised");
        if let Some(first) = self.utterances.front_mut() {
            let (from_ms, to_ms) = (first.until_ms(), first.end_ms());
            self.told.push(Heard::Missed { from_ms, to_ms });
            if first.whole {
                self.utterances.pop_front();
            } else {
                first.skip_to(0);
            }
        }
    }

    /// Adds confirmed words that are no longer in the window to what the model is told of before it.
    fn remember(&mut self, words: &[Word]) {
        let Some(last) = words.last() else {
            return;
        };
        let (text, until) = &mut self.context;
        for word in words {
            text.push(' ');
            text.push_str(&word.text);
        }
        *until = last.end_ms;
        let surplus = text.chars().count().saturating_sub(PROMPT);
        if surplus > 0 {
            // A whole word's beginning.
            let begin = text.char_indices().nth(surplus).map_or(0, |(at, _)| at);
            let begin = text[begin..].find(' ').map_or(text.len(), |at| begin + at);
            text.drain(..begin);
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
        self.context = Default::default();
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
