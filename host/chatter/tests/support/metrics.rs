//! What operators read of the program.

use super::Server;
use http_body_util::{BodyExt as _, Empty};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

pub(crate) async fn get(server: &Server, path: &str) -> String {
    get_as(server, path, None).await
}

/// The same with a token.
pub(crate) async fn get_as(server: &Server, path: &str, token: Option<&str>) -> String {
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let (mut send, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut request = Request::get(path).header("host", server.address());
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let response = send.send_request(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    connection.abort();
    String::from_utf8(body.to_vec()).unwrap()
}

/// The sum of a metric over all that has these words in it.
pub(crate) fn metric(metrics: &str, words: &[&str]) -> f64 {
    metrics
        .lines()
        .filter(|line| words.iter().all(|word| line.contains(word)))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .fold(0.0, |sum, value| sum + value)
}
