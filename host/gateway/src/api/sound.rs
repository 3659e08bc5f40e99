//! The door for a page that shares its sound.

use super::{InRoom, live::bad_handshake};
use crate::{
    problem::Problem,
    room::Room,
    shared::{Shared, Slot},
    sharer::{self, Sharer},
};
use axum::{
    Extension,
    extract::{State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

pub(crate) async fn share(
    State(shared): State<Arc<Shared>>,
    InRoom(room): InRoom,
    Extension(slot): Extension<Slot>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    if let Some(why) = deaf(&room) {
        return Err(Problem::new(StatusCode::CONFLICT, "not_listening", why));
    }
    let Some(sharing) = room.share() else {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "already_shared",
            "another page shares its sound with this room: stop it there first",
        ));
    };
    if !headers.contains_key(header::UPGRADE) {
        // Who asks first, as a page must that is not shown why a WebSocket was refused.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let upgrade = upgrade.map_err(bad_handshake)?;
    Ok(sharer::bounded(upgrade).on_upgrade(async move |socket| {
        Sharer::new(socket, shared, room, sharing, slot).run().await;
    }))
}

/// Why nobody would hear what a page shares with a room.
fn deaf(room: &Room) -> Option<String> {
    match room.source() {
        Some(source) if source.hears_pages() => None,
        Some(source) => Some(format!(
            "this room listens to {}; give it the source browser: to have it listen to pages",
            source.source
        )),
        None => Some("nobody listens in this room now; its source has to be browser:".to_owned()),
    }
}
