//! What a component returns.
#![no_main]

use chatter_properties as properties;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    properties::outcome(bytes);
    properties::reflection(bytes);
});
