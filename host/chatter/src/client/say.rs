//! `chatter say`: one message, over HTTP.

use super::{block_on, line, refusal};
use crate::{Failure, args::SayOptions};
use chatter_protocol::{
    MessageId,
    frames::{AuthorClaim, Said, SayRequest},
    moderators::{Noticed, Waiting},
};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use std::{io::Write, time::Duration};
use tokio::{net::TcpStream, task::JoinSet};

/// The longest that a message may take to be acknowledged.
const DEADLINE: Duration = Duration::from_secs(15);

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 << 10;

pub(crate) fn run(options: SayOptions) -> Result<(), Failure> {
    let told = block_on(async {
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
    let _ = writeln!(std::io::stdout().lock(), "{told}");
    Ok(())
}

async fn post(options: &SayOptions) -> Result<String, Failure> {
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
    if !status.is_success() {
        return Err(Failure::Failed(refusal(status.as_u16(), &body)));
    }
    told(&body).ok_or_else(|| Failure::failed(format!("{url} does not speak chatter's protocol")))
}

/// What became of it, as it is printed: where the message is, that it waits, or what the command did. None if that
/// is no answer of the protocol.
fn told(body: &[u8]) -> Option<String> {
    if let Ok(Said { id, offset }) = serde_json::from_slice(body) {
        return Some(format!("{id} {offset}"));
    }
    if let Ok(Waiting { id }) = serde_json::from_slice(body) {
        return Some(format!("{id} waits for a moderator"));
    }
    let Noticed { notice } = serde_json::from_slice(body).ok()?;
    let lines: Vec<String> = notice.lines().map(line::printable).collect();
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn what_became_of_it_is_told() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        for (body, line) in [
            (
                format!(r#"{{"id":"{id}","offset":7}}"#),
                Some(format!("{id} 7")),
            ),
            (
                format!(r#"{{"id":"{id}"}}"#),
                Some(format!("{id} waits for a moderator")),
            ),
            (
                r#"{"notice":"one\n\u001btwo"}"#.into(),
                Some("one\n\u{fffd}two".into()),
            ),
            (r#"{"offset":7}"#.into(), None),
            ("<html>".into(), None),
        ] {
            assert_eq!(told(body.as_bytes()), line, "{body}");
        }
    }
}
