use super::*;
use crate::pool::PoolOptions;

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
    Settings::layered(options, folder.path(), |name| name == "SET")
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
    assert_eq!(settings.llm, Llm::Offline);
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
    assert_eq!(source.file, Some(here.path().join("configs/show.srt")));
    assert_eq!(source.room.as_str(), "main/lobby");
    assert_eq!(settings.plugins, Path::new("/p"));
    assert_eq!(settings.compiled, Some(here.path().join("configs/c")));
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
fn what_is_wrong_with_the_file_is_said_at_once() {
    let cases: [(&str, &[&str]); 9] = [
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
            &[":2:12: \"chatgpt\" is no provider; it can be `offline` or `openai`"],
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
fn a_real_model_needs_a_name_and_perhaps_a_key() {
    let llm = |table: &str| {
        let text = format!("[llm]\nprovider = \"openai\"\n{table}");
        let here = folder(&[("configs/rooms/x", ""), ("chatter.toml", &text)]);
        load(&here, ServeOptions::default()).map(|settings| settings.llm)
    };
    assert_eq!(
        wrong(llm("").unwrap_err()).len(),
        2,
        "neither a model nor a key"
    );
    let own = "model = \"m\"\nbase_url = \"http://127.0.0.1:1/v1\"\n";
    assert!(
        matches!(
            llm(own).unwrap(),
            Llm::OpenAi {
                api_key_env: None,
                ..
            }
        ),
        "a server of one's own needs no key"
    );
    let missing = wrong(llm(&format!("{own}api_key_env = \"UNSET\"\n")).unwrap_err());
    assert!(missing[0].contains("UNSET"), "{missing:?}");
    let keyed = llm("model = \"m\"\napi_key_env = \"SET\"\n").unwrap();
    assert!(matches!(keyed, Llm::OpenAi { api_key_env: Some(name), .. } if name == "SET"));
    assert_eq!(
        wrong(llm("api_key_env = \"SET\"\nconcurrency = 0\n").unwrap_err()).len(),
        2
    );
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
