//! The WebSocket's door.

use super::{InRoom, messages::after};
use crate::{
    auth::{self, Principal},
    body::Parameters,
    names,
    problem::Problem,
    room::Room,
    shared::{Shared, Slot},
    viewer::{self, Resume, Viewer},
};
use axum::{
    Extension,
    extract::{State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::Response,
};
use chatter_protocol::{Author, AuthorKind};
use rand::RngExt;
use std::sync::Arc;

pub(crate) async fn connect(
    State(shared): State<Arc<Shared>>,
    InRoom(room): InRoom,
    Extension(principal): Extension<Principal>,
    Extension(slot): Extension<Slot>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let parameters = Parameters::of(&uri)?;
    let resume = Resume {
        after: after(&parameters)?,
        epoch: parameters.text("epoch").map(str::to_owned),
    };
    let stream = parameters.flag("stream")?;
    let upgrade = upgrade.map_err(|rejection| not_upgradable(&headers, &rejection))?;
    let (principal, author, token) =
        who(&shared, &room, principal, parameters.text("name")).await?;

    let cookie = token
        .as_ref()
        .map(|token| auth::session_cookie(token, shared.config.secure_cookie));
    let mut response = viewer::bounded(upgrade).on_upgrade(async move |socket| {
        Viewer::new(socket, shared, room, author, stream, slot)
            .run(principal, token, resume)
            .await;
    });
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

fn not_upgradable(headers: &HeaderMap, rejection: &WebSocketUpgradeRejection) -> Problem {
    if headers.contains_key(header::UPGRADE) {
        return bad_handshake(rejection);
    }
    let detail = "this path is for WebSockets; GET .../messages reads the room's log";
    Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", detail)
        .header(header::UPGRADE, "websocket")
}

/// A request that wants to become a WebSocket, and can't.
pub(super) fn bad_handshake(rejection: &WebSocketUpgradeRejection) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "bad_handshake",
        format!("not a WebSocket handshake: {rejection}"),
    )
}

/// Who sits at the socket. Whoever brings neither token nor name gets a session under a made-up
/// name, and with it the session's token.
async fn who(
    shared: &Shared,
    room: &Room,
    principal: Principal,
    name: Option<&str>,
) -> Result<(Principal, Author, Option<String>), Problem> {
    if name.is_some() || !matches!(principal, Principal::Anonymous) {
        let author = principal.author(name, "/name", room)?;
        return Ok((principal, author, None));
    }
    let name = format!("guest{}", rand::rng().random_range(1000..100_000_u32));
    if shared.may_make_session().is_err() {
        // Watching goes on without a session.
        return Ok((principal, names::guest(&name), None));
    }
    let session = auth::make_session(shared, &name).await?;
    let author = names::author(session.you.id.clone(), &name, AuthorKind::Viewer);
    Ok((
        Principal::Session {
            id: session.you.id,
            name,
        },
        author,
        Some(session.token),
    ))
}
