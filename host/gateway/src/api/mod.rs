//! What each route does, once the guard has let a request through.

pub(crate) mod audit;
pub(crate) mod context;
pub(crate) mod emotes;
pub(crate) mod live;
pub(crate) mod messages;
pub(crate) mod moderators;
pub(crate) mod pages;
pub(crate) mod probes;
pub(crate) mod rooms;
pub(crate) mod sessions;
pub(crate) mod sound;
pub(crate) mod source;

use crate::{problem::Problem, room::Room, shared::Shared};
use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use std::sync::Arc;

/// The room that a path names.
pub(crate) struct InRoom(pub(crate) Arc<Room>);

impl FromRequestParts<Arc<Shared>> for InRoom {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let Path((tenant, room)) = Path::<(String, String)>::from_request_parts(parts, shared)
            .await
            .map_err(|_| Problem::not_found("the path names no room: a room is tenant/room"))?;
        shared.room(&tenant, &room).map(Self)
    }
}
