//! Whisper and Silero, by whisper.cpp.

use crate::{
    LANGUAGES, LoadError, Model, ModelConfig,
    engine::{Ask, Detect, FRAME, Failed, Hypothesis, Recognise},
    language,
    model::Shared,
    seats::Seats,
    tokens::Words,
    utterance::{milliseconds, samples},
};
use std::{
    fmt, fs,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperError,
    WhisperState, WhisperVadContext, WhisperVadContextParams,
};

pub(crate) fn load(config: &ModelConfig) -> Result<Model, LoadError> {
    check_processor()?;
    // Else whisper.cpp writes to stderr.
    whisper_rs::install_logging_hooks();
    let whisper = readable(&config.whisper)?;
    let voice = readable(&config.voice)?;
    let no_model = |path: &Path, what| LoadError::NoModel {
        path: path.to_owned(),
        what,
    };
    detector(&voice).map_err(|_| no_model(&config.voice, "voice activity detector"))?;
    let mut parameters = WhisperContextParameters::default();
    parameters.use_gpu(false);
    let context = WhisperContext::new_with_params(&config.whisper, parameters)
        .map_err(|_| no_model(&config.whisper, "whisper model"))?;
    let _ = whisper;
    let is_multilingual = context.is_multilingual();
    let known = known(&context);
    let context = Arc::new(context);
    let seats: Result<Vec<Box<dyn Recognise>>, LoadError> = (0..config.at_once.max(1))
        .map(|_| {
            let state = context
                .create_state()
                .map_err(|_| LoadError::Memory("the speech model"))?;
            let mut recogniser = Whisper::new(Arc::clone(&context), state, config.threads.max(1));
            recogniser
                .warm_up()
                .map_err(|_| LoadError::Memory("the speech model"))?;
            Ok(Box::new(recogniser) as Box<dyn Recognise>)
        })
        .collect();
    Ok(Model(Arc::new(Shared {
        seats: Seats::new(seats?),
        detector: Box::new(move || {
            detector(&voice).map(|detector| Box::new(detector) as Box<dyn Detect>)
        }),
        only_language: (!is_multilingual).then_some("en"),
        knows: Box::new(move |language| known.iter().any(|(code, _)| *code == language)),
    })))
}

/// The languages that a multilingual model knows. Those before large-v3 lack the last of whisper's: there, the token
/// that would be its own is the next one, which asks for a translation.
fn known(context: &WhisperContext) -> &'static [(&'static str, &'static str)] {
    let count = context.token_translate() - context.token_lang(0);
    let count = usize::try_from(count).unwrap_or(0);
    &LANGUAGES[..count.min(LANGUAGES.len())]
}

/// What whisper.cpp is compiled to with `GGML_NATIVE=OFF` on x86-64: what processors have had since 2013 to
/// 2015. Without these checks, an older one would end the program with an illegal instruction.
fn check_processor() -> Result<(), LoadError> {
    #[cfg(target_arch = "x86_64")]
    {
        let needed = [
            ("AVX2", is_x86_feature_detected!("avx2")),
            ("FMA", is_x86_feature_detected!("fma")),
            ("F16C", is_x86_feature_detected!("f16c")),
            ("BMI2", is_x86_feature_detected!("bmi2")),
        ];
        if let Some((name, _)) = needed.into_iter().find(|(_, there)| !there) {
            return Err(LoadError::Processor(name));
        }
    }
    Ok(())
}

/// The path as whisper.cpp takes it, of a file that can be read.
fn readable(path: &Path) -> Result<String, LoadError> {
    let cannot = |why: String| LoadError::Unreadable {
        path: path.to_owned(),
        why,
    };
    fs::File::open(path).map_err(|error| cannot(error.to_string()))?;
    match path.to_str() {
        Some(text) if !text.contains('\0') => Ok(text.to_owned()),
        _ => Err(cannot("its path is not UTF-8".into())),
    }
}

// === Silero ===

struct Silero(WhisperVadContext);

fn detector(path: &str) -> Result<Silero, Failed> {
    let mut parameters = WhisperVadContextParams::default();
    // It is so small that handing it out costs more than computing it.
    parameters.set_n_threads(1);
    parameters.set_use_gpu(false);
    WhisperVadContext::new(path, parameters)
        .map(Silero)
        .map_err(|_| Failed("it can't be loaded".into()))
}

impl Detect for Silero {
    fn probabilities(&mut self, sound: &[f32]) -> Result<Vec<f32>, Failed> {
        self.0
            .detect_speech(sound)
            .map_err(|_| Failed("it can't be computed".into()))?;
        let probabilities = self.0.probabilities().to_vec();
        if probabilities.len() != sound.len().div_ceil(FRAME) {
            return Err(Failed("its frames have another length".into()));
        }
        Ok(probabilities)
    }
}

impl fmt::Debug for Silero {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Silero")
    }
}

// === Whisper ===

/// A frame of the encoder is 20 ms.
const ENCODER_MS: u64 = 20;
/// The encoder's frames for all of the 30 s that whisper was trained on.
const ENCODER_ALL: u64 = 1_500;
/// It sees so many at least: whisper was never trained on less than all of them, and of a window of two
/// seconds with as much silence after it, the decoder goes on and on.
const ENCODER_LEAST: u64 = 384;
/// Silence after the window that the encoder sees: without it, the decoder does not notice that speech ends.
const SILENCE_MS: u64 = 2_000;
/// Where whisper.cpp ends by itself: after half of the text's context, less this; it would take the decoder for
/// stuck there, so that it is ended one token before.
const TEXT_REST: u64 = 5;

struct Whisper {
    context: Arc<WhisperContext>,
    state: WhisperState,
    threads: usize,
    /// One for each language that was asked for: whisper-rs never frees the language's name.
    parameters: Vec<(String, FullParams<'static, 'static>)>,
    /// What breaks off the inference that runs.
    stop: Arc<Mutex<Arc<AtomicBool>>>,
}

impl Whisper {
    fn new(context: Arc<WhisperContext>, state: WhisperState, threads: usize) -> Self {
        Self {
            context,
            state,
            threads,
            parameters: Vec::new(),
            stop: Arc::default(),
        }
    }

    /// Listens to a second of silence, so that the first room does not wait for the model's pages, and that
    /// the language is found out as [`language`](Recognise::language) says.
    fn warm_up(&mut self) -> Result<(), Failed> {
        let silence = vec![0.0; samples(1_000)];
        let stop = Arc::default();
        self.recognise(&Ask {
            sound: &silence,
            language: "en",
            prompt: "",
            stop: &stop,
        })
        .map(drop)
    }

    fn parameters(&mut self, language: &str) -> FullParams<'static, 'static> {
        if let Some((_, known)) = self.parameters.iter().find(|(code, _)| code == language) {
            return known.clone();
        }
        let mut new = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        new.set_n_threads(i32::try_from(self.threads).unwrap_or(1));
        // It was checked that the model knows it.
        let code = whisper_rs::get_lang_id(language).and_then(whisper_rs::get_lang_str);
        new.set_language(Some(code.unwrap_or("en")));
        new.set_no_context(true);
        // The window is looked at once. Where whisper would end a segment, it goes on.
        new.set_single_segment(true);
        // What one temperature does not give, the next window may; trying others takes time that is missing.
        new.set_temperature_inc(0.0);
        new.set_token_timestamps(true);
        new.set_suppress_nst(true);
        new.set_print_progress(false);
        new.set_print_realtime(false);
        new.set_print_timestamps(false);
        let stop = Arc::clone(&self.stop);
        // The box within is what whisper-rs takes a closure of any other type for.
        let asked: Box<dyn FnMut() -> bool> = Box::new(move || {
            let stop = stop.lock().unwrap_or_else(PoisonError::into_inner);
            stop.load(Ordering::Relaxed)
        });
        new.set_abort_callback_safe::<_, Box<dyn FnMut() -> bool>>(asked);
        self.parameters.push((language.to_owned(), new.clone()));
        new
    }

    /// What the model can give of one window.
    fn most_tokens(&self) -> u64 {
        let context = u64::try_from(self.context.n_text_ctx()).unwrap_or(0);
        (context / 2).saturating_sub(TEXT_REST)
    }

    fn stops_by(&self, stop: &Arc<AtomicBool>) {
        *self.stop.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(stop);
    }
}

fn encoder_frames(sound: &[f32]) -> i32 {
    let frames = (milliseconds(sound.len()) + SILENCE_MS) / ENCODER_MS;
    i32::try_from(frames.clamp(ENCODER_LEAST, ENCODER_ALL)).unwrap_or(0)
}

impl Recognise for Whisper {
    fn recognise(&mut self, ask: &Ask<'_>) -> Result<Hypothesis, Failed> {
        self.stops_by(ask.stop);
        let mut parameters = self.parameters(ask.language);
        parameters.set_audio_ctx(encoder_frames(ask.sound));
        let window_ms = milliseconds(ask.sound.len());
        let most = language::most_tokens(ask.language, window_ms, self.most_tokens());
        parameters.set_max_tokens(i32::try_from(most).unwrap_or(i32::MAX));
        let prompt = match ask.prompt {
            "" => Vec::new(),
            // A token is a byte at least.
            text => self
                .context
                .tokenize(text, text.len() + 1)
                .unwrap_or_default(),
        };
        if !prompt.is_empty() {
            parameters.set_tokens(&prompt);
        }
        self.state
            .full(parameters, ask.sound)
            .map_err(|error| failed(&error))?;
        let mut words = Words::new(ask.language, window_ms);
        let (mut no_speech, mut sum, mut count) = (0.0_f32, 0.0, 0.0);
        let first_special = self.context.token_eot();
        for segment in self.state.as_iter() {
            no_speech = no_speech.max(segment.no_speech_probability());
            for n in 0..segment.n_tokens() {
                let Some(token) = segment.get_token(n) else {
                    continue;
                };
                let data = token.token_data();
                sum += data.p.max(1e-6).ln();
                count += 1.0;
                if data.id >= first_special {
                    continue;
                }
                let Ok(bytes) = token.to_bytes() else {
                    continue;
                };
                words.add(bytes, data.t0, data.t1, data.p);
            }
        }
        Ok(Hypothesis {
            words: words.done(),
            no_speech,
            log_probability: if count > 0.0 { sum / count } else { 0.0 },
        })
    }

    /// Only what the model knows counts: whisper.cpp looks at all tokens that may be languages.
    ///
    /// whisper.cpp has the encoder see as many frames as in the inference before, which is 7.7 s at least; at
    /// the very first it would be all 30 s, and the first words wait for it.
    fn language(&mut self, sound: &[f32], stop: &Arc<AtomicBool>) -> Result<(String, f32), Failed> {
        self.stops_by(stop);
        self.state
            .pcm_to_mel(sound, self.threads)
            .map_err(|error| failed(&error))?;
        let (_, probabilities) = self
            .state
            .lang_detect(0, self.threads)
            .map_err(|error| failed(&error))?;
        let (language, probability) = likeliest(known(&self.context), &probabilities);
        Ok((language.to_owned(), probability))
    }
}

/// The likeliest of these languages, whose probabilities come in the same order.
fn likeliest(
    languages: &[(&'static str, &'static str)],
    probabilities: &[f32],
) -> (&'static str, f32) {
    let each = languages.iter().zip(probabilities);
    each.map(|((code, _), probability)| (*code, *probability))
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .unwrap_or(("en", 0.0))
}

fn failed(error: &WhisperError) -> Failed {
    Failed(error.to_string())
}

impl fmt::Debug for Whisper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Whisper")
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_languages_are_those_of_whisper_cpp() {
        let theirs = (0..=whisper_rs::get_lang_max_id()).map(|id| {
            let name = whisper_rs::get_lang_str_full(id);
            whisper_rs::get_lang_str(id).zip(name).unwrap()
        });
        assert_eq!(theirs.collect::<Vec<_>>(), LANGUAGES);
    }

    #[test]
    fn only_a_language_that_the_model_knows_is_found() {
        let mut probabilities = [0.0; LANGUAGES.len()];
        (probabilities[1], probabilities[99]) = (0.3, 0.7);
        for (known, expected) in [(99, ("zh", 0.3)), (100, ("yue", 0.7)), (0, ("en", 0.0))] {
            assert_eq!(
                likeliest(&LANGUAGES[..known], &probabilities),
                expected,
                "of {known}"
            );
        }
    }
}
