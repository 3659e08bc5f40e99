//! Every kind of file that operators write.
#![no_main]

use chatter_properties as properties;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    properties::persona_toml(bytes);
    properties::room_toml(bytes);
    properties::module_toml(bytes);
    properties::policy_toml(bytes);
    properties::settings_toml(bytes);
});
