//! What is made, and under which names.

use super::*;

fn made(name: &str, language: Language, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    new(&New {
        name: name.into(),
        language,
        folder: folder.into(),
        sdk: None,
    })
}

#[test]
fn every_language_has_a_template_that_is_a_project_of_the_name() {
    let long = format!("a-{}-z", "b".repeat(59));
    let long_title = format!("A B{}", "b".repeat(37));
    for language in Language::ALL {
        for (name, title) in [("my-bird", "My Bird"), (&*long, &*long_title)] {
            let folder = tempfile::tempdir().unwrap();
            let files = made(name, language, folder.path()).unwrap();
            for file in files.iter().filter(|file| !is_sdk(file)) {
                let text = fs::read_to_string(folder.path().join(file)).unwrap();
                assert!(
                    !text.contains("{{"),
                    "{language}: {}: {text}",
                    file.display()
                );
            }
            let project = crate::Project::open(folder.path()).unwrap();
            assert_eq!((project.name.as_str(), project.language), (name, language));
            let character = crate::character::read(&project.character()).unwrap();
            assert_eq!((character.id.as_str(), &*character.module), (name, name));
            assert_eq!(character.name, title, "{language}");
        }
    }
}

/// Words of code that begin with a capital: without constants, comments and texts.
fn types(code: &str) -> Vec<&str> {
    let texts_and_comments = [
        r#"(?s)""".*?""""#,
        r#""(?:[^"\\\n]|\\.)*""#,
        r"'[^'\n]*'",
        r"/\*.*?\*/",
        r"//[^\n]*",
        r"#[ :!][^\n]*",
        // A regular expression of JavaScript's.
        r"/[^/\n]+/",
    ];
    let texts_and_comments = regex::Regex::new(&texts_and_comments.join("|")).unwrap();
    let word = regex::Regex::new(r"\b[A-Z]\w*\b").unwrap();
    let mut from = 0;
    let mut pieces = Vec::new();
    for left_out in texts_and_comments.find_iter(code) {
        pieces.push(&code[from..left_out.start()]);
        from = left_out.end();
    }
    pieces.push(&code[from..]);
    pieces
        .into_iter()
        .flat_map(|piece| {
            word.find_iter(piece)
                // What stands in another's name does not clash.
                .filter(|found| !piece[..found.start()].ends_with(['.', ':']))
                .map(|found| found.as_str())
        })
        .filter(|word| !word.contains('_') && *word != "Name")
        .collect()
}

#[test]
fn no_type_has_a_name_that_its_template_uses() {
    assert_eq!(
        types("use A; // B\n/* C */ \"D \\\" E\" F::G f.H F_G {{Name}}"),
        ["A", "F"]
    );
    let mut seen = 0;
    for language in Language::ALL {
        let own = files(language)
            .iter()
            .filter(|(path, _)| !is_sdk(Path::new(path)));
        let code = own.filter(|(path, _)| {
            [".rs", ".js", ".py"]
                .iter()
                .any(|ending| path.ends_with(ending))
        });
        for (path, text) in code {
            for name in types(text) {
                seen += 1;
                let taken = TYPES.contains(&name);
                assert!(taken, "{language}: {path}: {name} is not in TYPES");
            }
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn names_that_could_not_be_built_are_refused() {
    for (name, language, good) in [
        ("nova", Language::Rust, true),
        ("no-va2", Language::Rust, true),
        ("Nova", Language::Rust, false),
        ("", Language::Rust, false),
        ("2nova", Language::Rust, false),
        ("no va", Language::JavaScript, false),
        ("core", Language::Rust, false),
        ("core", Language::Python, true),
    ] {
        assert_eq!(
            check_name(name, language).is_ok(),
            good,
            "{name} {language}"
        );
    }
}

#[test]
fn words_in_a_name_become_a_type_and_a_title() {
    for (name, of_type, for_people) in [
        ("nova", "Nova", "Nova"),
        ("my-bird-2", "MyBird2", "My Bird 2"),
        ("host", "HostPersona", "Host"),
        ("latest", "LatestPersona", "Latest"),
        ("none", "NonePersona", "None"),
        ("a--b", "AB", "A B"),
    ] {
        assert_eq!(type_name(name), of_type);
        assert_eq!(title(name), for_people);
    }
}

#[test]
fn nothing_is_written_into_a_folder_that_holds_something() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine"), "x").unwrap();
    let why = made("nova", Language::Rust, folder.path()).unwrap_err();
    assert!(matches!(why, Error::Occupied(_)), "{why}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_part_of_a_workspace_is_no_workspace_itself() {
    let above = tempfile::tempdir().unwrap();
    let manifest = "[workspace]\nmembers = [\"personas/*\", \"single\"]";
    fs::write(above.path().join("Cargo.toml"), manifest).unwrap();
    for (folder, member) in [
        ("personas/nova", true),
        ("single", true),
        ("nova", false),
        ("personas/deep/nova", false),
    ] {
        let folder = above.path().join(folder);
        made("nova", Language::Rust, &folder).unwrap();
        let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        assert_eq!(
            !text.contains("[workspace]"),
            member,
            "{}",
            folder.display()
        );
    }
}
