//! From real sound through a real whisper to what viewers are shown of the stream.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use support::{Home, viewer::Viewer};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The beginning of the commentary that ships, and its room.
fn home() -> Home {
    let home = Home::lively();
    let sound = repository().join("configs/streams/synth-rescue.mp3");
    let cut = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-t", "9", "-i"])
        .arg(sound)
        .args(["-c:a", "copy"])
        .arg(home.path("configs/rooms/talk.mp3"))
        .status()
        .expect("ffmpeg runs; `apt-get install ffmpeg` brings it");
    assert!(cut.success());
    home.write(
        "configs/rooms/lobby.toml",
        "id = \"main/lobby\"\ntitle = \"Lobby\"\n[source]\nuri = \"talk.mp3\"\n\
         [[roster]]\npersona = \"nova\"\n[[roster]]\npersona = \"pogo\"\n",
    );
    home
}

/// What is said on the stream, until it is over.
async fn said(viewer: &mut Viewer) -> (String, Vec<String>) {
    let mut said = String::new();
    let mut known_ms = 0;
    let mut kinds = Vec::new();
    loop {
        let frame = viewer
            .until("what happens on the stream", |frame| {
                frame["type"] == "stream"
            })
            .await;
        for segment in frame["segments"].as_array().unwrap() {
            let end_ms = segment["end_ms"].as_u64().unwrap();
            if end_ms > known_ms {
                known_ms = end_ms;
                said.push_str(segment["text"].as_str().unwrap());
                said.push(' ');
            }
        }
        for event in frame["events"].as_array().unwrap() {
            let kind = event["kind"].as_str().unwrap().to_owned();
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        if kinds.iter().any(|kind| kind == "stream_end") {
            return (said, kinds);
        }
    }
}

#[tokio::test]
async fn what_is_said_aloud_is_read_in_the_room() {
    let models = repository().join("target/models");
    for model in ["ggml-tiny.bin", "ggml-silero-v6.2.0.bin"] {
        let path = models.join(model);
        assert!(
            path.is_file(),
            "there is no {}: `cargo xtask models` gets it",
            path.display()
        );
    }
    let home = home();
    fs::create_dir_all(home.path("data")).unwrap();
    std::os::unix::fs::symlink(models.canonicalize().unwrap(), home.path("data/models")).unwrap();
    let server = home.serve(&["--speech-language", "en", "--speech-threads", "1"]);
    let mut ana = Viewer::enter(&server, "name=Ana&stream=true").await;
    let (said, kinds) = said(&mut ana).await;
    let said = said.to_lowercase();
    // A small model hears a synthetic voice: most of it, not each word.
    let words = ["hello", "live", "kettle", "corpse", "bench"];
    let heard = words.iter().filter(|word| said.contains(**word));
    assert!(heard.count() >= 3, "{said}");
    assert!(kinds.iter().any(|kind| kind == "stream_start"), "{kinds:?}");
}

#[tokio::test]
async fn without_a_model_the_subtitles_beside_the_sound_are_played() {
    let home = home();
    home.write(
        "configs/rooms/talk.vtt",
        "WEBVTT\n\n00:00.500 --> 00:02.000\nThe kettle is on.\n\n00:03.000 --> 00:04.000\nGoodbye.\n",
    );
    let server = home.serve(&[]);
    let mut ana = Viewer::enter(&server, "name=Ana&stream=true").await;
    let (said, _) = said(&mut ana).await;
    assert!(said.contains("The kettle is on. Goodbye."), "{said}");
    server.process.stderr_with("words can't be heard");
}
