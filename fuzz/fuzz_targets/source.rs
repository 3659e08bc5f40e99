//! What an operator names as a source, and pieces of sound that a page shares.
#![no_main]

use chatter_properties as properties;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    properties::source(bytes);
    properties::sound(bytes);
});
