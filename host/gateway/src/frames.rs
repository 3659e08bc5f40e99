//! Encoding what goes to viewers.

use crate::{
    body,
    problem::Problem,
    ws::{Frame, HEAD_ROOM},
};
use chatter_protocol::{
    ChatMessage,
    frames::{ClientFrame, ServerFrame},
};
use std::sync::Arc;

/// A frame as its bytes, to be encoded once and shared.
pub(crate) fn encode(frame: &ServerFrame) -> Frame {
    let mut text = vec![0; HEAD_ROOM];
    match serde_json::to_writer(&mut text, frame) {
        Ok(()) => Frame::of_text(text),
        Err(error) => {
            tracing::error!(%error, "a frame could not be written as JSON");
            Frame::text(
                r#"{"type":"error","code":"internal","detail":"a frame was lost: reload the page"}"#,
            )
        }
    }
}

pub(crate) fn message(offset: u64, message: &Arc<ChatMessage>) -> Frame {
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
