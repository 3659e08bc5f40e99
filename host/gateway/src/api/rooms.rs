//! How rooms are doing.

use super::{InRoom, source};
use crate::{
    auth::Principal,
    problem::{Problem, json},
    room::Room,
    shared::Shared,
};
use axum::{Extension, extract::State, http::StatusCode, response::Response};
use chatter_protocol::{
    PersonaStatus,
    room::{RoomList, RoomStatus, RoomSummary},
};
use std::sync::Arc;

async fn summary(shared: &Shared, room: &Room) -> Result<RoomSummary, Problem> {
    let head = shared.store(shared.store.head(&room.id)).await?;
    Ok(RoomSummary {
        id: room.id.clone(),
        title: room.rules().title.clone(),
        epoch: head.epoch,
        offset: head.offset,
        viewers: room.audience(),
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
    Extension(principal): Extension<Principal>,
) -> Result<Response, Problem> {
    let summary = summary(&shared, &room).await?;
    let status = RoomStatus {
        summary,
        people: room.listed(shared.clock.now()),
        personas: seen_by(&principal, room.statuses()),
        model: shared.config.model.clone(),
        max_chars: room.rules().max_chars(),
        sound: source::sound(&shared, &room).await,
        source: matches!(principal, Principal::Operator)
            .then(|| room.source())
            .flatten(),
        moderation: matches!(principal, Principal::Operator)
            .then(|| moderation(&shared, &room))
            .flatten(),
    };
    Ok(json(StatusCode::OK, &status))
}

/// What is wrong with the provider that the room's policy names.
fn moderation(shared: &Shared, room: &Room) -> Option<String> {
    let rules = room.rules();
    let name = rules.moderator.provider()?.name();
    match shared.config.assessors.of(name) {
        Some(assessor) => assessor.trouble(&room.id.tenant()),
        None => Some(format!("there is no moderation provider {name}")),
    }
}

/// What is wrong in detail is for operators, since it names files and tells of the code's insides; and
/// so is what a shadow would have said, since people may take it for what was said.
fn seen_by(principal: &Principal, statuses: Vec<Arc<PersonaStatus>>) -> Vec<Arc<PersonaStatus>> {
    if matches!(principal, Principal::Operator) {
        return statuses;
    }
    let plain = |status: Arc<PersonaStatus>| {
        if status.shadow.is_none() && status.detail.is_empty() {
            return status;
        }
        Arc::new(PersonaStatus {
            shadow: None,
            detail: String::new(),
            ..PersonaStatus::clone(&status)
        })
    };
    statuses.into_iter().map(plain).collect()
}
