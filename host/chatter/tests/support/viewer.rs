//! Somebody in a room: a WebSocket client that was not written for this program.

use super::{DEADLINE, ROOM, Server};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

pub(crate) struct Viewer {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) hello: Value,
}

impl Viewer {
    /// Enters the room; `query` is what follows the `?`.
    pub(crate) async fn enter(server: &Server, query: &str) -> Self {
        let url = format!("ws://{}/v1/rooms/{ROOM}/ws?{query}", server.address());
        let (socket, _) = connect_async(url).await.unwrap();
        let mut viewer = Self {
            socket,
            hello: Value::Null,
        };
        viewer.hello = viewer.next().await.expect("a hello");
        assert_eq!(viewer.hello["type"], "hello");
        viewer
    }

    /// The next frame; `None` when the connection has ended.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            let message = tokio::time::timeout(DEADLINE, self.socket.next())
                .await
                .expect("a frame in time");
            match message {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Reads frames until one fits; panics if the connection ends first.
    pub(crate) async fn until(
        &mut self,
        what: &str,
        mut fits: impl FnMut(&Value) -> bool,
    ) -> Value {
        let search = async {
            loop {
                let frame = self
                    .next()
                    .await
                    .unwrap_or_else(|| panic!("the connection ended before {what}"));
                if fits(&frame) {
                    return frame;
                }
            }
        };
        tokio::time::timeout(DEADLINE, search)
            .await
            .unwrap_or_else(|_| panic!("no {what} within {DEADLINE:?}"))
    }

    /// Sends a message; its answer carries the nonce.
    pub(crate) async fn say(&mut self, nonce: &str, text: &str) -> bool {
        let frame = json!({ "type": "say", "nonce": nonce, "text": text });
        self.socket
            .send(Message::text(frame.to_string()))
            .await
            .is_ok()
    }
}

/// A line that a persona wrote, as one has to be marked everywhere.
pub(crate) fn is_persona(frame: &Value) -> bool {
    let author = &frame["message"]["author"];
    author["kind"] == "persona"
        && author["badges"]
            .as_array()
            .is_some_and(|badges| badges.contains(&json!("ai")))
}
