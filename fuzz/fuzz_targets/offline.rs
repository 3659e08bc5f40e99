//! Prompts and JSON schemas for the offline model.
#![no_main]

use chatter_properties as properties;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    properties::offline_model(bytes);
});
