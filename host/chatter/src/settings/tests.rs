mod llm;

use super::*;
use crate::pool::PoolOptions;
use chatter_llm::Reasoning;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn load(folder: &tempfile::TempDir, options: ServeOptions) -> Result<Settings, Failure> {
    Settings::layered(options, folder.path())
}

fn wrong(failure: Failure) -> Vec<String> {
    match failure {
        Failure::Usage(lines) => lines,
        Failure::Failed(line) => panic!("not a matter of usage: {line}"),
    }
}

#[test]
fn the_command_line_beats_the_file_and_the_file_the_defaults() {
    let here = folder(&[
        ("configs/rooms/x", ""),
        (
            "chatter.toml",
            "listen = \"127.0.0.1:1\"\nseed = 1\nspeed = 2\n[limits]\ncpu_ms = 50\n[pool]\ncalls = 9\nwaiting = 2\n",
        ),
    ]);
    let options = ServeOptions {
        seed: Some(7),
        pool: PoolOptions {
            calls: Some(3),
            ..PoolOptions::default()
        },
        ..ServeOptions::default()
    };
    let settings = load(&here, options).unwrap();
    assert_eq!(settings.seed, Some(7));
    assert_eq!(settings.limits.cpu_ms, Some(50));
    assert_eq!((settings.pool.calls, settings.pool.waiting), (3, 2));
    assert_eq!(settings.listen.to_string(), "127.0.0.1:1");
    assert_eq!(settings.source.unwrap().speed, Some(2.0));
    assert_eq!(settings.llm, Llm::default());
    assert_eq!(settings.plugins, here.path().join("plugins"));
}

#[test]
fn the_configuration_folders_file_wins_and_its_paths_start_there() {
    let here = folder(&[
        (
            "configs/chatter.toml",
            "source = \"show.srt\"\nplugins = \"/p\"\ncompiled = \"c\"\n",
        ),
        ("chatter.toml", "source = \"other.srt\"\n"),
    ]);
    let settings = load(&here, ServeOptions::default()).unwrap();
    let source = settings.source.unwrap();
    let file = source.source.as_ref().and_then(chatter_media::Source::path);
    assert_eq!(file, Some(&*here.path().join("configs/show.srt")));
    assert_eq!(source.room.as_str(), "main/lobby");
    assert_eq!(settings.plugins, Path::new("/p"));
    assert_eq!(settings.compiled, Some(here.path().join("configs/c")));
}

#[test]
fn a_file_that_can_not_be_read_is_not_passed_over() {
    for is_link in [true, false] {
        let here = folder(&[("configs/rooms/x", ""), ("chatter.toml", "seed = 1\n")]);
        let place = here.path().join("configs/chatter.toml");
        let made = match is_link {
            true => std::os::unix::fs::symlink("gone.toml", &place),
            false => std::fs::create_dir(&place),
        };
        made.unwrap();
        let lines = wrong(load(&here, ServeOptions::default()).unwrap_err());
        let place = format!("{}: ", place.display());
        assert!(
            lines.len() == 1 && lines[0].starts_with(&place),
            "{lines:?}"
        );
    }
}

#[test]
fn what_the_file_lets_viewers_hear_is_what_the_file_names() {
    let here = folder(&[
        ("configs/rooms/x", ""),
        ("chatter.toml", "source = \"show.mp3\"\naudible = true\n"),
    ]);
    let mine = || "mine.mp3".parse().ok();
    // What the command line says; what counts.
    for (source, audible, counts) in [
        (None, None, Some(true)),
        (None, Some(false), Some(false)),
        (mine(), None, None),
        (mine(), Some(true), Some(true)),
    ] {
        let options = ServeOptions {
            source,
            audible,
            ..ServeOptions::default()
        };
        let source = load(&here, options).unwrap().source.unwrap();
        assert_eq!(source.audible, counts, "{source:?}");
    }
}

#[test]
fn without_a_word_about_the_source_none_is_replaced() {
    let here = folder(&[
        ("configs/rooms/x", ""),
        ("chatter.toml", "room = \"main/other\"\n"),
    ]);
    assert_eq!(load(&here, ServeOptions::default()).unwrap().source, None);
}

#[test]
fn roles_are_a_list_or_a_text() {
    for role in ["\"worker,trends\"", "[\"trends\", \"worker\"]"] {
        let text = format!("role = {role}\n");
        let here = folder(&[("configs/rooms/x", ""), ("chatter.toml", &text)]);
        let roles = load(&here, ServeOptions::default()).unwrap().roles;
        let expected = BTreeSet::from([Role::Worker, Role::Trends]);
        assert_eq!(roles, expected, "{role}");
    }
}

#[test]
fn what_is_wrong_with_the_file_is_said_at_once() {
    let cases: [(&str, &[&str]); 11] = [
        (
            "llm = \"openai\"\n",
            &[
                ":1:7: invalid type: string \"openai\", expected a table: provider = \"openai\" in [llm]",
            ],
        ),
        (
            "role = \"worker,boss\"\n",
            &[":1:8: \"boss\" is no role; there are `gateway`, `context`, `worker` and `trends`"],
        ),
        (
            "lisen = 1\nfoo = 2\n[llm]\nmodle = \"x\"\n",
            &[
                ": foo: no such setting",
                ": lisen: no such setting; did you mean `listen`?",
                ": llm.modle: no such setting; did you mean `model`?",
            ],
        ),
        (
            "listen = 8787\n",
            &[":1:10: invalid type: integer `8787`, expected a string"],
        ),
        ("\nspeed = 0\n", &[":2:9: 0 is not in 0.01..=1000"]),
        (
            "room = \"Lobby\"\n",
            &[
                ":1:8: \"Lobby\" is not a room: a room is tenant/room, each 1 to 63 of a-z, 0-9 and -",
            ],
        ),
        (
            "[llm]\nprovider = \"chatgpt\"\n",
            &[
                ":2:12: \"chatgpt\" is no provider; it can be `offline`, `openai`, `anthropic` or `gemini`",
            ],
        ),
        (
            "[limits]\ncpu = 1\n[pool]\nslots = 1\n",
            &[
                ": limits.cpu: no such setting; did you mean `cpu_ms`?",
                ": pool.slots: no such setting",
            ],
        ),
        (
            "[limits]\ncpu_ms = 0\nlines = 17\n",
            &[
                ": limits.cpu_ms: 0 is less than 1",
                ": limits.lines: 17 is more than 16",
            ],
        ),
        (
            "[pool]\ncalls = 0\nshares = { acme = 101 }\n",
            &[
                "pool.calls: 0 is less than 1",
                "pool.shares.acme: 101 is more than 100",
            ],
        ),
        ("x = [\n", &[":1:6: unclosed array, expected `]`"]),
    ];
    for (text, expected) in cases {
        let here = folder(&[("configs/rooms/x", ""), ("chatter.toml", text)]);
        let file = here.path().join("chatter.toml").display().to_string();
        let found: Vec<String> = wrong(load(&here, ServeOptions::default()).unwrap_err())
            .into_iter()
            .map(|line| line.replace(&file, ""))
            .collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn a_key_that_is_missing_keeps_nothing_from_being_read_and_one_that_is_misnamed_is_refused() {
    let read = |table: &str| {
        let here = folder(&[("configs/rooms/x", ""), ("chatter.toml", table)]);
        load(&here, ServeOptions::default())
    };
    let missing = |table: &str| read(table).unwrap().missing_keys();
    let at = "base_url = \"http://127.0.0.1:1\"\n";
    let told = |what: &str| {
        vec![format!(
            "the environment variable CHATTER_NO_KEY, which should hold {what}, is not set"
        )]
    };
    // Tables that name a key, and what that is.
    let cases = [
        (
            format!("[llm.providers.it]\nkind = \"openai\"\nmodel = \"m\"\n{at}api_key_env = "),
            "the key of llm.providers.it",
        ),
        (
            format!("[llm.moderation.it]\n{at}api_key_env = "),
            "the key of llm.moderation.it",
        ),
        (
            format!("[vision]\nmodel = \"m\"\n{at}api_key_env = "),
            "the key of vision",
        ),
        (
            format!("[memory]\nprovider = \"mem0\"\n{at}api_key_env = "),
            "the key of memory",
        ),
        (
            "[memory]\nembedding_model = \"m\"\nembedding_base_url = \"http://127.0.0.1:1\"\n\
             embedding_api_key_env = "
                .into(),
            "the key of memory.embedding_base_url",
        ),
    ];
    for (table, what) in cases {
        assert_eq!(missing(&format!("{table}\"CHATTER_NO_KEY\"\n")), told(what));
        let none: Vec<String> = Vec::new();
        assert_eq!(missing(&format!("{table}\"PATH\"\n")), none, "{table}");
        for pasted in ["sk-1234", "", "1A"] {
            let lines = wrong(read(&format!("{table}\"{pasted}\"\n")).unwrap_err());
            let refused = format!("{what}: its api_key_env is the NAME of ");
            assert!(lines[0].starts_with(&refused), "{lines:?}");
            assert!(!lines[0].contains("sk-1234"), "{lines:?}");
        }
    }
    assert_eq!(
        missing("bus = \"redis://ana@h?password_env=CHATTER_NO_KEY\"\n"),
        told("Redis' password")
    );
}

#[test]
fn a_filter_of_the_log_is_read_with_the_settings() {
    let here = folder(&[
        ("configs/rooms/x", ""),
        ("chatter.toml", "log = \"chatter=loud\"\n"),
    ]);
    let lines = wrong(load(&here, ServeOptions::default()).unwrap_err());
    assert!(lines[0].starts_with("log: \"chatter=loud\": "), "{lines:?}");
}

#[test]
fn settings_are_printed_without_passwords() {
    let text = "[llm.providers.it]\nkind = \"openai\"\nmodel = \"m\"\nbase_url = \"http://ana:hunter2@x/v1\"\n\
        [memory]\nprovider = \"mem0\"\nbase_url = \"http://ana:hunter2@y\"\n";
    let file = SettingsFile::parse(text).unwrap();
    let read = format!("{file:?}");
    let memory = file.memory.settings().unwrap();
    let llm = Llm::new(LlmOptions::default(), file.llm).unwrap();
    for text in [read, format!("{llm:?} {memory:?}")] {
        assert!(
            text.contains("http://x/v1") && text.contains("http://y"),
            "{text}"
        );
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn who_looks_at_pictures_may_think_and_be_asked_without_a_temperature() {
    let vision = |said: &str| {
        let table =
            format!("[vision]\nmodel = \"m\"\nbase_url = \"http://127.0.0.1:1/v1\"\n{said}");
        let here = folder(&[("configs/rooms/x", ""), ("chatter.toml", &table)]);
        load(&here, ServeOptions::default()).map(|settings| {
            let vision = settings.vision.unwrap();
            (vision.sampling, vision.reasoning)
        })
    };
    assert_eq!(vision("").unwrap(), (true, None));
    assert_eq!(
        vision("sampling = false\nreasoning = \"low\"\n").unwrap(),
        (false, Some(Reasoning::Low))
    );
    let wrong = wrong(vision("reasoning = \"some\"\n").unwrap_err());
    assert!(wrong[0].contains("is no reasoning"), "{wrong:?}");
}

#[test]
fn a_missing_configuration_folder_is_named() {
    let here = folder(&[]);
    let lines = wrong(load(&here, ServeOptions::default()).unwrap_err());
    assert!(
        lines[0].contains("configs") && lines[0].contains("--config"),
        "{lines:?}"
    );
}

#[test]
fn a_part_of_the_roles_needs_others_that_can_be_reached() {
    let redis = "redis://127.0.0.1".parse().unwrap();
    let projects = vec![PathBuf::from("nova")];
    type Case<'a> = (
        &'a [Role],
        Option<&'a BusText>,
        &'a [PathBuf],
        Option<&'a str>,
    );
    // The roles, the bus, projects to watch; what is wrong with them.
    let cases: [Case<'_>; 7] = [
        (&[], None, &[], None),
        (&[], None, &projects, None),
        (&Role::ALL, None, &projects, None),
        (&[Role::Worker], Some(&redis), &[], None),
        (&[Role::Worker, Role::Worker], Some(&redis), &[], None),
        (&[Role::Worker], Some(&redis), &projects, Some("--watch")),
        (
            &[Role::Gateway, Role::Trends],
            None,
            &[],
            Some("so context, worker would be missing: name a Redis with --bus"),
        ),
    ];
    for (roles, bus, watch, wanted) in cases {
        let here = folder(&[("configs/rooms/x", "")]);
        let options = ServeOptions {
            role: roles.to_vec(),
            bus: bus.cloned(),
            watch: watch.to_vec(),
            ..ServeOptions::default()
        };
        let checked = load(&here, options).unwrap().check_roles();
        match wanted {
            None => checked.unwrap(),
            Some(wanted) => {
                let why = checked.unwrap_err();
                assert!(why.contains(wanted), "{why}");
            }
        }
    }
    let here = folder(&[
        ("configs/rooms/x", ""),
        ("chatter.toml", "role = [\"worker\"]\n"),
    ]);
    let settings = load(&here, ServeOptions::default()).unwrap();
    assert_eq!(settings.roles, BTreeSet::from([Role::Worker]));
}

#[test]
fn operators_are_told_of_every_setting() {
    let page = include_str!("../../../../docs/operations.md");
    for key in file::KEYS {
        assert!(page.contains(&format!("| `{key}` | ")), "{key}");
    }
}
