//! The routes of those who moderate.

use super::{Answer, Content, QueryParameter, READ, Route, answer};
use crate::{api, auth::Access, shared::Shared};
use axum::routing::{MethodRouter, delete, get, patch, post};
use chatter_protocol::frames::Scope;
use std::sync::Arc;

const MODERATE: Access = Access::Scope(Scope::Moderate);
const ADMIN: Access = Access::Scope(Scope::Admin);

const REASON: QueryParameter = QueryParameter {
    name: "reason",
    about: "why, in at most 200 characters",
    of: "string",
};
const AUTHOR: QueryParameter = QueryParameter {
    name: "author",
    about: "whose: an author id, or a name as in a ban; everybody's if absent",
    of: "string",
};

impl Route {
    /// A route without parameters, body, answers and code, which are added.
    fn new(
        method: &'static str,
        path: &'static str,
        summary: &'static str,
        access: Access,
    ) -> Self {
        Self {
            method,
            path,
            summary,
            access,
            query: &[],
            body: None,
            answers: &[],
            refusals: &[400, 404, 503],
            handler: MethodRouter::new(),
        }
    }

    fn query(self, query: &'static [QueryParameter]) -> Self {
        Self { query, ..self }
    }

    fn takes(self, schema: &'static str) -> Self {
        Self {
            body: Some(schema),
            refusals: &[400, 404, 408, 409, 413, 415, 422, 503],
            ..self
        }
    }

    fn answers(self, answers: &'static [Answer]) -> Self {
        Self { answers, ..self }
    }

    fn refuses(self, refusals: &'static [u16]) -> Self {
        Self { refusals, ..self }
    }

    fn by(self, handler: MethodRouter<Arc<Shared>>) -> Self {
        Self { handler, ..self }
    }
}

pub(super) fn table() -> Vec<Route> {
    vec![
        Route::new(
            "delete",
            "/v1/rooms/{tenant}/{room}/messages/{id}",
            "Removes a message: its text is not read any more, by nobody.",
            MODERATE,
        )
        .query(const { &[REASON] })
        .answers(const { &[answer(204, "it is removed", Content::Nothing)] })
        .by(delete(api::moderators::delete)),
        Route::new(
            "delete",
            "/v1/rooms/{tenant}/{room}/messages",
            "Removes all messages, or all of one author.",
            MODERATE,
        )
        .query(const { &[AUTHOR, REASON] })
        .answers(const { &[answer(200, "they are removed", Content::Json("Cleared"))] })
        .refuses(&[400, 404, 409, 503])
        .by(delete(api::moderators::clear)),
        Route::new(
            "get",
            "/v1/rooms/{tenant}/{room}/bans",
            "Who may not speak.",
            MODERATE,
        )
        .answers(const { &[answer(200, "those", Content::Json("BanList"))] })
        .by(get(api::moderators::bans)),
        Route::new(
            "post",
            "/v1/rooms/{tenant}/{room}/bans",
            "Keeps somebody from speaking, for a while or for ever; whom a ban keeps from it for ever can't be timed out, nor more than 10,000 be kept from it (409).",
            MODERATE,
        )
        .takes("BanRequest")
        .answers(const { &[answer(201, "they may not speak", Content::Json("Ban"))] })
        .by(post(api::moderators::ban)),
        Route::new(
            "delete",
            "/v1/rooms/{tenant}/{room}/bans/{author}",
            "Lets somebody speak again.",
            MODERATE,
        )
        .answers(const { &[answer(204, "they may", Content::Nothing)] })
        .by(delete(api::moderators::unban)),
        Route::new(
            "get",
            "/v1/rooms/{tenant}/{room}/held",
            "The messages that wait for a moderator.",
            MODERATE,
        )
        .answers(const { &[answer(200, "those", Content::Json("HeldList"))] })
        .by(get(api::moderators::held)),
        Route::new(
            "post",
            "/v1/rooms/{tenant}/{room}/held/{id}",
            "Decides about a message that waits.",
            MODERATE,
        )
        .takes("HeldRequest")
        .answers(const { &[answer(200, "it is decided", Content::Json("HeldDecided"))] })
        .by(post(api::moderators::decide)),
        Route::new(
            "get",
            "/v1/rooms/{tenant}/{room}/modes",
            "How everyone may chat.",
            READ,
        )
        .answers(const { &[answer(200, "the modes", Content::Json("Modes"))] })
        .by(get(api::moderators::modes)),
        Route::new(
            "patch",
            "/v1/rooms/{tenant}/{room}/modes",
            "Changes how everyone may chat.",
            MODERATE,
        )
        .takes("ModesPatch")
        .answers(const { &[answer(200, "the modes now", Content::Json("Modes"))] })
        .by(patch(api::moderators::set_modes)),
        Route::new(
            "get",
            "/v1/rooms/{tenant}/{room}/moderators",
            "Who may moderate beside the operator.",
            MODERATE,
        )
        .answers(const { &[answer(200, "those", Content::Json("ModeratorList"))] })
        .by(get(api::moderators::list)),
        Route::new(
            "post",
            "/v1/rooms/{tenant}/{room}/moderators",
            "Lets a session moderate, of 100 at most (409).",
            ADMIN,
        )
        .takes("ModeratorRequest")
        .answers(const { &[answer(201, "it may", Content::Json("ModeratorEntry"))] })
        .by(post(api::moderators::make)),
        Route::new(
            "delete",
            "/v1/rooms/{tenant}/{room}/moderators/{author}",
            "Lets a session moderate no more.",
            ADMIN,
        )
        .answers(const { &[answer(204, "it may not", Content::Nothing)] })
        .by(delete(api::moderators::unmake)),
        Route {
            method: "get",
            path: "/v1/rooms/{tenant}/{room}/audit",
            summary: "What moderation decided at this gateway other than to allow, newest first.",
            access: Access::Scope(Scope::Moderate),
            query: const {
                &[QueryParameter {
                    name: "limit",
                    about: "how many verdicts, 1 to 500; 100 if absent",
                    of: "integer",
                }]
            },
            body: None,
            answers: const { &[answer(200, "the verdicts", Content::Json("AuditPage"))] },
            refusals: &[400, 503],
            handler: get(api::audit::list),
        },
    ]
}
