//! Whom a name means.

use crate::{names, problem::Problem, room::Room};
use axum::http::StatusCode;
use chatter_protocol::{AuthorId, moderators::Named};
use std::collections::BTreeMap;

/// Whom a moderator means: an author id is taken as it is; a name is that of somebody who is there or spoke lately, of a persona of
/// the room, or of somebody whom a decision is about.
pub(super) fn find(room: &Room, who: &str) -> Result<Named, Problem> {
    let who = who.trim().trim_start_matches('@');
    let mut known: BTreeMap<AuthorId, String> = BTreeMap::new();
    let state = room.moderators.state();
    for ban in state.bans.values() {
        known.insert(ban.author.id.clone(), ban.author.name.clone());
    }
    for entry in state.moderators.values() {
        known.insert(entry.author.id.clone(), entry.author.name.clone());
    }
    for held in state.held.values() {
        let author = &held.held.message.author;
        known.insert(author.id.clone(), author.name.clone());
    }
    for seat in &room.rules().seats {
        known.insert(seat.id.author(), seat.name.clone());
    }
    known.extend(room.moderators.lately().authors());
    for person in room.people.all() {
        known.insert(person.id.clone(), person.name.clone());
    }
    if who.contains(':')
        && let Ok(id) = AuthorId::new(who)
    {
        let name = known.remove(&id).unwrap_or_else(|| who.to_owned());
        return Ok(Named { id, name });
    }
    let folded = names::fold(who);
    known.retain(|_, name| names::fold(name) == folded);
    let mut found = known.into_iter();
    match (found.next(), found.next()) {
        (Some((id, name)), None) => Ok(Named { id, name }),
        (Some((first, _)), Some((second, _))) => {
            let ids: Vec<String> = [first, second]
                .into_iter()
                .chain(found.map(|(id, _)| id))
                .take(8)
                .map(|id| id.to_string())
                .collect();
            let detail = format!(
                "several people have that name: give the id of the one you mean: {}",
                ids.join(", ")
            );
            Err(Problem::new(StatusCode::CONFLICT, "ambiguous_name", detail))
        }
        (None, _) => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "unknown_name",
            "nobody of that name is here or spoke lately: give the author's id",
        )),
    }
}
