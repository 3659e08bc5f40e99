//! `chatter models` as an operator uses it, with registries and a mirror of this machine.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Command,
    thread,
};
use tempfile::TempDir;

/// Nothing of an operator's surroundings but a PATH.
fn chatter(home: &Path, words: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_chatter"))
        .arg("models")
        .args(words)
        .args(["--data", "data"])
        .current_dir(home)
        .env_clear()
        .env("PATH", home.join("bin"))
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A server that answers each path with the same, and tells which paths were asked for.
fn server(body: impl Fn(&str) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut lines = BufReader::new(client.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let path = first.split(' ').nth(1).unwrap();
            let body = body(path);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            client.write_all(head.as_bytes()).unwrap();
            client.write_all(&body).unwrap();
        }
    });
    url
}

fn program(home: &Path, name: &str, script: &str) {
    let bin = home.join("bin");
    fs::create_dir_all(&bin).unwrap();
    let file = bin.join(name);
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_list_says_what_there_is_and_what_is_here() {
    let home = TempDir::new().unwrap();
    let models = home.path().join("data/models");
    fs::create_dir_all(&models).unwrap();
    fs::write(models.join("ggml-tiny.bin"), "short").unwrap();
    fs::write(models.join("ggml-base.bin.part"), "begun").unwrap();
    let (code, stdout, stderr) = chatter(home.path(), &["list"]);
    assert_eq!(code, 0, "{stderr}");
    for (line, parts) in [
        (0, ["silero", "voice activity"]),
        (1, ["tiny", "wrong: 5 B long"]),
        (3, ["base", "broken off after 5 B"]),
    ] {
        let line = stdout.lines().nth(line).unwrap();
        assert!(parts.iter().all(|part| line.contains(part)), "{line}");
    }
    let (code, stdout, _) = chatter(home.path(), &["list", "--json"]);
    assert_eq!(code, 0);
    let lines: Vec<serde_json::Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[1]["state"], "wrong");
    assert_eq!(lines[1]["bytes"], 77_691_713);
    assert_eq!(lines[1]["file"], "data/models/ggml-tiny.bin");
    assert_eq!(lines[2]["state"], "missing");
    assert_eq!(lines[3]["state"], "part");
}

#[test]
fn mistakes_are_told_apart_from_failures() {
    let home = TempDir::new().unwrap();
    let short = server(|_| b"something else".to_vec());
    let other = server(|_| vec![b'x'; 885_098]);
    let cases: [(&[&str], i32, &str); 7] = [
        (&["pull", "tini"], 2, "did you mean `tiny`?"),
        (&["verify", "tini"], 2, "did you mean `tiny`?"),
        (&["verify", "tiny"], 1, "chatter models pull tiny"),
        (&["verify"], 0, "there are no models here"),
        (
            &["pull", "silero", "--mirror", "nowhere"],
            1,
            "is no http:// or https:// URL",
        ),
        (
            &["pull", "silero", "--mirror", &short],
            1,
            "holds 14 bytes instead of 885098",
        ),
        (
            &["pull", "silero", "--mirror", &other],
            1,
            "holds other bytes",
        ),
    ];
    for (words, code, told) in cases {
        let (got, _, stderr) = chatter(home.path(), words);
        assert_eq!(got, code, "{words:?}: {stderr}");
        assert!(stderr.contains(told), "{words:?}: {stderr}");
    }
    let models = home.path().join("data/models");
    assert!(!models.join("ggml-silero-v6.2.0.bin").exists());
    fs::write(models.join("ggml-tiny.bin"), "short").unwrap();
    let (code, _, stderr) = chatter(home.path(), &["verify"]);
    assert_eq!(code, 1);
    assert!(
        stderr.contains("data/models/ggml-tiny.bin is not tiny"),
        "{stderr}"
    );
}

#[test]
fn the_index_that_pip_is_configured_to_use_is_asked() {
    let home = TempDir::new().unwrap();
    let index = server(|path| match path {
        "/simple/pywhispercpp/" => br#"{"files": []}"#.to_vec(),
        _ => b"?".to_vec(),
    });
    let pulled = || {
        let output = Command::new(env!("CARGO_BIN_EXE_chatter"))
            .args(["models", "pull", "silero", "--data", "data"])
            .current_dir(home.path())
            .env_clear()
            .env("PATH", home.path().join("bin"))
            // What is outside can't be reached.
            .env("HTTPS_PROXY", "http://127.0.0.1:9")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    program(home.path(), "python3", &format!("echo {index}/simple"));
    let stderr = pulled();
    let told = "/simple/pywhispercpp/ has no pywhispercpp-1.5.1.tar.gz";
    assert!(stderr.contains(told), "{stderr}");
    fs::remove_file(home.path().join("bin/python3")).unwrap();
    let stderr = pulled();
    let told = "python3 is needed to know where pip's registry is";
    assert!(stderr.contains(told), "{stderr}");
}
