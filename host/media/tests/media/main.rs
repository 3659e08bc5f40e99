//! Sources, played by the real ffmpeg.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod child;
mod common;
mod pulled;
mod pushed;
mod recordings;
mod web;
