//! What moderators do over HTTP.

use super::InRoom;
use crate::{
    auth::Principal,
    body::{self, Parameters},
    moderators::{Actor, orders, removing},
    problem::{Problem, json},
    room::Room,
    shared::Shared,
};
use axum::{
    Extension,
    extract::{FromRequestParts, Path, Request, State},
    http::{StatusCode, Uri, request::Parts},
    response::Response,
};
use chatter_protocol::{
    AuthorId, MessageId,
    moderators::{
        BanList, BanRequest, Decision, HeldList, HeldRequest, Judgement, ModeratorList,
        ModeratorRequest, Named,
    },
    modes::ModesPatch,
};
use std::{str::FromStr, sync::Arc};

/// Something in a room, by its id.
pub(crate) struct OfRoom<T>(pub(crate) Arc<Room>, pub(crate) T);

impl<T: FromStr + Send> FromRequestParts<Arc<Shared>> for OfRoom<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let path = Path::<(String, String, String)>::from_request_parts(parts, shared).await;
        let Path((tenant, room, id)) =
            path.map_err(|_| Problem::not_found("the path names no room: a room is tenant/room"))?;
        let room = shared.room(&tenant, &room)?;
        let id = id
            .parse()
            .map_err(|_| Problem::not_found("the last part of the path is no id"))?;
        Ok(Self(room, id))
    }
}

/// Carries an order out, whether its client waits for that or not.
async fn ordered<T, F>(
    shared: &Arc<Shared>,
    room: &Arc<Room>,
    principal: &Principal,
    order: impl FnOnce(Arc<Shared>, Arc<Room>, Actor) -> F,
) -> Result<T, Problem>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Problem>> + Send + 'static,
{
    let actor = principal.actor(room, shared.clock.now());
    let order = order(Arc::clone(shared), Arc::clone(room), actor);
    orders::to_its_end(shared, order).await
}

/// How long a reason may be, in characters.
pub(crate) const MOST_REASON: usize = 200;

fn reason(uri: &Uri) -> Result<String, Problem> {
    let parameters = Parameters::of(uri)?;
    let reason = parameters.text("reason").unwrap_or_default();
    if reason.chars().count() > MOST_REASON {
        return Err(Problem::bad_query(
            "reason",
            "is longer than 200 characters",
        ));
    }
    Ok(reason.to_owned())
}

pub(crate) async fn delete(
    State(shared): State<Arc<Shared>>,
    OfRoom(room, id): OfRoom<MessageId>,
    Extension(principal): Extension<Principal>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    let reason = reason(&uri)?;
    ordered(&shared, &room, &principal, |shared, room, actor| async move {
        removing::delete(&shared, &room, &actor, id, reason).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn clear(
    State(shared): State<Arc<Shared>>,
    InRoom(room): InRoom,
    Extension(principal): Extension<Principal>,
    uri: Uri,
) -> Result<Response, Problem> {
    let reason = reason(&uri)?;
    let author = Parameters::of(&uri)?.text("author").map(str::to_owned);
    let cleared = ordered(
        &shared,
        &room,
        &principal,
        |shared, room, actor| async move {
            removing::clear_by_name(&shared, &room, &actor, author.as_deref(), reason).await
        },
    )
    .await?;
    Ok(json(StatusCode::OK, &cleared))
}

pub(crate) async fn bans(
    State(shared): State<Arc<Shared>>,
    InRoom(room): InRoom,
) -> Result<Response, Problem> {
    let (state, now) = (room.moderators.state(), shared.clock.now());
    let bans = state.bans.values();
    let bans = bans.filter(|ban| ban.until.is_none_or(|until| until > now));
    let bans = bans.cloned().collect();
    Ok(json(StatusCode::OK, &BanList { bans }))
}

pub(crate) async fn ban(
    State(shared): State<Arc<Shared>>,
    InRoom(room): InRoom,
    Extension(principal): Extension<Principal>,
    request: Request,
) -> Result<Response, Problem> {
    let BanRequest {
        author,
        seconds,
        reason,
        clear,
    } = body::json(request).await?;
    let (reason, clears) = (reason.unwrap_or_default(), clear.unwrap_or(true));
    let ban = ordered(
        &shared,
        &room,
        &principal,
        |shared, room, actor| async move {
            orders::ban_by_name(&shared, &room, &actor, &author, seconds, reason, clears).await
        },
    )
    .await?;
    Ok(json(StatusCode::CREATED, &ban))
}

pub(crate) async fn unban(
    State(shared): State<Arc<Shared>>,
    OfRoom(room, id): OfRoom<AuthorId>,
    Extension(principal): Extension<Principal>,
) -> Result<StatusCode, Problem> {
    let known = room.moderators.state().bans.get(&id).cloned();
    let whom = known.map_or_else(|| by_id(&id), |ban| ban.author.clone());
    ordered(
        &shared,
        &room,
        &principal,
        |shared, room, actor| async move { orders::unban(&shared, &room, &actor, whom).await },
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn by_id(id: &AuthorId) -> Named {
    Named {
        id: id.clone(),
        name: id.to_string(),
    }
}

pub(crate) async fn held(InRoom(room): InRoom) -> Result<Response, Problem> {
    let held = room.moderators.waiting();
    Ok(json(StatusCode::OK, &HeldList { held }))
}

pub(crate) async fn decide(
    State(shared): State<Arc<Shared>>,
    OfRoom(room, id): OfRoom<MessageId>,
    Extension(principal): Extension<Principal>,
    request: Request,
) -> Result<Response, Problem> {
    let HeldRequest { decision, reason } = body::json(request).await?;
    let decision = match decision {
        Judgement::Approve => Decision::Approved,
        Judgement::Deny => Decision::Denied,
    };
    let reason = reason.unwrap_or_default();
    let decided = ordered(
        &shared,
        &room,
        &principal,
        |shared, room, actor| async move {
            orders::settle(&shared, &room, &actor, id, decision, reason).await
        },
    )
    .await?;
    Ok(json(StatusCode::OK, &decided))
}

pub(crate) async fn modes(InRoom(room): InRoom) -> Result<Response, Problem> {
    Ok(json(StatusCode::OK, &room.moderators.modes(&room)))
}

pub(crate) async fn set_modes(
    State(shared): State<Arc<Shared>>,
    InRoom(room): InRoom,
    Extension(principal): Extension<Principal>,
    request: Request,
) -> Result<Response, Problem> {
    let patch: ModesPatch = body::json(request).await?;
    let modes = ordered(
        &shared,
        &room,
        &principal,
        |shared, room, actor| async move { orders::set_modes(&shared, &room, &actor, patch).await },
    )
    .await?;
    Ok(json(StatusCode::OK, &modes))
}

pub(crate) async fn list(InRoom(room): InRoom) -> Result<Response, Problem> {
    let moderators = room
        .moderators
        .state()
        .moderators
        .values()
        .cloned()
        .collect();
    Ok(json(StatusCode::OK, &ModeratorList { moderators }))
}

pub(crate) async fn make(
    State(shared): State<Arc<Shared>>,
    InRoom(room): InRoom,
    Extension(principal): Extension<Principal>,
    request: Request,
) -> Result<Response, Problem> {
    let ModeratorRequest { author } = body::json(request).await?;
    let entry = ordered(
        &shared,
        &room,
        &principal,
        |shared, room, actor| async move {
            orders::make_moderator_by_name(&shared, &room, &actor, &author).await
        },
    )
    .await?;
    Ok(json(StatusCode::CREATED, &entry))
}

pub(crate) async fn unmake(
    State(shared): State<Arc<Shared>>,
    OfRoom(room, id): OfRoom<AuthorId>,
    Extension(principal): Extension<Principal>,
) -> Result<StatusCode, Problem> {
    ordered(
        &shared,
        &room,
        &principal,
        |shared, room, actor| async move {
            orders::unmake_moderator(&shared, &room, &actor, by_id(&id)).await
        },
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
