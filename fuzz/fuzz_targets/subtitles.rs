//! Subtitle files, and what a room is told of them.
#![no_main]

use chatter_properties as properties;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    properties::subtitles(bytes);
});
