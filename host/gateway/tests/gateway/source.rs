//! What viewers may hear of what a room watches.

use crate::host::{Answer, Host, LOBBY, soon};
use chatter_gateway::{Opened, Recording};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SOURCE: &str = "/v1/rooms/main/lobby/source";

fn recording(path: &Path) -> Recording {
    let path = PathBuf::from(path);
    Recording::new(path.display().to_string(), move || {
        Ok(Opened {
            file: File::open(&path)?,
            media_type: "audio/mpeg",
        })
    })
}

/// A host whose lobby may hear a file of so many bytes, each of which tells its place.
async fn host(length: usize) -> (tempfile::TempDir, PathBuf, Host) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tone.mp3");
    fs::write(&path, bytes(length)).unwrap();
    let heard = recording(&path);
    let host = Host::with(|config| config.rooms[0].recording = Some(heard)).await;
    (folder, path, host)
}

/// More bytes than fit on the way to somebody who does not read.
const LONG: usize = 64 << 20;

async fn long_host() -> (tempfile::TempDir, PathBuf, Host) {
    let (folder, path, host) = host(0).await;
    let file = File::options().write(true).open(&path).unwrap();
    file.set_len(LONG as u64).unwrap();
    (folder, path, host)
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

async fn ask(host: &Host, headers: &[(&str, &str)]) -> Answer {
    host.http("GET", SOURCE, headers, "").await
}

#[tokio::test]
async fn a_recording_comes_whole_and_in_parts() {
    let (_folder, _path, host) = host(1000).await;
    let whole = host.get(SOURCE).await;
    assert_eq!((whole.status, whole.body), (200, bytes(1000)));
    for (header, value) in [
        ("content-type", "audio/mpeg"),
        ("content-length", "1000"),
        ("accept-ranges", "bytes"),
        ("cache-control", "private, no-cache"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(whole.headers[header], value, "{header}");
    }
    for (range, first, last) in [
        ("bytes=0-", 0, 999),
        ("bytes=10-19", 10, 19),
        ("bytes=-5", 995, 999),
        ("bytes=990-5000", 990, 999),
    ] {
        let part = ask(&host, &[("range", range)]).await;
        assert_eq!(part.status, 206, "{range}");
        assert_eq!(
            part.header("content-range"),
            format!("bytes {first}-{last}/1000")
        );
        assert_eq!(part.body, bytes(1000)[first..=last], "{range}");
    }
    let beyond = ask(&host, &[("range", "bytes=1000-")]).await;
    assert_eq!(beyond.status, 416, "{}", beyond.text());
    assert_eq!(beyond.header("content-range"), "bytes */1000");
    assert_eq!(beyond.json()["code"], "range");
    let head = host.http("HEAD", SOURCE, &[], "").await;
    assert_eq!(
        (head.status, head.header("content-length"), head.body.len()),
        (200, "1000", 0)
    );
    host.end().await;
}

/// Neither a browser that has enough for now nor the gateway holds what nobody hears yet.
#[tokio::test]
async fn of_a_long_recording_one_answer_holds_a_bounded_part() {
    let length = 5 << 20;
    let (_folder, _path, host) = host(length).await;
    let part = ask(&host, &[("range", "bytes=100-")]).await;
    assert_eq!((part.status, part.body.len()), (206, 4 << 20));
    assert_eq!(
        part.header("content-range"),
        format!("bytes 100-{}/{length}", 100 + (4 << 20) - 1)
    );
    assert_eq!(host.get(SOURCE).await.body.len(), length);
    host.end().await;
}

#[tokio::test]
async fn another_file_in_its_place_has_another_tag() {
    let (folder, path, host) = host(1000).await;
    let tag = host.get(SOURCE).await.header("etag").to_owned();
    let same = ask(&host, &[("if-none-match", &tag)]).await;
    assert_eq!((same.status, same.body.len()), (304, 0));
    let status = host.get(LOBBY).await.json();
    assert_eq!(status["sound"]["tag"], tag.trim_matches('"'));
    assert_eq!(status["sound"]["now"], "2026-01-31T12:00:00.000Z");

    let other = folder.path().join("other");
    fs::write(&other, [7; 1000]).unwrap();
    fs::rename(&other, &path).unwrap();
    let asked = [("range", "bytes=0-9"), ("if-range", tag.as_str())];
    let changed = ask(&host, &asked).await;
    assert_eq!((changed.status, changed.body), (200, vec![7; 1000]));
    assert_ne!(changed.headers["etag"], tag);
    let tag = changed.headers["etag"].to_str().unwrap().to_owned();
    let part = ask(&host, &[("range", "bytes=0-9"), ("if-range", &tag)]).await;
    assert_eq!((part.status, part.body), (206, vec![7; 10]));
    host.end().await;
}

/// Sends a request for all, and leaves the answer unread.
async fn leave_unread(host: &Host, header: &str) -> tokio::net::TcpStream {
    let mut client = tokio::net::TcpStream::connect(host.addr).await.unwrap();
    let request = format!(
        "GET {SOURCE} HTTP/1.1\r\nhost: {}\r\n{header}\r\n",
        host.addr
    );
    client.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    client.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    client
}

#[tokio::test]
async fn what_is_replaced_while_it_is_played_goes_on_and_what_is_cut_off_breaks_off() {
    for cut_off in [false, true] {
        let (folder, path, host) = long_host().await;
        let mut client = leave_unread(&host, "").await;
        if cut_off {
            File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_len(0)
                .unwrap();
        } else {
            let other = folder.path().join("other");
            fs::write(&other, [7; 10]).unwrap();
            fs::rename(&other, &path).unwrap();
        }
        let mut rest = vec![0; 1 << 20];
        let mut came = 0;
        while came < LONG {
            match soon(client.read(&mut rest)).await {
                Ok(0) | Err(_) => break,
                Ok(read) => came += read,
            }
        }
        assert_eq!(came < LONG, cut_off, "{came} bytes came");
        drop(client);
        host.end().await;
    }
}

#[tokio::test]
async fn where_nothing_may_be_heard_or_nothing_is_there_is_no_recording() {
    let (_folder, path, host) = host(10).await;
    let other = host.get("/v1/rooms/main/attic/source").await;
    assert_eq!(other.status, 404, "not allowed");
    assert!(
        host.get("/v1/rooms/main/attic")
            .await
            .json()
            .get("sound")
            .is_none()
    );
    fs::remove_file(&path).unwrap();
    let gone = host.get(SOURCE).await;
    assert_eq!(
        (gone.status, gone.header("content-type")),
        (404, "application/problem+json")
    );
    assert_eq!(gone.text(), other.text(), "no path, and no reason, is told");
    assert!(host.get(LOBBY).await.json().get("sound").is_none());

    // The configuration is changed while it runs.
    let mut rooms = host.rooms.clone();
    fs::write(&path, "back").unwrap();
    assert_eq!(host.get(SOURCE).await.body, b"back");
    rooms[0].recording = None;
    host.handle.set_rooms(rooms);
    soon(async { while host.get(SOURCE).await.status != 404 {} }).await;
    host.end().await;
}

#[tokio::test]
async fn only_who_may_read_may_listen_and_not_too_many_at_once() {
    let (_folder, path, open) = long_host().await;
    open.end().await;
    let heard = recording(&path);
    let host = Host::with(|config| {
        config.guests = false;
        config.limits.listeners = 1;
        config.rooms[0].recording = Some(heard);
    })
    .await;
    assert_eq!(host.get(SOURCE).await.status, 401);
    host.end().await;

    let heard = recording(&path);
    let host = Host::with(|config| {
        config.limits.listeners = 1;
        config.rooms[0].recording = Some(heard);
    })
    .await;
    let client = leave_unread(&host, "").await;
    let full = host.get(SOURCE).await;
    assert_eq!(
        (full.status, full.json()["code"].as_str()),
        (503, Some("full"))
    );
    drop(client);
    let head = async { while host.http("HEAD", SOURCE, &[], "").await.status != 200 {} };
    soon(head).await;
    host.end().await;

    let heard = recording(&path);
    let host = Host::with(|config| {
        config.limits.viewers_per_address = 1;
        config.proxies.networks = vec!["127.0.0.1".parse().unwrap()];
        config.rooms[0].recording = Some(heard);
    })
    .await;
    let _client = leave_unread(&host, "x-forwarded-for: 203.0.113.9\r\n").await;
    for (from, status) in [("203.0.113.9", 429), ("203.0.113.10", 206)] {
        let headers = [("x-forwarded-for", from), ("range", "bytes=0-9")];
        let answer = host.http("GET", SOURCE, &headers, "").await;
        assert_eq!(answer.status, status, "{from}: {}", answer.text());
    }
    host.end().await;
}
