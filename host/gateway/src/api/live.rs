//! The WebSocket's door.

use super::{InRoom, messages::after};
use crate::{
    auth::{self, Principal},
    body::Parameters,
    names,
    places::{self, Place},
    problem::Problem,
    room::{Room, Seated},
    shared::{Shared, Slot},
    stream::Stream,
    viewer::{Resume, Viewer},
    ws,
};
use axum::{
    Extension,
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use chatter_protocol::{Author, AuthorKind};
use hyper_util::rt::TokioIo;
use rand::RngExt;
use std::{
    fmt::Display,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// The version of the protocol that is spoken here; who speaks another is told (RFC 6455, section 4.2.2).
const VERSION: &str = "13";

pub(crate) async fn connect(
    State(shared): State<Arc<Shared>>,
    InRoom(room): InRoom,
    Extension(principal): Extension<Principal>,
    Extension(slot): Extension<Slot>,
    Extension(ConnectInfo(peer)): Extension<ConnectInfo<SocketAddr>>,
    mut request: Request,
) -> Result<Response, Problem> {
    let parameters = Parameters::of(request.uri())?;
    let resume = Resume {
        after: after(&parameters)?,
        epoch: parameters.text("epoch").map(str::to_owned),
        stream: parameters.flag("stream")?,
    };
    let name = parameters.text("name").map(str::to_owned);
    let overlay = parameters.flag("overlay")?;
    let accept = match ws::accept(request.method(), request.version(), request.headers()) {
        Ok(accept) => accept,
        Err(why) => {
            if !request.headers().contains_key(header::UPGRADE) {
                // A page is not shown why its WebSocket was refused, and asks like this.
                take_place(&shared, &room, peer.ip())?;
                let is_somebody = name.is_some() || !matches!(principal, Principal::Anonymous);
                if is_somebody && !overlay {
                    principal.author(name.as_deref(), "/name", &room)?;
                }
            }
            return Err(not_upgradable(request.headers(), why));
        }
    };
    // Before a session is made: those of whoever is refused would stay, and push out other people's.
    let (place, seat) = take_place(&shared, &room, peer.ip())?;
    let (principal, author, scopes, token, seat) = if overlay {
        (
            Principal::Anonymous,
            names::overlay(),
            auth::READER,
            None,
            seat.taken_by_overlay(),
        )
    } else {
        let (principal, author, token) =
            who(&shared, &room, principal, name.as_deref(), place.network()).await?;
        let seat = seat.taken_by(&author);
        let scopes = principal.scopes_in(&room, shared.clock.now());
        (principal, author, scopes, token, seat)
    };

    let cookie = token
        .as_ref()
        .map(|token| auth::session_cookie(token, shared.config.secure_cookie));
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let (tcp, read) = match ws::taken::<TokioIo<Stream>>(upgrade).await {
            Ok((io, read)) => (io.into_inner().into_tcp(), read),
            Err(error) => {
                tracing::debug!(%error, "a handshake broke off");
                return;
            }
        };
        let who = (principal, author, scopes);
        let viewer = Viewer::new(tcp, &read, shared, room, who, (seat, place, slot));
        // What is left of the request ends here.
        drop::<Bytes>(read);
        tokio::spawn(viewer.run(token, resume));
    });

    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// A place at the gateway and a seat in the room, for as long as the result lives.
fn take_place(
    shared: &Shared,
    room: &Arc<Room>,
    address: IpAddr,
) -> Result<(Place, Seated), Problem> {
    let place = shared.places.take(address)?;
    let seat = room
        .seat_viewer(shared.config.limits.viewers_per_room)
        .ok_or_else(|| places::full("the room is full: try again later"))?;
    Ok((place, seat))
}

fn not_upgradable(headers: &HeaderMap, why: &str) -> Problem {
    let version = headers.get(header::SEC_WEBSOCKET_VERSION);
    if headers.contains_key(header::UPGRADE) {
        if version.is_none_or(|version| version == VERSION) {
            return bad_handshake(why);
        }
        let detail = format!("not a WebSocket handshake: {why}");
        return Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", detail)
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, VERSION);
    }
    let detail = "this path is for WebSockets; GET .../messages reads the room's log";
    Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", detail)
        .header(header::UPGRADE, "websocket")
}

/// A request that wants to become a WebSocket, and can't.
pub(super) fn bad_handshake(why: impl Display) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "bad_handshake",
        format!("not a WebSocket handshake: {why}"),
    )
    .header(header::SEC_WEBSOCKET_VERSION, VERSION)
}

/// Who sits at the socket. Whoever brings neither token nor name gets a session under a made-up
/// name, and with it the session's token.
async fn who(
    shared: &Shared,
    room: &Room,
    principal: Principal,
    name: Option<&str>,
    network: Option<IpAddr>,
) -> Result<(Principal, Author, Option<String>), Problem> {
    if name.is_some() || !matches!(principal, Principal::Anonymous) {
        let author = principal.author(name, "/name", room)?;
        return Ok((principal, author, None));
    }
    let name = format!("guest{}", rand::rng().random_range(1000..100_000_u32));
    if shared.may_make_session(network).is_err() {
        // Watching goes on without a session.
        return Ok((principal, names::guest(&name), None));
    }
    let (session, stored) = auth::make_session(shared, &name).await?;
    let author = names::author(session.you.id, &name, AuthorKind::Viewer);
    Ok((Principal::Session(stored), author, Some(session.token)))
}
