//! What streams are understood with, as it is set on the command line, in the environment and in
//! `chatter.toml`.

mod digests;
mod ears;
mod speech;
mod vision;

pub(crate) use ears::Ears;
pub(crate) use speech::{SpeechOptions, SpeechSettings};
pub(crate) use vision::{VisionOptions, VisionSettings, sight};
