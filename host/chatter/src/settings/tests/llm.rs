//! Language models, and the providers of moderation beside them.

use super::*;

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

const TWO: &str = "[llm]\nuse = [\"fast\", \"offline\"]\n\
    [llm.budgets]\nroom = { tokens_per_day = 100000 }\n\
    [llm.providers.fast]\nkind = \"openai\"\nmodel = \"m\"\nbase_url = \"http://127.0.0.1:1/v1\"\nconcurrency = 2\n\
    queue = 8\ntimeout_s = 4.5\nsampling = false\nreasoning = 600\nprice = { input = 0.1, output = 0.4 }\n\
    [llm.providers.claude]\nkind = \"anthropic\"\nmodel = \"c\"\napi_key_env = \"MINE\"\n";

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
