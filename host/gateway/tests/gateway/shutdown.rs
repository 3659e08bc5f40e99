//! Ending.

use crate::host::{Host, LOBBY, soon};
use std::time::{Duration, Instant};
use tokio::{io::AsyncWriteExt, net::TcpStream};

#[tokio::test]
async fn viewers_are_told_and_it_ends_in_time() {
    let host = Host::start().await;
    let (mut first, _) = host.watch("?name=first").await;
    let (mut second, _) = host.watch("?name=second").await;
    // One that never finishes its request.
    let mut stuck = TcpStream::connect(host.addr).await.unwrap();
    stuck.write_all(b"GET /v1/ro").await.unwrap();

    let started = Instant::now();
    host.cancel.cancel();
    for client in [&mut first, &mut second] {
        assert_eq!(
            client.closed().await.map(|frame| u16::from(frame.code)),
            Some(1001)
        );
    }
    soon(host.served).await.unwrap();
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "{:?}",
        started.elapsed()
    );
    assert!(
        TcpStream::connect(host.addr).await.is_err(),
        "nothing is accepted any more"
    );
}

#[tokio::test]
async fn what_was_acknowledged_before_the_end_is_there_after_it() {
    let host = Host::start().await;
    let (mut client, _) = host.watch("?name=ana").await;
    for n in 0..50 {
        client.say(&n.to_string(), "hello").await;
    }
    host.cancel.cancel();
    let mut acked = 0;
    while let Some(Ok(message)) = soon(futures_util::StreamExt::next(&mut client.0)).await {
        if message
            .to_text()
            .is_ok_and(|text| text.contains(r#""type":"ack""#))
        {
            acked += 1;
        }
    }
    let host = host.restart().await;
    let kept = host.get(LOBBY).await.json()["offset"].as_u64().unwrap();
    assert!(kept >= acked, "{kept} of {acked}");
}
