//! The body of a stream context that is posted.
#![no_main]

use chatter_properties as properties;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    properties::stream_context(bytes);
});
