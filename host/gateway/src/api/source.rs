//! The recording that a room watches, for those of its viewers who want to hear it.

use super::{InRoom, pages::knows};
use crate::{problem::Problem, range::Wanted, recording::Found, room::Room, shared::Shared};
use axum::{
    body::Body,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chatter_protocol::room::Sound;
use futures_util::StreamExt;
use std::{io::SeekFrom, net::SocketAddr, sync::Arc};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// So much is read from the disk at a time, in bytes.
const READ: usize = 64 << 10;

/// So much of a part goes into one answer, in bytes; who wants more asks again. A browser that has enough
/// for now keeps neither a connection nor a file open.
const MOST: u64 = 4 << 20;

pub(crate) async fn source(
    State(shared): State<Arc<Shared>>,
    InRoom(room): InRoom,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let place = shared.listeners.take(peer.ip())?;
    let Found {
        file,
        media_type,
        length,
        tag,
    } = found(&room)
        .await
        .ok_or_else(|| Problem::not_found("there is nothing to be heard in this room"))?;
    let tag = format!("\"{tag}\"");
    let mut of_all = HeaderMap::new();
    of_all.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // It may be replaced at any time, and who may hear it is asked each time.
    of_all.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        of_all.insert(header::ETAG, tag);
    }
    if knows(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, of_all).into_response());
    }
    let range = headers.get(header::RANGE).filter(|_| {
        let only_if = headers.get(header::IF_RANGE);
        only_if.is_none_or(|only_if| only_if == tag.as_str())
    });
    let range = range.and_then(|range| range.to_str().ok());
    let (status, first, count) = match range.map_or(Wanted::All, |it| Wanted::of(it, length)) {
        Wanted::All => (StatusCode::OK, 0, length),
        Wanted::Part { first, last } => {
            let last = last.min(first + (MOST - 1));
            let range = format!("bytes {first}-{last}/{length}");
            insert(&mut of_all, header::CONTENT_RANGE, &range);
            (StatusCode::PARTIAL_CONTENT, first, last - first + 1)
        }
        Wanted::Beyond => {
            let status = StatusCode::RANGE_NOT_SATISFIABLE;
            let detail = format!("the recording has {length} bytes");
            return Err(Problem::new(status, "range", detail)
                .header(header::CONTENT_RANGE, &format!("bytes */{length}")));
        }
    };
    of_all.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    insert(&mut of_all, header::CONTENT_LENGTH, &count.to_string());
    let mut file = tokio::fs::File::from_std(file);
    file.seek(SeekFrom::Start(first)).await.map_err(|error| {
        tracing::warn!(room = %room.id, %error, "the recording can't be read");
        Problem::unavailable("busy", "the recording can't be read now: try again later")
    })?;
    // A file that was cut off meanwhile ends the connection: what was promised would not come.
    let bytes = ReaderStream::with_capacity(file.take(count), READ);
    let bytes = bytes.map(move |read| {
        let _ = &place;
        read
    });
    Ok((status, of_all, Body::from_stream(bytes)).into_response())
}

/// What viewers of a room may hear here now.
pub(super) async fn sound(shared: &Shared, room: &Room) -> Option<Sound> {
    let Found { tag, .. } = found(room).await?;
    let now = shared.clock.now();
    Some(Sound { tag, now })
}

/// The room's recording, if there is one and it is here.
async fn found(room: &Room) -> Option<Found> {
    let rules = room.rules();
    let recording = rules.recording()?;
    let found = recording.found().await;
    if room.finds_recording(found.is_ok())
        && let Err(error) = &found
    {
        let (room, name) = (&room.id, recording.name());
        tracing::warn!(%room, %error, "{name} can't be heard by viewers");
    }
    found.ok()
}

fn insert(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
