//! Stream contexts from outside.

use super::InRoom;
use crate::{body, problem::Problem, shared::Shared};
use axum::{
    extract::{Request, State},
    http::StatusCode,
};
use chatter_protocol::{StreamContext, TopicKind};
use std::{sync::Arc, time::Duration};

/// How long the bus may take.
const DEADLINE: Duration = Duration::from_secs(5);

pub(crate) async fn hand_in(
    State(shared): State<Arc<Shared>>,
    InRoom(room): InRoom,
    request: Request,
) -> Result<StatusCode, Problem> {
    let context: StreamContext = body::json(request).await?;
    if context.room_id != room.id {
        let detail = format!("this is the room {}, not {}", room.id, context.room_id);
        return Err(Problem::unprocessable("invalid", detail).at("/room_id"));
    }
    let topic = room.topic(TopicKind::StreamContext);
    let saying = chatter_bus::publish_json(shared.bus.as_ref(), &topic, &context);
    match tokio::time::timeout(DEADLINE, saying).await {
        Ok(Ok(())) => Ok(StatusCode::ACCEPTED),
        Ok(Err(error)) => {
            tracing::error!(%topic, %error, "a context could not be passed on");
            Err(Problem::unavailable(
                "bus_unavailable",
                "the bus fails; the operator's log says why; try again later",
            ))
        }
        Err(_) => Err(Problem::unavailable(
            "bus_unavailable",
            "the bus does not answer: try again later",
        )),
    }
}
