//! Encoding what goes to viewers.

use axum::extract::ws::Utf8Bytes;
use chatter_protocol::{
    ChatMessage,
    frames::{ClientFrame, ServerFrame},
};
use std::sync::Arc;

use crate::{body, problem::Problem};

/// A frame as its bytes, to be encoded once and shared.
pub(crate) fn encode(frame: &ServerFrame) -> Utf8Bytes {
    match serde_json::to_string(frame) {
        Ok(text) => text.into(),
        Err(error) => {
            tracing::error!(%error, "a frame could not be written as JSON");
            Utf8Bytes::from_static(
                r#"{"type":"error","code":"internal","detail":"a frame was lost: reload the page"}"#,
            )
        }
    }
}

pub(crate) fn message(offset: u64, message: &Arc<ChatMessage>) -> Utf8Bytes {
    encode(&ServerFrame::Message {
        offset,
        message: Arc::clone(message),
    })
}

/// Reads a client's frame.
pub(crate) fn read(text: &str) -> Result<ClientFrame, Problem> {
    body::parse(text.as_bytes())
}

/// The nonce of a frame that is wrong otherwise, so that the client knows which of its frames it was.
pub(crate) fn nonce(text: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Nonce {
        nonce: String,
    }
    serde_json::from_str::<Nonce>(text)
        .ok()
        .map(|read| read.nonce)
        .filter(|nonce| (1..=64).contains(&nonce.chars().count()))
}
