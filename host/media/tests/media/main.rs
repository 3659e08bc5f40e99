//! Sources, played by the real ffmpeg.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod common;
mod live;
mod recordings;
mod web;
