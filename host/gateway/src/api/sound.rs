//! The door for a page that shares its sound.

use super::{InRoom, live::not_upgradable};
use crate::{
    problem::Problem,
    shared::{Shared, Slot},
    sharer::{self, Sharer},
};
use axum::{
    Extension,
    extract::{State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use std::sync::Arc;

pub(crate) async fn share(
    State(shared): State<Arc<Shared>>,
    InRoom(room): InRoom,
    Extension(slot): Extension<Slot>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    // Who asks without a WebSocket learns from this, too, whether it could share.
    let Some(sharing) = room.share() else {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "already_shared",
            "another page shares its sound with this room: stop it there first",
        ));
    };
    let upgrade = upgrade.map_err(|rejection| {
        let otherwise = "this path is for WebSockets, through which sound comes";
        not_upgradable(&headers, &rejection, otherwise)
    })?;
    Ok(sharer::bounded(upgrade).on_upgrade(async move |socket| {
        Sharer::new(socket, shared, room, sharing, slot).run().await;
    }))
}
