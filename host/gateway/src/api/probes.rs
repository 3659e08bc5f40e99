//! What machines ask: alive, ready, metrics, the routes.

use crate::{auth, openapi, problem::Problem, shared::Shared};
use axum::{
    extract::{Request, State},
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::json;
use std::sync::{Arc, atomic::Ordering};

pub(crate) async fn health() -> Response {
    crate::problem::json(axum::http::StatusCode::OK, &json!({ "alive": true }))
}

/// Why the program is not ready may name what is behind it, and rooms of others.
pub(crate) async fn ready(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Response, Problem> {
    let is_insider = auth::is_insider(&shared, &request);
    let not_ready = |why: String| {
        let why = if is_insider {
            why
        } else {
            "this machine, and who has the operator's token, is told why".into()
        };
        Problem::unavailable("not_ready", why)
    };
    if shared.closing.is_cancelled() {
        return Err(not_ready("the program is ending".into()));
    }
    (shared.ready)().map_err(not_ready)?;
    let rooms = shared.rooms();
    if !rooms.order.is_empty() {
        shared.intake.ready().map_err(not_ready)?;
    }
    for room in &rooms.order {
        if !room.listening.load(Ordering::Acquire) {
            return Err(not_ready(format!(
                "the room {} does not hear its topics yet",
                room.id
            )));
        }
    }
    Ok(crate::problem::json(
        axum::http::StatusCode::OK,
        &json!({ "ready": true }),
    ))
}

pub(crate) async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    // The version is that of the text format.
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        (shared.metrics)(),
    )
        .into_response()
}

pub(crate) async fn openapi() -> Response {
    (
        [(header::CONTENT_TYPE, "application/json")],
        openapi::text(),
    )
        .into_response()
}
