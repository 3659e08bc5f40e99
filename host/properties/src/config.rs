//! What operators write.

use crate::wire::is_itself_again;
use chatter_protocol::{ModerationPolicy, ModuleConfig, PersonaConfig, RoomConfig, Schematic};
use std::{fs, path::Path};
use tempfile::TempDir;

/// `configs/personas/NAME.toml`.
pub fn persona_toml(text: &[u8]) {
    file::<PersonaConfig>("personas/nova.toml", text);
}

/// `configs/rooms/NAME.toml`.
pub fn room_toml(text: &[u8]) {
    file::<RoomConfig>("rooms/lobby.toml", text);
}

/// `configs/modules/NAME.toml`.
pub fn module_toml(text: &[u8]) {
    file::<ModuleConfig>("modules/regular.toml", text);
}

/// `configs/moderation/NAME.toml`.
pub fn policy_toml(text: &[u8]) {
    file::<ModerationPolicy>("moderation/default.toml", text);
}

/// `chatter.toml`.
pub fn settings_toml(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    if let Err(problems) = chatter::settings::check_text(text) {
        assert!(!problems.is_empty());
        for problem in problems {
            assert!(problem.starts_with(':'), "{problem:?} names no place");
            assert!(!problem.contains('\n'), "{problem:?}");
        }
    }
}

/// A folder with one file in it, loaded as the program does.
fn file<T>(name: &str, bytes: &[u8])
where
    T: Schematic + serde::Serialize + PartialEq + std::fmt::Debug,
{
    let folder = TempDir::new().expect("a folder for the test");
    let path = folder.path().join(name);
    let parent = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(parent).expect("a folder for the test");
    fs::write(&path, bytes).expect("a file for the test");
    if let Err(problems) = chatter::config::load(folder.path(), None) {
        assert!(!problems.is_empty());
        let place = folder.path().display().to_string();
        for problem in problems {
            assert!(problem.starts_with(&place), "{problem:?} names no file");
            let line = &problem[place.len()..];
            assert!(!line.contains('\n'), "{problem:?}");
            assert!(line.len() < 4 * bytes.len() + 2000, "{problem:?}");
        }
    }
    let value = std::str::from_utf8(bytes).ok().and_then(toml_value);
    if let Some(Ok(read)) = value.map(T::from_value) {
        is_itself_again(&read);
    }
}

fn toml_value(text: &str) -> Option<serde_json::Value> {
    toml::from_str(text).ok()
}
