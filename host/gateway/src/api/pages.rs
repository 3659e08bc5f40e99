//! The chat page: a few files in a folder.

use super::InRoom;
use crate::{
    coding::{self, Coding},
    names,
    problem::Problem,
    shared::Shared,
};
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
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
    let rooms = shared.rooms();
    let first = rooms
        .order
        .first()
        .ok_or_else(|| Problem::not_found("there are no rooms: add one in configs/rooms"))?;
    Ok(Redirect::temporary(&format!("/r/{}", first.id)))
}

pub(crate) async fn room(
    State(shared): State<Arc<Shared>>,
    room: Result<InRoom, Problem>,
    headers: HeaderMap,
) -> Response {
    page("index.html", &shared, room.is_ok(), &headers).await
}

async fn page(file: &str, shared: &Shared, found: bool, headers: &HeaderMap) -> Response {
    let page = match &shared.config.ui {
        Some(folder) => Form::read(folder.join(file), headers).await,
        None => None,
    };
    let html = (header::CONTENT_TYPE, "text/html; charset=utf-8");
    // The page names its files by their hashes, so it alone must be fresh.
    let fresh = (header::CACHE_CONTROL, "no-cache");
    let Some(page) = page else {
        return (StatusCode::SERVICE_UNAVAILABLE, [html, fresh], NOT_BUILT).into_response();
    };
    // Not the time of the file: a release may give all its files the same.
    let tag = format!("\"{}\"", &names::sha256(&page.bytes)[..32]);
    let known = knows(headers, &tag);
    let tag = [(header::ETAG, tag)];
    if known {
        let headers = [fresh, (header::VARY, "accept-encoding")];
        return (StatusCode::NOT_MODIFIED, tag, headers).into_response();
    }
    // The page says of a room that is not there which others are.
    let status = if found {
        StatusCode::OK
    } else {
        StatusCode::NOT_FOUND
    };
    (status, tag, [html, fresh], page).into_response()
}

/// The same page, which here may ask for the microphone and for what a tab plays.
pub(crate) async fn share(
    state: State<Arc<Shared>>,
    found: Result<InRoom, Problem>,
    headers: HeaderMap,
) -> Response {
    let mut response = room(state, found, headers).await;
    let senses = HeaderValue::from_static(
        "camera=(), display-capture=(self), geolocation=(), microphone=(self), payment=(), usb=()",
    );
    let name = HeaderName::from_static("permissions-policy");
    response.headers_mut().insert(name, senses);
    response
}

/// The overlay for streaming software. That adds a style sheet of its user's to the page as an inline
/// one (OBS: "Custom CSS"), so here those are allowed. No text becomes markup in it, and what a style
/// loads comes from this host alone.
pub(crate) async fn overlay(
    State(shared): State<Arc<Shared>>,
    room: Result<InRoom, Problem>,
    headers: HeaderMap,
) -> Response {
    let mut response = page("overlay.html", &shared, room.is_ok(), &headers).await;
    let policy = HeaderValue::from_static(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
         connect-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'self'",
    );
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// Whether a browser holds the content of that tag already (RFC 9110, section 13.1.2).
pub(super) fn knows(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

pub(crate) async fn asset(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let none = || Problem::not_found("there is no such file");
    let Path(path) = path.map_err(|_| none())?;
    let folder = shared.config.ui.as_ref().ok_or_else(none)?;
    let file = folder.join("assets").join(inside(&path).ok_or_else(none)?);
    let file = Form::read(file, &headers).await.ok_or_else(none)?;
    let headers = [
        (header::CONTENT_TYPE, media_type(&path)),
        // The build puts a hash of the content into each name.
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, file).into_response())
}

/// A file in one of the forms that the build has left: as it is, or in a coding beside it.
struct Form {
    bytes: Vec<u8>,
    coding: Option<Coding>,
}

impl Form {
    /// Reads the form of a file that a request likes best; none if there is no such file.
    async fn read(file: PathBuf, headers: &HeaderMap) -> Option<Self> {
        for coding in coding::accepted(headers) {
            let mut coded = file.clone().into_os_string();
            coded.push(".");
            coded.push(coding.extension());
            if let Ok(bytes) = tokio::fs::read(coded).await {
                return Some(Self {
                    bytes,
                    coding: Some(coding),
                });
            }
        }
        let bytes = tokio::fs::read(file).await.ok()?;
        Some(Self {
            bytes,
            coding: None,
        })
    }
}

impl IntoResponse for Form {
    fn into_response(self) -> Response {
        // Whoever asks otherwise may get another form, even if this is the only one today.
        let vary = [(header::VARY, "accept-encoding")];
        let coding = self
            .coding
            .map(|coding| [(header::CONTENT_ENCODING, coding.as_str())]);
        match coding {
            Some(coding) => (vary, coding, self.bytes).into_response(),
            None => (vary, self.bytes).into_response(),
        }
    }
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
