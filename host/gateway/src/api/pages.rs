//! The chat page: a few files in a folder.

use super::InRoom;
use crate::{problem::Problem, shared::Shared};
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use std::{path::PathBuf, sync::Arc};

/// Shown in place of a page that has not been built.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>chatter</title>\
    <h1>The chat page has not been built</h1>\
    <p>Build it in the project's folder, then load this page again:</p>\
    <pre>npm --prefix ui ci &amp;&amp; npm --prefix ui run build</pre>\
    <p>The rooms are open all the same: <code>chatter tail</code> and <code>chatter say</code> chat \
    from a terminal, and <a href=\"/openapi.json\">/openapi.json</a> lists the routes.</p></html>";

pub(crate) async fn root(State(shared): State<Arc<Shared>>) -> Result<Redirect, Problem> {
    let first = shared.config.rooms.first();
    let first =
        first.ok_or_else(|| Problem::not_found("there are no rooms: add one in configs/rooms"))?;
    Ok(Redirect::temporary(&format!("/r/{}", first.id)))
}

pub(crate) async fn room(State(shared): State<Arc<Shared>>, InRoom(_): InRoom) -> Response {
    let page = match &shared.config.ui {
        Some(folder) => tokio::fs::read(folder.join("index.html")).await.ok(),
        None => None,
    };
    let (status, page) = match page {
        Some(page) => (StatusCode::OK, page),
        None => (StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT.into()),
    };
    // The page names its files by their hashes, so it alone must be fresh.
    (
        status,
        [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-cache"),
        ],
        page,
    )
        .into_response()
}

pub(crate) async fn asset(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let none = || Problem::not_found("there is no such file");
    let Path(path) = path.map_err(|_| none())?;
    let folder = shared.config.ui.as_ref().ok_or_else(none)?;
    let file = folder.join("assets").join(inside(&path).ok_or_else(none)?);
    let bytes = tokio::fs::read(&file).await.map_err(|_| none())?;
    let headers = [
        (header::CONTENT_TYPE, media_type(&path)),
        // The build puts a hash of the content into each name.
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, bytes).into_response())
}

/// A path that stays in its folder: names of letters, digits, `-`, `_` and `.`, none of which begins
/// with a dot.
fn inside(path: &str) -> Option<PathBuf> {
    let plain = |name: &str| {
        !name.is_empty()
            && !name.starts_with('.')
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    path.split('/')
        .all(plain)
        .then(|| path.split('/').collect())
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("json" | "map") => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_inside() {
        for path in ["index-Bx9.js", "fonts/a_b.woff2"] {
            assert_eq!(inside(path), Some(PathBuf::from(path)), "{path}");
        }
        for path in [
            "",
            "..",
            "../x",
            "a/../b",
            "/etc/passwd",
            "a//b",
            ".env",
            "a\\b",
            "a%2fb",
            "a\0b",
            "C:x",
        ] {
            assert_eq!(inside(path), None, "{path:?}");
        }
    }
}
