//! Which language is spoken, where nobody has set it.
//!
//! The first window of two seconds decides, since words wait for it. Who speaks may be somebody else soon (a
//! song, then the streamer), and a model that is told the wrong language takes down something that makes sense.
//! So the language is looked for again: after each gap, and each [`AGAIN_MS`] of speech, when nothing else is
//! to be done. Two looks in a row must agree on another one. What was told by then stays as it is.

/// The language is looked for in at least so much sound.
pub(super) const LANGUAGE_MS: u64 = 2_000;
/// The first one is believed from this probability on; below it, that of this window alone is used.
const SURE: f32 = 0.6;
/// Another one is believed from this on, if it is found twice.
const OTHER_SURE: f32 = 0.8;
/// After so many windows in a row without any sense in them, it is looked for as if nothing were known.
const SENSELESS: u32 = 4;
/// After so much speech it is looked for again, when nothing else is to be done;
const AGAIN_MS: u64 = 30_000;
/// after so much even if something is;
const AT_LAST_MS: u64 = 60_000;
/// and after so much if another one was found the last time.
const DOUBT_MS: u64 = 5_000;

/// What is known of the language.
#[derive(Debug)]
pub(super) struct Tongue {
    is_set: bool,
    known: Option<String>,
    /// Another one that the latest look found.
    other: Option<String>,
    senseless: u32,
    /// Speech since it was looked for.
    since_ms: u64,
}

impl Tongue {
    /// One that is set, or nothing.
    pub(super) fn new(set: Option<String>) -> Self {
        Self {
            is_set: set.is_some(),
            known: set,
            other: None,
            senseless: 0,
            since_ms: 0,
        }
    }

    /// The language, unless it must be looked for first.
    pub(super) fn known(&self) -> Option<&str> {
        let known = self.known.as_deref();
        known.filter(|_| self.is_set || self.senseless < SENSELESS)
    }

    /// It was looked for because it was not known. Gives it if it is another one than before.
    pub(super) fn found(
        &mut self,
        language: &str,
        probability: f32,
        window_ms: u64,
    ) -> Option<String> {
        if probability < SURE || window_ms < LANGUAGE_MS {
            return None;
        }
        self.senseless = 0;
        self.turn_to(language)
    }

    /// So much more speech was listened to, which had words, and sense in them.
    pub(super) fn heard(&mut self, new_ms: u64, had_words: bool, has_sense: bool) {
        self.since_ms = self.since_ms.saturating_add(new_ms);
        self.senseless = match (had_words, has_sense) {
            (true, false) => self.senseless + 1,
            (_, true) => 0,
            (false, false) => self.senseless,
        };
    }

    /// What was heard just now came after a gap: somebody else may speak.
    pub(super) fn after_gap(&mut self) {
        self.since_ms = self.since_ms.max(AGAIN_MS);
    }

    /// Whether it is to be looked for again when there is time.
    pub(super) fn is_doubtful(&self) -> bool {
        let after_ms = match self.other {
            Some(_) => DOUBT_MS,
            None => AGAIN_MS,
        };
        !self.is_set && self.known().is_some() && self.since_ms >= after_ms
    }

    /// Whether that can't wait any more.
    pub(super) fn is_overdue(&self) -> bool {
        self.since_ms >= AT_LAST_MS
    }

    /// It was looked for again, or that failed. Gives it if it is another one than before.
    pub(super) fn looked(&mut self, found: Option<(String, f32)>) -> Option<String> {
        self.since_ms = 0;
        let other = self.other.take();
        let (language, _) = found.filter(|(language, probability)| {
            *probability >= OTHER_SURE && self.known.as_ref() != Some(language)
        })?;
        if other.as_ref() == Some(&language) {
            return self.turn_to(&language);
        }
        self.other = Some(language);
        None
    }

    fn turn_to(&mut self, language: &str) -> Option<String> {
        (self.other, self.since_ms) = (None, 0);
        if self.known.as_deref() == Some(language) {
            return None;
        }
        self.known = Some(language.to_owned());
        self.known.clone()
    }
}
