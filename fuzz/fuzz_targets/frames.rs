//! WebSocket frames of both sides, and the body of a message that is posted.
#![no_main]

use chatter_properties as properties;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    properties::client_frame(bytes);
    properties::server_frame(bytes);
    properties::say_request(bytes);
});
