//! One look at a window: what the model is asked, and what its answer means.

use super::{Ear, PAUSE_MS, tongue::LANGUAGE_MS};
use crate::{
    Heard, Word,
    agreement::End,
    engine::{Ask, Failed, LONGEST_MS, Recognise},
    prompt::Prompt,
    sense,
    utterance::{milliseconds, samples},
};
use std::sync::atomic::Ordering;

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
        self.take_down_in(&language);
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
        let new_ms = milliseconds(length.saturating_sub(first.recognised));
        self.tongue.heard(new_ms, had_words, !guesses.is_empty());
        if std::mem::take(&mut first.after_gap) {
            self.tongue.after_gap();
        }
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

    /// The oldest window is taken down in this language. What was heard in another one helps no more than to know
    /// what was told.
    fn take_down_in(&mut self, language: &str) {
        if self.language.as_deref() == Some(language) {
            return;
        }
        self.language = Some(language.to_owned());
        self.prompt = Prompt::default();
        if let Some(first) = self.utterances.front_mut() {
            first.agreement.begin_anew();
        }
    }

    /// The language that the window is taken down in; none if there is too little sound yet to tell.
    fn language(
        &mut self,
        recogniser: &mut dyn Recognise,
        length: usize,
        last: bool,
    ) -> Result<Option<String>, Failed> {
        if let Some(known) = self.tongue.known() {
            return Ok(Some(known.to_owned()));
        }
        let Some(first) = self.utterances.front() else {
            return Ok(None);
        };
        if milliseconds(length) < LANGUAGE_MS && !last {
            return Ok(None);
        }
        let (language, probability) = recogniser.language(&first.sound[..length], &self.stop)?;
        let window_ms = milliseconds(length);
        let new = self.tongue.found(&language, probability, window_ms);
        self.told.extend(new.map(Heard::Language));
        Ok(Some(language))
    }

    /// Whether the language is looked for again now.
    pub(super) fn looks_again(&self) -> bool {
        self.tongue.is_doubtful()
            && (self.tongue.is_overdue() || !self.has_news())
            && self.listened_to().is_some()
    }

    /// The latest sound that was listened to, if it is enough to tell its language.
    fn listened_to(&self) -> Option<&[f32]> {
        let sounds = self.utterances.front().into_iter().chain(&self.resting);
        sounds
            .map(|it| &it.sound[..it.recognised.min(samples(LONGEST_MS))])
            .find(|sound| milliseconds(sound.len()) >= LANGUAGE_MS)
    }

    /// Looks for the language again in what was listened to.
    pub(super) fn look_again(&mut self, recogniser: &mut dyn Recognise) {
        let Some(sound) = self.listened_to() else {
            return;
        };
        let found = recogniser
            .language(sound, &self.stop)
            .inspect_err(|error| tracing::warn!(%error, "no language could be found out"));
        let new = self.tongue.looked(found.ok());
        self.told.extend(new.map(Heard::Language));
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
