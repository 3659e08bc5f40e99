//! What streams are understood with, as it is set on the command line, in the environment and in
//! `chatter.toml`.

mod digests;
mod speech;
mod vision;

pub(crate) use speech::{Ears, SpeechOptions, SpeechSettings};
pub(crate) use vision::{VisionOptions, VisionSettings, sight};
