//! Talking to a running server from a terminal.

mod connection;
pub(crate) mod line;
pub(crate) mod say;
pub(crate) mod tail;
pub(crate) mod url;

use crate::Failure;
use chatter_protocol::frames::ProblemDocument;

/// A small executor for one client.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("can't start: {error}")))?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

/// A refusal in one sentence. A server that speaks the protocol sends a problem document (RFC 9457);
/// of what any other sends only the status is of use.
fn refusal(status: u16, body: &[u8]) -> String {
    match serde_json::from_slice::<ProblemDocument>(body) {
        Ok(problem) => {
            let mut sentence = line::printable(&problem.detail);
            for error in &problem.errors {
                if !problem.detail.contains(&error.detail) {
                    sentence.push_str(&line::printable(&format!(
                        "; {}: {}",
                        error.pointer, error.detail
                    )));
                }
            }
            sentence
        }
        Err(_) => format!("the server answered with status {status}: is it chatter?"),
    }
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn a_refusal_is_one_sentence() {
        let problem = br#"{"type":"about:blank","title":"Unprocessable","status":422,"code":"invalid",
            "detail":"the message is wrong","errors":[{"pointer":"/text","detail":"longer than 500 characters"}]}"#;
        assert_eq!(
            refusal(422, problem),
            "the message is wrong; /text: longer than 500 characters"
        );
        assert_eq!(
            refusal(502, b"<html>"),
            "the server answered with status 502: is it chatter?"
        );
    }
}
