//! What listens: finds the model that the table `[speech]` names, verifies it, and loads it once.

use super::{
    digests::Digests,
    speech::{SpeechModel, SpeechSettings},
};
use crate::models;
use chatter_context::{Deaf, Opening, Speech};
use chatter_models::{Folder, State, VOICE, named};
use chatter_speech::{ListenConfig, Model, ModelConfig};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::Mutex;

/// What listens, once somebody needs it. The model is read into memory for the first source that has sound, and
/// shared by all. Files that chatter knows are looked at again at little cost; one of one's own that can't be loaded is not.
#[derive(Clone, Debug)]
pub(crate) struct Ears {
    settings: SpeechSettings,
    folder: Folder,
    digests: Digests,
    loaded: Arc<Mutex<Option<Model>>>,
}

impl Ears {
    pub(crate) fn new(settings: &SpeechSettings, data: &Path) -> Self {
        Self {
            settings: settings.clone(),
            folder: models::folder(data),
            digests: Digests::default(),
            loaded: Arc::default(),
        }
    }

    /// Whether somebody is to listen.
    pub(crate) fn are_wanted(&self) -> bool {
        self.settings.model.is_some()
    }

    /// What listens, for people; or why nobody does, as far as one sees without reading the models, and what
    /// helps.
    pub(crate) fn describe(&self) -> Result<String, String> {
        self.files()?;
        Ok(self.name())
    }

    fn name(&self) -> String {
        let language = self.settings.language.as_deref().unwrap_or("any language");
        let model = match &self.settings.model {
            Some(SpeechModel::Named(name)) => name.clone(),
            Some(SpeechModel::File(path)) => path.display().to_string(),
            None => String::new(),
        };
        format!("whisper {model}, {language}")
    }

    /// What listens. It is loaded once.
    ///
    /// # Errors
    ///
    /// Why nobody does, and what helps.
    async fn open(&self) -> Result<Speech, Deaf> {
        let mut loaded = self.loaded.lock().await;
        let model = match &*loaded {
            Some(model) => model.clone(),
            None => {
                let config = self.files().map_err(Deaf::Missing)?;
                let ears = self.clone();
                let load = move || {
                    ears.check().map_err(Deaf::Missing)?;
                    Model::load(&config).map_err(|error| Deaf::Failed(error.to_string()))
                };
                let model = tokio::task::spawn_blocking(load).await;
                let model = model.map_err(|error| Deaf::Failed(error.to_string()))??;
                loaded.insert(model).clone()
            }
        };
        let language = self.settings.language.clone();
        if let Some(language) = language.as_ref().filter(|language| !model.knows(language)) {
            return Err(Deaf::Missing(format!(
                "speech.language: the model does not know {language:?}"
            )));
        }
        Ok(Speech {
            name: self.name(),
            model,
            config: ListenConfig {
                language,
                ..ListenConfig::default()
            },
        })
    }

    /// Reads the models that chatter knows: bytes that are not theirs are not used. A file of one's own is one's
    /// own affair.
    fn check(&self) -> Result<(), String> {
        let own = match &self.settings.model {
            Some(SpeechModel::Named(name)) => Some(name.as_str()),
            _ => None,
        };
        for name in own.into_iter().chain([VOICE]) {
            let model = named(name).ok_or_else(|| format!("there is no model {name:?}"))?;
            let path = self.folder.file(&model.artefact);
            let is_right = self
                .digests
                .right(&path, || self.folder.verify(&model.artefact))
                .map_err(|error| format!("{} can't be read: {error}", path.display()))?;
            if !is_right {
                return Err(format!(
                    "the model {name} is not what it should be: delete {}, and `chatter models pull {name}` gets it anew",
                    path.display()
                ));
            }
        }
        Ok(())
    }

    /// The models, if they are there.
    fn files(&self) -> Result<ModelConfig, String> {
        let whisper = match &self.settings.model {
            None => return Err("speech.model is off".into()),
            Some(SpeechModel::Named(name)) => self.file(name)?,
            Some(SpeechModel::File(path)) if path.is_file() => path.clone(),
            Some(SpeechModel::File(path)) => {
                return Err(format!("speech.model: there is no {}", path.display()));
            }
        };
        Ok(ModelConfig {
            whisper,
            voice: self.file(VOICE)?,
            threads: self.settings.threads,
            at_once: self.settings.at_once,
        })
    }

    fn file(&self, name: &str) -> Result<PathBuf, String> {
        let model = named(name).ok_or_else(|| format!("there is no model {name:?}"))?;
        let how = match self.folder.state(&model.artefact) {
            State::Whole => return Ok(self.folder.file(&model.artefact)),
            State::Missing => "is not here",
            State::Part { .. } => "is here in part",
            State::Coming { .. } => "is being pulled",
            State::Other { .. } => "is not what it should be",
        };
        // Whoever pulls a model for speech gets the one for voices, too.
        let pulled = match &self.settings.model {
            Some(SpeechModel::Named(name)) => name.as_str(),
            _ => VOICE,
        };
        Err(format!(
            "the model {name} {how}: `chatter models pull {pulled}` gets it"
        ))
    }
}

impl chatter_context::Ears for Ears {
    fn open(&self) -> Opening<'_> {
        Box::pin(self.open())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::senses::SpeechOptions;

    #[tokio::test]
    async fn what_is_missing_is_said_with_what_helps() {
        let data = tempfile::tempdir().unwrap();
        let ears = |model: &str| {
            let options = SpeechOptions {
                model: Some(model.into()),
                ..SpeechOptions::default()
            };
            Ears::new(&options.settings().unwrap(), data.path())
        };
        let cases = [
            (
                "base.en",
                "the model base.en is not here: `chatter models pull base.en` gets it",
            ),
            ("off", "speech.model is off"),
            ("/none/ggml.bin", "speech.model: there is no /none/ggml.bin"),
        ];
        for (model, expected) in cases {
            assert_eq!(ears(model).describe().unwrap_err(), expected);
            let missing = Deaf::Missing(expected.into());
            assert_eq!(ears(model).open().await.unwrap_err(), missing);
        }
    }

    #[tokio::test]
    async fn a_model_of_the_right_length_and_wrong_bytes_is_not_used() {
        let data = tempfile::tempdir().unwrap();
        let ears = Ears::new(&SpeechOptions::default().settings().unwrap(), data.path());
        for name in ["tiny", VOICE] {
            let artefact = named(name).unwrap().artefact;
            let path = ears.folder.file(&artefact);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = std::fs::File::create(path).unwrap();
            file.set_len(artefact.bytes).unwrap();
        }
        assert_eq!(ears.describe().unwrap(), "whisper tiny, any language");
        let Err(Deaf::Missing(why)) = ears.open().await else {
            panic!("it is used, or not looked at any more");
        };
        assert!(
            why.starts_with("the model tiny is not what it should be: delete "),
            "{why}"
        );
    }
}
