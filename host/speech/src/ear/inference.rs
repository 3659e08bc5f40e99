//! One look at a window: what the model is asked, and what its answer means.

use super::{Ear, PAUSE_MS};
use crate::{
    Heard, Word,
    agreement::End,
    engine::{Ask, Failed, LONGEST_MS, Recognise},
    prompt::Prompt,
    sense,
    utterance::{milliseconds, samples},
};
use std::sync::atomic::Ordering;

/// The language is looked for in at least so much sound,
const LANGUAGE_MS: u64 = 2_000;
/// and is believed from this probability on; below it, that of this window alone is used.
const LANGUAGE_SURE: f32 = 0.6;
/// After so many windows in a row without any sense in them, the language is looked for anew.
const SENSELESS: u32 = 4;

impl Ear {
    /// Looks at the oldest window once.
    pub(super) fn infer(&mut self, recogniser: &mut dyn Recognise) {
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
        let prompt = match self.config.prompted {
            true => self.prompt.before(first.start_ms),
            false => "",
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
        let guesses = sense::said(hypothesis, &language, milliseconds(length));
        self.senseless = match (had_words, guesses.is_empty()) {
            (true, true) => self.senseless + 1,
            (_, false) => 0,
            (false, true) => self.senseless,
        };
        if guesses.is_empty() {
            // Whatever led there should not lead there again.
            self.prompt = Prompt::default();
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
        self.prompt.add(&gone);
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
        if self.stop.load(Ordering::Relaxed) {
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
}
