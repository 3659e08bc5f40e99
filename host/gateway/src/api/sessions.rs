//! Guests' sessions.

use crate::{
    auth::{self, Principal},
    body, names,
    problem::{Problem, json},
    shared::Shared,
};
use axum::{
    Extension,
    extract::{ConnectInfo, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use chatter_protocol::frames::SessionRequest;
use std::{net::SocketAddr, sync::Arc};

pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    Extension(ConnectInfo(peer)): Extension<ConnectInfo<SocketAddr>>,
    request: Request,
) -> Result<Response, Problem> {
    // An old cookie does no harm here: it is about to be replaced. Where guests are not let in, the
    // operator makes their sessions for them.
    if !shared.config.guests
        && !matches!(
            auth::authenticate(&shared, request.headers()).await?,
            Principal::Operator
        )
    {
        return Err(Problem::unauthorized(
            "guests are not let in here: ask the operator for a token, and send it as `Authorization: Bearer TOKEN`",
        ));
    }
    let SessionRequest { name } = body::json(request).await?;
    let name = names::check(&name, "/name")?;
    shared.rooms().taken.refuse(name, "/name")?;
    // Where guests are not let in all are the operator's, which may come from one address.
    let network = shared.places.bounded(peer.ip());
    shared.may_make_session(network.filter(|_| shared.config.guests))?;
    let (session, _) = auth::make_session(&shared, name).await?;
    let mut response = json(StatusCode::CREATED, &session);
    let cookie = auth::session_cookie(&session.token, shared.config.secure_cookie);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
