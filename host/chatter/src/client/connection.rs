//! A room's WebSocket, from a viewer's side.

use super::{line::printable, refusal, url::ServerUrl};
use chatter_protocol::{RoomId, frames::ServerFrame};
use futures_util::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::{net::TcpStream, time::Instant};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error as SocketError, Message, error::ProtocolError},
};

/// The longest that connecting may take.
const CONNECT: Duration = Duration::from_secs(10);

/// After this much silence the server is asked whether it is still there.
const ASK: Duration = Duration::from_secs(20);

/// After this much silence it is not.
const GONE: Duration = Duration::from_secs(45);

/// Where one is in a room's log.
#[derive(Clone, Debug, Default)]
pub(super) struct Position {
    /// The latest offset seen, if any is known.
    pub(super) after: Option<u64>,
    /// Which log it counts in.
    pub(super) epoch: Option<String>,
}

/// Why nothing more comes.
#[derive(Debug)]
pub(super) enum Ended {
    /// The server does not want this; trying again is of no use.
    Refused(String),
    /// The server is not there, or not any more; it may come back.
    Lost(String),
}

/// A connection.
pub(super) struct Connection {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    heard: Instant,
}

impl Connection {
    pub(super) async fn open(
        url: &ServerUrl,
        room: &RoomId,
        position: &Position,
    ) -> Result<Self, Ended> {
        let address = url.socket(room, position.after, position.epoch.as_deref());
        let opened = tokio::time::timeout(CONNECT, connect_async(address)).await;
        match opened {
            Ok(Ok((socket, _))) => Ok(Self {
                socket,
                heard: Instant::now(),
            }),
            Ok(Err(SocketError::Http(answer))) => {
                let status = answer.status();
                let body = answer.body().as_deref().unwrap_or_default();
                let why = refusal(status.as_u16(), body);
                // What the client did wrong stays wrong; a server in trouble may recover.
                let hopeless = status.is_client_error() && status.as_u16() != 429;
                Err(if hopeless {
                    Ended::Refused(why)
                } else {
                    Ended::Lost(why)
                })
            }
            Ok(Err(error)) => Err(Ended::Lost(format!("no server answers at {url} ({error})"))),
            Err(_) => Err(Ended::Lost(format!(
                "{url} did not answer within {} s",
                CONNECT.as_secs()
            ))),
        }
    }

    /// The next frame that this version understands.
    pub(super) async fn next(&mut self) -> Result<ServerFrame, Ended> {
        loop {
            match tokio::time::timeout(ASK, self.socket.next()).await {
                Ok(Some(Ok(message))) => {
                    self.heard = Instant::now();
                    match message {
                        // Frames of other kinds belong to later versions.
                        Message::Text(text) => {
                            if let Ok(frame) = serde_json::from_str(&text) {
                                return Ok(frame);
                            }
                        }
                        Message::Close(reason) => {
                            let why = reason
                                .map(|reason| printable(&reason.reason))
                                .filter(|why| !why.is_empty());
                            return Err(Ended::Lost(
                                why.unwrap_or_else(|| "the server ended the connection".into()),
                            ));
                        }
                        _ => {}
                    }
                }
                Ok(Some(Err(SocketError::Protocol(
                    ProtocolError::ResetWithoutClosingHandshake,
                ))))
                | Ok(None) => {
                    return Err(Ended::Lost("the server went away".into()));
                }
                Ok(Some(Err(error))) => {
                    return Err(Ended::Lost(format!("the connection broke: {error}")));
                }
                Err(_) if self.heard.elapsed() >= GONE => {
                    return Err(Ended::Lost("the server fell silent".into()));
                }
                Err(_) => {
                    let asked = self.socket.send(Message::Ping(Vec::new().into()));
                    if !matches!(tokio::time::timeout(CONNECT, asked).await, Ok(Ok(()))) {
                        return Err(Ended::Lost("the connection broke".into()));
                    }
                }
            }
        }
    }
}
