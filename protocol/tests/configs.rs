//! The configurations that ship obey the schemas, and what they name is there.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chatter_protocol::{ModerationPolicy, PersonaConfig, RoomConfig, Schematic};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Every file of a folder in `configs/`: its path, its name without `.toml`, what it says.
fn read<T: Schematic>(folder: &str) -> Vec<(PathBuf, String, T)> {
    let folder = root().join("configs").join(folder);
    let mut read: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            assert_eq!(path.extension().unwrap(), "toml", "{}", path.display());
            let text = fs::read_to_string(&path).unwrap();
            let value: Value =
                toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let config = T::from_value(value)
                .unwrap_or_else(|invalid| panic!("{}: {invalid}", path.display()));
            (
                path.clone(),
                path.file_stem().unwrap().to_str().unwrap().to_owned(),
                config,
            )
        })
        .collect();
    read.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(!read.is_empty(), "{} is empty", folder.display());
    read
}

/// The modules that ship, by their folders in `personas/`.
const MODULES: [&str; 5] = ["regular", "hype", "helper", "bets", "scorekeeper"];

fn is_shipped_module(module: &str) -> bool {
    MODULES.contains(&module)
}

#[test]
fn personas_are_named_after_their_file_and_are_different_people() {
    let mut distinct = BTreeSet::new();
    let personas = read::<PersonaConfig>("personas");
    for (path, file, persona) in &personas {
        assert_eq!(persona.id.as_str(), file, "{}", path.display());
        assert!(
            is_shipped_module(&persona.module),
            "{}: {}",
            path.display(),
            persona.module
        );
        for name in [
            "talkativeness",
            "excitability",
            "helpfulness",
            "sociability",
        ] {
            assert!(
                persona.traits.contains_key(name),
                "{}: no {name}",
                path.display()
            );
        }
        assert!(
            !persona.bio.is_empty() && !persona.style.is_empty(),
            "{}",
            path.display()
        );
        let looks = [persona.name.to_lowercase(), persona.color.clone().unwrap()];
        for look in looks
            .into_iter()
            .chain([persona.bio.clone(), persona.style.clone()])
        {
            assert!(
                distinct.insert(look.clone()),
                "{}: {look:?} is another's",
                path.display()
            );
        }
    }
    let modules: BTreeSet<_> = personas
        .iter()
        .map(|(_, _, persona)| &persona.module)
        .collect();
    assert_eq!(
        modules.len(),
        MODULES.len(),
        "every shipped module is shown"
    );
}

#[test]
fn rooms_name_what_is_there() {
    let personas: BTreeSet<_> = read::<PersonaConfig>("personas")
        .into_iter()
        .map(|(.., persona)| persona.id)
        .collect();
    let policies: BTreeSet<_> = read::<ModerationPolicy>("moderation")
        .into_iter()
        .map(|(.., policy)| policy.name)
        .collect();
    for (path, file, room) in read::<RoomConfig>("rooms") {
        assert_eq!(room.id.room(), file, "{}", path.display());
        assert_eq!(room.id.tenant().as_str(), "main", "{}", path.display());
        assert!(
            policies.contains(&room.moderation),
            "{}: {}",
            path.display(),
            room.moderation
        );
        let mut seated = BTreeSet::new();
        for seat in &room.roster {
            assert!(
                personas.contains(&seat.persona),
                "{}: {}",
                path.display(),
                seat.persona
            );
            assert!(
                seated.insert(&seat.persona),
                "{}: {} sits twice",
                path.display(),
                seat.persona
            );
            assert!(
                seat.module.as_deref().is_none_or(is_shipped_module),
                "{}",
                path.display()
            );
        }
        if let Some(source) = &room.source {
            let file = path.parent().unwrap().join(&source.uri);
            assert!(
                file.is_file(),
                "{}: {} is not there",
                path.display(),
                file.display()
            );
        }
    }
}

#[test]
fn policies_are_named_after_their_file() {
    for (path, file, policy) in read::<ModerationPolicy>("moderation") {
        assert_eq!(policy.name, file, "{}", path.display());
    }
}

/// TOML tells integers from floats; whoever writes `talkativeness = 1` means a number.
#[test]
fn a_toml_integer_is_a_number() {
    let text = "id = 'nova'\nname = 'Nova'\nmodule = 'hype'\ntraits = { talkativeness = 1 }";
    let persona = PersonaConfig::from_value(toml::from_str(text).unwrap()).unwrap();
    assert_eq!(persona.traits["talkativeness"].to_bits(), 1.0_f64.to_bits());

    let text = "id = 'main/lobby'\ntitle = 'Lobby'\nsource = { uri = 'a.vtt', speed = 2 }\ntuning = { cooldown_s = 4 }";
    let room = RoomConfig::from_value(toml::from_str(text).unwrap()).unwrap();
    assert_eq!(room.source.unwrap().speed.to_bits(), 2.0_f64.to_bits());
    assert_eq!(room.tuning.cooldown_s.to_bits(), 4.0_f64.to_bits());
    assert_eq!(
        room.tuning.max_chain, 3,
        "what is not written has its default"
    );
}

/// `nan` and dates are TOML, and neither is a number that a room can be tuned by.
#[test]
fn what_json_has_no_word_for_is_refused_by_its_place() {
    for (value, refusal) in [
        ("nan", "/traits/x: not a number"),
        ("2026-01-31", "/traits/x: not a number"),
    ] {
        let text = format!("id = 'n'\nname = 'N'\nmodule = 'hype'\n[traits]\nx = {value}");
        let invalid = PersonaConfig::from_value(toml::from_str(&text).unwrap()).unwrap_err();
        assert_eq!(invalid.to_string(), refusal);
    }
}
