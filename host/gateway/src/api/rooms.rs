//! How rooms are doing.

use super::InRoom;
use crate::{
    problem::{Problem, json},
    room::Room,
    shared::Shared,
};
use axum::{extract::State, http::StatusCode, response::Response};
use chatter_protocol::room::{RoomList, RoomStatus, RoomSummary};
use std::sync::Arc;

async fn summary(shared: &Shared, room: &Room) -> Result<RoomSummary, Problem> {
    let head = shared.store(shared.store.head(&room.id)).await?;
    Ok(RoomSummary {
        id: room.id.clone(),
        title: room.rules().title.clone(),
        epoch: head.epoch,
        offset: head.offset,
        viewers: room.viewers(),
    })
}

pub(crate) async fn list(State(shared): State<Arc<Shared>>) -> Result<Response, Problem> {
    let all = shared.rooms();
    let mut rooms = Vec::with_capacity(all.order.len());
    for room in &all.order {
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
        people: room.people.latest(),
        personas: room.statuses(),
        model: shared.config.model.clone(),
    };
    Ok(json(StatusCode::OK, &status))
}
