//! Records of calls.
#![no_main]

use chatter_properties as properties;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    properties::call_record(bytes);
    properties::call_record_numbers(bytes);
});
