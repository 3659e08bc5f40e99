//! Sends back what it is sent, on the gateway's own WebSocket with the gateway's own bounds: for
//! conformance suites such as Autobahn's fuzzing client.
//!
//!     cargo run --release --example echo -p chatter-gateway -- 127.0.0.1:9001

use bytes::Bytes;
use chatter_gateway::ws::{self, Close, Decoder, Frame, Message};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, UPGRADE},
    server::conn::http1,
    service::service_fn,
    upgrade::OnUpgrade,
};
use hyper_util::rt::TokioIo;
use std::{convert::Infallible, process::ExitCode, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// As a gateway's.
const GOODBYE: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address] = &words[..] else {
        eprintln!("usage: echo ADDRESS:PORT");
        return ExitCode::from(2);
    };
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("{address}: {error}");
            return ExitCode::FAILURE;
        }
    };
    if let Ok(address) = listener.local_addr() {
        println!("listening on ws://{address}");
    }
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream))),
            Err(error) => eprintln!("a connection could not be accepted: {error}"),
        }
    }
}

async fn connection(stream: TcpStream) {
    let served = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .with_upgrades();
    if let Err(error) = served.await {
        eprintln!("a connection ended early: {error}");
    }
}

async fn answer(mut request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let mut response = Response::new(String::new());
    match ws::accept(request.method(), request.version(), request.headers()) {
        Ok(accept) => {
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            let headers = response.headers_mut();
            headers.insert(
                CONNECTION,
                hyper::header::HeaderValue::from_static("upgrade"),
            );
            headers.insert(
                UPGRADE,
                hyper::header::HeaderValue::from_static("websocket"),
            );
            headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
            let upgrade = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                if let Err(error) = echo(upgrade).await {
                    eprintln!("a WebSocket broke: {error}");
                }
            });
        }
        Err(why) => {
            *response.status_mut() = StatusCode::BAD_REQUEST;
            *response.body_mut() = format!("not a WebSocket handshake: {why}\n");
        }
    }
    Ok(response)
}

async fn echo(upgrade: OnUpgrade) -> std::io::Result<()> {
    let (io, read): (TokioIo<TcpStream>, Bytes) = ws::taken(upgrade).await?;
    let mut tcp = io.into_inner();
    tcp.set_nodelay(true)?;
    let mut decoder = Decoder::new(ws::MAX_MESSAGE);
    let mut piece = read.to_vec();
    loop {
        let mut bytes = &mut piece[..];
        let mut answers = Vec::new();
        while !bytes.is_empty() {
            let (taken, message) = match decoder.decode(bytes) {
                Ok(decoded) => decoded,
                Err(violation) => {
                    let close = Frame::close(Some(&violation.into()));
                    answers.extend_from_slice(close.bytes());
                    ws::goodbye(&tcp, &answers, None, GOODBYE).await;
                    return Ok(());
                }
            };
            bytes = &mut bytes[taken..];
            let answer = match message {
                Some(Message::Text(text)) => Frame::text(&text),
                Some(Message::Binary(data)) => Frame::binary(&data),
                Some(Message::Ping(payload)) => Frame::pong(&payload),
                Some(Message::Pong) | None => continue,
                Some(Message::Close(close)) => {
                    let same = close.map(|close| Close::new(close.code, ""));
                    answers.extend_from_slice(Frame::close(same.as_ref()).bytes());
                    ws::goodbye(&tcp, &answers, None, GOODBYE).await;
                    return Ok(());
                }
            };
            answers.extend_from_slice(answer.bytes());
        }
        tcp.write_all(&answers).await?;
        piece.clear();
        piece.reserve(4 << 10);
        if tcp.read_buf(&mut piece).await? == 0 {
            return Ok(());
        }
    }
}
