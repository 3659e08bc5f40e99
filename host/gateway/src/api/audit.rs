//! Reading what moderation decided.

use super::InRoom;
use crate::{
    audit::Record,
    body::Parameters,
    problem::{Problem, json},
    shared::Shared,
};
use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use chatter_protocol::frames::AuditPage;
use std::sync::Arc;

const MOST: usize = 500;
const USUAL: usize = 100;

pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    InRoom(room): InRoom,
    uri: Uri,
) -> Result<Response, Problem> {
    let limit = Parameters::of(&uri)?
        .number("limit", "is not a number from 1 to 500", |limit| {
            (1..=MOST).contains(limit)
        })?
        .unwrap_or(USUAL);
    let Some(audit) = &shared.audit else {
        let detail = "this gateway keeps no audit: it has no folder for it";
        return Err(Problem::not_found(detail));
    };
    let records = audit.latest(&room.id, limit).await.map_err(|error| {
        tracing::error!(room = %room.id, %error, "the audit can't be read");
        let detail = "the audit can't be read; the operator's log says why";
        Problem::unavailable("audit_unavailable", detail)
    })?;
    let mut page = AuditPage {
        verdicts: Vec::new(),
        acts: Vec::new(),
    };
    for record in records {
        match record {
            Record::Verdict(verdict) => page.verdicts.push(*verdict),
            Record::Act(act) => page.acts.push(*act),
        }
    }
    Ok(json(StatusCode::OK, &page))
}
