//! A room's own emotes: which there are, and their pictures.

use super::InRoom;
use crate::{
    problem::{Problem, json},
    shared::Shared,
};
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

pub(crate) async fn list(State(shared): State<Arc<Shared>>, InRoom(room): InRoom) -> Response {
    let address = |picture: &chatter_emotes::Picture| {
        format!("/v1/rooms/{}/emotes/{}", room.id, picture.digest())
    };
    json(StatusCode::OK, &shared.emotes(&room.id).list(address))
}

pub(crate) async fn picture(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<(String, String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    let none =
        || Problem::not_found("there is no such picture: GET .../emotes lists those of a room");
    let Path((tenant, room, digest)) = path.map_err(|_| none())?;
    let room = shared.room(&tenant, &room)?;
    let emotes = shared.emotes(&room.id);
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
