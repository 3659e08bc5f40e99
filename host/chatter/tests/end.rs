//! How a server ends.

mod support;

use rustix::process::Signal;
use std::{
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};
use support::{
    Home,
    viewer::{Viewer, is_persona},
};

#[tokio::test]
async fn ctrl_c_and_sigterm_end_it_well_and_soon() {
    let home = Home::lively();
    for signal in [Signal::INT, Signal::TERM] {
        let mut server = home.serve(&[]);
        let mut ana = Viewer::enter(&server, "name=Ana").await;
        ana.until("line of a persona", is_persona).await;
        let asked = Instant::now();
        server.process.signal(signal);
        let status = server.process.wait();
        let took = asked.elapsed();
        assert_eq!(
            status.code(),
            Some(0),
            "{signal:?}: {}",
            server.process.stderr()
        );
        assert!(took < Duration::from_secs(5), "{signal:?} took {took:?}");
        while ana.next().await.is_some() {}
    }
}

/// A request that never ends: its body does not come.
fn hang(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let head = format!(
        "POST /v1/rooms/main/lobby/messages HTTP/1.1\r\nhost: {address}\r\n\
         content-type: application/json\r\ncontent-length: 10\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("a request");
    stream
}

#[tokio::test]
async fn a_client_that_hangs_delays_the_end_by_less_than_5_s() {
    let home = Home::lively();
    let mut server = home.serve(&[]);
    let _hanging = hang(server.address());
    // By the answer to a later request, the server has taken the first one.
    Viewer::enter(&server, "name=Ana").await;
    let asked = Instant::now();
    server.process.signal(Signal::INT);
    assert_eq!(server.process.wait().code(), Some(0));
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn a_second_ctrl_c_ends_it_at_once() {
    let home = Home::lively();
    let mut server = home.serve(&[]);
    let _hanging = hang(server.address());
    Viewer::enter(&server, "name=Ana").await;
    server.process.signal(Signal::INT);
    server.process.stderr_with("ending");
    let asked = Instant::now();
    server.process.signal(Signal::INT);
    assert_eq!(server.process.wait().code(), Some(1));
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(server.process.stderr().contains("ended at once"));
}
