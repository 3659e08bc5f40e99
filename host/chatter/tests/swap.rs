//! A module that changes while people chat.

mod support;

use std::fs;
use support::{
    Home, plugins,
    viewer::{Viewer, is_persona},
};

#[tokio::test]
async fn a_new_version_serves_and_a_broken_one_does_not() {
    let home = Home::lively();
    fs::create_dir_all(home.path("plugins")).unwrap();
    for name in ["regular.wasm", "hype.wasm"] {
        fs::copy(plugins().join(name), home.path("plugins").join(name)).unwrap();
    }
    let put = |bytes: &[u8]| {
        home.write("plugins/.hype.part", bytes);
        fs::rename(
            home.path("plugins/.hype.part"),
            home.path("plugins/hype.wasm"),
        )
        .unwrap();
    };
    let of_hype = |frame: &serde_json::Value| {
        is_persona(frame) && frame["message"]["author"]["id"] == "persona:pogo"
    };
    let server = home.serve_with(&home.path("plugins"), "127.0.0.1:0", &[]);
    let mut ana = Viewer::enter(&server, "name=Ana").await;
    ana.until("line of the old version", of_hype).await;

    // The same component with an empty custom section more (Component Model, `Binary.md`).
    let mut newer = fs::read(plugins().join("hype.wasm")).unwrap();
    newer.extend([0, 2, 1, b'x']);
    put(&newer);
    server
        .process
        .stderr_with("module hype: version 0.1.0 (sha256 ");
    server.process.stderr_with(" ms after the file was whole");
    ana.until("line of the new version", of_hype).await;

    put(&newer[..newer.len() / 2]);
    server
        .process
        .stderr_with("hype.wasm does not serve: not a valid component: ");
    ana.until("line after the broken file", of_hype).await;
}
