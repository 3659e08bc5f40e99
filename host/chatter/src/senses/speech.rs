//! What words are heard with: the table `[speech]`.

use chatter_models::{VOICE, named};
use chatter_workbench::did_you_mean;
use clap::Args;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// What words are heard with; each part that is absent is as by default.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(default)]
pub struct SpeechOptions {
    /// What takes down what is said: a model's name, as `chatter models list` prints it, or a file of one's own;
    /// off to listen to no words [default: tiny]
    #[arg(
        id = "speech_model",
        long = "speech-model",
        value_name = "NAME|FILE",
        env = "CHATTER_SPEECH_MODEL",
        hide_env_values = true
    )]
    pub model: Option<String>,
    /// The language that is spoken: whisper's code or its name in English, such as en or german; without one it is
    /// found out
    #[arg(
        id = "speech_language",
        long = "speech-language",
        value_name = "CODE",
        env = "CHATTER_SPEECH_LANGUAGE",
        hide_env_values = true
    )]
    pub language: Option<String>,
    /// Threads of one inference [default: half as many as there are cores, 4 at most]
    #[arg(
        id = "speech_threads",
        long = "speech-threads",
        value_name = "N",
        env = "CHATTER_SPEECH_THREADS",
        hide_env_values = true
    )]
    pub threads: Option<usize>,
    /// Inferences at a time; with more rooms than this they take turns [default: 1]
    #[arg(
        id = "speech_at_once",
        long = "speech-at-once",
        value_name = "N",
        env = "CHATTER_SPEECH_AT_ONCE",
        hide_env_values = true
    )]
    pub at_once: Option<usize>,
}

/// What words are heard with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpeechSettings {
    /// None if nobody is to listen.
    pub model: Option<SpeechModel>,
    /// The language that is spoken, if that is known.
    pub language: Option<String>,
    /// Threads of one inference.
    pub threads: usize,
    /// Inferences at a time.
    pub at_once: usize,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpeechModel {
    /// One of those that chatter knows, by name.
    Named(String),
    /// Any other.
    File(PathBuf),
}

const DEFAULT: &str = "tiny";
const OFF: &str = "off";
const MOST: usize = 64;
/// The one that knows Cantonese: whisper learned it with large-v3, after all the others.
const CANTONESE: &str = "large-v3-turbo";

impl SpeechOptions {
    /// The keys of `[speech]`.
    pub(crate) const KEYS: [&str; 4] = ["model", "language", "threads", "at_once"];

    /// These, and where they say nothing the others.
    pub(crate) fn over(self, other: Self) -> Self {
        Self {
            model: self.model.or(other.model),
            language: self.language.or(other.language),
            threads: self.threads.or(other.threads),
            at_once: self.at_once.or(other.at_once),
        }
    }

    /// A file's path starts at a folder.
    pub(crate) fn at(self, folder: &Path) -> Self {
        let place = |model: String| match is_path(&model) {
            true => folder.join(model).display().to_string(),
            false => model,
        };
        Self {
            model: self.model.map(place),
            ..self
        }
    }

    /// Checks them all.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its setting.
    pub(crate) fn settings(self) -> Result<SpeechSettings, Vec<String>> {
        let mut wrong = Vec::new();
        let model = self.model.unwrap_or_else(|| DEFAULT.into());
        let is_speech = |name: &str| name != VOICE && named(name).is_some();
        let model = match model.as_str() {
            OFF => None,
            path if is_path(path) => Some(SpeechModel::File(path.into())),
            name if is_speech(name) => Some(SpeechModel::Named(name.to_owned())),
            name => {
                let known = chatter_models::MODELS.iter().map(|model| model.name);
                let near = did_you_mean(name, known.filter(|name| *name != VOICE));
                wrong.push(format!(
                    "speech.model: {name:?} is no model for speech{near}; `chatter models list` prints them"
                ));
                None
            }
        };
        let language = self.language.and_then(|given| {
            language(&given, model.as_ref())
                .map_err(|why| wrong.push(format!("speech.language: {why}")))
                .ok()
        });
        let mut count = |name: &str, value: Option<usize>, default: usize| {
            let value = value.unwrap_or(default);
            if !(1..=MOST).contains(&value) {
                wrong.push(format!("speech.{name}: {value} is not in 1..={MOST}"));
            }
            value
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // Inference spins while it waits for its own threads: on a machine that is busy with other things, more of
        // them are slower than one.
        let threads = count("threads", self.threads, (cores / 2).clamp(1, 4));
        let at_once = count("at_once", self.at_once, 1);
        if wrong.is_empty() {
            Ok(SpeechSettings {
                model,
                language,
                threads,
                at_once,
            })
        } else {
            Err(wrong)
        }
    }
}

/// The code of a language that whisper knows, and that the model does as far as its name tells.
fn language(given: &str, model: Option<&SpeechModel>) -> Result<String, String> {
    let Some(code) = chatter_speech::language(given) else {
        // Of `de-DE`, which other programs take.
        let main = given.split(['-', '_']).next().unwrap_or_default();
        let near = match chatter_speech::language(main) {
            Some(code) => format!("; did you mean `{code}`?"),
            None => {
                let known = chatter_speech::LANGUAGES.iter();
                let known = known.flat_map(|(code, name)| [*code, *name]);
                did_you_mean(&given.to_lowercase(), known)
            }
        };
        return Err(format!(
            "{given:?} is no language that whisper knows{near}; it is a code or a name in English, such as `en` or `german`"
        ));
    };
    let Some(SpeechModel::Named(name)) = model else {
        return Ok(code.to_owned());
    };
    let other = match code {
        "yue" => CANTONESE,
        _ => name.trim_end_matches(".en"),
    };
    if code != "en" && name.ends_with(".en") {
        Err(format!(
            "the model {name} knows English alone, and not {given:?}; `{other}` knows it"
        ))
    } else if code == "yue" && !name.starts_with("large-v3") {
        Err(format!(
            "the model {name} does not know {given:?}; `{other}` knows it"
        ))
    } else {
        Ok(code.to_owned())
    }
}

fn is_path(model: &str) -> bool {
    model.contains(['/', '\\']) || model.ends_with(".bin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_named_or_a_file_or_off() {
        let set = |model: Option<&str>| SpeechOptions {
            model: model.map(Into::into),
            ..SpeechOptions::default()
        };
        let named = |name: &str| Ok(Some(SpeechModel::Named(name.into())));
        let cases = [
            (None, named("tiny")),
            (Some("base.en"), named("base.en")),
            (Some("off"), Ok(None)),
            (
                Some("mine/ggml.bin"),
                Ok(Some(SpeechModel::File("mine/ggml.bin".into()))),
            ),
            (
                Some("tin"),
                Err(
                    "speech.model: \"tin\" is no model for speech; did you mean `tiny`?; `chatter models list` prints them",
                ),
            ),
            (
                Some(VOICE),
                Err(
                    "speech.model: \"silero\" is no model for speech; `chatter models list` prints them",
                ),
            ),
        ];
        for (model, expected) in cases {
            let settings = set(model).settings().map(|settings| settings.model);
            assert_eq!(
                settings.map_err(|wrong| wrong.join("; ")),
                expected.map_err(String::from),
                "{model:?}"
            );
        }
        let many = SpeechOptions {
            threads: Some(0),
            at_once: Some(65),
            ..SpeechOptions::default()
        };
        let wrong = many.settings().unwrap_err();
        assert_eq!(
            wrong,
            [
                "speech.threads: 0 is not in 1..=64",
                "speech.at_once: 65 is not in 1..=64"
            ]
        );
    }

    #[test]
    fn a_language_is_one_that_whisper_and_the_model_know() {
        let set = |model: &str, language: Option<&str>| {
            let options = SpeechOptions {
                model: Some(model.into()),
                language: language.map(Into::into),
                ..SpeechOptions::default()
            };
            options.settings().map(|settings| settings.language)
        };
        for (model, given, code) in [
            ("tiny", None, None),
            ("tiny", Some("de"), Some("de")),
            ("tiny", Some("EN"), Some("en")),
            ("tiny", Some("German"), Some("de")),
            ("tiny.en", Some("english"), Some("en")),
            ("mine/ggml.en.bin", Some("yue"), Some("yue")),
            ("large-v3-turbo", Some("Cantonese"), Some("yue")),
        ] {
            let code = code.map(str::to_owned);
            assert_eq!(set(model, given), Ok(code), "{model}, {given:?}");
        }
        let how = "; it is a code or a name in English, such as `en` or `german`";
        for (model, given, why, how) in [
            (
                "tiny",
                "de-DE",
                "\"de-DE\" is no language that whisper knows; did you mean `de`?",
                how,
            ),
            (
                "tiny",
                "pt_BR",
                "\"pt_BR\" is no language that whisper knows; did you mean `pt`?",
                how,
            ),
            (
                "off",
                "germn",
                "\"germn\" is no language that whisper knows; did you mean `german`?",
                how,
            ),
            (
                "tiny",
                "klingon",
                "\"klingon\" is no language that whisper knows",
                how,
            ),
            (
                "tiny",
                "a\0b",
                "\"a\\0b\" is no language that whisper knows",
                how,
            ),
            (
                "tiny.en",
                "de",
                "the model tiny.en knows English alone, and not \"de\"; `tiny` knows it",
                "",
            ),
            (
                "medium",
                "Cantonese",
                "the model medium does not know \"Cantonese\"; `large-v3-turbo` knows it",
                "",
            ),
            (
                "tiny.en",
                "yue",
                "the model tiny.en knows English alone, and not \"yue\"; `large-v3-turbo` knows it",
                "",
            ),
        ] {
            let wrong = set(model, Some(given)).unwrap_err();
            assert_eq!(
                wrong,
                [format!("speech.language: {why}{how}")],
                "{model}, {given}"
            );
        }
    }
}
