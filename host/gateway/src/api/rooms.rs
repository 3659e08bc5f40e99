//! How rooms are doing.

use super::InRoom;
use crate::{
    About,
    problem::{Problem, json},
    room::Room,
    shared::Shared,
};
use axum::{extract::State, http::StatusCode, response::Response};
use chatter_protocol::{PersonaStatus, RoomId};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

/// The rooms.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RoomList {
    /// In the order of the configuration.
    rooms: Vec<RoomSummary>,
}

/// A room in a list.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RoomSummary {
    /// `tenant/room`
    id: RoomId,
    /// What viewers read.
    title: String,
    /// Which log the offsets count in.
    epoch: String,
    /// The newest offset; 0 if nothing was said yet.
    offset: u64,
    /// How many WebSockets watch, at this gateway.
    viewers: usize,
}

/// How a room is doing.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RoomStatus {
    #[serde(flatten)]
    summary: RoomSummary,
    /// The personas, as their worker told it last.
    personas: Vec<PersonaStatus>,
    /// What the personas think with.
    model: About,
}

async fn summary(shared: &Shared, room: &Room) -> Result<RoomSummary, Problem> {
    let head = shared.store(shared.store.head(&room.id)).await?;
    Ok(RoomSummary {
        id: room.id.clone(),
        title: room.title.clone(),
        epoch: head.epoch,
        offset: head.offset,
        viewers: room.viewers(),
    })
}

pub(crate) async fn list(State(shared): State<Arc<Shared>>) -> Result<Response, Problem> {
    let mut rooms = Vec::with_capacity(shared.rooms.len());
    for room in shared
        .config
        .rooms
        .iter()
        .filter_map(|setup| shared.rooms.get(&setup.id))
    {
        rooms.push(summary(&shared, room).await?);
    }
    Ok(json(StatusCode::OK, &RoomList { rooms }))
}

pub(crate) async fn status(
    State(shared): State<Arc<Shared>>,
    InRoom(room): InRoom,
) -> Result<Response, Problem> {
    let summary = summary(&shared, &room).await?;
    let status = RoomStatus {
        summary,
        personas: room.statuses(),
        model: shared.config.model.clone(),
    };
    Ok(json(StatusCode::OK, &status))
}
