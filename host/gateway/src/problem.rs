//! Refusals: what every wrong request is answered with, over HTTP and WebSocket alike.
//!
//! | code | HTTP | when |
//! | --- | --- | --- |
//! | `bad_json` | 400 | the body or frame is not JSON |
//! | `bad_query` | 400 | a parameter of the query is wrong |
//! | `invalid` | 422 | the JSON breaks the schema; each place is named |
//! | `bad_frame` | | a frame is binary |
//! | `bad_handshake` | 400 | a WebSocket's handshake is not one |
//! | `unauthorized` | 401 | no token where one is needed, or an unknown one |
//! | `forbidden` | 403 | the token's scopes are too small, or the page's origin is another |
//! | `not_found` | 404 | no such room or path |
//! | `method_not_allowed` | 405 | the path knows other methods |
//! | `timeout` | 408, 503 | the body came too slowly, or the answer took too long |
//! | `impersonates` | 409 | the name belongs to a persona of the room, or is reserved; or the author claims a `kind` that is not its own |
//! | `not_your_name` | 409 | the author is not the session's |
//! | `id_taken` | 409 | the message's id belongs to somebody else's message |
//! | `already_shared` | 409 | another page shares its sound with the room |
//! | `not_listening` | 409 | the room does not listen to what pages share |
//! | `already_banned` | 409 | whom a moderator times out is banned |
//! | `list_full` | 409 | as many moderate in the room, or may not speak there, as can be noted |
//! | `too_large` | 413 | the body or frame is too large |
//! | `range` | 416 | the part of a recording lies beyond its end |
//! | `unsupported_media_type` | 415 | the body is not declared as JSON |
//! | `upgrade_required` | 426 | the path is for WebSockets, of version 13 |
//! | `rate_limited` | 429 | too much, too fast |
//! | `too_many_connections` | 429 | too many viewers, listeners or long pages from one address |
//! | `full` | 503 | there is no place for one more viewer, listener or long page, in the room or at the gateway |
//! | `busy` | 503 | the room's queue is full, or others change its modes, or who may not speak, all the time |
//! | `store_unavailable`, `bus_unavailable`, `audit_unavailable` | 503 | a part behind the gateway fails |
//! | `not_ready` | 503 | the program is starting or ending |
//!
//! What moderation drops is a 422 whose code is the rule, such as `too_long`; what waited for a moderator and does not go
//! out is one whose code is `denied` or `expired`.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use chatter_protocol::{
    Invalid,
    frames::{PointedError, ProblemDocument, ServerFrame},
};
use chatter_store::StoreError;
use std::{borrow::Cow, time::Duration};

/// A refusal.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: String,
    errors: Vec<PointedError>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// One wrong place in the request; its detail is the whole problem's.
    pub(crate) fn at(mut self, pointer: impl Into<String>) -> Self {
        self.errors.push(PointedError {
            pointer: pointer.into(),
            detail: self.detail.clone(),
        });
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    pub(crate) fn unprocessable(
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// JSON that breaks its schema.
    pub(crate) fn invalid(invalid: &Invalid) -> Self {
        let mut problem = Self::unprocessable("invalid", invalid.to_string());
        problem.errors = invalid
            .problems
            .iter()
            .map(|p| PointedError {
                pointer: p.pointer.clone(),
                detail: p.detail.clone(),
            })
            .collect();
        problem
    }

    pub(crate) fn bad_query(parameter: &str, rule: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad_query",
            format!("the parameter `{parameter}` {rule}"),
        )
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    pub(crate) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
            .header(header::WWW_AUTHENTICATE, "Bearer")
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// Something that may go well in a moment.
    pub(crate) fn unavailable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).header(header::RETRY_AFTER, "1")
    }

    /// Too much, too fast: it may go well after `wait`.
    pub(crate) fn rate_limited(detail: &'static str, wait: Duration) -> Self {
        let seconds = wait.as_secs_f64().ceil().max(1.0);
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail)
            .header(header::RETRY_AFTER, &seconds.to_string())
    }

    /// The same as a frame, with the first wrong place.
    pub(crate) fn into_frame(self, nonce: Option<String>) -> ServerFrame {
        let pointer = self.errors.into_iter().next().map(|error| error.pointer);
        ServerFrame::Error {
            code: self.code.into_owned(),
            detail: self.detail,
            pointer,
            nonce,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request fails at the store");
        Self::unavailable(
            "store_unavailable",
            "the store fails; the operator's log says why; try again later",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let document = ProblemDocument {
            r#type: "about:blank".into(),
            title: self.status.canonical_reason().unwrap_or("Error").into(),
            status: self.status.as_u16(),
            code: self.code.into_owned(),
            detail: self.detail,
            errors: self.errors,
        };
        let mut response = json(self.status, &document);
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.extend(self.headers);
        response
    }
}

/// A JSON answer that no cache keeps.
pub(crate) fn json(status: StatusCode, value: &impl serde::Serialize) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(body) => written(status, body),
        Err(error) => unwritten(&error),
    }
}

/// The same of what is JSON already.
pub(crate) fn written(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    (
        status,
        [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
        ],
        body.into(),
    )
        .into_response()
}

/// The same of what became none.
pub(crate) fn unwritten(error: &serde_json::Error) -> Response<Body> {
    tracing::error!(%error, "an answer could not be written as JSON");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
