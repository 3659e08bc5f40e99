//! `chatter say`: one message, over HTTP.

use super::{block_on, refusal};
use crate::{Failure, args::SayOptions};
use chatter_protocol::{
    MessageId,
    frames::{AuthorClaim, Said, SayRequest},
};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, StatusCode, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use std::{io::Write, time::Duration};
use tokio::{net::TcpStream, task::JoinSet};

/// The longest that a message may take to be acknowledged.
const DEADLINE: Duration = Duration::from_secs(15);

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 << 10;

pub(crate) fn run(options: SayOptions) -> Result<(), Failure> {
    let said = block_on(async {
        tokio::time::timeout(DEADLINE, post(&options))
            .await
            .unwrap_or_else(|_| {
                let seconds = DEADLINE.as_secs();
                Err(Failure::failed(format!(
                    "{} did not answer within {seconds} s",
                    options.server.url
                )))
            })
    })?;
    // Whoever closed the pipe did not want to know.
    let _ = writeln!(std::io::stdout().lock(), "{} {}", said.id, said.offset);
    Ok(())
}

async fn post(options: &SayOptions) -> Result<Said, Failure> {
    let url = &options.server.url;
    let broken = |error: &dyn std::fmt::Display| {
        Failure::failed(format!("the connection to {url} broke: {error}"))
    };
    let body = SayRequest {
        id: Some(MessageId::new()),
        author: Some(AuthorClaim::Name(options.name.clone())),
        text: options.text.clone(),
        reply_to: options.reply_to,
    };
    let body = serde_json::to_vec(&body).map_err(Failure::failed)?;
    let request = Request::post(url.messages(&options.room))
        .header(header::HOST, url.authority())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(Failure::failed)?;

    let stream = TcpStream::connect(url.address()).await.map_err(|error| {
        Failure::failed(format!("no server answers at {url} ({error}); start one with `chatter serve`, or name it with --url"))
    })?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| broken(&error))?;
    // Carries the bytes; it ends with this function, when the set is dropped.
    let mut carrier = JoinSet::new();
    carrier.spawn(connection);
    let answer = sender
        .send_request(request)
        .await
        .map_err(|error| broken(&error))?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), MAX_ANSWER)
        .collect()
        .await
        .map_err(|error| broken(&error))?
        .to_bytes();
    if !matches!(status, StatusCode::OK | StatusCode::CREATED) {
        return Err(Failure::Failed(refusal(status.as_u16(), &body)));
    }
    serde_json::from_slice(&body)
        .map_err(|_| Failure::failed(format!("{url} does not speak chatter's protocol")))
}
