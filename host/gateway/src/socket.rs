//! How a WebSocket ends.

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use std::time::Duration;
use tokio::time::timeout;

/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// Why a connection ends.
pub(crate) enum End {
    /// The other side has gone, or takes nothing.
    Lost,
    /// It is told why, with a code of RFC 6455, section 7.4.1, or the registry that it names.
    Told(u16, &'static str),
}

pub(crate) const NORMAL: u16 = 1000;
pub(crate) const GOING_AWAY: u16 = 1001;
pub(crate) const PROTOCOL: u16 = 1002;
pub(crate) const UNSUPPORTED: u16 = 1003;
pub(crate) const NOT_UTF8: u16 = 1007;
pub(crate) const POLICY: u16 = 1008;
pub(crate) const TOO_BIG: u16 = 1009;
/// Try again later.
pub(crate) const TRY_AGAIN: u16 = 1013;

/// Tells the other side why it ends, if there is one.
pub(crate) async fn close(socket: &mut WebSocket, end: End) {
    let End::Told(code, reason) = end else {
        return;
    };
    let close = Message::Close(Some(CloseFrame {
        code,
        reason: Utf8Bytes::from_static(reason),
    }));
    // What the other side still sends is read, so that the goodbye is not lost in a reset.
    let goodbye = async {
        if socket.send(close).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    let _ = timeout(GOODBYE, goodbye).await;
}

/// What the other side did wrong, if it was that.
pub(crate) fn broken(error: axum::Error) -> End {
    use tungstenite::Error;
    let error = error.into_inner();
    match error.downcast_ref::<Error>() {
        Some(Error::Capacity(_)) => End::Told(TOO_BIG, "the frame is too large"),
        Some(Error::Utf8(_)) => End::Told(NOT_UTF8, "the frame is not UTF-8"),
        Some(Error::Protocol(_)) => End::Told(PROTOCOL, "the frame breaks the WebSocket protocol"),
        _ => End::Lost,
    }
}
