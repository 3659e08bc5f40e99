//! Models of which tests know what they will say: speech is sound whose loudness is the word.

use crate::{
    Model,
    engine::{Ask, Detect, FRAME, Failed, Guess, Hypothesis, Recognise},
    model::Shared,
    seats::Seats,
    utterance::{milliseconds, samples},
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, atomic::AtomicBool},
};

/// What is louder is a voice.
const LOUD: f32 = 0.1;
/// The first word's loudness, and how much louder the next one is.
const FIRST: f32 = 0.2;
const STEP: f32 = 0.001;

/// Sound in which words are said, each from one time to another; in between it is quiet.
pub(crate) fn speech(words: &[(u64, u64)], length_ms: u64) -> Vec<f32> {
    let mut sound = vec![0.0; samples(length_ms)];
    for (n, (from, to)) in words.iter().enumerate() {
        sound[samples(*from)..samples(*to)].fill(FIRST + n as f32 * STEP);
    }
    sound
}

/// The name of a word.
pub(crate) fn word(n: usize) -> String {
    format!("word{n}")
}

/// What a model was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Asked {
    pub(crate) window_ms: u64,
    pub(crate) language: String,
    pub(crate) prompt: String,
}

/// How the model answers beside hearing what is there.
#[derive(Debug, Default)]
pub(crate) struct Mood {
    pub(crate) asked: Vec<Asked>,
    pub(crate) fails: bool,
    pub(crate) log_probability: f32,
    /// The language that it finds,
    pub(crate) language: Option<(&'static str, f32)>,
    /// but for the first few times.
    pub(crate) languages: VecDeque<(&'static str, f32)>,
    /// Whether German has two words, `:a` and `:b`, for each.
    pub(crate) is_wordy: bool,
    /// How much sound it looked for the language in, each time.
    pub(crate) looked_ms: Vec<u64>,
}

#[derive(Debug)]
struct Script(Arc<Mutex<Mood>>);

impl Recognise for Script {
    /// A word that the window cuts off at its end is misheard.
    fn recognise(&mut self, ask: &Ask<'_>) -> Result<Hypothesis, Failed> {
        let mut mood = self.0.lock().unwrap();
        mood.asked.push(Asked {
            window_ms: milliseconds(ask.sound.len()),
            language: ask.language.into(),
            prompt: ask.prompt.into(),
        });
        if mood.fails {
            return Err(Failed("on purpose".into()));
        }
        let mut words: Vec<Guess> = Vec::new();
        let mut begin = 0;
        while begin < ask.sound.len() {
            let loudness = ask.sound[begin];
            let run = ask.sound[begin..]
                .iter()
                .take_while(|s| **s == loudness)
                .count();
            let end = begin + run;
            if loudness > LOUD {
                let name = word(((loudness - FIRST) / STEP).round() as usize);
                let is_cut = end == ask.sound.len();
                let name = match is_cut {
                    true => format!("{name}{}", milliseconds(run)),
                    false => name,
                };
                let names = match mood.is_wordy && ask.language == "de" {
                    true => vec![format!("{name}:a"), format!("{name}:b")],
                    false => vec![name],
                };
                let each = run / names.len();
                for (n, text) in names.into_iter().enumerate() {
                    words.push(Guess {
                        text,
                        start_ms: milliseconds(begin + n * each),
                        end_ms: milliseconds(begin + (n + 1) * each),
                        probability: 0.9,
                    });
                }
            }
            begin = end;
        }
        Ok(Hypothesis {
            words,
            no_speech: 0.0,
            log_probability: mood.log_probability,
        })
    }

    fn language(&mut self, sound: &[f32], _: &Arc<AtomicBool>) -> Result<(String, f32), Failed> {
        let mut mood = self.0.lock().unwrap();
        mood.looked_ms.push(milliseconds(sound.len()));
        let next = mood.languages.pop_front().or(mood.language);
        let (code, probability) = next.unwrap_or(("en", 1.0));
        Ok((code.into(), probability))
    }
}

#[derive(Debug)]
struct Loudness;

impl Detect for Loudness {
    fn probabilities(&mut self, sound: &[f32]) -> Result<Vec<f32>, Failed> {
        let frames = sound.chunks(FRAME);
        let loud = |frame: &[f32]| frame.iter().filter(|s| **s > LOUD).count() * 2 > frame.len();
        Ok(frames
            .map(|frame| if loud(frame) { 0.95 } else { 0.05 })
            .collect())
    }
}

/// A model and its mood; it knows English and German.
pub(crate) fn model() -> (Model, Arc<Mutex<Mood>>) {
    let mood = Arc::new(Mutex::new(Mood::default()));
    let script: Box<dyn Recognise> = Box::new(Script(Arc::clone(&mood)));
    let shared = Shared {
        seats: Seats::new(vec![script]),
        detector: Box::new(|| Ok(Box::new(Loudness))),
        only_language: None,
        knows: Box::new(|code| matches!(code, "en" | "de")),
    };
    (Model(Arc::new(shared)), mood)
}
