//! The route table: one list says of each route who may use it, what it takes and what it answers.
//! The router and the OpenAPI document are both made of it, so neither knows a route that the other
//! does not.

mod moderators;

use crate::{
    api,
    auth::{self, Access},
    problem::Problem,
    shared::Shared,
};
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use chatter_protocol::frames::Scope;
use std::sync::Arc;

/// One method of one path.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    /// With `{parameters}`, as axum and OpenAPI both write them.
    pub(crate) path: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) access: Access,
    pub(crate) query: &'static [QueryParameter],
    /// The schema of the body.
    pub(crate) body: Option<&'static str>,
    pub(crate) answers: &'static [Answer],
    /// The statuses of its refusals, beside those that its access and path bring.
    pub(crate) refusals: &'static [u16],
    handler: MethodRouter<Arc<Shared>>,
}

/// A parameter of a query.
pub(crate) struct QueryParameter {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Its type in JSON Schema.
    pub(crate) of: &'static str,
}

/// A good answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) about: &'static str,
    pub(crate) content: Content,
}

/// What an answer carries.
pub(crate) enum Content {
    Nothing,
    /// JSON of this schema.
    Json(&'static str),
    /// JSON of one of these schemas.
    AnyOf(&'static [&'static str]),
    /// Any JSON object.
    AnyJson,
    /// Another media type.
    Other(&'static str),
}

const fn answer(status: u16, about: &'static str, content: Content) -> Answer {
    Answer {
        status,
        about,
        content,
    }
}

const READ: Access = Access::Scope(Scope::Read);
pub(crate) fn table() -> Vec<Route> {
    let mut table = general();
    table.extend(moderators::table());
    table
}

fn general() -> Vec<Route> {
    const NONE: &[QueryParameter] = &[];
    const AFTER: QueryParameter = QueryParameter {
        name: "after",
        about: "the offset after which to begin",
        of: "integer",
    };
    vec![
        Route {
            method: "get",
            path: "/",
            summary: "Leads to the first room's page.",
            access: Access::Open,
            query: NONE,
            body: None,
            answers: const { &[answer(307, "there", Content::Nothing)] },
            refusals: &[404],
            handler: get(api::pages::root),
        },
        Route {
            method: "get",
            path: "/r/{tenant}/{room}",
            summary: "The chat page of a room.",
            access: Access::Open,
            query: NONE,
            body: None,
            answers: const {
                &[
                    answer(200, "the page", Content::Other("text/html")),
                    answer(
                        304,
                        "it is the one that the request's tag names",
                        Content::Nothing,
                    ),
                ]
            },
            refusals: &[503],
            handler: get(api::pages::room),
        },
        Route {
            method: "get",
            path: "/share/{tenant}/{room}",
            summary: "The page by which the streamer shares sound with a room.",
            access: Access::Open,
            query: NONE,
            body: None,
            answers: const {
                &[
                    answer(200, "the page", Content::Other("text/html")),
                    answer(
                        304,
                        "it is the one that the request's tag names",
                        Content::Nothing,
                    ),
                ]
            },
            refusals: &[503],
            handler: get(api::pages::share),
        },
        Route {
            method: "get",
            path: "/overlay/{tenant}/{room}",
            summary: "The overlay of a room, for streaming software.",
            access: Access::Open,
            query: NONE,
            body: None,
            answers: const {
                &[
                    answer(200, "the overlay", Content::Other("text/html")),
                    answer(
                        304,
                        "it is the one that the request's tag names",
                        Content::Nothing,
                    ),
                ]
            },
            refusals: &[503],
            handler: get(api::pages::overlay),
        },
        Route {
            method: "get",
            path: "/assets/{*path}",
            summary: "What the page is made of.",
            access: Access::Open,
            query: NONE,
            body: None,
            answers: const { &[answer(200, "the file", Content::Other("*/*"))] },
            refusals: &[404],
            handler: get(api::pages::asset),
        },
        Route {
            method: "post",
            path: "/v1/sessions",
            summary: "Makes a guest's session; its token also comes as a cookie.",
            access: Access::Open,
            query: NONE,
            body: Some("SessionRequest"),
            answers: const {
                &[answer(
                    201,
                    "the session, with its token",
                    Content::Json("Session"),
                )]
            },
            refusals: &[400, 401, 403, 408, 409, 413, 415, 422, 429, 503],
            handler: post(api::sessions::create),
        },
        Route {
            method: "get",
            path: "/v1/rooms",
            summary: "The rooms.",
            access: READ,
            query: NONE,
            body: None,
            answers: const { &[answer(200, "the rooms", Content::Json("RoomList"))] },
            refusals: &[503],
            handler: get(api::rooms::list),
        },
        Route {
            method: "get",
            path: "/v1/rooms/{tenant}/{room}",
            summary: "How a room is doing: its log, its viewers, its people, its personas with traits, module and health.",
            access: READ,
            query: NONE,
            body: None,
            answers: const { &[answer(200, "the room", Content::Json("RoomStatus"))] },
            refusals: &[503],
            handler: get(api::rooms::status),
        },
        Route {
            method: "get",
            path: "/v1/rooms/{tenant}/{room}/messages",
            summary: "A stretch of a room's log; without `after` the latest messages.",
            access: READ,
            query: const {
                &[
                    AFTER,
                    QueryParameter {
                        name: "limit",
                        about: "how many messages, 1 to 500; 100 if absent",
                        of: "integer",
                    },
                ]
            },
            body: None,
            answers: const { &[answer(200, "the messages", Content::Json("MessagesPage"))] },
            refusals: &[400, 429, 503],
            handler: get(api::messages::list),
        },
        Route {
            method: "post",
            path: "/v1/rooms/{tenant}/{room}/messages",
            summary: "Says something in a room.",
            access: Access::Scope(Scope::Say),
            query: NONE,
            body: Some("SayRequest"),
            answers: const {
                &[
                    answer(201, "it is in the log", Content::Json("Said")),
                    answer(
                        200,
                        "it was in the log already, or is since a moderator let it out; or, of a command, what that did",
                        Content::AnyOf(&["Said", "Noticed"]),
                    ),
                    answer(
                        202,
                        "it waits for a moderator; sent again with its id later, it is answered with what became of it: 200, or 422 `denied` or `expired`",
                        Content::Json("Waiting"),
                    ),
                ]
            },
            refusals: &[400, 403, 408, 409, 413, 415, 422, 429, 503],
            handler: post(api::messages::say),
        },
        Route {
            method: "post",
            path: "/v1/rooms/{tenant}/{room}/context",
            summary: "Hands in what happens on the stream.",
            access: Access::Scope(Scope::Context),
            query: NONE,
            body: Some("StreamContext"),
            answers: const { &[answer(202, "it was passed on", Content::Nothing)] },
            refusals: &[400, 403, 408, 413, 415, 422, 503],
            handler: post(api::context::hand_in),
        },
        Route {
            method: "get",
            path: "/v1/rooms/{tenant}/{room}/ws",
            summary: "The room live, as a WebSocket: ServerFrame objects come, ClientFrame objects go.",
            access: READ,
            query: const {
                &[
                    AFTER,
                    QueryParameter {
                        name: "epoch",
                        about: "the log in which `after` counts",
                        of: "string",
                    },
                    QueryParameter {
                        name: "name",
                        about: "a display name, without a session",
                        of: "string",
                    },
                    QueryParameter {
                        name: "stream",
                        about: "whether to send what happens on the stream, too; false if absent",
                        of: "boolean",
                    },
                    QueryParameter {
                        name: "overlay",
                        about: "whether it is an overlay: it gets no session, is none of the people, and only reads; false if absent",
                        of: "boolean",
                    },
                ]
            },
            body: None,
            answers: const {
                &[answer(
                    101,
                    "the connection is a WebSocket now",
                    Content::Nothing,
                )]
            },
            refusals: &[400, 403, 409, 422, 426, 429, 503],
            handler: get(api::live::connect),
        },
        Route {
            method: "get",
            path: "/v1/rooms/{tenant}/{room}/sound",
            summary: "Takes in the sound of the stream, as a WebSocket: binary frames of 16-bit little-endian samples, 16 kHz, one channel, at most 4096 bytes.",
            access: Access::Scope(Scope::Context),
            query: NONE,
            body: None,
            answers: const {
                &[
                    answer(101, "the connection is a WebSocket now", Content::Nothing),
                    answer(204, "it could be one", Content::Nothing),
                ]
            },
            refusals: &[400, 403, 409, 503],
            handler: get(api::sound::share),
        },
        Route {
            method: "get",
            path: "/v1/rooms/{tenant}/{room}/source",
            summary: "The recording that a room watches, if its viewers may hear it; one range of bytes may be asked for.",
            access: READ,
            query: NONE,
            body: None,
            answers: const {
                &[
                    answer(200, "the recording", Content::Other("*/*")),
                    answer(
                        206,
                        "of the part that was asked for 4 MiB at most",
                        Content::Other("*/*"),
                    ),
                    answer(
                        304,
                        "it is the one that the request's tag names",
                        Content::Nothing,
                    ),
                ]
            },
            refusals: &[416, 429, 503],
            handler: get(api::source::source),
        },
        Route {
            method: "get",
            path: "/v1/rooms/{tenant}/{room}/emotes",
            summary: "A room's own emotes, beside those that every room has.",
            access: READ,
            query: NONE,
            body: None,
            answers: const { &[answer(200, "the emotes", Content::Json("RoomEmotes"))] },
            refusals: &[],
            handler: get(api::emotes::list),
        },
        Route {
            method: "get",
            path: "/v1/rooms/{tenant}/{room}/emotes/{picture}",
            summary: "The picture of one of them.",
            access: READ,
            query: NONE,
            body: None,
            answers: const { &[answer(200, "the picture", Content::Other("image/*"))] },
            refusals: &[404],
            handler: get(api::emotes::picture),
        },
        Route {
            method: "get",
            path: "/healthz",
            summary: "Whether the process is alive.",
            access: Access::Open,
            query: NONE,
            body: None,
            answers: const { &[answer(200, "it is", Content::AnyJson)] },
            refusals: &[],
            handler: get(api::probes::health),
        },
        Route {
            method: "get",
            path: "/readyz",
            summary: "Whether the program is ready for use; why not, to this machine and the operator.",
            access: Access::Open,
            query: NONE,
            body: None,
            answers: const { &[answer(200, "it is", Content::AnyJson)] },
            refusals: &[503],
            handler: get(api::probes::ready),
        },
        Route {
            method: "get",
            path: "/metrics",
            summary: "The metrics, in the Prometheus text format; from this machine without a token.",
            access: Access::ScopeUnlessLocal(Scope::Admin),
            query: NONE,
            body: None,
            answers: const { &[answer(200, "the metrics", Content::Other("text/plain"))] },
            refusals: &[],
            handler: get(api::probes::metrics),
        },
        Route {
            method: "get",
            path: "/openapi.json",
            summary: "This document.",
            access: Access::Open,
            query: NONE,
            body: None,
            answers: const { &[answer(200, "the document", Content::AnyJson)] },
            refusals: &[],
            handler: get(api::probes::openapi),
        },
    ]
}

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let what = "/openapi.json lists what there is";
    router_of(table(), what, shared)
}

/// What a process without a gateway answers to.
pub(crate) fn probes(shared: Arc<Shared>) -> Router {
    let mut routes = table();
    routes.retain(|route| ["/healthz", "/readyz", "/metrics"].contains(&route.path));
    let what = "this process serves no people, only /healthz, /readyz and /metrics";
    router_of(routes, what, shared)
}

/// `what` there is, for those who ask for something else.
fn router_of(routes: Vec<Route>, what: &'static str, shared: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for Route {
        path,
        access,
        handler,
        ..
    } in routes
    {
        let guard = middleware::from_fn_with_state((Arc::clone(&shared), access), auth::guard);
        router = router.route(path, handler.route_layer(guard));
    }
    router
        .fallback(move || async move {
            Problem::not_found(format!("there is nothing at this path: {what}"))
        })
        .method_not_allowed_fallback(|| async {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this path knows other methods: the `Allow` header lists them",
            )
        })
        .layer(middleware::from_fn_with_state(
            Arc::clone(&shared),
            auth::same_origin,
        ))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), finish))
        .with_state(shared)
}

/// What every answer carries and is counted by.
async fn finish(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await.into_response();
    let status = response.status().as_u16().to_string();
    metrics::counter!("chatter_http_requests_total", "status" => status).increment(1);
    for (name, value) in SECURITY_HEADERS {
        // A page that needs more says so itself.
        response.headers_mut().entry(name).or_insert(value);
    }
    // A WebSocket is wanted further.
    if response.status() != StatusCode::SWITCHING_PROTOCOLS && shared.is_crowded() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// The page loads nothing from elsewhere, runs no script that is not in a file of its own, can't be
/// framed by others, shares no window with them, and asks for none of the machine's senses. What it
/// consists of is for itself alone.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        // What isn't listed, such as objects, frames and workers, is not allowed by `default-src`.
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
             img-src 'self'; media-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'self'",
        ),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ),
];
