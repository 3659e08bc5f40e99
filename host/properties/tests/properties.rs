//! Every property with some cases, the same in every run. `fuzz/` has no end of them.

use chatter_properties::{self as properties, Kind, mutated};
use proptest::{
    collection::vec,
    prelude::any,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// Runs a property on so many strings of bytes of at most so many.
fn holds(cases: u32, most_bytes: usize, property: impl Fn(&[u8])) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let run = runner.run(&vec(any::<u8>(), 0..most_bytes), |bytes| {
        property(&bytes);
        Ok(())
    });
    if let Err(failure) = run {
        panic!("{failure}");
    }
}

/// The same on texts that are almost right.
fn holds_near(kind: Kind, cases: u32, property: impl Fn(&[u8])) {
    for seed in properties::seeds(kind) {
        property(seed.as_bytes());
    }
    holds(cases, 160, |bytes| property(&mutated(kind, bytes)));
}

#[test]
fn frames_and_requests() {
    holds_near(Kind::Json, 600, |json| {
        properties::client_frame(json);
        properties::server_frame(json);
        properties::say_request(json);
    });
}

#[test]
fn stream_contexts() {
    holds_near(Kind::Json, 600, properties::stream_context);
}

#[test]
fn call_records() {
    holds_near(Kind::Json, 300, properties::call_record);
    holds(60, 600, properties::call_record_numbers);
}

#[test]
fn configuration_files() {
    holds_near(Kind::Toml, 200, |toml| {
        properties::persona_toml(toml);
        properties::room_toml(toml);
        properties::module_toml(toml);
        properties::policy_toml(toml);
        properties::settings_toml(toml);
    });
}

#[test]
fn sources() {
    holds_near(Kind::Source, 1000, properties::source);
}

#[test]
fn shared_sound() {
    holds(1000, 5000, properties::sound);
}

#[test]
fn subtitle_files() {
    holds_near(Kind::Subtitles, 100, properties::subtitles);
}

#[test]
fn outcomes() {
    holds(3000, 400, properties::outcome);
}

#[test]
fn reflections() {
    holds(1500, 600, properties::reflection);
}

#[test]
fn moderated_texts() {
    holds(1500, 900, properties::moderation);
}

#[test]
fn questions_to_the_offline_model() {
    holds(40, 500, properties::offline_model);
}
