//! Pulling from a server that does what servers do: breaks off, changes its mind, is gone.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use chatter_models::{Artefact, Folder, Place, Progress, Quiet, State, pull};
use sha2::{Digest, Sha256};
use std::{
    fs,
    sync::{Arc, Mutex},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// What the server has.
#[derive(Clone)]
struct Served {
    bytes: Vec<u8>,
    tag: &'static str,
    /// Sends so many bytes of each answer only.
    breaks_off_after: usize,
    status: &'static str,
    /// Says how long its answers are.
    tells_length: bool,
}

struct Server {
    url: String,
    served: Arc<Mutex<Served>>,
    /// Where each answer began.
    begun_at: Arc<Mutex<Vec<usize>>>,
}

impl Server {
    async fn start(bytes: &[u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/models", listener.local_addr().unwrap());
        let served = Arc::new(Mutex::new(Served {
            bytes: bytes.to_vec(),
            tag: "\"1\"",
            breaks_off_after: usize::MAX,
            status: "200 OK",
            tells_length: true,
        }));
        let begun_at = Arc::new(Mutex::new(Vec::new()));
        let (mine, begun) = (Arc::clone(&served), Arc::clone(&begun_at));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let served = mine.lock().unwrap().clone();
                tokio::spawn(answer(client, served, Arc::clone(&begun)));
            }
        });
        Self {
            url,
            served,
            begun_at,
        }
    }

    fn change(&self, change: impl FnOnce(&mut Served)) {
        change(&mut self.served.lock().unwrap());
    }

    fn begun_at(&self) -> Vec<usize> {
        std::mem::take(&mut self.begun_at.lock().unwrap())
    }
}

async fn answer(mut client: TcpStream, served: Served, begun: Arc<Mutex<Vec<usize>>>) {
    let (mut from, mut tag) = (0, None);
    let mut lines = BufReader::new(&mut client).lines();
    while let Ok(Some(line)) = lines.next_line().await
        && !line.is_empty()
    {
        let line = line.to_ascii_lowercase();
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().unwrap();
        } else if let Some(asked) = line.strip_prefix("if-range: ") {
            tag = Some(asked.to_owned());
        }
    }
    if tag.as_deref() != Some(served.tag) {
        from = 0;
    }
    begun.lock().unwrap().push(from);
    let (length, tag) = (served.bytes.len(), served.tag);
    let left = &served.bytes[from..];
    let mut head = match from {
        0 => format!("HTTP/1.1 {}\r\n", served.status),
        _ => format!(
            "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes {from}-{}/{length}\r\n",
            length - 1
        ),
    };
    if served.tells_length {
        head += &format!("content-length: {}\r\n", left.len());
    }
    head += &format!("etag: {tag}\r\nconnection: close\r\n\r\n");
    let sent = left.len().min(served.breaks_off_after);
    let _ = client.write_all(head.as_bytes()).await;
    let _ = client.write_all(&left[..sent]).await;
    let _ = client.shutdown().await;
    // Until the other side has read it all.
    let _ = client.read(&mut [0]).await;
}

fn bytes() -> Vec<u8> {
    (0..300_000_u32)
        .flat_map(|n| (n ^ 0x5a5a).to_le_bytes())
        .collect()
}

fn artefact(bytes: &[u8]) -> Artefact {
    let digest: String = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Artefact {
        file: "model.bin",
        bytes: bytes.len() as u64,
        sha256: Box::leak(digest.into_boxed_str()),
        places: &[],
    }
}

fn folder() -> (TempDir, Folder) {
    let place = TempDir::new().unwrap();
    let folder = Folder::new(place.path().join("models"));
    (place, folder)
}

/// Everything in the folder but the locks.
fn files(folder: &Folder) -> Vec<String> {
    let mut files: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".lock"))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_file_is_pulled_once_and_what_is_wrong_with_it_is_seen() {
    let bytes = bytes();
    let (artefact, server) = (artefact(&bytes), Server::start(&bytes).await);
    let (_place, folder) = folder();
    assert_eq!(folder.state(&artefact), State::Missing);
    assert!(
        pull(&artefact, &folder, Some(&server.url), &Quiet)
            .await
            .unwrap()
    );
    assert_eq!(folder.state(&artefact), State::Whole);
    assert_eq!(files(&folder), ["model.bin"]);
    assert_eq!(fs::read(folder.file(&artefact)).unwrap(), bytes);
    assert!(
        !pull(&artefact, &folder, Some(&server.url), &Quiet)
            .await
            .unwrap()
    );
    assert_eq!(server.begun_at(), [0]);
    // One bit.
    let mut other = bytes.clone();
    other[1_000] ^= 1;
    fs::write(folder.file(&artefact), &other).unwrap();
    assert_eq!(folder.state(&artefact), State::Whole);
    assert!(!folder.verify(&artefact).unwrap());
    assert!(
        pull(&artefact, &folder, Some(&server.url), &Quiet)
            .await
            .unwrap()
    );
    assert!(folder.verify(&artefact).unwrap());
}

/// To what lies below `/sys` nobody adds a file.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_folder_that_cant_be_written_to_is_well_if_the_file_is_there() {
    let bytes = bytes();
    let (artefact, server) = (artefact(&bytes), Server::start(&bytes).await);
    let (_place, folder) = folder();
    fs::create_dir(folder.path()).unwrap();
    let lock = folder.path().join("model.bin.lock");
    std::os::unix::fs::symlink("/sys/model.bin.lock", lock).unwrap();
    for (there, expected) in [(&bytes[..], Some(false)), (&bytes[1..], None)] {
        fs::write(folder.file(&artefact), there).unwrap();
        let pulled = pull(&artefact, &folder, Some(&server.url), &Quiet).await;
        assert_eq!(pulled.ok(), expected);
    }
}

/// Sees what there is of a file while it comes.
struct Looks<'a>(&'a Folder, &'a Artefact, Mutex<Vec<State>>);

impl Progress for Looks<'_> {
    fn note(&self, _: &str) {}
    fn begins(&self, _: u64, _: Option<u64>) {}
    fn has(&self, _: u64) {
        self.2.lock().unwrap().push(self.0.state(self.1));
    }
    fn ends(&self) {}
}

#[tokio::test]
async fn what_comes_right_now_was_not_broken_off() {
    let bytes = bytes();
    let (artefact, server) = (artefact(&bytes), Server::start(&bytes).await);
    let (_place, folder) = folder();
    let looks = Looks(&folder, &artefact, Mutex::default());
    let pulled = pull(&artefact, &folder, Some(&server.url), &looks).await;
    assert!(pulled.unwrap());
    let seen = looks.2.into_inner().unwrap();
    let all = bytes.len() as u64;
    assert_eq!(seen.last(), Some(&State::Coming { bytes: all }));
    let comes = |state: &State| matches!(state, State::Coming { .. });
    assert!(seen.iter().all(comes), "{seen:?}");
}

#[tokio::test]
async fn what_was_broken_off_goes_on_where_it_was() {
    let bytes = bytes();
    let (artefact, server) = (artefact(&bytes), Server::start(&bytes).await);
    server.change(|served| served.breaks_off_after = 500_000);
    let (_place, folder) = folder();
    assert!(
        pull(&artefact, &folder, Some(&server.url), &Quiet)
            .await
            .unwrap()
    );
    assert_eq!(server.begun_at(), [0, 500_000, 1_000_000]);
    assert_eq!(fs::read(folder.file(&artefact)).unwrap(), bytes);
    assert_eq!(files(&folder), ["model.bin"]);
}

#[tokio::test]
async fn a_part_is_kept_for_the_next_pull_unless_the_file_has_changed() {
    let bytes = bytes();
    let artefact = artefact(&bytes);
    for (tag, second) in [("\"1\"", 400_000), ("\"2\"", 0)] {
        let server = Server::start(&bytes).await;
        let (_place, folder) = folder();
        server.change(|served| served.breaks_off_after = 400_000);
        let cut = Cut(Arc::clone(&server.served));
        let error = pull(&artefact, &folder, Some(&server.url), &cut)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("lost the connection"), "{error}");
        assert_eq!(folder.state(&artefact), State::Part { bytes: 400_000 });
        let origin = fs::read_to_string(folder.path().join("model.bin.part.origin")).unwrap();
        assert!(!origin.contains("http"), "{origin}");
        // A server that refuses for a while costs nothing of it.
        server.change(|served| {
            served.status = "503 Service Unavailable";
            served.tag = "\"none\"";
        });
        let error = pull(&artefact, &folder, Some(&server.url), &Quiet)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("503"), "{error}");
        assert_eq!(folder.state(&artefact), State::Part { bytes: 400_000 });
        server.change(|served| served.status = "200 OK");
        let _ = server.begun_at();
        server.change(|served| {
            served.breaks_off_after = usize::MAX;
            served.tag = tag;
        });
        assert!(
            pull(&artefact, &folder, Some(&server.url), &Quiet)
                .await
                .unwrap()
        );
        assert_eq!(server.begun_at(), [second], "{tag}");
        assert_eq!(fs::read(folder.file(&artefact)).unwrap(), bytes);
    }
}

/// Sees that something came, and then nothing more.
struct Cut(Arc<Mutex<Served>>);

impl Progress for Cut {
    fn note(&self, _: &str) {}
    fn begins(&self, _: u64, _: Option<u64>) {}
    fn has(&self, _: u64) {}
    fn ends(&self) {
        self.0.lock().unwrap().breaks_off_after = 0;
    }
}

#[tokio::test]
async fn what_comes_instead_of_the_file_costs_nothing_of_a_part() {
    let bytes = bytes();
    let artefact = artefact(&bytes);
    let page = "<html>sign in</html>".as_bytes();
    let cases: [(&str, &[u8], bool, &str); 4] = [
        ("a page", page, true, "holds 20 bytes instead of"),
        ("a page of unknown length", page, false, "other bytes"),
        (
            "a file that is too long",
            &[0; 2_000_000],
            true,
            "holds more than",
        ),
        ("one without end", &[0; 2_000_000], false, "holds more than"),
    ];
    for (case, instead, tells_length, why) in cases {
        let server = Server::start(&bytes).await;
        let (_place, folder) = folder();
        server.change(|served| served.breaks_off_after = 400_000);
        let cut = Cut(Arc::clone(&server.served));
        let broken = pull(&artefact, &folder, Some(&server.url), &cut).await;
        assert!(broken.is_err(), "{case}");
        let there = files(&folder);
        server.change(|served| {
            *served = Served {
                bytes: instead.to_vec(),
                tag: "\"page\"",
                breaks_off_after: usize::MAX,
                tells_length,
                status: "200 OK",
            };
        });
        let error = pull(&artefact, &folder, Some(&server.url), &Quiet)
            .await
            .unwrap_err();
        assert!(error.to_string().contains(why), "{case}: {error}");
        assert_eq!(files(&folder), there, "{case}");
        let _ = server.begun_at();
        server.change(|served| {
            served.bytes.clone_from(&bytes);
            served.tag = "\"1\"";
            served.tells_length = true;
        });
        let went_on = pull(&artefact, &folder, Some(&server.url), &Quiet).await;
        assert!(went_on.unwrap(), "{case}");
        assert_eq!(server.begun_at(), [400_000], "{case}");
        assert_eq!(files(&folder), ["model.bin"], "{case}");
    }
}

#[tokio::test]
async fn a_new_version_of_unknown_length_replaces_a_part_once_it_is_right() {
    let bytes = bytes();
    let (artefact, server) = (artefact(&bytes), Server::start(&bytes).await);
    let (_place, folder) = folder();
    server.change(|served| served.breaks_off_after = 400_000);
    let cut = Cut(Arc::clone(&server.served));
    let broken = pull(&artefact, &folder, Some(&server.url), &cut).await;
    assert!(broken.is_err());
    let _ = server.begun_at();
    server.change(|served| {
        served.tag = "\"2\"";
        served.tells_length = false;
        served.breaks_off_after = 500_000;
    });
    // Without a length nobody sees that it breaks off, so that it is asked for once a pull.
    let error = pull(&artefact, &folder, Some(&server.url), &Quiet)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("other bytes"), "{error}");
    server.change(|served| served.breaks_off_after = usize::MAX);
    assert!(
        pull(&artefact, &folder, Some(&server.url), &Quiet)
            .await
            .unwrap()
    );
    assert_eq!(server.begun_at(), [0, 0]);
    assert_eq!(files(&folder), ["model.bin"]);
}

#[tokio::test]
async fn a_part_that_is_whole_is_not_asked_for_again() {
    let bytes = bytes();
    let (artefact, server) = (artefact(&bytes), Server::start(&bytes).await);
    let (_place, folder) = folder();
    fs::create_dir_all(folder.path()).unwrap();
    fs::write(folder.path().join("model.bin.part"), &bytes).unwrap();
    assert!(
        pull(&artefact, &folder, Some(&server.url), &Quiet)
            .await
            .unwrap()
    );
    assert_eq!(server.begun_at(), [0; 0]);
    assert_eq!(files(&folder), ["model.bin"]);
}

#[tokio::test]
async fn what_is_longer_than_it_should_be_is_not_downloaded_to_its_end() {
    let bytes = bytes();
    let server = Server::start(&[&bytes[..], &[0]].concat()).await;
    let (_place, folder) = folder();
    let url = server.url.replace("http://", "http://me:SECRET@") + "?k=SECRET";
    let error = pull(&artefact(&bytes), &folder, Some(&url), &Quiet)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("holds more than"), "{error}");
    assert!(!error.contains("SECRET"), "{error}");
    assert_eq!(files(&folder), [""; 0]);
}

#[tokio::test]
async fn wrong_bytes_are_never_used() {
    let good = bytes();
    let artefact = artefact(&good);
    let mut turned = good.clone();
    turned[77] ^= 0x80;
    let digest = format!("instead of {})", artefact.sha256);
    let cases = [
        (turned, &*digest),
        (
            good[..good.len() - 1].to_vec(),
            "holds 1199999 bytes instead of 1200000",
        ),
        (Vec::new(), "holds 0 bytes instead of"),
        (
            b"<html>sign in</html>".to_vec(),
            "holds 20 bytes instead of",
        ),
    ];
    for (wrong, why) in cases {
        let server = Server::start(&wrong).await;
        let (_place, folder) = folder();
        let error = pull(&artefact, &folder, Some(&server.url), &Quiet)
            .await
            .unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(files(&folder), [""; 0], "{} bytes", wrong.len());
    }
}

#[tokio::test]
async fn servers_that_have_it_not_are_named_with_the_reason() {
    let bytes = bytes();
    let server = Server::start(&bytes).await;
    server.change(|served| served.status = "404 Not Found");
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let (_place, folder) = folder();
    for (url, why) in [
        (server.url.clone(), "answers 404 Not Found"),
        (format!("http://{gone}"), "Connection refused"),
        ("models".into(), "is no http:// or https:// URL"),
    ] {
        let error = pull(&artefact(&bytes), &folder, Some(&url), &Quiet)
            .await
            .unwrap_err();
        assert!(error.to_string().contains(why), "{url}: {error}");
    }
}

#[tokio::test]
async fn the_next_place_is_asked_when_one_fails() {
    let bytes = bytes();
    let (good, bad) = (Server::start(&bytes).await, Server::start(b"nothing").await);
    let places: Vec<Place> = [&bad, &good]
        .map(|server| Place::Url(Box::leak(server.url.clone().into_boxed_str())))
        .to_vec();
    let artefact = Artefact {
        places: Box::leak(places.into_boxed_slice()),
        ..artefact(&bytes)
    };
    let (_place, folder) = folder();
    assert!(pull(&artefact, &folder, None, &Quiet).await.unwrap());
    assert_eq!((bad.begun_at(), good.begun_at()), (vec![0], vec![0]));
}

#[tokio::test]
async fn two_pulls_at_once_do_one_download() {
    let bytes = bytes();
    let (artefact, server) = (artefact(&bytes), Server::start(&bytes).await);
    let (_place, folder) = folder();
    let (one, two) = tokio::join!(
        pull(&artefact, &folder, Some(&server.url), &Quiet),
        pull(&artefact, &folder, Some(&server.url), &Quiet),
    );
    assert_eq!(
        [one.unwrap(), two.unwrap()]
            .iter()
            .filter(|had| **had)
            .count(),
        1
    );
    assert_eq!(server.begun_at(), [0]);
    assert!(folder.verify(&artefact).unwrap());
}
