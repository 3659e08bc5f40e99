//! Emote sets as 7TV's API lists them.

use crate::{MAX_CODE, MOST, Named, is_code};
use serde::Deserialize;
use std::{collections::BTreeSet, path::Path};

/// As much of a set as counts here (`GET https://7tv.io/v3/emote-sets/ID`); the rest may be anything.
#[derive(Deserialize)]
struct Set {
    #[serde(default)]
    emotes: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    name: String,
}

/// In the order in which one is looked for.
const ENDS: [&str; 3] = ["webp", "gif", "png"];

/// The emotes of a set, and where their pictures may be in a folder: under their ids, or their names. One whose
/// name makes no code, or one that another emote has, be it one of `theirs`, is called by its id.
pub(crate) fn of(
    text: &[u8],
    folder: &Path,
    theirs: impl Fn(&str) -> bool,
) -> Result<Vec<Named>, String> {
    let set: Set = serde_json::from_slice(text).map_err(|error| {
        format!("not an emote set as https://7tv.io/v3/emote-sets/ID gives it: {error}")
    })?;
    if set.emotes.is_empty() {
        return Err("holds no emotes: `emotes` is missing, or empty".into());
    }
    if set.emotes.len() > MOST {
        return Err(format!(
            "holds {} emotes: a room has at most {MOST}",
            set.emotes.len()
        ));
    }
    let mut taken = BTreeSet::new();
    let mut named = Vec::with_capacity(set.emotes.len());
    for (at, Entry { id, name }) in set.emotes.into_iter().enumerate() {
        // It becomes part of a path.
        if !is_code(&id) {
            return Err(format!(
                "/emotes/{at}/id: {id:?} is not 1 to {MAX_CODE} of a-z, A-Z, 0-9, _"
            ));
        }
        let code = code(&name)
            .filter(|code| !taken.contains(code) && !theirs(code))
            .unwrap_or_else(|| id.clone());
        let names = [Some(&id), Some(&name).filter(|name| is_code(name))];
        let paths = names
            .into_iter()
            .flatten()
            .flat_map(|stem| ENDS.map(|end| folder.join(format!("{stem}.{end}"))));
        named.push((code.clone(), paths.collect()));
        taken.insert(code);
    }
    Ok(named)
}

/// A name as a code, which has no marks in it: `peepoHey!` is `:peepoHey:`.
fn code(name: &str) -> Option<String> {
    let plain: String = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    is_code(&plain).then_some(plain)
}
