use crate::config::load;

const FILES: [(&str, &str); 6] = [
    ("moderation/default.toml", "name = \"default\"\n"),
    (
        "personas/nova.toml",
        "id = \"nova\"\nname = \"Nova\"\nmodule = \"regular\"\n[traits]\nhumour = 0.5\n",
    ),
    (
        "personas/rex.toml",
        "id = \"rex\"\nname = \"Rex\"\nmodule = \"hype\"\n",
    ),
    (
        "rooms/lobby.toml",
        "id = \"main/lobby\"\ntitle = \"Lobby\"\n[source]\nuri = \"show.vtt\"\n[[roster]]\npersona = \"nova\"\n",
    ),
    (
        "rooms/show.vtt",
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nWelcome to the show.\n",
    ),
    ("rooms/show.mp3", "ID3 and a tone"),
];

/// What is told when these files are written over those.
fn told(changed: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let write = |files: &[(&str, &str)]| {
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        load(folder.path(), None).unwrap()
    };
    let before = write(&FILES);
    let after = write(changed);
    let prefix = format!("{}/", folder.path().display());
    let lines = before.differences(&after).into_iter();
    lines.map(|line| line.replace(&prefix, "")).collect()
}

#[test]
fn each_change_is_told_once_where_it_is() {
    let lobby = |rest: &str| format!("id = \"main/lobby\"\ntitle = \"Lobby\"\n{rest}");
    let source = "[source]\nuri = \"show.vtt\"\n";
    let nova = "[[roster]]\npersona = \"nova\"\n";
    let room = |text: String| ("rooms/lobby.toml", text);
    let cases: [(&str, (&str, String), &[&str]); 18] = [
        (
            "what viewers may hear",
            room(lobby(&format!(
                "[source]\nuri = \"show.mp3\"\naudible = true\n{nova}"
            ))),
            &[
                "main/lobby: rooms/show.mp3 is played from its beginning",
                "main/lobby: viewers may hear what it watches",
            ],
        ),
        ("nothing", room(lobby(&format!("{source}{nova}"))), &[]),
        (
            "what looks another way and is the same",
            room(lobby(&format!("# here\n{source}speed = 1.0\n{nova}"))),
            &[],
        ),
        (
            "a persona sits down",
            room(lobby(&format!(
                "{source}{nova}[[roster]]\npersona = \"rex\"\n"
            ))),
            &["main/lobby: rex sits down"],
        ),
        (
            "one leaves",
            room(lobby(source)),
            &["main/lobby: nova leaves"],
        ),
        (
            "another module on a roster",
            room(lobby(&format!("{source}{nova}module = \"hype\"\n"))),
            &["main/lobby: nova runs on hype instead of regular"],
        ),
        (
            "a shadow",
            room(lobby(&format!("{source}{nova}shadow = \"next.wasm\"\n"))),
            &["main/lobby: nova has the shadow next"],
        ),
        (
            "tuning and title",
            room(
                lobby(&format!("{source}{nova}[tuning]\ncooldown_s = 3\n"))
                    .replace("\"Lobby\"", "\"Hall\""),
            ),
            &["main/lobby: title, tuning.cooldown_s"],
        ),
        (
            "how the source is played",
            room(lobby(&format!("{source}loop = true\n{nova}"))),
            &["main/lobby: rooms/show.vtt is played from its beginning"],
        ),
        (
            "no source",
            room(lobby(nova)),
            &["main/lobby: watches nothing any more"],
        ),
        (
            "the source's content",
            (
                "rooms/show.vtt",
                "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nWelcome back.\n".into(),
            ),
            &["main/lobby: rooms/show.vtt is played from its beginning"],
        ),
        (
            "a persona's description",
            (
                "personas/nova.toml",
                "id = \"nova\"\nname = \"Nova\"\nmodule = \"regular\"\nbio = \"x\"\n[traits]\nhumour = 0.6\nwit = 1\n".into(),
            ),
            &["nova: bio, traits.humour, traits.wit"],
        ),
        (
            "a persona's own module",
            (
                "personas/nova.toml",
                "id = \"nova\"\nname = \"Nova\"\nmodule = \"hype\"\n[traits]\nhumour = 0.5\n".into(),
            ),
            &[
                "main/lobby: nova runs on hype instead of regular",
                "nova: module",
            ],
        ),
        (
            "a persona without a seat",
            (
                "personas/zed.toml",
                "id = \"zed\"\nname = \"Zed\"\nmodule = \"hype\"\n".into(),
            ),
            &["zed: is new, and sits in no room yet"],
        ),
        (
            "the limits of a module",
            (
                "modules/hype.toml",
                "name = \"hype\"\n[limits]\nlines = 1\n".into(),
            ),
            &["module hype: limits.lines"],
        ),
        (
            "the limits of a persona",
            (
                "personas/nova.toml",
                "id = \"nova\"\nname = \"Nova\"\nmodule = \"regular\"\n[traits]\nhumour = 0.5\n[limits]\ncpu_ms = 7\n".into(),
            ),
            &["nova: limits.cpu_ms"],
        ),
        (
            "a policy",
            (
                "moderation/default.toml",
                "name = \"default\"\nversion = \"2\"\nblocklist = [\"x\"]\n".into(),
            ),
            &["main/lobby: the moderation policy default@2 instead of default@1"],
        ),
        (
            "a room",
            (
                "rooms/attic.toml",
                "id = \"main/attic\"\ntitle = \"Attic\"\n".into(),
            ),
            &["main/attic: is opened"],
        ),
    ];
    for (what, (file, text), expected) in cases {
        assert_eq!(told(&[(file, &text)]), expected, "{what}");
    }
}
