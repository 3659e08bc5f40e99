use super::*;

const POLICY: (&str, &str) = ("moderation/default.toml", "name = \"default\"\n");
const NOVA: (&str, &str) = (
    "personas/nova.toml",
    "id = \"nova\"\nname = \"Nova\"\nmodule = \"regular\"\n",
);
const LOBBY: (&str, &str) = (
    "rooms/lobby.toml",
    "id = \"main/lobby\"\ntitle = \"Lobby\"\n[[roster]]\npersona = \"nova\"\n",
);
const SHOW: (&str, &str) = (
    "rooms/show.vtt",
    "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nWelcome to the show.\n",
);

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// The problems, without the folder's path.
fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let folder = folder(files);
    let prefix = format!("{}/", folder.path().display());
    match load(folder.path(), None) {
        Ok(_) => Vec::new(),
        Err(problems) => problems
            .into_iter()
            .map(|line| line.replace(&prefix, ""))
            .collect(),
    }
}

#[test]
fn a_whole_configuration_is_read() {
    let tenant = (
        "rooms/acme/stage.toml",
        "id = \"acme/stage\"\ntitle = \"Stage\"\n[source]\nuri = \"../show.vtt\"\nspeed = 2\n",
    );
    let folder = folder(&[POLICY, NOVA, LOBBY, SHOW, tenant]);
    let configuration = load(folder.path(), None).unwrap();
    assert_eq!(
        configuration
            .rooms
            .keys()
            .map(RoomId::as_str)
            .collect::<Vec<_>>(),
        ["acme/stage", "main/lobby"]
    );
    let stage = configuration.rooms.values().next().unwrap();
    assert_eq!(stage.source.as_ref().map(|source| source.speed), Some(2.0));
    assert_eq!(configuration.personas.len(), 1);
    assert_eq!(stage.policy.name, "default");
}

#[test]
fn every_problem_of_every_file_is_named_at_once() {
    let found = problems(&[
        POLICY,
        (
            "personas/nova.toml",
            "id = \"nova\"\nname = \"\"\nmodule = \"regular\"\n[traits]\nhumour = 1.4\n",
        ),
        (
            "personas/kira.toml",
            "id = \"kria\"\nname = \"Kira\"\nmodule = \"hype\"\nbiio = \"x\"\n",
        ),
        (
            "personas/zed.toml",
            "id = \"zeb\"\nname = \"Zed\"\nmodule = \"hype\"\n",
        ),
        ("personas/torn.toml", "id = \"torn\nname = 1\n"),
        (
            "rooms/lobby.toml",
            "id = \"main/loby\"\ntitle = \"L\"\nmoderation = \"defualt\"\n[[roster]]\npersona = \"nova\"\n[[roster]]\npersona = \"nvoa\"\n[[roster]]\npersona = \"nova\"\n[source]\nuri = \"none.vtt\"\n",
        ),
        (
            "modules/hype.toml",
            "name = \"hipe\"\n[limits]\nlines = 1\n",
        ),
        (
            "modules/regular.toml",
            "name = \"regular\"\n[limits]\ncpu = 1\nlines = 99\n",
        ),
        (
            "rooms/tuned.toml",
            "id = \"main/tuned\"\ntitle = \"T\"\n[tuning]\ncooldown = 3\n",
        ),
    ]);
    let expected = [
        "modules/hype.toml: name: \"hipe\", but the file's name says \"hype\"; they must be the same",
        "modules/regular.toml: limits.cpu: no such field; did you mean `cpu_ms`?",
        "modules/regular.toml: limits.lines: 99 is more than 16",
        "personas/kira.toml: biio: no such field; did you mean `bio`?",
        "personas/nova.toml: name: empty",
        "personas/nova.toml: traits.humour: 1.4 is more than 1",
        "personas/torn.toml:1:11: invalid basic string, expected `\"`",
        "personas/zed.toml: id: \"zeb\", but the file's name says \"zed\"; they must be the same",
        "rooms/lobby.toml: id: \"main/loby\", but the file's place says \"TENANT/lobby\"",
        "rooms/lobby.toml: moderation: there is no moderation/defualt.toml; did you mean `default`?",
        "rooms/lobby.toml: roster.1.persona: there is no personas/nvoa.toml; did you mean `nova`?",
        "rooms/lobby.toml: roster.2.persona: \"nova\" has a seat in this room already",
        "rooms/tuned.toml: tuning.cooldown: no such field; did you mean `cooldown_s`?",
    ];
    for line in expected {
        assert!(
            found.iter().any(|found| found == line),
            "missing: {line}\n{found:#?}"
        );
    }
    let source = found
        .iter()
        .filter(|line| line.starts_with("rooms/lobby.toml: source.uri: "))
        .count();
    assert_eq!((found.len(), source), (expected.len() + 1, 1), "{found:#?}");
}

#[test]
fn the_same_room_twice_is_refused() {
    let again = ("rooms/main/lobby.toml", LOBBY.1);
    let found = problems(&[POLICY, NOVA, LOBBY, again]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("rooms/main/lobby.toml: id: \"main/lobby\" is the room of "),
        "{found:?}"
    );
}

#[test]
fn two_rooms_that_are_pushed_to_at_one_port_are_both_named() {
    let room = |name: &str, uri: &str| {
        (
            format!("rooms/{name}.toml"),
            format!("id = \"main/{name}\"\ntitle = \"T\"\n[source]\nuri = \"{uri}\"\n"),
        )
    };
    let listener = |host: &str| format!("rtmp://{host}/live/SECRET?listen=1");
    let found = |one: &str, other: &str| {
        let (one, other) = (room("one", &listener(one)), room("other", &listener(other)));
        problems(&[POLICY, (&*one.0, &*one.1), (&*other.0, &*other.1)])
    };
    assert_eq!(
        found("0.0.0.0:1936", "127.0.0.1:1936"),
        [
            "rooms/other.toml: source.uri: \"main/one\" listens at port 1936 already; give \"main/other\" another port"
        ]
    );
    assert!(found("127.0.0.1", "127.0.0.1:1936").is_empty());

    let (one, other) = (room("one", "show.vtt"), room("other", &listener("[::]")));
    let folder = folder(&[POLICY, SHOW, (&*one.0, &*one.1), (&*other.0, &*other.1)]);
    let instead = |room: &str, host: &str| SourceOverride {
        room: RoomId::new(room).unwrap(),
        source: Some(listener(host).parse().unwrap()),
        speed: None,
        looped: None,
        audible: None,
    };
    let found = load(folder.path(), Some(&instead("main/other", "127.0.0.1")));
    assert!(found.is_ok(), "it stands in for the one that listens there");
    let found = load(folder.path(), Some(&instead("main/one", "127.0.0.1"))).unwrap_err();
    assert!(
        found.len() == 1 && found[0].contains("give \"main/other\" another port"),
        "{found:?}"
    );
}

#[test]
fn an_empty_folder_is_a_problem() {
    assert_eq!(
        problems(&[POLICY]),
        ["rooms: holds no room; each is a file NAME.toml"]
    );
}

#[test]
fn the_command_lines_source_stands_in_for_the_rooms_own() {
    let broken = (
        "rooms/lobby.toml",
        "id = \"main/lobby\"\ntitle = \"L\"\n[source]\nuri = \"none.vtt\"\nspeed = 3\nloop = true\n",
    );
    let folder = folder(&[POLICY, broken, SHOW]);
    let mut instead = SourceOverride {
        room: RoomId::new("main/lobby").unwrap(),
        source: Some(chatter_media::Source::file(
            folder.path().join("rooms/show.vtt"),
        )),
        speed: Some(9.0),
        looped: None,
        audible: None,
    };
    let configuration = load(folder.path(), Some(&instead)).unwrap();
    let source = configuration
        .rooms
        .values()
        .next()
        .unwrap()
        .source
        .as_ref()
        .unwrap();
    assert_eq!((source.speed, source.looped), (9.0, false));

    instead.room = RoomId::new("main/lobbi").unwrap();
    instead.source = None;
    let folder = self::folder(&[POLICY, NOVA, LOBBY]);
    let found = load(folder.path(), Some(&instead)).unwrap_err();
    assert!(found[0].contains("did you mean `main/lobby`?"), "{found:?}");
}

#[test]
fn viewers_may_hear_a_recording_that_the_rooms_file_says_they_may() {
    let tone = ("rooms/tone.mp3", "ID3 and a tone");
    let link = |folder: &Path| folder.join("rooms/link.mp3");
    // What the room's file says, and what is wrong with it.
    for (source, wrong) in [
        ("uri = \"tone.mp3\"\naudible = true", None),
        ("uri = \"tone.mp3\"\naudible = false", None),
        ("uri = \"tone.mp3\"", None),
        (
            "uri = \"show.vtt\"\naudible = true",
            Some("it holds nothing that browsers play"),
        ),
        (
            "uri = \"link.mp3\"\naudible = true",
            Some("it is a symbolic link"),
        ),
        (
            "uri = \"https://127.0.0.1:9/x.mp3\"\naudible = true",
            Some("viewers can hear files only"),
        ),
    ] {
        let room = format!("id = \"main/lobby\"\ntitle = \"L\"\n[source]\n{source}\n");
        let folder = folder(&[POLICY, ("rooms/lobby.toml", &room), SHOW, tone]);
        std::os::unix::fs::symlink("tone.mp3", link(folder.path())).unwrap();
        match (load(folder.path(), None), wrong) {
            (Ok(configuration), None) => {
                let room = configuration.rooms.values().next().unwrap();
                let heard = room.heard.as_ref().map(|heard| heard.path().to_owned());
                let may = source.contains("true");
                assert_eq!(
                    heard,
                    may.then(|| folder.path().join("rooms/tone.mp3")),
                    "{source}"
                );
            }
            (Err(problems), Some(wrong)) => {
                assert_eq!(problems.len(), 1, "{problems:?}");
                let place = "rooms/lobby.toml: source.audible: ";
                assert!(
                    problems[0].contains(place) && problems[0].contains(wrong),
                    "{problems:?}"
                );
            }
            (found, _) => panic!("{source}: {found:?}"),
        }
    }
}

#[test]
fn language_models_are_named_as_the_settings_name_them() {
    let nova = (
        NOVA.0,
        "id = \"nova\"\nname = \"Nova\"\nmodule = \"regular\"\nllm = [\"fats\", \"offline\"]\n",
    );
    let lobby = (
        LOBBY.0,
        "id = \"main/lobby\"\ntitle = \"Lobby\"\nllm = [\"fast\", \"fast\"]\n",
    );
    let folder = folder(&[POLICY, nova, lobby]);
    let known = Known {
        models: vec!["fast".to_owned(), "offline".to_owned()],
        ..Known::default()
    };
    let load = |models| load_stamped(&mut Stamp::of(folder.path()), None, models);
    let prefix = format!("{}/", folder.path().display());
    let problems = load(Some(&known)).unwrap_err();
    let problems: Vec<_> = problems
        .iter()
        .map(|problem| problem.replace(&prefix, ""))
        .collect();
    assert_eq!(
        problems,
        [
            "personas/nova.toml: llm.0: there is no language model \"fats\" in chatter.toml; did you mean `fast`?",
            "rooms/lobby.toml: llm.1: \"fast\" is named already",
        ]
    );
    assert!(load(None).is_ok());
}

#[test]
fn what_is_played_instead_is_heard_if_the_command_line_says_so() {
    let mine = ("rooms/mine.mp3", "ID3 and a tone");
    let tone = ("rooms/tone.mp3", "ID3 and another tone");
    type Heard<'a> = Result<Option<&'a str>, &'a str>;
    // What the room's file says of its own, what is played instead, what the command line says; what is heard,
    // or what is wrong.
    let cases: [(bool, Option<&str>, Option<bool>, Heard<'_>); 9] = [
        (true, None, None, Ok(Some("tone.mp3"))),
        (true, None, Some(false), Ok(None)),
        (false, None, Some(true), Ok(Some("tone.mp3"))),
        (true, Some("mine.mp3"), None, Ok(None)),
        (true, Some("mine.mp3"), Some(false), Ok(None)),
        (true, Some("mine.mp3"), Some(true), Ok(Some("mine.mp3"))),
        (false, Some("mine.mp3"), Some(true), Ok(Some("mine.mp3"))),
        (true, Some("show.vtt"), None, Ok(None)),
        (
            true,
            Some("show.vtt"),
            Some(true),
            Err("it holds nothing that browsers play"),
        ),
    ];
    for (own, instead, audible, expected) in cases {
        let room = format!(
            "id = \"main/lobby\"\ntitle = \"L\"\n[source]\nuri = \"tone.mp3\"\naudible = {own}\n"
        );
        let folder = folder(&[POLICY, ("rooms/lobby.toml", &room), SHOW, tone, mine]);
        let file = |name: &str| folder.path().join("rooms").join(name);
        let played = SourceOverride {
            room: RoomId::new("main/lobby").unwrap(),
            source: instead.map(|name| chatter_media::Source::file(file(name))),
            speed: None,
            looped: None,
            audible,
        };
        let case = format!("{own} {instead:?} {audible:?}");
        match (load(folder.path(), Some(&played)), expected) {
            (Ok(configuration), Ok(expected)) => {
                let room = configuration.rooms.values().next().unwrap();
                let heard = room.heard.as_ref().map(|heard| heard.path().to_owned());
                assert_eq!(heard, expected.map(file), "{case}");
            }
            (Err(problems), Err(expected)) => {
                let [problem] = &problems[..] else {
                    panic!("{case}: {problems:?}");
                };
                assert!(problem.starts_with("--audible: "), "{case}: {problem}");
                assert!(problem.contains(expected), "{case}: {problem}");
            }
            (found, _) => panic!("{case}: {found:?}"),
        }
    }
}

#[test]
fn moderation_providers_are_named_as_the_settings_name_them() {
    let policy = (
        POLICY.0,
        "name = \"default\"\n[provider]\nname = \"opanai\"\non_failure = \"hold\"\n",
    );
    let folder = folder(&[policy, NOVA, LOBBY]);
    let load = |names: &[&str]| {
        let known = Known {
            moderation: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Known::default()
        };
        load_stamped(&mut Stamp::of(folder.path()), None, Some(&known))
    };
    let cases: [(&[&str], &str); 3] = [
        (
            &["openai"],
            "moderation/default.toml: provider.name: there is no [llm.moderation.opanai] in chatter.toml; did you mean `openai`?",
        ),
        (
            &[],
            "moderation/default.toml: provider.name: there is no [llm.moderation.opanai] in chatter.toml",
        ),
        (&["opanai"], ""),
    ];
    let prefix = format!("{}/", folder.path().display());
    for (names, wanted) in cases {
        let problems = load(names).err().unwrap_or_default();
        assert_eq!(problems.join("; ").replace(&prefix, ""), wanted);
    }
}
