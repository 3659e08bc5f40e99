//! Reading a room's log and adding to it.

use super::InRoom;
use crate::{
    admission::{Accepted, Admitted, Draft},
    auth::Principal,
    body::{self, Parameters},
    crowd::Settled,
    moderators::{command, orders},
    places::Place,
    problem::{Problem, json, unwritten, written},
    shared::Shared,
};
use axum::{
    Extension,
    extract::{ConnectInfo, Request, State},
    http::{StatusCode, Uri},
    response::Response,
};
use bytes::Bytes;
use chatter_protocol::{
    MessageId,
    frames::{AuthorClaim, MessagesPage, Placed, Said, SayRequest},
    moderators::{Noticed, Waiting},
};
use std::{net::SocketAddr, sync::Arc};

const MOST: usize = 500;
const USUAL: usize = 100;

/// A page of more bytes takes a place: it stays in memory for as long as its reader likes.
const LONG: usize = 64 << 10;

pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    InRoom(room): InRoom,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    uri: Uri,
) -> Result<Response, Problem> {
    let parameters = Parameters::of(&uri)?;
    let after = after(&parameters)?;
    let limit = parameters
        .number("limit", "is not a number from 1 to 500", |limit| {
            (1..=MOST).contains(limit)
        })?
        .unwrap_or(USUAL);
    let page = match after {
        Some(after) => {
            shared
                .store(shared.store.read_after(&room.id, after, limit))
                .await?
        }
        None => {
            shared
                .store(shared.store.read_latest(&room.id, limit))
                .await?
        }
    };
    let complete = match after {
        // Whoever has seen more than there is has seen another log.
        Some(after) => page.complete && after <= page.head.offset,
        None => true,
    };
    let messages = page
        .messages
        .into_iter()
        .map(|(offset, message)| Placed { offset, message })
        .collect();
    let page = MessagesPage {
        epoch: page.head.epoch,
        messages,
        complete,
    };
    let body = match serde_json::to_vec(&page) {
        Ok(body) => body,
        Err(error) => return Ok(unwritten(&error)),
    };
    let body = if body.len() > LONG {
        let _place = shared.long_pages.take(peer.ip())?;
        Bytes::from_owner(LongPage { body, _place })
    } else {
        body.into()
    };
    Ok(written(StatusCode::OK, body))
}

/// A page with its place, which is free again when the last of it has gone.
struct LongPage {
    body: Vec<u8>,
    _place: Place,
}

impl AsRef<[u8]> for LongPage {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

/// The largest offset that can be asked for: JavaScript counts no further.
pub(crate) const MOST_AFTER: u64 = (1 << 53) - 1;

/// The parameter `after`, here and at the WebSocket.
pub(super) fn after(parameters: &Parameters) -> Result<Option<u64>, Problem> {
    parameters.number(
        "after",
        "is not an offset: a whole number, 0 or more",
        |after| *after <= MOST_AFTER,
    )
}

pub(crate) async fn say(
    State(shared): State<Arc<Shared>>,
    InRoom(room): InRoom,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(principal): Extension<Principal>,
    request: Request,
) -> Result<Response, Problem> {
    // The operator may speak for many, such as those of a bridge to another chat.
    let bounded = !matches!(principal, Principal::Operator);
    if bounded {
        shared.may_post_from(peer.ip())?;
    }
    let SayRequest {
        id,
        author,
        text,
        reply_to,
    } = body::json(request).await?;
    let pointer = match author {
        Some(AuthorClaim::Author { .. }) => "/author/name",
        _ => "/author",
    };
    let kind = author.as_ref().and_then(AuthorClaim::kind);
    let author = principal.author(author.as_ref().map(AuthorClaim::name), pointer, &room)?;
    if kind.is_some_and(|kind| kind != author.kind) {
        let detail = format!(
            "you are a {} here: leave the kind out",
            author.kind.as_str()
        );
        return Err(Problem::new(StatusCode::CONFLICT, "impersonates", detail).at("/author/kind"));
    }
    if bounded {
        shared.may_post_as(&author.id)?;
    }
    if command::is_one(&text) {
        let actor = principal.actor(&room, shared.clock.now());
        let order = {
            let shared = Arc::clone(&shared);
            async move { orders::command(&shared, &room, &actor, &text).await }
        };
        let notice = orders::to_its_end(&shared, order).await?;
        return Ok(json(StatusCode::OK, &Noticed { notice }));
    }
    let draft = Draft {
        standing: principal.standing(&author),
        id: id.unwrap_or_else(MessageId::new),
        author,
        text,
        reply_to,
    };
    let (status, said) = match room.submit(draft)?.decision().await? {
        Admitted::InLog(Accepted { id, offset, new }) => {
            let status = if new {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            };
            (status, Said { id, offset })
        }
        // One that was sent again may have been decided about.
        Admitted::Waits(id) => match room.moderators.settled(id) {
            None => return Ok(json(StatusCode::ACCEPTED, &Waiting { id })),
            Some(Settled::Approved(offset)) => (StatusCode::OK, Said { id, offset }),
            Some(Settled::Refused(code, detail)) => {
                return Err(Problem::unprocessable(code, detail));
            }
        },
    };
    Ok(json(status, &said))
}
