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

/// The language models of a file with this `[llm]` table.
fn llm_with(table: &str, options: ServeOptions) -> Result<Llm, Failure> {
    let here = folder(&[("configs/rooms/x", ""), ("chatter.toml", table)]);
    load(&here, options).map(|settings| settings.llm)
}

#[test]
fn a_real_model_needs_a_name_and_perhaps_a_key() {
    let llm = |table: &str| {
        let text = format!("[llm]\nprovider = \"openai\"\n{table}");
        llm_with(&text, ServeOptions::default())
    };
    let key = |table: &str| llm(table).unwrap().providers["openai"].api_key_env.clone();
    assert_eq!(wrong(llm("").unwrap_err()).len(), 1, "no model");
    let own = "model = \"m\"\nbase_url = \"http://127.0.0.1:1/v1\"\n";
    assert_eq!(key(own), None, "a server of one's own needs no key");
    assert_eq!(
        key("model = \"m\"\napi_key_env = \"MINE\"\n").as_deref(),
        Some("MINE")
    );
    assert_eq!(
        wrong(llm("concurrency = 0\n").unwrap_err()).len(),
        2,
        "no model and no requests"
    );
}

#[test]
fn a_key_that_is_missing_keeps_nothing_from_being_read() {
    let missing = |table: &str| {
        let here = folder(&[("configs/rooms/x", ""), ("chatter.toml", table)]);
        load(&here, ServeOptions::default()).unwrap().missing_keys()
    };
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
fn a_vendors_key_goes_to_the_vendors_own_server_alone() {
    // Where the request goes, what is said of the key, and which one is sent.
    let cases = [
        ("openai", "", "", Some("OPENAI_API_KEY")),
        ("anthropic", "", "", Some("ANTHROPIC_API_KEY")),
        ("gemini", "", "", Some("GEMINI_API_KEY")),
        (
            "openai",
            "https://API.openai.com:443/v1/",
            "",
            Some("OPENAI_API_KEY"),
        ),
        ("openai", "", "MINE", Some("MINE")),
        ("openai", "http://ollama.lan:11434/v1", "", None),
        ("openai", "https://openrouter.ai/api/v1", "", None),
        (
            "openai",
            "https://openrouter.ai/api/v1",
            "MINE",
            Some("MINE"),
        ),
        ("openai", "http://api.openai.com/v1", "", None),
        ("anthropic", "https://api.openai.com/v1", "", None),
        ("gemini", "http://127.0.0.1:1/v1beta", "", None),
    ];
    for (kind, base_url, variable, expected) in cases {
        let mut table = format!("kind = \"{kind}\"\nmodel = \"m\"\n");
        for (key, value) in [("base_url", base_url), ("api_key_env", variable)] {
            if !value.is_empty() {
                table.push_str(&format!("{key} = \"{value}\"\n"));
            }
        }
        let file = SettingsFile::parse(&format!("[llm.providers.it]\n{table}")).unwrap();
        let llm = Llm::new(LlmOptions::default(), file.llm).unwrap();
        let used = llm.providers["it"].api_key_env.as_deref();
        assert_eq!(used, expected, "{kind} {base_url} {variable}");
    }
}

#[test]
fn what_the_file_says_of_one_server_goes_to_no_other_that_the_command_line_names() {
    let claude = "provider = \"anthropic\"\nmodel = \"c\"\napi_key_env = \"KEY\"\nconcurrency = 2\nreasoning = \"low\"\n";
    let off = claude.replace("anthropic", "offline");
    let nobody =
        "base_url = \"http://a/v1\"\nmodel = \"c\"\napi_key_env = \"KEY\"\nconcurrency = 2\n";
    let (openai, anthropic) = ("https://api.openai.com/v1", "https://api.anthropic.com/v1");
    let proxy = "http://proxy.lan/v1";
    // The file; provider, address and model by the command line; whose key goes where, and whether the file's
    // model and bounds count.
    let cases = [
        (
            claude,
            "openai",
            "",
            "g",
            Some("OPENAI_API_KEY"),
            openai,
            false,
        ),
        (claude, "openai", proxy, "g", None, proxy, false),
        (
            &*off,
            "openai",
            "",
            "g",
            Some("OPENAI_API_KEY"),
            openai,
            false,
        ),
        (claude, "anthropic", "", "", Some("KEY"), anthropic, true),
        (claude, "", "", "", Some("KEY"), anthropic, true),
        (
            claude,
            "",
            "https://api.anthropic.com/v2",
            "",
            Some("KEY"),
            "https://api.anthropic.com/v2",
            true,
        ),
        (claude, "", proxy, "", None, proxy, true),
        (nobody, "openai", "", "", Some("KEY"), "http://a/v1", true),
        (nobody, "openai", proxy, "", None, proxy, true),
        (
            nobody,
            "openai",
            openai,
            "",
            Some("OPENAI_API_KEY"),
            openai,
            true,
        ),
    ];
    for (table, provider, base_url, model, key, at, is_filed) in cases {
        let case = format!("{table} {provider} {base_url} {model}");
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let options = LlmOptions {
            provider: given(provider).map(|it| it.parse().unwrap()),
            base_url: given(base_url).map(Into::into),
            model: given(model),
            ..LlmOptions::default()
        };
        let file = SettingsFile::parse(&format!("[llm]\n{table}")).unwrap();
        let llm = Llm::new(options, file.llm).unwrap();
        let [one] = &llm.providers.into_values().collect::<Vec<_>>()[..] else {
            panic!("{case}")
        };
        assert_eq!(one.api_key_env.as_deref(), key, "{case}");
        assert_eq!(one.base_url, at.into(), "{case}");
        let filed = (one.model == "c", one.bounds.concurrency == Some(2));
        assert_eq!(filed, (is_filed, is_filed), "{case}");
    }
    let file = SettingsFile::parse(&format!("[llm]\n{claude}")).unwrap();
    let options = LlmOptions {
        provider: "openai".parse().ok(),
        ..LlmOptions::default()
    };
    let missing = wrong(Llm::new(options, file.llm).unwrap_err());
    assert!(missing[0].contains("llm.model is missing"), "{missing:?}");
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

const TWO: &str = "[llm]\nuse = [\"fast\", \"offline\"]\n\
    [llm.budgets]\nroom = { tokens_per_day = 100000 }\n\
    [llm.providers.fast]\nkind = \"openai\"\nmodel = \"m\"\nbase_url = \"http://127.0.0.1:1/v1\"\nconcurrency = 2\n\
    queue = 8\ntimeout_s = 4.5\nsampling = false\nreasoning = 600\nprice = { input = 0.1, output = 0.4 }\n\
    [llm.providers.claude]\nkind = \"anthropic\"\nmodel = \"c\"\napi_key_env = \"MINE\"\n";

#[test]
fn how_much_a_model_thinks_is_said_in_either_form() {
    for (said, expected) in [
        ("", None),
        ("reasoning = \"off\"\n", Some(Reasoning::Off)),
        ("reasoning = \"low\"\n", Some(Reasoning::Low)),
    ] {
        let one = "provider = \"openai\"\nmodel = \"m\"\nbase_url = \"http://127.0.0.1:1/v1\"\n";
        let llm = llm_with(&format!("[llm]\n{one}{said}"), ServeOptions::default()).unwrap();
        assert_eq!(llm.providers["openai"].bounds.reasoning, expected);
    }
    let wrong =
        wrong(llm_with("[llm]\nreasoning = \"some\"\n", ServeOptions::default()).unwrap_err());
    assert!(wrong[0].contains("is no reasoning"), "{wrong:?}");
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
fn several_models_have_names() {
    let llm = llm_with(TWO, ServeOptions::default()).unwrap();
    assert_eq!(llm.route, ["fast", "offline"]);
    assert_eq!(llm.names(), ["claude", "fast", "offline"]);
    assert_eq!(llm.budgets.room.tokens_per_day, Some(100_000));
    let fast = &llm.providers["fast"];
    assert_eq!(fast.bounds.timeout, Some(Duration::from_secs_f64(4.5)));
    assert_eq!(fast.bounds.sampling, Some(false));
    assert_eq!(fast.bounds.reasoning, Some(Reasoning::Tokens(600)));
    assert_eq!(
        llm.providers["claude"].base_url,
        "https://api.anthropic.com/v1".into()
    );
}

#[test]
fn who_answers_is_said_or_goes_without_saying() {
    let openai = "provider = \"openai\"\nmodel = \"m\"\nbase_url = \"http://127.0.0.1:1/v1\"\n";
    let one = "[llm.providers.fast]\nkind = \"openai\"\nmodel = \"m\"\nbase_url = \"http://127.0.0.1:1/v1\"\n";
    let cases = [
        (String::new(), vec!["offline"]),
        (format!("[llm]\n{openai}"), vec!["openai", "offline"]),
        (
            format!("[llm]\n{openai}use = [\"openai\"]\n"),
            vec!["openai"],
        ),
        (one.to_owned(), vec!["fast", "offline"]),
        (TWO.to_owned(), vec!["fast", "offline"]),
    ];
    for (table, route) in cases {
        let llm = llm_with(&table, ServeOptions::default()).unwrap();
        assert_eq!(llm.route, route, "{table}");
    }
    let offline = ServeOptions {
        llm: Some(Provider::Offline),
        ..ServeOptions::default()
    };
    assert_eq!(llm_with(TWO, offline).unwrap().route, ["offline"]);
}

#[test]
fn what_describes_a_provider_without_one_is_told() {
    let one = "[llm]\nbase_url = \"http://127.0.0.1:1/v1\"\nmodel = \"m\"\n";
    let top = "[llm]\nconcurrency = 2\nreasoning = \"off\"\n\
        [llm.providers.fast]\nkind = \"openai\"\nmodel = \"m\"\nbase_url = \"http://127.0.0.1:1/v1\"\n";
    let missing = "llm.provider is missing: name openai, anthropic or gemini, or leave out ";
    let none = ServeOptions::default;
    let model = || ServeOptions {
        llm_model: Some("m".into()),
        ..none()
    };
    let offline = || ServeOptions {
        llm: Some(Provider::Offline),
        ..none()
    };
    // The file, the command line, and what is wrong.
    let cases = [
        (one, none(), Some("llm.base_url, llm.model")),
        ("", model(), Some("llm.model")),
        (
            "[llm]\napi_key_env = \"MINE\"\n",
            none(),
            Some("llm.api_key_env"),
        ),
        (
            top,
            none(),
            Some(
                "llm.concurrency, llm.reasoning; what is said of one of llm.providers stands in its own table",
            ),
        ),
        // Whoever says so wants none, whatever else is said.
        (one, offline(), None),
        (
            "[llm]\nprovider = \"offline\"\nmodel = \"m\"\n",
            none(),
            None,
        ),
    ];
    for (table, options, expected) in cases {
        let told = llm_with(table, options).err().map(wrong);
        let expected = expected.map(|expected| vec![format!("{missing}{expected}")]);
        assert_eq!(told, expected, "{table}");
    }
}

#[test]
fn what_is_wrong_with_language_models_is_said_at_once() {
    let fast = "[llm.providers.fast]\nkind = \"openai\"\nmodel = \"m\"\nbase_url = \"http://127.0.0.1:1/v1\"\n";
    let slow = fast.replace("fast", "slow");
    let cases = [
        (
            format!("{fast}tiemout_s = 3\n{slow}price = {{ input = 1, outptu = 2 }}\n"),
            vec![
                ": llm.providers.fast.tiemout_s: no such setting; did you mean `timeout_s`?",
                ": llm.providers.slow.price.outptu: no such setting; did you mean `output`?",
            ],
        ),
        (
            "[llm.budgets.rooms]\n[llm.budgets.room]\ntokens_a_day = 1\n".into(),
            vec![
                ": llm.budgets.rooms: no such setting; did you mean `room`?",
                ": llm.budgets.room.tokens_a_day: no such setting; did you mean `tokens_per_day`?",
            ],
        ),
        (
            format!("[llm]\nuse = [\"fats\", \"offline\", \"offline\"]\n{fast}"),
            vec![
                "llm.use.0: there is no language model \"fats\" in chatter.toml; did you mean `fast`?",
                "llm.use.2: \"offline\" is named already",
            ],
        ),
        (
            format!("{fast}{slow}"),
            vec![
                "llm.use is missing: there are several providers, so name those to be asked, in order",
            ],
        ),
        (
            format!(
                "{fast}timeout_s = 0\nconcurrency = 0\nprice = {{ input = -1.0, output = 2 }}\n"
            ),
            vec![
                "llm.providers.fast.concurrency: 0 is less than 1",
                "llm.providers.fast.timeout_s: 0 is not in 0.1..=600",
                "llm.providers.fast.price.input: -1 is not 0 or more",
            ],
        ),
        (
            "[llm.providers.offline]\nkind = \"offline\"\n".into(),
            vec![
                "llm.providers.offline: the offline model is there by that name; it needs no table",
            ],
        ),
        (
            "[llm.providers.Fast]\nkind = \"openai\"\n".into(),
            vec!["llm.providers.Fast: a name is 1 to 63 of a-z, 0-9 and -"],
        ),
    ];
    for (text, expected) in cases {
        let here = folder(&[("configs/rooms/x", ""), ("chatter.toml", &text)]);
        let file = here.path().join("chatter.toml").display().to_string();
        let found: Vec<String> = wrong(load(&here, ServeOptions::default()).unwrap_err())
            .into_iter()
            .map(|line| line.replace(&file, ""))
            .collect();
        assert_eq!(found, expected, "{text}");
    }
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
fn moderation_providers_are_described_beside_the_models() {
    let llm = |table: &str| llm_with(table, ServeOptions::default());
    let own = "[llm.moderation.own]\nbase_url = \"http://127.0.0.1:1/v1\"\n";
    let server = &llm(own).unwrap().moderation["own"];
    assert_eq!(
        (&server.api_key_env, &*server.model),
        (&None, "omni-moderation-latest")
    );
    assert!(llm(own).unwrap().is_offline(), "it answers nobody");
    let cases = [
        (
            "[llm.moderation.own]\nbase_ulr = \"http://127.0.0.1:1/v1\"\n",
            ": llm.moderation.own.base_ulr: no such setting; did you mean `base_url`?",
        ),
        (
            "[llm.moderation.Own]\nbase_url = \"http://127.0.0.1:1/v1\"\n",
            "llm.moderation.Own: a name is 1 to 63 of a-z, 0-9 and -",
        ),
        (
            "[llm.moderation.own]\nbase_url = \"http://127.0.0.1:1/v1\"\nconcurrency = 0\nconnect_timeout_s = 0\n",
            "llm.moderation.own.concurrency: 0 is less than 1; llm.moderation.own.connect_timeout_s: 0 is not in 0.1..=600",
        ),
    ];
    for (table, wanted) in cases {
        let problems = wrong(llm(table).unwrap_err()).join("; ");
        assert!(problems.ends_with(wanted), "{problems}");
    }
}

#[test]
fn operators_are_told_of_every_setting() {
    let page = include_str!("../../../../docs/operations.md");
    for key in file::KEYS {
        assert!(page.contains(&format!("| `{key}` | ")), "{key}");
    }
}
