//! A room's own emotes: which there are, and their pictures.

use super::InRoom;
use crate::{
    problem::{Problem, json},
    room::Room,
    shared::Shared,
};
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chatter_emotes::Emotes;
use std::sync::Arc;

fn of(shared: &Shared, room: &Room) -> Arc<Emotes> {
    let albums = shared.config.emotes.load();
    albums.get(&room.id).cloned().unwrap_or_default()
}

pub(crate) async fn list(State(shared): State<Arc<Shared>>, InRoom(room): InRoom) -> Response {
    let address = |picture: &chatter_emotes::Picture| {
        format!("/v1/rooms/{}/emotes/{}", room.id, picture.digest())
    };
    json(StatusCode::OK, &of(&shared, &room).list(address))
}

pub(crate) async fn picture(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<(String, String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    let none =
        || Problem::not_found("there is no such picture: GET .../emotes lists those of a room");
    let Path((tenant, room, digest)) = path.map_err(|_| none())?;
    let room = shared.room(&tenant, &room)?;
    let emotes = of(&shared, &room);
    let picture = emotes.picture(&digest).ok_or_else(none)?;
    let headers = [
        (header::CONTENT_TYPE, picture.kind().media_type()),
        // Another content has another address. Not for caches that many share: who may read is asked here.
        (
            header::CACHE_CONTROL,
            "private, max-age=31536000, immutable",
        ),
    ];
    Ok((headers, picture.bytes().clone()).into_response())
}
