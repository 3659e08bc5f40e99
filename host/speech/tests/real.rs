//! The real models: whisper's smallest and Silero.
#![cfg(feature = "whisper")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chatter_models::{Folder, VOICE, named};
use chatter_speech::{Heard, ListenConfig, Listener, LoadError, Model, ModelConfig};
use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// Loaded once for all tests.
static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(here, PathBuf::from);
    let folder = Folder::new(target.join("models"));
    let file = |name| folder.file(&named(name).unwrap().artefact);
    let config = ModelConfig {
        whisper: file("tiny"),
        voice: file(VOICE),
        threads: 1,
        at_once: 1,
    };
    Model::load(&config).unwrap_or_else(|error| {
        panic!("{error}; get it with `cargo run -p chatter -- models pull tiny --data target`")
    })
});

/// Everything that is heard of sound that begins at a time.
async fn heard(from_ms: u64, sound: &[f32], language: Option<&str>) -> Vec<Heard> {
    let config = ListenConfig {
        language: language.map(str::to_owned),
        ..ListenConfig::default()
    };
    let (listener, mut hearing) = Listener::start(&MODEL, config).unwrap();
    for (n, piece) in sound.chunks(1_600).enumerate() {
        listener.hear(from_ms + n as u64 * 100, piece.to_vec());
    }
    listener.end();
    let mut all = Vec::new();
    while let Some(heard) = hearing.next().await {
        all.push(heard);
    }
    all
}

fn text(heard: &[Heard]) -> String {
    let words = heard.iter().filter_map(|heard| match heard {
        Heard::Words(words) => Some(words),
        _ => None,
    });
    let words: Vec<_> = words.flatten().map(|word| word.text.as_str()).collect();
    words.join(" ")
}

/// The sound of a wave file with 16-bit samples.
fn wave(file: &[u8]) -> Vec<f32> {
    let data = file.windows(4).position(|four| four == b"data").unwrap() + 8;
    let (samples, _) = file[data..].as_chunks::<2>();
    let sample = |bytes: &[u8; 2]| f32::from(i16::from_le_bytes(*bytes)) / 32_768.0;
    samples.iter().map(sample).collect()
}

/// Speech that was made of nothing but its description, by espeak-ng: `espeak-ng -v en-us -s 140`.
fn spoken() -> Vec<f32> {
    let output = std::process::Command::new("espeak-ng")
        .args(["-v", "en-us", "-s", "140", "--stdout"])
        .arg("Welcome back to the lighthouse. Today we paint the kitchen, and then we eat a lemon.")
        .output()
        .expect("espeak-ng is installed: apt-get install espeak-ng");
    let sound = wave(&output.stdout);
    // From its 22,050 samples a second, by the nearest ones: good enough for whisper.
    let count = sound.len() * 16_000 / 22_050;
    let mut at_16_khz = vec![0.0; 16_000];
    at_16_khz.extend((0..count).map(|n| sound[n * 22_050 / 16_000]));
    at_16_khz.extend(vec![0.0; 16_000]);
    at_16_khz
}

#[tokio::test]
async fn what_is_said_is_heard_at_the_time_when_it_is_said() {
    let sound = spoken();
    let length = sound.len() as u64 / 16;
    let heard = heard(600_000, &sound, None).await;
    let text = text(&heard).to_lowercase();
    for word in ["welcome", "back", "paint", "kitchen", "lemon"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let mut last = 600_000;
    for one in &heard {
        if let Heard::Words(words) = one {
            for word in words {
                assert!(
                    word.start_ms >= last && word.end_ms >= word.start_ms,
                    "{word:?} after {last}"
                );
                assert!(word.end_ms <= 600_000 + length, "{word:?}");
                assert!((0.0..=1.0).contains(&word.probability), "{word:?}");
                last = word.start_ms;
            }
        }
    }
    assert!(heard.contains(&Heard::Language("en".into())), "{heard:?}");
    let voices = heard
        .iter()
        .filter(|heard| matches!(heard, Heard::Voice { .. }));
    let quiets = heard
        .iter()
        .filter(|heard| matches!(heard, Heard::Quiet { .. }));
    assert_eq!(voices.count(), quiets.count());
}

#[tokio::test]
async fn nothing_is_heard_where_nobody_speaks() {
    let silence = vec![0.0; 16_000 * 20];
    let mut state = 1_u32;
    let noise: Vec<f32> = (0..16_000 * 20)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 * 0.4 - 0.2
        })
        .collect();
    let chord: Vec<f32> = (0..16_000 * 20)
        .map(|n| {
            let t = n as f32 / 16_000.0 * std::f32::consts::TAU;
            // Three notes that swell and fade twice a second.
            let loudness = 0.1 * (1.0 + (2.0 * t).sin());
            loudness * ((220.0 * t).sin() + (277.2 * t).sin() + (329.6 * t).sin())
        })
        .collect();
    for (name, sound) in [("silence", silence), ("noise", noise), ("a chord", chord)] {
        let heard = heard(0, &sound, Some("en")).await;
        assert_eq!(text(&heard), "", "{name}");
        let until = heard.iter().rev().find_map(|heard| match heard {
            Heard::Until { at_ms } => Some(*at_ms),
            _ => None,
        });
        assert!(
            until.is_some_and(|at_ms| at_ms > 19_000),
            "{name}: {until:?}"
        );
    }
}

#[test]
fn a_model_knows_its_own_languages() {
    for (language, expected) in [
        ("en", true),
        ("su", true),
        // Of whisper's languages, the one that only large-v3 has a token for.
        ("yue", false),
        ("sundanese", false),
        ("tlh", false),
    ] {
        assert_eq!(MODEL.knows(language), expected, "{language}");
    }
    let config = ListenConfig {
        language: Some("yue".into()),
        ..ListenConfig::default()
    };
    let error = Listener::start(&MODEL, config).unwrap_err().to_string();
    assert_eq!(error, r#"the model does not know the language "yue""#);
}

#[test]
fn what_is_no_model_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = folder.path().join("garbage.bin");
    std::fs::write(&garbage, [0x5a; 4_096]).unwrap();
    let missing = folder.path().join("missing.bin");
    for (whisper, told) in [
        (&garbage, "chatter models pull"),
        (&missing, "can't be read"),
    ] {
        let config = ModelConfig {
            whisper: whisper.clone(),
            voice: whisper.clone(),
            threads: 1,
            at_once: 1,
        };
        let error: LoadError = Model::load(&config).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(told) && error.contains(".bin"), "{error}");
    }
}
