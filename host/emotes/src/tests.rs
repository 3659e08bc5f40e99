use super::*;
use crate::picture::tests::png;
use std::collections::BTreeSet;

struct Files(tempfile::TempDir);

impl Files {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        Self(folder)
    }

    fn add(&self, emotes: &mut Emotes, source: &str) -> Result<(), String> {
        let added = emotes.add(&self.0.path().join(source), &mut |_| {});
        let folder = format!("{}/", self.0.path().display());
        added.map_err(|wrong| wrong.join("\n").replace(&folder, ""))
    }

    /// The codes that a source gives, or what is wrong with it.
    fn codes(&self, source: &str) -> Result<Vec<String>, String> {
        let mut emotes = Emotes::default();
        self.add(&mut emotes, source)?;
        let list = emotes.list(|picture| picture.digest().to_owned());
        Ok(list.emotes.into_iter().map(|emote| emote.code).collect())
    }
}

#[test]
fn the_pictures_of_a_folder_are_emotes_named_after_their_files() {
    let files = Files::new(&[
        ("own/catJAM.png", &png(32, 32, true)),
        ("own/a_1.gif", b"GIF89a\x20\0\x10\0"),
        ("own/.hidden", b"no picture"),
        ("own/more/deep.png", b"no picture"),
    ]);
    let mut emotes = Emotes::default();
    files.add(&mut emotes, "own").unwrap();
    let list = emotes.list(|picture| format!("/at/{}", picture.digest()));
    let told: Vec<_> = list
        .emotes
        .iter()
        .map(|emote| {
            (
                emote.code.as_str(),
                emote.width,
                emote.height,
                emote.animated,
            )
        })
        .collect();
    assert_eq!(told, [("a_1", 32, 16, true), ("catJAM", 32, 32, true)]);
    for emote in &list.emotes {
        let digest = emote.image.strip_prefix("/at/").unwrap();
        assert_eq!(emotes.picture(digest).unwrap().digest(), digest);
    }
    assert_eq!(emotes.picture("0"), None);
}

#[test]
fn what_is_wrong_with_a_folder_is_told_with_its_place() {
    for (name, content, wanted) in [
        (
            "own/a.png",
            &b"<svg/>"[..],
            "own/a.png: SVG may hold programs",
        ),
        ("own/a.png", b"text", "own/a.png: not a PNG, GIF or WebP"),
        (
            "own/hype.png",
            &png(1, 1, false),
            "own/hype.png: :hype: is there already, in every room",
        ),
        (
            "own/two words.png",
            &png(1, 1, false),
            "own/two words.png: the name of the file",
        ),
        (
            "own/a.png",
            &[0; (1 << 20) + 1],
            "own/a.png: larger than 1024 KiB",
        ),
        ("other/a.png", b"", "own: No such file or directory"),
    ] {
        let wrong = Files::new(&[(name, content)]).codes("own").unwrap_err();
        assert!(wrong.starts_with(wanted), "{name}: {wrong}");
    }
}

#[test]
fn two_pictures_do_not_share_a_code() {
    let files = Files::new(&[
        ("own/a.png", &png(1, 1, false)),
        ("own/a.gif", b"GIF89a\x01\0\x01\0"),
        ("again/a.png", &png(1, 1, false)),
    ]);
    let wrong = files.codes("own").unwrap_err();
    assert_eq!(wrong, "own/a.png: :a: is there twice in this room");
    let mut emotes = Emotes::default();
    files.add(&mut emotes, "again").unwrap();
    let wrong = files.add(&mut emotes, "again").unwrap_err();
    assert_eq!(wrong, "again/a.png: :a: is there twice in this room");
}

const SET: &[u8] = br#"{"id": "s", "name": "Set", "capacity": 10, "emotes": [
    {"id": "01F6", "name": "peepoHey!", "flags": 0, "data": {"animated": true, "host": {"url": "//cdn.example"}}},
    {"id": "01F7", "name": "D:"}, {"id": "01F8", "name": "D"}, {"id": "01F9", "name": ":)"}]}"#;

#[test]
fn a_set_is_read_with_the_pictures_beside_it() {
    let picture = png(1, 1, false);
    let files = Files::new(&[
        ("7tv.json", SET),
        (
            "7tv/01F6.webp",
            b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        ),
        ("7tv/01F7.gif", b"GIF89a\x01\0\x01\0"),
        ("7tv/D.png", &picture),
        ("7tv/01F9.png", &picture),
    ]);
    // Of two that would have the same code the second has its id.
    assert_eq!(
        files.codes("7tv.json").unwrap(),
        ["peepoHey", "D", "01F8", "01F9"]
    );
}

#[test]
fn what_a_set_calls_as_another_emote_is_called_by_its_id() {
    let picture = png(1, 1, false);
    let set = br#"{"emotes": [{"id": "01F6", "name": "hype"}, {"id": "01F7", "name": "catJAM"}]}"#;
    let files = Files::new(&[
        ("own/catJAM.png", &picture),
        ("7tv.json", set),
        ("7tv/01F6.png", &picture),
        ("7tv/01F7.png", &picture),
    ]);
    let mut emotes = Emotes::default();
    files.add(&mut emotes, "own").unwrap();
    files.add(&mut emotes, "7tv.json").unwrap();
    let codes: Vec<&str> = emotes.codes().collect();
    assert_eq!(codes, ["catJAM", "01F6", "01F7"]);
}

#[test]
fn what_is_wrong_with_a_set_is_told() {
    for (text, wanted) in [
        ("[1", "7tv.json: not an emote set"),
        ("{}", "7tv.json: holds no emotes"),
        (r#"{"emotes": [{"id": "1"}]}"#, "7tv.json: not an emote set"),
        (
            r#"{"emotes": [{"id": "../../x", "name": "x"}]}"#,
            "7tv.json: /emotes/0/id: \"../../x\" is not 1 to 32",
        ),
        (
            r#"{"emotes": [{"id": "1", "name": "x"}]}"#,
            "7tv.json: :x: has no picture 7tv/1.webp (nor as .gif or .png)",
        ),
    ] {
        let wrong = Files::new(&[("7tv.json", text.as_bytes())])
            .codes("7tv.json")
            .unwrap_err();
        assert!(wrong.starts_with(wanted), "{text}: {wrong}");
    }
    let many: Vec<_> = (0..9)
        .map(|id| format!(r#"{{"id": "{id}", "name": "n{id}"}}"#))
        .collect();
    let text = format!(r#"{{"emotes": [{}]}}"#, many.join(","));
    let wrong = Files::new(&[("7tv.json", text.as_bytes())])
        .codes("7tv.json")
        .unwrap_err();
    assert_eq!(wrong.lines().count(), TOLD);
    assert!(wrong.ends_with("(and 4 more of this kind)"), "{wrong}");
}

#[test]
fn every_path_is_told_before_it_is_looked_at() {
    let files = Files::new(&[
        ("7tv.json", br#"{"emotes": [{"id": "1", "name": "x"}]}"#),
        ("7tv/1.png", &png(1, 1, false)),
    ]);
    let mut seen = BTreeSet::new();
    let root = files.0.path();
    Emotes::default()
        .add(&root.join("7tv.json"), &mut |path| {
            seen.insert(path.strip_prefix(root).unwrap().to_owned());
        })
        .unwrap();
    assert_eq!(
        seen,
        ["7tv", "7tv.json", "7tv/1.png"].map(PathBuf::from).into()
    );
}
